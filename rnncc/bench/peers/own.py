"""This package's own layer, through its public interface."""

from importlib import import_module
from typing import Any

import numpy as np

from rnncc.api import find_class
from rnncc.bench.contender import Contender
from rnncc.bench.problem import Array, Arrays, Precision, Problem
from rnncc.runtime.cuda.device import array_library
from rnncc.runtime.library import library_of

_PRECISIONS: dict[Precision, dict[str, Any]] = {
    "exact": {},
    "tf32": {"precision": "tf32"},
    "bfloat16": {"dtype": "bfloat16"},
}
"""Keywords of a layer."""


def layer(problem: Problem) -> Contender:
    """A layer with the problem's parameters."""
    made, state = parametrised(problem)
    x = _sequence(problem.x, problem)
    if problem.mode == "training":
        return _training(made, problem, x, state)
    if problem.mode == "stream":
        stream = made.stream(problem.shape.batch, problem.memories or None)
        stream.reset(state)
        return Contender(lambda: stream(x), lambda y: {"output": y})
    return Contender(lambda: made(x, state), lambda found: {"output": _read(found[0])} | _finals(found[1]))


def parametrised(problem: Problem, **keywords: Any) -> tuple[Any, Arrays]:
    """A layer with the problem's parameters, made with further `keywords`, and its first state."""
    cell = problem.cell.made
    generated, _ = find_class(problem.cell.path, problem.cell.settings, cell.transforms, problem.device)
    keywords |= cell.constants | {name: size for name, size in problem.sizes.items() if name not in ("input", "hidden")}
    keywords |= {"dtype": problem.dtype, "threads": problem.threads, "seed": 0, "device": problem.device}
    made = generated(problem.shape.inputs, problem.shape.hidden, **keywords | _PRECISIONS[problem.precision])
    for name, value in problem.params.items():
        made.params[f"l0.{name}"] = value
    return made, _placed({name: value[None] for name, value in problem.state.items()}, problem)


def _placed(value: Any, problem: Problem) -> Any:
    """An array, or a dict of them, where the problem has its arrays."""
    if isinstance(value, dict):
        return {name: _placed(one, problem) for name, one in value.items()}
    return value if problem.device == "cpu" else array_library().asarray(value)


def _sequence(value: Any, problem: Problem) -> Any:
    """As `_placed`, of what goes through a layer: floats as the layer has them."""
    if isinstance(value, dict):
        return {name: _sequence(one, problem) for name, one in value.items()}
    if problem.precision != "bfloat16" or value.dtype.kind != "f":
        return _placed(value, problem)
    half = import_module("ml_dtypes").bfloat16
    return _placed(value.astype(half).view(np.uint16), problem).view(half)


def _read(array: Any) -> Array:
    library = library_of(array)
    found: Array = array if library is np else library.asnumpy(array)
    return found


def _training(made: Any, problem: Problem, x: Any, state: Arrays) -> Contender:
    prefix = problem.cell.made.info.cotangent
    train = problem.random or not problem.cell.made.info.masks
    given = None if any(s.learned for s in made.cell.states) else state
    cotangent = _sequence(problem.cotangent, problem)

    def call() -> Any:
        values, pullback = made.vjp(x, given, train=train)
        return values, pullback(cotangent)

    def read(found: Any) -> Arrays:
        (y, last), g = found
        d_x = g.x if isinstance(g.x, dict) else {next(iter(problem.streams)): g.x}
        by = d_x | {f"{name}_0": value[0] for name, value in g.state.items()}
        by |= {name.removeprefix("l0."): value for name, value in g.params.items()}
        return {"output": _read(y)} | _finals(last) | {prefix + name: _read(value) for name, value in by.items()}

    return Contender(call, read)


def _finals(state: Arrays) -> Arrays:
    return {f"{name}_T": _read(value)[0] for name, value in state.items()}
