"""What a kernel whose blocks waited in vain leaves behind, as a Python error, without waiting for the device.

A launch copies its flag to the host behind the kernel, on the same stream. Flags that have arrived are looked at before the next
call of a layer, and all of them, waiting for those on their way, where a layer copies to the host. Launches that a CUDA graph takes
down are not watched: they run later, any number of times.
"""

import importlib
import threading
from types import ModuleType
from typing import Any

import numpy as np

from rnncc.errors import DeviceError
from rnncc.runtime.library import captured

_underway: list[tuple[Any, Any, str]] = []
"""Of each launch that has not been looked at: an event behind it, its flag, the kernel's name."""
_looking = threading.Lock()


def watch(library: ModuleType, meet: Any, name: str) -> None:
    """Look at the flag, `meet[0]`, of the kernel that was launched last on the current stream when it is done."""
    if captured(library):
        return
    flag = importlib.import_module("cupyx").empty_pinned(1, np.int32)
    meet[:1].get(out=flag, blocking=False)
    event = library.cuda.Event(disable_timing=True)
    event.record(library.cuda.get_current_stream())
    with _looking:
        _underway.append((event, flag, name))


def raise_failed(wait: bool = False) -> None:
    """Raise `DeviceError` where a kernel was given up; `wait` for those that still run."""
    if not _underway:
        return
    with _looking:
        known = _underway[:]
        if wait:
            for event, _, _ in known:
                event.synchronize()
        done = [one for one in known if one[0].done]
        _underway[:] = [one for one in _underway if one not in done]
    failed = [name for _, flag, name in done if flag[0]]
    if failed:
        raise DeviceError(
            f"{failed[0]} was given up and its results are wrong: its blocks did not all run at once within seconds; "
            f"something else holds part of the device (another process, MPS, a debugger). Free it and call again, or use device='cpu'"
        )
