"""The rules of the IR, executable: run after every pass."""

from collections.abc import Iterable

from rnncc.errors import InternalError
from rnncc.ir.graph import components
from rnncc.ir.node import (
    COLUMNS,
    Axes,
    BlockDiagonal,
    Concat,
    Contract,
    DiagonalBlocks,
    Gather,
    Iota,
    Node,
    Pointwise,
    Reduce,
    Relabel,
    ScatterAdd,
    Slice,
    Transpose,
    block_axes,
    size_names,
    units,
)
from rnncc.ir.program import Program


def verify(program: Program) -> Program:
    """`program` itself, or an `InternalError` naming the value that breaks a rule.

    Rules: single assignment, definition before use, types that fit, carries whose four values agree, one direction a cycle, no
    operation in a cycle that drops T.
    """
    _Verifier(program).run()
    return program


class _Verifier:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.types = program.types
        self.defined: set[str] = set()

    def require(self, fine: bool, what: str) -> None:
        if not fine:
            raise InternalError(f"program {self.program.name}: {what}")

    def run(self) -> None:
        for i in self.program.inputs:
            self.define(i.name)
        for c in self.program.carries:
            self.define(c.prev)
            self.define(c.final)
        for n in self.program.nodes:
            self.node(n)
        self.carries()
        for key, value in self.program.outputs:
            self.require(value in self.defined, f"output {key} names {value}, which nothing defines")
        self.cycles()

    def define(self, name: str) -> None:
        self.require(name not in self.defined, f"{name} is defined twice")
        self.defined.add(name)

    def node(self, n: Node) -> None:
        for o in n.operands:
            self.require(o in self.defined, f"{n.name} uses {o} before its definition")
        self.define(n.name)
        order = sorted(n.type, key=lambda a: {"T": 0, "N": 1}.get(a, 2))
        self.require(list(n.type) == order, f"{n.name}: T and N come first in {n.type}")
        self.typed(n)

    def typed(self, n: Node) -> None:
        match n:
            case Pointwise():
                self.pointwise(n)
            case Contract():
                self.contract(n)
            case Reduce():
                self.require(_is_part(n.type, self.types[n.a]), f"{n.name}: {n.type} is no part of {self.types[n.a]}")
            case Concat():
                joined = "+".join(self.types[p][-1] for p in n.parts)
                self.require(n.type[-1] == joined, f"{n.name}: {n.type[-1]} is not {joined}")
                self.require(all(self.types[p][:-1] == n.type[:-1] for p in n.parts), f"{n.name}: parts differ before the last axis")
            case Slice():
                whole = self.types[n.a]
                expected = (*whole[:-1], size_names(whole[-1])[n.part])
                self.require(n.type == expected, f"{n.name}: {n.type} is not {expected}")
            case Transpose() | Iota() | Relabel():
                self.relabel(n) if isinstance(n, Relabel) else self.without_time(n)
            case Gather() | ScatterAdd() | BlockDiagonal() | DiagonalBlocks():
                self.gather(n) if isinstance(n, Gather | ScatterAdd) else self.blocks(n)

    def without_time(self, n: Transpose | Iota) -> None:
        if isinstance(n, Iota):
            self.require(0 <= n.axis < len(n.type), f"{n.name}: no units to count along axis {n.axis} of {n.type}")
        else:
            expected = self.types[n.a][::-1]
            self.require(n.type == expected and len(expected) == 2, f"{n.name}: {n.type} is no matrix {expected}")
        self.require(units(n.type) == n.type, f"{n.name}: {n.type} is no type without time")

    def pointwise(self, n: Pointwise) -> None:
        for o in n.operands:
            found = self.types[o]
            fits = set(found) - set(units(found)) <= set(n.type) and units(found) == tuple(a for a in units(n.type) if a in found)
            self.require(fits, f"{n.name}: operand {o} of type {found} does not broadcast to {n.type}")

    def relabel(self, n: Relabel) -> None:
        found = self.types[n.a]
        fits = len(units(found)) == 1 == len(units(n.type)) and found[:-1] == n.type[:-1]
        self.require(fits and size_names(found[-1]) == size_names(n.type[-1]), f"{n.name}: {n.type} is no relabelling of {found}")

    def blocks(self, n: BlockDiagonal | DiagonalBlocks) -> None:
        matrix, blocks = (n.type, self.types[n.a]) if isinstance(n, BlockDiagonal) else (self.types[n.a], n.type)
        fits = len(matrix) == 2 and blocks[0].isdigit() and blocks == block_axes(int(blocks[0]), matrix)
        self.require(fits and units(matrix) == matrix, f"{n.name}: {blocks} are no blocks along the diagonal of {matrix}")

    def gather(self, n: Gather | ScatterAdd) -> None:
        matrix, stream = (self.types[n.a], n.type) if isinstance(n, Gather) else (n.type, self.types[n.a])
        self.require(self.types[n.index] == ("T", "N"), f"{n.name}: the index {n.index} is not one number a row and step")
        fits = stream == ("T", "N", *matrix[:1]) and len(matrix) == 2
        self.require(fits, f"{n.name}: {stream} is no column of {matrix} a row and step")

    def contract(self, n: Contract) -> None:
        left, out = n.index.split("->")
        a, b = left.split(",")
        bound: dict[str, str] = {}
        for letters, axes in ((a, self.types[n.a]), (b, self.types[n.b]), (out, n.type)):
            self.require(len(letters) == len(axes), f"{n.name}: {n.index} against {axes}")
            self.bind(n, letters, axes, bound)
        once = (set(a) ^ set(b)) - set(out) | set(out) - set(a) - set(b)
        self.require(not once, f"{n.name}: {n.index} leaves {sorted(once)} alone")

    def bind(self, n: Contract, letters: str, axes: Axes, bound: dict[str, str]) -> None:
        for letter, axis in zip(letters, axes, strict=True):
            size = axis.removesuffix(COLUMNS)
            self.require(bound.setdefault(letter, size) == size, f"{n.name}: {letter} is both {bound[letter]} and {size}")
            self.require((letter in "TN") == (axis in ("T", "N")), f"{n.name}: T and N stand for themselves in {n.index}")

    def carries(self) -> None:
        for c in self.program.carries:
            for value, expected in ((c.next, c.type), (c.init, c.type[1:])):
                self.require(value in self.defined, f"carry {c.prev} names {value}, which nothing defines")
                found = self.types[value]
                self.require(found == expected, f"carry {c.prev}: {value} has type {found}, expected {expected}")

    def cycles(self) -> None:
        for members, cyclic in components(self.program):
            if cyclic:
                self.cycle(members)

    def cycle(self, members: Iterable[str]) -> None:
        directions = {self.program.by_prev[v].reverse for v in members if v in self.program.by_prev}
        self.require(len(directions) == 1, f"a cycle runs both ways in time: {sorted(members)}")
        for v in members:
            self.require("T" in self.types[v], f"{v} drops T inside a cycle")


def _is_part(small: Axes, large: Axes) -> bool:
    return set(small) < set(large) and tuple(a for a in large if a in small) == small
