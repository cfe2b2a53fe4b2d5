"""Symbols: one kind for every value of a cell."""

import sympy as sp


def symbol(name: str) -> sp.Symbol:
    """The real symbol called `name`; facts about a value live in the cell, never in its symbol."""
    return sp.Symbol(name, real=True)
