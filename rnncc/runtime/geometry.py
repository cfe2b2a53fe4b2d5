"""How large everything in a stack of layers is, and what its parts are called."""

import math
from dataclasses import dataclass, field

from rnncc.errors import ArgumentError
from rnncc.runtime.blocks import axis_length
from rnncc.runtime.cached import Cached
from rnncc.runtime.cell_info import Axes, CellInfo

_A_UNIT = 64
"""So many weights take as long as the functions of a unit."""


@dataclass(frozen=True)
class Place:
    """One layer in one direction: `index` counts layer-major, forward before reverse."""

    layer: int
    reverse: bool
    index: int

    @property
    def prefix(self) -> str:
        """What parameter names begin with: `l0.`, `l1.reverse.`."""
        return f"l{self.layer}.reverse." if self.reverse else f"l{self.layer}."


@dataclass(frozen=True)
class Geometry:
    """A stack's cell and sizes.

    Parameters
    ----------
    cell
        The cell of every layer.
    input_size, hidden_size, num_layers
        I, H, L.
    directions
        D: 1, or 2 where the stack is bidirectional.
    sizes
        Further sizes of the cell by name.
    """

    cell: CellInfo
    input_size: int
    hidden_size: int
    num_layers: int
    directions: int
    sizes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for layer in {0, self.num_layers - 1}:
            self._check_input(layer)
            self._check_blocks(layer)
        if self.num_layers > 1 and self.layer_input(1) != self.input_size:
            self._check_further_inputs()
            self._check_states()

    @Cached
    def places(self) -> tuple[Place, ...]:
        """Layer-major, forward before reverse: the order of states."""
        pairs = [(layer, bool(d)) for layer in range(self.num_layers) for d in range(self.directions)]
        return tuple(Place(layer, reverse, k) for k, (layer, reverse) in enumerate(pairs))

    @Cached
    def output_size(self) -> int:
        """O: what one direction puts out."""
        return math.prod(self.shape(self.cell.output))

    @Cached
    def row_work(self) -> int:
        """Weights that a row of a batch meets at a step, in all places; a unit counts as so many as take as long as its functions."""
        shapes = [self.shape(p.axes, place.layer) for place in self.places for p in self.cell.parameters]
        return sum(math.prod(s) for s in shapes) + _A_UNIT * self.hidden_size * len(self.places)

    @property
    def layer_work(self) -> int:
        """`row_work` of one place, on the average."""
        return self.row_work // len(self.places)

    def layer_input(self, layer: int) -> int:
        """Size of the first input of layer number `layer`: I, or D*O above the first."""
        return self.input_size if layer == 0 else self.directions * self.output_size

    def shape(self, axes: Axes, layer: int = 0) -> tuple[int, ...]:
        """Sizes of `axes`; a concat's axis `a+b` is as long as its parts together."""
        key = (axes, layer)
        if key not in self._shapes:
            self._shapes[key] = tuple(axis_length(axis, lambda name: self._size(name, layer)) for axis in axes)
        return self._shapes[key]

    @Cached
    def _shapes(self) -> dict[tuple[Axes, int], tuple[int, ...]]:
        """Every call asks for the same few."""
        return {}

    def _size(self, name: str, layer: int) -> int:
        match name:
            case "input":
                return self.layer_input(layer)
            case "hidden":
                return self.hidden_size
            case _:
                return self.sizes[name]

    def _check_input(self, layer: int) -> None:
        name, axes = self.cell.inputs[0]
        if name in self.cell.indices:
            return
        needed, given = math.prod(self.shape(axes, layer)), self.layer_input(layer)
        if needed == given:
            return
        source = "input_size" if layer == 0 else f"the output of layer {layer - 1}"
        size = " ".join(axes) or "one number"
        raise ArgumentError(
            f"{self.cell.name}: its input {name} has the size of {size}, {needed}, but {source} is {given}; make them equal"
        )

    def _check_blocks(self, layer: int) -> None:
        for parameter in self.cell.parameters:
            for axis in parameter.axes:
                whole, _, blocks = axis.partition("/")
                units = axis_length(whole, lambda name: self._size(name, layer))
                if units % int(blocks or 1):
                    raise ArgumentError(
                        f"{self.cell.name}: the weight {parameter.name} has {blocks} blocks along its diagonal, which do not divide "
                        f"the size {whole}, {units} in layer {layer}; make it a multiple of {blocks}"
                    )

    def _check_further_inputs(self) -> None:
        for name, axes in self.cell.inputs[1:]:
            if "input" in (*axes, self.cell.indices.get(name)):
                raise ArgumentError(
                    f"{self.cell.name}: input {name} reaches every layer with the size of that layer's input, "
                    f"which is {self.input_size} below and {self.layer_input(1)} above; make input_size {self.layer_input(1)}"
                )

    def _check_states(self) -> None:
        for state in self.cell.states:
            if any("input" in axis.split("+") for axis in state.axes):
                raise ArgumentError(
                    f"{self.cell.name}: state {state.name} has the size of the layer's input, which is {self.input_size} below and "
                    f"{self.layer_input(1)} above, and the states of all layers share an array; make input_size {self.layer_input(1)}"
                )
