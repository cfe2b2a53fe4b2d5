"""A lowered spec means what its text says: executed over arrays, the text is the step."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnncc import catalogue
from rnncc.emit.numpy import run
from rnncc.ir import size_names
from rnncc.lower import lower
from rnncc.spec import load_text
from tests.lower.oracle import run_text
from tests.random_cells import SIZES, random_spec_text

STEPS, BATCH = 3, 2
TOLERANCE = 1e-12
"""A few hundred roundings of 1.1e-16, relative to the largest element; lowering reassociates sums."""
SPECS = sorted([*catalogue.directory().glob("*.py"), *Path("tests/cells").glob("*.py")])


def arrays_of(program, seed):
    rng = np.random.default_rng(seed)
    sizes = {"T": STEPS, "N": BATCH, "out": 4, "heads": 2, "key": 6, "context": 5, "units": 6} | SIZES
    sizes |= {"memory": 5, "attention": 6, "m_positions": 4}
    wanted = (i for i in program.inputs if i.role != "size")
    shapes = {i.name: tuple(sum(sizes[s] for s in size_names(axis)) for axis in i.type) for i in wanted}
    arrays = {name: rng.uniform(-1, 1, shape) for name, shape in shapes.items()}
    return arrays | {i.name: np.ones(shapes[i.name]) for i in program.inputs if i.role == "exists"}


def check(text, seed=0):
    spec = load_text(text)
    program = lower(spec)
    arrays = arrays_of(program, seed) | dict(spec.constants)
    found = run(program, arrays, sizes=SIZES | {"T": STEPS, "N": BATCH, "out": 4})
    output, state = run_text(text, arrays, [s.name for s in spec.states])
    for key, expected in {"output": output, **{f"{s}_T": v for s, v in state.items()}}.items():
        assert found[key].shape == expected.shape
        assert np.max(np.abs(found[key] - expected), initial=0) <= TOLERANCE * max(1, np.max(np.abs(expected), initial=0))


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_cells(path):
    check(path.read_text())


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(random_spec_text(), st.integers(0, 1000))
def test_random_cells(text, seed):
    check(text, seed)


HEAD = """from rnncc.spec import Abs, Cell, Max, Piecewise, concat, hard_sigmoid, log, max, mean, sigmoid, softmax, sum, tanh
cell = Cell("Test")
x = cell.input("x")
h = cell.state("h")
U = cell.weight("U", h, h)
a = U @ h + cell.weight("W", h, x) @ x
"""


@pytest.mark.parametrize(
    "expression",
    [
        "hard_sigmoid(3 * a + U @ a)",
        "Abs(a) ** 0.5 + Abs(a) ** 1.5 + (1 + a**2) ** -0.5 + (2 + tanh(a)) ** 0.3",
        "1.0 * a - 2.0 * a**2.0 + a / 3",
        "abs(a) * abs(U @ a)",
        "Piecewise((log(2 + a**2), a > 0.2), (a**2, (a > -0.2) & (h < 0.5)), (hard_sigmoid(a), True))",
        "a - 2 * Piecewise((a, ~(a > 0)), (mean(a), a + h >= 1), (sum(a), True))",
        "softmax(a) * sum(a**2) / max(Abs(a) + 1)",
        "cell.weight('V', h, concat(h, x)) @ (2 * concat(a, x))",
        "cell.weight('V', h, concat(concat(h, x), h)) @ concat(concat(a, x), h)",
        "mean(concat(a, x)) + a",
        "cell.weight('V', h, concat(h, h)) @ concat(cell.vector('v', h), a)",
        "Max(a, h, 0.1) + cell.scalar('s') * cell.constant('k', 2.0)",
        "U @ (U @ (U @ h)) + a",
    ],
)
def test_expressions(expression):
    check(f"{HEAD}h_new = tanh({expression})\ncell.next(h=h_new)\ncell.output(h_new + a)\n")


@pytest.mark.parametrize(
    "ending",
    [
        "c = cell.state('c')\ncell.next(h=a, c=h)\ncell.output(c)",
        "cell.next(h=a)\ncell.output(x)",
        "cell.next(h=mean(a))\ncell.output(concat(a, x))",
        "cell.next(h=cell.vector('v', h))\ncell.output(tanh(a))",
        "v = cell.vector('v', h)\ncell.next(h=a * v)\ncell.output(v)",
        "cell.next(h=U @ a)\ncell.output(U @ a)",
        "w = cell.state('w', x)\ncell.next(h=a, w=x)\ncell.output(cell.weight('V', h, x) @ w)",
    ],
)
def test_results_of_every_kind(ending):
    check(f"{HEAD}{ending}\n")
