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
from rnncc.bench.problem import Shape
from rnncc.runtime.cache_directory import ENVIRONMENT

GATED = Path(__file__).with_name("gated.py")
"""A spec with as many gates as its option says."""


def compilation(setting: Setting) -> list[Step]:
    """Seconds from a spec to the gradients of its first call, the time of a second call subtracted: spec to module, and all of it."""
    base = setting.sizes.base
    lengths = [replace(base, steps=size) for size in setting.sizes.compiled]
    along_steps = [_step(setting, "T", cell.path, shape, shape.steps) for cell in setting.cells for shape in lengths]
    along_gates = [_step(setting, "gates", GATED, base, size, gates=size) for size in setting.sizes.gates]
    return along_steps + along_gates


def _step(setting: Setting, along: str, path: Path, shape: Shape, size: int, **options: int) -> Step:

    def measured() -> Iterable[Point]:
        with tempfile.TemporaryDirectory() as empty:
            caches = {ENVIRONMENT: f"{empty}/cells", "NUMBA_CACHE_DIR": f"{empty}/library"}
            sizes: dict[str, Any] = {"shape": str(shape), "dtype": setting.dtype, "threads": setting.threads}
            found = apart("compile", caches, cell=str(path), options=options, **sizes)
        whole = Line("compile", along, path.stem, "training", OWN)
        return [Point(replace(whole, contender=f"{OWN}, to module"), size, found["module"]), Point(whole, size, found["whole"])]

    return f"compile {path.stem}, {along} = {size}", measured
