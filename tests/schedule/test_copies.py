"""without_copies: what a copy copies is read instead."""

from rnncc.ir import Carry, Input, Pointwise, Program, Reduce
from rnncc.schedule.copies import without_copies
from tests.passes.programs import STREAM, s

X = Input("x", STREAM, "input")
MEAN = Reduce("m", ("T", "N"), "x", "sum")
COPY, AGAIN = Pointwise("a", STREAM, s("m")), Pointwise("b", STREAM, s("a"))
READER = Pointwise("y", STREAM, s("b") * s("x"))


def program(*nodes, outputs=("y",), carries=(), inputs=(X,)):
    return Program("Copies", inputs, carries, nodes, tuple((v, v) for v in outputs))


def test_a_copy_of_a_copy_is_read_through():
    found = without_copies(program(MEAN, COPY, AGAIN, READER))
    assert found.nodes == (MEAN, Pointwise("y", STREAM, s("m") * s("x")))


def test_a_copy_that_is_an_output_stays():
    assert [n.name for n in without_copies(program(MEAN, COPY, AGAIN, outputs=("b",))).nodes] == ["m", "b"]


def test_a_copy_that_is_reduced_stays():
    total = Reduce("t", ("T", "N"), "a", "sum")
    assert without_copies(program(MEAN, COPY, total, outputs=("t",))).nodes == (MEAN, COPY, total)


def test_a_copy_that_is_carried_stays():
    carry = Carry("h", "h_0", "a", "h_T", STREAM)
    first = Input("h_0", ("N", "hidden"), "init")
    made = program(MEAN, COPY, outputs=("h_T",), carries=(carry,), inputs=(X, first))
    assert without_copies(made) == made
