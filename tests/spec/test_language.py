"""What a right spec says: names, sizes, options, values."""

import math
import threading

import pytest

import rnncc.spec
from rnncc.functions import VOCABULARY
from rnncc.runtime.cell_info import Parameter, State
from rnncc.spec import Cell, load, load_text, sigmoid, tanh
from rnncc.spec.translate import LANGUAGE
from tests.spec.bodies import FINE, HEAD, TAIL


def spec_of(body, options=None):
    return load_text(HEAD + body + TAIL, options=options)


def names_of(spec):
    return [d.name for d in spec.definitions if d.named]


def test_assignments_name_their_expressions():
    spec = spec_of("i, f = sigmoid(W @ x), sigmoid(U @ h)\nv = U @ (i * f)\nh_new = tanh(v)")
    assert names_of(spec) == ["i", "f", "v", "h_new"]
    assert spec.definition["v"].kind == "product"
    assert spec.definition["v"].args == ("U", "f_i")


def test_named_values_are_opaque():
    spec = spec_of("s = U @ h + tanh(W @ x)\nh_new = 2 * s + s")
    assert str(spec.definition["h_new"].expr) == "3*s"


def test_reassignment_numbers_the_values():
    spec = spec_of("s = h\nfor _ in range(3):\n    s = tanh(U @ s + W @ x)\nh_new = s")
    assert names_of(spec) == ["s", "s_2", "s_3"]
    assert spec.next == {"h": "s_3"}
    assert spec.output == "s_3"


def test_assigning_a_name_again_takes_the_next_free_one():
    assert names_of(spec_of("h = tanh(U @ h + W @ x)\nh_new = sigmoid(h)")) == ["h_2", "h_new"]


def test_another_variable_for_a_value_is_no_new_value():
    assert names_of(spec_of(f"{FINE}\nsame = h_new\nk = 3\n_hidden = tanh(h)")) == ["h_new"]


def test_helpers_keep_clear_of_names_that_come_later():
    spec = spec_of("a = tanh(W @ x)\nW_x = cell.vector('W_x', h)\nh_new = a * W_x + U @ h")
    assert spec.definition["W_x"].kind == "parameter"
    assert spec.definition["W_x_2"].kind == "product"


def test_a_name_that_repeats_a_variable_of_python_is_free():
    assert names_of(spec_of(f"if True:\n    {FINE}")) == ["h_new"]


def test_functions_see_names_of_the_file():
    spec = spec_of(
        "scale = 2\n\ndef gate(k):\n    return scale * (cell.weight(k, h, x) @ x)\n\nh_new = tanh(gate('V') + W @ x + U @ h)"
    )
    assert "V_x" in spec.definition


def test_parameters_in_the_order_of_the_file():
    spec = spec_of(
        "b = cell.bias('b', h, init=1)\nv = cell.vector('v', h, frozen=True)\ns = cell.scalar('s', init='zeros')\n"
        "h_new = tanh(W @ x + U @ h + b * v * s)"
    )
    assert spec.parameters == (
        Parameter("W", ("hidden", "input")),
        Parameter("U", ("hidden", "hidden")),
        Parameter("b", ("hidden",), init=1.0, bias=True),
        Parameter("v", ("hidden",), frozen=True),
        Parameter("s", (), init="zeros"),
    )


def test_states_with_sizes_and_first_values():
    body = "m = cell.state('m', x, initial=-float('inf'))\np = cell.state('p', size=cell.size('proj', default=4), initial=1)\n"
    body += f"cell.next(m=x, p=cell.weight('P', p, h) @ h)\n{FINE} + cell.weight('V', h, p) @ p + W @ m"
    spec = spec_of(body)
    assert spec.states == (State("h", ("hidden",)), State("m", ("input",), -math.inf), State("p", ("proj",), 1.0))
    assert spec.sizes == {"proj": 4}
    assert spec.next == {"h": "h_new", "m": "x", "p": "P_h"}


def test_constants():
    spec = spec_of(f"a = cell.constant('alpha', 0.5)\n{FINE} * a")
    assert spec.constants == {"alpha": 0.5}
    assert spec.definition["alpha"].axes == ()


def test_options_execute_the_file_again():
    body = "s = h\nfor _ in range(cell.option('depth', 2)):\n    s = tanh(U @ s + W @ x)\nh_new = s"
    assert names_of(spec_of(body)) == ["s", "s_2"]
    spec = spec_of(body, {"depth": 3})
    assert names_of(spec) == ["s", "s_2", "s_3"]
    assert (spec.options["depth"].value, spec.options["depth"].default) == (3, 2)


def test_options_of_the_catalogue():
    assert str(load("elman", {"phi": "relu"}).definition["h_new"].expr) == "relu(U_h + W_x + b)"


@pytest.mark.parametrize("size", ["h", "tanh(h)", "W @ x", "cell.hidden", "b"])
def test_whatever_has_a_size_serves_as_one(size):
    spec = spec_of(f"b = cell.bias('b', h)\nv = cell.vector('v', {size})\n{FINE} + v + b")
    assert spec.definition["v"].axes == ("hidden",)


def test_values_without_time_have_no_time_axis():
    spec = spec_of(f"a = cell.scalar('a')\ns = sigmoid(a)\n{FINE} * s")
    assert spec.definition["s"].axes == ()
    assert spec.definition["h_new"].axes == ("T", "N", "hidden")


def test_a_reduction_is_a_value_of_its_own():
    spec = spec_of("from rnncc.spec import max, mean, sum\nm = mean(h)\nh_new = (W @ x + U @ h) * m / max(h) + sum(h**2)")
    assert [(d.name, d.kind, d.args) for d in spec.of_kind("mean", "sum", "max")] == [
        ("m", "mean", ("h",)),
        ("max_h", "max", ("h",)),
        ("h_new_sum", "sum", ("h_new_sum_in",)),
    ]


def test_the_language_is_what_the_package_offers():
    assert set(LANGUAGE) <= set(rnncc.spec.__all__)
    offered = set(LANGUAGE) & set(VOCABULARY)
    assert set(VOCABULARY) - offered == {"step", "sign", "equal", "ahead", "inside"}


def test_the_document_and_the_place_of_a_spec():
    spec = load("gru")
    assert spec.doc.startswith("Gated recurrent unit (Chung")
    assert spec.filename.endswith("specs/gru.py")
    assert spec.source.startswith('"""Gated')
    assert spec.definition["z"].place.endswith("specs/gru.py:18")


def test_a_cell_made_in_code():
    cell = Cell("Coded")
    x, h = cell.input("x"), cell.state("h")
    z = cell.bind("z", sigmoid(cell.weight("W", h, x) @ x))
    cell.next(h=z * h + (1 - z) * tanh(cell.weight("U", h, h) @ h))
    cell.output(z)
    spec = cell.freeze()
    assert (spec.name, spec.filename, spec.source, spec.output) == ("Coded", __file__, "", "z")
    assert spec.next == {"h": "h_new"}


def test_specs_load_at_the_same_time():
    found = {}

    def work(k):
        for _ in range(5):
            found.setdefault(k, set()).add(load("lstm" if k % 2 else "gru").name)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == {0: {"GRU"}, 1: {"LSTM"}, 2: {"GRU"}, 3: {"LSTM"}}
