"""Python and sympy used where the language has something of its own."""

import pytest

from tests.spec.bodies import FINE, faults


def test_gate_times_weight_is_explained():
    assert (
        faults("r = sigmoid(W @ x)\nh_new = tanh(r * U @ h)")
        == """\
bad.py:8:14: error: the weight U is used elementwise
    h_new = tanh(r * U @ h)
                 ^^^^^
  found: r * U
  expected: U @ a value of size hidden
  help: `r * U @ h` is read as `(r * U) @ h`: write `r * (U @ h)`"""
    )


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("U * h", "U * h"),
        ("h / U", "h / U"),
        ("U ** h", "U ** h"),
        ("U + h", "U + h"),
        ("h - U", "h - U"),
    ],
)
def test_a_weight_is_no_value(expression, found):
    text = faults(f"v = {expression}\n{FINE} + v")
    assert text.startswith("bad.py:7:5: error: the weight U is used elementwise")
    assert f"  found: {found}\n" in text


def test_a_weight_as_an_argument():
    text = faults(f"from rnncc.spec import mean\n{FINE} + mean(U)")
    assert "bad.py:8:31: error: this is no value of the cell" in text
    assert "found: the weight U" in text


def test_a_weight_is_no_function():
    text = faults(f"v = U(h)\n{FINE} + v")
    assert text.startswith("bad.py:7:5: error: the weight U is used as a function")
    assert "help: a product is written with @: U @ v" in text


def test_a_product_the_wrong_way_round():
    assert "help: a product is written weight first: U @ (h)" in faults("h_new = tanh(h @ U)")


def test_a_product_of_values():
    text = faults("h_new = tanh(h @ h)")
    assert "bad.py:7:14: error: @ is used on values that are no weight" in text
    assert "left of @ stands a weight" in text


def test_a_weight_applied_to_no_value():
    assert "found: 'h'" in faults("h_new = tanh(U @ 'h')")


@pytest.mark.parametrize("indexed", ["x[-1]", "U[0]", "(x + 1)[0]"])
def test_a_step_before_or_a_part(indexed):
    text = faults(f"h_new = tanh({indexed})")
    assert "bad.py:7:14: error: values and weights have no parts" in text
    assert "help: what was at the step before is a state: cell.state(name, size)" in text


def test_truth_value():
    assert (
        faults(f"{FINE}\nif h > 0:\n    h_new = h")
        == """\
bad.py:8:4: error: a comparison of values has no truth value while the spec is read
    if h > 0:
       ^^^^^
  found: h > 0
  help: where a value decides, write Piecewise((a, x > 0), (b, True)), Max(a, b) or Min(a, b)"""
    )


@pytest.mark.parametrize("library", ["math", "numpy"])
def test_functions_of_other_libraries(library):
    assert (
        faults(f"import {library}\nh_new = {library}.tanh(h) + W @ x")
        == f"""\
bad.py:8:9: error: {library}.tanh is for numbers, not for values of a cell
    h_new = {library}.tanh(h) + W @ x
            {"^" * len(f"{library}.tanh(h)")}
  found: {library}.tanh(h)
  help: from rnncc.spec import tanh"""
    )


def test_functions_that_the_language_has_not():
    assert "help: rnncc.spec offers Abs, Cell, Complex, Max" in faults("import math\nh_new = math.gamma(h) + W @ x")


def test_float_of_a_value():
    assert "bad.py:7:9: error: a value of the cell is no number while the spec is read" in faults("h_new = float(h) + W @ x")


def test_builtin_max_of_two_values():
    assert (
        faults("h_new = max(h, W @ x)")
        == """\
bad.py:7:9: error: Python's max() cannot compare values of a cell
    h_new = max(h, W @ x)
            ^^^^^^^^^^^^^
  help: elementwise: Max(a, b); over the units: from rnncc.spec import max"""
    )


def test_builtin_min_of_two_values():
    text = faults("h_new = min(h, W @ x)")
    assert text.endswith("help: elementwise: Min(a, b)")


