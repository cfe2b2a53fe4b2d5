import sys
import threading

import numpy as np
import pytest

import rnncc
from rnncc.runtime.batch import Batch
from rnncc.runtime.layer import layer_class
from rnncc.runtime.lengths import ragged
from tests.interpreter_engine import InterpreterModule


def arguments(rng, dtype="float64", rows=4):
    x = rng.standard_normal((6, rows, 3)).astype(dtype)
    state = {k: rng.standard_normal((4, rows, 5)).astype(dtype) for k in "hc"}
    return x, state


@pytest.fixture
def layer(class_of):
    return class_of("lstm")(3, 5, 2, bidirectional=True, dtype="float64", seed=1)


def frozen(a):
    a = a.copy()
    a.setflags(write=False)
    return a


def spread(a):
    """The same values with strides that are no array's of its own."""
    wide = np.full((*(2 * n for n in a.shape[:-1]), 3 * a.shape[-1]), np.nan, a.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in a.shape[:-1])][..., ::-3]
    view[...] = a
    return view


@pytest.mark.parametrize(
    "given",
    [frozen, spread, np.asfortranarray, lambda a: a.astype(">f8"), lambda a: a[::-1].copy()[::-1], lambda a: a.tolist()],
    ids=["read-only", "strided", "fortran", "big-endian", "backwards", "list"],
)
@pytest.mark.parametrize("lengths", [None, [2, 6, 0, 3]])
def test_arrays_of_any_layout_mean_the_same(layer, rng, given, lengths):
    x, state = arguments(rng)
    (y, finals), pullback = layer.vjp(x, state, lengths)
    g = pullback(y, finals)
    (y_2, finals_2), pullback = layer.vjp(given(x), {k: given(v) for k, v in state.items()}, lengths)
    g_2 = pullback(given(y), {k: given(v) for k, v in finals.items()})
    y_3, finals_3 = layer(given(x), {k: given(v) for k, v in state.items()}, lengths)
    for found, expected in [(y_2, y), (y_3, y), (g_2.x, g.x)]:
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == np.dtype("float64")
        assert found.dtype.isnative
    for k in state:
        np.testing.assert_array_equal(finals_2[k], finals[k])
        np.testing.assert_array_equal(finals_3[k], finals[k])
        np.testing.assert_array_equal(g_2.state[k], g.state[k])


def test_arrays_that_are_read_only_need_no_kernels_of_their_own(rng):
    layer = rnncc.RNN("lstm", 3, 5, 2, bidirectional=True, dtype="float64", seed=1)
    x, state = arguments(rng)
    functions = [f for f in vars(sys.modules[type(layer).__module__]).values() if hasattr(f, "signatures")]

    def compiled(given):
        layer(given(x), {k: given(v) for k, v in state.items()})
        (y, finals), pullback = layer.vjp(given(x), {k: given(v) for k, v in state.items()})
        pullback(given(y), {k: given(v) for k, v in finals.items()})
        return [len(f.signatures) for f in functions]

    before = compiled(np.copy)
    assert compiled(frozen) == before
    assert any(before)


@pytest.mark.parametrize("lengths", [None, [6, 6, 6, 6], [2, 6, 0, 3]])
def test_nothing_given_is_written_and_results_are_new(layer, rng, lengths):
    x, state = arguments(rng)
    kept = x.copy(), {k: v.copy() for k, v in state.items()}
    weights = {k: v.copy() for k, v in layer.params.items()}
    y, finals = layer(x, state, lengths)
    (y_2, finals_2), pullback = layer.vjp(x, state, lengths)
    dy = rng.standard_normal(y.shape)
    kept_dy = dy.copy()
    g = pullback(dy, finals_2)
    results = [y, y_2, g.x, *finals.values(), *finals_2.values(), *g.state.values(), *g.params.values()]
    for k, one in enumerate(results):
        assert one.flags.writeable
        given = [x, dy, *state.values(), *layer.params.values(), *results[:k]]
        assert not any(np.shares_memory(one, other) for other in given)
        one[...] = np.nan
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(dy, kept_dy)
    for k in state:
        np.testing.assert_array_equal(state[k], kept[1][k])
    for k, v in layer.params.items():
        np.testing.assert_array_equal(v, weights[k])


