"""`rnncc doctor`: what the machine offers and what is missing."""

import os
import platform

import click
from llvmlite import binding

from rnncc.cli.console import print_rows
from rnncc.errors import DeviceError
from rnncc.runtime import cache_directory
from rnncc.runtime.cuda.device import array_library, chip_of, number_of
from rnncc.runtime.machine import processor, version_of
from rnncc.runtime.simd.isa import ISA

_NEEDED = ("numpy", "numba", "llvmlite", "sympy", "safetensors")
_OPTIONAL = {
    "torch": "independent checks and comparisons",
    "onnxruntime": "independent checks and comparisons",
    "onnx": "independent checks and comparisons",
    "jax": "independent checks and comparisons",
    "matplotlib": "rnncc bench --plot",
    "numba-cuda": "kernels for CUDA",
    "cupy-cuda13x": "layers on a CUDA device",
    "pytest": "the tests",
    "hypothesis": "the tests",
}


@click.command()
def command() -> None:
    """Say what this machine offers, what rnncc makes of it, and what is missing.

    \b
    Example:
      rnncc doctor
    """
    print_rows([*_machine(), *_packages(), *_cache()])


def _machine() -> list[tuple[str, ...]]:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [
        ("system", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"),
        ("processor", f"{processor()} (LLVM: {binding.get_host_cpu_name()})"),
        ("cores", f"{usable} of {os.cpu_count()} may be used"),
        ("instruction set", f"{ISA.name}: {ISA.bits // 32} float32 or {ISA.bits // 64} float64 lanes, {ISA.registers} registers"),
        ("bfloat16 weights", "multiplied in pairs with rounded numbers" if ISA.dots else "multiplied as float32"),
        ("CUDA", _cuda()),
    ]


def _cuda() -> str:
    """The device that `device="cuda"` means, or why there is none."""
    try:
        library = array_library()
        device, chip = library.cuda.Device(number_of("cuda")), chip_of(library)
        return f"cuda:{device.id}, compute capability {device.compute_capability}, {chip.multiprocessors} multiprocessors"
    except DeviceError as problem:
        return f"none: {problem}"


def _packages() -> list[tuple[str, ...]]:
    needed: list[tuple[str, ...]] = [("rnncc", version_of("rnncc") or "a checkout that is not installed")]
    needed += [(name, version_of(name) or "missing: install it, rnncc needs it") for name in _NEEDED]
    return needed + [(name, version_of(name) or f"not installed (optional: {use})") for name, use in _OPTIONAL.items()]


def _cache() -> list[tuple[str, ...]]:
    directory = cache_directory.wanted()
    try:
        cache_directory.prepare(directory)
    except OSError as fault:
        return [("kernel cache", f"{directory}: cannot be used, kernels are compiled anew in every process"), ("", str(fault))]
    files = [f for f in directory.rglob("*") if f.is_file()]
    size = sum(f.stat().st_size for f in files) / 1e6
    cells = sum(1 for f in directory.glob("*.py"))
    return [("kernel cache", f"{directory}: {cells} cells, {size:.1f} MB (may be deleted at any time)")]
