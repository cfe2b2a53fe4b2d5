"""Machine code on disk: Numba's own cache, made safe against damage and against two writers at once.

Numba unpickles whatever its files hold: a file cut off raises from within the call, a changed byte in the machine code crashes the
process, and two processes that save at once can file one signature's code under another's name. Here every file carries a digest,
every entry its key, and saving holds a lock. What cannot be read is a miss and compiled again.
"""

import hashlib
import pickle
from pathlib import Path
from typing import Any

from filelock import FileLock
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.serialize import dumps

from rnncc.runtime.atomic import write_atomically
from rnncc.runtime.cache_directory import warn_once
from rnncc.runtime.cache_key import own_digest
from rnncc.runtime.simd.isa import ISA

_DIGEST_SIZE = hashlib.sha256().digest_size


def cached(kernel: Any) -> Any:
    """The Numba dispatcher `kernel`, its machine code kept between processes beside the file that defines it.

    Stands above `numba.njit(…)` without `cache=True`. Code compiled for another instruction set or by another version of
    `rnncc.runtime` is never taken. Where nothing can be kept a `CacheWarning` says so once.
    """
    try:
        kernel._cache = _KernelCache(kernel.py_func)
    except RuntimeError as fault:  # Numba: no place to write to
        warn_once(Path(kernel.py_func.__code__.co_filename), str(fault))
    return kernel


class _KernelCache(FunctionCache):
    def __init__(self, function: Any) -> None:
        super().__init__(function)
        stamp = (self._impl.locator.get_source_stamp(), own_digest("runtime"))
        self._cache_file: IndexDataCacheFile = _CheckedFile(self._cache_path, self._impl.filename_base, stamp)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled; a full or vanished disk costs the next process time, never this one its result."""
        try:
            with FileLock(Path(self._cache_path) / f"{self._impl.filename_base}.lock", mode=0o600):
                super().save_overload(sig, data)
        except OSError as fault:
            warn_once(Path(self._cache_path), str(fault))

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return (*super()._index_key(sig, codegen), ISA.name)


class _CheckedFile(IndexDataCacheFile):
    """Index and data files, each led by the digest of what follows."""

    def load(self, key: Any) -> Any:
        name = self._load_index().get(key)
        found = _read(Path(self._data_path(name))) if name else None
        return found[1] if found and found[0] == key else None

    def save(self, key: Any, data: Any) -> None:
        super().save(key, (key, data))

    def _load_index(self) -> dict[Any, str]:
        found = _read(Path(self._index_path))
        return found[1] if found and found[0] == self._header() else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        _write(Path(self._index_path), (self._header(), overloads))

    def _save_data(self, name: str, data: Any) -> None:
        _write(Path(self._data_path(name)), data)

    def _header(self) -> tuple[Any, ...]:
        return (self._version, self._source_stamp)


def _write(path: Path, value: Any) -> None:
    content = dumps(value)
    write_atomically(path, hashlib.sha256(content).digest() + content)


def _read(path: Path) -> Any:
    """What `_write` wrote, or None where it is missing or damaged."""
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    digest, content = whole[:_DIGEST_SIZE], whole[_DIGEST_SIZE:]
    return pickle.loads(content) if hashlib.sha256(content).digest() == digest else None
