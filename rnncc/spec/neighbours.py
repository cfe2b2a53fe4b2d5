"""Modules that lie beside a spec: it may import them, as a script may import its neighbours."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

_LOCK = RLock()


@contextmanager
def importable(directory: Path) -> Iterator[None]:
    """Lets imports find modules of `directory`, and forgets these modules afterwards.

    Another spec may have other neighbours of the same name, and the next loading sees what has been edited meanwhile. Holds a lock,
    since the search path belongs to the whole process.
    """
    with _LOCK:
        before = set(sys.modules)
        sys.path.insert(0, str(directory))
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(str(directory))
            for name in set(sys.modules) - before:
                if _is_neighbour(directory, name, before):
                    del sys.modules[name]


def _is_neighbour(directory: Path, name: str, before: set[str]) -> bool:
    """Whether the module `name` is new and lies, or its package does, directly in `directory`."""
    top = name.partition(".")[0]
    file = getattr(sys.modules[name], "__file__", None)
    if top in before or file is None:
        return False
    path = Path(file).resolve()
    return path == directory / f"{top}.py" or directory / top in path.parents
