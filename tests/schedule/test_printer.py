"""Schedules as text."""

from pathlib import Path

import pytest

from rnncc.compiler import compile_cell
from rnncc.schedule import schedule, show_schedule

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_schedules_of_a_cell(cell, golden):
    made = compile_cell(cell)
    golden(GOLDEN / f"{cell}.txt", "\n\n".join(show_schedule(schedule(p)) for p in made.sweeps) + "\n")
