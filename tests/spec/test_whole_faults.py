"""Faults of a whole file, and several at once."""

import pytest

from rnncc.errors import ArgumentError, SpecError
from rnncc.spec import Cell, load, load_text, tanh
from tests.spec.bodies import FINE, HEAD, TAIL, faults


def test_state_without_next():
    assert (
        faults(f"c = cell.state('c')\n{FINE} + c")
        == """\
bad.py:7:5: error: the state c has no next value
    c = cell.state('c')
        ^^^^^^^^^^^^^^^
  expected: cell.next(c=…)
  help: say what it is at the following step"""
    )


def test_no_output():
    assert (
        faults(FINE, tail="\ncell.next(h=h_new)\n")
        == """\
bad.py:1:1: error: the cell has no output
    from rnncc.spec import Cell, sigmoid, tanh
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  expected: cell.output(…)
  help: say which value the layer gives at every step"""
    )


def test_no_input_and_no_state():
    text = faults('from rnncc.spec import Cell\ncell = Cell("Empty")\n', head="", tail="")
    assert [line for line in text.splitlines() if "error:" in line] == [
        "bad.py:1:1: error: the cell has no input",
        "bad.py:1:1: error: the cell has no state",
        "bad.py:1:1: error: the cell has no output",
    ]


@pytest.mark.parametrize("text", ["", "x = 1\n", "from rnncc.spec import Cell\n"])
def test_no_cell(text):
    assert faults(text, head="", tail="").startswith("bad.py:1:1: error: the file defines no cell")


def test_two_cells():
    text = faults(f"{FINE}\nother = Cell('Other')")
    assert "bad.py:8:9: error: a spec file defines one cell" in text
    assert "found: Test and Other" in text


@pytest.mark.parametrize("what", ["no_value = 1", "W"])
def test_next_and_output_are_values(what):
    name = what.split(" ")[0]
    text = faults(what, tail=f"\ncell.next(h={name})\ncell.output({name})\n")
    assert "error: next of h is no value of the cell" in text
    assert "error: the output is no value of the cell" in text


def test_next_and_output_twice():
    text = faults(f"{FINE}\ncell.next(h=h_new)\ncell.output(h_new)")
    assert "bad.py:10:1: error: cell.next is given h twice" in text
    assert "bad.py:11:1: error: the cell has an output already" in text


@pytest.mark.parametrize(
    ("declaration", "kind", "name"),
    [
        ("y = cell.input('y')", "input", "y"),
        ("b = cell.bias('b', h)", "parameter", "b"),
        ("V = cell.weight('V', h, h)", "parameter", "V"),
    ],
)
def test_what_is_declared_in_vain(declaration, kind, name):
    text = faults(f"{declaration}\n{FINE}")
    assert text.startswith(f"bad.py:7:5: error: the {kind} {name} reaches neither the output nor a state")
    assert text.endswith("help: use it, or leave it out")


def test_a_state_that_nothing_reads():
    text = faults(f"c = cell.state('c')\n{FINE}\ncell.next(c=h_new)")
    assert "bad.py:7:5: error: the state c reaches neither the output nor a state" in text


def test_what_reaches_only_an_unused_value_is_unused():
    assert "the parameter b reaches neither" in faults(f"b = cell.bias('b', h)\nidle = tanh(b + h)\n{FINE}")


def test_a_size_that_nothing_has():
    assert "bad.py:7:5: error: nothing has the size proj" in faults(f"p = cell.size('proj', default=3)\n{FINE}")


def test_every_fault_at_once_in_the_order_of_the_file():
    body = "b = cell.bias('for', h)\nc = cell.state('c')\nv = W @ h\nu = undefined(h)\nh_new = tanh(v + u + b) ** c"
    text = faults(body, tail="\ncell.next(h=h_new)\n")
    assert [line.split(" error: ")[0] for line in text.splitlines() if " error: " in line] == [
        "bad.py:1:1:",
        "bad.py:7:5:",
        "bad.py:8:5:",
        "bad.py:9:5:",
        "bad.py:10:5:",
    ]


