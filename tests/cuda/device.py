"""A stand-in for CuPy: NumPy arrays that, like those of a device, refuse to be taken for arrays of the host.

What is computed is NumPy's. What is shown is that every array comes from the right library: a NumPy array among its operands is an
error here, as it is there. Memory of any content holds NaN.
"""

import itertools
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from tests.cuda import cublas

_SHOWN = ("shape", "dtype", "ndim", "size", "strides", "nbytes", "itemsize", "flags")
_ENTRANCES = ("asarray", "array")
"""Functions that take host arrays."""


class ndarray(NDArrayOperatorsMixin):
    """An array of the device."""

    __module__ = "cupy"
    __hash__ = None

    def __init__(self, host, number=0):
        assert type(host) is np.ndarray
        self._host, self._root, self.device = host, None, SimpleNamespace(id=number)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(self._host, name)
        if name in _SHOWN:
            return found
        return on_device(found, of=self) if callable(found) else self._view(wrapped(found))

    def __getitem__(self, index):
        return self._view(wrapped(self._host[unwrapped(index)]))

    def _view(self, made):
        """`made`, which holds on to this array where it is a view of it."""
        if isinstance(made, ndarray) and np.may_share_memory(made._host, self._host):
            made._root = self if self._root is None else self._root
        return made

    def __setitem__(self, index, value):
        self._host[unwrapped(index)] = unwrapped(value)

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return (wrapped(part) for part in self._host)

    def __bool__(self):
        return bool(self._host)

    def __float__(self):
        return float(self._host)

    def __int__(self):
        return int(self._host)

    def __array__(self, *_args, **_keywords):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        return on_device(getattr(ufunc, method))(*inputs, **keywords)

    def __array_function__(self, func, _types, args, keywords):
        return on_device(func)(*args, **keywords)

    def __reduce__(self):
        return (ndarray, (self._host,))

    @property
    def __cuda_array_interface__(self):
        return {"version": 3}

    def __dlpack_device__(self):
        return (2, self.device.id)

    def __dlpack__(self, stream=None):
        return self._host

    def get(self, out=None, **_keywords):
        if out is None:
            return self._host.copy()
        out[...] = self._host
        return out

    @property
    def data(self):
        return SimpleNamespace(ptr=self._host.ctypes.data)

    @property
    def base(self):
        return self._root


def on_device(function, *, entrance=False, of=None):
    """`function` of NumPy on arrays of the device, or one of `of`, which results may be views of."""

    def run(*args, **keywords):
        taken = entered if entrance else unwrapped
        out = keywords.get("out")
        found = function(*(taken(a) for a in args), **{k: taken(v) for k, v in keywords.items()})
        if isinstance(out, tuple):
            return out[0]
        made = wrapped(found) if out is None else out
        return made if of is None else of._view(made)

    return run


def wrapped(value):
    """What a function gives: its arrays as those of the device, numbers as arrays without axes."""
    if isinstance(value, np.ndarray):
        return ndarray(value.view(np.ndarray))
    if isinstance(value, np.generic):
        return ndarray(np.array(value))
    return type(value)(wrapped(v) for v in value) if isinstance(value, list | tuple) else value


def unwrapped(value):
    """Arguments of a function of the host; arrays of the host among them are refused, as CuPy does."""
    match value:
        case ndarray():
            return value._host
        case np.ndarray() if value.ndim > 0:
            raise TypeError(f"Unsupported type {type(value)}")
        case list() | tuple():
            return type(value)(map(unwrapped, value))
        case _:
            return value


def entered(value):
    """As `unwrapped`, where arrays of the host are welcome."""
    return value.copy() if isinstance(value, np.ndarray) else unwrapped(value)


def new(shape, dtype=np.float64, **_keywords):
    """Memory of any content."""
    made = np.empty(shape, dtype)
    if made.dtype.kind == "f":
        made[...] = np.nan
    return ndarray(made)


_current = SimpleNamespace(stream=None)
_pointers = itertools.count(1000)


class Stream:
    """A stream: work on it is done at once."""

    def __init__(self, ptr=None, non_blocking=True):
        self.ptr, self.waited = next(_pointers) if ptr is None else ptr, []

    def is_capturing(self):
        return False

    def record(self, event):
        event.record(self)
        return event

    def wait_event(self, event):
        self.waited.append(event.stream.ptr)

    def __enter__(self):
        self._before, _current.stream = _current.stream, self
        return self

    def __exit__(self, *_exception):
        _current.stream = self._before


