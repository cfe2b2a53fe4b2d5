"""exp, tanh and sigmoid.

`x = n ln 2 + r` with |r| <= ln(2)/2, then `exp(x) = 2**n exp(r)` with a polynomial for exp(r). `n` is rounded by adding a number so
large that its last bit is worth 1: the sum's low bits are then `n` as an integer, ready to be shifted into an exponent.
The polynomials here and in the modules beside are weighted least-squares fits with Lawson's weights (nearly minimax), rounded from
the lowest power upwards with the rest fitted again.
"""

from dataclasses import dataclass

from rnncc.runtime.simd.expression import Lanes, absolute, fma, polynomial, where, with_sign_of
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
    """From it on `tanh(x / 2)` is 1."""
    near: tuple[float, ...]
    """(tanh(x) / x - 1) / x**2 by powers of x**2, for |x| < 0.55."""


_FLOAT = _Constants(
    log2_e=float.fromhex("0x1.715476p+0"),
    ln2_high=float.fromhex("0x1.62e4p-1"),
    ln2_low=float.fromhex("0x1.7f7d1cp-20"),
    q=(0.5, 0.16666542, 0.0416664481, 0.0083667282, 0.00139365788),
    lowest=-104.0,
    highest=89.0,
    saturated=20.0,
    near=(-0.333329558, 0.133209139, -0.0526827127, 0.0164564755),
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
    near=(
        -0.3333333333333235,
        0.13333333333173356,
        -0.05396825387817416,
        0.02186948602114726,
        -0.008863195084400003,
        0.0035917240873187418,
        -0.001453237216440953,
        0.0005791944738524592,
        -0.00021039156012657822,
        5.108019679443838e-05,
    ),
)
_NEAR = 0.55


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
    form = format_of(x)
    shifted, r = _reduced(x, form.bias)
    power = (shifted.bits() << form.mantissa).floats()
    return fma(_expm1(r), power, power)


def tanh(x: Lanes) -> Lanes:
    """Hyperbolic tangent: a polynomial near 0, where 1 - 2 / (1 + exp(2 |x|)) would cancel, and that elsewhere.

    At most 2 ULP.
    """
    size = absolute(x)
    square = x * x
    near = fma(square * x, polynomial(square, _constants(x).near), x)
    far = fma(1.0 / _one_plus_exp(size + size), -2.0, 1.0)
    return with_sign_of(where(size < _NEAR, near, far), x)


def sigmoid(x: Lanes) -> Lanes:
    """1 / (1 + exp(-x)), from exp(-|x|), which cannot overflow; its tail keeps its relative accuracy down to subnormal numbers.

    At most 2 ULP.
    """
    lowest = _constants(x).lowest
    y = -absolute(x)
    shifted, r = _reduced(where(y < lowest, lowest, y))
    first, second = _power_in_factors(shifted)
    expm1 = _expm1(r)
    share = _reciprocal(first * second, expm1)
    scaled = first * share
    return where(x < 0.0, fma(expm1, scaled, scaled) * second, share)


def _reduced(x: Lanes, offset: int = 0) -> tuple[Lanes, Lanes]:
    """A number with `n + offset` in its low bits, and `r`."""
    c, rounder = _constants(x), format_of(x).rounder + offset
    shifted = fma(x, c.log2_e, rounder)
    n = shifted - rounder
    return shifted, fma(n, -c.ln2_low, fma(n, -c.ln2_high, x))


def _expm1(r: Lanes) -> Lanes:
    """exp(r) - 1 for |r| <= ln(2)/2."""
    return fma(polynomial(r, _constants(r).q), r * r, r)


def _power_in_factors(shifted: Lanes) -> tuple[Lanes, Lanes]:
    """2**n as two factors: alone it may be out of range where exp(x) is not, and so only the last product rounds."""
    form = format_of(shifted)
    biased = shifted.bits() - (form.rounder_bits - 2 * form.bias)
    half = biased >> 1
    return (half << form.mantissa).floats(), ((biased - half) << form.mantissa).floats()


def _one_plus_exp(y: Lanes) -> Lanes:
    """1 + e**y for y >= 0, held where it is so large that its reciprocal does not count beside 1."""
    form, saturated = format_of(y), _constants(y).saturated
    shifted, r = _reduced(where(y > saturated, saturated, y), form.bias)
    power = (shifted.bits() << form.mantissa).floats()
    return fma(_expm1(r), power, power + 1.0)


def _reciprocal(power: Lanes, expm1: Lanes) -> Lanes:
    """1 / (1 + power (1 + expm1)) with one step of Newton's, since the sum alone would lose half a ULP."""
    whole = power + 1.0
    part = power * expm1
    share = 1.0 / (whole + part)
    error = fma(-part, share, fma(-whole, share, 1.0))
    return fma(error, share, share)


def _constants(x: Lanes) -> _Constants:
    return _DOUBLE if x.is_double else _FLOAT
