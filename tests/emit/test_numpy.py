import math

import numpy as np
import pytest
import sympy as sp

from rnncc.emit.numpy import run
from rnncc.emit.numpy.elementwise import ELEMENTWISE
from rnncc.emit.numpy.expression import evaluator
from rnncc.errors import InternalError, ShapeError
from rnncc.functions import VOCABULARY
from rnncc.ir import Carry, Concat, Contract, Gather, Input, Pointwise, Program, Reduce, ScatterAdd, Slice, verify
from rnncc.passes import differentiate
from tests.passes.programs import SIZES, STREAM, arrays, lstm, s, window


def counted(*shape):
    return np.arange(math.prod(shape), dtype=float).reshape(shape) + 1


def reference_lstm(env, lengths, reverse=False):
    """One sequence after another, one step after another."""

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    steps, batch, _ = env["x"].shape
    y = np.zeros((steps, batch, env["b_i"].size))
    h, c = env["h_0"].copy(), env["c_0"].copy()
    for n in range(batch):
        order = range(lengths[n])
        for t in reversed(order) if reverse else order:
            a = {k: env[f"W_{k}"] @ env["x"][t, n] + env[f"U_{k}"] @ h[n] + env[f"b_{k}"] for k in "ifgo"}
            c[n] = sigmoid(a["f"]) * c[n] + sigmoid(a["i"]) * np.tanh(a["g"])
            h[n] = sigmoid(a["o"]) * np.tanh(c[n])
            y[t, n] = h[n]
    return {"output": y, "h_T": h, "c_T": c}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [[5, 5, 5, 5], [5, 0, 2, 1], [0, 0, 0, 0]])
def test_an_lstm_against_the_equations_sample_by_sample(lengths, reverse):
    env = arrays(lstm(), np.random.default_rng(0))
    expected = reference_lstm(env, lengths, reverse)
    found = run(lstm(), env, lengths, reverse=reverse)
    for key in expected:
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-13, atol=1e-15)


def test_no_steps_and_no_rows():
    g = differentiate(lstm())
    for steps, batch in ((0, 3), (4, 0), (0, 0)):
        env = arrays(g, np.random.default_rng(0), steps, batch)
        out = run(g, env)
        assert out["output"].shape == (steps, batch, SIZES["hidden"])
        np.testing.assert_array_equal(out["h_T"], env["h_0"] if steps == 0 else out["h_T"])
        np.testing.assert_array_equal(out["d_W_f"], np.zeros((SIZES["hidden"], SIZES["input"])))
        np.testing.assert_array_equal(out["d_c_0"], env["d_c_T"] if steps == 0 else out["d_c_0"])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("make", [lstm, window])
def test_nan_in_dead_steps_touches_nothing(make, reverse):
    g = differentiate(make())
    lengths = np.array([5, 3, 0, 1])
    env = arrays(g, np.random.default_rng(1))
    clean = run(g, env, lengths, reverse=reverse)
    dead = np.arange(5)[:, None] >= lengths
    dirty = {k: np.where(dead[:, :, None], np.nan, v) if v.shape[:2] == (5, 4) else v for k, v in env.items()}
    out = run(g, dirty, lengths, reverse=reverse)
    for key in clean:
        np.testing.assert_array_equal(out[key], clean[key])
    assert not out["d_x"][dead].any()


def test_nan_in_live_steps_propagates():
    env = arrays(lstm(), np.random.default_rng(1))
    env["x"][2, 0, 0] = np.nan
    out = run(lstm(), env)["output"]
    assert np.isnan(out[2:, 0]).all()
    assert np.isfinite(out[:2]).all()
    assert np.isfinite(out[:, 1:]).all()


def test_values_outside_a_loop_shift():
    env = arrays(window(), np.random.default_rng(2))
    out = run(Program("P", window().inputs, window().carries, (), (("w", "w"), ("w_T", "w_T"))), env, [5, 3, 0, 1])
    np.testing.assert_array_equal(out["w"][0, 0], env["w_0"][0])
    np.testing.assert_array_equal(out["w"][1:, 0], env["x"][:-1, 0])
    np.testing.assert_array_equal(out["w_T"], [env["x"][4, 0], env["x"][2, 1], env["w_0"][2], env["x"][0, 3]])


