"""This package's own layer, through its public interface."""

from typing import Any

from rnncc.api import find_class
from rnncc.bench.contender import Contender
from rnncc.bench.problem import Arrays, Problem


def layer(problem: Problem) -> Contender:
    """A layer with the problem's parameters."""
    made, state = parametrised(problem)
    if problem.mode == "training":
        return _training(made, problem, state)
    if problem.mode == "stream":
        stream = made.stream(problem.shape.batch, problem.memories or None)
        stream.reset(state)
        return Contender(lambda: stream(problem.x), lambda y: {"output": y})
    return Contender(lambda: made(problem.x, state), lambda found: {"output": found[0]} | _finals(found[1]))


def parametrised(problem: Problem, **keywords: Any) -> tuple[Any, Arrays]:
    """A layer with the problem's parameters, made with further `keywords`, and its first state."""
    cell = problem.cell.made
    generated, _ = find_class(problem.cell.path, problem.cell.settings, cell.transforms)
    keywords |= cell.constants | {name: size for name, size in problem.sizes.items() if name not in ("input", "hidden")}
    keywords |= {"dtype": problem.dtype, "threads": problem.threads, "seed": 0}
    made = generated(problem.shape.inputs, problem.shape.hidden, **keywords)
    for name, value in problem.params.items():
        made.params[f"l0.{name}"][...] = value
    return made, {name: value[None] for name, value in problem.state.items()}


def _training(made: Any, problem: Problem, state: Arrays) -> Contender:
    prefix = problem.cell.made.info.cotangent
    train = problem.random or not problem.cell.made.info.masks
    given = None if any(s.learned for s in made.cell.states) else state

    def call() -> Any:
        values, pullback = made.vjp(problem.x, given, train=train)
        return values, pullback(problem.cotangent)

    def read(found: Any) -> Arrays:
        (y, last), g = found
        d_x = g.x if isinstance(g.x, dict) else {next(iter(problem.streams)): g.x}
        by = d_x | {f"{name}_0": value[0] for name, value in g.state.items()}
        by |= {name.removeprefix("l0."): value for name, value in g.params.items()}
        return {"output": y} | _finals(last) | {prefix + name: value for name, value in by.items()}

    return Contender(call, read)


def _finals(state: Arrays) -> Arrays:
    return {f"{name}_T": value[0] for name, value in state.items()}
