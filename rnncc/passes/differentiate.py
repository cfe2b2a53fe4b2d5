"""Reverse mode: the gradient of a program is again a program."""

from collections.abc import Collection, Iterable

from rnncc.errors import InternalError
from rnncc.functions import symbol
from rnncc.ir import Carry, Input, Program, feeds
from rnncc.passes.activity import dependents, differentiable
from rnncc.passes.builder import Builder
from rnncc.passes.cotangents import Cotangents
from rnncc.passes.transpose import transpose


def differentiate(program: Program, of: Collection[str] | None = None, wrt: Iterable[str] | None = None, prefix: str = "d_") -> Program:
    """`program` and the cotangents of its inputs: the joint graph.

    Each carry gains a cotangent carry that runs the other way, prev and next, init and final exchanged; each output in `of` a
    seed input called `prefix + key`; each input in `wrt` an output with key `prefix + name`.

    Parameters
    ----------
    program
        A verified program, itself a derivative or not.
    of
        Output keys that have a seed; None: all.
    wrt
        Inputs that have a cotangent; None: all but index, constant and size inputs. Frozen parameters are left out here.
    prefix
        Begins no name of a seed or output key that `program` has already; one per order of derivative.

    Assumes: a verified program.
    Guarantees: what `program` computes is untouched; seeds and output keys are named exactly so, all other names are fresh.
    Does not do: cse, dce (`dce` drops the primal outputs nobody asks for), the choice of residuals (`split`).

    Raises
    ------
    InternalError
        A seed or key is taken already, a name in `wrt` is no input, or a function has no derivative.
    """
    return _Reverse(program, of, wrt, prefix).run()


class _Reverse:
    def __init__(self, program: Program, of: Collection[str] | None, wrt: Iterable[str] | None, prefix: str) -> None:
        self.program, self.prefix = program, prefix
        self.wrt = differentiable(program, wrt)
        self.of = [(key, v) for key, v in program.outputs if of is None or key in of]
        asked = {v for _, v in self.of}
        self.builder = Builder(program)
        wanted = dependents(program, self.wrt) & (asked | feeds(program, asked))
        self.cotangents = Cotangents(self.builder, wanted, prefix)

    def run(self) -> Program:
        # Seeds and cotangent carries come first: they start every contribution and break the cycles.
        seeds = [self.seed(key, v) for key, v in self.of if v in self.cotangents.wanted]
        opened = [(c, *self.open(c)) for c in self.program.carries if {c.prev, c.final} & self.cotangents.wanted]
        for n in reversed(self.program.nodes):
            self.visit(n.name)
        # A carry's prev and final are used by nodes of any place: they are totalled once all nodes have contributed.
        carries = [self.close(*entry) for entry in opened]
        outputs = [(self.key(i), self.cotangents.total_or_zero(i)) for i in self.wrt]
        p = self.program
        return Program(
            f"{self.prefix}{p.name}",
            p.inputs + tuple(seeds),
            p.carries + tuple(carries),
            p.nodes + tuple(self.builder.nodes),
            p.outputs + tuple(outputs),
        )

    def key(self, name: str) -> str:
        key = self.prefix + name
        if any(key == other for other, _ in self.program.outputs):
            raise InternalError(f"program {self.program.name} has an output {key} already: differentiate with another prefix")
        return key

    def seed(self, key: str, value: str) -> Input:
        name = self.prefix + key
        if name in self.program.types:
            raise InternalError(f"program {self.program.name} has a value {name} already: differentiate with another prefix")
        axes = self.builder.types[value]
        self.builder.types[name] = axes
        self.cotangents.give(value, symbol(name))
        return Input(name, axes, "seed")

    def open(self, carry: Carry) -> tuple[str, str]:
        """Names of the cotangent carry's prev, which reaches `next` from later steps, and final, which reaches `init`."""
        later = self.builder.reserve(f"{self.prefix}{carry.next}_later", carry.type)
        first = self.builder.reserve(self.prefix + carry.init, carry.type[1:])
        self.cotangents.give(carry.next, symbol(later))
        self.cotangents.give(carry.init, symbol(first))
        return later, first

    def close(self, carry: Carry, later: str, first: str) -> Carry:
        last = self.cotangents.total_or_zero(carry.final)
        return Carry(later, last, self.cotangents.total_or_zero(carry.prev), first, carry.type, not carry.reverse)

    def visit(self, name: str) -> None:
        node = self.program.node[name]
        if not any(o in self.cotangents.wanted for o in node.operands):
            return
        cotangent = self.cotangents.total(name)
        if cotangent is not None:
            transpose(node, cotangent, self.cotangents)
