"""Which values a loop adds up: those that are made for one sum over time and batch, and for nothing else."""

import pytest

from rnncc.emit.cpu.added_up import added_up
from tests.schedule.cells import NO_LOOP, SUMS, planned

CELL = """
h = cell.state("h")
u, W = cell.bias("u", h), cell.weight("W", h, x)
cell.next(h={})
cell.output(h)
"""
WITH_A_BIAS = CELL.format('tanh(W @ x + cell.bias("b", h) + u * h)')
OF_ONE_NUMBER = CELL.format('tanh(W @ x + u * h) * cell.scalar("k")')
BEHIND_A_PRODUCT = CELL.format('tanh(W @ x + cell.weight("U", h, h) @ (u * h))')


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(WITH_A_BIAS, ["u"]), (OF_ONE_NUMBER, ["u"]), (BEHIND_A_PRODUCT, ["u"]), (SUMS, []), (NO_LOOP, [])],
)
def test_sums_that_nothing_else_reads(cell, expected, tmp_path):
    """Not of what products read, of what is one number, or of what is made for all of time at once."""
    backward = planned(cell, tmp_path)[2]
    sums = {t.a: t.name for t in backward.totals}
    assert [sums[v].split("_")[1] for v in added_up(backward)] == expected