def test_concat_slice_gather_and_scatter_add():
    both = ("N", "a+b")
    inputs = (
        Input("p", ("N", "a"), "input"),
        Input("q", ("N", "b"), "input"),
        Input("E", ("b", "a"), "param"),
        Input("k", ("T", "N"), "index"),
        Input("n_a", (), "size"),
        Input("n_b", (), "size"),
    )
    nodes = (
        Concat("pq", both, ("p", "q")),
        Slice("q_again", ("N", "b"), "pq", 1),
        Gather("rows", ("T", "N", "b"), "E", "k"),
        ScatterAdd("back", ("b", "a"), "rows", "k"),
        Pointwise("sizes", (), s("n_a") + 10 * s("n_b")),
    )
    p = verify(Program("P", inputs, (), nodes, tuple((n.name, n.name) for n in nodes)))
    k = np.array([[0, 2], [2, 99]])
    env = {"p": counted(2, 3), "q": -counted(2, 2), "E": counted(2, 3), "k": k}
    out = run(p, env, lengths=[2, 1])
    np.testing.assert_array_equal(out["pq"], [[1, 2, 3, -1, -2], [4, 5, 6, -3, -4]])
    np.testing.assert_array_equal(out["q_again"], env["q"])
    np.testing.assert_array_equal(out["rows"], [[[1, 4], [3, 6]], [[3, 6], [0, 0]]])
    np.testing.assert_array_equal(out["back"], [[1, 0, 6], [4, 0, 12]])
    assert out["sizes"] == 23


def test_reductions_over_units_rows_and_time():
    p = Program(
        "P",
        (Input("x", STREAM, "input"),),
        (),
        (
            Reduce("largest", ("T", "N"), "x", "max"),
            Reduce("ever", ("hidden",), "x", "max"),
            Reduce("total", ("hidden",), "x", "sum"),
            Reduce("batch", ("T", "hidden"), "x", "sum"),
            Contract("gram", ("hidden", "unit"), "x", "x", "TNi,TNj->ij"),
        ),
        tuple((k, k) for k in ("largest", "ever", "total", "batch")),
    )
    x = np.random.default_rng(0).normal(size=(4, 3, 2)) - 10
    out = run(p, {"x": x}, [4, 1, 2], sizes={"unit": 2})
    alive = np.arange(4)[:, None] < [4, 1, 2]
    np.testing.assert_allclose(out["largest"], np.where(alive, x.max(-1), 0))
    np.testing.assert_allclose(out["ever"], x[alive].max(0))
    np.testing.assert_allclose(out["total"], x[alive].sum(0))
    np.testing.assert_allclose(out["batch"], (x * alive[..., None]).sum(1))


def test_every_function_of_the_vocabulary():
    assert set(ELEMENTWISE) == set(VOCABULARY)
    a = np.array([-1000.0, -1.0, -0.0, 0.0, 0.5, 1.0, 40.0, 1000.0, np.inf, -np.inf])
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        naive = {"sigmoid": 1 / (1 + np.exp(-a)), "softplus": np.where(a > 700, a, np.log1p(np.exp(a)))}
    for name, expected in naive.items():
        np.testing.assert_allclose(ELEMENTWISE[name](a), expected, rtol=1e-15, atol=1e-300)
    assert ELEMENTWISE["sigmoid"](np.array(-700.0)) == pytest.approx(math.exp(-700), rel=1e-13)
    np.testing.assert_array_equal(ELEMENTWISE["step"](a), a > 0)
    np.testing.assert_array_equal(ELEMENTWISE["inside"](a, -1.0, 1.0), (a >= -1) & (a <= 1))
    np.testing.assert_array_equal(ELEMENTWISE["ahead"](np.array([1.0, 2.0, 3.0]), 2.0), [0, 0.5, 1])
    np.testing.assert_array_equal(ELEMENTWISE["clamp"](a, -1.0, 1.0), np.clip(a, -1, 1))
    assert ELEMENTWISE["erf"](np.array(0.3)) == math.erf(0.3)


