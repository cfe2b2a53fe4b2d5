"""log and softplus.

`x = 2**k m` with m around 1, then `log(x) = k ln 2 + log1p(m - 1)`.
"""

from dataclasses import dataclass

from rnncc.runtime.simd.exponential import exp
from rnncc.runtime.simd.expression import Lanes, absolute, fma, polynomial, where
from rnncc.runtime.simd.float_format import format_of


@dataclass(frozen=True)
class _Constants:
    """What depends on the dtype."""

    lowest: float
    """The smallest m; the largest is twice that."""
    lowest_bits: int
    ln2_high: float
    ln2_low: float
    rest: tuple[float, ...]
    """What `_log1p` adds to the first terms of its series."""


_FLOAT = _Constants(
    lowest=float.fromhex("0x1.555556p-1"),
    lowest_bits=0x3F2AAAAB,
    ln2_high=float.fromhex("0x1.62e430p-1"),
    ln2_low=float.fromhex("-0x1.05c610p-29"),
    rest=(0.333332241, -0.249996856, 0.200100437, -0.166855872, 0.140108287, -0.121136472, 0.139631703, -0.131974638),
)
_DOUBLE = _Constants(
    lowest=float.fromhex("0x1.6a09e667f3bcdp-1"),
    lowest_bits=0x3FE6A09E667F3BCD,
    ln2_high=float.fromhex("0x1.62e42fefa39efp-1"),
    ln2_low=float.fromhex("0x1.abc9e3b39803fp-56"),
    rest=(
        0.6666666666666734,
        0.39999999999416475,
        0.28571428742101984,
        0.22222198593994386,
        0.18183563592372132,
        0.1531406195556545,
        0.14795898870254884,
    ),
)


def log(x: Lanes) -> Lanes:
    """Natural logarithm; -inf of 0, NaN of negative numbers.

    At most 2 ULP.
    """
    form = format_of(x)
    subnormal = x < form.smallest_normal
    k, m = _split(where(subnormal, x * form.unit_number, x))
    k = where(subnormal, k - float(form.mantissa), k)
    special = where(x.equals(0.0), -float("inf"), where(x < 0.0, float("nan"), x))
    return where((x > 0.0) & (x < float("inf")), _sum(k, _log1p(m - 1.0)), special)


def softplus(x: Lanes) -> Lanes:
    """log(1 + exp(x)) as max(x, 0) + log1p(exp(-|x|)): no overflow, and the tail keeps its relative accuracy.

    At most 3 ULP.
    """
    tail = exp(-absolute(x))
    halved = tail > 2.0 * _constants(x).lowest - 1.0
    f = where(halved, fma(tail, 0.5, -0.5), tail)
    return where(x < 0.0, 0.0, x) + _sum(where(halved, 1.0, 0.0), _log1p(f))


def _split(x: Lanes) -> tuple[Lanes, Lanes]:
    """`k` and `m` of a positive normal number, by its bits."""
    form = format_of(x)
    bits = x.bits()
    biased = (bits + (form.one - _constants(x).lowest_bits)) >> form.mantissa
    k = (biased + form.unit_bits).floats() - (form.unit_number + form.bias)
    return k, (bits - (biased << form.mantissa) + form.one).floats()


def _sum(k: Lanes, log1p: Lanes) -> Lanes:
    """`k ln 2 + log1p`."""
    c = _constants(k)
    return fma(k, c.ln2_high, fma(k, c.ln2_low, log1p))


def _log1p(f: Lanes) -> Lanes:
    """log(1 + f) for 1 + f from `lowest` to its double.

    float32 sums the series of log1p itself. float64 would need twenty terms of it, so it takes that of 2 artanh(s), s = f / (2 + f), in
    the form f - f**2/2 + s (f**2/2 + R), whose first terms are exact (as fdlibm's log).
    """
    rest = _constants(f).rest
    square = f * f
    if not f.is_double:
        return fma(square, fma(f, polynomial(f, rest), -0.5), f)
    s = f / (f + 2.0)
    z = s * s
    half = square * 0.5
    return f - (half - s * fma(z, polynomial(z, rest), half))


def _constants(x: Lanes) -> _Constants:
    return _DOUBLE if x.is_double else _FLOAT
