"""Specs as text, and what is said about wrong ones."""

import pytest

from rnncc.errors import SpecError
from rnncc.spec import load_text

HEAD = """from rnncc.spec import Cell, sigmoid, tanh
cell = Cell("Test")
x = cell.input("x")
h = cell.state("h")
W = cell.weight("W", h, x)
U = cell.weight("U", h, h)
"""
"""Six lines: the body of a test begins on line 7."""

TAIL = """
cell.next(h=h_new)
cell.output(h_new)
"""

FINE = "h_new = tanh(W @ x + U @ h)"


def faults(body: str, head: str = HEAD, tail: str = TAIL) -> str:
    """Everything said about a spec with the given body between `head` and `tail`."""
    with pytest.raises(SpecError) as caught:
        load_text(head + body + tail, "bad.py")
    assert len(caught.value.faults) == str(caught.value).count(": error: ")
    return str(caught.value)
