"""JAX: the whole sequence as `lax.scan`, jitted, with its gradient by `vjp`."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from rnncc.bench.contender import Contender
from rnncc.bench.peers.written import Written, written
from rnncc.bench.problem import Arrays, Precision, Problem
from rnncc.emit.jax import jax_source
from rnncc.runtime.cuda.device import array_library

_PRECISIONS: Mapping[Precision, str] = {"exact": "highest", "tf32": "tensorfloat32", "bfloat16": "default"}
"""Of JAX's products on a device; those of arrays of bfloat16 need no name."""


def scan(problem: Problem) -> Contender | None:
    """The cell under `jax.jit`; None where it is to run on a device and JAX has none."""
    if problem.device == "cpu":
        return _scan(problem)
    if jax.default_backend() != "gpu":
        return None
    jax.config.update("jax_default_matmul_precision", _PRECISIONS[problem.precision])
    made = _scan(problem)
    return Contender(_after_all(made.call), made.read)


def _after_all(call: Callable[[], Any]) -> Callable[[], Any]:
    """`call` when the device is done with what it has been given: JAX works in streams of its own."""
    library = array_library()

    def waiting() -> Any:
        library.cuda.Device().synchronize()
        return call()

    return waiting


def _scan(problem: Problem) -> Contender:
    if problem.dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    found = written(problem, jax_source)
    params = _arrays(problem.steady, problem) | dict(problem.cell.made.info.constants)
    streams, state = _arrays(problem.streams, problem), _arrays(problem.state, problem)
    x = streams if len(streams) > 1 else next(iter(streams.values()))
    if problem.mode == "stream":
        return _stream(found, params, x, state)
    if problem.mode == "training":
        return _training(problem, found, params, x, state)
    run = jax.jit(found.sequence)
    return Contender(lambda: jax.block_until_ready(run(params, x, state)), _results)


def _stream(found: Written, params: Any, x: Any, state: Any) -> Contender:
    ready, now = found.prepared(params, x, state), state
    run = jax.jit(found.one_step)

    def call() -> Any:
        nonlocal now
        now, y = jax.block_until_ready(run(ready, x, now))
        return y

    return Contender(call, lambda y: {"output": np.asarray(y)})


def _training(problem: Problem, found: Written, params: Any, x: Any, state: Any) -> Contender:
    info, cotangent = problem.cell.made.info, _array(problem.cotangent, problem)
    learned = {name: params[name] for name in (*(p.name for p in info.parameters if not p.frozen), *(m.name for m in info.memories))}
    others = {name: value for name, value in params.items() if name not in learned}

    def trained(learned: Any, x: Any, state: Any, cotangent: Any) -> Any:
        result, pullback = jax.vjp(lambda p, x, state: found.sequence(others | p, x, state), learned, x, state)
        zeros = jax.tree.map(jax.numpy.zeros_like, state)
        return result, pullback((zeros, cotangent))

    run = jax.jit(trained)

    def read(results: Any) -> Arrays:
        result, (d_params, d_x, d_state) = results
        d_streams = d_x if isinstance(d_x, dict) else {next(iter(problem.streams)): d_x}
        by = d_params | d_streams | {f"{name}_0": value for name, value in d_state.items()}
        return _results(result) | {info.cotangent + name: np.asarray(value) for name, value in by.items()}

    return Contender(lambda: jax.block_until_ready(run(learned, x, state, cotangent)), read)


def _arrays(values: Arrays, problem: Problem) -> dict[str, Any]:
    return {name: _array(value, problem) for name, value in values.items()}


def _array(value: Any, problem: Problem) -> Any:
    """An array of JAX; where the problem's precision is bfloat16 its floats are."""
    narrow = problem.precision == "bfloat16" and value.dtype.kind == "f"
    return jax.numpy.asarray(value, jax.numpy.bfloat16 if narrow else None)


def _results(result: Any) -> Arrays:
    last, outputs = result
    return {"output": np.asarray(outputs)} | {f"{name}_T": np.asarray(value) for name, value in last.items()}