def test_nan_goes_through_every_function_that_is_no_comparison():
    for name in set(ELEMENTWISE) - {"step", "sign", "equal", "ahead", "inside"}:
        arity = VOCABULARY[name].nargs.args[0]
        assert np.isnan(ELEMENTWISE[name](*[np.array(np.nan)] * int(arity))), name


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (s("a") ** -1, 0.5),
        (s("a") ** -2, 0.25),
        (s("a") ** sp.Rational(1, 3), 2 ** (1 / 3)),
        (sp.Rational(1, 3) * s("a") - sp.Float(0.1), 2 * (1 / 3) - 0.1),
        (sp.pi * s("a"), 2 * math.pi),
        (sp.Piecewise((s("a"), s("a") > 3), (s("a") ** 2, s("a") >= 2), (0, True)), 4.0),
        (sp.Piecewise((1, sp.And(s("a") > 0, s("a") < 1)), (2, sp.Or(sp.Eq(s("a"), 2), s("a") < 0)), (3, True)), 2.0),
        (sp.Piecewise((5, sp.Ne(s("a"), 2)), (6, True)), 6.0),
    ],
)
def test_expressions(expr, expected):
    assert evaluator(expr)({"a": np.float64(2.0)}) == pytest.approx(expected, rel=1e-15)


def test_no_branch_is_nan():
    assert np.isnan(evaluator(sp.Piecewise((1, s("a") > 3)))({"a": np.float64(2.0)}))


def test_what_it_does_not_know_is_named():
    with pytest.raises(InternalError, match="does not know gamma"):
        evaluator(sp.gamma(s("a")))


def test_arrays_that_do_not_fit():
    env = arrays(lstm(), np.random.default_rng(0))
    with pytest.raises(ShapeError, match=r"x has shape \(5, 4\), expected one length for each of the axes \(T, N, input\)"):
        run(lstm(), env | {"x": env["x"][..., 0]})
    with pytest.raises(ShapeError, match="h_0 has 3 along N, expected 4 as elsewhere"):
        run(lstm(), env | {"h_0": env["h_0"][:3]})
    with pytest.raises(ShapeError, match=r"the param W_i of type \(hidden, input\) is missing"):
        run(lstm(), {k: v for k, v in env.items() if k != "W_i"})
    with pytest.raises(ShapeError, match="expected 4 integers from 0 to 5"):
        run(lstm(), env, [1, 2, 3, 6])
    with pytest.raises(ShapeError, match="no array shows how long the axis T is"):
        run(Program("P", (), (), (Pointwise("z", ("T",), sp.S.Zero),), (("z", "z"),)), {})


def test_nothing_of_env_is_written_and_results_are_new():
    env = arrays(lstm(), np.random.default_rng(0))
    before = {k: v.copy() for k, v in env.items()}
    p = Program("P", lstm().inputs, (), (), (("output", "b_i"),))
    run(p, env, sizes={})["output"][:] = 7
    run(lstm(), env)
    assert all((env[k] == before[k]).all() for k in env)


def test_a_carry_without_rows_lives_at_every_step():
    carries = (Carry("k", "k_0", "k_new", "k_T", ("T",)),)
    inputs = (Input("k_0", (), "init"), Input("x", ("T", "N"), "input"))
    p = verify(Program("Count", inputs, carries, (Pointwise("k_new", ("T",), s("k") + 1),), (("output", "k_new"), ("k_T", "k_T"))))
    out = run(p, {"k_0": 3.0, "x": np.zeros((4, 2))}, lengths=[1, 0])
    np.testing.assert_array_equal(out["output"], [4, 5, 6, 7])
    assert out["k_T"] == 7
