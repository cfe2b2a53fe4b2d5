"""The generated module: header, imports, the cell's description, kernels and drivers."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from rnncc.emit.cpu.driver import Driver
from rnncc.emit.cpu.layout import Layout
from rnncc.emit.cpu.text import wrapped
from rnncc.functions import VOCABULARY
from rnncc.ir import Carry, Input, Program
from rnncc.runtime.cell_info import CellInfo
from rnncc.schedule import Schedule, schedule
from rnncc.version import version

_RUNTIME: dict[str, tuple[str, ...]] = {
    "arrays": ("final", "following", "new_rows", "new_stream", "padded", "preceding", "result", "rows_from", "shifted", "trajectory"),
    "cell_info": ("CellInfo", "Parameter", "State"),
    "compiled": ("groups", "kernel", "new_tile", "tile_rows"),
    "enlist": ("dismiss", "enlist"),
    "layer": ("layer_class",),
    "pack": ("group_blocks", "pack"),
    "simd": ("fill", "first_lanes", "lanes", "load", "max_lanes", "product", "splat_at", "store", "sum_lanes", "where", *VOCABULARY),
    "share": ("rows_of", "share", "units_of"),
    "spin": ("barrier",),
    "team": ("run_loop", "run_rows", "worth_hoisting"),
    "totals": ("column_sum", "outer", "total_sum"),
}
"""What generated modules import: module of `rnncc.runtime` -> names."""

_DOCS = {
    "inference": "The outputs alone.",
    "forward": "The outputs, and what `backward` reads again.",
    "backward": "The gradients, from what `forward` returned and the seeds.",
    "trace": "Every named value of the spec over time.",
}


@dataclass(frozen=True)
class Programs:
    """What a module is made of.

    Parameters
    ----------
    inference, trace
        The primal; the same with every named value as an output.
    forward, backward
        Cut from one joint graph.
    hoist
        Cuts sums so that products of the input alone can be made ahead of the loop; gives `inference` and `forward` a second form.
    """

    inference: Program
    forward: Program
    backward: Program
    trace: Program
    hoist: Callable[[Program], Program]


def module_source(info: CellInfo, origin: str, programs: Programs) -> str:
    """The module as Python source.

    Parameters
    ----------
    info
        The cell as the runtime sees it.
    origin
        What the header says of the spec: its file name and digest.
    programs
        The cell's programs.
    """
    functions = [
        *_forms("inference", programs.inference, programs.hoist, _Handed()),
        *_pair(programs),
        _driver("trace", schedule(programs.trace), _Handed()),
    ]
    drivers = [f for f in functions if isinstance(f, Driver)]
    bodies = [text for f in functions for text in ((*(str(k.text) for k in f.kernels), str(f.text)) if isinstance(f, Driver) else (f,))]
    parts = [_description(info), *_blocks(drivers), *bodies, _footer(info)]
    return "\n\n".join([_header(info, origin), _imports("\n".join(parts)), *parts])


@dataclass(frozen=True)
class _Handed:
    """What a sweep hands to the next: streams by value, trajectories of carries by `prev`."""

    streams: tuple[str, ...] = ()
    kept: Mapping[str, Carry] = field(default_factory=dict)

    def values(self) -> list[str]:
        return [*self.streams, *(v for c in self.kept.values() for v in (c.prev, c.next))]


def _driver(name: str, plan: Schedule, handed: _Handed, how: str = "") -> Driver:
    doc = _DOCS[name.partition("_")[0]]
    return Driver(name, Layout(plan, {}, handed.values()), handed.streams, handed.kept, f"{doc[:-1]}{how}.")


def _forms(name: str, program: Program, hoist: Callable[[Program], Program], handed: _Handed) -> list[Driver | str]:
    """The function called `name`: two forms and the choice between them, where products can be made ahead of the loop."""
    fused, hoisted = schedule(program), schedule(hoist(program), hoist=True)
    if len(hoisted.stages) == len(fused.stages):
        return [_driver(name, fused, handed)]
    return [
        _driver(f"{name}_fused", fused, handed, ", every product in the loop"),
        _driver(f"{name}_hoisted", hoisted, handed, ", products of the input made ahead of the loop"),
        f"def {name}(sweep, env):\n"
        f'    """{_DOCS[name]}"""\n'
        f"    return ({name}_hoisted if worth_hoisting(sweep) else {name}_fused)(sweep, env)\n",
    ]


def _pair(programs: Programs) -> list[Driver | str]:
    """Trajectories of the forward loop serve the backward one twice: as the carry before a step and after it."""
    second = programs.backward
    forward = schedule(programs.forward)
    residuals = {i.name for i in second.inputs if i.role == "residual"}
    shifted = {c.prev for c in second.carries if not _is_used(second, c.final)}
    kept = {c.prev: c for c in forward.carries if c.prev in shifted or not {c.prev, c.next}.isdisjoint(residuals)}
    handed = {v for c in kept.values() for v in (c.prev, c.next)}
    streams = tuple(i.name for i in second.inputs if i.name in residuals - handed)
    backward = Driver("backward", Layout(schedule(_given(second, kept)), kept), [], {}, _DOCS["backward"])
    return [*_forms("forward", programs.forward, programs.hoist, _Handed(streams, kept)), backward]


def _given(program: Program, kept: Mapping[str, Carry]) -> Program:
    """`program` with carries whose trajectories are at hand as inputs."""
    found = [c for c in program.carries if c.prev in kept]
    inputs = tuple(Input(c.prev, c.type, "residual") for c in found)
    return replace(program, inputs=(*program.inputs, *inputs), carries=tuple(c for c in program.carries if c not in found))


def _is_used(program: Program, value: str) -> bool:
    return value in {v for _, v in program.outputs} or any(value in n.operands for n in program.nodes)


def _header(info: CellInfo, origin: str) -> str:
    title = inspect.cleandoc(info.doc).splitlines()[0].rstrip(".") if info.doc else info.name
    return f'''"""{info.name}: {title}.