@pytest.mark.parametrize("lengths", [None, [2, 6, 0, 3]])
def test_a_pullback_belongs_to_the_values_of_its_call(layer, rng, lengths):
    x, state = arguments(rng)
    (y, _), pullback = layer.vjp(x, state, lengths)
    dy = rng.standard_normal(y.shape)
    before = pullback(dy)
    x[...] = y[...] = np.nan
    for array in (*state.values(), *layer.params.values(), before.x):
        array[...] = 7
    again = pullback(dy)
    assert np.isfinite(again.x).all()
    for name in before.params:
        np.testing.assert_array_equal(again.params[name], before.params[name])
    for k in state:
        np.testing.assert_array_equal(again.state[k], before.state[k])


def test_no_cotangent_is_a_cotangent_of_zero(layer, rng):
    x, state = arguments(rng)
    (y, finals), pullback = layer.vjp(x, state)
    zeros = {k: np.zeros_like(v) for k, v in finals.items()}
    h_only = rng.standard_normal(finals["h"].shape)
    for given, meant in [
        ((None,), (np.zeros_like(y), zeros)),
        ((y, {}), (y, zeros)),
        ((None, {"h": h_only}), (np.zeros_like(y), zeros | {"h": h_only})),
        ((y, {"h": h_only, "c": None}), (y, zeros | {"h": h_only})),
    ]:
        found, expected = pullback(*given), pullback(*meant)
        np.testing.assert_array_equal(found.x, expected.x)
        for name in found.params:
            np.testing.assert_array_equal(found.params[name], expected.params[name])


def test_calls_from_several_threads_at_once(layer, rng):
    batches = [arguments(rng, rows=rows) for rows in (1, 2, 3, 4, 5, 6)]

    def work(x, state):
        (y, finals), pullback = layer.vjp(x, state)
        return y, pullback(y, finals).params["l1.reverse.U_f"]

    expected = [work(*b) for b in batches]
    found = [None] * len(batches)
    start = threading.Barrier(len(batches))

    def run(k):
        start.wait()
        found[k] = [work(*batches[k]) for _ in range(3)]

    threads = [threading.Thread(target=run, args=(k,)) for k in range(len(batches))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for results, (y, dU) in zip(found, expected, strict=True):
        for y_2, dU_2 in results:
            np.testing.assert_array_equal(y_2, y)
            np.testing.assert_array_equal(dU_2, dU)


def test_what_a_kernel_keeps_is_not_what_a_caller_gets(rng):
    """A kernel may read its final states again in the backward pass; a caller may write over those it got. Outputs are not kept."""
    module = InterpreterModule("lstm")
    kept = []

    def backward(sweep, env):
        assert "output" not in env
        kept.append(env["h_T"].copy())
        return module.backward(sweep, env)

    layer = layer_class(module.CELL, module.inference, module.forward, backward, module.trace)(3, 5, dtype="float64")
    (y, finals), pullback = layer.vjp(rng.standard_normal((6, 4, 3)))
    before = y.copy()
    y[...] = finals["h"][...] = np.nan
    pullback(before)
    np.testing.assert_array_equal(kept[0], before[-1])


def test_gradients_of_parameters_that_enter_alike_are_two_arrays(rng):
    """A kernel returns a sum once for all that it is the gradient of."""
    module = InterpreterModule("lstm")

    def backward(sweep, env):
        found = module.backward(sweep, env)
        return found | {"d_b_f": found["d_b_i"]}

    layer = layer_class(module.CELL, module.inference, module.forward, backward, module.trace)(3, 5, dtype="float64")
    (y, _), pullback = layer.vjp(rng.standard_normal((6, 4, 3)))
    g = pullback(y)
    np.testing.assert_array_equal(g.params["l0.b_f"], g.params["l0.b_i"])
    assert not np.shares_memory(g.params["l0.b_f"], g.params["l0.b_i"])


def test_kernels_never_see_the_padding(rng):
    batch = Batch(6, 4, True, False, ragged([2, 6, 0, 3], 6, 4), False)
    inside = batch.enter(np.full((6, 4, 3), np.nan), own=False)
    np.testing.assert_array_equal(np.isnan(inside[..., 0]).sum(axis=0), [6, 3, 2, 0])
    assert not inside[~np.isnan(inside)].any()
    x = rng.standard_normal((6, 4, 3))
    alive = np.arange(6)[:, None] < [2, 6, 0, 3]
    np.testing.assert_array_equal(batch.leave(batch.enter(x, own=False)), np.where(alive[..., None], x, 0))
