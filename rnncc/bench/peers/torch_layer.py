"""PyTorch's own layers, for the cells that it has: `nn.RNN`, `nn.LSTM`, `nn.GRU`; on a CUDA device they are cuDNN's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from rnncc.bench.contender import Contender
from rnncc.bench.peers.torch_arrays import dtype_of, gradients, numpy_of, set_up, tensor, tensors
from rnncc.bench.problem import Arrays, Problem


@dataclass(frozen=True)
class _Layer:
    """PyTorch's name of a cell, the suffixes of its gates in PyTorch's order, and the bias that a gate has beside U h."""

    name: str
    gates: tuple[str, ...]
    recurrent_bias: Mapping[str, str]


_LAYERS = {
    "elman": _Layer("RNN", ("",), {}),
    "lstm": _Layer("LSTM", ("_i", "_f", "_g", "_o"), {}),
    "gru_reset_after": _Layer("GRU", ("_r", "_z", "_n"), {"_n": "b_h"}),
}


def layer(problem: Problem) -> Contender | None:
    """The layer with the problem's parameters; None for a cell PyTorch has none for."""
    found = _LAYERS.get(problem.cell.name)
    if found is None:
        return None
    set_up(problem)
    made = getattr(torch.nn, found.name)(problem.shape.inputs, problem.shape.hidden, device=problem.device, dtype=dtype_of(problem))
    _write(made, found, tensors(problem.params, problem))
    state = {name: value[None] for name, value in tensors(problem.state, problem).items()}
    return _stream(made, problem, state) if problem.mode == "stream" else _sequence(made, found, problem, state)


def _write(made: Any, found: _Layer, given: Mapping[str, Any]) -> None:
    zeros = torch.zeros_like(made.bias_hh_l0[: made.hidden_size])
    recurrent = [given[found.recurrent_bias[g]] if g in found.recurrent_bias else zeros for g in found.gates]
    with torch.no_grad():
        made.weight_ih_l0.copy_(torch.cat([given[f"W{g}"] for g in found.gates]))
        made.weight_hh_l0.copy_(torch.cat([given[f"U{g}"] for g in found.gates]))
        made.bias_ih_l0.copy_(torch.cat([given[f"b{g}"] for g in found.gates]))
        made.bias_hh_l0.copy_(torch.cat(recurrent))


def _stream(made: Any, problem: Problem, state: Any) -> Contender:
    x, now = torch.from_numpy(problem.x)[None], _packed(state)

    def call() -> Any:
        nonlocal now
        with torch.inference_mode():
            y, now = made(x, now)
        return y[0]

    return Contender(call, lambda y: {"output": y.numpy()})


def _sequence(made: Any, found: _Layer, problem: Problem, state: Any) -> Contender:
    x = tensor(problem.x, problem)
    if problem.mode == "inference":

        def infer() -> Any:
            with torch.inference_mode():
                return made(x, _packed(state))

        return Contender(infer, lambda result: _results(result, state))
    leaves = [x.requires_grad_(), *(value.requires_grad_() for value in state.values()), *made.parameters()]
    cotangent = tensor(problem.cotangent, problem)

    def train() -> Any:
        result = made(x, _packed(state))
        return result, gradients(result[0], leaves, cotangent)

    return Contender(train, lambda result: _results(result[0], state) | _named(result[1], found, problem))


def _packed(state: Any) -> Any:
    """One tensor, or a pair for the LSTM, in the order h, c."""
    return tuple(state.values()) if len(state) > 1 else next(iter(state.values()))


def _results(result: Any, state: Any) -> Arrays:
    y, last = result
    finals = last if isinstance(last, tuple) else (last,)
    return {"output": numpy_of(y)} | {f"{name}_T": numpy_of(value)[0] for name, value in zip(state, finals, strict=True)}


def _named(found: Any, layer: _Layer, problem: Problem) -> Arrays:
    """Gradients by the names of the cell."""
    prefix = problem.cell.made.info.cotangent
    d_x, *rest = map(numpy_of, found)
    d_states, (d_w, d_u, d_b, d_hidden) = rest[:-4], rest[-4:]
    named = {next(iter(problem.streams)): d_x}
    named |= {f"{name}_0": value[0] for name, value in zip(problem.state, d_states, strict=True)}
    for letter, whole in (("W", d_w), ("U", d_u), ("b", d_b)):
        parts = whole.reshape(len(layer.gates), problem.shape.hidden, *whole.shape[1:])
        named |= {f"{letter}{gate}": part for gate, part in zip(layer.gates, parts, strict=True)}
    for gate, part in zip(layer.gates, d_hidden.reshape(len(layer.gates), -1), strict=True):
        if gate in layer.recurrent_bias:
            named[layer.recurrent_bias[gate]] = part
    return {prefix + name: value for name, value in named.items()}


def has_layer(cell: str) -> bool:
    """Whether PyTorch has a layer for the cell of that name."""
    return cell in _LAYERS
