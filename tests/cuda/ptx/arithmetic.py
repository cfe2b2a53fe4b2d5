"""Instructions of a thread alone, on the numbers of many threads: what each computes, and of what types.

Where PTX leaves a result open, as of a division by zero, it is an error here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from tests.cuda.ptx.rounding import bf16, fma, tf32

KINDS = {
    "pred": np.dtype(bool),
    **{f"{code}{8 * size}": np.dtype(f"{kind}{size}") for code, kind in ("si", "uu", "bu") for size in (1, 2, 4, 8)},
    "f32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
}
"""Types of PTX as those of NumPy; bits are whole numbers."""
WIDE = {"u32": "u64", "s32": "s64", "u16": "u32", "s16": "s32"}
_AMOUNT = "u32"


@dataclass(frozen=True)
class Operation:
    """A function of arrays, of operands of these types."""

    function: Callable[..., np.ndarray]
    result: str
    operands: tuple[str, ...]


def operation(name: str) -> Operation:
    """What the instruction `name` computes.

    Raises
    ------
    KeyError
        It is not known here.
    """
    what, _, kind = name.rpartition(".")
    if what.startswith("cvt.") and not what.startswith("cvta."):
        return _conversion(*what.removeprefix("cvt.").split("."), kind)
    if what.startswith("setp."):
        return Operation(_COMPARISONS[what.removeprefix("setp.")], "pred", (kind, kind))
    if what == "mul.wide":
        wide = KINDS[WIDE[kind]]
        return Operation(lambda a, b: a.astype(wide) * b, WIDE[kind], (kind, kind))
    if what == "selp":
        return Operation(lambda a, b, chosen: np.where(chosen, a, b), kind, (kind, kind, "pred"))
    if what in _SHIFTS:
        return Operation(partial(_shifted, _SHIFTS[what]), kind, (kind, _AMOUNT))
    if what == "bfi":
        return Operation(_inserted, kind, (kind, kind, _AMOUNT, _AMOUNT))
    function, count = (_OF_PREDICATES if kind == "pred" else _ALIKE)[what]
    return Operation(function, kind, (kind,) * count)


def _conversion(*parts: str) -> Operation:
    *modifiers, target, source = parts
    special = _ROUNDED.get(".".join(parts))
    if special:
        return special
    if modifiers == ["rmi"] and target == source:
        return Operation(np.floor, target, (source,))
    rounds = target[0] == "f" and (source[0] != "f" or target < source)
    if modifiers != (["rn"] if rounds else []) or (source[0] == "f" and target[0] != "f"):
        raise KeyError(".".join(parts))
    return Operation(lambda a: a.astype(KINDS[target]), target, (source,))


def _pair(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    return bf16(high).astype(np.uint32) << np.uint32(16) | bf16(low)


def _shifted(shift: Callable[..., np.ndarray], numbers: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """NumPy shifts by too much as PTX does: all digits are gone, or all are the sign's."""
    return shift(numbers, amounts.astype(numbers.dtype))


def _inserted(field: np.ndarray, into: np.ndarray, start: np.ndarray, length: np.ndarray) -> np.ndarray:
    """`into` with the lowest `length` bits of `field` from bit number `start` on."""
    one, start, length = into.dtype.type(1), start.astype(into.dtype), length.astype(into.dtype)
    mask = ((one << length) - one) << start
    return (into & ~mask) | (field << start & mask)


def _quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Rounded to zero."""
    _divisible(b)
    return (a - np.fmod(a, b)) // b


def _remainder(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of the sign of `a`."""
    _divisible(b)
    return np.fmod(a, b)


def _divisible(b: np.ndarray) -> None:
    if not b.all():
        raise ZeroDivisionError("a whole number is divided by zero")


def _ordered_unequal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a < b) | (a > b)


def _unordered(compare: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    return lambda a, b: compare(a, b) | np.isnan(a) | np.isnan(b)


_ORDERS = {"eq": np.equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}
_COMPARISONS = (
    _ORDERS
    | {f"{name}u": _unordered(compare) for name, compare in _ORDERS.items()}
    | {
        "ne": _ordered_unequal,
        "neu": np.not_equal,
        "nan": lambda a, b: np.isnan(a) | np.isnan(b),
        "num": lambda a, b: ~(np.isnan(a) | np.isnan(b)),
    }
)
_SHIFTS = {"shl": np.left_shift, "shr": np.right_shift}
_ALIKE: dict[str, tuple[Callable[..., np.ndarray], int]] = {
    "mov": (np.positive, 1),
    "cvta.to.global": (np.positive, 1),
    "add": (np.add, 2),
    "sub": (np.subtract, 2),
    "mul": (np.multiply, 2),
    "mul.lo": (np.multiply, 2),
    "fma.rn": (fma, 3),
    "div": (_quotient, 2),
    "div.rn": (np.divide, 2),
    "rem": (_remainder, 2),
    "rcp.rn": (np.reciprocal, 1),
    "sqrt.rn": (np.sqrt, 1),
    "min": (np.fmin, 2),
    "max": (np.fmax, 2),
    "neg": (np.negative, 1),
    "abs": (np.absolute, 1),
    "copysign": (lambda sign, size: np.copysign(size, sign), 2),
    "and": (np.bitwise_and, 2),
    "or": (np.bitwise_or, 2),
    "xor": (np.bitwise_xor, 2),
    "not": (np.bitwise_not, 1),
}
"""Name without its type -> function, and how many operands, all of one type."""
_OF_PREDICATES: dict[str, tuple[Callable[..., np.ndarray], int]] = {
    "mov": (np.copy, 1),
    **{name: _ALIKE[name] for name in ("and", "or", "xor", "not")},
}
_ROUNDED = {
    "rna.tf32.f32": Operation(lambda a: tf32(a).view(np.uint32), "b32", ("f32",)),
    "rn.bf16.f32": Operation(bf16, "b16", ("f32",)),
    "rn.bf16x2.f32": Operation(_pair, "b32", ("f32", "f32")),
}
