"""How much memory a process has, as Linux counts it."""

from collections.abc import Callable
from pathlib import Path

_STATUS = Path("/proc/self/status")
_MARKS = Path("/proc/self/clear_refs")
_FORGET_PEAK = "5"


def countable() -> bool:
    """Whether this system says how much memory a process has had at most."""
    return _STATUS.exists() and _MARKS.exists()


def peak_of(call: Callable[[], object]) -> int:
    """Bytes that this process has at most while `call` runs, beyond those it had before."""
    _MARKS.write_text(_FORGET_PEAK)
    before = _field("VmRSS")
    call()
    return _field("VmHWM") - before


def _field(name: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return 1024 * int(line.split()[1])
