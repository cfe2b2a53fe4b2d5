"""The elementwise functions, each a sympy class without `eval`.

Sympy's own classes rewrite: `exp(log(s) + m - k)` becomes an unstable product, `log(exp(x))` becomes `x`, the derivative of `Max`
a `Heaviside`. These stay as written. A derivative is stated in terms of the function's own value `v` where that is cheaper
(`tanh' = 1 - v**2`). Kinks are PyTorch's: `relu'(0) = 0`, `Abs'(0) = 0`, `Max` and `Min` share ties equally, `clamp' = 1` at its
bounds.
"""

import math
from collections.abc import Callable
from typing import Any

import sympy as sp


class Elementwise(sp.Function):
    """Base of the vocabulary: real, never evaluated, derivative from `partial(value, *args)`."""

    is_real = True
    is_commutative = True
    cost = 1
    """Scalar operations it is worth, multiplications counting 1."""

    partial: Callable[..., tuple[sp.Expr, ...]]

    def __new__(cls, *args: Any, **options: Any) -> Any:
        """An argument that is no expression but has `_elementwise_` applies the function itself, as arrays do with NumPy's."""
        for a in args:
            if apply := getattr(a, "_elementwise_", None):
                return apply(cls, args)
        return super().__new__(cls, *args, **options)

    @classmethod
    def eval(cls, *_args: sp.Expr) -> None:
        """Never rewrite."""

    @classmethod
    def _should_evalf(cls, _arg: sp.Expr) -> int:
        return -1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Derivative by argument number `argindex`, counted from 1."""
        return type(self).partial(self, *self.args)[argindex - 1]


VOCABULARY: dict[str, type[Elementwise]] = {}
"""Name -> class, in a fixed order; what every renderer must implement."""


def _define(name: str, cost: int, partial: Callable[..., tuple[sp.Expr, ...]]) -> type[Elementwise]:
    nargs = partial.__code__.co_argcount - 1
    made = type(name, (Elementwise,), {"nargs": nargs, "cost": cost, "partial": staticmethod(partial), "__module__": __name__})
    VOCABULARY[name] = made
    return made


def _flat(_v: sp.Expr, *args: sp.Expr) -> tuple[sp.Expr, ...]:
    return (sp.S.Zero,) * len(args)


# Piecewise constant, derivatives of the others: not part of the spec language.
step = _define("step", 1, lambda v, a: _flat(v, a))  # 1 where a > 0, else 0
sign = _define("sign", 2, lambda v, a: _flat(v, a))  # -1, 0, 1
equal = _define("equal", 1, lambda v, a, b: _flat(v, a, b))  # 1 where a = b, else 0
ahead = _define("ahead", 2, lambda v, a, b: _flat(v, a, b))  # 1 where a > b, 1/2 where a = b, else 0
inside = _define("inside", 2, lambda v, a, lo, hi: _flat(v, a, lo, hi))  # 1 where lo <= a <= hi, else 0

sigmoid = _define("sigmoid", 20, lambda v, a: (v * (1 - v),))
tanh = _define("tanh", 24, lambda v, a: (1 - v**2,))
relu = _define("relu", 1, lambda v, a: (step(a),))
softplus = _define("softplus", 34, lambda v, a: (sigmoid(a),))
exp = _define("exp", 14, lambda v, a: (v,))
log = _define("log", 18, lambda v, a: (1 / a,))
sqrt = _define("sqrt", 8, lambda v, a: (1 / (2 * v),))
sin = _define("sin", 24, lambda v, a: (cos(a),))
cos: type[Elementwise] = _define("cos", 24, lambda v, a: (-sin(a),))
erf = _define("erf", 30, lambda v, a: (sp.Float(2 / math.sqrt(math.pi)) * exp(-(a**2)),))
floor = _define("floor", 1, lambda v, a: _flat(v, a))
Mod = _define("Mod", 9, lambda v, a, b: (sp.S.One, -floor(a / b)))  # a - b floor(a / b)
Abs = _define("Abs", 1, lambda v, a: (sign(a),))
Max2 = _define("Max", 1, lambda v, a, b: (ahead(a, b), ahead(b, a)))
Min2 = _define("Min", 1, lambda v, a, b: (ahead(b, a), ahead(a, b)))
clamp = _define("clamp", 2, lambda v, a, lo, hi: (inside(a, lo, hi), step(lo - a), step(a - hi)))
surrogate = _define("surrogate", 0, lambda v, value, a, slope: (sp.S.Zero, slope, sp.S.Zero))  # value, whose slope by a is given


def Max(first: sp.Expr, *rest: sp.Expr) -> sp.Expr:  # noqa: N802 (the field's name, as sympy writes it)
    """The largest argument; ties share the gradient pair by pair."""
    return Max2(first, Max(*rest)) if rest else sp.sympify(first)


def Min(first: sp.Expr, *rest: sp.Expr) -> sp.Expr:  # noqa: N802
    """The smallest argument; ties share the gradient pair by pair."""
    return Min2(first, Min(*rest)) if rest else sp.sympify(first)


def function_cost(expr: sp.Expr) -> int:
    """Scalar operations of `expr`: the vocabulary by its costs, a division 4, everything else 1."""
    own = sum(f.cost for f in expr.atoms(Elementwise))
    divisions = sum(1 for p in expr.atoms(sp.Pow) if p.exp.is_number and p.exp < 0)
    return own + 3 * divisions + int(expr.count_ops(visual=False)) - len(expr.atoms(Elementwise))
