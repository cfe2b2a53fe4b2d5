"""Time of a cold compilation, along T and along the size of a cell. Each in a process of its own with an empty cache."""

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rnncc.bench.growth.apart import apart
from rnncc.bench.growth.point import Line, Point
from rnncc.bench.growth.setting import Setting, Step
from rnncc.bench.peers import OWN
from rnncc.bench.problem import BenchCell, Shape
from rnncc.runtime.cache_directory import ENVIRONMENT

GATED = Path(__file__).with_name("gated.py")
"""A spec with as many gates as its option says."""


def compilation(setting: Setting) -> list[Step]:
    """Seconds from a spec to the gradients of its first call, the time of a second call subtracted: spec to module, and all of it."""
    base = setting.sizes.base
    lengths = [replace(base, steps=size) for size in setting.sizes.compiled]
    along_steps = [_step(setting, "T", cell, shape, shape.steps) for cell in setting.cells for shape in lengths]
    gated = BenchCell.found(str(GATED))
    along_gates = [_step(setting, "gates", replace(gated, settings={"gates": size}), base, size) for size in setting.sizes.gates]
    return along_steps + along_gates


def _step(setting: Setting, along: str, cell: BenchCell, shape: Shape, size: int) -> Step:

    def measured() -> Iterable[Point]:
        with tempfile.TemporaryDirectory() as empty:
            caches = {ENVIRONMENT: f"{empty}/cells", "NUMBA_CACHE_DIR": f"{empty}/library"}
            sizes: dict[str, Any] = {"shape": str(shape), "dtype": setting.dtype, "threads": setting.threads}
            found = apart("compile", caches, cell=str(cell.path), settings=cell.settings, **sizes)
        whole = Line("compile", along, cell.name, "training", OWN)
        return [Point(replace(whole, contender=f"{OWN}, to module"), size, found["module"]), Point(whole, size, found["whole"])]

    return f"compile {cell.name}, {along} = {size}", measured
