"""Methods of a cell do not raise mistakes: they record them."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast

from rnncc.spec.fault import Mistake

if TYPE_CHECKING:
    from rnncc.spec.cell import Cell

P = ParamSpec("P")


def recorded(method: "Callable[Concatenate[Cell, P], Any]") -> "Callable[Concatenate[Cell, P], Any]":
    """A mistake is recorded with its place, and the poison value stands in for the result."""

    @wraps(method)
    def run(self: "Cell", *args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Mistake as mistake:
            return self.report(mistake)

    return cast("Callable[Concatenate[Cell, P], Any]", run)
