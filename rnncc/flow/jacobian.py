"""One step of a cell, and its symbolic Jacobian by each state."""

from dataclasses import dataclass, replace
from functools import cached_property

from rnncc.compiler import Compilation, normalised
from rnncc.emit.equations import equations, text
from rnncc.emit.jacobian import jacobian_text
from rnncc.ir import Input, Program
from rnncc.passes import dce, tangent

_PREFIX = "∂"
"""Begins no name that Python allows."""


@dataclass(frozen=True)
class Step:
    """A cell's step as a function of its states."""

    made: Compilation

    @cached_property
    def program(self) -> Program:
        """The cell without its carries: states come in, their next values go out."""
        cell = self.made.inference
        states = tuple(Input(c.prev, c.type, "input") for c in cell.carries)
        outputs = tuple((c.next, c.next) for c in cell.carries)
        return normalised(replace(cell, inputs=cell.inputs + states, carries=(), outputs=outputs))

    @property
    def next(self) -> dict[str, str]:
        """State -> what its next value is called."""
        return {c.prev: c.next for c in self.made.inference.carries}

    @property
    def equations(self) -> str:
        """The step as text, one value a line."""
        return text(self.program, self.made.spec.named)

    @cached_property
    def jacobians(self) -> dict[str, str]:
        """State -> the Jacobians by it of the values of `equations`, and of every next state, as text."""
        return {s.name: self._by(s.name) for s in self.made.info.differentiable}

    def _by(self, state: str) -> str:
        keys = [_PREFIX + key for key, _ in self.program.outputs]
        found = normalised(dce(tangent(self.program, [state], _PREFIX), keys))
        named = [line.left for line in equations(self.program, self.made.spec.named).lines]
        return jacobian_text(found, self.program, named, state, _PREFIX)
