"""Kernels compiled and assembled without a device: what can be said about one by reading its code.

`ptxas`, which comes with `pip install rnncc[cuda]`, turns PTX into a device's machine code and says what that takes.
"""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rnncc.errors import DeviceError
from rnncc.runtime.cuda.compiled import Kernel, target

ARCHITECTURES = ("sm_80", "sm_90")
"""What kernels are built for where no device says it."""
_NUMBERS = {
    "registers": re.compile(r"Used (\d+) registers"),
    "stack": re.compile(r"(\d+) bytes stack frame"),
    "stores": re.compile(r"(\d+) bytes spill stores"),
    "loads": re.compile(r"(\d+) bytes spill loads"),
    "shared": re.compile(r"(\d+) bytes smem"),
}


@dataclass(frozen=True)
class Assembly:
    """What `ptxas` says of a kernel, and the machine code.

    Attributes
    ----------
    registers
        Of a thread.
    stack
        Bytes of memory that a thread has for what found no register: arrays, and what is spilled.
    stores, loads
        Bytes spilled.
    shared
        Bytes of shared memory, without what is asked for at the launch.
    """

    cubin: bytes
    registers: int
    stack: int
    stores: int
    loads: int
    shared: int


def ptx(kernel: Kernel, dtype: str, arguments: Sequence[Any], architecture: str = "sm_80", clustered: bool = False) -> str:
    """The PTX of `kernel` for arguments like these: NumPy's arrays stand for those of a device.

    Parameters
    ----------
    clustered
        Whether the blocks that meet are clusters, from sm_90 on.

    Raises
    ------
    DeviceError
        numba-cuda is not installed.
    """
    number = int(architecture.removeprefix("sm_"))
    return str(target().ptx(kernel.py_func, dtype, arguments, divmod(number, 10), clustered))


def assembled(code: str, architecture: str) -> Assembly:
    """The machine code of a kernel's PTX, which serves its own architecture and younger ones.

    Raises
    ------
    DeviceError
        `ptxas` is not installed.
    subprocess.CalledProcessError
        It does not take the code.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "kernel.ptx", Path(folder) / "kernel.cubin"
        given.write_text(code)
        command = [_tool("ptxas"), "-v", "-arch", architecture, str(given), "-o", str(made)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        found = {name: pattern.search(said) for name, pattern in _NUMBERS.items()}
        return Assembly(made.read_bytes(), **{name: int(number[1]) if number else 0 for name, number in found.items()})


def sass(assembly: Assembly) -> str:
    """The machine code as text.

    Raises
    ------
    DeviceError
        `nvdisasm` is not installed.
    """
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(assembly.cubin)
        file.flush()
        return subprocess.run([_tool("nvdisasm"), "-c", file.name], capture_output=True, text=True, check=True).stdout


@cache
def _tool(name: str) -> str:
    """Where a program of the CUDA toolkit is: in a package of pip's, or on the path."""
    found = target().program(name)
    if found is None:
        raise DeviceError(f"{name} of the CUDA toolkit is not installed: pip install rnncc[cuda]")
    return str(found)
