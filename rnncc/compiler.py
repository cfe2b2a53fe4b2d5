"""The way of a spec, in order: this is the table of contents."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import sympy as sp

from rnncc.catalogue import find
from rnncc.emit.cpu import Programs
from rnncc.emit.cpu import module_source as cpu_source
from rnncc.emit.cuda import module_source as cuda_source
from rnncc.ir import Program, show, verify
from rnncc.lower import lower
from rnncc.passes import batch_means, cse, dce, differentiate, expectation, hoist_sums, merge_totals, rotate, run_back, settle, split
from rnncc.passes.transforms import Described, transformed
from rnncc.runtime.cell_info import TRAINING, CellInfo
from rnncc.runtime.transforms import Structure
from rnncc.schedule import Compute, Schedule, is_elementwise, schedule, show_schedule
from rnncc.spec import Cell, CellSpec, cell_info, load
from rnncc.spec.mask import rate_of
from rnncc.structure import Found, step_map, structure, told

Pass = Callable[[Program], Program]

NORMALISE: tuple[Pass, ...] = (cse, dce)
"""What every program goes through before it is scheduled."""


class Compilation:
    """One spec on its way; every stage is made when it is asked for."""

    def __init__(
        self, spec: CellSpec, transforms: Mapping[str, Structure] | None = None, constants: Mapping[str, float] | None = None
    ) -> None:
        self.spec, self.transforms, self.constants = spec, dict(transforms or {}), dict(constants or {})

    @cached_property
    def described(self) -> Described:
        """The cell as it was lowered and transformed, and its description."""
        made = transformed(Described(lower(self.spec), cell_info(self.spec)), self.transforms)
        return replace(made, info=replace(made.info, constants={**made.info.constants, **self.constants}))

    @property
    def info(self) -> CellInfo:
        """The cell as the runtime sees it."""
        return self.described.info

    @cached_property
    def primal(self) -> Program:
        """The cell as a program."""
        return normalised(self.described.program)

    @cached_property
    def training(self) -> Program:
        """The primal with means of the batch in the place of parameters, where it has such."""
        return self._trained(TRAINING) if self.info.batch_means else self.primal

    @cached_property
    def written(self) -> tuple[Program, Program]:
        """Training and its gradient for a reader: where there are means of the batch, these and nothing in their place."""
        if not self.info.batch_means:
            return self.primal, self.joint
        program = self._trained(None)
        return program, self._gradient(program)

    @cached_property
    def inference(self) -> Program:
        """The primal with the expectation of its random masks."""
        return normalised(expectation(self.primal, self._rates)) if self.info.masks else self.primal

    @cached_property
    def settled(self) -> Program:
        """What inference computes, where no derivative is taken any more."""
        found = settle(self.inference)
        return found if found is self.inference else normalised(found)

    @cached_property
    def structure(self) -> tuple[Found, ...]:
        """What each loop of the cell is like, that of the number of the step apart."""
        return structure(self.settled, without={s.name for s in self.info.states if s.counts})

    @cached_property
    def scans(self) -> bool:
        """Whether the time loop may be run as a scan on a CUDA device, that of the gradient aside."""
        if not is_elementwise(self._loop):
            return False
        nodes = [n for phase in self._loop.step if isinstance(phase, Compute) for n in phase.nodes]
        return step_map(nodes, self._loop.carries, self._loop.program.types) is not None

    @cached_property
    def _loop(self) -> Schedule:
        return schedule(hoist_sums(self.settled), hoist=True)

    @cached_property
    def _rates(self) -> dict[str, sp.Expr]:
        return {m.name: rate_of(m) for m in self.info.masks}

    @cached_property
    def joint(self) -> Program:
        """The cell and its gradient, one graph."""
        return self._gradient(self.training)

    def _trained(self, training: str | None) -> Program:
        means = self.info.batch_means
        keys = {m.name: f"{m.name}_batch" if training is None else m.key for m in means}
        return normalised(batch_means(self.described.program, {m.name: m.total for m in means}, keys, training))

    def _gradient(self, program: Program) -> Program:
        frozen = {p.name for p in self.info.parameters if p.frozen} | {f"{s.name}_0" for s in self.info.states if s.counts}
        wrt = [i.name for i in program.inputs if i.role in ("input", "memory", "init", "param") and i.name not in frozen]
        of = [key for key, _ in self.primal.outputs]
        return normalised(settle(differentiate(program, of=of, wrt=wrt, prefix=self.info.cotangent)))

    @cached_property
    def sweeps(self) -> tuple[Program, ...]:
        """Forward and backward, cut from the joint graph, whose states are run back where that was asked for."""
        joint = verify(dce(verify(run_back(self.joint)))) if self.info.runs_back else self.joint
        forward, backward = split(joint)
        return verify(forward), verify(merge_totals(backward))

    @cached_property
    def trace(self) -> Program:
        """What inference computes, with every named value as an output."""
        named = tuple((v, v) for v in self.info.named if "T" in self.primal.types.get(v, ()))
        return normalised(settle(expectation(replace(self.described.program, outputs=named), self._rates)))

    @cached_property
    def source(self) -> str:
        """The generated module."""
        return cpu_source(self._told(scans=False), self.origin, self._programs)

    @cached_property
    def cuda_source(self) -> str:
        """The generated module for CUDA, where each phase of a step costs a meeting of all blocks."""
        programs = replace(
            self._programs, backward=normalised(rotate(self._programs.backward)), hoist=partial(hoist_sums, products_only=True)
        )
        return cuda_source(self._told(scans=self.scans), self.origin, programs)

    @cached_property
    def _programs(self) -> Programs:
        gradients = frozenset(key for key, _ in self.joint.outputs) - {key for key, _ in self.training.outputs}
        forward, backward = self.sweeps
        return Programs(self.settled, forward, backward, self.trace, gradients, hoist_sums)

    def _told(self, *, scans: bool) -> CellInfo:
        """The description with what was found of each loop, and how it is run; `scans` as of `told`."""
        apart = is_elementwise(self._loop)
        return replace(self.info, loops=told(self.structure, apart=apart, back=self.info.runs_back, scans=scans))

    @cached_property
    def origin(self) -> str:
        """File name and digest of the spec."""
        path = Path(self.spec.filename)
        content = path.read_bytes() if path.is_file() else repr(self.spec).encode()
        return f"{path.name} (sha256 {hashlib.sha256(content).hexdigest()[:12]})"

    def program(self, kernel: str) -> Program:
        """The program of one kernel: inference, forward, backward or trace."""
        return {"inference": self.settled, "forward": self.sweeps[0], "backward": self.sweeps[1], "trace": self.trace}[kernel]

    def stages(self, kernel: str) -> dict[str, str]:
        """Readable forms of one kernel on its way, by stage."""
        program = self.program(kernel)
        return {"ir": show(program), "phases": show_schedule(schedule(program)), "source": self.source}


def compile_under(
    cell: "str | os.PathLike[str] | Cell", keywords: Mapping[str, Any], transforms: Mapping[str, Structure] | None = None
) -> Compilation:
    """As `compile_cell`, under those of `keywords` of a layer that are options of the cell; an option may bring further ones."""
    options = dict[str, Any]()
    while True:
        made = compile_cell(cell, options, transforms)
        new = {name: value for name, value in keywords.items() if name in made.info.options and name not in options}
        if not new:
            return made
        options |= new


def normalised(program: Program) -> Program:
    """`program` after every pass of `NORMALISE`, verified after each."""
    verify(program)
    for one in NORMALISE:
        program = verify(one(program))
    return program


def compile_cell(
    cell: "str | os.PathLike[str] | Cell",
    options: Mapping[str, Any] | None = None,
    transforms: Mapping[str, Structure] | None = None,
    constants: Mapping[str, float] | None = None,
) -> Compilation:
    """The way of `cell`, a catalogue name, a path or a `Cell`, under `options`, changed by `transforms`.

    `constants` are the values that constants of transforms have by default; 0 without.
    """
    return Compilation(cell.freeze() if isinstance(cell, Cell) else load(find(os.fspath(cell)), options), transforms, constants)
