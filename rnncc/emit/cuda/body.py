"""The pointwise program of one phase, for one row and one unit: each thread computes with numbers."""

from typing import ClassVar

from rnncc.emit.cpu.body import Body
from rnncc.emit.cpu.layout import Slot
from rnncc.ir import Carry, Reduce


class ThreadBody(Body):
    """Writes the body of a phase's loops; arguments as of `Body`."""

    negation: ClassVar[str] = "not "

    def _loaded(self, place: Slot, *indices: str) -> str:
        source = place.indexed(*indices)
        return f"widened({source})" if place.narrow else source

    def put(self, value: str, place: Slot, *indices: str) -> str:
        return f"{place.indexed(*indices)} = {f'narrowed({value}, {place.array})' if place.narrow else value}"

    def spread(self, _name: str, source: str) -> str:
        return source

    def _counting(self, r: Reduce) -> str:
        """Threads go no further than the last unit."""
        return self.known[r.a]

    def _alone(self, value: str) -> str:
        return value


class ThreadUnitBody(ThreadBody):
    """The step of one unit of one row, its carries local variables."""

    def _load(self, value: str) -> None:
        if all(c.prev != value for c in self.names.carries):
            super()._load(value)

    def _handed_on(self, c: Carry) -> list[str]:
        stored = super()._handed_on(c) if c.prev in self.layout.trajectories else []
        return [*stored, f"{c.prev} = {c.next}"]


class SequenceBody(ThreadBody):
    """The pointwise program of whole sequences, which reads products where a library left them."""

    def _sum(self, value: str, source: str, once: bool) -> None:
        self.known[value] = source