Generated by rnncc {version()} from {origin}. Edit the spec, not this file.

T time, N batch, sizes by name. A kernel works on rows [first, last) of the batch, in vectors of `width` units. Arrays end in whole
vectors: `v_seq` (T, N, units) holds v over time, or (T + 1, N, units) a carry before and after each step; `v_row` (N, units) holds
one step. `panel` is a packed weight, `tile` the sums of one of its groups for a few rows.
"""'''


def _imports(body: str) -> str:
    """Of `_RUNTIME`, the names that `body` mentions."""
    words = set(re.findall(r"[A-Za-z_0-9]+", body))
    lines = ["import numpy as np", ""] if "np." in body else []
    for module, names in _RUNTIME.items():
        used = sorted(words.intersection(names))
        lines += wrapped(f"from rnncc.runtime.{module} import (", used, ")") if len(used) > 8 else []
        lines += [f"from rnncc.runtime.{module} import {', '.join(used)}"] if 0 < len(used) <= 8 else []
    return "\n".join(lines)


def _description(info: CellInfo) -> str:
    return f"CELL = {_literal(info, '')}"


def _literal(value: Any, indent: str) -> str:
    """A dataclass, a tuple or a dict of plain values as an expression, one item a line; defaults are left out."""
    inner = indent + "    "
    if hasattr(value, "__dataclass_fields__"):
        items = [
            f"{f.name}={_literal(getattr(value, f.name), inner)}" for f in fields(value) if not _is_default(f, getattr(value, f.name))
        ]
        if len(indent) > 0:
            return f"{type(value).__name__}({', '.join(items)})"
        return "\n".join([f"{type(value).__name__}(", *(f"{inner}{i}," for i in items), f"{indent})"])
    if isinstance(value, tuple) and any(hasattr(v, "__dataclass_fields__") for v in value):
        return "\n".join(["(", *(f"{inner}{_literal(v, inner)}," for v in value), f"{indent})"])
    return repr(dict(value)) if hasattr(value, "items") else repr(value)


def _is_default(field: Any, value: Any) -> bool:
    return bool(value == field.default or (callable(field.default_factory) and value == field.default_factory()))


def _blocks(drivers: list[Driver]) -> list[str]:
    """How many unit blocks make a group, a constant for each phase with products."""
    lines = [
        f"{name} = group_blocks({', '.join(map(str, sums))})" for d in drivers for k in d.kernels for name, sums in k.blocks.items()
    ]
    return ["\n".join(lines)] if lines else []


def _footer(info: CellInfo) -> str:
    return f"{info.name} = layer_class(CELL, inference, forward, backward, trace)\n"
