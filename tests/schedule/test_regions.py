"""Where values are computed: before the loop, in it, after it."""

from dataclasses import replace

import pytest

from rnncc.errors import InternalError
from rnncc.ir import Carry, Input, Pointwise, Program, Reduce, verify
from rnncc.schedule import Compute, schedule
from tests.passes.programs import STREAM, linear, lstm, s, window
from tests.schedule.cells import CHAIN_OF_SHIFTS, DELAY_LINE, NO_LOOP, READ_OUT, SUM_OF_A_CARRY, names, planned


def made_in(phases):
    """Names of what phases make, products by their sum."""
    found = []
    for phase in phases:
        if isinstance(phase, Compute):
            found += [a.value for p in phase.panels for a in p.accumulators] + names(phase.values)
        else:
            found.append(phase.node.name)
    return found


def test_a_cell_that_is_all_loop():
    plan = schedule(lstm())
    assert [c.prev for c in plan.carries] == ["h", "c"]
    assert (plan.stages, plan.after, plan.totals, plan.prologue, plan.epilogue) == ((), (), (), (), ())


def test_a_carry_of_an_input_is_shifted_before_the_loop():
    plan = schedule(window())
    assert [(s.phases, [c.prev for c in s.shifts]) for s in plan.stages] == [((), ["w"])]
    assert (plan.carries, plan.step) == ((), ())
    assert made_in(plan.after) == ["a", "y", "y_sum", "z"]


def test_a_product_that_no_carry_waits_for_comes_after_the_loop():
    plan = schedule(linear())
    assert made_in(plan.step) == ["h_new"]
    assert made_in(plan.after) == ["y_products", "y"]


def test_without_a_loop_the_backward_sweep_has_none_of_the_forward_one(tmp_path):
    for plan in planned(NO_LOOP, tmp_path)[:2]:
        assert (plan.carries, plan.step) == ((), ())


def test_pointwise_work_for_whole_sequences_is_done_there_where_its_operands_are_kept_anyway(tmp_path):
    plan, *_ = planned(READ_OUT, tmp_path)
    assert made_in(plan.step) == ["h_new_in", "h_new"]
    assert made_in(plan.after) == ["o", "y", "sum_y", "mean_y", "y_2"]


def test_shifts_come_in_stages_each_after_what_it_shifts(tmp_path):
    backward = planned(CHAIN_OF_SHIFTS, tmp_path)[2]
    assert [(made_in(s.phases), [c.prev for c in s.shifts]) for s in backward.stages] == [([], ["w"]), (["v_new"], ["v"])]


def test_a_delay_line_runs_in_the_loop_whatever_it_delays(tmp_path):
    primal, _, backward = planned(DELAY_LINE, tmp_path)
    assert [c.prev for c in primal.carries] == ["h", "g", "v"]
    assert {c.prev for s in backward.stages for c in s.shifts} == {"h", "g", "u", "v"}


def test_values_without_time_come_before_the_loop_or_after_what_they_sum(tmp_path):
    text = """
    h = cell.state("h")
    W = cell.weight("W", h, concat(x, h))
    cell.next(h=tanh(W @ concat(x, h)))
    cell.output(h)
    """
    backward = planned(text, tmp_path)[2]
    assert names(backward.prologue) == ["W_x", "W_h"]
    assert names(backward.totals) == ["d_W_h_of_W_h_h", "d_W_x_of_W_x_x"]
    assert names(backward.epilogue) == ["d_W"]


def test_what_follows_from_the_sum_of_a_carry_comes_last(tmp_path):
    backward = planned(SUM_OF_A_CARRY, tmp_path)[2]
    (total,) = [n for n in backward.totals if isinstance(n, Reduce)]
    assert total.a in {c.prev for c in backward.carries}
    assert [n.name for n in backward.epilogue if total.name in n.operands] == ["d_a"]


def test_a_program_of_two_directions_is_refused():
    program = lstm()
    late = Carry("later", "c_0", "h_new", "later_T", ("T", "N", "hidden"), reverse=True)
    with pytest.raises(InternalError, match=r"LSTM: the shifts \['later'\] wait for the loop"):
        schedule(replace(program, carries=(*program.carries, late)))


def test_what_two_stages_need_is_made_in_the_first():
    inputs = (Input("x", STREAM, "input"), *(Input(f"{k}_0", STREAM[1:], "init") for k in "wvq"))
    nodes = (
        Pointwise("e", STREAM, 2 * s("x")),
        Pointwise("f", STREAM, s("w") * s("e")),
        Pointwise("g", STREAM, s("v") + s("q")),
    )
    nexts = {"w": "e", "v": "f", "q": "g"}
    carries = tuple(Carry(k, f"{k}_0", n, f"{k}_T", STREAM, reverse=k == "q") for k, n in nexts.items())
    plan = schedule(verify(Program("Stages", inputs, carries, nodes, (("output", "g"),))))
    assert [(made_in(stage.phases), [c.prev for c in stage.shifts]) for stage in plan.stages] == [(["e"], ["w"]), (["f"], ["v"])]
    assert made_in(plan.step) == ["g"]
