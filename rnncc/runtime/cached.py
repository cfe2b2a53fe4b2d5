"""Values that an object computes once."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class Cached(Generic[T]):
    """As `functools.cached_property`, without the lock that it has up to Python 3.11.

    That one is held while a value is computed, for all objects of a class: a child that is forked meanwhile waits for it for ever.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "Cached[T]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> "Cached[T] | T":
        """The value, from then on in the object's own dict."""
        if instance is None:
            return self
        value = vars(instance)[self._name] = self._compute(instance)
        return value
