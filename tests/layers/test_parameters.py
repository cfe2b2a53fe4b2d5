import copy
import math

import numpy as np
import pytest

from rnncc.errors import ArgumentError, DtypeError, ShapeError
from rnncc.runtime.cell_info import CellInfo, Parameter, State
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.initial import INITIALISERS, draw
from rnncc.runtime.keywords import split_keywords


def test_names_and_shapes(class_of):
    layer = class_of("lstm")(3, 5, 2, bidirectional=True)
    names = [name for name in layer.params if name.startswith("l1.reverse.")]
    assert {n.removeprefix("l1.reverse.") for n in names} == {f"{k}_{g}" for k in "WUb" for g in "ifgo"}
    assert layer.params["l0.W_i"].shape == (5, 3)
    assert layer.params["l1.reverse.W_i"].shape == (5, 10)
    assert layer.num_parameters == sum(v.size for v in layer.params.values()) == 2 * (4 * 5 * (3 + 5 + 1) + 4 * 5 * (10 + 5 + 1))


def test_parameters_are_views_of_one_array_a_layer_and_direction(class_of):
    layer = class_of("lstm")(3, 5, 2, bidirectional=True)
    bases = {id(v.base): v.base for v in layer.params.values()}
    assert len(bases) == 4
    assert sum(b.size for b in bases.values()) == layer.num_parameters


def test_a_write_is_seen_by_the_next_call(class_of, rng):
    layer = class_of("lstm")(3, 5, seed=1)
    x = rng.standard_normal((6, 4, 3)).astype("float32")
    before = layer(x)[0]
    layer.params["l0.W_i"][...] *= 2
    assert (layer(x)[0] != before).any()
    layer.params["l0.W_i"] = layer.params["l0.W_i"] / 2
    np.testing.assert_array_equal(layer(x)[0], before)
    layer.params.update({"l0.b_o": np.ones(5)})
    assert (layer.params["l0.b_o"] == 1).all()


def test_a_write_through_a_view_of_before_is_seen_by_every_kind_of_call(class_of, rng):
    layer = class_of("lstm")(3, 5, 2, dtype="float64", seed=1)
    x = rng.standard_normal((6, 4, 3))
    view = layer.params["l1.U_f"]
    for scale in (1.0, 2.0):
        view[...] *= scale
        twin = copy.deepcopy(layer)
        (y, _), pullback = layer.vjp(x)
        (y_2, _), pullback_2 = twin.vjp(x)
        for found, expected in [(layer(x)[0], twin(x)[0]), (y, y_2), (layer.trace(x, "l1.f"), twin.trace(x, "l1.f"))]:
            np.testing.assert_equal(found, expected)
        np.testing.assert_array_equal(pullback(y).params["l1.U_f"], pullback_2(y).params["l1.U_f"])


def test_a_shallow_copy_shares_its_parameters(class_of, rng):
    layer = class_of("lstm")(3, 5, seed=1)
    x = rng.standard_normal((6, 4, 3)).astype("float32")
    twin = copy.copy(layer)
    before = layer(x)[0]
    np.testing.assert_array_equal(twin(x)[0], before)
    twin.params["l0.W_i"][...] = 0
    np.testing.assert_array_equal(layer(x)[0], twin(x)[0])
    assert (layer(x)[0] != before).any()


def test_an_assignment_that_does_not_fit(class_of):
    params = class_of("lstm")(3, 5).params
    with pytest.raises(ShapeError, match=r"parameter l0.W_i: found shape \(3, 5\), expected \(5, 3\)"):
        params["l0.W_i"] = np.zeros((3, 5))
    with pytest.raises(DtypeError, match=r"parameter l0.W_i: found int64"):
        params["l0.W_i"] = np.zeros((5, 3), int)
    with pytest.raises(ArgumentError, match=r"no parameter 'l0.W_j'; did you mean l0.W_"):
        params["l0.W_j"] = np.zeros((5, 3))
    with pytest.raises(ArgumentError, match="parameters of a layer are fixed"):
        del params["l0.W_i"]


def test_a_copy_of_the_parameters_is_a_plain_dict(class_of):
    layer = class_of("lstm")(3, 5)
    copied = copy.deepcopy(layer.params)
    assert type(copied) is dict
    copied["new"] = copied["l0.W_i"]
    assert not np.shares_memory(copied["l0.W_i"], layer.params["l0.W_i"])


def test_seed_settles_the_first_parameters(class_of):
    cell = class_of("lstm")
    one, two, wide, other = cell(3, 5, seed=4), cell(3, 5, seed=4), cell(3, 5, seed=4, dtype="float64"), cell(3, 5, seed=5)
    for name, array in one.params.items():
        np.testing.assert_array_equal(array, two.params[name])
        np.testing.assert_array_equal(array, wide.params[name].astype("float32"))
        assert (array != other.params[name]).any()
    assert (cell(3, 5).params["l0.W_i"] != cell(3, 5).params["l0.W_i"]).any()


