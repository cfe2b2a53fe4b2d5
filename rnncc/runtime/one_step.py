"""What a layer that reads step by step begins with."""

from types import ModuleType
from typing import Any

import numpy as np

from rnncc.errors import ArgumentError
from rnncc.runtime.batch import Batch
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.keywords import whole
from rnncc.runtime.memories import Memories, named_memories, read_memories


def one_step(
    geometry: Geometry, dtype: np.dtype[Any], rows: object, memory: object, memory_lengths: object, library: ModuleType
) -> tuple[Batch, Memories]:
    """A step of `rows` sequences, and what they attend to, arrays of `library`.

    Raises `ArgumentError` for a bidirectional layer, and as `read_memories`.
    """
    if geometry.directions == 2:
        raise ArgumentError("a bidirectional layer cannot read step by step: its reverse direction begins at the end")
    step = Batch(1, whole("batch", rows, 0), True, False, None, False, library=library)
    return step, read_memories(geometry, dtype, step, named_memories(geometry.cell, memory), memory_lengths)
