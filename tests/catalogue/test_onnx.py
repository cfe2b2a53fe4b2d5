"""Forward in float32 against the operators of ONNX Runtime, peepholes and both places of the reset gate among them."""

import numpy as np
import pytest

from tests.catalogue.cases import HIDDEN, INPUTS, STEPS, call_of, layer_of
from tests.catalogue.onnx_models import OPERATORS, run_onnx

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

LENGTHS = [3, 7, 4, 5, 1, 7, 2, 2, 6]
"""No empty sequences: ONNX Runtime gives them a final state of zero."""
CASES = [(cell, {}) for cell in OPERATORS if cell != "elman"] + [("elman", {"phi": phi}) for phi in ("tanh", "relu", "sigmoid")]


def tolerance(bidirectional):
    """That of oneDNN's own tests: 4 (1 + bidirectional) ⌈log2(K T)⌉ roundings of float32, K numbers in a sum and T steps."""
    terms = (INPUTS + HIDDEN) * STEPS
    return 4 * (1 + bidirectional) * np.ceil(np.log2(terms)) * np.finfo(np.float32).eps


@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize(("cell", "keywords"), CASES, ids=str)
def test_outputs_and_states_are_those_of_onnx_runtime(cell, keywords, bidirectional):
    layer = layer_of(cell, keywords, bidirectional=bidirectional, dtype="float32")
    call = call_of(layer, LENGTHS)
    activations = {"activations": [keywords["phi"].capitalize()] * (1 + bidirectional)} if keywords else {}
    expected, finals = run_onnx(cell, layer, call.x, call.state, LENGTHS, **activations)
    y, state = layer(call.x, call.state, LENGTHS)
    for found, theirs in [(y, expected), *((state[k], finals[k]) for k in finals)]:
        assert np.abs(found - theirs).max() <= tolerance(bidirectional) * max(1, np.abs(theirs).max())
