"""A memory to attend to: what is recorded, what reductions over its positions become, and what is said about mistakes."""

import pytest

from rnncc.ir import Contract
from rnncc.lower import lower
from rnncc.runtime.cell_info import Memory
from rnncc.spec import cell_info, load_text
from tests.spec.bodies import FINE, HEAD, TAIL, faults

MEMORY = 'from rnncc.spec import cols, max, mean, rows, softmax, sum\nm = cell.memory("m", cell.size("facts", default=3))\n'
READ = 'h_new = tanh(W @ x + U @ h) + sum(rows(sum(softmax(sum(cell.weight("K", h, m) @ m * cols(h), over="cols")) * m, over="rows")))'
"""Seven lines and a half: what follows `MEMORY` begins on line 9."""


def said(body, tail=TAIL):
    return faults(f"{MEMORY}{READ}\n{body}", tail=tail)


def test_what_is_recorded():
    spec = load_text(HEAD + MEMORY + READ + TAIL)
    info = cell_info(spec)
    assert info.inputs == (("x", ("input",)),)
    assert info.memories == (Memory("m", "facts", "m_positions", "m_exists"),)
    program = lower(spec)
    assert [(i.name, i.role, i.type) for i in program.inputs[1:3]] == [
        ("m", "memory", ("N", "m_positions", "facts'")),
        ("m_exists", "exists", ("N", "m_positions")),
    ]
    assert program.node["K_m"] == Contract("K_m", ("N", "m_positions", "hidden'"), "K", "m", "ij,Nkj->Nki")


@pytest.mark.parametrize(
    ("text", "axes"),
    [
        ("a = sum(m, over='rows')", ("N", "facts'")),
        ("a = sum(m, over='cols')", ("N", "m_positions")),
        ("a = softmax(sum(m, over='cols'))", ("N", "m_positions")),
        ("a = softmax(m, over='rows')", ("N", "m_positions", "facts'")),
        ("a = softmax(cols(sum(m, over='cols')))", ("N", "m_positions'")),
        ("a = m * sum(m, over='cols') * mean(h)", ("T", "N", "m_positions", "facts'")),
    ],
)
def test_positions_are_units_like_others(text, axes):
    whole = "sum(sum(a, over='cols'))" if {"m_positions", "facts'"} < {*axes} else "sum(a)"
    spec = load_text(f"{HEAD}{MEMORY}{text}\n{FINE} + {whole} * sum(sum(m, over='cols')){TAIL}")
    assert spec.definition["a"].axes == axes


def test_sums_over_positions_see_those_that_exist():
    """Sums over the units of a position see all of them."""
    spec = load_text(f"{HEAD}{MEMORY}a = sum(m, over='rows')\nb = sum(m, over='cols')\n{FINE} + sum(a) + mean(b){TAIL}")
    assert str(spec.definition["a_in"].expr) == "Piecewise((m, m_exists > 0), (0, True))"
    assert spec.definition["b"].args == ("m",)


def test_positions_are_no_size():
    text = said("p = cell.vector('p', sum(m, over='cols'))")
    assert "bad.py:10:5: error: the positions of a memory are no size" in text
    assert 'found: sum(m, over="cols") of size m_positions\n  help: leave the positions by a sum first' in text
    assert "the positions of a memory are no size" in said("s = cell.state('s', size=sum(m, over='cols'))")
    assert "the positions of a memory are no size" in said("p = cell.weight('P', h, sum(m, over='cols'))")


def test_the_output_has_units():
    text = said("", tail="\ncell.next(h=h_new)\ncell.output(sum(m, over='cols') * mean(h))\n")
    assert "error: the output goes over the positions of a memory" in text
    assert 'help: sum(a * m, over="rows") leaves the units of the memory m; layer.trace shows values of positions' in text


def test_a_product_with_a_matrix_of_the_loop():
    text = said("q = sum(sum(cell.weight('Q', h, m) @ (m * mean(h)), over='cols'))")
    assert "bad.py:10:" in text
    assert "@ takes a vector, or a memory" in text
    assert "found: m*mean(h) of size m_positions by facts, which changes from step to step" in text
    assert "help: multiply the memory m itself, and go on elementwise: (Q @ m) * …" in text


def test_a_product_that_does_not_fit():
    text = said("q = sum(sum(W @ m, over='cols'))")
    assert "W @ m: the sizes do not fit\n" in text
    assert "found: m of size m_positions by facts" in text


def test_a_memory_that_nothing_reads():
    assert "the memory n reaches neither the output nor a state" in said("n = cell.memory('n', h)")


def test_a_memory_has_a_size():
    text = said("n = cell.memory('n', 3)")
    assert "this has no size" in text
    assert 'help: give it a name: cell.size("NAME", default=3)' in text
    assert "cell.memory() missing 1 required positional argument: 'size'" in said("n = cell.memory('n')")


def test_names_that_a_memory_brings_along():
    assert "the name m_exists is declared twice" in said("v = cell.vector('m_exists', h)")
    assert "the name m_positions is declared twice" in said("v = cell.vector('m_positions', h)")
    spec = load_text(f"{HEAD}{MEMORY}m_positions = 2 * h\n{READ} + m_positions{TAIL}")
    assert "m_positions_2" in spec.definition
