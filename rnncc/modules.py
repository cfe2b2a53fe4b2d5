"""Generated modules by cell: from the cache where they are there, so that a second start loads neither sympy nor the compiler."""

import os
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rnncc.catalogue import find
from rnncc.runtime.cache import Cache
from rnncc.runtime.cache_key import module_key, spec_content

if TYPE_CHECKING:
    from rnncc.spec import Cell


def load_module(cell: "str | os.PathLike[str] | Cell", options: Mapping[str, Any] | None = None) -> ModuleType:
    """The generated module of `cell`, a name of the catalogue, a path or a `Cell`, under `options`.

    Raises
    ------
    SpecError
        Where the spec is wrong.
    ArgumentError
        For an unknown cell or option.
    """
    options = dict(options or {})
    if not isinstance(cell, str | os.PathLike):
        source = _source(cell, options)
        return Cache().module(module_key(cell.name, source.encode(), options), lambda: source)
    path = find(os.fspath(cell))
    return Cache().module(module_key(path.stem, spec_content(path), options), lambda: _source(path, options))


def _source(cell: "str | os.PathLike[str] | Cell", options: Mapping[str, Any]) -> str:
    from rnncc.compiler import compile_cell  # the one lazy import of the compiler

    return compile_cell(cell, options).source
