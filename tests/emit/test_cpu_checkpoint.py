"""Gradients of generated sources, segment by segment: sums over time that go on, states and cotangents that are handed on."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from rnncc.compiler import Compilation, compile_cell
from rnncc.runtime import chunks
from rnncc.spec import load
from tests.emit.cpu_cases import CORE, FURTHER, OWN, relative, source_of
from tests.emit.simulated import simulated_module
from tests.random_cells import random_spec_text
from tests.schedule.cells import EVERY, compiled

STEPS, ROWS, LENGTHS = 9, 2, (9, 4)
TOLERANCE = 1e-11
"""As in `test_cpu_simulated`: products take their rows in other groups."""


@pytest.fixture(autouse=True, scope="module")
def short_chunks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "ROWS", 4)
        yield


def pulled(layer, x, every):
    """Every gradient, by name, with states kept every so many steps."""
    (y, finals), pullback = layer.vjp(x, lengths=LENGTHS, checkpoint=every)
    rng = np.random.default_rng(1)
    g = pullback(rng.normal(size=y.shape), {k: rng.normal(size=v.shape) for k, v in finals.items()})
    return g.x | {f"{k}_0": v for k, v in g.state.items()} | g.params


def check(made):
    info = made.info
    made_class = getattr(simulated_module(made.source), info.name)
    sizes = {name: size or FURTHER for name, size in info.sizes.items()}
    layer = made_class(3, 3, bidirectional=True, dtype="float64", seed=1, **sizes)
    rng, length = np.random.default_rng(0), {"input": 3, "hidden": 3} | sizes
    x = {name: rng.normal(size=(STEPS, ROWS, *(length[a] for a in axes))) / 2 for name, axes in info.inputs}
    with np.errstate(all="ignore"):  # memory past a sequence's end is anything
        whole, parts = pulled(layer, x, None), pulled(layer, x, 3)
    for name, expected in whole.items():
        assert relative(parts[name], expected) < TOLERANCE, name


@pytest.mark.parametrize("name", CORE + OWN)
def test_of_a_cell(name):
    check(compile_cell(source_of(name)))


@pytest.mark.parametrize("text", EVERY.values(), ids=EVERY)
def test_of_delay_lines_shifts_and_cells_without_a_loop(text, tmp_path):
    check(compiled(text, tmp_path))


@settings(
    max_examples=40, derandomize=True, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(random_spec_text())
def test_of_a_random_cell(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("random") / "random.py"
    path.write_text(text)
    check(Compilation(load(path)))
