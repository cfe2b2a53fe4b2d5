"""What a cell reads of a task that has one input: more where it asks for more."""

import numpy as np

import rnncc
from rnncc.runtime.cell_info import CellInfo

TIME_STAMP = "t"


def completed(cell: CellInfo, x: np.ndarray) -> np.ndarray | dict[str, np.ndarray]:
    """`x` (T, N, I), or a dict of it and whatever else the cell reads, of steps a time unit apart, nothing of which is missing.

    Time stamps count the steps; elapsed times, masks of what was observed, and the weight of a step are one. A memory to attend to is
    the whole of `x`, the steps to come too, so that it is for tasks that ask for something after the last step.
    """
    (first, _), *others = cell.inputs
    if not others and not cell.memories:
        return x
    return {
        first: x,
        **{name: _stamps(x) if name == TIME_STAMP else np.ones(x.shape[: 2 + len(axes)], x.dtype) for name, axes in others},
        **{memory.name: x.swapaxes(0, 1) for memory in cell.memories},
    }


def layer(cell: str, inputs: int, hidden: int, seed: int) -> rnncc.RNN:
    """A layer of `cell` whose memories, where it attends to any, have rows like those that `completed` gives them."""
    sizes = {memory.size: inputs for memory in rnncc.RNN(cell, inputs, hidden).cell.memories}
    return rnncc.RNN(cell, inputs, hidden, seed=seed, **sizes)


def _stamps(x: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.arange(len(x), dtype=x.dtype)[:, None], x.shape[:2])
