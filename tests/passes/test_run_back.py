"""States that are run back: the same results, no residual over time, and nothing done to steps that cannot be undone."""

from pathlib import Path

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from rnncc.emit.numpy import run
from rnncc.ir import verify
from rnncc.passes import cse, dce, differentiate, run_back, split
from tests.passes.programs import arrays, in_turn, lstm, relative
from tests.schedule.cells import compiled

COUPLING = Path(__file__).parent.parent / "layers" / "cells" / "coupling.py"
STEPS, LENGTHS = 12, [12, 5, 0, 1]
SIZES = {"input": 3, "hidden": 5}
TOLERANCE = 1e-12
"""Each of 12 steps back adds a rounding of 1.1e-16 or two to a state, products of five units a few more; with room for cancellation."""
DELAYED = """
h, c, w = cell.state("h"), cell.state("c"), cell.state("w")
h_new = h + tanh(cell.vector("u", h) * c + cell.weight("W", h, x) @ x)
c_new = c - sigmoid(h_new)
cell.next(h=h_new, c=c_new, w=c_new)
cell.output(h_new * w)
"""
COUNTED = """
h, t = cell.state("h"), cell.step("t")
cell.next(h=tanh(cell.weight("W", h, x) @ x + 0.1 * t + h))
cell.output(h)
"""


def joint_of(cell):
    return compile_cell(cell).joint


def back_of(joint):
    return verify(dce(verify(run_back(joint))))


def streams(program):
    """The residuals of `program` that vary in time."""
    return {i.name for i in program.inputs if i.role == "residual" and "T" in i.type}


def drawn(program, seed=0):
    return arrays(program, np.random.default_rng(seed), STEPS, len(LENGTHS), SIZES)


def same(found, expected):
    errors = {k: relative(found[k], v) for k, v in expected.items()}
    assert not {k: e for k, e in errors.items() if not e <= TOLERANCE}


def check(joint, kept, reverse=False):
    """`joint` run back gives what it gave, and keeps the streams `kept` from the first sweep for the second."""
    back = back_of(joint)
    env = drawn(joint)
    expected = run(joint, env, LENGTHS, reverse=reverse)
    same(run(back, env, LENGTHS, reverse=reverse), expected)
    forward, backward = split(back)
    assert streams(backward) == kept
    sizes = {"T": STEPS, "N": len(LENGTHS), **SIZES}
    same(in_turn([forward, backward], env, lengths=LENGTHS, sizes=sizes, reverse=reverse), expected)


@pytest.mark.parametrize("reverse", [False, True])
def test_unicornn_keeps_its_last_states_alone(reverse):
    joint = joint_of("unicornn")
    assert streams(split(joint)[1])
    check(joint, set(), reverse)
    _, backward = split(back_of(joint))
    assert {i.name for i in backward.inputs if i.role == "residual"} == {"y_T", "z_T"}


@pytest.mark.parametrize("reverse", [False, True])
def test_products_and_sums_of_the_loop_are_made_again_and_the_other_loop_is_left_alone(reverse):
    check(joint_of(COUPLING), {"g"}, reverse)


def test_a_shift_of_a_state_is_left_alone(tmp_path):
    check(compiled(DELAYED, tmp_path).joint, {"w"})


def test_the_number_of_the_step_is_counted_back(tmp_path):
    check(compiled(COUNTED, tmp_path).joint, {"h"})


def test_a_step_that_cannot_be_undone_is_left_alone():
    joint = verify(dce(cse(verify(differentiate(lstm())))))
    assert run_back(joint) is joint


@pytest.mark.parametrize("cell", ["unicornn", COUPLING], ids=["unicornn", "coupling"])
def test_what_is_run_back_can_be_differentiated(cell):
    """By the states that are run back, and before: both are second derivatives of the same function."""
    joint = joint_of(cell)
    keys = [key for key, _ in joint.outputs if key.startswith("d_")]

    def second(program):
        return verify(dce(cse(verify(differentiate(program, of=keys, prefix="e_")))))

    through, before = second(back_of(joint)), second(joint)
    env = drawn(before)
    expected = run(before, env, LENGTHS)
    same(run(through, env, LENGTHS), expected)
    after = back_of(before)
    same(run(after, env, LENGTHS), expected)
    sizes = {"T": STEPS, "N": len(LENGTHS), **SIZES}
    for program in (through, after):
        same(in_turn(split(program), env, lengths=LENGTHS, sizes=sizes), expected)
