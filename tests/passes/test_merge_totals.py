from dataclasses import replace

import numpy as np

from rnncc.compiler import compile_cell
from rnncc.emit.numpy import run
from rnncc.ir import Input, Pointwise, Program, Reduce, verify
from rnncc.passes import merge_totals
from tests.passes.programs import STREAM, arrays, linear, relative, s

INPUTS = (Input("x", STREAM, "input"), Input("w", ("hidden",), "param"))
NODES = (
    Pointwise("a", STREAM, s("x") * s("w")),
    Reduce("a_sum", ("hidden",), "a", "sum"),
    Pointwise("b", STREAM, s("a") * s("a")),
    Reduce("b_sum", ("hidden",), "b", "sum"),
    Pointwise("c", STREAM, s("b") - s("x")),
    Reduce("c_sum", ("hidden",), "c", "sum"),
)


def program(expr, *outputs):
    """What is summed over time, added up."""
    nodes = (*NODES, Pointwise("y", ("hidden",), expr))
    return verify(Program("P", INPUTS, (), nodes, (("y", "y"), *outputs)))


def check(before, lengths=(5, 2, 0, 1)):
    after = verify(merge_totals(before))
    env = arrays(before, np.random.default_rng(0))
    expected, found = run(before, env, list(lengths)), run(after, env, list(lengths))
    assert all(relative(found[k], expected[k]) < 1e-13 for k in expected)
    return after


def test_each_contribution_is_added_as_soon_as_it_is_there():
    after = check(program(s("a_sum") + s("b_sum") + s("c_sum")))
    assert [n.name for n in after.nodes] == ["a", "b", "y_within", "c", "y_within_2", "y"]
    assert after.node["y_within_2"].expr == s("y_within") + s("c")
    assert after.node["y"] == Reduce("y", ("hidden",), "y_within_2", "sum")


def test_what_else_is_added_stays():
    after = check(program(s("a_sum") + s("c_sum") + 2 * s("b_sum") + s("w")))
    assert after.node["y"].expr == s("y_of_y_within") + 2 * s("b_sum") + s("w")


def test_a_sum_that_is_read_elsewhere_stays():
    before = program(s("a_sum") + s("b_sum"), ("b", "b_sum"))
    assert merge_totals(before) is before


def test_sums_of_values_with_further_axes_or_of_inputs_stay():
    """There the sum is over units too, or nothing is saved: the stream lies there anyway."""
    whole = tuple(replace(n, type=()) if isinstance(n, Reduce) else n for n in NODES)
    total = Pointwise("y", (), s("a_sum") + s("b_sum"))
    before = verify(Program("P", INPUTS, (), (*whole, total), (("y", "y"),)))
    assert merge_totals(before) is before
    given = (Reduce("x_sum", ("hidden",), "x", "sum"), *NODES[:2], Pointwise("y", ("hidden",), s("a_sum") + s("x_sum")))
    before = verify(Program("P", INPUTS, (), given, (("y", "y"),)))
    assert merge_totals(before) is before
    assert merge_totals(linear()) == linear()


def test_streams_of_a_step_that_is_unfolded_are_as_many_as_of_one():
    """Matrices of synapses over time: one for each parameter, however often it is used."""

    def streams(unfolds):
        backward = compile_cell("ltc", {"unfolds": unfolds}).sweeps[1]
        return [n.a for n in backward.nodes if isinstance(n, Reduce) and len(n.type) == 2 and "T" in backward.types[n.a]]

    assert len(streams(1)) == len(streams(3)) == 8
