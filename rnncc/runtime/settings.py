"""What a layer is made with, checked and in one form."""

import os
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnncc.errors import ArgumentError, DeviceError, DtypeError
from rnncc.runtime.keywords import flag, number, whole

DTYPES = ("float32", "float64")
WEIGHT_DTYPES = ("float32", "bfloat16")
PRECISIONS = ("exact", "tf32")


@dataclass(frozen=True)
class Settings:
    """Arguments of a layer; None means of `threads` the cores of the machine it runs on, of `checkpoint` that all is kept, of
    `weight_dtype` that weights are read in `dtype`, of `truncate` that cotangents pass every step.

    Raises
    ------
    ArgumentError, DtypeError, DeviceError
        For a value that is not served, saying which are.
    """

    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    bidirectional: bool
    batch_first: bool
    dropout: float
    dtype: np.dtype[Any]
    device: str
    threads: int | None
    seed: int
    sizes: dict[str, int] = field(default_factory=dict)
    checkpoint: int | None = None
    weight_dtype: str | None = None
    residual: bool = False
    truncate: int | None = None
    precision: str = "exact"
    bfloat16: bool = False
    """What goes through the layers, and weights of products, are bfloat16; then `dtype` is that of all else."""

    def __post_init__(self) -> None:
        checked: dict[str, object] = {name: whole(name, getattr(self, name), 1) for name in ("input_size", "hidden_size", "num_layers")}
        checked |= {name: flag(name, getattr(self, name)) for name in ("bias", "bidirectional", "batch_first", "residual")}
        half = self.bfloat16 or _names_bfloat16(self.dtype)
        dtype = _beside_bfloat16(self) if half else as_dtype(self.dtype)
        checked |= {"dropout": _rate(self.dropout), "dtype": dtype, "bfloat16": half, "seed": whole("seed", self.seed, 0)}
        checked |= {
            name: whole(name, getattr(self, name), 1)
            for name in ("threads", "checkpoint", "truncate")
            if getattr(self, name) is not None
        }
        checked |= {"weight_dtype": _weight_dtype(self.weight_dtype, dtype)}
        as_device(self.device)
        _check_precision(self.precision, self.device, dtype)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def shown_dtype(self) -> str:
        """As it was asked for."""
        return "bfloat16" if self.bfloat16 else self.dtype.name

    @property
    def tf32(self) -> bool:
        """Whether products of whole sequences round to TF32, which has every number of bfloat16."""
        return self.bfloat16 or self.precision == "tf32"

    @property
    def directions(self) -> int:
        """D."""
        return 2 if self.bidirectional else 1


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fresh_seed() -> int:
    """A seed from the system's entropy."""
    return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])


def as_dtype(dtype: object) -> np.dtype[Any]:
    """`dtype` as float32 or float64 in native byte order, else `DtypeError`."""
    try:
        found = np.dtype(dtype).newbyteorder("=")  # type: ignore[call-overload]
    except TypeError as problem:
        raise DtypeError(f"dtype={dtype!r}: {problem}; expected {' or '.join(DTYPES)}") from problem
    if dtype is None or found.name not in DTYPES:
        raise DtypeError(f"dtype={dtype!r} is not served; expected {' or '.join(DTYPES)}")
    return found


def _names_bfloat16(dtype: object) -> bool:
    return (dtype if isinstance(dtype, str) else getattr(dtype, "name", None)) == "bfloat16"


def _beside_bfloat16(s: Settings) -> np.dtype[Any]:
    """What is not bfloat16 where `dtype` is; raises where that is not served or something else is asked for as well."""
    if s.device == "cpu":
        raise DtypeError("dtype='bfloat16' is for a CUDA device; on the processor there is weight_dtype='bfloat16', for evaluation")
    if s.weight_dtype is not None or s.precision != "exact":
        raise ArgumentError(
            f"dtype='bfloat16' says how weights are multiplied, found weight_dtype={s.weight_dtype!r}, precision={s.precision!r}; "
            f"leave them out"
        )
    return np.dtype(np.float32)


def _weight_dtype(given: object, dtype: np.dtype[Any]) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or given not in WEIGHT_DTYPES:
        raise ArgumentError(f"weight_dtype={given!r} is not served; expected None, {' or '.join(map(repr, WEIGHT_DTYPES))}")
    if dtype != np.float32:
        raise ArgumentError(f"weight_dtype={given!r} is for layers of float32, found dtype={dtype.name!r}; leave one of them out")
    return None if given == dtype.name else given


def _rate(dropout: object) -> float:
    rate = number("dropout", dropout)
    if not 0 <= rate <= 1:
        raise ArgumentError(f"dropout={rate}; expected a probability from 0 to 1")
    return rate


def as_device(device: object) -> str:
    """`device`, "cpu", "cuda" or "cuda:1", else `DeviceError`."""
    if not isinstance(device, str) or not re.fullmatch(r"cpu|cuda(:\d{1,4})?", device):
        raise DeviceError(f"device={device!r} is not served; expected 'cpu', 'cuda', or one of several as 'cuda:1'")
    return device


def _check_precision(precision: object, device: str, dtype: np.dtype[Any]) -> None:
    if precision not in PRECISIONS:
        raise ArgumentError(f"precision={precision!r} is not served; expected {' or '.join(map(repr, PRECISIONS))}")
    if precision != "exact" and (device == "cpu" or dtype != np.float32):
        raise ArgumentError(
            f"precision={precision!r} is for float32 on a CUDA device, found dtype={dtype.name!r}, device={device!r}; leave it out"
        )
