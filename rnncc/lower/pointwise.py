"""Splitting an elementwise expression into nodes of one function application each."""

import sympy as sp

from rnncc.functions import Elementwise, symbol
from rnncc.ir import Axes, Pointwise, broadcast
from rnncc.lower.scope import Scope
from rnncc.spec.structure import label


def split(scope: Scope, name: str, expr: sp.Expr) -> None:
    """Adds `expr` under `name`, its parts first.

    A part that was split off before, here or for another value, is used again. A `Piecewise` keeps its branches: an unchosen branch may
    be infinite, and a product with its zero cotangent would be NaN.
    """
    flat = _arguments(scope, expr, name) if isinstance(expr, Elementwise) else _arithmetic(scope, expr, name, top=True)
    scope.memo[expr] = scope.add(Pointwise(name, type_of(scope, flat), flat))


def type_of(scope: Scope, expr: sp.Expr) -> Axes:
    """The broadcast type of `expr`'s operands."""
    return broadcast(scope.types[name] for name in sorted(s.name for s in expr.free_symbols))


def _arguments(scope: Scope, expr: sp.Expr, name: str) -> sp.Expr:
    """A function of names and numbers."""
    return expr.func(*(a if a.is_Atom else _part(scope, a, _helper(name, a)) for a in expr.args))


def _arithmetic(scope: Scope, expr: sp.Expr, owner: str, *, top: bool = False) -> sp.Expr:
    """Sums, products and powers of names and numbers."""
    if expr.is_Atom or (top and isinstance(expr, sp.Piecewise)):
        return expr
    if isinstance(expr, Elementwise | sp.Piecewise):
        return _part(scope, expr, _helper(owner, expr))
    return expr.func(*(_arithmetic(scope, a, owner) for a in expr.args))


def _helper(owner: str, expr: sp.Expr) -> str:
    """What a part of `owner` is called where its operands give it no name."""
    is_function = isinstance(expr, Elementwise | sp.Piecewise)
    return f"{owner}_{type(expr).__name__.lower()}" if is_function else f"{owner}_in"


def _part(scope: Scope, expr: sp.Expr, name: str) -> sp.Symbol:
    """`expr` as a node of its own."""
    if expr not in scope.memo:
        split(scope, scope.fresh(label(expr) or name), expr)
    return symbol(scope.memo[expr])
