"""exp, tanh and sigmoid.

`x = n ln 2 + r` with |r| <= ln(2)/2, then `exp(x) = 2**n exp(r)` with a polynomial for exp(r). `n` is rounded by adding a number so
large that its last bit is worth 1: the sum's low bits are then `n` as an integer, ready to be shifted into an exponent.
exp(2x) and exp(-x) are reduced to r/2 and -r at once, in constants that differ by that factor: no instruction doubles or negates.
The polynomials here and in the modules beside are weighted least-squares fits with Lawson's weights (nearly minimax), rounded from
the lowest power upwards with the rest fitted again.
"""

from dataclasses import dataclass

from rnncc.runtime.simd.expression import Lanes, absolute, fma, polynomial_in_pairs, where, with_sign_of
from rnncc.runtime.simd.float_format import format_of


@dataclass(frozen=True)
class _Constants:
    """What depends on the dtype."""

    log2_e: float
    ln2_high: float
    """So short that its product with every `n` is exact."""
    ln2_low: float
    q: tuple[float, ...]
    """(exp(r) - 1 - r) / r**2."""
    lowest: float
    """At it and below exp is zero."""
    highest: float
    """At it and above exp is infinite."""
    saturated: float
    """From it on `tanh(x / 2)` and `sigmoid(x)` are 1."""


_FLOAT = _Constants(
    log2_e=float.fromhex("0x1.715476p+0"),
    ln2_high=float.fromhex("0x1.62e4p-1"),
    ln2_low=float.fromhex("0x1.7f7d1cp-20"),
    q=(0.5, 0.16666542, 0.0416664481, 0.0083667282, 0.00139365788),
    lowest=-104.0,
    highest=89.0,
    saturated=20.0,
)
_DOUBLE = _Constants(
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
_NEAR = 0.35
_SCALE = 64
"""In `sigmoid` exp(104) in float32 and exp(746) in float64, times 2**-64, are as far from overflow as from subnormal numbers."""


def exp(x: Lanes) -> Lanes:
    """e**x, subnormal results included, infinity on overflow.

    At most 2 ULP.
    """
    c = _constants(x)
    x = where(x > c.highest, c.highest, where(x < c.lowest, c.lowest, x))
    shifted, r = _reduced(x)
    first, second = _power_in_factors(shifted)
    return (_expm1(r) + 1.0) * first * second


def exp_in_range(x: Lanes) -> Lanes:
    """`exp` where neither it nor a power of two next to it overflows or is subnormal: |x| < 87 in float32, 708 in float64."""
    power, r = _power_and_rest(x)
    return fma(_expm1(r), power, power)


def tanh(x: Lanes) -> Lanes:
    """Hyperbolic tangent: t = h / (h + 1) with h = (exp(2 |x|) - 1) / 2, and near 0 once more as h - t h, where t's roundings fade.

    At most 2 ULP.
    """
    size, saturated = absolute(x), _constants(x).saturated / 2
    power, r = _power_and_rest(where(size > saturated, saturated, size), 2)
    h = fma(_expm1(r, 2), power, fma(power, 0.5, -0.5))
    t = h / (h + 1.0)
    return with_sign_of(where(size < _NEAR, fma(-h, t, h), t), x)


def sigmoid(x: Lanes) -> Lanes:
    """1 / (1 + exp(-x)), both scaled, so that no exp(-x) overflows whose reciprocal is not zero yet.

    At most 2 ULP, subnormal results included.
    """
    c, unit = _constants(x), x.constant(2.0**-_SCALE)
    x = where(x < c.lowest, c.lowest, where(x > c.saturated, c.saturated, x))
    power, r = _power_and_rest(x, -1, -_SCALE)
    whole = power + unit
    lost = unit - (whole - power)
    return unit / (fma(-_expm1(r, -1), power, lost) + whole)


def _power_and_rest(x: Lanes, multiple: int = 1, scale: int = 0) -> tuple[Lanes, Lanes]:
    """Of exp(multiple x): 2**(n + scale), which must be a normal number, and `r / multiple`."""
    form = format_of(x)
    shifted, r = _reduced(x, multiple, form.bias + scale)
    return (shifted.bits() << form.mantissa).floats(), r


def _reduced(x: Lanes, multiple: int = 1, offset: int = 0) -> tuple[Lanes, Lanes]:
    """Of exp(multiple x), `multiple` a power of two or its negative: a number with `n + offset` in its low bits, and `r / multiple`."""
    c, rounder = _constants(x), format_of(x).rounder + offset
    shifted = fma(x, c.log2_e * multiple, rounder)
    n = shifted - rounder
    return shifted, fma(n, -c.ln2_low / multiple, fma(n, -c.ln2_high / multiple, x))


def _expm1(r: Lanes, multiple: int = 1) -> Lanes:
    """(exp(multiple r) - 1) / multiple for |multiple r| <= ln(2)/2."""
    square = r * r
    q = tuple(number * multiple ** (power + 1) for power, number in enumerate(_constants(r).q))
    return fma(polynomial_in_pairs(r, square, q), square, r)


def _power_in_factors(shifted: Lanes) -> tuple[Lanes, Lanes]:
    """2**n as two factors: alone it may be out of range where exp(x) is not, and so only the last product rounds."""
    form = format_of(shifted)
    biased = shifted.bits() - (form.rounder_bits - 2 * form.bias)
    half = biased >> 1
    return (half << form.mantissa).floats(), ((biased - half) << form.mantissa).floats()


def _constants(x: Lanes) -> _Constants:
    return _DOUBLE if x.is_double else _FLOAT
