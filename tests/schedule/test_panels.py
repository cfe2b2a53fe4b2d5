"""Products that share accumulators and packed weights."""

import pytest

from rnncc.errors import InternalError
from rnncc.ir import Contract, Input, Pointwise, Program
from rnncc.schedule import Accumulator, Panel, Term, schedule
from tests.passes.programs import STREAM, lstm, s

INPUTS = (
    Input("x", ("T", "N", "input"), "input"),
    Input("h", STREAM, "input"),
    *(Input(w, ("hidden", "input"), "param") for w in "VW"),
    Input("U", ("hidden", "hidden"), "param"),
    Input("b", ("hidden",), "param"),
)
W_X = Contract("W_x", STREAM, "W", "x", "ij,TNj->TNi")
V_X = Contract("V_x", STREAM, "V", "x", "ij,TNj->TNi")
U_H = Contract("U_h", STREAM, "U", "h", "ij,TNj->TNi")


def phase_of(*nodes, outputs):
    program = Program("Dense", INPUTS, (), nodes, tuple((v, v) for v in outputs))
    return schedule(program).after[0]


def term(product, transposed=False):
    return Term(product.a, product.b, transposed)


def test_the_gates_of_an_lstm_share_one_panel():
    (panel,) = schedule(lstm()).step[0].panels
    assert panel.operands == ("h", "x")
    assert [a.value for a in panel.accumulators] == [f"{k}_in_products" for k in "ifgo"]
    assert panel.accumulators[0].terms == (Term("U_i", "h", False), Term("W_i", "x", False))


def test_a_sum_of_products_alone_is_its_own_accumulator():
    phase = phase_of(W_X, U_H, Pointwise("a", STREAM, s("W_x") + s("U_h")), outputs="a")
    assert phase.panels == (Panel(("h", "x"), (Accumulator("a", (term(U_H), term(W_X))),)),)
    assert phase.nodes == ()


def test_what_else_is_summed_is_added_to_the_accumulator():
    phase = phase_of(W_X, Pointwise("a", STREAM, s("W_x") + s("b")), outputs="a")
    assert phase.panels[0].accumulators == (Accumulator("a_products", (term(W_X),)),)
    assert phase.nodes == (Pointwise("a", STREAM, s("b") + s("a_products")),)


def test_a_product_that_is_read_twice_keeps_its_own_accumulator():
    nodes = (W_X, U_H, Pointwise("a", STREAM, s("W_x") + s("U_h")), Pointwise("c", STREAM, s("W_x") * s("b")))
    phase = phase_of(*nodes, outputs="ac")
    assert {a.value: a.terms for p in phase.panels for a in p.accumulators} == {"a_products": (term(U_H),), "W_x": (term(W_X),)}


def test_a_product_within_a_product_of_numbers_keeps_its_own_accumulator():
    phase = phase_of(W_X, Pointwise("a", STREAM, s("W_x") * s("b") + s("h")), outputs="a")
    assert phase.panels[0].accumulators == (Accumulator("W_x", (term(W_X),)),)


def test_sums_of_other_operands_have_other_panels():
    nodes = (W_X, U_H, V_X, Pointwise("a", STREAM, s("W_x") + s("U_h")), Pointwise("c", STREAM, s("V_x") * s("b")))
    assert [p.operands for p in phase_of(*nodes, outputs="ac").panels] == [("h", "x"), ("x",)]


def test_a_transposed_weight_and_the_operands_in_the_other_order():
    back = Contract("back", ("T", "N", "input"), "h", "W", "TNi,ij->TNj")
    phase = phase_of(back, outputs=["back"])
    assert phase.panels == (Panel(("h",), (Accumulator("back", (Term("W", "h", True),)),)),)


def test_a_product_of_two_sequences_has_no_kernel():
    inputs = (Input("a", STREAM, "input"), Input("b", STREAM, "input"))
    program = Program("Pair", inputs, (), (Contract("p", STREAM, "a", "b", "TNi,TNi->TNi"),), (("output", "p"),))
    with pytest.raises(InternalError, match="p: no kernel for the product TNi,TNi->TNi of a and b"):
        schedule(program)
