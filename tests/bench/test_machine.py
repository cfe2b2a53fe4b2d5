"""The machine's rates: plausible, not exact."""

import pytest

from rnncc.bench.machine import measure_machine


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rates_are_plausible(dtype):
    found = measure_machine(1, dtype, 0.01)
    assert 1e8 < found.flops < 1e12
    assert 1e7 < found.memory < 1e12
    assert all(found.memory / 10 < rate < 1e13 for _, rate in found.reading)
    assert [size for size, _ in found.reading] == sorted(size for size, _ in found.reading)
