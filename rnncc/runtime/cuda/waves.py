"""As `runtime.waves`, on a device: layers of a stack a segment of time behind each other.

A layer can do a segment of time once it has done the one before it, and the layer below this one. So in each wave every layer does one
segment, each the one behind that of the layer below. The calls of a wave wait for nothing of each other and are done `apart`: their
loops side by side, each with its share of the multiprocessors; all else, products of whole segments among it, on the caller's stream.
A wave is over when all of its loops are. Backward the highest layer leads, with the last segment.

What a segment of a layer is, is a call of its kernels, as with `checkpoint`: states go on from segment to segment, sums over time from
what they have reached, random masks are those of its steps. What a loop computes for a row at a step depends on neither; products and
sums of whole segments may be added up in another order than those of all of time, by whichever way cuBLAS takes for their shape.
"""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from itertools import pairwise

from rnncc.runtime.bound import Bound
from rnncc.runtime.cuda.apart import Cycles, apart, noted
from rnncc.runtime.cuda.device import chip_of
from rnncc.runtime.cuda.plan import Chip
from rnncc.runtime.frozen import PANELS
from rnncc.runtime.sweep import Sweep

_CALL = 150_000
"""Cycles of a call of kernels beside its loop, about 90 µs: launches, the arrays of a segment, and what Python takes for them."""
_MOST = 64
"""Segments."""
_WORTH = 0.8
"""Of the time of layers in turn what waves take at most, by an estimate that nobody has measured."""
_KEPT = 256
_known: dict[Hashable, int] = {}
"""Into how many segments time is cut, by all that this follows from."""


def in_waves(layers: int, segments: int, work: Callable[[int, int], None]) -> None:
    """`work(layer, segment)` for each, behind that of the layer before and that of the segment before; all others side by side."""
    for wave in range(layers + segments - 1):
        apart([partial(work, layer, wave - layer) for layer in range(layers) if 0 <= wave - layer < segments])


def segments_for(what: str, bound: Bound, sweep: Sweep, one_layer: Callable[[Sweep], object]) -> list[tuple[int, int]]:
    """First step of each segment of `sweep` and the one after its last; a single one where layers had better run in turn.

    Parameters
    ----------
    what
        Which kernels are called.
    bound
        What the layers are made of.
    sweep
        All of time.
    one_layer
        The calls of the lowest layer, to be asked for their loops where they are not known: made with no steps, and once a shape.
    """
    g, steps = bound.geometry, sweep.steps
    if g.directions == 2 or g.num_layers == 1 or sweep.lengths is not None or steps < 2:
        return [(0, steps)]
    panels, chip = bound.weights[0][PANELS], chip_of(sweep.library)
    sizes = (g.input_size, g.hidden_size, g.num_layers, *sorted(g.sizes.items()))
    key = (what, bound.kernels, sizes, steps, sweep.batch, bound.masks.dtype, panels.bfloat16, panels.tf32, chip)
    count = _known.get(key)
    if count is None:
        count = segments_of(steps, g.num_layers, noted(partial(one_layer, sweep.segment(0, 0))), chip)
        if len(_known) >= _KEPT:
            _known.clear()
        _known[key] = count
    return cut_evenly(steps, count)


def segments_of(steps: int, layers: int, loops: Sequence[Cycles], chip: Chip) -> int:
    """Into how many segments time is best cut, a pure function; 1: layers had better run in turn.

    Parameters
    ----------
    steps, layers
        T and L, 1 or more.
    loops
        Of one layer.
    chip
        What they run on.
    """

    def cycles(segments: int) -> float:
        each, share = -(-steps // segments), chip.share(min(layers, segments))
        waves = segments + layers - 1
        return waves * sum(loop(each, share) for loop in loops) + segments * layers * len(loops) * _CALL

    best = min(range(1, min(steps, _MOST) + 1), key=cycles)
    return best if cycles(best) <= _WORTH * cycles(1) else 1


def cut_evenly(steps: int, segments: int) -> list[tuple[int, int]]:
    """Time in at most so many segments, of which the last may be shorter."""
    return list(pairwise([*range(0, steps, -(-steps // segments)), steps]))