class _Library(ModuleType):
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(np, name)
        if isinstance(found, type):
            return found
        return on_device(found, entrance=name in _ENTRANCES)


def library():
    """The module in CuPy's place."""
    made = _Library("cupy")
    made.ndarray = ndarray
    made.empty = new
    made.asnumpy = lambda array: array.get() if isinstance(array, ndarray) else np.asarray(array)
    made.from_dlpack = lambda given: ndarray(given.__dlpack__(stream=_current.stream.ptr))
    made.cuda = cuda()
    return made


MULTIPROCESSORS, SHARED, CACHE, CLOCK = 6, 99 << 10, 1 << 10, 10**6
"""Of the device: bytes of shared memory a block and of the second-level cache, kHz."""
CLUSTERS = 0
"""Whether its blocks can be clusters."""
clock = SimpleNamespace(now=0.0)
"""The device's time in seconds; it goes by when somebody says so."""


def cuda(count=2, capability="90"):
    """What of CuPy's `cuda` is used."""
    current = SimpleNamespace(number=0)
    _current.stream = null = Stream(0)

    def chosen(number=None):
        return Device(current, current.number if number is None else number, capability)

    runtime = SimpleNamespace(
        getDeviceCount=lambda: count,
        deviceGetAttribute=lambda what, _number: {13: CLOCK, 16: MULTIPROCESSORS, 38: CACHE, 97: SHARED, 120: CLUSTERS}[what],
        getDeviceProperties=lambda _number: {"name": b"Stand-in"},
        driverGetVersion=lambda: 13010,
        runtimeGetVersion=lambda: 13000,
        CUDARuntimeError=RuntimeFault,
    )
    return SimpleNamespace(
        cublas=cublas,
        Device=chosen,
        Event=Event,
        ExternalStream=Stream,
        Stream=type("Stream", (Stream,), {"null": null}),
        get_current_stream=lambda: _current.stream,
        MemoryPool=MemoryPool,
        using_allocator=using_allocator,
        get_elapsed_time=lambda start, end: 1e3 * (end.time - start.time),
        runtime=runtime,
    )


class MemoryPool:
    """Memory that is nobody else's."""

    def malloc(self, size):
        raise NotImplementedError("arrays of the stand-in are NumPy's")


allocators = [None]
"""Whose memory arrays are made in, that of the innermost `using_allocator` last; None for the default."""


@contextmanager
def using_allocator(allocator):
    allocators.append(allocator)
    yield
    allocators.pop()


class Event:
    """A mark on a stream."""

    def __init__(self, disable_timing=False):
        self.done = True

    def record(self, stream=None):
        self.stream, self.time = _current.stream if stream is None else stream, clock.now

    def synchronize(self):
        self.done = True


class RuntimeFault(RuntimeError):
    """An answer of the CUDA runtime."""

    def __init__(self, status):
        super().__init__(f"cudaError {status}")
        self.status = status


class Device:
    """A device; within it, the current one."""

    def __init__(self, current, number, capability):
        self.id, self.compute_capability, self._current = number, capability, current
        self.cublas_handle = number + 1

    def synchronize(self):
        pass

    def __enter__(self):
        self._before, self._current.number = self._current.number, self.id
        return self

    def __exit__(self, *_exception):
        self._current.number = self._before


class Tensor:
    """A tensor of PyTorch on a device."""

    def __init__(self, host, number=0, requires_grad=False):
        self.host, self.number, self.requires_grad = host, number, requires_grad

    @property
    def dtype(self):
        return f"torch.{self.host.dtype}"

    def view(self, dtype):
        return Tensor(self.host.view(dtype), self.number)

    def detach(self):
        return Tensor(self.host, self.number)

    def cpu(self):
        return self.host

    @property
    def __cuda_array_interface__(self):
        return {"version": 3}

    def __dlpack_device__(self):
        return (2, self.number)

    def __dlpack__(self, stream=None):
        assert not self.requires_grad
        return self.host


def torch(stream):
    """The module in PyTorch's place, its current stream number `stream`."""
    made = ModuleType("torch")
    made.Tensor, made.int16 = Tensor, np.int16
    made.from_dlpack = lambda array: Tensor(array.__dlpack__())
    made.cuda = SimpleNamespace(current_stream=lambda _device: SimpleNamespace(cuda_stream=stream))
    return made
