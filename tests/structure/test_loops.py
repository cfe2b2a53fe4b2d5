from rnncc.structure import loops
from tests.passes.programs import lstm, window
from tests.schedule.cells import DELAY_LINE, compiled
from tests.structure.cells import of_catalogue


def test_carries_that_wait_for_each_other_are_one_loop():
    (one,) = loops(lstm())
    assert one.states == "h, c"
    assert {"h", "c", "i_in", "h_new", "c_new"} <= one.inside
    assert {"W_i_x", "x", "h_T"}.isdisjoint(one.inside)
    assert [n.name for n in one.nodes] == [n.name for n in lstm().nodes if n.name in one.inside]


def test_shifts_are_no_loops(tmp_path):
    assert loops(window()) == ()
    (one,) = loops(compiled(DELAY_LINE, tmp_path).primal)
    assert one.states == "h"


def test_a_loop_that_another_reads_comes_first():
    assert [f.loop.states for f in of_catalogue("scrn")] == ["s", "h"]


def test_the_number_of_the_step_is_left_out():
    assert [f.loop.states for f in of_catalogue("clockwork")] == ["h"]