def test_what_follows_from_a_fault_is_no_fault():
    body = "u = undefined(h)\nv = u + W @ x\na, b = u\nif v > 0:\n    v = h\nh_new = tanh(U @ v)"
    assert faults(body).count("error:") == 1


def test_a_failed_output_is_not_missing():
    text = faults(FINE, tail="\ncell.next(h=undefined)\ncell.output(undefined)\n")
    assert [line.split(" error: ")[1] for line in text.splitlines() if " error: " in line] == ["the name undefined is not defined"] * 2


def test_a_function_with_a_fault_reports_it_once():
    body = "def gate(k):\n    return U @ x\n\na = gate('a')\nb = gate('b')\nh_new = a + b"
    assert faults(body).count("error:") == 1


def test_a_spec_without_utf8(tmp_path):
    path = tmp_path / "latin.py"
    path.write_bytes("# é".encode("latin-1"))
    with pytest.raises(SpecError, match="no UTF-8"):
        load(path)


def test_a_cell_made_in_code_reports_at_freezing():
    cell = Cell("Coded")
    x, h = cell.input("x"), cell.state("h")
    cell.next(h=tanh(x + h))
    cell.output(h)
    with pytest.raises(SpecError, match="values of different sizes") as caught:
        cell.freeze()
    (fault,) = caught.value.faults
    assert fault.span.file == __file__
    assert fault.span.text == "    cell.next(h=tanh(x + h))"


def test_unknown_option():
    text = HEAD + "k = cell.option('depth', 2)\n" + FINE + TAIL
    with pytest.raises(ArgumentError, match=r"Test has no option depht; did you mean depth\?"):
        load_text(text, options={"depht": 3})


def test_option_of_another_type():
    text = HEAD + "k = cell.option('depth', 2)\n" + FINE + TAIL
    with pytest.raises(ArgumentError, match="depth='3' is a str; expected int, such as 2"):
        load_text(text, options={"depth": "3"})


def test_option_that_is_none_of_the_choices():
    with pytest.raises(ArgumentError, match=r"phi='gelu': expected one of 'tanh', 'relu', 'sigmoid'"):
        load("elman", {"phi": "gelu"})


def test_default_that_is_none_of_the_choices():
    text = faults(f"k = cell.option('depth', 2, choices=(3, 4))\n{FINE}")
    assert "bad.py:7:5: error: the default of the option depth is none of its choices" in text


@pytest.mark.parametrize(("cell", "option", "least"), [("rhn", "depth", 1), ("ltc", "unfolds", 1), ("mogrifier", "rounds", 0)])
def test_option_below_its_least_value(cell, option, least):
    with pytest.raises(ArgumentError, match=f"{option}={least - 1}; expected a number of at least {least}"):
        load(cell, {option: least - 1})
    assert load(cell, {option: least}).options[option].value == least


@pytest.mark.parametrize("default", ["0", "'two'", "True"])
def test_default_below_the_least_value(default):
    text = faults(f"k = cell.option('depth', {default}, least=1)\n{FINE}")
    assert "bad.py:7:5: error: the default of the option depth is below its least value" in text


@pytest.mark.parametrize("value", ["'half'", "None", "True", "float('inf')", "float('nan')"])
def test_constants_are_finite_numbers(value):
    assert "bad.py:7:5: error: the constant a is " in faults(f"a = cell.constant('a', {value})\n{FINE} * a")


def test_initial_is_a_number():
    assert "error: initial of the state c is no number" in faults(f"c = cell.state('c', initial='zero')\n{FINE}")


@pytest.mark.parametrize("default", ["tanh", "h", "None", "[1, 2]", "dict(a=1)", "float('nan')", "lambda v: v"])
def test_the_default_of_an_option_is_a_plain_value(default):
    text = faults(f"k = cell.option('phi', {default})\n{FINE}")
    assert "error: the default of the option phi is no plain value" in text
    assert 'help: let the option name what you mean: {"tanh": tanh}[cell.option("phi", "tanh")]' in text
