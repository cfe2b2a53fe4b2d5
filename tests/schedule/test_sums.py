"""Sums over time that whole sequences read again: each in the stage before what reads it, ahead of the loop and behind it."""

from dataclasses import replace
from pathlib import Path

import pytest

from rnncc.compiler import compile_cell
from rnncc.errors import InternalError
from rnncc.ir import Carry, Contract, Input, Pointwise, Program, Reduce, verify
from rnncc.schedule import schedule, show_schedule
from tests.passes.programs import STREAM, lstm, s, tanh
from tests.schedule.cells import names
from tests.schedule.test_regions import made_in

BATCH_MEANS = Path(__file__).parent.parent / "emit" / "cells" / "batch_means.py"
HIDDEN = ("hidden",)


def centred(read_again=True):
    """`h' = tanh(x - Σx + U @ h)`; of the output less its sum the output, where it is `read_again`, and that sum."""
    nodes = (
        Reduce("x_sum", HIDDEN, "x", "sum"),
        Pointwise("half", HIDDEN, s("x_sum") / 2),
        Pointwise("d", STREAM, s("x") - s("half")),
        Contract("U_h", STREAM, "U", "h", "ij,TNj->TNi"),
        Pointwise("h_new", STREAM, tanh(s("d") + s("U_h"))),
        Reduce("h_sum", HIDDEN, "h_new", "sum"),
        Pointwise("twice", HIDDEN, 2 * s("h_sum")),
        Pointwise("y", STREAM, s("h_new") - s("twice")),
        Reduce("y_sum", HIDDEN, "y", "sum"),
    )
    inputs = (Input("x", STREAM, "input"), Input("h_0", STREAM[1:], "init"), Input("U", ("hidden", "hidden"), "param"))
    outputs = (("output", "y"), ("sum", "y_sum")) if read_again else (("output", "h_new"), ("sum", "twice"))
    nodes = nodes if read_again else nodes[:-2]
    return verify(Program("Centred", inputs, (Carry("h", "h_0", "h_new", "h_T", STREAM),), nodes, outputs))


def test_a_sum_that_the_loop_waits_for_comes_ahead_of_it_and_one_of_the_loop_behind_it():
    plan = schedule(centred())
    assert [(made_in(t.phases), names(t.totals), names(t.values)) for t in plan.stages] == [([], ["x_sum"], ["half"])]
    assert "d" in made_in(plan.step)
    assert [(made_in(t.phases), names(t.totals), names(t.values)) for t in plan.later] == [([], ["h_sum"], ["twice"])]
    assert (made_in(plan.after), names(plan.totals), plan.epilogue) == (["y"], ["y_sum"], ())


def test_a_sum_that_no_sequence_reads_again_comes_last():
    plan = schedule(centred(read_again=False))
    assert (plan.later, plan.after, names(plan.totals), names(plan.epilogue)) == ((), (), ["h_sum"], ["twice"])


def test_means_of_means_are_stages_one_behind_the_other():
    forward, backward = (schedule(p) for p in compile_cell(BATCH_MEANS).sweeps)
    assert [names(t.totals) for t in forward.stages] == [["m_sum", "r_sum"], ["s_sum"]]
    assert forward.later == ()
    assert len(backward.later) > 1
    placed = [v for stage in backward.whole for v in (*made_in(stage.phases), *names(stage.totals), *names(stage.values))]
    assert len(placed) == len(set(placed))


def test_the_readable_form_names_what_is_made_of_sums():
    text = show_schedule(schedule(centred()))
    assert "  sums over time\n    x_sum = sum(x)\n  of these sums\n    half = x_sum/2\n  step\n" in text
    assert "  sums over time\n    h_sum = sum(h_new)\n  of these sums\n    twice = 2*h_sum\n  after the loop\n" in text


def test_a_loop_that_waits_for_its_own_sum_is_refused():
    program = centred()
    late = Pointwise("d", STREAM, s("x") - s("h_sum"))
    nodes = tuple(late if n.name == "d" else n for n in program.nodes)
    with pytest.raises(InternalError, match=r"Centred: the loop waits for sums of what it makes: \['h_sum'\]"):
        schedule(replace(program, nodes=nodes))


def test_a_loop_that_waits_for_the_end_of_another_is_refused():
    program = lstm()
    again = Carry("g", "c_0", "g_new", "g_T", ("T", "N", "hidden"))
    more = (Pointwise("twice", STREAM[1:], 2 * s("h_T")), Pointwise("g_new", STREAM, s("g") * s("twice")))
    with pytest.raises(InternalError, match=r"LSTM: the loop waits for sums of what it makes: \['g_new'\]"):
        schedule(replace(program, carries=(*program.carries, again), nodes=(*program.nodes, *more)))
