"""What a kernel call needs besides arrays: threads, lengths, direction."""

from dataclasses import dataclass, replace
from itertools import pairwise
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.cached import Cached
from rnncc.runtime.chunks import chunk_bounds, segment_bounds, stretch_bounds

if TYPE_CHECKING:
    from rnncc.runtime.lines import Lines


@dataclass(frozen=True)
class Sweep:
    """One pass over a batch of sequences by one layer in one direction.

    Parameters
    ----------
    steps, batch
        T and N.
    lengths
        (N,) int64, descending, or None where every sequence has T steps.
    reverse
        The layer reads each sequence from its own end to its start.
    threads
        How many threads share the rows; 1 or more.
    team
        Which team they are of.
    record
        Takes down what is to be done, instead of doing it; only of whole sequences, and of several steps for one thread only.
    segment_of
        T of the sweep that this is a segment of; None: it is all of time.
    library
        Whose arrays are worked on: NumPy, or CuPy.
    tf32
        Whether products of whole sequences on a device are made of float32 rounded to TF32.
    row_work
        Weights that a row meets in a step of the layer; many, where nobody says.
    """

    steps: int
    batch: int
    lengths: NDArray[np.int64] | None = None
    reverse: bool = False
    threads: int = 1
    team: int = 0
    record: "Lines | None" = None
    segment_of: int | None = None
    library: ModuleType = np
    tf32: bool = False
    row_work: int = 1 << 30

    def live(self) -> NDArray[np.int64]:
        """(T,) int64: how many rows, from the first, are alive at each step."""
        if self.lengths is None:
            return np.full(self.steps, self.batch, np.int64)
        ascending = self.lengths[::-1]
        ended = np.searchsorted(ascending, np.arange(self.steps), side="right")
        return (self.batch - ended).astype(np.int64)

    def dead(self) -> NDArray[np.bool_]:
        """(T, N): the steps past the end of each sequence."""
        lengths = np.full(self.batch, self.steps) if self.lengths is None else self.lengths
        return np.arange(self.steps)[:, None] >= lengths

    def of_layer(self, layer: int) -> "Sweep":
        """As layer number `layer` of a stack is called."""
        return self if self.record is None else replace(self, record=self.record.of(layer))

    def segment(self, first: int, last: int) -> "Sweep":
        """The steps [first, last) as a batch of their own, with every row."""
        steps, whole = last - first, self.segment_of or self.steps
        lengths = None if self.lengths is None else np.clip(self.lengths - first, 0, steps)
        if lengths is not None and (lengths == steps).all():
            lengths = None
        return replace(self, steps=steps, lengths=lengths, segment_of=whole)

    def segments(self, checkpoint: int | None, truncate: int | None = None) -> list[tuple[int, int]]:
        """First step of each segment and the one after its last, in the order in which the layer runs through them.

        They begin at multiples of `truncate`, else hold `checkpoint` steps or more; None and None: one segment.
        """
        if truncate is not None:
            bounds = [0, *range(truncate, self.steps, truncate), self.steps]
        else:
            bounds = [0, self.steps] if checkpoint is None else segment_bounds(self.live(), checkpoint)
        found = list(pairwise(bounds))
        return found[::-1] if self.reverse else found

    @Cached
    def chunk_rows(self) -> NDArray[np.int64]:
        """(chunks, 2): of the live rows in order of time, where each chunk begins and ends, in the order of the backward pass."""
        live = self.live()
        ends = np.concatenate([[0], np.cumsum(live)])[chunk_bounds(live)]
        rows = np.stack([ends[:-1], ends[1:]], axis=1)
        return rows if self.reverse else rows[::-1].copy()

    @Cached
    def stretches(self) -> NDArray[np.int64]:
        """The step at which each stretch of time begins, and T (`runtime.chunks`)."""
        return stretch_bounds(self.live())

    @Cached
    def chunk_stretches(self) -> NDArray[np.int64]:
        """(chunks, 2): of the stretches in order of time, where each chunk begins and ends, in the order of the backward pass."""
        starts = np.searchsorted(self.stretches, chunk_bounds(self.live()))
        found = np.stack([starts[:-1], starts[1:]], axis=1)
        return found if self.reverse else found[::-1].copy()

    def flat(self) -> "Sweep":
        """The same rows without an order in time, for work that has none: one step of T * N rows where no sequence ends early."""
        if self.lengths is not None:
            return self
        return replace(self, steps=min(self.steps, 1), batch=self.steps * self.batch, reverse=False)

    def flattened(self, stream: NDArray[np.floating]) -> NDArray[np.floating]:
        """`stream` (T, N, …) as `flat` counts its rows."""
        return stream if self.lengths is not None else stream.reshape(1, self.steps * self.batch, *stream.shape[2:])
