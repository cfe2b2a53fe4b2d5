"""What a cell reads of a task that has one input: more where it asks for more."""

import numpy as np

from rnncc.runtime.cell_info import CellInfo

TIME_STAMP = "t"


def completed(cell: CellInfo, x: np.ndarray) -> np.ndarray | dict[str, np.ndarray]:
    """`x` (T, N, I), or a dict of it and the cell's further inputs, of steps a time unit apart, nothing of which is missing.

    Time stamps count the steps; elapsed times, masks of what was observed, and the weight of a step are one.
    """
    (first, _), *others = cell.inputs
    if not others:
        return x
    return {
        first: x,
        **{name: _stamps(x) if name == TIME_STAMP else np.ones(x.shape[: 2 + len(axes)], x.dtype) for name, axes in others},
    }


def _stamps(x: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.arange(len(x), dtype=x.dtype)[:, None], x.shape[:2])
