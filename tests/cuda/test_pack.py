"""Packed weights: every number at its place in every form, zeros beyond."""

import numpy as np
import pytest

from rnncc.runtime.cuda import products
from rnncc.runtime.cuda.arrays import whole_chunks
from rnncc.runtime.cuda.constants import UNITS, row_stride
from rnncc.runtime.cuda.pack import packed, packed_arrays
from rnncc.runtime.cuda.products import whole_products
from rnncc.runtime.cuda.rounding import bfloat16, of_bfloat16, tf32
from rnncc.runtime.frozen import PANELS, Panels
from rnncc.runtime.sweep import Sweep
from tests.cuda.words import host

SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, np.finfo(np.float32).max, np.finfo(np.float32).tiny, 1e-45]


def drawn(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("units", [1, 8, 17])
@pytest.mark.parametrize("columns", [(3,), (8, 5), (1, 16, 9)])
def test_every_number_is_at_its_place(library, dtype, units, columns):
    matrices = [[drawn(units, k, seed=a, dtype=dtype) for k in columns] for a in range(3)]
    panel = host(packed_arrays({}, [[library.asarray(m) for m in own] for own in matrices]))
    assert panel.flags.c_contiguous
    assert panel.shape == (-(-units // UNITS), 3, UNITS, row_stride(sum(map(whole_chunks, columns)), dtype))
    by_unit = panel.swapaxes(1, 2).reshape(-1, 3, panel.shape[3])
    for a, own in enumerate(matrices):
        start = 0
        for m in own:
            np.testing.assert_array_equal(by_unit[:units, a, start : start + m.shape[1]], m)
            start += whole_chunks(m.shape[1])
    assert np.count_nonzero(panel) == 3 * units * sum(columns)


@pytest.mark.parametrize(
    ("sums", "meant"),
    [
        ([("W", "U")], lambda W, U, R: [[W, U]]),
        ([("U",), ("U.T",)], lambda W, U, R: [[U], [U.T]]),
        ([("U", ("W", 2, 6))], lambda W, U, R: [[U, W[:, 2:6]]]),
        ([(("W.T", 2, 7), "U.T")], lambda W, U, R: [[W[:, 2:7].T, U.T]]),
        ([("R",), ("R.T",)], lambda W, U, R: [[R], [R.T]]),
    ],
)
def test_by_name_columns_transposes_and_blocks(library, sums, meant):
    W, U, R = drawn(5, 9), drawn(5, 5), drawn(2, 3, 3)
    whole = np.block([[R[0], np.zeros((3, 3))], [np.zeros((3, 3)), R[1]]]).astype(np.float32)
    env = {name: library.asarray(a) for name, a in {"W": W, "U": U, "R": R}.items()} | {PANELS: Panels()}
    panel = packed(env, sums)
    np.testing.assert_array_equal(host(panel), packed_arrays({}, meant(W, U, whole)))
    assert packed(env, sums) is panel
    assert packed({**env, PANELS: Panels()}, sums) is not panel


def test_the_form_that_is_asked_for(library):
    W = drawn(9, 20)
    for form, dtype, rounded in [("tf32", np.uint32, tf32), ("bfloat16", np.uint16, bfloat16)]:
        panel = packed({"W": library.asarray(W), PANELS: Panels(**{form: True})}, [("W",)])
        assert (panel.dtype, panel.shape[3]) == (dtype, row_stride(whole_chunks(20), dtype))
        by_unit = host(panel).reshape(-1, panel.shape[3])
        np.testing.assert_array_equal(by_unit[:9, :20], rounded(W))
    wide = packed({"W": library.asarray(W.astype(np.float64)), PANELS: Panels(tf32=True)}, [("W",)])
    assert wide.dtype == np.float64


@pytest.mark.parametrize(("rounded", "bits"), [(tf32, 10), (bfloat16, 7)])
def test_rounding_is_to_the_nearest(library, rounded, bits):
    given = np.concatenate([drawn(1000) * np.float32(1e3), SPECIAL]).astype(np.float32)
    found = host(rounded(library.asarray(given)))
    back = found.view(np.float32) if found.dtype == np.uint32 else host(of_bfloat16(library.asarray(found)))
    normal = np.isfinite(back) & (np.abs(given) > np.finfo(np.float32).tiny)
    assert (np.abs(back[normal] - given[normal]) <= np.abs(given[normal]) * 2.0 ** -(bits + 1)).all()
    np.testing.assert_array_equal(np.isnan(back), np.isnan(given))
    np.testing.assert_array_equal(back[np.isinf(given)], given[np.isinf(given)])
    assert not (back.view(np.uint32) & ((1 << 23 - bits) - 1))[~np.isnan(back)].any()


def test_ties(library):
    """Halfway between two numbers: TF32 takes the larger in size, bfloat16 the even one."""
    for rounded, bits, shift in [(tf32, 10, 0), (bfloat16, 7, 16)]:
        one = np.float32(1)
        half, last = np.float32(2.0 ** -(bits + 1)), np.float32(2.0**-bits)
        given = np.array([one + half, one + last + half, -(one + half)], np.float32)
        nearest = [one + last if rounded is tf32 else one, one + 2 * last, -(one + last) if rounded is tf32 else -one]
        expected = np.array(nearest, np.float32).view(np.uint32) >> shift
        np.testing.assert_array_equal(host(rounded(library.asarray(given))), expected)


def test_products_of_whole_sequences(library):
    """The sums of the first 3 columns of one operand and the 5 of another, beside einsum in float64."""
    x, h = np.zeros((4, 3, 8), np.float32), drawn(4, 3, 5, seed=1)
    x[..., :3] = drawn(4, 3, 3)
    given = {"W": drawn(6, 3), "V": drawn(6, 3, seed=2), "U": drawn(5, 6), "R": drawn(6, 5, seed=3)}
    env = {name: library.asarray(a) for name, a in given.items()} | {PANELS: Panels()}
    sums = [("W", "U.T"), ("V", "R")]
    found = whole_products(Sweep(4, 3), env, sums, [library.asarray(x), library.asarray(h)])
    assert found.shape == (4, 3, 2, 6)
    for a, (first, second) in enumerate([("W", given["U"].T), ("V", given["R"])]):
        expected = np.einsum("tnk,uk->tnu", x[..., :3].astype(np.float64), given[first]) + np.einsum("tnk,uk->tnu", h, second)
        np.testing.assert_allclose(host(found[:, :, a]), expected, rtol=0, atol=8 * 16 * np.finfo(np.float32).eps)
    again = whole_products(Sweep(4, 3), env, [(env["W"], env["U"].T), (env["V"], env["R"])], [library.asarray(x), library.asarray(h)])
    np.testing.assert_array_equal(host(again), host(found))


@pytest.mark.parametrize("settings", [{}, {"bfloat16": True}])
def test_operands_side_by_side_are_one_product(library, monkeypatch, settings):
    """Parts 1 and 2 of three, each of 5 columns in lines of 8, by the weights that each has; what is read of them is kept."""
    done = []
    monkeypatch.setattr(products, "product", lambda a, b, tf32: done.append((a.shape, b.shape)) or a @ b)
    streams = np.zeros((4, 3, 3, 8), np.float32)
    streams[..., :5] = drawn(4, 3, 3, 5)
    given = {"W": drawn(6, 5, seed=1), "V": drawn(6, 5, seed=2), "U": drawn(5, 6, seed=3), "R": drawn(6, 5, seed=4)}
    env = {name: library.asarray(a) for name, a in given.items()} | {PANELS: Panels(**settings)}
    sums = [("W", "U.T"), ("V", "R")]
    for _ in range(2):
        found = whole_products(Sweep(4, 3), env, sums, [library.asarray(streams)[:, :, 1:]])
        assert (done.pop(), done) == (((12, 16), (16, 12)), [])
        assert found.flags.c_contiguous
        for a, own in enumerate([(given["W"], given["U"].T), (given["V"], given["R"])]):
            read = [of_bfloat16(bfloat16(np.ascontiguousarray(m))) if settings else m for m in own]
            expected = sum(streams[:, :, 1 + k, :5].astype(np.float64) @ m.T for k, m in enumerate(read))
            np.testing.assert_allclose(host(found[:, :, a]), expected, rtol=0, atol=10 * 16 * np.finfo(np.float32).eps)
    assert len(env[PANELS].made) == 1


def test_products_with_rounded_weights(library):
    """On a device the other operand is rounded as well: to TF32, which has all of the weights."""
    W, x = drawn(6, 8), drawn(4, 3, 8)
    read = x if library is np else tf32(x).view(np.float32)
    found = whole_products(Sweep(4, 3), {"W": library.asarray(W), PANELS: Panels(bfloat16=True)}, [("W",)], [library.asarray(x)])[
        :, :, 0
    ]
    expected = (read.reshape(12, 8) @ of_bfloat16(bfloat16(W)).T).reshape(4, 3, 6)
    np.testing.assert_allclose(host(found), expected, rtol=0, atol=8 * np.finfo(np.float32).eps * abs(expected).max())
