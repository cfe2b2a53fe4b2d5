"""Inputs and states of one number a sample, and the number of the step: what is recorded, and what is said about mistakes."""

from rnncc.runtime.cell_info import State
from rnncc.spec import cell_info, load_text
from tests.spec.bodies import HEAD, TAIL, faults

FINE = 'dt = cell.input("dt", size=1)\nm = cell.state("m", size=1)\nt = cell.step("t")\nh_new = tanh(W @ x + U @ h * dt + m * t)\n'


def test_they_have_no_units():
    spec = load_text(HEAD + FINE + "cell.next(m=m / 2)" + TAIL)
    info = cell_info(spec)
    assert info.inputs == (("x", ("input",)), ("dt", ()))
    assert info.states == (State("h", ("hidden",)), State("m", ()), State("t", (), counts=True))
    assert [s.name for s in info.differentiable] == ["h", "m"]
    assert spec.definition["dt"].axes == spec.definition["t"].axes == ("T", "N")


def test_the_first_input_has_units():
    said = faults("", head='from rnncc.spec import Cell\ncell = Cell("C")\nx = cell.input("x", size=1)\n', tail="")
    assert "bad.py:3:5: error: the first input of a cell is the layer's" in said
    assert "found: x of size one (a scalar)" in said


def test_the_step_is_counted_by_itself():
    said = faults('t = cell.step("t")\nh_new = tanh(W @ x + U @ h + t)\ncell.next(t=t)')
    assert "bad.py:9:1: error: cell.next is given t twice" in said
    assert "help: see line 7" in said


def test_a_scalar_has_no_weight():
    said = faults('dt = cell.input("dt", size=1)\nV = cell.weight("V", h, dt)\nh_new = tanh(W @ x + U @ h + V @ dt)')
    assert "bad.py:8:5: error: this has no size" in said
    assert "help: a scalar needs no weight: cell.vector(name, …) * dt" in said


def test_the_next_value_of_a_scalar_is_a_scalar():
    said = faults('m = cell.state("m", size=1)\nh_new = tanh(W @ x + m * (U @ h))\ncell.next(m=h)')
    assert "next of m has another size than m" in said
    assert "found: h of size hidden" in said
    assert "expected: size one (a scalar)" in said


def test_true_is_no_size():
    assert "this has no size" in faults('dt = cell.input("dt", size=True)\nh_new = tanh(W @ x + U @ h * dt)')
