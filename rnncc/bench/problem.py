"""What is computed: one cell, shape and mode, with the same values for every contender, and what must come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rnncc.bench.conditioning import DRAWS, moved
from rnncc.catalogue import find
from rnncc.compiler import Compilation, compile_under
from rnncc.emit.numpy import run
from rnncc.errors import ArgumentError
from rnncc.runtime.blocks import axis_length
from rnncc.runtime.cell_info import Axes, State
from rnncc.runtime.domains import within
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.initial import draw
from rnncc.runtime.keywords import split_keywords
from rnncc.runtime.masks import mask_rates
from rnncc.runtime.transforms import asked_for

Mode = Literal["inference", "training", "stream"]
Precision = Literal["exact", "tf32", "bfloat16"]
"""Of the operands of products."""
Array = NDArray[np.floating[Any]]
Arrays = dict[str, Array]

_POSITIONS = 50
"""Of a memory."""
CUSTOM = Path(__file__).with_name("custom.py")
"""The spec that stands for every cell no library has."""


@dataclass(frozen=True)
class Shape:
    """T, N, I, H."""

    steps: int
    batch: int
    inputs: int
    hidden: int

    @classmethod
    def parse(cls, text: str) -> "Shape":
        """The shape written as "T,N,I,H". Raises `ArgumentError` where that is not four whole numbers from 1 on."""
        parts = text.strip("() ").split(",")
        if len(parts) != 4 or not all(p.strip().isdecimal() and int(p) > 0 for p in parts):
            raise ArgumentError(f"shape {text!r}: expected T,N,I,H, four whole numbers from 1 on, such as 100,32,128,128")
        return cls(*map(int, parts))

    def __str__(self) -> str:
        return f"({self.steps},{self.batch},{self.inputs},{self.hidden})"


SHAPES = tuple(
    Shape(*numbers)
    for numbers in (
        (1, 1, 128, 128),
        (100, 1, 128, 128),
        (1000, 1, 64, 64),
        (100, 1, 512, 512),
        (100, 8, 128, 128),
        (100, 32, 128, 128),
        (100, 64, 256, 256),
        (50, 64, 512, 512),
        (25, 128, 1024, 1024),
        (37, 5, 33, 65),
    )
)
LATENCY = tuple(Shape(1024, 16, hidden, hidden) for hidden in (256, 512, 768, 1024, 2048))
"""Further ones for a device: long sequences of few rows, where it is latency that counts."""
DEVICE_SHAPES = (*SHAPES, *LATENCY, Shape(256, 128, 1024, 1024))


@dataclass(frozen=True)
class BenchCell:
    """A cell under settings.

    Parameters
    ----------
    name
        That of the catalogue where it is from there and nothing is set, which is how peers know their own layers.
    path
        Its spec.
    made
        Its way, with the constants that are set.
    settings
        Options, sizes and constants that are set, by name.
    """

    name: str
    path: Path
    made: Compilation
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def found(cls, name: str, settings: Mapping[str, Any] | None = None) -> "BenchCell":
        """The cell called `name`, of the catalogue, `custom`, or a path. Raises `ArgumentError` or `SpecError`."""
        path, settings = CUSTOM if name == CUSTOM.stem else find(name), dict(settings or {})
        made = compile_under(path, settings)
        info = made.info
        hidden = {size: 1 for size, default in info.sizes.items() if default is None}
        own = split_keywords(info, hidden | settings)
        constants = {c: within(info.domains.get(c), c, value) for c, value in own.constants.items() if c in settings}
        called = " ".join([path.stem, *(f"{key}={value}" for key, value in settings.items())])
        return cls(called, path, Compilation(made.spec, None, constants), settings)

    def transformed(self, transforms: Mapping[str, object]) -> "BenchCell":
        """The cell changed by `transforms`, keywords as of `rnncc.RNN`. Raises `ArgumentError`."""
        asked = asked_for(transforms)
        return replace(self, made=Compilation(self.made.spec, asked.structure, {**self.made.constants, **asked.keywords}))


@dataclass(frozen=True)
class Problem:
    """What every contender computes.

    Inference: the outputs and last states of a sequence. Training: those and the gradients by x, first states and parameters, for a
    cotangent of the outputs. Stream: one step after the other, each from the state the last has left.

    `random`: masks are drawn in training, so that no result can be told ahead; else they are their expectation. `device`: where arrays
    lie, "cpu" or "cuda"; `precision` other than "exact" is for float32 there.

    Raises `ArgumentError` for a shape that the cell does not have.
    """

    cell: BenchCell
    shape: Shape
    mode: Mode
    dtype: str
    threads: int
    random: bool = False
    device: str = "cpu"
    precision: Precision = "exact"

    def __post_init__(self) -> None:
        _ = self.geometry  # raises where the sizes do not fit

    def __str__(self) -> str:
        return f"{self.cell.name} {self.shape}, {self.mode}, {self.dtype if self.precision == 'exact' else self.precision}"

    @property
    def kind(self) -> str:
        """The mode, with the precision where that is not exact."""
        return self.mode if self.precision == "exact" else f"{self.mode} {self.precision}"

    @property
    def rounding(self) -> float:
        """By how much of itself an operand of a product may be off: half a unit in the last place of its format."""
        bits = {"exact": np.finfo(self.dtype).nmant, "tf32": 10, "bfloat16": 7}
        return 2.0 ** -(bits[self.precision] + 1)

    @property
    def steps(self) -> int:
        """T; one of a stream."""
        return 1 if self.mode == "stream" else self.shape.steps

    @cached_property
    def geometry(self) -> Geometry:
        """How large everything is, in one layer."""
        return Geometry(self.cell.made.info, self.shape.inputs, self.shape.hidden, 1, 1, self.sizes)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Every size by name; one that the cell gives no default and nobody sets is H."""
        own = {name: self.cell.settings.get(name, size or self.shape.hidden) for name, size in self.cell.made.info.sizes.items()}
        return {"input": self.shape.inputs, "hidden": self.shape.hidden} | own

    @property
    def lengths(self) -> dict[str, int]:
        """Of every unit axis, positions of memories among them."""
        return self.sizes | {m.positions: _POSITIONS for m in self.cell.made.info.memories}

    @cached_property
    def params(self) -> Arrays:
        """Parameters by name, as a layer has them first: periods, gains and the like are then what a cell means them to be."""
        hidden, drawn = self.shape.hidden, enumerate(self.cell.made.info.parameters)
        found = {p.name: draw(p, tuple(map(self._length, p.axes)), hidden, np.random.default_rng((0, k))) for k, p in drawn}
        return {name: value.astype(self.dtype) for name, value in found.items()}

    @cached_property
    def streams(self) -> Arrays:
        """Inputs by name, (T, N, units); of a stream (N, units)."""
        info = self.cell.made.info
        drawn = {name: self._drawn(k, axes, *self._leading, seed=1) for k, (name, axes) in enumerate(info.inputs)}
        whole = np.random.default_rng(1).integers
        indices: dict[str, Any] = {name: whole(0, self._length(size), self._leading) for name, size in info.indices.items()}
        return drawn | indices

    @cached_property
    def memories(self) -> Arrays:
        """Memories by name, (N, S, units), every position there."""
        info, rows = self.cell.made.info, self.shape.batch
        return {m.name: self._drawn(k, (m.size,), rows, _POSITIONS, seed=4) for k, m in enumerate(info.memories)}

    @property
    def steady(self) -> Arrays:
        """What is the same at every step, as plain code takes it: parameters, memories, and which positions exist, all."""
        exists = {m.exists: np.ones((self.shape.batch, _POSITIONS), self.dtype) for m in self.cell.made.info.memories}
        return self.params | self.memories | exists

    @cached_property
    def state(self) -> Arrays:
        """First states by name, (N, units): learned ones, or a little off the cell's own first values."""
        return {s.name: self._first(k, s) for k, s in enumerate(self.cell.made.info.states)}

    @cached_property
    def cotangent(self) -> Array:
        """Of the outputs, (T, N, units)."""
        return self._drawn(0, self.cell.made.info.output, *self._leading, seed=3)

    @property
    def x(self) -> Any:
        """The input as a layer takes it: an array, or a dict of several, with memories; a stream has those already."""
        given = self.streams if self.mode == "stream" else self.streams | self.memories
        return given if len(given) > 1 else next(iter(given.values()))

    @property
    def _leading(self) -> tuple[int, ...]:
        return (self.shape.batch,) if self.mode == "stream" else (self.shape.steps, self.shape.batch)

    @property
    def _masks(self) -> Arrays:
        """Random masks at their expectation: no other library draws the same ones."""
        info = self.cell.made.info
        leading = {"step": self._leading, "sequence": (self.shape.batch,), "call": ()}
        rates = mask_rates(info, info.constants)
        return {m.name: np.full((*leading[m.per], *map(self._length, m.axes)), rates[m.name]) for m in info.masks}

    def _drawn(self, number: int, axes: Axes, *leading: int, seed: int) -> Array:
        rng = np.random.default_rng((seed, number))
        return rng.uniform(-1, 1, (*leading, *map(self._length, axes))).astype(self.dtype)

    def _first(self, number: int, state: State) -> Array:
        drawn = self._drawn(number, state.axes, self.shape.batch, seed=2)
        if state.learned is not None:
            return np.broadcast_to(self.params[state.learned], drawn.shape).copy()
        return np.asarray(state.initial, self.dtype) + np.asarray(0.1, self.dtype) * abs(drawn)

    def _length(self, axis: str) -> int:
        return axis_length(axis, self.sizes.__getitem__)

    def expected(self, move: Callable[[NDArray[Any]], NDArray[Any]] = lambda value: value) -> Mapping[str, NDArray[np.float64]]:
        """What the interpreter gives, in float64: by the keys of the program, of a stream the first step's output alone.

        `move` is applied to parameters, inputs, memories and first states.
        """
        made = self.cell.made
        once = self.mode == "stream"
        streams = {name: value[None] if once else value for name, value in self.streams.items()}
        first = {f"{name}_0": value for name, value in self.state.items()}
        given = {name: move(value) for name, value in (self.params | self.memories | streams | first).items()}
        env: dict[str, Any] = {**self.steady, **given, **self._masks, **made.info.constants, **made.info.flags(training=True)}
        if self.mode == "training":
            prefix = made.info.cotangent
            finals = {f"{prefix}{name}_T": np.zeros_like(value) for name, value in self.state.items()}
            return self._with_learned(run(made.joint, env | {f"{prefix}output": self.cotangent} | finals))
        found = run(made.inference, env)
        return {"output": found["output"][0]} if once else found

    @cached_property
    def nearby(self) -> tuple[Mapping[str, NDArray[np.float64]], ...]:
        """What is `expected` of numbers that differ from these by less than their precision tells apart, a few times."""
        return tuple(self.expected(moved(self.rounding, draw)) for draw in range(DRAWS))

    def _with_learned(self, found: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        """Gradients of learned first states: of what each row begins with, and of what begins again in mid-sequence."""
        info = self.cell.made.info
        for s in info.states:
            if s.learned is not None:
                key = info.cotangent + s.learned
                found[key] = found.get(key, 0) + found[f"{info.cotangent}{s.name}_0"].sum(axis=0)
        return found
