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
class _Handed:
    """What a sweep hands to the next: streams and values without T by name, trajectories of carries by `prev`."""

    streams: tuple[str, ...] = ()
    kept: Mapping[str, Carry] = field(default_factory=dict)

    def values(self) -> list[str]:
        return [*self.streams, *(v for c in self.kept.values() for v in (c.prev, c.next))]


def functions(programs: Programs) -> list[Driver | str]:
    """Drivers, and the source of functions that choose between two of them."""
    programs = replace(
        programs,
        inference=without_clashes(programs.inference),
        forward=without_clashes(programs.forward),
        backward=without_clashes(programs.backward),
        trace=without_clashes(programs.trace),
    )
    return [
        *_forms("inference", programs.inference, programs.hoist, _Handed()),
        *_pair(programs),
        _trace(programs),
    ]


def _driver(name: str, plan: Schedule, handed: _Handed, fixed: Fixed | None, how: str = "") -> Driver:
    doc = _DOCS[name.partition("_")[0]]
    return Driver(name, Layout(plan, {}, handed.values()), handed.streams, handed.kept, f"{doc[:-1]}{how}.", fixed)


def _trace(programs: Programs) -> Driver:
    program, fixed = without_fixed(programs.trace)
    return _driver("trace", _one_form(program, programs.hoist), _Handed(), fixed)


def _forms(name: str, program: Program, hoist: Callable[[Program], Program], handed: _Handed) -> list[Driver | str]:
    """The function called `name`: two forms and the choice between them, where products can be made ahead of the loop."""
    program, fixed = without_fixed(program)
    fused, hoisted = schedule(program), schedule(hoist(program), hoist=True)
    if is_elementwise(hoisted) or len(hoisted.stages) == len(fused.stages):
        return [_driver(name, _one_form(program, hoist), handed, fixed)]
    return [
        _driver(f"{name}_fused", fused, handed, fixed, ", every product in the loop"),
        _driver(f"{name}_hoisted", hoisted, handed, fixed, ", products of the input made ahead of the loop"),
        f"def {name}(sweep, env):\n"
        f'    """{_DOCS[name]}"""\n'
        f"    return ({name}_hoisted if worth_hoisting(sweep) else {name}_fused)(sweep, env)\n",
    ]


def _one_form(program: Program, hoist: Callable[[Program], Program]) -> Schedule:
    """Products stay in the loop, unless none is left without those that can be made ahead: its state stays in registers then."""
    hoisted = schedule(hoist(program), hoist=True)
    return hoisted if is_elementwise(hoisted) else schedule(program)


def _pair(programs: Programs) -> list[Driver | str]:
    """Trajectories of the forward loop serve the backward one twice: as the carry before a step and after it."""
    residuals = {i.name for i in programs.backward.inputs if i.role == "residual"}
    early = {key: v for key, v in programs.forward.outputs if key in programs.gradients}
    first = replace(programs.forward, outputs=tuple((v if key in early else key, v) for key, v in programs.forward.outputs))
    made = [Input(v, first.types[v], "residual") for v in early.values() if v not in programs.backward.types]
    second = _with_inputs(programs.backward, *programs.inference.inputs, *made)
    second = replace(second, outputs=(*second.outputs, *early.items()))
    shifted = {c.prev for c in second.carries if not _is_used(second, c.final)}
    kept = {c.prev: c for c in schedule(first).carries if c.prev in shifted or not {c.prev, c.next}.isdisjoint(residuals)}
    alone, fixed = without_fixed(_given(second, kept))
    backward = Driver("backward", Layout(_one_form(alone, programs.hoist), kept), (), {}, _DOCS["backward"], fixed)
    lie_there = {v for c in kept.values() for v in (c.prev, c.next)}
    streams = tuple(i.name for i in second.inputs if i.role == "residual" and i.name not in lie_there)
    return [*_forms("forward", first, programs.hoist, _Handed(streams, kept)), backward]


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
