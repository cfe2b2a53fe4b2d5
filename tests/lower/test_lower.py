"""What lowering makes, as text."""

import os
import subprocess
import sys

import pytest
import sympy as sp

from rnncc import catalogue
from rnncc.functions import Elementwise
from rnncc.ir import Concat, Contract, Pointwise, Slice, show, verify
from rnncc.lower import lower
from rnncc.spec import load, load_text

LSTM = """\
program LSTM
  input    x: T N input
  param    W_i: hidden input
  param    U_i: hidden hidden
  param    b_i: hidden
  param    W_f: hidden input
  param    U_f: hidden hidden
  param    b_f: hidden
  param    W_g: hidden input
  param    U_g: hidden hidden
  param    b_g: hidden
  param    W_o: hidden input
  param    U_o: hidden hidden
  param    b_o: hidden
  init     h_0: N hidden
  init     c_0: N hidden
  carry    h = previous h_new, first h_0, final h_T: T N hidden
  carry    c = previous c_new, first c_0, final c_T: T N hidden
  U_i_h: T N hidden = U_i · h [ij,TNj->TNi]
  W_i_x: T N hidden = W_i · x [ij,TNj->TNi]
  i_in: T N hidden = U_i_h + W_i_x + b_i
  i: T N hidden = sigmoid(i_in)
  U_f_h: T N hidden = U_f · h [ij,TNj->TNi]
  W_f_x: T N hidden = W_f · x [ij,TNj->TNi]
  f_in: T N hidden = U_f_h + W_f_x + b_f
  f: T N hidden = sigmoid(f_in)
  U_g_h: T N hidden = U_g · h [ij,TNj->TNi]
  W_g_x: T N hidden = W_g · x [ij,TNj->TNi]
  g_in: T N hidden = U_g_h + W_g_x + b_g
  g: T N hidden = tanh(g_in)
  U_o_h: T N hidden = U_o · h [ij,TNj->TNi]
  W_o_x: T N hidden = W_o · x [ij,TNj->TNi]
  o_in: T N hidden = U_o_h + W_o_x + b_o
  o: T N hidden = sigmoid(o_in)
  c_new: T N hidden = c*f + g*i
  tanh_c_new: T N hidden = tanh(c_new)
  h_new: T N hidden = o*tanh_c_new
  outputs  output = h_new, h_T = h_T, c_T = c_T"""

GRU = """\
program GRU
  input    x: T N input
  param    W_z: hidden input
  param    U_z: hidden hidden
  param    b_z: hidden
  param    W_r: hidden input
  param    U_r: hidden hidden
  param    b_r: hidden
  param    W_n: hidden input
  param    U_n: hidden hidden
  param    b_n: hidden
  init     h_0: N hidden
  carry    h = previous h_new, first h_0, final h_T: T N hidden
  U_z_h: T N hidden = U_z · h [ij,TNj->TNi]
  W_z_x: T N hidden = W_z · x [ij,TNj->TNi]
  z_in: T N hidden = U_z_h + W_z_x + b_z
  z: T N hidden = sigmoid(z_in)
  U_r_h: T N hidden = U_r · h [ij,TNj->TNi]
  W_r_x: T N hidden = W_r · x [ij,TNj->TNi]
  r_in: T N hidden = U_r_h + W_r_x + b_r
  r: T N hidden = sigmoid(r_in)
  h_r: T N hidden = h*r
  U_n_h_r: T N hidden = U_n · h_r [ij,TNj->TNi]
  W_n_x: T N hidden = W_n · x [ij,TNj->TNi]
  n_in: T N hidden = U_n_h_r + W_n_x + b_n
  n: T N hidden = tanh(n_in)
  h_new: T N hidden = h*(1 - z) + n*z
  outputs  output = h_new, h_T = h_T"""

HEAD = """from rnncc.spec import Cell, Piecewise, concat, exp, hard_sigmoid, mean, tanh
cell = Cell("Test")
x = cell.input("x")
h = cell.state("h")
U = cell.weight("U", h, h)
W = cell.weight("W", h, x)
"""


def program_of(body, result="v"):
    return lower(load_text(f"{HEAD}{body}\ncell.next(h={result})\ncell.output({result} + W @ x + U @ h)\n"))


def definition(program, name):
    return next(line.strip() for line in show(program).splitlines() if line.strip().startswith(f"{name}:"))


@pytest.mark.parametrize(("name", "text"), [("lstm", LSTM), ("gru", GRU)])
def test_goldens(name, text):
    assert show(lower(load(name))) == text


@pytest.mark.parametrize("name", catalogue.names())
def test_every_cell_has_one_function_a_node(name):
    for node in verify(lower(load(name))).nodes:
        if isinstance(node, Pointwise):
            functions = node.expr.atoms(Elementwise)
            assert not functions or functions == {node.expr}


