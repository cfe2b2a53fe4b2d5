"""Complex values and weights, as pairs of real ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from rnncc.spec.fault import Mistake


@dataclass(frozen=True)
class Complex:
    """`re + i im`: two values of one size, or two weights, which stand left of `@`.

    Sums, differences and products are those of complex numbers, with one another and with real values. Assigned to `z` its parts are
    called `z_re` and `z_im`. States are real: a complex one is two, `Complex(cell.state("s_re"), cell.state("s_im"))`.
    """

    re: Any
    im: Any

    def __add__(self, other: object) -> "Complex":
        o = _complex(other)
        return Complex(self.re + o.re, self.im + o.im)

    def __sub__(self, other: object) -> "Complex":
        return self + -_complex(other)

    def __rsub__(self, other: object) -> "Complex":
        return -self + other

    def __neg__(self) -> "Complex":
        return Complex(-self.re, -self.im)

    def __mul__(self, other: object) -> "Complex":
        if not isinstance(other, Complex):
            return Complex(self.re * other, self.im * other)
        return Complex(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)

    def __matmul__(self, other: object) -> "Complex":
        if not isinstance(other, Complex):
            return Complex(self.re @ other, self.im @ other)
        return Complex(self.re @ other.re - self.im @ other.im, self.re @ other.im + self.im @ other.re)

    def __rmatmul__(self, weight: Any) -> "Complex":
        return Complex(weight @ self.re, weight @ self.im)

    __radd__, __rmul__ = __add__, __mul__

    def _elementwise_(self, function: Callable[..., object], _operands: tuple[object, ...]) -> NoReturn:
        """Functions of the vocabulary ask for this where a complex value is one of their arguments."""
        name = getattr(function, "__name__", "a function")
        raise Mistake(f"{name} of a complex value", remedy=f"apply it to its parts: Complex({name}(z.re), {name}(z.im))")


def _complex(value: object) -> Complex:
    return value if isinstance(value, Complex) else Complex(value, 0)
