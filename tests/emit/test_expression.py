"""Expressions as Python over arrays: what numbers alone decide, and what arrays do."""

import numpy as np
import pytest
import sympy as sp

from rnncc.emit.cpu.expression import expression
from rnncc.functions import symbol as s
from rnncc.runtime import host

CHOICE = sp.Piecewise((s("v"), s("a") > 0), (0, ~(s("a") < -1) & (s("b") > 0)), (1, True), evaluate=False)


@pytest.mark.parametrize(("a", "b", "expected"), [(1.0, 0.0, 3.0), (-1.0, 1.0, 0.0), (-2.0, 1.0, 1.0), (-1.0, 0.0, 1.0)])
def test_a_choice_by_numbers_computes_no_more_than_it_gives(a, b, expected):
    """And has the dtype of what it is multiplied with: a choice of numbers is a Python number."""
    source = expression(s("w") * CHOICE, str, "host.", numbers=["a", "b"])
    assert "where" not in source
    found = eval(source, {"a": a, "b": b, "v": np.float32(3), "w": np.ones(2, np.float32)})
    assert found.dtype == np.float32
    assert found.tolist() == [expected, expected]


def test_a_choice_by_arrays_is_made_for_each_element():
    source = expression(CHOICE, str, "host.", numbers=["b"])
    found = eval(source, {"host": host, "a": np.array([1.0, -1.0, -2.0]), "b": np.array(1.0), "v": 3.0})
    assert found.tolist() == [3.0, 0.0, 1.0]
