"""Which products of a loop are block-diagonal: a unit then meets those of its own block alone.

Kernels read the units of a block for the units of that block; where all products of a loop are such, its Jacobian ∂h'/∂h is too.
"""

from dataclasses import dataclass

from rnncc.ir import Pointwise, Program, block_counts
from rnncc.structure.diagonal import listed
from rnncc.structure.loops import Loop


@dataclass(frozen=True)
class Blocks:
    """What was found.

    Parameters
    ----------
    counts
        Product of the loop -> its number of blocks.
    why
        The products, in the names of the spec, and where units of different blocks meet in spite of them.
    """

    counts: dict[str, int]
    why: str

    @property
    def holds(self) -> bool:
        """Whether there is one."""
        return bool(self.counts)


def blocks(program: Program, loop: Loop) -> Blocks:
    """The block-diagonal products of `loop` of `program`."""
    known = block_counts(program)
    mixing = [n for n in loop.nodes if not isinstance(n, Pointwise)]
    counts = {n.name: known[n.name] for n in mixing if n.name in known}
    found = [
        f"{count} blocks in {listed([n for n in mixing if counts.get(n.name) == count], program)}"
        for count in sorted(set(counts.values()))
    ]
    others = [n for n in mixing if n.name not in counts]
    meeting = f"units of all blocks meet in {listed(others, program)}" if others else "no unit meets one of another block"
    return Blocks(counts, f"{', '.join(found)}; {meeting}")
