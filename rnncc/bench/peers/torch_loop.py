"""A cell that PyTorch has no layer for, as a person would write it there: a loop over time, eager or with its step compiled."""

import os
import shutil
from importlib.util import find_spec
from typing import Any

import torch

from rnncc.bench.contender import Contender
from rnncc.bench.peers.torch_arrays import gradients, numpy_of, set_up, tensor, tensors
from rnncc.bench.peers.torch_layer import has_layer
from rnncc.bench.peers.written import Written, written
from rnncc.bench.problem import Arrays, Problem
from rnncc.emit.torch import torch_source


def eager(problem: Problem) -> Contender | None:
    """The loop in eager mode; None where PyTorch has a layer."""
    return None if has_layer(problem.cell.name) else _contender(problem, written(problem, torch_source))


def compiled(problem: Problem) -> Contender | None:
    """The loop with its step compiled; None where PyTorch has a layer or there is no C++ compiler, or on a device no Triton.

    The loop itself stays Python: unrolled into one graph it compiles for minutes, and anew for every length.
    """
    can = shutil.which(os.environ.get("CXX", "c++")) and (problem.device == "cpu" or find_spec("triton"))
    if has_layer(problem.cell.name) or not can:
        return None
    found = written(problem, torch_source)
    found.space["advance"] = torch.compile(found.space["advance"], dynamic=False)
    return _contender(problem, found)


def _contender(problem: Problem, found: Written) -> Contender:
    set_up(problem)
    params = tensors(problem.steady, problem) | dict(problem.cell.made.info.constants)
    streams, state = tensors(problem.streams, problem), tensors(problem.state, problem)
    x = streams if len(streams) > 1 else next(iter(streams.values()))
    if problem.mode == "stream":
        return _stream(found, params, x, state)
    if problem.mode == "training":
        return _training(problem, found, params, streams, state)

    def infer() -> Any:
        with torch.inference_mode():
            return found.sequence(params, x, state)

    return Contender(infer, _results)


def _stream(found: Written, params: Any, x: Any, state: Any) -> Contender:
    ready, now = found.prepared(params, x, state), state

    def call() -> Any:
        nonlocal now
        with torch.inference_mode():
            now, y = found.one_step(ready, x, now)
        return y

    return Contender(call, lambda y: {"output": y.numpy()})


def _training(problem: Problem, found: Written, params: Any, streams: Any, state: Any) -> Contender:
    prefix = problem.cell.made.info.cotangent
    info = problem.cell.made.info
    frozen = {p.name for p in info.parameters if p.frozen} | {m.exists for m in info.memories}
    by = streams | {f"{name}_0": value for name, value in state.items()}
    by |= {name: value for name, value in params.items() if isinstance(value, torch.Tensor) and name not in frozen}
    leaves = [value.requires_grad_() for value in by.values()]
    x = streams if len(streams) > 1 else next(iter(streams.values()))
    cotangent = tensor(problem.cotangent, problem)

    def call() -> Any:
        result = found.sequence(params, x, state)
        return result, gradients(result[1], leaves, cotangent)

    def read(results: Any) -> Arrays:
        result, slopes = results
        return _results(result) | {prefix + name: numpy_of(g) for name, g in zip(by, slopes, strict=True)}

    return Contender(call, read)


def _results(result: Any) -> Arrays:
    last, outputs = result
    return {"output": numpy_of(outputs)} | {f"{name}_T": numpy_of(value) for name, value in last.items()}
