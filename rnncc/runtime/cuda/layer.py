"""Layers on a CUDA device: what they are given, and give, lies there, and so do their parameters."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, ClassVar

from rnncc.runtime.cell_info import CellInfo
from rnncc.runtime.cuda.device import array_library, chip_of, number_of
from rnncc.runtime.cuda.flags import raise_failed
from rnncc.runtime.cuda.half import HalfCaller
from rnncc.runtime.cuda.interop import Caller, on_host
from rnncc.runtime.cuda.parameters import DeviceParameters, DeviceStore
from rnncc.runtime.cuda.stack import DeviceStack
from rnncc.runtime.cuda.stream import DeviceStream
from rnncc.runtime.kernels import Array, Kernel
from rnncc.runtime.layer import Layer, Result
from rnncc.runtime.layer import layer_class as derived
from rnncc.runtime.one_step import one_step
from rnncc.runtime.parameters import ParameterStore
from rnncc.runtime.pullback import Gradients, Pullback
from rnncc.runtime.settings import Settings
from rnncc.runtime.stack import Stack


@dataclass(frozen=True)
class DevicePullback:
    """As `Pullback`, for a caller whose arrays are on a device. Called in another stream than the call, each waits for the other:
    what the call keeps is its stream's memory.

    Parameters
    ----------
    pullback
        Of CuPy's arrays.
    caller
        Who made the call.
    stream, made
        The stream of the call, and an event behind it.
    """

    pullback: Pullback
    caller: Caller
    stream: Any
    made: Any

    @property
    def nbytes(self) -> int:
        """Bytes kept for the backward pass: inputs, states, residuals, masks, and the parameters of the call."""
        return self.pullback.nbytes

    @property
    def batch_means(self) -> dict[str, Array]:
        """As of `Pullback`."""
        with self.caller.working():
            found: dict[str, Array] = self.caller.left(self.pullback.batch_means)
            return found

    def __call__(self, dy: object, dstate: Mapping[str, object] | None = None) -> Gradients:
        """Gradients of ⟨dy, y⟩ + ⟨dstate, state⟩; see `Pullback`."""
        raise_failed()
        with self.caller.working():
            own = self.caller.library.cuda.get_current_stream()
            own.wait_event(self.made)
            found = self.pullback(self.caller.entered(dy, "dy"), self.caller.taken(dstate, "dstate"))
            self.stream.wait_event(own.record(self.caller.library.cuda.Event(disable_timing=True)))
            return Gradients(self.caller.issued(found.x), self.caller.left(found.state), self.caller.left(found.params))


class DeviceLayer(Layer):
    """As `Layer`; see its parameter `device`.

    Calls return before the device has done their work. A kernel that had to be given up is an error of the next call, or of whatever
    copies parameters to the host. Random masks are drawn on the host, the same as on the processor.
    """

    target: ClassVar[str] = "cuda"
    stack: ClassVar[type[Stack]] = DeviceStack

    def _assemble(self, settings: Settings, store: ParameterStore, constants: Mapping[str, float], key: int) -> None:
        self._number = number_of(settings.device)
        masters = tuple(self._placed(master) for master in store.masters)
        placed = DeviceStore(store.geometry, store.bias, masters, settings.tf32)
        super()._assemble(replace(settings, threads=1), placed, constants, key)

    def __call__(self, x: Any, state: Any = None, lengths: object = None, memory_lengths: object = None) -> Result:
        with self._called(x) as caller:
            given = caller.entered(x, "x"), caller.taken(state, "state"), on_host(lengths), on_host(memory_lengths)
            y, final = super().__call__(*given)
            return caller.issued(y), caller.left(final)

    def vjp(  # type: ignore[override]
        self,
        x: Any,
        state: Any = None,
        lengths: object = None,
        train: bool = True,
        key: int | None = None,
        checkpoint: int | None = None,
        memory_lengths: object = None,
    ) -> tuple[Result, DevicePullback]:
        with self._called(x) as caller:
            given = caller.entered(x, "x"), caller.taken(state, "state"), on_host(lengths)
            (y, final), pullback = super().vjp(*given, train, key, checkpoint, on_host(memory_lengths))
            stream = self.library.cuda.get_current_stream()
            made = stream.record(self.library.cuda.Event(disable_timing=True))
            return (caller.issued(y), caller.left(final)), DevicePullback(pullback, caller, stream, made)

    def trace(
        self,
        x: Any,
        names: str | Iterable[str] | None = None,
        state: Any = None,
        lengths: object = None,
        memory_lengths: object = None,
    ) -> dict[str, Array]:
        with self._called(x) as caller:
            given = caller.entered(x, "x"), names, caller.taken(state, "state"), on_host(lengths), on_host(memory_lengths)
            return caller.left(super().trace(*given))

    def stream(  # type: ignore[override]
        self, batch: int = 1, memory: object = None, memory_lengths: object = None
    ) -> DeviceStream:
        with self._called(memory) as caller:
            given = caller.entered(memory, "memory"), on_host(memory_lengths)
            step, memories = one_step(self._store.geometry, self.dtype, batch, *given, self.library)
            return DeviceStream(self._stack(step, memories, inferring=True), self.dtype, caller)

    def update_batch_means(self, means: Mapping[str, Any], momentum: float = 0.1) -> None:
        with self._called(means) as caller:
            super().update_batch_means(caller.taken(means, "means"), momentum)

    @property
    def params(self) -> dict[str, Array]:
        return DeviceParameters(self._store.named)

    @property
    def library(self) -> ModuleType:
        return array_library()

    @contextmanager
    def _called(self, x: Any) -> Iterator[Caller]:
        raise_failed()
        kind = HalfCaller if self._settings.bfloat16 else Caller
        caller = kind.of(self.library, self._number, x)
        with caller.working():
            yield caller

    def _on_host(self, array: Array) -> Array:
        found: Array = self.library.asnumpy(array)
        raise_failed(wait=True)
        return found

    def _placed(self, array: Array) -> Array:
        with self.library.cuda.Device(self._number):
            found: Array = self.library.asarray(array)
        return found

    def _machine(self) -> list[tuple[str, str]]:
        with self.library.cuda.Device(self._number):
            chip = chip_of(self.library)
        found = f"cuda:{self._number}, {chip.multiprocessors} multiprocessors, {chip.shared:,} bytes of shared memory a block"
        return [("device", found), ("precision", self._settings.precision)]


def layer_class(cell: CellInfo, inference: Kernel, forward: Kernel, backward: Kernel, trace: Kernel) -> type[Layer]:
    """The layer class of a generated module, named as its cell."""
    return derived(cell, inference, forward, backward, trace, DeviceLayer)
