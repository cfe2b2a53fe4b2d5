"""The arrays that a driver's kernels work on: where each comes from, and how it is seen over time."""

from collections.abc import Callable

from rnncc.emit.cpu.host import extents, from_env, read
from rnncc.emit.cpu.layout import STRETCH, Layout
from rnncc.emit.cpu.names import STRETCHES
from rnncc.ir import Carry, Input, Pointwise, Reduce, units

AGAINST = {True: "not sweep.reverse", False: "sweep.reverse"}
"""Whether a carry runs against time, from whether it does in the spec and the layer's direction."""


class Arrays:
    """Writes the line that makes an array where it is first used.

    Parameters
    ----------
    layout
        Where values lie.
    text
        Takes the lines.
    """

    def __init__(self, layout: Layout, text: Callable[[str], None]) -> None:
        self.layout, self.text = layout, text
        self.program = layout.program
        self.local: set[str] = set()
        """Arrays that exist at this point of the driver."""
        self.made: set[str] = set()
        """Those of them that were made for it alone."""

    def whole(self, value: str) -> str:
        """The array (T, N, …) of a value that varies in time."""
        return self.over_time(value, self.layout.slot[value].own)

    def over_time(self, value: str, seen: str) -> str:
        """Of the array that holds `value`, `seen` as (T, N, …) is where that value is."""
        place = self.layout.slot[value]
        self.ensure(place.array, value)
        if place.index == "time":
            return seen
        kept = self._kept(place.array)
        same = kept is None or kept.reverse == self.layout.plan.reverse
        preceding = (place.index == "before") == same
        return f"{'preceding' if preceding else 'following'}({seen}, {self.against(place.array)})"

    def against(self, array: str) -> str:
        """Whether the loop that filled the trajectory `array` ran against time."""
        kept = self._kept(array)
        return AGAINST[self.layout.plan.reverse if kept is None else kept.reverse]

    def ensure(self, array: str, value: str) -> str:
        """`array`, which holds `value`, made before it is used."""
        if array not in self.local:
            self._ensure_stretches(value)
            self.add(array, self._made(array, value))
        return array

    def _ensure_stretches(self, value: str) -> None:
        """What tells where a loop adds `value` up, if it does."""
        if self.layout.slot[value].index == STRETCH and STRETCHES not in self.local:
            self.add(STRETCHES, "stretch_of(sweep)")

    def add(self, array: str, source: str) -> None:
        """The line that makes `array`."""
        self.local.add(array)
        self.text(f"{array} = {source}")
        if source.startswith(("new_stream", "trajectory", "gathered")):
            self.made.add(array)

    def flat(self, parameter: str, value: str) -> str:
        """The array of a kernel over whole sequences, as its rows are counted."""
        if parameter.endswith("_row"):
            return f"new_rows(sweep.flat(), dtype{extents(self.program, value)})"
        return f"sweep.flattened({self.whole(value)})"

    def _kept(self, array: str) -> Carry | None:
        return next((c for prev, c in self.layout.kept.items() if f"{prev}_seq" == array), None)

    def _made(self, array: str, value: str) -> str:
        if self.layout.slot[value].index == STRETCH:
            return f"zero_sums(sweep, dtype{extents(self.program, value)})"
        kept = self._kept(array)
        if kept is not None:
            return from_env(kept.prev)
        for c in self.layout.plan.carries:
            if array == f"{c.prev}_seq" and c.prev in self.layout.trajectories:
                return f"trajectory(sweep, {read(self.program, c.init)}, {self.against(array)})"
            if array == f"{c.prev}_row":
                return f"rows_from(sweep, {read(self.program, c.init)})"
        given = self.program.input.get(value)
        if given is not None:
            return f"stream_from(sweep, {from_env(value)})" if self._read_in_vectors(given) else from_env(value)
        return f"{'new_rows' if array.endswith('_row') else 'new_stream'}(sweep, dtype{extents(self.program, value)})"

    def _read_in_vectors(self, given: Input) -> bool:
        """Products read unit by unit, and residuals end in whole vectors already."""
        if given.role == "residual" or not units(given.type):
            return False
        return any(given.name in n.operands for n in self.program.nodes if isinstance(n, Pointwise | Reduce))
