"""What each thread of a team works on: its own rows, or its own units of all rows.

Many rows are split: their threads never wait for each other. Few rows are not worth a tile each; then the threads take all rows, share
the units, and meet after each phase, for which a row of counters, `meet`, is given; where a loop has no product, they need not meet.
"""

from rnncc.runtime.counts import Integers, choose, counting


@counting
def rows_of(part: int, bounds: Integers, meet: Integers) -> tuple[int, int]:
    """First row of a part and the row after its last; `bounds` holds the first row of each part, and the end."""
    together = meet.size > 0
    return bounds[choose(together, 0, part)], bounds[choose(together, bounds.size - 1, part + 1)]


@counting
def units_of(part: int, bounds: Integers, meet: Integers) -> tuple[int, int]:
    """Number of this thread among those that share its rows' units, and how many these are."""
    together = meet.size > 0
    return choose(together, part, 0), choose(together, bounds.size - 1, 1)


@counting
def share(number: int, own: int, owners: int) -> tuple[int, int]:
    """Of `number` things the first that owner `own` takes, and the one after its last."""
    return number * own // owners, number * (own + 1) // owners


@counting
def to_and_fro(turn: int, low: int, high: int, step: int) -> int:
    """Which of [low, high) has its turn: backwards in every other step, which so begins with weights that the one before left in L1."""
    found: int = choose(step - step // 2 * 2 > 0, low + high - 1 - turn, turn)
    return found


def shares(number: int, owners: int) -> list[int]:
    """Where what each owner takes of `number` things begins, and the end; owners without any are left out."""
    owners = max(1, min(owners, number))
    return [number * k // owners for k in range(owners + 1)]
