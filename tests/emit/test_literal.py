"""A cell's description as source."""

import math

from rnncc.emit.cpu.literal import literal
from rnncc.runtime.cell_info import State


def test_an_infinite_first_value_is_source_that_runs():
    state = State("m", ("hidden",), -math.inf)
    assert literal((state,)) == "(\n    State(name='m', axes=('hidden',), initial=float(\"-inf\")),\n)"
    assert eval(literal((state,)), {"State": State}) == (state,)
