"""Layers that run through time in one direction on a device."""

from dataclasses import dataclass, replace

from rnncc.runtime.bound import Streams
from rnncc.runtime.cuda.waves import cut_evenly, in_waves, segments_for
from rnncc.runtime.kernels import Array
from rnncc.runtime.state import PlaceStates
from rnncc.runtime.strand import Kept, Passed, Strand, StrandGradients, StrandTape, cut
from rnncc.runtime.sweep import Sweep


@dataclass(frozen=True)
class DeviceStrand(Strand):
    """As `Strand`; where everything is kept, several layers may run at different times, each a segment behind the one that it reads."""

    def forward(self, streams: Streams, initial: PlaceStates) -> tuple[Array, PlaceStates, StrandTape]:
        segments = self._waves(streams, initial)
        if len(segments) == 1:
            return super().forward(streams, initial)
        read, states = [cut(streams, *segment) for segment in segments], list(initial)
        starts, passed = [list(initial) for _ in segments], [list[Passed]() for _ in segments]

        def run(place: int, number: int) -> None:
            made = self._pass(place, *segments[number], read[number], states[place])
            starts[number][place] = states[place]
            read[number], states[place] = made.streams, made.finals
            passed[number].append(made)

        in_waves(len(self.places), len(segments), run)
        whole = Streams()
        for (first, _), above in zip(segments, read, strict=True):
            self._collect(whole, {"output": above[self.bound.first]}, first)
        return whole["output"], states, StrandTape(streams, tuple(starts), tuple(Kept.of(own) for own in passed))

    def backward(self, tape: StrandTape, dy: Array, dfinals: PlaceStates) -> StrandGradients:
        kept = [held for held in tape.kept if held is not None]
        if not self._may_be_cut or len(kept) == 1:
            return super().backward(tape, dy, dfinals)
        segments, first = cut_evenly(self.sweep.steps, len(kept)), self.bound.first
        read, whole = [{first: dy[slice(*segment)]} for segment in segments], Streams()
        states, sums = list(dfinals), [dict[str, Array]() for _ in self.places]

        def pull(below: int, sooner: int) -> None:
            place, number = len(self.places) - 1 - below, len(segments) - 1 - sooner
            found = self._pull_place(place, *segments[number], kept[number], read[number], states[place], sums[place])
            read[number], states[place], sums[place] = found
            if place == 0:
                self._collect(whole, read[number], segments[number][0])
                read[number] = {}

        in_waves(len(self.places), len(segments), pull)
        return StrandGradients(whole, states, sums)

    @property
    def _may_be_cut(self) -> bool:
        """Whether nothing depends on where time is cut, and nothing is to be forgotten."""
        cell = self.bound.geometry.cell
        return self.checkpoint is None and self.truncate is None and not cell.runs_back and not cell.batch_means

    def _waves(self, streams: Streams, initial: PlaceStates) -> list[tuple[int, int]]:
        """The segments of time, forward and backward."""

        def lowest(nothing: Sweep) -> None:
            own = replace(self, places=self.places[:1], masks=(None,), sweep=nothing)
            y, finals, tape = own.forward(cut(streams, 0, 0), initial[:1])
            own.backward(tape, y, finals)

        return segments_for("training", self.bound, self.sweep, lowest) if self._may_be_cut else [(0, self.sweep.steps)]
