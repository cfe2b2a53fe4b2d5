"""Which products are of block-diagonal matrices: most of their terms are zero, or are asked for by nobody."""

from rnncc.ir.node import BlockDiagonal, Contract, DiagonalBlocks, Node
from rnncc.ir.program import Program


def block_counts(program: Program) -> dict[str, int]:
    """Product -> its number of blocks, for those that need no term outside the blocks along a diagonal.

    Either a factor is block-diagonal, or nothing but the blocks along the diagonal is read of the product.
    """
    asked = _asked(program)
    counts = {n.name: _factor(program, n) or asked.get(n.name, 0) for n in program.nodes if isinstance(n, Contract)}
    return {name: count for name, count in counts.items() if count}


def _factor(program: Program, product: Contract) -> int:
    """The number of blocks of the factor that is block-diagonal; 0 where none is."""
    made = [program.node.get(o) for o in product.operands]
    return max((int(program.types[m.a][0]) for m in made if isinstance(m, BlockDiagonal)), default=0)


def _asked(program: Program) -> dict[str, int]:
    """Value -> the number of blocks that are all that is read of it."""
    readers: dict[str, list[Node]] = {}
    for n in program.nodes:
        for o in n.operands:
            readers.setdefault(o, []).append(n)
    kept = {v for _, v in program.outputs} | {v for c in program.carries for v in (c.init, c.next)}
    found: dict[str, int] = {}
    for value in readers.keys() - kept:
        counts = {int(n.type[0]) if isinstance(n, DiagonalBlocks) else 0 for n in readers[value]}
        if len(counts) == 1:
            found[value] = counts.pop()
    return found
