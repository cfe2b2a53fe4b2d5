"""Expressions of weights in the IR."""

from rnncc.ir import Contract, Iota, Transpose, show
from rnncc.lower import lower
from rnncc.spec import load_text
from tests.spec.bodies import HEAD, TAIL


def lowered(body):
    return lower(load_text(HEAD + body + TAIL))


def test_a_transposed_product_needs_no_transposed_matrix():
    program = lowered("h_new = tanh(W @ x + U.T @ h)")
    product = program.node["U_T_h"]
    assert isinstance(product, Contract)
    assert (product.a, product.index) == ("U", "ji,TNj->TNi")
    assert not any(isinstance(n, Transpose) for n in program.nodes)


def test_a_transposed_weight_between_others_is_a_value():
    program = lowered("M = U - U.T\nh_new = tanh(W @ x + M @ h)")
    assert program.node["U_T"] == Transpose("U_T", ("hidden", "hidden"), "U")
    assert "M: hidden hidden = U - U_T" in show(program)


def test_a_transposed_weight_over_a_concat_is_cut_in_columns():
    program = lowered(
        "from rnncc.spec import concat\nB = cell.weight('B', concat(h, x), h)\nh_new = tanh(W @ x + U @ h + B.T @ concat(h, x))"
    )
    assert program.types["B_T"] == ("hidden", "hidden+input")
    assert program.types["B_T_x"] == ("hidden", "input")


def test_rows_and_columns():
    program = lowered("P = cell.pattern(h, x, lambda i, j: i - j)\nh_new = tanh((P * W) @ x + U @ h)")
    assert program.node["row_hidden_input"] == Iota("row_hidden_input", ("hidden", "input"), 0)
    assert program.node["column_hidden_input"] == Iota("column_hidden_input", ("hidden", "input"), 1)
