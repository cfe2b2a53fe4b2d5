"""Kernels of one direction each, cut out of a joint graph; what crosses a cut is a residual."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from rnncc.errors import InternalError
from rnncc.ir import Carry, Input, Node, Program, ScatterAdd, components, dependencies
from rnncc.passes.builder import Builder
from rnncc.passes.levels import Levels, levels
from rnncc.passes.minimum_cut import NEVER, minimum_cut
from rnncc.passes.residual_costs import again_cost, keep_cost, tests_equality


def split(program: Program, late: Sequence[Collection[str]] | None = None) -> tuple[Program, ...]:
    """`program` as sweeps over time, one direction of loops each, to be run in this order.

    Parameters
    ----------
    program
        A joint graph, such as `differentiate` makes, after `cse` and `dce`.
    late
        Groups of values that are had later than the rest: what depends on group k comes in sweeps of its own, after all sweeps
        that need none of it. None: one group of the seeds, and of states that begin where others end (`run_back`), so that the first
        sweep is the primal. `()` for a tangent.

    Returns
    -------
    tuple of Program
        Sweep k computes its share of the outputs, under their keys, and the residuals of later sweeps, under the values' own
        names. A later sweep takes them as inputs of role `residual`.

    Assumes: a verified program.
    Guarantees: run one after another, each given what the earlier ones returned, the sweeps give what `program` gives. Products,
    reductions and a loop's `next` are computed once. A sweep may hold a carry outside its loops that runs the other way: a shift
    of a stream.
    Does not do: the placement inside a sweep.
    """
    return _Split(program, levels(program, [_after_the_primal(program)] if late is None else late)).run()


class _Split:
    def __init__(self, program: Program, found: Levels) -> None:
        self.program, self.found = program, found
        self.operands = dependencies(program)
        self.last = max(0, *found.available.values())
        self.at = self._placed()
        self.stored = {v for _, v in program.outputs}
        self.loop_next = {c.next for c in program.carries if any(c.prev in members for members in found.loops.values())}
        self.fixed = {n.name for n in _fixed(program)}
        self.residuals: dict[int, set[str]] = {k: set() for k in range(self.last + 1)}

    def run(self) -> tuple[Program, ...]:
        recomputed = {k: self._cut(k) for k in range(self.last, -1, -1)}
        return tuple(self._sweep(k, recomputed[k]) for k in range(self.last + 1))

    def _placed(self) -> dict[str, int]:
        """Value -> its sweep: as late as its users allow; loops, outputs, inputs and tests of equality as soon as they can be had."""
        fixed = {v for _, v in self.program.outputs} | set(self.program.input)
        fixed |= {n.name for n in self.program.nodes if tests_equality(n)}
        fixed |= {v for members in self.found.loops.values() for v in members}
        fixed |= {c.final for c in self.program.carries if c.prev in fixed}
        users: dict[str, list[str]] = {}
        for v, operands in self.operands.items():
            for o in operands:
                users.setdefault(o, []).append(v)
        at: dict[str, int] = {}
        for v in reversed([v for members, _ in components(self.program) for v in members]):
            soonest = max(0, self.found.available[v])
            at[v] = soonest if v in fixed else min((at[u] for u in users.get(v, ()) if u in at), default=self.last)
        # A carry is computed as a whole. Its final is a user of its prev, which therefore lies in the earlier sweep of the two.
        return at | {c.final: at[c.prev] for c in self.program.carries}

    def _own(self, k: int) -> set[str]:
        return {v for v, sweep in self.at.items() if sweep == k and v not in self.program.input}

    def _cut(self, k: int) -> set[str]:
        """What sweep `k` computes again of earlier sweeps; the residuals it needs are noted with the sweeps that give them."""
        own = self._own(k)
        need = {o for v in own for o in self._reads(v) if o not in self.program.input and self.at[o] < k}
        kept, again = minimum_cut(sorted(need), self._reads, self._keep_cost, self._again_cost)
        for v in kept - set(self.program.input):
            self.residuals[self.at[v]].add(v)
        return again - set(self.program.input)

    def _reads(self, value: str) -> tuple[str, ...]:
        return self.operands[value]

    def _keep_cost(self, value: str) -> int:
        if value in self.program.input or value in self.stored or value in self.residuals[self.at[value]]:
            return 0
        return keep_cost(self.program.types[value])

    def _again_cost(self, value: str) -> int:
        if value in self.program.input:
            return 0
        if value in self.fixed:
            return 0
        if value in self.program.by_prev:
            return NEVER if self._in_circle(value) else again_cost(self.program, value)
        return NEVER if value in self.loop_next else again_cost(self.program, value)

    def _in_circle(self, prev: str) -> bool:
        """Whether `prev` shifts a prev that shifts a prev … that is itself: to compute it again would take the loop along."""
        seen, value = {prev}, self.program.by_prev[prev].next
        while value in self.program.by_prev and value not in seen:
            seen.add(value)
            value = self.program.by_prev[value].next
        return value in seen

    def _sweep(self, k: int, recomputed: set[str]) -> Program:
        mine = self._own(k) | recomputed
        nodes = tuple(n for n in self.program.nodes if n.name in mine)
        carries = tuple(self._carry(c, recomputed) for c in self.program.carries if c.prev in mine)
        outputs = self._outputs(k)
        used = {o for n in nodes for o in n.operands} | {v for c in carries for v in (c.init, c.next)} | {v for _, v in outputs}
        outside = used - mine
        outside |= self._showing({a for n in nodes if isinstance(n, ScatterAdd) for a in n.type}, outside)
        inputs = tuple(i for i in self.program.inputs if i.name in outside)
        residuals = tuple(Input(v, self.program.types[v], "residual") for v in self.operands if v in outside - set(self.program.input))
        return Program(f"{self.program.name}.{k}", inputs + residuals, carries, nodes, outputs)

    def _showing(self, axes: set[str], given: set[str]) -> set[str]:
        """Inputs that show how long those of `axes` are that none of the inputs `given` has: no operand of a `ScatterAdd` does."""
        shown = {a for i in self.program.inputs if i.name in given for a in i.type}
        found = {a: i.name for i in reversed(self.program.inputs) for a in i.type}
        return {found[a] for a in axes - shown}

    def _carry(self, carry: Carry, recomputed: set[str]) -> Carry:
        """`carry` itself, or once more: its final then goes by another name, since the first sweep's may be a residual here."""
        if carry.prev not in recomputed:
            return carry
        return replace(carry, final=Builder(self.program).reserve(f"{carry.final}_again", carry.type[1:]))

    def _outputs(self, k: int) -> tuple[tuple[str, str], ...]:
        own = tuple((key, v) for key, v in self.program.outputs if self.at[v] == k)
        keys = dict(own)
        residuals = [v for v in self.operands if v in self.residuals[k]]
        for v in residuals:
            if keys.get(v, v) != v:
                raise InternalError(f"program {self.program.name}: the residual {v} has the name of another output")
        return own + tuple((v, v) for v in residuals if v not in keys)


def _after_the_primal(program: Program) -> list[str]:
    seeds = [i.name for i in program.inputs if i.role == "seed"]
    return seeds + [c.prev for c in program.carries if c.init in program.by_final]


def _fixed(program: Program) -> Iterator[Node]:
    """What is made of parameters, constants and sizes alone: once a sequence, or less often, in whichever sweep reads it."""
    steady = {i.name for i in program.inputs if i.role in ("param", "const", "size")}
    for n in program.nodes:
        if steady.issuperset(n.operands) and not {"T", "N"} & set(n.type) and not tests_equality(n):
            steady.add(n.name)
            yield n
