"""The caller's arrays: taken without a copy, on the caller's stream, and given back as what the caller works with.

PyTorch's tensors go both ways by DLPack, and work is put on PyTorch's current stream. Everything else that lies on the device comes in
by DLPack or `__cuda_array_interface__`, is worked on in CuPy's current stream, and leaves as CuPy's arrays.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from rnncc.errors import DeviceError
from rnncc.runtime.cuda.graph_memory import graph_memory
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import on_device

_CUDA = (2, 13)
"""DLPack's numbers for memory of a CUDA device, and for memory that it manages."""


@dataclass(frozen=True)
class Caller:
    """Whose arrays a call has been given, and the device of the layer.

    Parameters
    ----------
    library
        CuPy.
    device
        Number of the device.
    torch
        PyTorch, where the caller gave its tensors; else None.
    """

    library: ModuleType
    device: int
    torch: ModuleType | None

    @classmethod
    def of(cls, library: ModuleType, device: int, given: Any) -> "Caller":
        """Whoever gave `given`, an array or a dict of arrays of which the first one tells."""
        first = next(iter(given.values()), None) if isinstance(given, Mapping) else given
        torch = sys.modules.get("torch")
        return cls(library, device, torch if torch is not None and isinstance(first, torch.Tensor) else None)

    @contextmanager
    def working(self) -> Iterator[None]:
        """On the layer's device, in the caller's stream, with memory of its own where that is captured."""
        with self.library.cuda.Device(self.device), self._stream(), graph_memory(self.library):
            yield

    def _stream(self) -> AbstractContextManager[Any]:
        if self.torch is None:
            return nullcontext()
        pointer, cuda = self.torch.cuda.current_stream(self.device).cuda_stream, self.library.cuda
        found: AbstractContextManager[Any] = cuda.ExternalStream(pointer) if pointer else cuda.Stream.null
        return found

    def taken(self, value: Any, what: str) -> Any:
        """`value` with every array in it, or in a dict of them, as an array of CuPy over the same memory; the rest as it is.

        Raises `DeviceError` for an array that lies elsewhere.
        """
        if isinstance(value, Mapping):
            return {key: self.taken(part, f"{what}[{key!r}]") for key, part in value.items()}
        if isinstance(value, self.library.ndarray):
            self._expect_here(value.device.id, what)
            return value
        if hasattr(value, "__dlpack_device__"):
            kind, number = value.__dlpack_device__()
            self._expect_here(int(number) if int(kind) in _CUDA else None, what)
            return self.library.from_dlpack(value.detach() if hasattr(value, "detach") else value)
        return self.library.asarray(value) if on_device(value) else value

    def entered(self, value: Any, what: str) -> Any:
        """As `taken`, of what goes through the layers."""
        return self.taken(value, what)

    def issued(self, value: Any) -> Any:
        """As `left`, of what comes out of the layers."""
        return self.left(value)

    def left(self, value: Any) -> Any:
        """`value` with every array in it, or in dicts and tuples of them, as the caller works with it, over the same memory."""
        if isinstance(value, dict):
            return {key: self.left(part) for key, part in value.items()}
        if isinstance(value, tuple):
            return tuple(map(self.left, value))
        if self.torch is None or not isinstance(value, self.library.ndarray):
            return value
        return self.torch.from_dlpack(value)

    def _expect_here(self, number: int | None, what: str) -> None:
        if number != self.device:
            found = "the host" if number is None else f"cuda:{number}"
            raise DeviceError(f"{what}: found an array on {found}, and the layer is on cuda:{self.device}; copy it there first")


def on_host(value: Any) -> Any:
    """`value`, lengths or a dict of them: an array of a device copied to the host, which waits for it; all else as it is."""
    if isinstance(value, Mapping):
        return {key: on_host(part) for key, part in value.items()}
    if not on_device(value):
        return value
    if hasattr(value, "get"):
        return value.get()
    return value.cpu() if hasattr(value, "cpu") else np.asarray(value)


def numbers(library: ModuleType, value: Any) -> Array:
    """What a caller assigns to a parameter, from the host or a device, as an array of `library`."""
    given = value.detach() if hasattr(value, "detach") else value
    if on_device(given) and hasattr(given, "__dlpack__"):
        found: Array = library.from_dlpack(given)
    else:
        found = library.asarray(given.numpy() if hasattr(given, "numpy") else given)
    return found
