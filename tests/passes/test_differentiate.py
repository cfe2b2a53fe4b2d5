import numpy as np
import pytest

from rnncc.emit.numpy import run
from rnncc.errors import InternalError
from rnncc.functions import VOCABULARY
from rnncc.ir import Concat, Contract, Gather, Input, Pointwise, Program, Reduce, Slice, verify
from rnncc.passes import dce, differentiate
from tests.passes.programs import STREAM, arrays, linear, lstm, s, tanh, window


def slope(program, env, direction, lengths=None):
    """⟨seed, output⟩ along `direction`, by central differences with one Richardson step: the error is O(h⁴)."""

    def loss(h):
        out = run(program, {k: v + h * direction[k] if k in direction else v for k, v in env.items()}, lengths)
        return sum((out[key] * env[f"d_{key}"]).sum() for key, _ in program.outputs)

    def central(h):
        return (loss(h) - loss(-h)) / (2 * h)

    h = 1e-3
    return (4 * central(h / 2) - central(h)) / 3


def check(program, lengths=None):
    g = verify(differentiate(program))
    env = arrays(g, np.random.default_rng(4))
    rng = np.random.default_rng(5)
    wrt = [i.name for i in program.inputs if i.role not in ("index", "size", "const")]
    out = run(g, env, lengths)
    for name in wrt:
        direction = {name: rng.normal(size=env[name].shape)}
        expected = slope(program, env, direction, lengths)
        # Rounding of the loss by 1e-16 · |loss| / h and a fourth-order remainder of about h⁴.
        assert (out[f"d_{name}"] * direction[name]).sum() == pytest.approx(expected, rel=1e-9, abs=1e-10), name


@pytest.mark.parametrize("make", [lstm, linear, window])
@pytest.mark.parametrize("lengths", [None, [5, 3, 0, 1]])
def test_gradients_are_slopes(make, lengths):
    check(make(), lengths)


def test_every_kind_of_node_has_its_transpose():
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
        Pointwise("y", STREAM, VOCABULARY["exp"](s("b") - s("largest")) * s("total") * s("alpha")),
    )
    inputs = (
        Input("x", ("T", "N", "input"), "input"),
        Input("k", ("T", "N"), "index"),
        Input("W", ("hidden", "input"), "param"),
        Input("E", ("hidden", "input"), "param"),
        Input("V", ("hidden", "input+hidden"), "param"),
        Input("alpha", (), "param"),
    )
    p = verify(Program("Kinds", inputs, (), nodes, (("output", "y"),)))
    check(p)
    check(p, [5, 3, 0, 1])


def test_the_largest_elements_share_a_cotangent():
    p = Program("P", (Input("x", ("N", "hidden"), "input"),), (), (Reduce("y", ("N",), "x", "max"),), (("y", "y"),))
    out = run(verify(differentiate(p)), {"x": np.array([[3.0, 1.0, 3.0]]), "d_y": np.array([8.0])})
    np.testing.assert_array_equal(out["d_x"], [[4.0, 0.0, 4.0]])


def test_names_of_seeds_and_outputs():
    g = differentiate(lstm())
    assert [i.name for i in g.inputs if i.role == "seed"] == ["d_output", "d_h_T", "d_c_T"]
    keys = [key for key, _ in g.outputs]
    assert keys[:3] == ["output", "h_T", "c_T"]
    assert keys[3:] == [f"d_{i.name}" for i in lstm().inputs]


def test_names_are_fresh():
    """A cell that uses the names its gradient would take."""
    nodes = (Pointwise("d_a", STREAM, tanh(s("x"))), Pointwise("a", STREAM, s("d_a") * s("x")), Pointwise("y", STREAM, s("a") ** 2))
    p = verify(Program("P", (Input("x", STREAM, "input"),), (), nodes, (("output", "y"),)))
    check(p)
    with pytest.raises(InternalError, match="has a value d_output already"):
        differentiate(Program("P", p.inputs, (), (*nodes, Pointwise("d_output", STREAM, s("y"))), p.outputs))
    with pytest.raises(InternalError, match="has an output d_x already"):
        differentiate(Program("P", p.inputs, (), nodes, (*p.outputs, ("d_x", "y"))))


def test_of_and_wrt_choose_seeds_and_cotangents():
    g = differentiate(lstm(), of=["h_T"], wrt=["b_f", "h_0"])
    assert [i.name for i in g.inputs if i.role == "seed"] == ["d_h_T"]
    assert [key for key, _ in g.outputs][3:] == ["d_b_f", "d_h_0"]
    assert not [n.name for n in g.nodes if n.name.startswith(("d_U", "d_W", "d_x"))]
    with pytest.raises(InternalError, match="no input W_q"):
        differentiate(lstm(), wrt=["W_q"])


def test_a_cotangent_of_zero_is_a_zero_of_its_type():
    """`h_T` of the linear cell depends on neither `V` nor `b`, and nothing computes with their zeros."""
    g = verify(differentiate(linear(), of=["h_T"]))
    assert (dict(g.outputs)["d_V"], dict(g.outputs)["d_b"]) == ("zero_proj_hidden", "zero_proj")
    assert not any(o.startswith("zero") for n in g.nodes for o in n.operands)


def test_nothing_is_computed_that_no_cotangent_needs():
    for wrt in (None, ["b_f"], ["h_0", "W_o"]):
        g = differentiate(lstm(), wrt=wrt)
        assert dce(g) == g


def test_nothing_flows_back_past_an_inactive_carry():
    g = differentiate(linear(), wrt=["b", "V"])
    assert len(g.carries) == 1


def test_the_primal_stays_as_it_is():
    p = lstm()
    g = differentiate(p)
    assert g.nodes[: len(p.nodes)] == p.nodes
    assert g.carries[: len(p.carries)] == p.carries
    assert g.inputs[: len(p.inputs)] == p.inputs
