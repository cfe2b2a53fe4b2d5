"""Dead code: what no output needs."""

from collections.abc import Collection
from dataclasses import replace

from rnncc.ir import Program, feeds

_GOES = ("seed", "residual", "size", "mask")


def dce(program: Program, keep: Collection[str] | None = None) -> Program:
    """`program` with only the outputs whose keys are in `keep` (None: all), and what they need.

    Assumes: a verified program.
    Guarantees: every node, carry, seed, residual, size and mask left reaches an output. A carry stays whole.
    Does not do: drop the cell's own inputs (param, input, index, init, const): they are its signature.
    """
    outputs = tuple((key, v) for key, v in program.outputs if keep is None or key in keep)
    wanted = {v for _, v in outputs}
    live = wanted | feeds(program, wanted)
    return replace(
        program,
        inputs=tuple(i for i in program.inputs if i.name in live or i.role not in _GOES),
        carries=tuple(c for c in program.carries if c.prev in live or c.final in live),
        nodes=tuple(n for n in program.nodes if n.name in live),
        outputs=outputs,
    )
