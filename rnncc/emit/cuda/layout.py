"""Where values lie on a device: as on the CPU, but nothing of a whole sequence is overwritten step by step, and what one product reads
or makes lies side by side in one array (T, N, parts, units), or (T + 1, N, parts, units) where a carry is among it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from rnncc.emit.cpu.layout import Layout, Slot, defined
from rnncc.emit.cuda.beside import bundles, met_together, panels
from rnncc.ir import Axes, Carry, units
from rnncc.schedule import Phase, Schedule


class DeviceLayout(Layout):
    """Slots of one schedule: kernels over whole sequences take all steps at once, so that rows of one step would be shared by all.

    Products of whole sequences are streams: a library makes them.
    """

    adds_up: ClassVar[bool] = False

    def __init__(
        self, plan: Schedule, kept: Mapping[str, Carry], streams: Iterable[str] = (), narrow: frozenset[str] = frozenset()
    ) -> None:
        self._leaving = {*streams, *(value for _, value in plan.program.outputs)}
        self.beside: dict[str, tuple[Carry | None, ...]] = {}
        """Arrays of several values that kernels make: for each part the carry whose trajectory it is, None for a stream."""
        super().__init__(plan, kept, streams, narrow)
        self._lay_side_by_side()

    def multiplied(self, value: str) -> bool:
        """Whether products of a step read `value`."""
        return any(value in panel.operands for panel in panels(self.plan.step))

    def _place_produced(self, phases: tuple[Phase, ...]) -> None:
        super()._place_produced(phases)
        if phases is self.plan.step:
            return
        products = {a.value for panel in panels(phases) for a in panel.accumulators}
        for value in (v for phase in phases for v in defined(phase)):
            if value in products or (value in self.slot and not self.slot[value].index):
                self.slot[value] = Slot(f"{value}_seq", "time")
        for panel in panels(phases):
            made = [a.value for a in panel.accumulators if a.value not in self._leaving and not self.multiplied(a.value)]
            if len(made) > 1:
                self.slot.update(
                    {value: Slot(_joint(f"{made[0]}_seq", f"{made[-1]}_seq"), "time", str(k)) for k, value in enumerate(made)}
                )

    def _lay_side_by_side(self) -> None:
        """Arrays of values that kernels make, and that some product reads together."""
        values: dict[str, list[str]] = {}
        for value, place in self.slot.items():
            values.setdefault(place.array, []).append(value)
        apart = self._made_elsewhere() | self._leaving
        free = {array: own for array, own in values.items() if apart.isdisjoint(own) and self._is_of_vectors(own)}
        for names in bundles(alike for operands in met_together(self.plan) for alike in self._by_type(operands, free)):
            carries = tuple(next((c for c in self.plan.carries if names[k] == f"{c.prev}_seq"), None) for k in range(len(names)))
            joint = _joint(names[0], names[-1])
            self.beside[joint] = carries
            for k, value in ((k, value) for k, name in enumerate(names) for value in free[name]):
                index = "after" if any(carries) and not carries[k] else self.slot[value].index
                self.slot[value] = replace(self.slot[value], array=joint, index=index, part=str(k))

    def _by_type(self, operands: Iterable[str], free: Mapping[str, list[str]]) -> Iterable[list[str]]:
        """The arrays of those `operands` that are `free`, for each type."""
        found: dict[Axes, list[str]] = {}
        for operand in operands:
            if operand in self.slot and self.slot[operand].array in free:
                found.setdefault(self.program.types[operand], []).append(self.slot[operand].array)
        return found.values()

    def _made_elsewhere(self) -> set[str]:
        """Values that no kernel of this sweep writes."""
        whole = [phase for stage in self.plan.whole for phase in stage.phases]
        made = {v for phase in (*self.plan.step, *whole) for v in defined(phase)}
        by_library = {a.value for panel in panels(whole) for a in panel.accumulators}
        return set(self.slot) - made - {c.prev for c in self.plan.carries} | by_library

    def _is_of_vectors(self, values: Iterable[str]) -> bool:
        """Whether `values` are streams or trajectories of one unit axis."""
        return all(self.slot[v].index and len(units(self.program.types[v])) == 1 for v in values if v in self.program.types)


def _joint(first: str, last: str) -> str:
    """`a_to_c_seq`, of `a_seq` and `c_seq`."""
    return f"{first.removesuffix('_seq')}_to_{last}"
