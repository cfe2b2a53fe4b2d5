"""What this process runs on: the processor, and the packages that are installed."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def processor() -> str:
    """What the processor is called."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def version_of(package: str) -> str | None:
    """The installed version of `package`, or None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
