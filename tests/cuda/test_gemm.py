"""Products by tensor cores: what cuBLAS is told of where numbers lie, and how exact what it makes is."""

import numpy as np
import pytest

from rnncc.errors import DeviceError
from rnncc.runtime.cuda import cublas as runtime_cublas
from rnncc.runtime.cuda.arrays import whole_chunks
from rnncc.runtime.cuda.gemm import product
from tests.cuda import cublas, device
from tests.cuda.layers import INPUTS, LENGTHS, H, N, T, drawn
from tests.cuda.words import host

HALF_A_BIT = 2.0**-11
"""By which a number is off once it is rounded to ten bits behind the point."""
ROWS, DEPTH, COLUMNS = 7, 5, 3
GEMM = cublas.gemmEx


@pytest.fixture(autouse=True)
def products():
    cublas.called.clear()
    return cublas.called


def made(shape, how):
    """Numbers of TF32 as whole lines, part of wider ones, columns, or every other number."""
    rows, columns = shape
    numbers = (np.random.default_rng(0).integers(-1000, 1000, (2 * rows, 2 * columns)) / 16).astype(np.float32)
    match how:
        case "lines":
            return numbers[:rows, :columns].copy()
        case "parts":
            return numbers[:rows, 1 : columns + 1]
        case "columns":
            return numbers[:rows, :columns].T.copy().T
        case "every other":
            return numbers[::2, ::2]


@pytest.mark.parametrize("other", ["lines", "parts", "columns", "every other"])
@pytest.mark.parametrize("one", ["lines", "parts", "columns", "every other"])
@pytest.mark.parametrize("shape", [(ROWS, DEPTH, COLUMNS), (1, DEPTH, COLUMNS), (ROWS, 1, COLUMNS), (ROWS, DEPTH, 1), (1, 1, 1)])
def test_where_numbers_lie(cupy, products, shape, one, other):
    rows, depth, columns = shape
    a, b = made((rows, depth), one), made((depth, columns), other)
    laid = [cupy.ndarray(array) for array in (a, b)]
    np.testing.assert_array_equal(host(product(*laid, True)), a @ b)
    assert products == [shape]


def test_exactly_where_nobody_asks_or_nothing_is_rounded(cupy, products):
    a, b = (cupy.asarray(drawn(4, 4, seed=s)) for s in (1, 2))
    for x, y, tf32 in [(a, b, True), (a.astype(np.float32), b.astype(np.float32), False), (a[:0], b, True)]:
        np.testing.assert_array_equal(host(product(x, y, tf32)), host(x) @ host(y))
    np.testing.assert_array_equal(product(host(a), host(b), True), host(a) @ host(b))
    assert not products


@pytest.mark.parametrize(
    ("settings", "trained"), [({"precision": "tf32"}, True), ({"weight_dtype": "bfloat16"}, False), ({}, None)], ids=str
)
def test_layers(chip, layers, products, settings, trained):
    """Every product of a whole sequence; of bfloat16 weights those of a call, whose weights TF32 has as they are.

    Both operands of a product are off by half a bit, and its result is an operand of the next; some ten of them follow each other.
    """
    here, there = layers("lstm", dtype="float32", **settings)
    x, dy = (drawn(T, N, units, seed=units).astype(np.float32) for units in (INPUTS, H))
    y = host(here(chip.asarray(x), None, LENGTHS)[0])
    gates = (T * N, INPUTS, 4 * H)
    assert products == ([] if trained is None else [gates])
    products.clear()
    (_, _), pull = here.vjp(chip.asarray(x), None, LENGTHS)
    g = pull(chip.asarray(dy))
    cotangents, live = 4 * whole_chunks(H), LENGTHS.sum()
    back = [(T * N, cotangents, INPUTS), (cotangents, live, INPUTS), (cotangents, live, whole_chunks(H))]  # of x, every W, every U
    assert products == ([gates, *back] if trained else [])
    expected, pull_there = there.vjp(x, None, LENGTHS)
    bound = 20 * HALF_A_BIT if settings else 1e-5
    for name, value in [("y", (y, expected[0])), *((k, (host(g.params[k]), v)) for k, v in pull_there(dy).params.items())]:
        scale = max(1, np.abs(value[1]).max())
        assert np.abs(value[0] - value[1]).max() < bound * scale, name


@pytest.mark.parametrize(
    ("cell", "ahead", "behind"),
    [
        ("gru_reset_after", 1, 3),  # as the LSTM, though U_n meets another cotangent than W_n
        ("gru", 1, 4),  # the products of U_n are those of h * r
        ("lstm_projected", 1, 4),  # and what is projected
        ("mgu", 1, 4),
        ("indrnn", 1, 2),  # no U
        ("sru", 4, 2),  # two phases ahead; of each one product is kept for the way back
    ],
)
def test_one_product_for_all_gates(chip, layers, products, cell, ahead, behind):
    here, _ = layers(cell, dtype="float32", precision="tf32")
    (y, _), pull = here.vjp(chip.asarray(drawn(T, N, INPUTS).astype(np.float32)))
    made = len(products)
    pull(y)
    assert (made, len(products) - made) == (ahead, behind)


class Loaded:
    """cuBLAS itself, as ctypes calls it; it answers `status`."""

    def __init__(self, status=0):
        self.status, self.streams = status, []

    def cublasSetStream_v2(self, handle, stream):
        self.streams.append((handle.value, stream.value))
        return self.status

    def cublasGemmEx(self, *arguments):
        GEMM(*(a.value or 0 for a in arguments))
        return 0


@pytest.fixture
def graph(cupy, monkeypatch):
    """A stream that a CUDA graph is taken down from, on which CuPy multiplies nothing."""
    loaded = Loaded()
    monkeypatch.setattr(runtime_cublas, "_loaded", lambda: loaded)
    monkeypatch.setattr(cupy.cuda.cublas, "gemmEx", None)
    monkeypatch.setattr(cupy.cuda.Stream.null.__class__, "is_capturing", lambda _stream: True)
    monkeypatch.setattr(device.ndarray, "__matmul__", None)
    with cupy.cuda.ExternalStream(5):
        yield loaded


@pytest.mark.parametrize("other", ["lines", "columns", "every other"])
@pytest.mark.parametrize("one", ["parts", "columns"])
@pytest.mark.parametrize(("dtype", "tf32"), [("float32", False), ("float32", True), ("float64", True)])
def test_products_in_a_graph(cupy, graph, dtype, tf32, one, other):
    a, b = made((ROWS, DEPTH), one).astype(dtype, order="K"), made((DEPTH, COLUMNS), other).astype(dtype, order="K")
    np.testing.assert_array_equal(host(product(cupy.ndarray(a), cupy.ndarray(b), tf32)), a @ b)
    assert graph.streams == [(1, 5)]


def test_a_graph_in_which_cublas_takes_no_part(cupy, graph):
    graph.status = 1
    a = cupy.asarray(np.ones((2, 2), np.float32))
    with pytest.raises(DeviceError, match="cuBLAS answers 1 while a CUDA graph is taken down: call the layer once on this stream"):
        product(a, a, False)
