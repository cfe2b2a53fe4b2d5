"""The recurrent operators of ONNX with the weights of our layers, run by ONNX Runtime in float32.

ONNX orders the gates of an LSTM i o f c, those of a GRU z r h, peepholes i o f; directions are the first axis of every weight.
`B` holds the input's biases and then the recurrent ones.
"""

from dataclasses import dataclass

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")


@dataclass(frozen=True)
class Operator:
    """An operator of ONNX for one of our cells: names of our parameters, without prefix, in its order; None is zero."""

    name: str
    states: tuple[str, ...]
    gates: tuple[str, ...]
    recurrent_bias: tuple[str | None, ...] = ()
    peepholes: tuple[str, ...] = ()
    attributes: tuple[tuple[str, object], ...] = ()


_LSTM = ("_i", "_o", "_f", "_g")
_GRU = ("_z", "_r", "_n")
OPERATORS = {
    "elman": Operator("RNN", ("h",), ("",)),
    "lstm": Operator("LSTM", ("h", "c"), _LSTM),
    "lstm_peephole": Operator("LSTM", ("h", "c"), _LSTM, peepholes=("p_i", "p_o", "p_f")),
    "gru_cho": Operator("GRU", ("h",), _GRU, attributes=(("linear_before_reset", 0),)),
    "gru_reset_after": Operator("GRU", ("h",), _GRU, (None, None, "b_h"), attributes=(("linear_before_reset", 1),)),
}


def run_onnx(cell, layer, x, state, lengths, **attributes):
    """Output (T, N, D*H) and final states (D, N, H) of ONNX Runtime for a layer of one layer."""
    operator = OPERATORS[cell]
    given = _weights(operator, layer) | {"X": x, "sequence_lens": np.array(lengths, np.int32)}
    given |= {f"initial_{name}": state[name] for name in operator.states}
    directions = layer.output_size // layer.hidden_size
    attributes |= dict(operator.attributes) | {"hidden_size": layer.hidden_size}
    attributes["direction"] = "bidirectional" if directions == 2 else "forward"
    y, *finals = _session(operator, given, attributes).run(None, given)
    return y.transpose(0, 2, 1, 3).reshape(*x.shape[:2], -1), dict(zip(operator.states, finals, strict=True))


def _weights(operator, layer):
    """W (D, G*H, I), R (D, G*H, H), B (D, 2*G*H), P (D, 3*H)."""
    nothing = np.zeros(layer.hidden_size, np.float32)
    recurrent = operator.recurrent_bias or [None] * len(operator.gates)
    names = {"W": [f"W{g}" for g in operator.gates], "R": [f"U{g}" for g in operator.gates]}
    names |= {"B": [*(f"b{g}" for g in operator.gates), *recurrent]}
    names |= {"P": list(operator.peepholes)} if operator.peepholes else {}
    prefixes = ("l0.", "l0.reverse.")[: layer.output_size // layer.hidden_size]

    def part(prefix, name):
        return nothing if name is None else layer.params[prefix + name]

    return {k: np.stack([np.concatenate([part(p, n) for n in parts]) for p in prefixes]) for k, parts in names.items()}


def _session(operator, given, attributes):
    order = [
        "X",
        "W",
        "R",
        "B",
        "sequence_lens",
        *(f"initial_{name}" for name in operator.states),
        *(["P"] if operator.peepholes else []),
    ]
    outputs = ["Y", *(f"Y_{name}" for name in operator.states)]
    node = onnx.helper.make_node(operator.name, order, outputs, **attributes)
    inputs = [
        onnx.helper.make_tensor_value_info(k, onnx.helper.np_dtype_to_tensor_dtype(given[k].dtype), given[k].shape) for k in order
    ]
    results = [onnx.helper.make_tensor_value_info(k, onnx.TensorProto.FLOAT, None) for k in outputs]
    graph = onnx.helper.make_graph([node], operator.name, inputs, results)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
