import numpy as np

from rnncc.emit.numpy import run
from rnncc.ir import Carry, Contract, Input, Pointwise, Program, verify
from rnncc.passes import hoist_sums
from tests.passes.programs import STREAM, arrays, linear, lstm, relative, s, window


def test_the_bias_goes_with_the_product():
    found = verify(hoist_sums(lstm()))
    assert found.node["i_in_pre"].expr == s("W_i_x") + s("b_i")
    assert found.node["i_in_pre"].type == STREAM
    assert found.node["i_in"].expr == s("i_in_pre") + s("U_i_h")
    assert len(found.nodes) == len(lstm().nodes) + 4


def test_results_stay():
    env = arrays(lstm(), np.random.default_rng(0))
    expected, found = run(lstm(), env, [5, 2, 0, 1]), run(hoist_sums(lstm()), env, [5, 2, 0, 1])
    assert all(relative(found[k], expected[k]) < 1e-13 for k in expected)


def test_nothing_to_hoist():
    for p in (linear(), window()):
        assert hoist_sums(p) == p


def test_a_product_that_two_sums_read_is_not_written_twice():
    nodes = (
        Contract("W_x", STREAM, "W", "x", "ij,TNj->TNi"),
        Pointwise("a", STREAM, s("W_x") + s("b") + s("h")),
        Pointwise("y", STREAM, s("W_x") + s("b") + s("a")),
    )
    inputs = (
        Input("x", ("T", "N", "input"), "input"),
        Input("W", ("hidden", "input"), "param"),
        Input("b", ("hidden",), "param"),
        Input("h_0", STREAM[1:], "init"),
    )
    p = verify(Program("P", inputs, (Carry("h", "h_0", "y", "h_T", STREAM),), nodes, (("output", "y"),)))
    assert hoist_sums(p) == p
