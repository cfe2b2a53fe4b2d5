import math
import threading

import numpy as np
import pytest

from rnncc.runtime.dropout import Counter, Mask

FLOAT32, FLOAT64 = np.dtype("float32"), np.dtype("float64")


def dropout_mask(*arguments):
    mask = Mask(*arguments)
    return mask.between(0, mask.shape[0])


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_share_and_scale_of_a_mask(rate):
    mask = dropout_mask(rate, 1, 2, 3, (100, 32, 64), FLOAT32)
    assert set(np.unique(mask)) == {np.float32(0), np.float32(1 / (1 - rate))}
    deviation = math.sqrt(rate * (1 - rate) / mask.size)
    assert abs((mask == 0).mean() - rate) < 4 * deviation


@pytest.mark.parametrize(("rate", "value"), [(0.0, 1.0), (1.0, 0.0)])
def test_a_mask_of_all_or_nothing(rate, value):
    np.testing.assert_array_equal(dropout_mask(rate, 1, 2, 3, (4, 3, 2), FLOAT64), np.full((4, 3, 2), value))


def test_a_mask_depends_on_seed_key_and_layer_alone():
    mask = dropout_mask(0.5, 1, 2, 3, (10, 4, 8), FLOAT32)
    np.testing.assert_array_equal(mask, dropout_mask(0.5, 1, 2, 3, (10, 4, 8), FLOAT64))
    for other in [(2, 2, 3), (1, 3, 3), (1, 2, 4)]:
        assert (mask != dropout_mask(0.5, *other, (10, 4, 8), FLOAT32)).any()


@pytest.mark.parametrize("order", [None, np.array([2, 0, 1])])
@pytest.mark.parametrize("units", [1, 5, 8])
def test_steps_of_a_mask_drawn_alone_are_those_of_the_whole(units, order):
    mask = Mask(0.5, 1, 2, 3, (40, 3, units), FLOAT32, order)
    whole = mask.between(0, 40)
    for first, last in [(0, 7), (7, 8), (8, 40), (5, 5)]:
        np.testing.assert_array_equal(mask.between(first, last), whole[first:last])


def test_rows_of_a_mask_stand_in_the_order_given():
    order = np.array([2, 0, 1])
    sorted_rows = Mask(0.5, 1, 2, 3, (10, 3, 4), FLOAT32, order).between(0, 10)
    np.testing.assert_array_equal(sorted_rows, dropout_mask(0.5, 1, 2, 3, (10, 3, 4), FLOAT32)[:, order])


def test_counter_gives_each_number_once():
    counter, taken = Counter(), []
    threads = [threading.Thread(target=lambda: taken.extend([counter.take() for _ in range(200)])) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(taken) == list(range(1600))


@pytest.fixture
def x(rng):
    return rng.standard_normal((6, 4, 3))


def make(class_of, **keywords):
    return class_of("lstm")(3, 5, **({"num_layers": 2, "dropout": 0.5, "dtype": "float64", "seed": 1} | keywords))


def test_key_settles_the_masks_and_none_takes_the_next(class_of, x):
    layer, twin = make(class_of), make(class_of, threads=1)
    runs = [layer.vjp(x)[0][0] for _ in range(3)]
    assert (runs[0] != runs[1]).any()
    for key, y in enumerate(runs):
        np.testing.assert_array_equal(twin.vjp(x, key=key)[0][0], y)
    np.testing.assert_array_equal(twin.vjp(x)[0][0], runs[0])


def test_evaluation_drops_nothing(class_of, x):
    layer, without = make(class_of), make(class_of, dropout=0.0)
    np.testing.assert_array_equal(layer(x)[0], without(x)[0])
    np.testing.assert_array_equal(layer.vjp(x, train=False)[0][0], without(x)[0])
    assert layer._keys.upcoming == 0


def test_the_last_layer_is_not_dropped(class_of, x):
    layer, without = make(class_of, num_layers=1), make(class_of, num_layers=1, dropout=0.0)
    np.testing.assert_array_equal(layer.vjp(x)[0][0], without.vjp(x)[0][0])


def test_masks_stay_with_their_rows_whatever_the_lengths(class_of, x):
    layer, lengths = make(class_of), np.array([2, 6, 0, 3])
    ragged = layer.vjp(x, lengths=lengths, key=5)[0][0]
    full = layer.vjp(x, key=5)[0][0]
    for row, length in enumerate(lengths):
        np.testing.assert_allclose(ragged[:length, row], full[:length, row], rtol=1e-13, atol=1e-13)


def test_the_pullback_uses_the_same_masks(class_of, x, rng):
    """Against central differences: h = 1e-6 leaves errors of about h² and 1e-16 / h, both under 1e-9."""
    layer = make(class_of, bidirectional=True)
    lengths = [2, 6, 0, 3]
    (y, _), pullback = layer.vjp(x, lengths=lengths, key=5)
    dy, direction, h = rng.standard_normal(y.shape), rng.standard_normal(x.shape), 1e-6
    up = layer.vjp(x + h * direction, lengths=lengths, key=5)[0][0]
    down = layer.vjp(x - h * direction, lengths=lengths, key=5)[0][0]
    np.testing.assert_allclose((pullback(dy).x * direction).sum(), (dy * (up - down)).sum() / (2 * h), rtol=1e-7, atol=1e-8)
