"""exp, tanh and sigmoid.

`x = n ln 2 + r` with |r| <= ln(2)/2, then `exp(x) = 2**n exp(r)` with a polynomial for exp(r). `n` is rounded by adding a constant so
large that its last bit is worth 1: the sum's low bits are then `n` as an integer, ready to be shifted into an exponent.
The polynomials are weighted least-squares fits with Lawson's weights (nearly minimax), rounded from the lowest power upwards
with the rest fitted again.
"""

from dataclasses import dataclass

from rnncc.runtime.simd.expression import Lanes, absolute, fma, polynomial, where, with_sign_of


@dataclass(frozen=True)
class _Constants:
    """What depends on the dtype."""

    mantissa: int
    """Bits of the mantissa that are stored: how far an exponent is shifted."""
    bias: int
    """Of the exponent."""
    log2_e: float
    ln2_high: float
    """So short that its product with every `n` is exact."""
    ln2_low: float
    q: tuple[float, ...]
    """(exp(r) - 1 - r) / r**2."""
    lowest: float
    """Below it exp is zero."""
    highest: float
    """Above it exp overflows; at it, it already does."""
    saturated: float
    """From it on `tanh(x / 2)` is 1."""

    @property
    def rounder(self) -> float:
        """1.5 * 2**mantissa: added to `n`, it leaves the integer in the low bits."""
        return float(3 << (self.mantissa - 1))


_FLOAT = _Constants(
    mantissa=23,
    bias=127,
    log2_e=float.fromhex("0x1.715476p+0"),
    ln2_high=float.fromhex("0x1.62e4p-1"),
    ln2_low=float.fromhex("0x1.7f7d1cp-20"),
    q=(0.5, 0.16666542, 0.0416664481, 0.0083667282, 0.00139365788),
    lowest=-104.0,
    highest=89.0,
    saturated=20.0,
)
_DOUBLE = _Constants(
    mantissa=52,
    bias=1023,
    log2_e=float.fromhex("0x1.71547652b82fep+0"),
    ln2_high=float.fromhex("0x1.62e42fefa0000p-1"),
    ln2_low=float.fromhex("0x1.cf79abc9e3b3ap-40"),
    q=(
        0.5000000000000006,
        0.16666666666666685,
        0.04166666666657285,
        0.008333333333315094,
        0.001388888893276439,
        0.0001984126990199697,
        2.4801503875991412e-05,
        2.7557228830937846e-06,
        2.762658499494154e-07,
        2.5114209417150395e-08,
    ),
    lowest=-746.0,
    highest=710.0,
    saturated=44.0,
)


def exp(x: Lanes) -> Lanes:
    """e**x; subnormal results included, overflow to infinity.

    At most 2 ULP.
    """
    c = _constants(x)
    x = where(x > c.highest, c.highest, where(x < c.lowest, c.lowest, x))
    shifted, r = _reduced(x, c.rounder)
    first, second = _power_in_factors(shifted)
    return (fma(polynomial(r, c.q), r * r, r) + 1.0) * first * second


def tanh(x: Lanes) -> Lanes:
    """Hyperbolic tangent, as (e**y - 1) / (e**y + 1) with y = 2 |x|, -1 and r kept apart: no cancellation near 0, where it is x.

    At most 2 ULP.
    """
    c = _constants(x)
    y = absolute(x) + absolute(x)
    y = where(y > c.saturated, c.saturated, y)
    shifted, r = _reduced(y, c.rounder + c.bias)
    power = (shifted.bits() << c.mantissa).floats()
    rest = polynomial(r, c.q) * (r * r)
    share = _reciprocal(power, rest + r)
    # Smallest first, so that one rounding dominates.
    small = fma(power - 1.0, share, fma(power * r, share, power * rest * share))
    return with_sign_of(where(y > 1.05, fma(share, -2.0, 1.0), small), x)


def sigmoid(x: Lanes) -> Lanes:
    """1 / (1 + exp(-x)), from exp(-|x|), which cannot overflow; its tail keeps its relative accuracy down to subnormal numbers.

    At most 2 ULP.
    """
    c = _constants(x)
    y = -absolute(x)
    shifted, r = _reduced(where(y < c.lowest, c.lowest, y), c.rounder)
    first, second = _power_in_factors(shifted)
    minus_one = fma(polynomial(r, c.q), r * r, r)
    share = _reciprocal(first * second, minus_one)
    scaled = first * share
    return where(x < 0.0, fma(minus_one, scaled, scaled) * second, share)


def _reduced(x: Lanes, rounder: float) -> tuple[Lanes, Lanes]:
    """`rounder + n`, and `r`."""
    c = _constants(x)
    shifted = fma(x, c.log2_e, rounder)
    n = shifted - rounder
    return shifted, fma(n, -c.ln2_low, fma(n, -c.ln2_high, x))


def _power_in_factors(shifted: Lanes) -> tuple[Lanes, Lanes]:
    """2**n as two factors: alone it may be out of range where exp(x) is not, and so only the last product rounds."""
    c = _constants(shifted)
    biased = shifted.bits() - (_pattern(c) - 2 * c.bias)
    half = biased >> 1
    return (half << c.mantissa).floats(), ((biased - half) << c.mantissa).floats()


def _reciprocal(power: Lanes, minus_one: Lanes) -> Lanes:
    """1 / (1 + power (1 + minus_one)) with one step of Newton's, since the sum alone would lose half a ULP."""
    whole = power + 1.0
    part = power * minus_one
    share = 1.0 / (whole + part)
    error = fma(-part, share, fma(-whole, share, 1.0))
    return fma(error, share, share)


def _pattern(c: _Constants) -> int:
    """The bits of `c.rounder`."""
    return ((c.bias + c.mantissa) << c.mantissa) + (1 << (c.mantissa - 1))


def _constants(x: Lanes) -> _Constants:
    return _DOUBLE if x.is_double else _FLOAT
