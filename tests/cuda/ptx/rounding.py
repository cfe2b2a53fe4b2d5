"""Roundings that NumPy does not have: a fused multiply-add, and fewer digits."""

import numpy as np

_SPLIT = np.float64(2**27 + 1)
"""Veltkamp's: what cuts a float64 into halves whose products are exact."""


def fma(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """`a * b + c`.

    Float32 is rounded once: the product is exact in float64, the sum is rounded to odd there, so that its rounding to float32 is the
    right one (Boldo and Melquiond 2008). Float64 is computed with the errors of product and sum (Dekker 1971, Knuth 1969), which
    leaves a second rounding, of what is below an ulp of the result by 2**-52.
    """
    if a.dtype == np.float32:
        product, other = a.astype(np.float64) * b.astype(np.float64), c.astype(np.float64)
        return _to_odd(product + other, _error_of_sum(product, other)).astype(np.float32)
    product = a * b
    total = product + c
    exact = total + (_error_of_sum(product, c) + _error_of_product(a, b, product))
    return np.where(np.isfinite(exact), exact, total)


def _to_odd(rounded: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Of the two numbers around an exact one the one whose last digit is odd; `error` is what `rounded`, either of them, lacks."""
    even = (rounded.view(np.int64) & 1 == 0) & np.isfinite(error) & (error != 0)
    return np.where(even, np.nextafter(rounded, np.copysign(np.inf, error)), rounded)


def _error_of_sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    total = a + b
    of_b = total - a
    return (a - (total - of_b)) + (b - of_b)


def _error_of_product(a: np.ndarray, b: np.ndarray, product: np.ndarray) -> np.ndarray:
    (high, low), (over, under) = _halves(a), _halves(b)
    return ((high * over - product) + high * under + low * over) + low * under


def _halves(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    wide = _SPLIT * a
    high = wide - (wide - a)
    return high, a - high


def tf32(numbers: np.ndarray) -> np.ndarray:
    """Float32 with 10 digits behind the leading one, halves away from zero: `cvt.rna.tf32.f32`."""
    return _with_digits(numbers, 11, lambda v: np.trunc(v + np.copysign(0.5, v)))


def bf16(numbers: np.ndarray) -> np.ndarray:
    """The bits of the nearest bfloat16, halves to even, as uint16: `cvt.rn.bf16.f32`."""
    return (_with_digits(numbers, 8, np.rint).view(np.uint32) >> np.uint32(16)).astype(np.uint16)


def _with_digits(numbers: np.ndarray, digits: int, nearest) -> np.ndarray:
    _, exponents = np.frexp(numbers)
    units = np.ldexp(1.0, np.maximum(exponents, -125) - digits)
    return (nearest(numbers / units) * units).astype(np.float32)
