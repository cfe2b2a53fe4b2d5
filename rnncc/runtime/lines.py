"""What functions of generated modules see of whoever takes down what they do: a record, or a layer that is cut in time first."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray


class Once(Protocol):
    """Takes down what has no steps."""

    def call(
        self, function: Callable[..., Any], bounds: Sequence[int], *arguments: Any, writes: Sequence[NDArray[Any]] | None = None
    ) -> None:
        """As of `runtime.record.Record`."""

    def copy(self, target: NDArray[Any], source: NDArray[Any]) -> None:
        """As of `runtime.record.Record`."""


class Lines(Protocol):
    """Takes down kernels and copies that go through all of time."""

    @property
    def before(self) -> Once:
        """For what is done before the first step."""

    @property
    def after(self) -> Once:
        """For what is done after the last."""

    def of(self, layer: int) -> "Lines":
        """For what layer number `layer` does."""

    def varies(self, array: NDArray[Any]) -> None:
        """The first axis of `array` is time."""

    def call(self, function: Callable[..., Any], bounds: Sequence[int], *arguments: Any) -> None:
        """As of `runtime.record.Record`, of the rows of a step or of all of time."""

    def call_meeting(self, function: Callable[..., Any], count: int, *arguments: Any) -> None:
        """As of `runtime.record.Record`."""

    def copy(self, target: NDArray[Any], source: NDArray[Any]) -> None:
        """As of `runtime.record.Record`, of streams (T, N, …)."""

    def shares(self, number: int) -> list[int]:
        """Where what each thread takes of `number` things begins, and the end."""
