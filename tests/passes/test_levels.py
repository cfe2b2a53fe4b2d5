import numpy as np

from rnncc.emit.numpy import run
from rnncc.ir import Carry, Input, Pointwise, Program, Reduce, verify
from rnncc.passes import differentiate, split
from rnncc.passes.levels import NO_LOOP, levels
from tests.passes.programs import SIZES, STREAM, arrays, in_turn, lstm, relative, s, tanh

PLAIN = STREAM[1:]


def two_loops(link, reverse=False, extra=(), carries=()):
    """A loop `h`, and a loop `k` that reads `link`, with what lies between."""
    nodes = (
        Pointwise("h_new", STREAM, tanh(s("h") + s("x"))),
        *extra,
        Pointwise("k_new", STREAM, tanh(s("k") + s(link))),
    )
    inputs = (Input("x", STREAM, "input"), Input("h_0", PLAIN, "init"), Input("k_0", PLAIN, "init"))
    loops = (Carry("h", "h_0", "h_new", "h_T", STREAM), Carry("k", "k_0", "k_new", "k_T", STREAM, reverse))
    return verify(Program("Two", inputs, (*loops, *carries), nodes, (("output", "k_new"), ("k_T", "k_T"))))


def sweep_of(program):
    found = levels(program, [])
    return found.available["h_new"], found.available["k_new"]


def check(program):
    """The sweeps of the program and of its gradient give what the whole gives."""
    sizes = {"T": 5, "N": 4, **SIZES}
    for p, late in ((program, ()), (verify(differentiate(program)), None)):
        env = arrays(p, np.random.default_rng(0))
        expected, found = run(p, env, [5, 2, 0, 4]), in_turn(split(p, late), env, lengths=[5, 2, 0, 4], sizes=sizes)
        assert max(relative(found[k], expected[k]) for k in expected) < 1e-13


def test_loops_of_one_direction_share_a_sweep():
    p = two_loops("h_new")
    assert sweep_of(p) == (0, 0)
    check(p)


def test_a_loop_of_the_other_direction_has_its_own():
    p = two_loops("h_new", reverse=True)
    assert sweep_of(p) == (0, 1)
    check(p)


def test_a_loop_that_reads_a_sum_over_time_waits():
    p = two_loops("total", extra=(Reduce("total", ("hidden",), "h_new", "sum"),))
    assert sweep_of(p) == (0, 1)
    check(p)


def test_a_loop_that_reads_something_made_of_a_sum_over_time_waits():
    between = (Reduce("total", ("hidden",), "h_new", "sum"), Pointwise("scaled", ("hidden",), s("total") / 5))
    p = two_loops("scaled", extra=between)
    assert sweep_of(p) == (0, 1)
    check(p)


def test_a_loop_that_reads_an_end_waits():
    p = two_loops("h_T")
    assert sweep_of(p) == (0, 1)
    check(p)


def test_a_loop_that_starts_where_another_ends_waits():
    p = two_loops("x")
    start = Carry("k", "h_T", "k_new", "k_T", STREAM)
    p = verify(Program("Two", p.inputs, (p.carries[0], start), p.nodes, p.outputs))
    assert sweep_of(p) == (0, 1)
    check(p)


def test_a_loop_that_reads_a_shift_against_time_waits():
    after = Carry("h_after", "k_0", "h_new", "h_first", STREAM, reverse=True)
    p = two_loops("h_after", carries=(after,))
    assert sweep_of(p) == (0, 1)
    check(p)


def test_a_loop_that_reads_a_shift_along_time_does_not():
    before = Carry("h_before", "k_0", "h_new", "h_last", STREAM)
    p = two_loops("h_before", carries=(before,))
    assert sweep_of(p) == (0, 0)
    check(p)


def test_what_needs_no_loop_and_what_is_known_late():
    found = levels(lstm(), [])
    assert found.available["W_i_x"] == NO_LOOP
    assert found.available["h_T"] == found.available["i"] == 0
    assert levels(lstm(), [["W_i"]]).available["W_i_x"] == 1
