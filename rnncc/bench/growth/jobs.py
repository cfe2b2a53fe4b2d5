"""Measurements that need a process of their own: `python -m rnncc.bench.growth.jobs NAME ARGUMENTS` prints what it finds as JSON."""

import gc
import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from rnncc.api import find_class
from rnncc.bench.growth.resident import peak_of
from rnncc.bench.peers import CONTENDERS, OWN
from rnncc.bench.peers.own import parametrised
from rnncc.bench.problem import BenchCell, Problem, Shape

Call = Callable[[], dict[str, float]]

_WARM_STEPS = 512
"""Steps of a first call, which loads or compiles whatever the measured one needs: more than a chunk of time."""


def compile_time(cell: str, settings: Mapping[str, Any], shape: str, dtype: str, threads: int) -> dict[str, float]:
    """Seconds from a spec to its module, and to the gradients of its first call, less those of a second call."""
    sizes = Shape.parse(shape)
    start = time.perf_counter()
    generated, _ = find_class(cell, settings)
    layer = generated(sizes.inputs, sizes.hidden, dtype=dtype, threads=threads, seed=0, **settings)
    module = time.perf_counter() - start
    x = Problem(BenchCell.found(cell, settings), sizes, "training", dtype, threads).x
    first, second = (_elapsed(lambda: _gradients(layer, x)) for _ in range(2))
    return {"module": module, "whole": module + first - second}


def _gradients(layer: Any, x: Any) -> object:
    (y, _), pullback = layer.vjp(x)
    return pullback(y)


def _elapsed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def memory(
    cell: str, settings: Mapping[str, Any], contender: str, shape: str, dtype: str, threads: int, checkpoint: int | None
) -> dict[str, float]:
    """Bytes of one call in training: kept for its backward pass beside its inputs, and at most, beyond what was there before.

    What is kept JAX does not tell. Nothing where the contender does not serve the cell.
    """
    sizes = Shape.parse(shape)
    problem = Problem(BenchCell.found(cell, settings), sizes, "training", dtype, threads)
    make = partial(_own, checkpoint) if contender == OWN else partial(_peer, contender)
    first, call = make(replace(problem, shape=replace(sizes, steps=min(sizes.steps, _WARM_STEPS)))), make(problem)
    if first is None or call is None:
        return {}
    first()
    gc.collect()
    kept: dict[str, float] = {}
    peak = peak_of(lambda: kept.update(call()))
    return kept | {"peak": peak}


def _own(checkpoint: int | None, problem: Problem) -> Call:
    layer, state = parametrised(problem, checkpoint=checkpoint)
    x, dy = problem.x, problem.cotangent

    def call() -> dict[str, float]:
        _, pullback = layer.vjp(x, state)
        pullback(dy)
        return {"kept": pullback.nbytes - _inputs(problem)}

    return call


def _peer(name: str, problem: Problem) -> Call | None:
    made = CONTENDERS[name].load()(problem)
    if made is None:
        return None
    saved: dict[int, int] = {}
    within = _saving(saved) if "torch" in CONTENDERS[name].packages else nullcontext()

    def call() -> dict[str, float]:
        with within:
            made.call()
        return {"kept": sum(saved.values()) - _inputs(problem)} if saved else {}

    return call


def _inputs(problem: Problem) -> int:
    """Bytes of the inputs: whoever computes gradients of the weights holds on to them."""
    return sum(array.nbytes for array in (problem.streams | problem.memories).values())


def _saving(saved: dict[int, int]) -> Any:
    """Note the memory of every tensor that PyTorch keeps for a backward pass: where it begins, and its bytes."""

    def note(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    return importlib.import_module("torch").autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor)


_JOBS: Mapping[str, Callable[..., dict[str, float]]] = {"compile": compile_time, "memory": memory}

if __name__ == "__main__":
    print(json.dumps(_JOBS[sys.argv[1]](**json.loads(sys.argv[2]))))
