"""What a run leaves behind: every figure with the machine, the versions and the date, as JSON."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from rnncc.bench.contender import Disagreement
from rnncc.bench.cuda.device import Device
from rnncc.bench.machine import Machine
from rnncc.bench.session import Result, Session
from rnncc.errors import ArgumentError
from rnncc.runtime.atomic import write_atomically
from rnncc.runtime.machine import processor, version_of
from rnncc.runtime.simd import ISA

_PACKAGES = ("rnncc", "numpy", "numba", "llvmlite", "torch", "jax", "jaxlib", "onnxruntime", "numba-cuda", "cupy-cuda13x")


def record(session: Session, machine: Machine | Device, results: Sequence[Result]) -> dict[str, Any]:
    """All figures; times in seconds, rates a second."""
    about = surroundings(machine, session.threads)
    return about | {"plan": asdict(session.plan) | {"dtype": session.dtype}, "results": [_result(r) for r in results]}


def surroundings(machine: Machine | Device, threads: int) -> dict[str, Any]:
    """When, on what and with which versions something was measured with so many threads."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": processor(),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "cores": os.cpu_count(),
            "threads": threads,
            "instruction_set": ISA.name,
            "load_average": os.getloadavg() if hasattr(os, "getloadavg") else None,
            **asdict(machine),
        },
        "versions": {"python": platform.python_version()} | {name: version_of(name) for name in _PACKAGES},
    }


def write_record(path: Path, content: dict[str, Any]) -> None:
    """Write `content` to `path`, all of it or nothing. Raises `ArgumentError` where that cannot be written."""
    try:
        write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
    except OSError as fault:
        raise ArgumentError(f"{path} cannot be written: {fault.strerror}") from None


def disagreements(found: Sequence[Disagreement]) -> list[dict[str, Any]]:
    """Who was not timed, at what, and how far off; null where a value was missing or no number."""
    return [asdict(d) | {"error": d.error if isfinite(d.error) else None} for d in found]


def _result(r: Result) -> dict[str, Any]:
    return {
        "cell": r.problem.cell.name,
        "mode": r.problem.mode,
        "device": r.problem.device,
        "precision": r.problem.precision,
        **asdict(r.problem.shape),
        "contenders": {
            name: {"seconds": entry.timing.best, "blocks": entry.timing.medians, "ready": entry.ready}
            for name, entry in r.entries.items()
        },
        "disagrees": disagreements(r.wrong),
        "best_peer": r.best_peer,
        "ratio": r.ratio,
        "flops": r.flops,
        "limit": r.limit.what,
        "limit_seconds": r.limit.seconds,
        "share": r.share,
        "expected_seconds": r.expected,
        "cost": r.cost,
    }
