"""cuBLAS while a CUDA graph is taken down.

CuPy refuses each of its functions on a stream that is captured. cuBLAS itself takes part, as long as no number of a result goes to the
host, and reads what it scales by at the call. So it is called here past CuPy, with the handle that CuPy has for the device.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from rnncc.errors import DeviceError
from rnncc.runtime.cuda.compiled import target

_NUMBER, _ADDRESS = ctypes.c_int, ctypes.c_void_p
_ARGUMENTS = (
    *(_ADDRESS, _NUMBER, _NUMBER, _NUMBER, _NUMBER, _NUMBER, _ADDRESS),
    *(_ADDRESS, _NUMBER, _NUMBER, _ADDRESS, _NUMBER, _NUMBER),
    *(_ADDRESS, _ADDRESS, _NUMBER, _NUMBER, _NUMBER, _NUMBER),
)
"""Of cublasGemmEx: handle, how to read a and b, sizes, what to scale by; a and b; what to scale by, c, computation and algorithm."""


def gemm_in_graph(library: ModuleType) -> Callable[..., None]:
    """As CuPy's `gemmEx`, on the stream that is captured. Raises `DeviceError` where cuBLAS does not take part."""
    stream = library.cuda.get_current_stream().ptr

    def gemm(handle: int, *arguments: int) -> None:
        cublas = _loaded()
        _expect(cublas.cublasSetStream_v2(_ADDRESS(handle), _ADDRESS(stream)))
        given = (kind(value) for kind, value in zip(_ARGUMENTS, (handle, *arguments), strict=True))
        _expect(cublas.cublasGemmEx(*given))

    return gemm


def _expect(status: int) -> None:
    if status:
        raise DeviceError(
            f"cuBLAS answers {status} while a CUDA graph is taken down: call the layer once on this stream before the capture begins"
        )


@cache
def _loaded() -> Any:
    """The library that CuPy has loaded."""
    return ctypes.CDLL(target().shared_library("cublas"))