def test_the_default_is_uniform_over_one_by_the_root_of_hidden(class_of):
    layer = class_of("lstm")(32, 64, seed=1)
    for array in layer.params.values():
        assert np.abs(array).max() <= 0.125
    values = np.concatenate([v.ravel() for v in layer.params.values()])
    assert abs(values.mean()) < 4 * 0.125 / math.sqrt(3 * values.size)
    assert values.std() == pytest.approx(0.125 / math.sqrt(3), rel=0.02)


def test_the_spec_says_how_to_begin(class_of):
    layer = class_of("mixed")(3, 5, 2, dtype="float64", seed=1)
    for k in ("l0.R", "l1.R"):
        np.testing.assert_allclose(layer.params[k] @ layer.params[k].T, np.eye(5), atol=1e-14)


@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (5,), (3, 2, 4)])
@pytest.mark.parametrize("name", list(INITIALISERS))
def test_initialisers_of_any_shape(name, shape, rng):
    array = draw(Parameter("W", ("a",) * len(shape), init=name), shape, 5, rng)
    assert array.shape == shape
    assert np.isfinite(array).all()


def test_what_initialisers_draw(rng):
    def of(init, shape):
        return draw(Parameter("W", ("a", "b"), init=init), shape, 5, rng)

    assert not of("zeros", (3, 4)).any()
    assert (of("ones", (3, 4)) == 1).all()
    assert (of(0.5, (3, 4)) == 0.5).all()
    np.testing.assert_array_equal(of("identity", (3, 3)), np.eye(3))
    for q in (of("orthogonal", (6, 4)), of("orthogonal", (4, 6)).T):
        np.testing.assert_allclose(q.T @ q, np.eye(4), atol=1e-14)
    assert np.abs(of("xavier_uniform", (100, 200))).max() <= math.sqrt(6 / 300)
    assert of("xavier_normal", (100, 200)).std() == pytest.approx(math.sqrt(2 / 300), rel=0.05)
    assert of("normal", (100, 200)).std() == pytest.approx(1, rel=0.05)


def test_orthogonal_draws_have_no_favourite_sign(rng):
    """The first element of a random orthogonal matrix of three rows has mean 0 and variance 1/3."""
    draws = [draw(Parameter("W", ("a", "b"), init="orthogonal"), (3, 3), 5, rng)[0, 0] for _ in range(300)]
    assert abs(np.mean(draws)) < 4 / math.sqrt(3 * 300)


def test_an_unknown_initialiser(rng):
    with pytest.raises(ArgumentError, match="parameter W: unknown initialiser 'orthogonl'; did you mean orthogonal"):
        draw(Parameter("W", ("a", "b"), init="orthogonl"), (3, 3), 5, rng)


CELL = CellInfo("Cell", "", (("x", ("hidden",)), ("u", ("input",))), (State("h", ("hidden",)),), (), ("hidden",), {"proj": None})


def test_a_size_without_default_is_asked_for():
    with pytest.raises(ArgumentError, match="Cell needs the size proj: give proj=…"):
        split_keywords(CELL, {})
    assert split_keywords(CELL, {"proj": 3}).sizes == {"proj": 3}


def test_an_input_of_the_hidden_size():
    with pytest.raises(ArgumentError, match="its input x has the size of hidden, 5, but input_size is 3; make them equal"):
        Geometry(CELL, 3, 5, 1, 1)
    with pytest.raises(ArgumentError, match="but the output of layer 0 is 10"):
        Geometry(CELL, 5, 5, 2, 2)


def test_a_further_input_of_the_input_size_needs_equal_layers():
    cell = CellInfo("Cell", "", (("x", ("input",)), ("u", ("input",))), (), (), ("hidden",))
    assert Geometry(cell, 3, 5, 1, 1).shape(("input+hidden",)) == (8,)
    with pytest.raises(ArgumentError, match=r"input u reaches every layer .* which is 3 below and 5 above; make input_size 5"):
        Geometry(cell, 3, 5, 2, 1)


def test_a_state_of_the_input_size_needs_equal_layers():
    cell = CellInfo("Cell", "", (("x", ("input",)),), (State("w", ("input",)),), (), ("hidden",))
    assert Geometry(cell, 5, 5, 2, 1).shape(("input",), 1) == (5,)
    with pytest.raises(ArgumentError, match=r"state w has the size of .* which is 3 below and 5 above, .* make input_size 5"):
        Geometry(cell, 3, 5, 2, 1)
