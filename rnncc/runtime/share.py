"""What each thread of a team works on: its own rows, or its own units of all rows.

Many rows are split: their threads never wait for each other. Few rows are not worth a tile each; then the threads take all rows, share
the units, and meet after each phase, for which a row of counters, `meet`, is given.
"""

from rnncc.runtime.compiled import kernel


@kernel
def rows_of(part, bounds, meet):  # type: ignore[no-untyped-def]
    """First row of a part and the row after its last; `bounds` holds the first row of each part, and the end."""
    if len(meet):
        return bounds[0], bounds[-1]
    return bounds[part], bounds[part + 1]


@kernel
def units_of(part, bounds, meet):  # type: ignore[no-untyped-def]
    """Number of this thread among those that share its rows' units, and how many these are."""
    if len(meet):
        return part, len(bounds) - 1
    return 0, 1


@kernel
def share(number, own, owners):  # type: ignore[no-untyped-def]
    """Of `number` things the first that owner `own` takes, and the one after its last."""
    return number * own // owners, number * (own + 1) // owners
