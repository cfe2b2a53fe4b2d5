"""Random cells compiled and run, forward and backward, against the interpreter. Minutes: most of it is Numba's."""

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from rnncc.compiler import Compilation
from rnncc.modules import load_module
from rnncc.spec import load
from tests.emit.cpu_cases import arrays, expected_in_training, sweep_of, trained_by, worst
from tests.random_cells import random_spec_text

SHAPE, LENGTHS = (4, 3, 2, 5), (4, 2, 0)
TOLERANCE = 1e-11
"""As in `test_cpu_simulated`."""


@pytest.mark.parametrize("number", range(4))
def test_random_cells(tmp_path, number):
    """In parts, which may run side by side."""

    @seed(20 + number)
    @settings(max_examples=8, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(random_spec_text())
    def agrees(text):
        path = tmp_path / "random.py"
        path.write_text(text)
        made, module = Compilation(load(path)), load_module(path)
        env, sweep = arrays(made, SHAPE, scale=0.4), sweep_of(SHAPE, LENGTHS, threads=2)
        error, key = worst(trained_by(module, made, env, sweep), expected_in_training(made, env, sweep))
        assert error < TOLERANCE, key

    agrees()
