"""Sizes that do not fit."""

from tests.spec.bodies import FINE, faults


def test_elementwise_over_different_sizes():
    assert (
        faults("h_new = tanh(W @ x + x)")
        == """\
bad.py:7:9: error: values of different sizes meet in one elementwise expression
    h_new = tanh(W @ x + x)
            ^^^^^^^^^^^^^^^
  found: W @ x of size hidden, x of size input
  expected: one size
  help: a product brings a value to another size: cell.weight(name, rows, cols) @ value"""
    )


def test_wrong_inner_sizes_of_two_products_are_both_reported():
    assert (
        faults("h_new = tanh(W @ h + U @ x)")
        == """\
bad.py:7:14: error: W @ h: the sizes do not fit
    h_new = tanh(W @ h + U @ x)
                 ^^^^^
  found: h of size hidden
  expected: size input, the columns of W
  help: the third argument of cell.weight is the size of what stands right of @: cell.weight('W', …, h)
bad.py:7:22: error: U @ x: the sizes do not fit
    h_new = tanh(W @ h + U @ x)
                         ^^^^^
  found: x of size input
  expected: size hidden, the columns of U
  help: the third argument of cell.weight is the size of what stands right of @: cell.weight('U', …, x)"""
    )


def test_product_with_a_scalar():
    text = faults(f"a = cell.scalar('a')\n{FINE} + U @ a")
    assert "bad.py:8:31: error: U @ a: the sizes do not fit" in text
    assert "found: a of size one (a scalar)" in text


def test_a_fault_in_a_function_says_who_called():
    body = f"def affine(k):\n    return cell.weight(k, h, h) @ x\n\nv = affine('V')\n{FINE} + v"
    assert (
        faults(body)
        == """\
bad.py:8:12: error: V @ x: the sizes do not fit
        return cell.weight(k, h, h) @ x
               ^^^^^^^^^^^^^^^^^^^^^^^^
  found: x of size input
  expected: size hidden, the columns of V
  called from: line 10
  help: the third argument of cell.weight is the size of what stands right of @: cell.weight('V', …, x)"""
    )


def test_next_of_another_size():
    text = faults(FINE, tail="\ncell.next(h=x)\ncell.output(h_new)\n")
    assert (
        text
        == """\
bad.py:8:1: error: next of h has another size than h
    cell.next(h=x)
    ^^^^^^^^^^^^^^
  found: x of size input
  expected: size hidden"""
    )


def test_output_without_units():
    text = faults(f"from rnncc.spec import mean\n{FINE}", tail="\ncell.next(h=h_new)\ncell.output(mean(h_new))\n")
    assert "bad.py:10:1: error: the output has no units" in text
    assert "found: mean(h_new), a scalar" in text


def test_a_number_is_no_size():
    text = faults(f"V = cell.weight('V', 3, h)\n{FINE}")
    assert text.startswith("bad.py:7:5: error: this has no size")
    assert "found: 3\n  expected: a value of the cell, concat(…), cell.hidden or cell.size(…)" in text


def test_concat_of_a_scalar():
    text = faults(f"from rnncc.spec import concat\n{FINE} + cell.weight('V', h, h) @ concat(h, cell.scalar('a'))")
    assert "concat joins two or more values that have units" in text
    assert "found: a, a scalar" in text


def test_the_first_input_is_the_layers():
    head = 'from rnncc.spec import Cell\ncell = Cell("Test")\nx = cell.input("x", size=cell.hidden)\nh = cell.state("h")\n'
    text = faults("", head=head, tail="cell.next(h=x)\ncell.output(h)\n")
    assert "bad.py:3:5: error: the first input of a cell is the layer's" in text


def test_size_defaults_are_whole_numbers():
    text = faults(f"s = cell.size('proj', default=0)\n{FINE}")
    assert "bad.py:7:5: error: the default of the size proj is no number of units" in text
