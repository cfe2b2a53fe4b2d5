"""The functions of the vocabulary that choose between lanes. All but the piecewise constant ones propagate NaN, as PyTorch's do."""

from rnncc.runtime.simd.expression import Lanes, Truth, absolute, where


def relu(x: Lanes) -> Lanes:
    """max(x, 0); -0 stays -0."""
    return where(x < 0.0, 0.0, x)


def magnitude(x: Lanes) -> Lanes:
    """|x|."""
    return absolute(x)


def maximum(a: Lanes, b: Lanes) -> Lanes:
    """The larger, NaN where either is; the second where they are equal."""
    return where((a > b) | a.is_nan(), a, b)


def minimum(a: Lanes, b: Lanes) -> Lanes:
    """The smaller, NaN where either is; the second where they are equal."""
    return where((a < b) | a.is_nan(), a, b)


def clamp(x: Lanes, low: Lanes, high: Lanes) -> Lanes:
    """min(max(x, low), high)."""
    return minimum(maximum(x, low), high)


def step(x: Lanes) -> Lanes:
    """1 where x > 0, else 0, NaN included."""
    return _one(x > 0.0)


def sign(x: Lanes) -> Lanes:
    """-1, 0 or 1; 0 of NaN."""
    return where(x > 0.0, 1.0, where(x < 0.0, -1.0, 0.0))


def equal(a: Lanes, b: Lanes) -> Lanes:
    """1 where a = b, else 0."""
    return _one(a.equals(b))


def ahead(a: Lanes, b: Lanes) -> Lanes:
    """1 where a > b, 1/2 where a = b, else 0: the share of `a` in the gradient of a maximum."""
    return where(a > b, 1.0, where(a.equals(b), 0.5, 0.0))


def inside(x: Lanes, low: Lanes, high: Lanes) -> Lanes:
    """1 where low <= x <= high, else 0."""
    return _one((x >= low) & (x <= high))


def surrogate(value: Lanes, _argument: Lanes, _slope: Lanes) -> Lanes:
    """The first; what its derivative is taken for matters to gradients alone."""
    return value


def _one(truth: Truth) -> Lanes:
    return where(truth, 1.0, 0.0)
