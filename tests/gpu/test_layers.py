"""Layers on a device beside those of the processor: the same parameters, masks and arrays."""

import numpy as np
import pytest

import rnncc
from rnncc.bench.contender import disagreement
from rnncc.bench.peers import own
from rnncc.bench.problem import BenchCell, Problem, Shape
from tests.emit.test_cpu import single_tolerance

pytestmark = pytest.mark.gpu
CORE = ["elman", "lstm", "gru", "gru_reset_after", "lstm_layernorm", "indrnn"]
T, N, INPUTS, H = 40, 18, 33, 130
LENGTHS = np.array([40, 1, 0, 33, 17, 40, 2, 9, 25, 40, 12, 31, 5, 39, 8, 20, 3, 28])
SETTINGS = [{}, {"num_layers": 2, "bidirectional": True, "dropout": 0.3}, {"checkpoint": 8}, {"truncate": 16}]


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def trained(layer, library, lengths):
    """Outputs, last states and gradients of a call in training, by name."""
    y, last = layer(library.asarray(drawn(T, N, INPUTS)), lengths=lengths)
    (y_train, _), pull = layer.vjp(library.asarray(drawn(T, N, INPUTS)), lengths=lengths, key=3)
    g = pull(library.asarray(drawn(*y_train.shape, seed=1)))
    found = {"y": y, "y in training": y_train, "d_x": g.x, **last}
    return found | {f"d_{k}_0": v for k, v in g.state.items()} | {f"d_{k}": v for k, v in g.params.items()}


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("cell", CORE)
def test_as_on_the_processor(cupy, cell, settings):
    """Both are off by rounding alone, each within the tolerance of a layer, of the largest value."""
    here, there = (rnncc.RNN(cell, INPUTS, H, seed=1, device=device, **settings) for device in ("cuda", "cpu"))
    tolerance = 2 * single_tolerance((T, N, INPUTS, H), backward=True) * here.num_layers * here.num_layers
    for lengths in (None, LENGTHS):
        found, expected = trained(here, cupy, lengths), trained(there, np, lengths)
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            error = np.abs(cupy.asnumpy(found[key]) - value).max() / max(np.abs(value).max(), 1e-3)
            assert error < tolerance, f"{key}, lengths {lengths}"


@pytest.mark.parametrize("settings", [{}, {"bidirectional": True, "num_layers": 2, "dropout": 0.3}], ids=str)
@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm_layernorm"])
def test_the_same_bits_a_hundred_times(cupy, cell, settings):
    layer = rnncc.RNN(cell, INPUTS, H, seed=1, device="cuda", **settings)
    first = {k: cupy.asnumpy(v) for k, v in trained(layer, cupy, LENGTHS).items()}
    for _ in range(100):
        for key, value in trained(layer, cupy, LENGTHS).items():
            np.testing.assert_array_equal(cupy.asnumpy(value), first[key], err_msg=key)


@pytest.mark.parametrize("shape", [Shape(20, 5, 33, 65), Shape(64, 16, 256, 256), Shape(30, 40, 128, 768)], ids=str)
@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
@pytest.mark.parametrize("mode", ["inference", "training"])
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_operands_of_few_bits(cupy, cell, mode, precision, shape):
    """Against the interpreter in float64, by what rounding the operands explains; and they are rounded."""
    if precision == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed: pip install .[cuda]")
    problem = Problem(BenchCell.found(cell), shape, mode, "float32", 1, device="cuda", precision=precision)
    contender = own.layer(problem)
    found, expected = contender.read(contender.call()), problem.expected()
    assert disagreement("rnncc", problem, found, expected) is None
    assert np.abs(found["output"] - expected["output"]).max() > 8 * np.finfo(np.float32).eps
