"""Whole numbers that pick columns of weights: what is recorded, and what is said about mistakes."""

import pytest

from rnncc.ir import Gather
from rnncc.lower import lower
from rnncc.spec import cell_info, load_text
from tests.spec.bodies import TAIL, faults

HEAD = """from rnncc.spec import Cell, concat, sigmoid, tanh
cell = Cell("Test")
word = cell.index("word")
h = cell.state("h")
W = cell.weight("W", h, word)
U = cell.weight("U", h, h)
"""
FINE = "h_new = tanh(W @ word + U @ h)"


def test_a_product_with_an_index_picks_a_column():
    spec = load_text(HEAD + FINE + TAIL)
    info = cell_info(spec)
    assert info.inputs == (("word", ()),)
    assert info.indices == {"word": "input"}
    assert info.differentiable_inputs == ()
    program = lower(spec)
    assert program.input["word"].role == "index"
    assert program.node["W_word"] == Gather("W_word", ("T", "N", "hidden"), "W", "word")


def test_a_further_index_says_in_what_it_counts():
    body = 'k = cell.index("k", size=cell.size("kinds", default=4))\nh_new = tanh(W @ word + cell.weight("V", h, k) @ k + U @ h)'
    assert cell_info(load_text(HEAD + body + TAIL)).indices == {"word": "input", "k": "kinds"}


def test_the_first_input_has_the_size_of_the_layer():
    said = faults("", head='from rnncc.spec import Cell\ncell = Cell("C")\nword = cell.index("word", size=cell.hidden)\n', tail="")
    assert "bad.py:3:8: error: the first input of a cell is the layer's" in said
    assert "found: word of size hidden" in said


@pytest.mark.parametrize("wrong", ["word * h", "h + word", "tanh(word)", "word > 3", "U @ concat(h, word)", "h @ word", "-word"])
def test_an_index_is_no_value(wrong):
    said = faults(f"{FINE}\nq = {wrong}", HEAD)
    assert "bad.py:8:" in said
    assert "error: an index is used as a value" in said
    assert "help: an index picks columns of a weight: cell.weight(name, rows, index) @ index" in said


def test_an_index_is_no_result():
    assert "next of h is no value of the cell" in faults(FINE + "\ncell.next(h=word)\ncell.output(h_new)", HEAD, "")


def test_the_columns_are_what_the_index_counts():
    said = faults("h_new = tanh(W @ word + U @ word)", HEAD)
    assert "U @ word: the sizes do not fit" in said
    assert "found: word of size input" in said


def test_a_weight_stands_left_of_an_index():
    assert "help: a product is written weight first: W @ (word)" in faults("h_new = tanh(word @ W + U @ h)", HEAD)


def test_an_index_that_nothing_reads():
    assert "the index k reaches neither the output nor a state" in faults('k = cell.index("k")\n' + FINE, HEAD)
