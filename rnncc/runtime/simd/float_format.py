"""How IEEE floats are laid out: what the functions that work on bits need to know."""

from dataclasses import dataclass

from rnncc.runtime.simd.expression import Lanes


@dataclass(frozen=True)
class Format:
    """A binary float of `mantissa` stored bits, whose exponent is stored plus `bias`."""

    mantissa: int
    bias: int

    @property
    def one(self) -> int:
        """The bits of 1.0."""
        return self.bias << self.mantissa

    @property
    def unit_number(self) -> float:
        """2**mantissa: the float whose last bit is worth 1."""
        return float(1 << self.mantissa)

    @property
    def unit_bits(self) -> int:
        """The bits of `unit_number`; added to a small natural number they make the float `unit_number` plus it."""
        return (self.bias + self.mantissa) << self.mantissa

    @property
    def rounder(self) -> float:
        """1.5 * 2**mantissa: added to a small float it rounds that to an integer, of either sign, left in the low bits."""
        return 1.5 * self.unit_number

    @property
    def rounder_bits(self) -> int:
        """The bits of `rounder`."""
        return self.unit_bits + (1 << (self.mantissa - 1))

    @property
    def smallest_normal(self) -> float:
        """The smallest number with all its bits."""
        return 2.0 ** (1 - self.bias)


_FLOAT = Format(mantissa=23, bias=127)
_DOUBLE = Format(mantissa=52, bias=1023)


def format_of(x: Lanes) -> Format:
    """The format of the elements of `x`."""
    return _DOUBLE if x.is_double else _FLOAT
