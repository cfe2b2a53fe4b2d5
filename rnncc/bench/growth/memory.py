"""Memory of training along T, with and without checkpoints.

Each measurement has a process of its own: what the one before has left behind would count as memory that is there already.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

from rnncc.bench.growth.apart import apart
from rnncc.bench.growth.point import Line, Point
from rnncc.bench.growth.setting import Setting, Step
from rnncc.bench.peers import OWN
from rnncc.bench.problem import BenchCell, Shape


def memory(setting: Setting) -> list[Step]:
    """Bytes kept for the backward pass, and bytes at most, of every contender."""
    return [
        _step(setting, cell, name, replace(setting.sizes.base, steps=size), None)
        for cell in setting.cells
        for name in setting.makers
        for size in setting.sizes.kept
    ]


def checkpoints(setting: Setting) -> list[Step]:
    """The same of long sequences by the first cell: every contender, and this package with checkpoints every √T steps."""
    cell = setting.cells[0]
    ways: list[tuple[str, bool]] = [*((name, False) for name in setting.makers), (OWN, True)]
    return [
        _step(setting, cell, name, replace(setting.sizes.long, steps=size), math.isqrt(size) if every else None)
        for name, every in ways
        for size in setting.sizes.checkpointed
    ]


def _step(setting: Setting, cell: BenchCell, name: str, shape: Shape, checkpoint: int | None) -> Step:
    label = name if checkpoint is None else f"{name}, checkpoints"
    # sizes other than T tell the two measurements apart, as a reader sees them
    mode = f"training, N={shape.batch} H={shape.hidden}"

    def measured() -> Iterable[Point]:
        found = apart(
            "memory",
            {},
            cell=str(cell.path),
            settings=cell.settings,
            contender=name,
            shape=str(shape),
            dtype=setting.dtype,
            threads=setting.threads,
            checkpoint=checkpoint,
        )
        return [Point(Line(what, "T", cell.name, mode, label), shape.steps, value) for what, value in found.items()]

    return f"memory, {cell.name} {shape}, {label}", measured
