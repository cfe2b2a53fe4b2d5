"""Is a cell right? Each check gives what it looked at, whether it holds, and a figure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.cli.drawn import Env, drawn_inputs, drawn_seeds, typed
from rnncc.compiler import Compilation
from rnncc.emit.numpy import run
from rnncc.emit.numpy.source import numpy_source
from rnncc.functions.vocabulary import surrogate
from rnncc.ir import Pointwise
from rnncc.runtime.sweep import Sweep

_STEPS, _BATCH = 7, 5
_LENGTHS = np.array([7, 7, 4, 1, 0])
_NUDGE = 1e-6
_GRADIENT_TOLERANCE = 1e-6
"""Central differences at a nudge of 1e-6 in float64: truncation 1e-12 times a third derivative, rounding 1e-10; few kinks that near."""

Outputs = Mapping[str, NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class Finding:
    """One line of `rnncc check`."""

    what: str
    fine: bool
    figure: str


def findings(made: Compilation, module: Any) -> Iterator[Finding]:
    """Every check of a cell whose spec is valid; `module` is its generated module."""
    env = drawn_inputs(made.info, _STEPS, _BATCH)
    yield _gradient(made, env)
    yield _numpy(made, env)
    for dtype in ("float64", "float32"):
        for lengths, reverse in ((None, False), (_LENGTHS, False), (_LENGTHS, True)):
            yield _kernels(made, module, env, dtype, lengths, reverse)


def _gradient(made: Compilation, env: Env) -> Finding:
    """The derived gradient along a random direction against the difference of the cell's own values."""
    what = "gradient against central differences"
    if any(isinstance(n, Pointwise) and n.expr.has(surrogate) for n in made.primal.nodes):
        return Finding(what, True, "left out: the spec states a derivative of its own")
    seeds = drawn_seeds(made.info, run(made.primal, env))
    prefix = made.info.cotangent
    gradients = {k.removeprefix(prefix): g for k, g in run(made.joint, env | seeds).items() if k.startswith(prefix)}
    rng = np.random.default_rng(2)
    direction = {name: rng.uniform(-1, 1, g.shape) for name, g in gradients.items()}

    def objective(nudge: float) -> float:
        moved = env | {name: env[name] + nudge * d for name, d in direction.items()}
        values = run(made.training, moved)
        return sum(float(np.vdot(seeds[prefix + key], values[key])) for key, _ in made.primal.outputs)

    difference = (objective(_NUDGE) - objective(-_NUDGE)) / (2 * _NUDGE)
    terms = [gradients[name] * d for name, d in direction.items()]
    scale = sum(float(np.abs(t).sum()) for t in terms)
    error = abs(difference - sum(float(t.sum()) for t in terms)) / max(scale, 1.0)
    return Finding(what, error < _GRADIENT_TOLERANCE, f"relative error {error:.1e}")


def _numpy(made: Compilation, env: Env) -> Finding:
    """The NumPy source of all kernels against the interpreter."""
    seeds = drawn_seeds(made.info, run(made.primal, env))
    kept = _executed(made, "forward", env)
    found = kept | _executed(made, "backward", env | seeds | kept)
    worst = max(_error(found[key], value) for key, value in run(made.joint, env | seeds).items())
    evaluated = _executed(made, "inference", env)
    worst = max(worst, *(_error(evaluated[key], value) for key, value in run(made.inference, env).items()))
    return Finding("numpy source", worst < _tolerance("float64"), f"relative error {worst:.1e}, at most {_tolerance('float64'):.0e}")


def _executed(made: Compilation, kernel: str, env: Env) -> Env:
    program, space = made.program(kernel), dict[str, Any]()
    exec(numpy_source(program, kernel), space)
    return dict(space[kernel](**{i.name: env[i.name] for i in program.inputs if i.role != "size"}))


def _kernels(made: Compilation, module: Any, env: Env, dtype: str, lengths: NDArray[np.int64] | None, reverse: bool) -> Finding:
    """All kernels of one dtype against the interpreter."""
    sweep = Sweep(_STEPS, _BATCH, lengths, reverse, threads=2)
    seeds = drawn_seeds(made.info, run(made.primal, env))
    expected = run(made.joint, env | seeds, lengths, reverse=reverse)
    given = typed(env, dtype)
    forward = module.forward(sweep, given)
    found = {**forward, **module.backward(sweep, given | typed(seeds, dtype) | forward)}
    errors = [_error(found[key], value) for key, value in expected.items()]
    evaluated = run(made.inference, env, lengths, reverse=reverse)
    errors += [_error(value, evaluated[key]) for key, value in module.inference(sweep, given).items()]
    tolerance = _tolerance(dtype)
    batch = ("ragged" if lengths is not None else "full") + (" batch, against time" if reverse else " batch")
    return Finding(
        f"cpu kernels, {dtype}, {batch}", max(errors) < tolerance, f"relative error {max(errors):.1e}, at most {tolerance:.0e}"
    )


def _tolerance(dtype: str) -> float:
    """Rounding of sums of up to K T terms, K some tens, and a factor for what the recurrence makes of it."""
    return float(np.finfo(dtype).eps) * 64 * np.sqrt(_STEPS * 32)


def _error(found: NDArray[np.floating[Any]], expected: NDArray[np.float64]) -> float:
    """Largest deviation, relative to the largest value; infinite where one is not finite."""
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    scale = max(float(np.abs(expected).max(initial=0)), 1e-3)
    return float(np.abs(found - expected).max(initial=0)) / scale
