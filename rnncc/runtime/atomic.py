"""Files that are either the old one or the new one, never half of it."""

import os
import secrets
from pathlib import Path


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` beside `path`, flush it to the disk, and rename it over `path`.

    Raises `OSError` where the directory cannot be written; `path` is then untouched and nothing is left beside it.
    """
    target = Path(path)
    aside = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        _write_flushed(aside, data)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)
    _flush_directory(target.parent)


def _write_flushed(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_directory(path: Path) -> None:
    """A rename survives a power cut once its directory is flushed; Windows has no such call."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
