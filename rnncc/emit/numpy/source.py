"""A program of one direction as a NumPy function to read and to run: float64, every sequence of full length."""

from collections.abc import Iterator
from dataclasses import dataclass

from rnncc.emit.array_code import ArrayCode, Library, Text
from rnncc.functions import VOCABULARY, Elementwise
from rnncc.ir import (
    COLUMNS,
    LIVE,
    Axes,
    BlockDiagonal,
    Carry,
    DiagonalBlocks,
    Node,
    Pointwise,
    Program,
    ScatterAdd,
    components,
    length_text,
    size_names,
)

_NUMPY = Library(
    "numpy",
    {name: name for name in VOCABULARY} | {"sum": "numpy.sum", "max": "numpy.max"},
    scatter="scatter_add",
    block_diagonal="block_diagonal({blocks})",
    diagonal_blocks="diagonal_blocks({whole}, {number})",
    iota="numpy.arange({length}, dtype=float)",
)

_HEAD = '''"""{name}: what the kernel `{function}` computes, in NumPy."""

import numpy

from rnncc.emit.numpy.elementwise import ELEMENTWISE
{imports}
{functions}

def {function}({arguments}):
'''


def numpy_source(program: Program, function: str) -> str:
    """A module that defines `function`: the inputs of `program` as keywords in, a dict of its outputs out."""
    return _Source(program).module(function)


@dataclass(frozen=True)
class _Source:
    program: Program

    def module(self, function: str) -> str:
        given = [i.name for i in self.program.inputs if i.role != "size"]
        used = sorted({type(e).__name__ for n in self.program.nodes if isinstance(n, Pointwise) for e in n.expr.atoms(Elementwise)})
        functions = "".join(f'{name} = ELEMENTWISE["{name}"]\n' for name in used)
        scatters = any(isinstance(n, ScatterAdd) for n in self.program.nodes)
        imports = "from rnncc.emit.numpy.scatter import scatter_add\n" if scatters else ""
        if any(isinstance(n, BlockDiagonal | DiagonalBlocks) for n in self.program.nodes):
            imports += "from rnncc.runtime.blocks import block_diagonal, diagonal_blocks\n"
        head = _HEAD.format(
            name=self.program.name, imports=imports, function=function, functions=functions, arguments="*, " + ", ".join(given)
        )
        outputs = ", ".join(f'"{key}": {value}' for key, value in self.program.outputs)
        return head + "".join(f"    {line}\n" for line in [*self._sizes(), *self._body(), f"return {{{outputs}}}"])

    def _sizes(self) -> Iterator[str]:
        """T, N and every size, read off the first input that shows it."""
        found: set[str] = set()
        for i in self.program.inputs:
            for k, axis in enumerate(a.removesuffix(COLUMNS) for a in i.type):
                if axis not in found and size_names(axis) == [axis]:
                    found.add(axis)
                    yield f"{_size(axis)} = {i.name}.shape[{k}]"
        if LIVE in self.program.input:
            yield f"{LIVE} = max(steps * batch, 1)"

    def _body(self) -> Iterator[str]:
        for members, cyclic in components(self.program):
            if cyclic:
                yield from self._loop(members)
            else:
                yield from self._once(*members)

    def _once(self, name: str) -> Iterator[str]:
        if name in self.program.node:
            node = self.program.node[name]
            yield f"{name} = {self._right(node, '')}"
        elif name in self.program.by_prev:
            yield from self._shift(self.program.by_prev[name])

    def _shift(self, c: Carry) -> Iterator[str]:
        if c.reverse:
            yield f"{c.prev} = numpy.concatenate([{c.next}[1:], {c.init}[None]])[:steps]"
        else:
            yield f"{c.prev} = numpy.concatenate([{c.init}[None], {c.next}[:-1]])[:steps]"
        yield f"{c.final} = {self._final(c)}"

    def _loop(self, members: frozenset[str]) -> Iterator[str]:
        carries = [c for c in self.program.carries if c.prev in members]
        nodes = [n for n in self.program.nodes if n.name in members]
        types = self.program.types
        for name in [*(c.prev for c in carries), *(n.name for n in nodes)]:
            yield f"{name} = numpy.empty({_shape(types[name])})"
        yield f"for time in {'range(steps - 1, -1, -1)' if carries[0].reverse else 'range(steps)'}:"
        for c in carries:
            yield f"    {c.prev}[time] = {_before(c)}"
        for n in nodes:
            yield f"    {n.name}[time] = {self._right(n, '[time]')}"
        for c in carries:
            yield f"{c.final} = {self._final(c)}"

    def _final(self, c: Carry) -> str:
        return f"{c.next}[{'0' if c.reverse else '-1'}] if steps else {c.init}"

    def _right(self, node: Node, at: str) -> str:
        """The right-hand side; `at` is "[time]" inside the loop."""

        def shape(axes: Axes) -> str:
            return _shape(tuple(a for a in axes if not at or a != "T"))

        def read(name: str) -> Text:
            return Text(name + at if "T" in self.program.types[name] else name)

        return ArrayCode(_NUMPY, self.program.types, read, _size, shape, lambda _axis: "").right(node).text


def _size(axis: str) -> str:
    return {"T": "steps", "N": "batch"}.get(axis, f"n_{axis}")


def _shape(axes: Axes) -> str:
    return f"({', '.join(length_text(a, _size) for a in axes)},)"


def _before(c: Carry) -> str:
    first, neighbour = ("steps - 1", "time + 1") if c.reverse else ("0", "time - 1")
    return f"{c.next}[{neighbour}] if time != {first} else {c.init}"