@pytest.mark.parametrize(
    ("word", "remedy"), [("max", "from rnncc.spec import max"), ("sum", "from rnncc.spec import sum"), ("min", "-max(-a)")]
)
def test_builtins_over_the_units(word, remedy):
    text = faults(f"h_new = tanh(W @ x) * {word}(h)")
    assert f"bad.py:7:23: error: Python's {word}() does not go over the units of a value" in text
    assert remedy in text


def test_functions_of_sympy():
    assert (
        faults("import sympy\nh_new = sympy.tanh(W @ x) + h")
        == """\
bad.py:8:9: error: tanh here is sympy's own, which rnncc cannot compile
    h_new = sympy.tanh(W @ x) + h
            ^^^^^^^^^^^^^^^^^^^^^
  help: from rnncc.spec import tanh"""
    )


def test_functions_that_nobody_compiles():
    assert "error: gamma is not part of the spec language" in faults("import sympy\nh_new = sympy.gamma(W @ x) + h")


def test_exponent_that_is_no_number():
    assert (
        faults("h_new = tanh(W @ x) ** h")
        == """\
bad.py:7:9: error: the exponent of a power is no number
    h_new = tanh(W @ x) ** h
            ^^^^^^^^^^^^^^^^
  found: tanh(W @ x) ** (h)
  expected: a number
  help: write exp((h) * log(tanh(W @ x)))"""
    )


@pytest.mark.parametrize("expression", ["h / (h - h)", "h * float('inf')", "h + float('nan')", "h + 2j"])
def test_numbers_that_are_not_finite_or_not_real(expression):
    assert "bad.py:7:5: error: an expression holds a number that is not finite" in faults(f"v = {expression}\n{FINE} + v")


def test_piecewise_without_a_last_case():
    text = faults("import sympy\nh_new = W @ x + sympy.Piecewise((h, h > 0))")
    assert "bad.py:8:9: error: Piecewise leaves a case open" in text
    assert "expected: a last pair (value, True)" in text


def test_conditions_are_comparisons():
    text = faults("import sympy\nfrom rnncc.spec import Piecewise\nh_new = W @ x + Piecewise((h, sympy.Eq(h, 1)), (0, True))")
    assert "error: a condition is made of <, <=, >, >=, &, | and ~" in text


def test_arguments_that_are_too_many_or_too_few():
    assert "bad.py:7:9: error: tanh takes exactly 1 argument" in faults("h_new = tanh(h, x)")
    assert "bad.py:7:5: error: cell.bias() missing 1 required positional argument: 'size'" in faults(f"b = cell.bias('b')\n{FINE} + b")


def test_syntax_errors():
    assert faults("h_new = tanh(W @ x", tail="") == (
        "bad.py:7:13: error: the file is no valid Python: '(' was never closed\n    h_new = tanh(W @ x\n                ^"
    )


def test_any_other_exception():
    text = faults(f"{FINE}\nraise KeyError('trouble')")
    assert text == "bad.py:8:1: error: KeyError: 'trouble'\n    raise KeyError('trouble')\n    ^^^^^^^^^^^^^^^^^^^^^^^^^"


def test_exceptions_of_the_specs_own_making():
    text = faults(f"class Odd(Exception):\n    pass\n\n{FINE}\nraise Odd")
    assert text.startswith("bad.py:11:1: error: Odd\n")


def test_a_module_that_is_not_there():
    assert "bad.py:7:1: error: ModuleNotFoundError: No module named 'nothing_there'" in faults(f"import nothing_there\n{FINE}")


def test_a_spec_does_not_end_the_program():
    assert "bad.py:8:1: error: a spec does not end the program" in faults(f"{FINE}\nexit()")


def test_deep_recursion_is_a_fault_too():
    assert "error: RecursionError" in faults(f"def f(v):\n    return f(v)\n\n{FINE} + f(h)")


def test_columns_count_characters():
    assert faults("h_new = len('é') * tahn(h)").splitlines()[:3] == [
        "bad.py:7:20: error: the name tahn is not defined",
        "    h_new = len('é') * tahn(h)",
        "                       ^^^^",
    ]
