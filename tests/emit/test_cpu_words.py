"""Names of a spec that generated modules use for themselves."""

import ast

import pytest

from rnncc.compiler import compile_cell
from rnncc.emit.cpu.words import key, safe, without_clashes
from rnncc.ir import size_names
from rnncc.passes import hoist_sums
from tests.emit.cpu_cases import source_of
from tests.emit.test_cpu_simulated import check
from tests.passes.programs import lstm
from tests.schedule.cells import compiled

CLASHES = """
group = cell.size("group", default=3)
own, before = cell.state("own"), cell.state("before", group)
top = cell.weight("top", own, x)
width, end = cell.vector("width", own), cell.bias("end", group)
high = cell.constant("high", 0.5)
low = tanh(top @ x + cell.weight("host", own, before) @ before + width * own)
x_seq = sigmoid(low + mean(own))
tile_1 = cell.weight("panel_1", group, own) @ x_seq * high + exp(end)
result = x_seq * low
cell.next(own=result, before=tile_1)
cell.output(result)
"""


def bound(source):
    """Names that the functions of a module bind."""
    functions = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
    inside = [n for f in functions for n in ast.walk(f)]
    stored = {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return {a.arg for f in functions for a in f.args.args} | stored | {f.name for f in functions}


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm_layernorm", "window_softmax"])
def test_every_name_of_generated_code_is_the_cells_or_known(cell):
    made = compile_cell(source_of(cell))
    own = set()
    for program in (made.primal, *made.sweeps, made.trace, hoist_sums(made.primal), hoist_sums(made.sweeps[0])):
        own |= program.types.keys() | {s for axes in program.types.values() for a in axes for s in size_names(a)}
    found = {name for name in bound(made.source) if safe(name) == name and not name.endswith("_products")}
    assert found <= own


def test_a_cell_may_use_them(tmp_path):
    made = compiled(CLASHES, tmp_path)
    assert made.info.named == ("low", "x_seq", "tile_1", "result")
    check(made)


@pytest.mark.parametrize("name", ["end", "end_", "end__", "x_seq", "tile_2", "hidden", "f", "f_", "range"])
def test_safe_names_are_told_apart_and_back(name):
    assert key(safe(name)) == name
    assert safe(safe(name)) != safe(name) or safe(name) == name


def test_a_program_without_clashes_stays_as_it_is():
    assert without_clashes(lstm()) == lstm()
