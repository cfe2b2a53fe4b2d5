"""erf: an odd polynomial near 0, and 1 - exp of a polynomial for log(erfc) beyond."""

from dataclasses import dataclass

from rnncc.runtime.simd.exponential import exp_in_range
from rnncc.runtime.simd.expression import Lanes, absolute, fma, polynomial, where, with_sign_of


@dataclass(frozen=True)
class _Constants:
    """What depends on the dtype."""

    split: float
    """Where one form takes over from the other."""
    saturated: float
    """From it on erf is 1."""
    near: tuple[float, ...]
    """erf(x) / x - 1 by powers of x**2."""
    far: tuple[float, ...]
    """log(erfc(x)) by powers of x."""


_FLOAT = _Constants(
    split=0.925,
    saturated=4.0,
    near=(0.128379151, -0.376124889, 0.11281731, -0.0267629661, 0.00498735299, -0.000595958962),
    far=(-0.000206601282, -1.12762928, -0.637262344, -0.103859477, 0.0221912675, -0.00303404895, 0.00019497957),
)
_DOUBLE = _Constants(
    split=1.0,
    saturated=6.0,
    near=(
        0.12837916709551256,
        -0.3761263890318346,
        0.11283791670942665,
        -0.026866170642932584,
        0.00522397760494412,
        -0.0008548325882096618,
        0.00012055292355446277,
        -1.4924691561253657e-05,
        1.6446901694210494e-06,
        -1.6204712514427044e-07,
        1.3704617786062711e-08,
        -7.76846898529799e-10,
    ),
    far=(
        -1.696205792860149e-07,
        -1.128377426051131,
        -0.6366280522542357,
        -0.10274847202833602,
        0.019080519417332558,
        0.0002771138940578304,
        -0.0017653227276651477,
        0.0006380444788205573,
        -4.271770316697292e-05,
        -7.149516779893545e-05,
        4.5520700365954215e-05,
        -1.66788861129138e-05,
        4.371567701012718e-06,
        -8.599524112264462e-07,
        1.2721231200063684e-07,
        -1.3805106582231586e-08,
        1.0403423841290739e-09,
        -4.870396935646574e-11,
        1.0672103272231974e-12,
    ),
)


def erf(x: Lanes) -> Lanes:
    """Error function.

    At most 2 ULP.
    """
    c = _DOUBLE if x.is_double else _FLOAT
    size = absolute(x)
    near = fma(x, polynomial(x * x, c.near), x)
    far = 1.0 - exp_in_range(polynomial(where(size > c.saturated, c.saturated, size), c.far))
    return with_sign_of(where(size < c.split, near, far), x)
