"""Run back: cotangents read states that are computed anew from the last ones, step by step, instead of what a loop left behind."""

from dataclasses import replace

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import Carry, Node, Pointwise, Program
from rnncc.passes.activity import dependents
from rnncc.passes.builder import Builder
from rnncc.passes.rename import rename
from rnncc.structure import inverse, loops


def run_back(program: Program) -> Program:
    """`program`, a joint graph, with a second loop that runs each invertible loop of its primal back.

    That loop begins with the final states of the first and computes the previous states from the next ones (`structure.inverse`).
    Whatever varies in time and the cotangents read of the primal is computed again, from those states and from the inputs.

    Assumes: a verified program; what depends on its seeds is later than all else.
    Guarantees: results change by the rounding of the inverse alone. Of such a loop `split` finds no residual but the final states;
    other loops, and shifts, are left as they are. What comes out is a program like any other, to be differentiated again or not.
    Does not do: bound how far states drift that are run back through many steps; drop what nothing reads any more (`dce`).
    """
    late = dependents(program, [i.name for i in program.inputs if i.role == "seed"])
    found = [inverse(program, loop) for loop in loops(program) if late.isdisjoint(c.prev for c in loop.carries)]
    solved = {prev: expr for one in found if one.holds for prev, expr in one.solved}
    return _Back(program, solved, late).run() if solved else program


class _Back:
    def __init__(self, program: Program, solved: dict[str, sp.Expr], late: set[str]) -> None:
        self.program, self.solved, self.late = program, solved, late
        self.builder = Builder(program)
        self.carries = [c for c in program.carries if c.prev in solved]
        self.made = {c.next: self.builder.reserve(f"{c.next}_again", c.type) for c in self.carries}
        """Value of the primal -> what it is on the way back: of a next value the state after the step."""
        self.before: dict[str, str] = {}
        """Previous state -> the node that computes it."""

    def run(self) -> Program:
        p = self.program
        back = [self._carry(c) for c in self.carries]
        carries = [replace(c, next=self.again(c.next)) if c.prev in self.late else c for c in p.carries]
        primal = [n for n in p.nodes if n.name not in self.late]
        late = [self._reading(n) for n in p.nodes if n.name in self.late]
        return replace(p, carries=(*carries, *back), nodes=(*primal, *self.builder.nodes, *late))

    def _carry(self, carry: Carry) -> Carry:
        """From the final state to the first, which is known and has no reader."""
        first = self.builder.reserve(f"{carry.init}_again", carry.type[1:])
        return Carry(self.made[carry.next], carry.final, self._previous(carry.prev), first, carry.type, not carry.reverse)

    def _previous(self, prev: str) -> str:
        if prev not in self.before:
            expr = self.solved[prev]
            expr = expr.xreplace({s: symbol(self.again(s.name)) for s in expr.free_symbols})
            axes = self.program.types[prev]
            self.before[prev] = self.builder.add(Pointwise(self.builder.reserve(f"{prev}_again", axes), axes, expr))
        return self.before[prev]

    def again(self, value: str) -> str:
        """What `value` is on the way back: `value` itself where it does not vary in time, is given, or is not computed again."""
        if value not in self.made:
            self.made[value] = self._again(value)
        return self.made[value]

    def _again(self, value: str) -> str:
        if value in self.solved:
            return self._previous(value)
        node = self.program.node.get(value)
        if node is None or value in self.late or "T" not in node.type or not node.operands:
            return value
        copy = self._reading(node)
        return self.builder.add(replace(copy, name=self.builder.reserve(f"{value}_again", node.type)))

    def _reading(self, node: Node) -> Node:
        return rename(node, {o: self.again(o) for o in node.operands})
