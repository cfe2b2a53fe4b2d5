"""Layers of a stack a segment of time behind each other, each by a thread of its own.

Where rows are too few for a tile a thread, threads that go through a stack layer by layer share the units of each and meet in every
step. But a layer can begin as soon as the layer below has the first steps: then threads meet once a segment, and each keeps reading
the same weights. Only what is taken down can be ordered so; the results have the same bits.
"""

from dataclasses import replace

import numpy as np

from rnncc.runtime.bound import Streams
from rnncc.runtime.kernels import Array
from rnncc.runtime.record import Record
from rnncc.runtime.stack import Stack
from rnncc.runtime.state import PlaceStates


def in_waves(stack: Stack, record: Record, steps: int, streams: Streams, initial: PlaceStates) -> tuple[Array, PlaceStates]:
    """As `Stack.infer`, taken down by `record` in segments of `steps`; `stack` has one direction, and its batch no lengths."""
    parts = [_between(stack, first, first + steps) for first in range(0, stack.sweep.steps, steps)]
    read = [{name: array[k * steps : (k + 1) * steps] for name, array in streams.items()} for k in range(len(parts))]
    states, layers = list(initial), stack.geometry.num_layers
    for wave in range(len(parts) + layers - 1):
        for layer in reversed(range(layers)):  # the highest reads what others made one wave ago: it need not wait for this one
            k = wave - layer
            if 0 <= k < len(parts):
                with record.by(layer % record.threads):
                    read[k], (states[layer],) = parts[k].infer_layer(layer, read[k], states)
    return _joined(record, [r[stack.first] for r in read]), states


def _between(stack: Stack, first: int, last: int) -> Stack:
    """`stack` in the steps [first, last), by one thread."""
    return replace(stack, sweep=replace(stack.sweep.segment(first, min(last, stack.sweep.steps)), threads=1))


def _joined(record: Record, pieces: list[Array]) -> Array:
    """Pieces of a stream (·, N, O), one after the other in one array (T, N, O)."""
    whole, first = np.empty((sum(map(len, pieces)), *pieces[0].shape[1:]), pieces[0].dtype), 0
    for piece in pieces:
        record.copy(whole[first : first + len(piece)], piece)
        first += len(piece)
    return whole
