"""The interpreter: one component of the dependency graph after the other, a loop over time for each cycle.

Lengths are no value of the IR. A sequence past its end is dead: carries hold, outputs are zero, sums skip it, and what its steps hold,
NaN included, reaches nothing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncc.emit.numpy.elementwise import Array
from rnncc.emit.numpy.operations import Place, compute
from rnncc.emit.numpy.sizes import Sizes
from rnncc.errors import ShapeError
from rnncc.ir import LIVE, Axes, Carry, Program, components


def run(
    program: Program,
    env: Mapping[str, ArrayLike],
    lengths: ArrayLike | None = None,
    sizes: Mapping[str, int] | None = None,
    reverse: bool = False,
) -> dict[str, NDArray[np.float64]]:
    """The outputs of `program` by key.

    Parameters
    ----------
    program
        Any verified program.
    env
        Inputs by name, each shaped as its type; computed with in float64. Names that are no input are ignored; `size` inputs are
        filled in from the sizes.
    lengths
        (N,) integers in 0..T, in any order; None where every sequence has T steps.
    sizes
        Lengths of axes, also `"T"` and `"N"`, that no array shows.
    reverse
        Every carry runs the other way: the layer reads each sequence from its own end to its start.

    Returns
    -------
    dict
        Output key -> float64 array of the value's type; zero at dead steps.

    Raises
    ------
    ShapeError
        An input is missing, arrays disagree about a size, or lengths do not fit.
    """
    with np.errstate(all="ignore"):
        return _Run(program, env, lengths, sizes or {}, reverse).outputs()


class _Run:
    def __init__(
        self, program: Program, env: Mapping[str, ArrayLike], lengths: ArrayLike | None, sizes: Mapping[str, int], reverse: bool
    ) -> None:
        self.program, self.reverse = program, reverse
        self.sizes = Sizes(program, env, sizes)
        self.steps = self._axis("T")
        self.live = np.arange(self.steps)[:, None] < self._lengths(lengths)
        self.whole = Place(program.types, self.sizes, self.live)
        self.env: dict[str, Any] = self._inputs(env)

    def _count(self, name: str) -> float:
        """The value of a `size` input."""
        return float(max(self.live.sum(), 1) if name == LIVE else self.sizes.length(name.removeprefix("n_")))

    def _axis(self, axis: str) -> int:
        """The length of T or N; 1 in a program without that axis."""
        used = any(axis in t for t in self.program.types.values())
        return self.sizes.length(axis) if used else 1

    def _lengths(self, lengths: ArrayLike | None) -> NDArray[np.int64]:
        batch = self._axis("N")
        if lengths is None:
            return np.full(batch, self.steps, np.int64)
        found = np.asarray(lengths)
        if found.shape != (batch,) or np.any(found < 0) or np.any(found > self.steps):
            raise ShapeError(f"lengths are {found.tolist()}, expected {batch} integers from 0 to {self.steps}")
        return found.astype(np.int64)

    def _inputs(self, env: Mapping[str, ArrayLike]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for i in self.program.inputs:
            if i.role == "size":
                found[i.name] = self._count(i.name)
            elif i.name in env:
                found[i.name] = np.asarray(env[i.name], np.int64 if i.role == "index" else np.float64)
            else:
                raise ShapeError(f"the {i.role} {i.name} of type ({', '.join(i.type)}) is missing")
        return found

    def outputs(self) -> dict[str, Array]:
        for members, cyclic in components(self.program):
            if cyclic:
                self._loop(members)
            else:
                self._once(*members)
        types = self.program.types
        return {key: np.array(self.whole.masked(self.env[v], types[v]), np.float64) for key, v in self.program.outputs}

    def _once(self, name: str) -> None:
        """A value outside every loop. A carry there is a shift; its `final` comes with its `prev`."""
        if name in self.program.by_prev:
            self._shift(self.program.by_prev[name])
        elif name in self.program.node:
            self.env[name] = compute(self.program.node[name], self.env, self.whole)

    def _times(self, carry: Carry) -> range:
        return range(self.steps - 1, -1, -1) if carry.reverse != self.reverse else range(self.steps)

    def _held(self, axes: Axes, t: int, new: Any, old: Any) -> Any:
        """`new` where the sequence lives at `t`, else `old`; a value without N always lives."""
        if "N" not in axes:
            return new
        return np.where(self.live[t].reshape((-1,) + (1,) * (len(axes) - 2)), new, old)

    def _shift(self, carry: Carry) -> None:
        source, current = self.env[carry.next], self.env[carry.init]
        shifted = np.empty(self.sizes.shape(carry.type))
        for t in self._times(carry):
            shifted[t] = current
            current = self._held(carry.type, t, source[t], current)
        self.env[carry.prev], self.env[carry.final] = shifted, current

    def _loop(self, members: frozenset[str]) -> None:
        types = self.program.types
        carries = [c for c in self.program.carries if c.prev in members]
        nodes = [n for n in self.program.nodes if n.name in members]
        outer = {o for n in nodes for o in n.operands} - members
        streams = {v for v in outer if "T" in types[v]}
        env = {v: self.env[v] for v in outer - streams}
        kept = {v: np.empty(self.sizes.shape(types[v])) for v in members}
        current = {c.prev: self.env[c.init] for c in carries}
        for t in self._times(carries[0]):
            env |= {v: self.env[v][t] for v in streams} | current
            place = Place(types, self.sizes, self.live[t])
            for n in nodes:
                env[n.name] = compute(n, env, place)
            for v, values in kept.items():
                values[t] = env[v]
            current = {c.prev: self._held(c.type, t, env[c.next], current[c.prev]) for c in carries}
        self.env |= kept
        self.env |= {c.final: current[c.prev] for c in carries}
