"""Arithmetic on counts and indices inside kernels. Nothing here is negative."""

from rnncc.runtime.cuda.constants import DEPTH
from rnncc.runtime.cuda.text import device


@device
def least(a: int, b: int) -> int:
    """The smaller of two."""
    return a if a < b else b


@device
def groups(units: int, width: int) -> int:
    """How many groups of `width` hold `units` units."""
    return (units + width - 1) // width


@device
def depth_of(columns: int) -> int:
    """How many columns of a panel an operand of `columns` columns takes."""
    return groups(columns, DEPTH) * DEPTH


@device
def share(number: int, own: int, owners: int) -> tuple[int, int]:
    """Of `number` things the first that owner `own` takes, and the one after its last."""
    return number * own // owners, number * (own + 1) // owners


@device
def met_columns(group: int, size: int, blocks: int, rows: int, columns: int) -> tuple[int, int]:
    """Where group number `group` of `size` rows of a matrix (rows, columns) with `blocks` blocks along its diagonal is not zero.

    The first such column, and the one after the last. The last group may have fewer rows.
    """
    first, last = group * size, least((group + 1) * size, rows) - 1
    high, wide = rows // blocks, columns // blocks
    return first // high * wide, (last // high + 1) * wide
