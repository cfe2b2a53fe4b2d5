"""The public door: a cell by name, by path or as a `Cell`, and out comes a layer of it."""

import functools
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from rnncc.runtime.layer import Layer
from rnncc.runtime.settings import Settings, as_device
from rnncc.runtime.transforms import Structure, asked_for

if TYPE_CHECKING:
    from rnncc.spec import Cell

CellLike: TypeAlias = "str | os.PathLike[str] | Cell"


class _AnyCell(type):
    """Calling the class makes a layer of the class generated for a cell; a layer of any cell is an instance."""

    def __call__(cls, cell: CellLike, input_size: int, hidden_size: int, num_layers: int = 1, **keywords: Any) -> Layer:
        asked = asked_for(keywords)
        device = as_device(asked.keywords.get("device", "cpu"))
        generated, options = find_class(cell, asked.keywords, asked.structure, device)
        layer = generated(input_size, hidden_size, num_layers, **asked.keywords)
        layer.origin = functools.partial(_restored, cell, options, asked.structure)
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
        As of `Layer`: bias, bidirectional, batch_first, dropout, checkpoint, residual, truncate, dtype, weight_dtype, device,
        precision, threads, seed, and the cell's own sizes, constants and options. And transforms of any cell:

        layer_norm=True
            Each sum of products that a gate reads is normalised over its units (Ba et al. 2016), with a gain, and a shift where it has
            no bias.
        preactivation_clip, state_clip
            A bound: what functions of a step are applied to, or the states, stay within it on either side.
        input_dropout, recurrent_dropout
            A probability: inverted dropout of what weights are multiplied with, one mask a sequence (Gal & Ghahramani 2016).
        weight_drop
            A probability: inverted dropout of the recurrent weights, one mask a call (Wan et al. 2013, Merity et al. 2018).
        zoneout
            A probability: units of a state keep their value, drawn anew every step (Krueger et al. 2017).
        reset=True
            A further input `reset` (T, N): where it is above 0, states begin anew before that step.
        learn_initial=True
            The states of a sequence begin with parameters, `h_first` for `h`.
        highway=True
            Each layer puts out `t * y + (1 - t) * (P @ x)`, t a gate that reads its input x, P the identity at first (Srivastava et al.
            2015).
        reversible=True
            Of a cell whose step can be undone (`rnncc show` says so): the backward pass computes states anew from the last ones, the
            forward pass keeps nothing over time but the input. Gradients differ by the rounding of the way back.

        Of `state_clip` and `zoneout` a dict gives one number a state. Bounds and probabilities are `constants` of the layer. Random
        masks act in `vjp` alone; else they are their expectation.

    Raises
    ------
    SpecError
        Where the spec is wrong.
    ArgumentError, DtypeError, DeviceError
        For an unknown cell or arguments that are not served.
    """


def find_class(
    cell: CellLike, keywords: Mapping[str, Any], transforms: Mapping[str, Structure] | None = None, device: str = "cpu"
) -> tuple[type[Layer], dict[str, Any]]:
    """The generated class of `cell` under `transforms` for layers on `device`, and those of `keywords` that are its options.

    Which keywords are options only the cell knows, and an option may bring further ones: so it is asked until no more are found.
    """
    from rnncc.modules import load_module  # lazy, since it brings Numba: `import rnncc` stays quick
    from rnncc.runtime.cuda.device import number_of

    target = device.partition(":")[0]
    if target == "cuda":
        number_of(device)  # before anything is compiled for it
    options: dict[str, Any] = {}
    while True:
        module = load_module(cell, options, transforms, target)
        new = {name: value for name, value in keywords.items() if name in module.CELL.options and name not in options}
        if not new:
            return getattr(module, module.CELL.name), options
        options = options | new


def _restored(
    cell: CellLike, options: Mapping[str, Any], transforms: Mapping[str, Structure], settings: Settings, *arguments: Any
) -> Layer:
    """A pickled layer: its class has no name that another process could import, so it is found by its cell."""
    generated, _ = find_class(cell, options, transforms, settings.device)
    layer = generated.restored(settings, *arguments)
    layer.origin = functools.partial(_restored, cell, options, transforms)
    return layer
