"""Means over a batch in a spec."""

import pytest

from rnncc.spec import cell_info, load_text
from tests.spec.bodies import FINE, HEAD, TAIL, faults


def test_a_mean_is_a_frozen_parameter_and_a_sum():
    body = (
        "v = W @ x\nm = cell.batch_mean('m', v)\ns = cell.batch_mean('s', (v - m)**2, init=1)\nh_new = tanh((v - m) / (1 + s) + U @ h)"
    )
    spec = load_text(HEAD + body + TAIL)
    info = cell_info(spec)
    assert [(p.name, p.axes, p.init, p.frozen) for p in info.parameters[2:]] == [
        ("m", ("hidden",), 0.0, True),
        ("s", ("hidden",), 1.0, True),
    ]
    assert [(m.name, m.total) for m in info.batch_means] == [("m", "m_sum"), ("s", "s_sum")]
    assert spec.definition["m_sum"].args == ("v",)
    assert spec.definition["s"].axes == ("hidden",)
    assert info.named == ("v", "h_new")


def test_of_one_number_a_sample_there_is_one_number():
    body = "dt = cell.input('dt', size=1)\nr = cell.batch_mean('r', dt**2)\nh_new = tanh(W @ x + r * dt + U @ h)"
    assert load_text(HEAD + body + TAIL).definition["r"].axes == ()


def test_a_value_that_a_state_reaches():
    assert (
        faults("v = W @ x + U @ h\nm = cell.batch_mean('m', v)\nh_new = tanh(v - m)")
        == """\
bad.py:8:5: error: the batch mean m is of a value that a state reaches
    m = cell.batch_mean('m', v)
        ^^^^^^^^^^^^^^^^^^^^^^^
  found: v
  expected: a value that is known for all steps before the first
  help: take it of what is made of the input alone, cell.weight(…) @ x; mean(a) goes over the units of a step"""
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("'m', 2", "what the batch mean m is of is no value of the cell"),
        ("'m', cell.vector('a', h)", "the batch mean m is of a value that does not vary with the input"),
        ("'m', cell.mask('a', h, 0.5)", "the batch mean m is of a value that does not vary with the input"),
        ("'m', cols(W @ x)", "the batch mean m is of no vector"),
        ("'m', outer(W @ x, x)", "the batch mean m is of no vector"),
        ("'m', W @ x, init='zeros'", "init of the batch mean m is no number"),
        ("'m', W @ x, init=float('inf')", "init of the batch mean m is not finite"),
        ("'h', W @ x", "the name h is declared twice"),
        ("'training', W @ x", "the name 'training' is reserved for generated kernels"),
        ("'m'", "cell.batch_mean() missing 1 required positional argument: 'value'"),
    ],
)
def test_what_is_no_mean(arguments, said):
    head = HEAD.replace("import Cell", "import Cell, cols, outer")
    assert f"bad.py:7:5: error: {said}" in faults(f"m = cell.batch_mean({arguments})\n{FINE} * m", head)


def test_a_mean_over_positions_of_a_memory():
    body = "q = cell.memory('q', h)\nm = cell.batch_mean('m', sum(q * cols(W @ x), over='cols'))\n"
    assert "error: the batch mean m is of no vector" in faults(
        f"{body}{FINE} * m", HEAD.replace("import Cell", "import Cell, cols, sum")
    )


def test_a_value_that_is_wrong_itself_has_one_fault():
    said = faults(f"m = cell.batch_mean('m', W @ h)\n{FINE} * m")
    assert said.startswith("bad.py:7:26: error: W @ h: the sizes do not fit")
    assert said.count("error") == 1


def test_a_mean_in_vain():
    assert "the batch mean m reaches neither the output nor a state" in faults(f"m = cell.batch_mean('m', W @ x)\n{FINE}")


def test_a_weight_is_the_same_for_every_batch():
    assert "error: the weight W is used elementwise" in faults(
        f"dt = cell.input('dt', size=1)\nr = cell.batch_mean('r', dt)\nV = W * r\n{FINE}"
    )
