"""sin and cos.

`x = n pi/2 + r` with |r| <= pi/4, then a polynomial for sin(r) or cos(r), chosen and signed by the last two bits of `n`. The reduction
keeps the relative accuracy of `r` for |x| <= 2**38: float32 is reduced in float64, float64 with pi/2 in four parts, whose products with
`n` leave differences that are exact where they cancel. Beyond that, where neighbouring arguments of a float32 lie thousands of periods
apart, the result is NaN rather than a number that only looks right.
"""

from rnncc.runtime.simd.expression import Bits, Lanes, absolute, fma, polynomial, where, with_sign_of
from rnncc.runtime.simd.float_format import format_of

LARGEST = 2.0**38
"""Up to it sin and cos are defined here."""

_TWO_OVER_PI = float.fromhex("0x1.45f306dc9c883p-1")
_HALF_PI = (float.fromhex("0x1.921fb54442d18p+0"), float.fromhex("0x1.1a62633145c07p-54"))
"""pi/2 in two float64: enough for the 24 bits of a float32."""
_HALF_PI_PARTS = tuple(
    float.fromhex(part) for part in ("0x1.921fb544p+0", "0x1.0b4611a6p-34", "0x1.3198a2ep-69", "0x1.b839a252049c1p-104")
)
"""pi/2 in three parts of 33 bits and a rest."""

_SIN_FLOAT = (-0.166666552, 0.00833219104, -0.000195185858)
"""(sin(r) / r - 1) / r**2 by powers of r**2."""
_SIN_DOUBLE = (
    -0.16666666666666632,
    0.008333333333322469,
    -0.00019841269829829912,
    2.7557313694403414e-06,
    -2.5050757901113452e-08,
    1.5896755686076873e-10,
)
_COS_FLOAT = (0.0416666456, -0.0013887313, 2.44329512e-05)
"""(cos(r) - 1 + r**2/2) / r**4 by powers of r**2."""
_COS_DOUBLE = (
    0.0416666666666666,
    -0.0013888888888874467,
    2.4801587289661755e-05,
    -2.7557314396462435e-07,
    2.087572842918499e-09,
    -1.1359878776205138e-11,
)


def sin(x: Lanes) -> Lanes:
    """Sine.

    At most 2 ULP in float32 and 3 in float64 for |x| <= 2**38; NaN beyond.
    """
    return _of_quadrant(x, 0)


def cos(x: Lanes) -> Lanes:
    """Cosine.

    At most 2 ULP in float32 and 3 in float64 for |x| <= 2**38; NaN beyond.
    """
    return _of_quadrant(x, 1)


def _of_quadrant(x: Lanes, turned: int) -> Lanes:
    """sin(x + turned pi/2)."""
    n, r = _reduced_double(x) if x.is_double else _reduced_float(x)
    quadrant = n + turned
    value = where((quadrant & 1).nonzero(r), _cos(r), _sin(r))
    signed = where((quadrant & 2).nonzero(r), -value, value)
    return where(absolute(x) <= LARGEST, signed, float("nan"))


def _reduced_float(x: Lanes) -> tuple[Bits, Lanes]:
    wide = x.widened()
    shifted, n = _quarters(wide)
    r = fma(n, -_HALF_PI[1], fma(n, -_HALF_PI[0], wide))
    return shifted.bits().narrowed(), r.narrowed()


def _reduced_double(x: Lanes) -> tuple[Bits, Lanes]:
    shifted, n = _quarters(x)
    r = x
    for part in _HALF_PI_PARTS:
        r = fma(n, -part, r)
    return shifted.bits(), r


def _quarters(x: Lanes) -> tuple[Lanes, Lanes]:
    """The nearest multiple of pi/2, with its number in the low bits, and as a float."""
    rounder = format_of(x).rounder
    shifted = fma(x, _TWO_OVER_PI, rounder)
    return shifted, shifted - rounder


def _sin(r: Lanes) -> Lanes:
    """Its sign is taken from `r`, for the sum of 0 and -0 is 0."""
    square = r * r
    value = fma(square * r, polynomial(square, _SIN_DOUBLE if r.is_double else _SIN_FLOAT), r)
    return with_sign_of(value, r)


def _cos(r: Lanes) -> Lanes:
    square = r * r
    rest = polynomial(square, _COS_DOUBLE if r.is_double else _COS_FLOAT)
    return fma(square * square, rest, fma(square, -0.5, 1.0))
