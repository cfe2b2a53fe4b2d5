"""ONNX Runtime's recurrent operators, for the cells that have one. Inference only."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from rnncc.bench.contender import Contender
from rnncc.bench.problem import Array, Arrays, Problem

_OPSET = 22
_IR_VERSION = 10
"""Of the model file; ONNX Runtime refuses one newer than itself."""


@dataclass(frozen=True)
class _Operator:
    """ONNX's name of a cell and the suffixes of its gates in ONNX's order.

    `negated` gates count the other way round: σ(-a) = 1 - σ(a), so that a gate that takes the candidate keeps the state.
    """

    name: str
    gates: tuple[str, ...]
    peepholes: tuple[str, ...] = ()
    negated: tuple[str, ...] = ()
    recurrent_bias: tuple[tuple[str, str], ...] = ()
    attributes: tuple[tuple[str, int], ...] = ()


_GRU = ("_z", "_r", "_n")
_LSTM = ("_i", "_o", "_f", "_g")
_OPERATORS = {
    "elman": _Operator("RNN", ("",)),
    "lstm": _Operator("LSTM", _LSTM),
    "lstm_peephole": _Operator("LSTM", _LSTM, peepholes=("p_i", "p_o", "p_f")),
    "gru": _Operator("GRU", _GRU, negated=("_z",)),
    "gru_cho": _Operator("GRU", _GRU),
    "gru_reset_after": _Operator("GRU", _GRU, recurrent_bias=(("_n", "b_h"),), attributes=(("linear_before_reset", 1),)),
}


def operator(problem: Problem) -> Contender | None:
    """The operator with the problem's parameters; None for a cell without one, for training, and on a device."""
    found = _OPERATORS.get(problem.cell.name)
    if found is None or problem.device != "cpu" or problem.mode == "training" or (problem.dtype == "float64" and found.name != "RNN"):
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = problem.threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(_model(found, problem), options, providers=["CPUExecutionProvider"])
    x = problem.x[None] if problem.mode == "stream" else problem.x
    feeds = {"x": x} | {f"{name}_0": value[None] for name, value in problem.state.items()}
    if problem.mode == "stream":
        return _stream(session, feeds, list(problem.state))

    def read(found: Any) -> Arrays:
        y, *finals = found
        return {"output": y[:, 0]} | {f"{name}_T": value[0] for name, value in zip(problem.state, finals, strict=True)}

    return Contender(lambda: session.run(None, feeds), read)


def _stream(session: Any, feeds: Arrays, states: list[str]) -> Contender:
    def call() -> Any:
        y, *finals = session.run(None, feeds)
        for name, value in zip(states, finals, strict=True):
            feeds[f"{name}_0"] = value
        return y[0, 0]

    return Contender(call, lambda y: {"output": y})


def _model(found: _Operator, problem: Problem) -> bytes:
    """The operator as a model: inputs x and the first states, outputs Y and the last states."""
    kind = TensorProto.FLOAT if problem.dtype == "float32" else TensorProto.DOUBLE
    weights = _weights(found, problem)
    firsts, lasts = [f"{name}_0" for name in problem.state], [f"{name}_T" for name in problem.state]
    inputs = ["x", "W", "R", "B", "", *firsts, *(["P"] if found.peepholes else [])]
    node = helper.make_node(found.name, inputs, ["Y", *lasts], hidden_size=problem.shape.hidden, **dict(found.attributes))
    given = [helper.make_tensor_value_info(name, kind, [None, None, None]) for name in ("x", *firsts)]
    results = [helper.make_tensor_value_info("Y", kind, [None, 1, None, None])]
    results += [helper.make_tensor_value_info(name, kind, [1, None, None]) for name in lasts]
    constants = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph([node], found.name, given, results, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    serialised: bytes = model.SerializeToString()
    return serialised


def _weights(found: _Operator, problem: Problem) -> Arrays:
    """W (1, G H, I), R (1, G H, H), B (1, 2 G H), P (1, 3 H): gates in ONNX's order."""
    params, recurrent = problem.params, dict(found.recurrent_bias)

    def stacked(letter: str) -> list[Array]:
        return [-params[f"{letter}{g}"] if g in found.negated else params[f"{letter}{g}"] for g in found.gates]

    zeros = np.zeros(problem.shape.hidden, problem.dtype)
    biases = [*stacked("b"), *(params[recurrent[g]] if g in recurrent else zeros for g in found.gates)]
    made = {"W": np.concatenate(stacked("W"))[None], "R": np.concatenate(stacked("U"))[None], "B": np.concatenate(biases)[None]}
    return made | ({"P": np.concatenate([params[p] for p in found.peepholes])[None]} if found.peepholes else {})
