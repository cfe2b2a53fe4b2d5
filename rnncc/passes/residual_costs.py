"""What it costs to keep a value for a later sweep, and to compute it there again.

The unit is a hundredth of a scalar operation an element of a `(T, N, units)` stream. Such a stream is written once and read once;
that is worth about 30 operations: more than tanh (24), so that `tanh(c)` is computed again and the residuals of an LSTM
are no more than PyTorch's; less than any product, so that gates are kept.
"""

from rnncc.functions import function_cost
from rnncc.functions.vocabulary import equal
from rnncc.ir import (
    Axes,
    BlockDiagonal,
    Concat,
    DiagonalBlocks,
    Gather,
    Iota,
    Node,
    Pointwise,
    Program,
    Relabel,
    Slice,
    Transpose,
    units,
)
from rnncc.passes.minimum_cut import NEVER

_KEEP_STREAM, _KEEP_SCALARS, _KEEP_FIXED = 3000, 60, 1
_COLUMNS = 64
"""How many streams of units a stream of matrices stands for."""
_OPERATION, _MOVE = 100, 1000


def keep_cost(axes: Axes) -> int:
    """Keeping a value of type `axes`: a stream of matrices, of units, of one number a row, or one without time."""
    if "T" not in axes:
        return _KEEP_FIXED
    if len(units(axes)) > 1:
        return _KEEP_STREAM * _COLUMNS
    return _KEEP_STREAM if units(axes) else _KEEP_SCALARS


def again_cost(program: Program, name: str) -> int:
    """Computing the value `name` from its operands once more.

    `NEVER` for products, reductions, a carry's `final` and tests of equality.
    """
    if name in program.by_prev:
        return 1
    node = program.node.get(name)
    match node:
        case Pointwise():
            if tests_equality(node):
                return NEVER
            return _scaled(_OPERATION * max(1, function_cost(node.expr)), node.type)
        case Concat() | Gather():
            return _scaled(_MOVE, node.type)
        case Slice() | Transpose() | BlockDiagonal() | DiagonalBlocks() | Iota() | Relabel():
            return 1
        case _:
            return NEVER


def tests_equality(node: Node) -> bool:
    """Whether `node` asks which elements equal their maximum.

    That is asked where both are computed and nowhere else: computed again, an element may differ from its maximum by rounding, so
    that none would be found.
    """
    return isinstance(node, Pointwise) and node.expr.has(equal)


def _scaled(cost: int, axes: Axes) -> int:
    """`cost` for a stream of units; the share of it where there are fewer elements."""
    return max(1, cost * keep_cost(axes) // _KEEP_STREAM)
