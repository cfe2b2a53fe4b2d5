"""Generated modules on disk: written once, imported by every later process.

A module lies in one file named by its key, its last line a digest of what comes before. A file that was cut off or changed is a
miss and written anew. Numba keeps its machine code beside it (`runtime.cache_kernels`).
"""

import hashlib
import importlib.util
import re
import sys
import threading
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from filelock import FileLock

from rnncc.errors import InternalError
from rnncc.runtime import cache_directory
from rnncc.runtime.atomic import write_atomically

PREFIX = "rnncc_cell_"
_DIGEST = "# sha256 "
_KEY = re.compile(r"[A-Za-z0-9_]{1,120}")


class Cache:
    """Generated modules by key.

    Parameters
    ----------
    directory
        Where to keep them; None for the user's own directory. Where it cannot be used a `CacheWarning` says so once and a
        temporary directory serves instead.
    """

    _importing = threading.RLock()

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or cache_directory.wanted()

    def module(self, key: str, make: Callable[[], str]) -> ModuleType:
        """The module of `key`, its source from `make()` where the cache has none.

        Safe in any number of threads and processes at once: one makes, the others wait and read.
        """
        if not _KEY.fullmatch(key):
            raise InternalError(f"cache key {key!r} is not made of letters, digits and underscores")
        with self._importing:
            name = PREFIX + key
            return sys.modules[name] if name in sys.modules else _imported(name, self._file(key, make))

    def _file(self, key: str, make: Callable[[], str]) -> Path:
        made = _Once(make)
        try:
            return _stored(cache_directory.prepare(self.directory) / f"{key}.py", made)
        except OSError as fault:
            cache_directory.warn_once(self.directory, str(fault))
        return _stored(cache_directory.temporary() / f"{key}.py", made)


class _Once:
    """Calls `make` at most once, so that a directory that fails late costs no second compilation."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make
        self._text: str | None = None

    def __call__(self) -> str:
        if self._text is None:
            self._text = self._make()
        return self._text


def _stored(path: Path, make: Callable[[], str]) -> Path:
    if not _whole(path):
        with FileLock(f"{path}.lock", mode=0o600):
            if not _whole(path):
                write_atomically(path, _signed(make()))
    return path


def _signed(text: str) -> bytes:
    body = (text.rstrip("\n") + "\n").encode()
    return body + f"{_DIGEST}{hashlib.sha256(body).hexdigest()}\n".encode()


def _whole(path: Path) -> bool:
    """Whether `path` is there and its digest fits."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    body, found, digest = content.rpartition(_DIGEST.encode())
    return bool(found) and digest == hashlib.sha256(body).hexdigest().encode() + b"\n"


class _Loader(SourceFileLoader):
    """Without Python's own bytecode file, whose damage nothing would notice."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _imported(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_loader(name, _Loader(name, str(path)))
    if spec is None or spec.loader is None:
        raise InternalError(f"no import specification for {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
