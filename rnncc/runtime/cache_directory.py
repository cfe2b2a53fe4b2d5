"""Where compiled cells are kept: a directory of the user's own, and what to do when there is none.

What lies there is imported and unpickled, so a directory that somebody else owns or may write to is never used.
"""

import atexit
import functools
import os
import shutil
import stat
import sys
import tempfile
import warnings
from pathlib import Path

from platformdirs import user_cache_path

from rnncc.errors import CacheWarning

ENVIRONMENT = "RNNCC_CACHE_DIR"


def wanted() -> Path:
    """The directory to use: what `RNNCC_CACHE_DIR` names, else the user's cache directory of this system."""
    named = os.environ.get(ENVIRONMENT)
    return Path(named).expanduser().absolute() if named else user_cache_path("rnncc", appauthor=False)


def prepare(directory: Path) -> Path:
    """`directory`, made if it is missing (mode 0700).

    Raises
    ------
    OSError
        It cannot be made or written to, or is not the user's alone to write to; the message says which.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    fault = unsafe(directory)
    if fault:
        raise PermissionError(fault)
    tempfile.TemporaryFile(dir=directory).close()
    return directory


def unsafe(directory: Path) -> str | None:
    """Why code from `directory` must not be run, or None."""
    if sys.platform == "win32":
        return None
    found = directory.stat()
    if found.st_uid != os.geteuid():
        return f"{directory} belongs to user {found.st_uid}, not to {os.geteuid()}"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{directory} may be written to by others (mode {stat.S_IMODE(found.st_mode):04o}, expected 0700)"
    return None


@functools.cache
def temporary() -> Path:
    """A directory for this process alone, removed at its end."""
    directory = tempfile.mkdtemp(prefix="rnncc-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return Path(directory)


@functools.cache
def warn_once(directory: Path, reason: str) -> None:
    """A `CacheWarning`, once a process for each directory and reason."""
    text = f"compiled cells are not kept in {directory}: {reason}. Set {ENVIRONMENT} to a directory of your own to keep them"
    warnings.warn(CacheWarning(text), stacklevel=2)
