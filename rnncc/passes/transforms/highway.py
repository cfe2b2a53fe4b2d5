"""Highway connection around a layer (Srivastava, Greff & Schmidhuber 2015, eq. 3; with a projection as in He et al. 2017, eq. 10)."""

from dataclasses import replace

from rnncc.errors import ArgumentError
from rnncc.functions import symbol
from rnncc.functions.vocabulary import sigmoid
from rnncc.ir import Contract, Pointwise, units
from rnncc.passes.transforms.described import Described
from rnncc.runtime.cell_info import Parameter

_CARRY = -1.0
"""First bias of the gate, with which more of the input passes than of the layer, as in the paper."""


def highway(cell: Described) -> Described:
    """`cell` that puts out `t * y + (1 - t) * (P @ x)` with `t = sigmoid(W @ x + b)`, where `y` was its output and x its first input.

    Assumes: a verified program, after the transforms of products: neither of these is dropped or normalised.
    Guarantees: states are as they were; `P_highway` is the identity at first, as far as sizes go, so that any sizes are served.
    Does not do: inputs that are whole numbers, outputs that are no vector.
    """
    x, y = cell.info.inputs[0][0], dict(cell.program.outputs)["output"]
    kind, given = cell.program.types[y], units(cell.program.types[x])
    if cell.program.input[x].role != "input" or len(units(kind)) != 1:
        what = f"reads {x} of whole numbers" if cell.program.input[x].role != "input" else "puts out no vector"
        raise ArgumentError(f"highway mixes what a layer reads and puts out, and {cell.info.name} {what}; leave it out")
    axes = (*units(kind), *given)
    cell = cell.with_weight(Parameter("W_highway", axes)).with_weight(Parameter("P_highway", axes, "identity"))
    cell = cell.with_parameter(Parameter("b_highway", units(kind), _CARRY, bias=True))
    read, passed, summed, gate, mixed = (cell.program.fresh(f"{name}_highway") for name in ("tx", "x", "t_in", "t", "y"))
    t = symbol(gate)
    nodes = (
        Contract(read, kind, "W_highway", x, "ij,TNj->TNi"),
        Contract(passed, kind, "P_highway", x, "ij,TNj->TNi"),
        Pointwise(summed, kind, symbol(read) + symbol("b_highway")),
        Pointwise(gate, kind, sigmoid(symbol(summed))),
        Pointwise(mixed, kind, t * symbol(y) + (1 - t) * symbol(passed)),
    )
    outputs = tuple((key, mixed if key == "output" else value) for key, value in cell.program.outputs)
    program = replace(cell.program, nodes=(*cell.program.nodes, *nodes), outputs=outputs)
    return replace(cell, program=program).with_option("highway", True)
