import numpy as np
import pytest

from rnncc.emit.numpy import run
from rnncc.errors import InternalError
from rnncc.functions import VOCABULARY
from rnncc.ir import Concat, Contract, Gather, Input, Pointwise, Program, Reduce, Slice, components, verify
from rnncc.passes import differentiate, split, tangent
from tests.passes.programs import STREAM, arrays, linear, lstm, s, tanh, window


def check(program, lengths=None, reverse=False):
    """⟨seed, tangent⟩ = ⟨cotangent, direction⟩: both derivatives are of one linear map."""
    g, t = verify(differentiate(program)), verify(tangent(program))
    env = arrays(g, np.random.default_rng(0)) | arrays(t, np.random.default_rng(1))
    back, along = run(g, env, lengths, reverse=reverse), run(t, env, lengths, reverse=reverse)
    left = sum((env[f"d_{key}"] * along[f"t_{key}"]).sum() for key, _ in program.outputs)
    names = [i.name for i in t.inputs if f"t_{i.name}" in env]
    right = sum((back[f"d_{name}"] * env[f"t_{name}"]).sum() for name in names)
    assert left == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [None, [5, 3, 0, 1]])
@pytest.mark.parametrize("make", [lstm, linear, window])
def test_tangent_and_gradient_are_transposes(make, lengths, reverse):
    check(make(), lengths, reverse)


def test_every_kind_of_node():
    both = ("T", "N", "input+hidden")
    nodes = (
        Contract("W_x", STREAM, "W", "x", "ij,TNj->TNi"),
        Gather("E_k", STREAM, "E", "k"),
        Pointwise("a", STREAM, tanh(s("W_x") + s("E_k"))),
        Concat("xa", both, ("x", "a")),
        Contract("V_xa", STREAM, "V", "xa", "ij,TNj->TNi"),
        Slice("V_x", ("hidden", "input"), "V", 0),
        Contract("V_x_x", STREAM, "V_x", "x", "ij,TNj->TNi"),
        Pointwise("b", STREAM, s("V_xa") + s("V_x_x")),
        Reduce("largest", ("T", "N"), "b", "max"),
        Reduce("total", ("hidden",), "a", "sum"),
        Contract("square", ("T", "N"), "a", "a", "TNi,TNi->TN"),
        Pointwise("y", STREAM, VOCABULARY["exp"](s("b") - s("largest")) * s("total") + s("square")),
    )
    inputs = (
        Input("x", ("T", "N", "input"), "input"),
        Input("k", ("T", "N"), "index"),
        Input("W", ("hidden", "input"), "param"),
        Input("E", ("hidden", "input"), "param"),
        Input("V", ("hidden", "input+hidden"), "param"),
    )
    check(verify(Program("Kinds", inputs, (), nodes, (("output", "y"),))), [5, 3, 0, 1])


def test_the_largest_elements_share_a_tangent():
    p = Program("P", (Input("x", ("N", "hidden"), "input"),), (), (Reduce("y", ("N",), "x", "max"),), (("y", "y"),))
    t = verify(tangent(p))
    out = run(t, {"x": np.array([[3.0, 1.0, 3.0]]), "t_x": np.array([[10.0, 7.0, 20.0]])})
    np.testing.assert_array_equal(out["t_y"], [15.0])


def test_tangents_run_in_the_loop_of_their_values():
    t = verify(tangent(lstm()))
    assert [c.reverse for c in t.carries] == [False] * 4
    (sweep,) = split(t, late=())
    loops = [members for members, cyclic in components(sweep) if cyclic]
    assert [("h" in members, "t_h" in members) for members in loops] == [(True, False), (False, True)]
    assert sweep.outputs == t.outputs


def test_names_and_what_is_asked_for():
    t = tangent(lstm(), wrt=["x", "b_f"])
    assert [i.name for i in t.inputs if i.role == "seed"] == ["t_x", "t_b_f"]
    assert [key for key, _ in t.outputs][3:] == ["t_output", "t_h_T", "t_c_T"]
    assert dict(tangent(linear(), wrt=["b"]).outputs)["t_h_T"] == "zero_N_hidden"
    with pytest.raises(InternalError, match="no input W_q"):
        tangent(lstm(), wrt=["W_q"])
    with pytest.raises(InternalError, match="has t_x already: take the tangent with another prefix"):
        tangent(tangent(lstm()), wrt=["x"])
    verify(tangent(tangent(linear()), prefix="u_"))


def test_a_carry_that_only_its_start_makes_active():
    """`w` is active through `w_0` alone: its next, the input, has no tangent."""
    t = verify(tangent(window(), wrt=["w_0"]))
    env = arrays(t, np.random.default_rng(0))
    plain = run(window(), env, [5, 3, 0, 1])
    h = 1e-6
    ahead = run(window(), env | {"w_0": env["w_0"] + h * env["t_w_0"]}, [5, 3, 0, 1])
    out = run(t, env, [5, 3, 0, 1])
    for key in plain:
        # One-sided difference: an error of h times the second derivative, which is of order one.
        np.testing.assert_allclose(out[f"t_{key}"], (ahead[key] - plain[key]) / h, atol=1e-5)
