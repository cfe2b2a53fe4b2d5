"""Generated modules by cell: from the cache where they are there, so that a second start loads neither sympy nor the compiler."""

import os
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rnncc.catalogue import find
from rnncc.runtime.cache import Cache
from rnncc.runtime.cache_key import installed, module_key, spec_content
from rnncc.runtime.transforms import Structure

if TYPE_CHECKING:
    from rnncc.spec import Cell


def load_module(
    cell: "str | os.PathLike[str] | Cell",
    options: Mapping[str, Any] | None = None,
    transforms: Mapping[str, Structure] | None = None,
    target: str = "cpu",
) -> ModuleType:
    """The generated module of `cell`, a name of the catalogue, a path or a `Cell`, under `options`, changed by `transforms`.

    `target` says what its kernels run on: "cpu" or "cuda".

    Raises
    ------
    SpecError
        Where the spec is wrong.
    ArgumentError
        For an unknown cell or option, or where a transform does not apply.
    """
    options, transforms = dict(options or {}), dict(transforms or {})
    settled = options | {f"{name}=": value for name, value in transforms.items()}
    settled |= {} if target == "cpu" else {"for": (target, installed("numba-cuda"))}
    if not isinstance(cell, str | os.PathLike):
        source = _source(cell, options, transforms, target)
        return Cache().module(module_key(cell.name, source.encode(), settled), lambda: source)
    path = find(os.fspath(cell))
    return Cache().module(module_key(path.stem, spec_content(path), settled), lambda: _source(path, options, transforms, target))


def _source(cell: "str | os.PathLike[str] | Cell", options: Mapping[str, Any], transforms: Mapping[str, Structure], target: str) -> str:
    from rnncc.compiler import compile_cell  # the one lazy import of the compiler

    made = compile_cell(cell, options, transforms)
    return made.source if target == "cpu" else made.cuda_source
