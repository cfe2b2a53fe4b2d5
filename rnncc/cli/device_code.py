"""What a cell's kernels become for a CUDA device, without one."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rnncc.cli.machine_code import run_kernel
from rnncc.compiler import Compilation
from rnncc.runtime.cache import Cache
from rnncc.runtime.cuda.assemble import assembled, ptx, sass
from rnncc.runtime.cuda.compiled import Kernel

_MEET = np.zeros(64, np.int32)
_OWNERS, _ROWS = 2, 16


def device_code(made: Compilation, kernel: str, form: str, dtype: str, architecture: str) -> str:
    """The PTX of every kernel of `kernel`, or what `ptxas` makes of it.

    Parameters
    ----------
    kernel
        inference, forward or backward.
    form
        ptx or sass.
    dtype
        float32 or float64.
    architecture
        sm_80, sm_90 …

    Raises
    ------
    DeviceError
        numba-cuda, or a program of the CUDA toolkit, is not installed.
    """
    texts = []
    for found, arguments in launches(made, kernel, dtype):
        code = ptx(found, dtype, arguments, architecture)
        texts.append(code if form == "ptx" else sass(assembled(code, architecture)))
    return "\n".join(texts)


def launches(made: Compilation, kernel: str, dtype: str) -> list[tuple[Kernel, tuple[Any, ...]]]:
    """Every kernel that `kernel` launches, with arguments as of a launch."""
    found: list[tuple[Kernel, tuple[Any, ...]]] = []
    with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"):
        module = Cache(Path(folder)).module(f"{made.spec.name}_cuda", lambda: made.cuda_source)
        vars(module).update(_noting(found, dtype))
        run_kernel(made, module, kernel, dtype)
    number = np.dtype(dtype).type
    typed = [(k, tuple(number(a) if isinstance(a, float) else a for a in given)) for k, given in found]
    return [(k, given) for k, given in typed if k.py_func.__name__.startswith(f"{kernel}_")]


def _noting(found: list[tuple[Kernel, tuple[Any, ...]]], dtype: str) -> dict[str, Callable[..., None]]:
    """Launches that only note what they would launch."""

    def run_loop(kernel: Kernel, sweep: Any, against: bool, _tiles: int, panels: list[Any], *arguments: Any) -> None:
        found.append((kernel, (_MEET, _OWNERS, _ROWS, sweep.live(), against, *[1 for _ in panels], *arguments)))

    def run_units(kernel: Kernel, sweep: Any, against: bool, _units: int, *arguments: Any) -> None:
        found.append((kernel, (sweep.batch, sweep.live(), against, *arguments)))

    def composed(kernel: Kernel, sweep: Any, against: bool, units: int, numbers: int, *arguments: Any) -> Any:
        maps = np.zeros((2, numbers, sweep.batch, units), dtype)
        found.append((kernel, (sweep.batch, sweep.live(), against, maps, *arguments)))
        return maps

    def run_rows(kernel: Kernel, sweep: Any, *arguments: Any) -> None:
        found.append((kernel, (sweep.batch, sweep.live(), *arguments)))

    return {"run_loop": run_loop, "run_units": run_units, "run_rows": run_rows, "composed": composed, "run_chunks": run_units}
