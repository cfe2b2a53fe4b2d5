"""Phases: what is computed together, and in which order."""

import pytest

from rnncc.compiler import compile_cell
from rnncc.errors import InternalError
from rnncc.ir import Contract, Gather, Input, Program, ScatterAdd
from rnncc.schedule import Compute, Move, schedule, show_schedule
from tests.emit.cpu_cases import CORE, OWN, source_of
from tests.passes.programs import STREAM, lstm
from tests.schedule.cells import EVERY, SUMS, names, planned


def everything(plan):
    """Every phase of a schedule, region by region."""
    return [phase for stage in plan.stages for phase in stage.phases] + [*plan.step, *plan.after]


def order(plan):
    """The nodes in the order of work; of products, the sums that they feed."""
    found = [n.name for n in plan.prologue]
    for phase in everything(plan):
        if isinstance(phase, Move):
            found.append(phase.node.name)
        else:
            found += [a.value for p in phase.panels for a in p.accumulators] + names(phase.values)
    return found + names(plan.totals) + names(plan.epilogue)


@pytest.mark.parametrize("cell", CORE + OWN)
def test_every_value_is_made_once_and_every_product_in_one_sum(cell):
    made = compile_cell(source_of(cell))
    for program in (made.primal, *made.sweeps, made.trace):
        plan = schedule(program)
        found = order(plan)
        assert len(found) == len(set(found))
        terms = [
            t for phase in everything(plan) if isinstance(phase, Compute) for p in phase.panels for a in p.accumulators for t in a.terms
        ]
        products = [n for n in plan.program.nodes if isinstance(n, Contract) and "T" in n.type]
        assert len(terms) == len(products)
        others = {n.name for n in plan.program.nodes} - {n.name for n in products}
        assert others <= set(found)


@pytest.mark.parametrize("text", EVERY.values(), ids=EVERY)
def test_operands_come_first(text, tmp_path):
    for plan in planned(text, tmp_path):
        known = {i.name for i in plan.program.inputs} | {v for c in plan.program.carries for v in (c.prev, c.final)}
        known.update(names(plan.prologue))
        for phase in everything(plan):
            for operand in products_read(phase):
                assert operand in known
            known.update(made_at_once(phase))
            for n in phase.values if isinstance(phase, Compute) else ():
                assert set(n.operands) <= known
                known.add(n.name)


def products_read(phase):
    return phase.node.operands if isinstance(phase, Move) else [o for p in phase.panels for o in p.operands]


def made_at_once(phase):
    return [phase.node.name] if isinstance(phase, Move) else [a.value for p in phase.panels for a in p.accumulators]


@pytest.mark.parametrize(("cell", "tiled"), [("elman", 1), ("lstm", 1), ("gru", 2), ("rhn", 3), ("jordan", 2)])
def test_how_many_phases_of_products_a_step_takes(cell, tiled):
    plan = schedule(compile_cell(source_of(cell)).primal)
    assert len([p for p in plan.step if p.panels]) == tiled


def test_a_reduction_ends_the_phase_of_what_it_reduces(tmp_path):
    plan, *_ = planned(SUMS, tmp_path)
    ended = {n.name: names(phase.nodes) for phase in plan.step for n in phase.reductions}
    assert ended["h_new_sum"] == ["n", "h_new_sum_in"]


def test_a_phase_with_products_has_no_reductions(tmp_path):
    for plan in planned(SUMS, tmp_path):
        assert not any(phase.panels and phase.reductions for phase in everything(plan))


def test_a_reduction_of_an_old_state_has_a_phase_of_its_own(tmp_path):
    first = planned(SUMS, tmp_path)[0].step[0]
    assert (first.size, first.panels, names(first.values)) == ("hidden", (), ["max_h"])


def test_values_of_one_number_a_row_are_computed_without_units(tmp_path):
    plan, *_ = planned(SUMS, tmp_path)
    assert [names(phase.nodes) for phase in plan.step if phase.size == ""] == [["mean_z"]]


def test_two_carries_never_share_a_next_value():
    program = lstm()
    plan = schedule(program)
    assert len({c.next for c in plan.carries}) == len(plan.carries)


def embedding(*nodes, outputs):
    inputs = (Input("E", ("hidden", "input"), "param"), Input("k", ("T", "N"), "index"))
    return Program("Embedding", inputs, (), (Gather("e", STREAM, "E", "k"), *nodes), outputs)


def test_a_gather_comes_ahead_of_the_loop_and_a_scatter_after_it():
    back = ScatterAdd("back", ("hidden", "input"), "e", "k")
    plan = schedule(embedding(back, outputs=(("output", "e"), ("back", "back"))))
    assert names(plan.gathers) == ["e"]
    assert names(plan.totals) == ["back"]
    assert not everything(plan)
    assert "gathers\n    e = gather(E, k)" in show_schedule(plan)


def test_a_gather_of_what_the_sequence_makes_is_refused():
    back = ScatterAdd("back", ("hidden", "input"), "e", "k")
    again = Gather("again", STREAM, "back", "k")
    with pytest.raises(InternalError, match="again picks columns of back, which waits for the sequence"):
        schedule(embedding(back, again, outputs=(("output", "again"),)))


def test_a_stream_is_added_up_behind_the_products_with_it(tmp_path):
    """A bias behind its weights, and the other sums where the program has them."""
    text = """
    h = cell.state("h")
    b, W, U = cell.bias("b", h), cell.weight("W", h, x), cell.weight("U", h, h)
    a, u = cell.bias("a", h), cell.bias("u", h)
    cell.next(h=tanh(W @ x + U @ h + b) + a * u)
    cell.output(h)
    """
    backward = planned(text, tmp_path)[2]
    assert names(backward.totals)[-3:] == ["d_W_of_W_x", "d_U_of_U_h", "d_b_of_h_new_tanh_in"]
