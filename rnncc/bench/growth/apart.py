"""A measurement in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnncc.errors import InternalError

_ROOT = Path(__file__).parents[3]


def apart(job: str, environment: Mapping[str, str], **arguments: Any) -> dict[str, float]:
    """What `rnncc.bench.growth.jobs` finds when it does `job` with `arguments`; `environment` is added to this process's own.

    Raises `InternalError` where that process fails, with the end of what it said.
    """
    # large arrays go back to the system at once, so that what a process has is what it needs
    fixed = {"MALLOC_MMAP_THRESHOLD_": str(1 << 16)}
    paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "rnncc.bench.growth.jobs", job, json.dumps(arguments)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": paths, **fixed, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InternalError(f"measuring {job} of {arguments} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