def test_the_same_program_whatever_the_hash_seed():
    code = "from rnncc.spec import load; from rnncc.lower import lower; from rnncc.ir import show\n"
    code += "for n in ('lstm_peephole', 'tests/cells/window_softmax.py', 'tests/cells/lstm_layernorm.py'): print(show(lower(load(n))))"
    texts = {
        subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1


def test_places_point_into_the_spec():
    program = program_of("v = tanh(W @ x + U @ h)")
    assert program.node["v"].place == "cell.py:7"
    assert program.node["W_x"].place == "cell.py:7"
    assert program.input["W"].place == "cell.py:6"


def test_a_product_over_a_concat_is_one_product_a_part():
    program = program_of("V = cell.weight('V', h, concat(h, x))\nv = V @ concat(h, x)")
    assert not any(isinstance(n, Concat) for n in program.nodes)
    assert [(n.name, n.part) for n in program.nodes if isinstance(n, Slice)] == [("V_h", 0), ("V_x", 1)]
    assert definition(program, "V_x_x") == "V_x_x: T N hidden = V_x · x [ij,TNj->TNi]"
    assert definition(program, "v") == "v: T N hidden = V_h_h + V_x_x"


def test_slices_are_shared_by_all_products_of_a_weight():
    program = program_of("V = cell.weight('V', h, concat(h, x))\nv = V @ concat(h, x) + V @ concat(tanh(h), x)")
    assert sum(isinstance(n, Slice) for n in program.nodes) == 2
    assert sum(isinstance(n, Contract) for n in program.nodes) == 6


def test_a_named_concat_is_kept():
    program = program_of("hx = concat(h, x)\nv = cell.weight('V', h, hx) @ hx")
    assert definition(program, "hx") == "hx: T N hidden+input = concat(h, x)"


def test_a_concat_inside_a_concat_gives_its_parts():
    program = program_of("V = cell.weight('V', h, concat(h, x, h))\nv = V @ concat(concat(h, x), tanh(h))")
    assert [n.part for n in program.nodes if isinstance(n, Slice)] == [0, 1, 2]


def test_a_concat_with_other_axes_than_its_parts_gets_copies():
    program = program_of("v = cell.weight('V', h, concat(h, h)) @ (2 * concat(cell.vector('p', h), h))")
    assert definition(program, "p_2") == "p_2: T N hidden = p"


def test_mean_divides_by_the_size():
    program = program_of("v = h - mean(h) + mean(concat(h, x))")
    assert definition(program, "mean_h") == "mean_h: T N = sum_h/n_hidden"
    assert definition(program, "mean_h_x") == "mean_h_x: T N = sum_h_x/(n_hidden + n_input)"
    assert [i.name for i in program.inputs if i.role == "size"] == ["n_hidden", "n_input"]


def test_hard_sigmoid_keeps_its_argument_together():
    program = program_of("v = hard_sigmoid(W @ x + U @ h)")
    assert definition(program, "v_in") == "v_in: T N hidden = U_h + W_x"
    assert definition(program, "v_in_2") == "v_in_2: T N hidden = 0.2*v_in + 0.5"
    assert definition(program, "v") == "v: T N hidden = clamp(v_in_2, 0, 1)"


def test_piecewise_stays_whole_in_a_node_of_its_own():
    program = program_of("v = 2 * Piecewise((exp(h), h > 0), (h, True)) + W @ x")
    assert definition(program, "v_piecewise") == "v_piecewise: T N hidden = Piecewise((exp(h), h > 0), (h, True))"
    assert definition(program, "v") == "v: T N hidden = W_x + 2*v_piecewise"


def test_functions_of_functions():
    program = program_of("v = tanh(exp(W @ x - h))")
    assert definition(program, "v_exp_in") == "v_exp_in: T N hidden = W_x - h"
    assert definition(program, "v_exp") == "v_exp: T N hidden = exp(v_exp_in)"
    assert definition(program, "v") == "v: T N hidden = tanh(v_exp)"


def test_a_part_is_made_once():
    program = program_of("v = tanh(h) * exp(tanh(h)) + exp(tanh(h))")
    assert [n.name for n in program.nodes if "tanh" in str(getattr(n, "expr", ""))] == ["tanh_h", "v_exp", "v"]


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("1.0 * h", "v: T N hidden = h"),
        ("h ** 2.0 + 3.0", "v: T N hidden = h**2 + 3"),
        ("h / 4", "v: T N hidden = 0.25*h"),
        ("0.1 * h", "v: T N hidden = 0.1*h"),
        ("1 / h ** 2", "v: T N hidden = h**(-2)"),
        ("h ** 1.5", "v: T N hidden = sqrt_h**3"),
        ("h ** -0.5", "v: T N hidden = 1/sqrt_h"),
        ("abs(h + 1)", "v: T N hidden = Abs(v_in)"),
        ("h ** 0.3", "v: T N hidden = exp(v_in)"),
    ],
)
def test_numbers_and_powers_have_one_form(written, normal):
    program = program_of(f"v = {written}", "v")
    assert definition(program, normal.split(":")[0]) == normal


@pytest.mark.parametrize("number", ["0.1", "1e-5", "1 / 3", "2.5e17", "1e300", "123456789.123456789"])
def test_floats_are_exact(number):
    program = program_of(f"v = tanh(h) * {number}")
    (found,) = program.node["v"].expr.atoms(sp.Float)
    assert float(found) == eval(number)


def test_previous_values_and_inputs_are_copied_into_nexts_and_outputs():
    text = f"{HEAD}c = cell.state('c')\ncell.next(h=U @ c + W @ x, c=h)\ncell.output(x)\n"
    program = lower(load_text(text))
    assert definition(program, "c_new") == "c_new: T N hidden = h"
    assert dict(program.outputs)["output"] == "y"
    assert definition(program, "y") == "y: T N input = x"
