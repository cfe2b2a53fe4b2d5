"""Names: declared twice, unknown, not allowed."""

import pytest

from rnncc.spec import load_text
from tests.spec.bodies import FINE, HEAD, TAIL, faults


def test_declared_twice():
    assert (
        faults(f"b = cell.bias('W', h)\n{FINE} + b")
        == """\
bad.py:7:5: error: the name W is declared twice
    b = cell.bias('W', h)
        ^^^^^^^^^^^^^^^^^
  found: first on line 5
  help: give each value its own name, or keep the first in a variable"""
    )


def test_a_declaration_may_not_take_an_assigned_name():
    text = faults(f"b = tanh(h)\nc = cell.bias('b', h)\n{FINE} + b + c")
    assert "bad.py:8:5: error: the name b is declared twice" in text
    assert "found: first on line 7" in text


def test_unknown_symbol():
    text = faults(f"import sympy\n{FINE} + sympy.Symbol('q', real=True)")
    assert (
        text
        == """\
bad.py:8:9: error: the symbol q is unknown to the cell
    h_new = tanh(W @ x + U @ h) + sympy.Symbol('q', real=True)
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  help: values come from cell.input, cell.state, cell.vector, cell.scalar or cell.constant"""
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("b; import os", "is no plain name"),
        ("b\nimport os", "is no plain name"),
        ("__import__", "is no plain name"),
        ("b.c", "is no plain name"),
        ("", "is no plain name"),
        ("ß", "is no plain name"),
        ("2b", "is no plain name"),
        (7, "is no plain name"),
        ("lambda", "is a keyword of Python"),
        ("match", "is a keyword of Python"),
        ("time", "is reserved for generated kernels"),
        ("np", "is reserved for generated kernels"),
        ("tanh", "is reserved for generated kernels"),
        ("output", "is reserved for generated kernels"),
        ("hidden", "is a size that every layer has"),
    ],
)
@pytest.mark.parametrize(
    "declaration",
    ["bias({!r}, h)", "weight({!r}, h, h)", "state({!r})", "input({!r})", "size({!r})", "constant({!r}, 1.0)", "option({!r}, 1)"],
)
def test_names_that_are_no_names(name, reason, declaration):
    text = faults(f"b = cell.{declaration.format(name)}\n{FINE}")
    assert text.startswith(f"bad.py:7:5: error: the name {name!r} {reason}")


@pytest.mark.parametrize("name", ["zoneout", "layer_norm", "dropout", "seed", "cell", "hidden_size"])
@pytest.mark.parametrize("declaration", ["size({!r})", "constant({!r}, 1.0)", "option({!r}, 1)"])
def test_what_a_layer_is_given_by_name_is_no_argument_of_every_layer(name, declaration):
    text = faults(f"b = cell.{declaration.format(name)}\n{FINE}")
    assert text.startswith(f"bad.py:7:5: error: the name {name!r} is an argument that every layer takes")
    assert "choose another" in text


def test_other_values_may_be_called_like_arguments_of_a_layer():
    load_text(f"{HEAD}b = cell.bias('seed', h)\nreset = tanh(h)\n{FINE} + b * reset{TAIL}")


def test_a_cell_needs_a_name_too():
    text = faults(FINE, head=HEAD.replace('"Test"', '"Test(); evil"'))
    assert "bad.py:2:8: error: the name 'Test(); evil' of the cell is no plain name" in text


def test_assigned_names_may_not_be_reserved():
    text = faults(f"step = tanh(h)\n{FINE} + step")
    assert text.startswith("bad.py:7:8: error: the name 'step' of a value is reserved for generated kernels")


@pytest.mark.parametrize(("name", "what"), [("h_0", "the first value of the state h"), ("h_T", "the last value of the state h")])
def test_names_that_a_state_brings_along(name, what):
    text = faults(f"{name} = tanh(h)\n{FINE} + {name}")
    assert f"bad.py:7:1: error: the name {name} is taken" in text
    assert f"found: it is {what}" in text


def test_names_that_a_size_brings_along():
    assert "it is the number of units of the size hidden" in faults(f"n_hidden = tanh(h)\n{FINE} + n_hidden")


def test_undefined_name_with_a_suggestion():
    text = faults(f"{FINE} + tahn(h)")
    assert text == (
        "bad.py:7:31: error: the name tahn is not defined\n"
        "    h_new = tanh(W @ x + U @ h) + tahn(h)\n"
        "                                  ^^^^\n"
        "  help: did you mean tanh?"
    )


def test_undefined_name_of_the_language():
    assert "help: from rnncc.spec import relu" in faults(f"{FINE} + relu(h)")


def test_import_of_what_is_not_there_is_one_fault():
    text = faults(f"from rnncc.spec import relu, tahn, exp\n{FINE} + relu(h) * tahn(h) * exp(h)")
    assert text.startswith("bad.py:7:30: error: rnncc.spec has no tahn")
    assert "did you mean tanh?" in text
    assert text.count("error:") == 1


def test_unknown_method_of_a_cell():
    text = faults(f"b = cell.bais('b', h)\n{FINE} + b")
    assert text.startswith("bad.py:7:5: error: a cell has no bais")
    assert "help: did you mean bias?" in text


def test_unknown_method_of_a_weight():
    text = faults("h_new = tanh(W @ x + U.t @ h)")
    assert "error: a weight has no t\n" in text
    assert "help: what there is: W.T, W @ v, and elementwise" in text


def test_next_of_what_is_no_state():
    text = faults(f"{FINE}\ncell.next(hh=h_new)")
    assert "bad.py:8:1: error: cell.next names hh, which is no state" in text
    assert "help: did you mean h?" in text


def test_unknown_initialiser():
    text = faults(f"b = cell.bias('b', h, init='zeroes')\n{FINE} + b")
    assert "bad.py:7:5: error: b has an unknown initialiser" in text
    assert "help: did you mean zeros?" in text
