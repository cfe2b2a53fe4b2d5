"""Running sums of a step lie in one array, those that are read twice do not."""

from rnncc.compiler import compile_cell
from rnncc.emit.cpu.running_sums import running_sums
from rnncc.ir import Input, Pointwise, Program, verify
from tests.passes.programs import STREAM, s

ROWS = {"a": True, "b": True, "c": False}


def program(*nodes):
    made = tuple(Pointwise(name, STREAM, expr) for name, expr in nodes)
    return verify(Program("P", (Input("x", STREAM, "input"),), (), made, (("c", "c"),)))


def found(p, stored=ROWS):
    return running_sums(p, p.nodes, stored)


def test_each_leads_to_the_last():
    p = program(("a", 2 * s("x")), ("b", s("a") + s("x")), ("c", s("b") + 1))
    assert found(p) == {"b": "c", "a": "c"}
    assert found(p, {"a": True, "c": False}) == {"a": "c"}  # b stays in a register


def test_what_is_read_twice_keeps_its_place():
    p = program(("a", 2 * s("x")), ("b", s("a") + s("x")), ("c", s("a") + s("b")))
    assert found(p) == {"b": "c"}


def test_what_no_sum_goes_on_with_keeps_its_place():
    p = program(("a", 2 * s("x")), ("b", s("a") * s("x")), ("c", s("b") / 2))
    assert found(p) == {}


def test_only_one_term_can_lie_where_the_sum_does():
    p = program(("a", 2 * s("x")), ("b", 3 * s("x")), ("c", s("a") + s("b")))
    assert len(found(p)) == 1


def test_what_others_look_for_in_its_own_array_stays_there():
    p = program(("a", 2 * s("x")), ("b", s("a") + s("x")), ("c", s("b") + 1))
    assert found(p, {"a": True, "b": False, "c": False}) == {"a": "b"}


def test_a_gradient_is_one_stream_however_often_its_parameter_is_used():
    source = compile_cell("ltc", {"unfolds": 3}).source
    assert source.count("d_sigma_within_2_seq = new_stream") == 1
    assert "d_sigma_within_row" not in source
    assert "d_sigma_at_conductance_in_sum_in_sigmoid_in_seq" not in source
