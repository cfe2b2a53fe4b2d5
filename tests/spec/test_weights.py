"""Expressions of weights: what may stand left of @, and what is said about what may not."""

import pytest

from rnncc.spec import load_text
from tests.spec.bodies import FINE, HEAD, TAIL, faults


def definition(body, name):
    spec = load_text(HEAD + body + TAIL)
    return spec.definition[name]


def test_an_assigned_expression_keeps_its_name():
    found = definition(f"M = U - U.T\n{FINE} + M @ h", "M")
    assert (found.kind, found.axes, found.named) == ("expression", ("hidden", "hidden"), True)
    assert found.operands == ("U", "U_T")


def test_a_transposed_weight_has_its_sizes_exchanged():
    found = definition(f"{FINE} + cell.weight('B', x, h).T @ x + U.T.T @ h", "B_T")
    assert (found.kind, found.axes, found.args) == ("transpose", ("hidden", "input"), ("B",))


@pytest.mark.parametrize(
    "weight",
    ["(2 * U)", "(U / 3)", "(1 - U)", "(-U)", "(U ** 2)", "(1 / (2 + U))", "(a * U)", "sigmoid(U)", "(U * U.T)", "tanh(a - U).T"],
)
def test_what_a_weight_may_be(weight):
    found = definition(f"a = cell.scalar('a')\n{FINE} + a * ({weight} @ h)", "h_new")
    assert found.axes == ("T", "N", "hidden")


def test_a_named_scalar_of_the_cell_may_scale_a_weight():
    assert definition(f"a = cell.scalar('a')\nb = sigmoid(a)\n{FINE} + (b * U) @ h", "b").axes == ()


def test_numbers_of_units():
    spec = load_text(
        f"{HEAD}k = (1 + cell.unit(h)) / cell.count(h)\nP = cell.pattern(h, x, lambda i, j: i - j)\n{FINE} * k + P @ x{TAIL}"
    )
    kinds = {d.name: (d.kind, d.axes) for d in spec.definitions}
    assert kinds["unit_hidden"] == ("unit", ("hidden",))
    assert kinds["n_hidden"] == ("count", ())
    assert kinds["row_hidden_input"] == ("row", ("hidden", "input"))
    assert kinds["column_hidden_input"] == ("column", ("hidden", "input"))


def test_numbers_of_units_leave_names_alone():
    assert definition(f"unit_hidden = W @ x\n{FINE} + unit_hidden * cell.unit(h)", "unit_hidden_2").kind == "unit"


def test_weights_of_different_sizes():
    assert (
        faults(f"M = U - W\n{FINE} + M @ h")
        == """\
bad.py:7:5: error: weights of different sizes meet elementwise
    M = U - W
        ^^^^^
  found: U of size hidden by hidden, W of size hidden by input
  expected: one size"""
    )


def test_a_weight_that_lacks_a_transposition():
    text = faults(f"B = cell.weight('B', x, h)\nM = W + B\n{FINE} + M @ x")
    assert "help: transpose one of them: B.T" in text


def test_the_sizes_of_a_transposed_product():
    text = faults(f"{FINE} + W.T @ x")
    assert "bad.py:7:31: error: W.T @ x: the sizes do not fit" in text
    assert "expected: size hidden, the columns of W.T" in text
    assert "help" not in text


def test_what_varies_in_time_scales_no_weight():
    text = faults(f"from rnncc.spec import mean\nm = mean(h)\n{FINE} + (m * U) @ h")
    assert "error: the weight U is used elementwise" in text
    assert "write `r * (U @ h)`" in text


def test_a_product_of_weights():
    assert "help: U @ (W @ v)" in faults("h_new = tanh((U @ W) @ x)")


def test_an_expression_is_applied_to_values_only():
    assert "error: the weight U - U.T is used elementwise" in faults(f"v = (U - U.T) * h\n{FINE} + v")


@pytest.mark.parametrize(
    ("entry", "found"), [("1", "1"), ("h", "h"), ("U", "weight U (hidden, hidden)"), ("i + h", "different sizes"), ("'no'", "no")]
)
def test_what_is_no_pattern(entry, found):
    text = faults(f"P = cell.pattern(h, h, lambda i, j: {entry})\n{FINE} + P @ h")
    assert text.startswith("bad.py:7:")
    assert text.count(": error: ") == 1
    assert found in text


def test_a_pattern_does_not_vary_in_time():
    text = faults(f"from rnncc.spec import mean\nm = mean(h)\nP = cell.pattern(h, h, lambda i, j: i - m)\n{FINE} + P @ h")
    assert "error: a pattern does not vary in time" in text


def test_a_weight_that_failed_says_nothing_more():
    assert faults(f"M = U - W\nK = M * U\n{FINE} + K @ h").count(": error: ") == 1
