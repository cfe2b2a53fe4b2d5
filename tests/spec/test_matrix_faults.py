"""Matrices in a spec: what fits, and what is said where it does not."""

import pytest

from rnncc.spec import load_text
from tests.spec.bodies import FINE, HEAD, TAIL, faults

IMPORTS = "from rnncc.spec import cols, concat, mean, outer, rows, sum\n"
MATRIX = f"{IMPORTS}C = cell.state('C', size=(h, x))\n{FINE}\n"


def said(body, following="C"):
    """What is said about a cell with a matrix C and `body`, whose next C is `following`."""
    return faults(MATRIX + body, tail=f"\ncell.next(h=h_new, C={following})\ncell.output(h_new)\n")


def axes(body):
    """Name -> axes of the values of a cell with a matrix C and `body`."""
    spec = load_text(HEAD + MATRIX + body + "\ncell.next(h=h_new + used, C=C)\ncell.output(h_new)\n", "good.py")
    return {d.name: d.axes[2:] for d in spec.definitions}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("outer(h, h)", ("hidden", "hidden'")),
        ("C * h", ("hidden", "input'")),
        ("C * cols(x) * h", ("hidden", "input'")),
        ("cols(x) * mean(h)", ("input'",)),
        ("sum(C, over='cols')", ("hidden",)),
        ("sum(C, over='rows')", ("input'",)),
        ("rows(sum(C, over='rows'))", ("input",)),
    ],
)
def test_units_of_matrices(text, expected):
    gone = {2: "sum(a, over='cols')", 1: "a"}[len(expected)]
    used = {"hidden": gone, "input'": "mean(a)", "input": "mean(a)"}[expected[0]]
    assert axes(f"a = {text}\nused = {used}")["a"] == expected


def test_a_vector_that_is_neither_rows_nor_columns():
    text = said("D = C * x", "D")
    assert "values of different sizes meet in one elementwise expression" in text
    assert "found: C of size hidden by input, x of size input" in text


def test_two_vectors_along_the_columns():
    text = said("D = cols(x) + cols(h)")
    assert "found: cols(h) of size hidden along the columns, cols(x) of size input along the columns" in text


def test_a_reduction_of_a_matrix_says_over_what():
    text = said("a = sum(C)")
    assert "bad.py:10:5: error: sum of a matrix goes over its rows or its columns\n    a = sum(C)" in text
    assert 'found: no over= for C\n  help: sum(a, over="cols") leaves one number a row, over="rows" one a column' in text
    assert "found: over='units' for C" in said("a = sum(C, over='units')")


def test_a_reduction_of_a_vector_needs_no_axis():
    text = said("a = mean(h, over='cols')")
    assert "error: mean over the cols goes over a matrix" in text
    assert "found: h of size hidden\n  help: mean(h)" in text


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("cols(C)", "C of size hidden by input", "a vector"),
        ("cols(cols(h))", "cols(h) of size hidden along the columns", "a vector"),
        ("rows(h)", "h of size hidden", "a value along the columns, such as cols(v)"),
    ],
)
def test_only_a_vector_is_laid(text, found, expected):
    said_of = said(f"D = {text}")
    assert f"error: {text} lays no vector" in said_of
    assert f"found: {found}\n  expected: {expected}" in said_of


def test_a_matrix_is_no_operand_of_a_product():
    text = said("D = U @ C")
    assert "error: U @ C: the sizes do not fit" in text
    assert "found: C of size hidden by input" in text


def test_concat_joins_vectors():
    assert "error: concat joins vectors\n" in said("D = concat(h, C)")


def test_next_of_a_matrix():
    text = said("D = outer(h, h)", "D")
    assert "error: next of C has another size than C" in text
    assert "found: D of size hidden by hidden\n  expected: size hidden by input" in text


@pytest.mark.parametrize(("value", "size"), [("C", "hidden by input"), ("cols(h_new)", "hidden along the columns")])
def test_the_output_is_a_vector(value, size):
    text = faults(MATRIX, tail=f"\ncell.next(h=h_new, C=C)\ncell.output({value})\n")
    assert "error: the output is no vector" in text
    assert f"found: {value} of size {size}\n  expected: a vector" in text


def test_a_matrix_is_no_size():
    text = said("V = cell.vector('V', C)")
    assert "error: this has two sizes" in text
    assert "found: C of size hidden by input\n  expected: a vector" in text


def test_a_state_has_one_size_or_two():
    text = faults(f"D = cell.state('D', size=(h, h, h))\n{FINE}", tail=TAIL)
    assert "error: the state D has no size of a matrix" in text
    assert "found: 3 sizes\n  expected: one size, a pair (rows, cols), or 1" in text
