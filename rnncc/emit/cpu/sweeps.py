"""The four functions of a module, from the programs of its cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from rnncc.emit.cpu.driver import Driver
from rnncc.emit.cpu.fixed import Fixed, without_fixed
from rnncc.emit.cpu.layout import Layout
from rnncc.emit.cpu.words import without_clashes
from rnncc.ir import Carry, Input, Program
from rnncc.schedule import Schedule, is_elementwise, schedule

_DOCS = {
    "inference": "The outputs alone.",
    "forward": "The outputs, and what `backward` reads again.",
    "backward": "The gradients, from what `forward` returned and the seeds; sums over time go on from those in `env`.",
    "trace": "Every named value of the spec over time.",
}


@dataclass(frozen=True)
class Programs:
    """What a module computes.

    Parameters
    ----------
    inference, trace
        What both compute without a gradient: the results; every named value.
    forward, backward
        Cut from one joint graph.
    gradients
        Keys of its outputs that are not the primal's.
    hoist
        Cuts sums so that products of the input alone can be made ahead of the loop: a second form, or the only one.
    """

    inference: Program
    forward: Program
    backward: Program
    trace: Program
    gradients: frozenset[str]
    hoist: Callable[[Program], Program]


@dataclass(frozen=True)
class Target:
    """What drivers and layouts are written for.

    Parameters
    ----------
    driver, layout
        Their classes.
    chooses
        Products of the input are made in the loop or ahead of it, as a call's rows and steps ask for; else always ahead.
    narrow
        Residuals of a backward program that may be kept in fewer bits than the schedule computes them in that makes them.
    """

    driver: type[Driver]
    layout: type[Layout]
    chooses: bool
    narrow: Callable[[Program, Schedule], frozenset[str]] | None = None


CPU = Target(Driver, Layout, chooses=True)


@dataclass(frozen=True)
class _Handed:
    """What a sweep hands to the next: streams and values without T by name, trajectories of carries by `prev`."""

    streams: tuple[str, ...] = ()
    kept: Mapping[str, Carry] = field(default_factory=dict)
    narrow: frozenset[str] = frozenset()

    def values(self) -> list[str]:
        return [*self.streams, *(v for c in self.kept.values() for v in (c.prev, c.next))]


def functions(programs: Programs, target: Target = CPU) -> list[Driver | str]:
    """Drivers, and the source of functions that choose between two of them."""
    programs = replace(
        programs,
        inference=without_clashes(programs.inference),
        forward=without_clashes(programs.forward),
        backward=without_clashes(programs.backward),
        trace=without_clashes(programs.trace),
    )
    writer = _Writer(target, programs)
    return [*writer.forms("inference", programs.inference, _Handed()), *writer.pair(), writer.trace()]


@dataclass(frozen=True)
class _Writer:
    """Writes the functions of `programs` for `target`."""

    target: Target
    programs: Programs

    def driver(self, name: str, plan: Schedule, handed: _Handed, fixed: Fixed | None, how: str = "") -> Driver:
        doc = _DOCS[name.partition("_")[0]]
        layout = self.target.layout(plan, {}, handed.values(), handed.narrow)
        return self.target.driver(name, layout, handed.streams, handed.kept, f"{doc[:-1]}{how}.", fixed)

    def trace(self) -> Driver:
        program, fixed = without_fixed(self.programs.trace)
        return self.driver("trace", self.one_form(program), _Handed(), fixed)

    def forms(self, name: str, program: Program, handed: _Handed) -> list[Driver | str]:
        """The function called `name`: two forms and the choice between them, where products can be made ahead of the loop.

        Where units meet in those products alone, both forms read the same program: only the order of work differs.
        """
        program, fixed = without_fixed(program)
        cut = self.programs.hoist(program)
        hoisted = schedule(cut, hoist=True)
        fused = schedule(cut if is_elementwise(hoisted) else program)
        if not self.target.chooses or len(hoisted.stages) == len(fused.stages):
            return [self.driver(name, self.one_form(program), handed, fixed)]
        return [
            self.driver(f"{name}_fused", fused, handed, fixed, ", every product in the loop"),
            self.driver(f"{name}_hoisted", hoisted, handed, fixed, ", products of the input made ahead of the loop"),
            f"def {name}(sweep, env):\n"
            f'    """{_DOCS[name]}"""\n'
            f"    return ({name}_hoisted if worth_hoisting(sweep) else {name}_fused)(sweep, env)\n",
        ]

    def one_form(self, program: Program) -> Schedule:
        """Products stay in the loop, unless none is left without those that can be made ahead."""
        hoisted = schedule(self.programs.hoist(program), hoist=True)
        return schedule(program) if self.target.chooses and not is_elementwise(hoisted) else hoisted

    def pair(self) -> list[Driver | str]:
        """Trajectories of the forward loop serve the backward one twice: as the carry before a step and after it."""
        programs = self.programs
        residuals = {i.name for i in programs.backward.inputs if i.role == "residual"}
        early = {key: v for key, v in programs.forward.outputs if key in programs.gradients}
        first = replace(programs.forward, outputs=tuple((v if key in early else key, v) for key, v in programs.forward.outputs))
        made = [Input(v, first.types[v], "residual") for v in early.values() if v not in programs.backward.types]
        second = _with_inputs(programs.backward, *programs.inference.inputs, *made)
        second = replace(second, outputs=(*second.outputs, *early.items()))
        shifted = {c.prev for c in second.carries if not _is_used(second, c.final)}
        kept = {c.prev: c for c in schedule(first).carries if c.prev in shifted or not {c.prev, c.next}.isdisjoint(residuals)}
        alone, fixed = without_fixed(_given(second, kept))
        choose = self.target.narrow
        narrow = choose(alone, self.one_form(without_fixed(first)[0])) if choose else frozenset()
        layout = self.target.layout(self.one_form(alone), kept, (), narrow)
        backward = self.target.driver("backward", layout, (), {}, _DOCS["backward"], fixed)
        lie_there = {v for c in kept.values() for v in (c.prev, c.next)}
        streams = tuple(i.name for i in second.inputs if i.role == "residual" and i.name not in lie_there)
        return [*self.forms("forward", first, _Handed(streams, kept, narrow)), backward]


def _with_inputs(program: Program, *more: Input) -> Program:
    """`program` with inputs that the caller gives anyway (their shapes tell sizes), and with gradients that `forward` has made."""
    return replace(program, inputs=tuple({i.name: i for i in (*more, *program.inputs)}.values()))


def _given(program: Program, kept: Mapping[str, Carry]) -> Program:
    """`program` with carries whose trajectories are at hand as inputs."""
    found = [c for c in program.carries if c.prev in kept]
    inputs = tuple(Input(c.prev, c.type, "residual") for c in found)
    return replace(program, inputs=(*program.inputs, *inputs), carries=tuple(c for c in program.carries if c not in found))


def _is_used(program: Program, value: str) -> bool:
    return value in {v for _, v in program.outputs} or any(value in n.operands for n in program.nodes)
