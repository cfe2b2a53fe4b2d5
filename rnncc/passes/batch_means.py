"""What a program computes in training, where means are those of the batch."""

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import LIVE, Carry, Input, Node, Pointwise, Program
from rnncc.passes.rename import rename


def batch_means(program: Program, totals: Mapping[str, str], keys: Mapping[str, str], training: str | None) -> Program:
    """`program` with the means of the batch in the place of parameters.

    Parameters
    ----------
    program
        Straight from lowering or from a transform; it computes the sums, and reads parameters where they stand for means.
    totals, keys
        Parameter -> the sum over steps and rows that its mean is made of, and the key under which that mean is put out.
    training
        What a further constant is called: where it is above 0 the means are read, else the parameters, and no gradient passes.
        None: the means are read.

    Assumes: every reader of a parameter in `totals` comes after the sum; no cotangent is asked of such a parameter.
    Guarantees: a program that reads the parameters alone is what it was where the constant is 0.
    Does not do: cse, dce. Nothing where `totals` is empty.
    """
    if not totals:
        return program
    read: dict[str, str] = {}
    nodes: list[Node] = []
    for n in program.nodes:
        nodes.append(rename(n, read))
        for name in (name for name, total in totals.items() if total == n.name):
            mean = Pointwise(program.fresh(f"{name}_batch"), n.type, symbol(n.name) / symbol(LIVE), place=n.place)
            nodes += [mean, *_chosen(program, mean, name, training)]
            read[name] = nodes[-1].name
    outputs = [(key, read.get(v, v)) for key, v in program.outputs]
    outputs += [(key, program.fresh(f"{name}_batch")) for name, key in keys.items()]
    flag = [] if training is None else [Input(training, (), "const")]
    return replace(
        program,
        inputs=(*program.inputs, *flag, Input(LIVE, (), "size")),
        carries=tuple(_carry(c, read) for c in program.carries),
        nodes=tuple(nodes),
        outputs=tuple(outputs),
    )


def _chosen(program: Program, mean: Pointwise, name: str, training: str | None) -> list[Pointwise]:
    """What readers of the parameter `name` read, where that is not the mean itself."""
    if training is None:
        return []
    expr = sp.Piecewise((symbol(mean.name), symbol(training) > 0), (symbol(name), True), evaluate=False)
    return [replace(mean, name=program.fresh(f"{name}_read"), expr=expr)]


def _carry(carry: Carry, names: Mapping[str, str]) -> Carry:
    return replace(carry, init=names.get(carry.init, carry.init), next=names.get(carry.next, carry.next))
