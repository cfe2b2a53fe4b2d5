import numpy as np
import pytest

from rnncc.emit.numpy import run
from rnncc.ir import Carry, Contract, Input, Pointwise, Program, Reduce, components, verify
from rnncc.passes import cse, dce, differentiate, hoist_sums, split
from tests.passes.programs import SIZES, STREAM, arrays, in_turn, linear, lstm, relative, s, tanh, window

LENGTHS = [5, 3, 0, 1]


def joint(program):
    return verify(dce(cse(verify(differentiate(program)))))


def directions(sweep):
    """The directions of the loops of one sweep."""
    looped = {v for members, cyclic in components(sweep) for v in members if cyclic}
    return {c.reverse for c in sweep.carries if c.prev in looped}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("make", [lstm, linear, window])
def test_sweeps_in_turn_give_the_joint_graph(make, reverse):
    g = joint(make())
    env = arrays(g, np.random.default_rng(2))
    expected = run(g, env, LENGTHS, reverse=reverse)
    sweeps = [hoist_sums(sweep) for sweep in split(g)]
    found = in_turn(sweeps, env, lengths=LENGTHS, sizes={"T": 5, "N": 4, **SIZES}, reverse=reverse)
    assert all(relative(found[k], expected[k]) < 1e-13 for k in expected)


@pytest.mark.parametrize("make", [lstm, linear, window])
def test_the_first_sweep_is_the_primal(make):
    primal = make()
    forward, backward = split(joint(primal))
    assert not [i for i in forward.inputs if i.role in ("seed", "residual")]
    assert [key for key, _ in forward.outputs][: len(primal.outputs)] == [key for key, _ in primal.outputs]
    assert directions(forward) <= {False}
    assert directions(backward) <= {True}
    given = {key for key, _ in forward.outputs}
    assert {i.name for i in backward.inputs if i.role == "residual"} <= given


def test_an_lstm_keeps_its_gates_and_states_only():
    forward, backward = split(joint(lstm()))
    assert {i.name for i in backward.inputs if i.role == "residual"} == {"i", "f", "g", "o", "c_new", "h_new"}
    assert "tanh_c_new" in backward.node
    assert {key for key, _ in forward.outputs} == {"output", "h_T", "c_T", "i", "f", "g", "o", "c_new", "h_new"}


def test_a_carry_of_an_earlier_sweep_becomes_a_shift():
    _, backward = split(joint(lstm()))
    assert backward.by_prev["h"] == Carry("h", "h_0", "h_new", "h_T_again", STREAM)


def test_a_next_is_never_computed_again():
    """`h' = tanh(h * u + x)` has no product: all of it is cheap, and yet the loop stays out of the backward sweep."""
    nodes = (Pointwise("a", STREAM, s("h") * s("u") + s("x")), Pointwise("h_new", STREAM, tanh(s("a"))))
    inputs = (Input("x", STREAM, "input"), Input("u", ("hidden",), "param"), Input("h_0", STREAM[1:], "init"))
    p = verify(Program("Diagonal", inputs, (Carry("h", "h_0", "h_new", "h_T", STREAM),), nodes, (("h_T", "h_T"),)))
    _, backward = split(joint(p))
    assert {i.name for i in backward.inputs if i.role == "residual"} == {"h_new"}


def test_states_that_only_change_places_stay_out_of_the_backward_sweep():
    nodes = (Pointwise("y", STREAM, s("a") * s("b") * s("x")),)
    inputs = (Input("x", STREAM, "input"), Input("a_0", STREAM[1:], "init"), Input("b_0", STREAM[1:], "init"))
    carries = (Carry("a", "a_0", "b", "a_T", STREAM), Carry("b", "b_0", "a", "b_T", STREAM))
    g = joint(verify(Program("Swap", inputs, carries, nodes, (("output", "y"), ("a_T", "a_T")))))
    sweeps = split(g)
    assert [directions(sweep) for sweep in sweeps] == [{False}, {True}]
    env = arrays(g, np.random.default_rng(0))
    expected, found = run(g, env, LENGTHS), in_turn(sweeps, env, lengths=LENGTHS)
    assert all(relative(found[k], expected[k]) < 1e-13 for k in expected)


def test_a_shift_that_only_the_backward_sweep_reads():
    """`w_T` is asked of the first sweep, `w` itself is read by the second alone: the carry is computed as a whole."""
    g = dce(joint(window()), keep=["w_T", "d_V"])
    sweeps = split(g)
    env = arrays(g, np.random.default_rng(0))
    expected, found = run(g, env, LENGTHS), in_turn(sweeps, env, lengths=LENGTHS, sizes={"T": 5, "N": 4, **SIZES})
    assert all(relative(found[k], expected[k]) < 1e-13 for k in expected)


def test_late_inputs_come_in_sweeps_of_their_own():
    once = joint(lstm())
    first = {i.name for i in once.inputs if i.role == "seed"}
    twice = verify(dce(cse(differentiate(once, of=["d_x", "d_U_f"], prefix="e_"))))
    second = {i.name for i in twice.inputs if i.role == "seed"} - first
    sweeps = split(twice, late=[first, second])
    assert [directions(sweep) for sweep in sweeps] == [{False}, {True}, {False}, {True}]
    assert not second & {i.name for sweep in sweeps[:2] for i in sweep.inputs}
    env = arrays(twice, np.random.default_rng(3))
    expected = run(twice, env, LENGTHS)
    found = in_turn(sweeps, env, lengths=LENGTHS, sizes={"T": 5, "N": 4, **SIZES})
    assert all(relative(found[k], expected[k]) < 1e-12 for k in expected)


def test_a_carry_whose_end_nobody_reads_asks_for_no_residual():
    nodes = (
        Contract("a", STREAM, "W", "x", "ij,TNj->TNi"),
        Pointwise("v", STREAM, tanh(s("a"))),
        Pointwise("y", STREAM, s("v_before") + s("b")),
    )
    inputs = (
        Input("x", ("T", "N", "input"), "input"),
        Input("W", ("hidden", "input"), "param"),
        Input("b", ("hidden",), "param"),
        Input("v_0", STREAM[1:], "init"),
    )
    carries = (Carry("v_before", "v_0", "v", "v_T", STREAM),)
    p = verify(Program("Delay", inputs, carries, nodes, (("output", "y"),)))
    _, backward = split(dce(joint(p), keep=["output", "d_b"]))
    assert [i.name for i in backward.inputs] == ["d_output"]


def test_elements_are_compared_with_their_maximum_in_the_sweep_that_finds_it():
    """`b` is cheap to compute again, but perhaps not to the last bit; then no element would equal the maximum."""
    nodes = (
        Pointwise("b", STREAM, s("x") * s("u") + s("h")),
        Reduce("largest", ("T", "N"), "b", "max"),
        Pointwise("y", STREAM, s("b") - s("largest")),
    )
    inputs = (Input("x", STREAM, "input"), Input("u", ("hidden",), "param"), Input("h_0", STREAM[1:], "init"))
    p = verify(Program("Largest", inputs, (Carry("h", "h_0", "y", "h_T", STREAM),), nodes, (("output", "y"),)))
    forward, backward = split(joint(p))
    assert "hit_largest" in forward.node
    assert "hit_largest" in {i.name for i in backward.inputs if i.role == "residual"}
    assert "b" not in backward.node
