"""The remainder of a division that is rounded down, as Python's `%`.

`a - n b` with `n = floor(a / b)` is exact in one fused multiply-add as long as `n` is. Where `a / b` was rounded up to a whole number
`n` is one too large and the remainder has the wrong sign: `b` is added once. Quotients of more digits than a float has would give any
number at all; they give NaN.
"""

from rnncc.runtime.simd.expression import Lanes, absolute, fma, rounded_down, where

_LARGEST_FLOAT, _LARGEST_DOUBLE = 2.0**24, 2.0**53


def modulo(a: Lanes, b: Lanes) -> Lanes:
    """`a - b floor(a / b)`: 0, or of the sign of `b` and smaller.

    As NumPy's `mod`, bit for bit but for the sign of a zero, where |a / b| < 2**24 in float32 and 2**53 in float64; NaN beyond.
    """
    quotient = a / b
    n = rounded_down(quotient)
    rest = where(n.equals(0.0), a, fma(-n, b, a))  # 0 times an infinite divisor is no number
    rest = where(((rest < 0.0) & (b > 0.0)) | ((rest > 0.0) & (b < 0.0)), rest + b, rest)
    largest = _LARGEST_DOUBLE if a.is_double else _LARGEST_FLOAT
    return where(absolute(quotient) < largest, rest, float("nan"))
