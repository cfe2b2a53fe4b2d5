"""Random values to run a cell's kernels on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.blocks import axis_length
from rnncc.runtime.cell_info import Axes, CellInfo

Env = dict[str, Any]
_SIZES = {"input": 5, "hidden": 19}
_OTHER_SIZE, _POSITIONS = 11, 3


def drawn_inputs(info: CellInfo, steps: int, batch: int, seed: int = 0) -> Env:
    """Float64 values for everything `info` takes: streams, memories, first states, masks, parameters, constants.

    Sizes fill no vector; of a memory the rows have none of its positions, one, and so on to all.
    """
    rng = np.random.default_rng(seed)

    def draw(leading: tuple[int, ...], axes: Axes) -> NDArray[np.float64]:
        return rng.uniform(-1, 1, (*leading, *(_length(info, a) for a in axes)))

    env: Env = {name: draw((steps, batch), axes) for name, axes in info.inputs}
    env |= {name: rng.integers(0, _length(info, size), (steps, batch)) for name, size in info.indices.items()}
    env |= {m.name: draw((batch, _POSITIONS), (m.size,)) for m in info.memories}
    env |= {m.exists: (np.arange(_POSITIONS) < np.arange(batch)[:, None] % (_POSITIONS + 1)) * 1.0 for m in info.memories}
    env |= {f"{s.name}_0": draw((batch,), s.axes) for s in info.states}
    leading: dict[str, tuple[int, ...]] = {"step": (steps, batch), "sequence": (batch,), "call": ()}
    env |= {m.name: (draw(leading[m.per], m.axes) > 0) * 1.0 for m in info.masks}
    env |= {p.name: _about(p.init, draw((), p.axes) / np.sqrt(_SIZES["hidden"])) for p in info.parameters}
    return env | dict(info.constants) | info.flags(training=True)


def drawn_seeds(info: CellInfo, outputs: Mapping[str, NDArray[np.float64]], seed: int = 1) -> Env:
    """A cotangent for every output, by the name the backward kernel takes it."""
    rng = np.random.default_rng(seed)
    return {info.cotangent + key: rng.uniform(-1, 1, value.shape) for key, value in outputs.items()}


def typed(env: Mapping[str, Any], dtype: str) -> Env:
    """`env` with its arrays in `dtype`."""
    return {
        name: v.astype(dtype) if isinstance(v, np.ndarray) and np.issubdtype(v.dtype, np.floating) else v for name, v in env.items()
    }


def _about(init: str | float | None, noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Around the number that a parameter begins with, of its sign (a period, a share); `noise` where it begins with none."""
    return init * (1 + noise) if isinstance(init, float) and init else noise


def _length(info: CellInfo, axis: str) -> int:
    multiple = info.unit_multiple
    least = _SIZES | dict.fromkeys(info.sizes, _OTHER_SIZE)
    return axis_length(axis, lambda size: -(-least[size] // multiple) * multiple if size in least else 1)
