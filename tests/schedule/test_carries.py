"""separate_carries: every carry has a next value of its own."""

from dataclasses import replace

import numpy as np

from rnncc.emit.numpy import run
from rnncc.ir import verify
from rnncc.schedule.carries import separate_carries
from tests.passes.programs import arrays, lstm, window
from tests.schedule.cells import DELAY_LINE, EVERY, TWO_OF_ONE, compiled


def nexts(program):
    return {c.prev: c.next for c in program.carries}


def test_carries_that_are_apart_stay_as_they_are():
    assert separate_carries(lstm()) == lstm()


def test_a_shift_of_an_input_stays_as_it_is():
    assert separate_carries(window()) == window()


def test_two_states_with_one_next_value(tmp_path):
    separated = separate_carries(compiled(TWO_OF_ONE, tmp_path).primal)
    assert nexts(separated) == {"h": "h_new", "g": "g_next"}
    assert str(separated.node["g_next"].expr) == "h_new"


def test_a_state_that_follows_another_state(tmp_path):
    separated = separate_carries(compiled(DELAY_LINE, tmp_path).primal)
    assert nexts(separated) == {"h": "h_new", "g": "g_next", "u": "x", "v": "v_next"}


def test_the_meaning_stays(tmp_path):
    for text in EVERY.values():
        program = compiled(text, tmp_path).primal
        env = arrays(program, np.random.default_rng(0))
        expected = run(program, env, lengths=[5, 3, 1, 0])
        found = run(verify(separate_carries(program)), env, lengths=[5, 3, 1, 0])
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value)


def test_a_name_that_is_taken_is_not_taken_again(tmp_path):
    program = compiled(TWO_OF_ONE, tmp_path).primal
    taken = replace(program, inputs=(*program.inputs, replace(program.inputs[0], name="g_next")))
    assert nexts(separate_carries(taken))["g"] == "g_next_2"
