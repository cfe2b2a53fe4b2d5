"""The public door: a cell by name, by path or as a `Cell`, and out comes a layer of it."""

import functools
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from rnncc.runtime.layer import Layer

if TYPE_CHECKING:
    from rnncc.spec import Cell

CellLike: TypeAlias = "str | os.PathLike[str] | Cell"


class _AnyCell(type):
    """Calling the class makes a layer of the class generated for a cell; a layer of any cell is an instance."""

    def __call__(cls, cell: CellLike, input_size: int, hidden_size: int, num_layers: int = 1, **keywords: Any) -> Layer:
        generated, options = find_class(cell, keywords)
        layer = generated(input_size, hidden_size, num_layers, **keywords)
        layer.origin = functools.partial(_restored, cell, options)
        return layer

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Layer)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, Layer)


class RNN(Layer, metaclass=_AnyCell):
    """`RNN(cell, input_size, hidden_size, num_layers=1, **keywords)`: layers of `cell`.

    Parameters
    ----------
    cell
        A name of the catalogue, a path to a spec file, or a `Cell`. Its kernels are compiled on first use and kept on disk.
    input_size, hidden_size, num_layers, keywords
        As of `Layer`: bias, bidirectional, batch_first, dropout, checkpoint, dtype, weight_dtype, device, threads, seed, and the cell's
        own sizes, constants and options.

    Raises
    ------
    SpecError
        Where the spec is wrong.
    ArgumentError, DtypeError, DeviceError
        For an unknown cell or arguments that are not served.
    """


def find_class(cell: CellLike, keywords: Mapping[str, Any]) -> tuple[type[Layer], dict[str, Any]]:
    """The generated class of `cell`, and those of `keywords` that are its options.

    Which keywords are options only the cell knows, and an option may bring further ones: so it is asked until no more are found.
    """
    from rnncc.modules import load_module  # lazy, since it brings Numba: `import rnncc` stays quick

    options: dict[str, Any] = {}
    while True:
        module = load_module(cell, options)
        new = {name: value for name, value in keywords.items() if name in module.CELL.options and name not in options}
        if not new:
            return getattr(module, module.CELL.name), options
        options = options | new


def _restored(cell: CellLike, options: Mapping[str, Any], *arguments: Any) -> Layer:
    """A pickled layer: its class has no name that another process could import, so it is found by its cell."""
    generated, _ = find_class(cell, options)
    layer = generated.restored(*arguments)
    layer.origin = functools.partial(_restored, cell, options)
    return layer
