import numpy as np

from rnncc.emit.numpy import run
from rnncc.ir import Carry, Input, Pointwise, Program, verify
from rnncc.passes import cse, differentiate
from tests.passes.programs import STREAM, arrays, relative, s, sigmoid


def twice():
    """`a` and `b` are equal, so are `p` and `q` that read them; `copy` is a copy that is carried and put out."""
    nodes = (
        Pointwise("a", STREAM, s("x") * s("h")),
        Pointwise("b", STREAM, s("h") * s("x")),
        Pointwise("p", STREAM, sigmoid(s("a"))),
        Pointwise("q", STREAM, sigmoid(s("b"))),
        Pointwise("y", STREAM, s("p") + s("q")),
        Pointwise("copy", STREAM, s("y")),
    )
    carries = (Carry("h", "h_0", "copy", "h_T", STREAM),)
    inputs = (Input("x", STREAM, "input"), Input("h_0", STREAM[1:], "init"))
    return verify(Program("Twice", inputs, carries, nodes, (("output", "copy"), ("p", "q"))))


def test_the_first_of_equal_values_stays_and_copies_vanish():
    found = verify(cse(twice()))
    assert [n.name for n in found.nodes] == ["a", "p", "y"]
    assert found.node["y"].expr == 2 * s("p")
    assert found.carries[0].next == "y"
    assert found.outputs == (("output", "y"), ("p", "p"))


def test_a_copy_that_broadcasts_stays():
    p = Program("P", (Input("b", ("hidden",), "param"),), (), (Pointwise("y", ("N", "hidden"), s("b")),), (("output", "y"),))
    assert cse(p) == p


def test_results_stay_and_a_second_time_changes_nothing():
    rng = np.random.default_rng(0)
    g = differentiate(twice())
    once = verify(cse(g))
    assert cse(once) == once
    assert len(once.nodes) < len(g.nodes)
    env = arrays(g, rng)
    expected, found = run(g, env), run(once, env)
    assert all(relative(found[k], expected[k]) < 1e-13 for k in expected)
