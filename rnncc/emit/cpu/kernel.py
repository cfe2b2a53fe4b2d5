"""A kernel: the phases of one region over one thread's rows, shared by the team's threads."""

import re
from collections.abc import Mapping
from typing import ClassVar

from rnncc.emit.cpu.body import Body, neutral, over_lines
from rnncc.emit.cpu.layout import STRETCH, Layout, Slot, segments
from rnncc.emit.cpu.names import STRETCHES, Names
from rnncc.emit.cpu.repeats import Around, without_repeats
from rnncc.emit.cpu.text import Text, wrapped
from rnncc.ir import Concat, Reduce, Relabel, size_names, units
from rnncc.schedule import Compute, Move, Panel, Phase, described, is_apart


class Kernel:
    """Writes one kernel.

    Parameters
    ----------
    name
        Its name in the module.
    layout
        Where values lie.
    phases
        What it computes.
    in_loop
        It is the time loop, and updates carries; else its time steps are independent.
    """

    body: ClassVar[type[Body]] = Body
    vectors: ClassVar[str] = "range(0, {}, width)"
    """Units that a row's loop goes through."""
    every: ClassVar[str] = "range({})"
    """Units that a move goes through one by one."""

    def __init__(self, name: str, layout: Layout, phases: tuple[Phase, ...], in_loop: bool) -> None:
        self.name, self.phases, self.in_loop = name, phases, in_loop
        self.meets = in_loop and not is_apart(layout.plan)
        """Threads that share the units of a step wait for each other."""
        self.program = layout.program
        self.names = Names(layout, in_loop)
        self.blocks: dict[str, tuple[int, ...]] = {}
        """Constant of the module -> numbers of sums of the panels whose groups are made of so many blocks."""
        self._groups: dict[str, str] = {}
        """How many blocks make a group of a phase -> what says it."""
        self.text = Text()
        self.functions: list[str] = []
        """What it calls."""
        self._row_values: dict[str, str] = {}
        self._write()

    def _write(self) -> None:
        self._numbers = {id(phase): k for k, phase in enumerate(self.phases, 1)}
        self._loops()
        loops, self.text = self.text.lines, Text()
        self.text("@kernel")
        head = ["part", "posts", "bounds", *(["meet"] if self.in_loop else []), "live", "against", *self.names.parameters]
        self.text.extend(wrapped(f"def {self.name}(", head, "):"))
        with self.text.indented():
            self._prelude()
            self.text.extend(loops)
            self.text("dismiss(part, posts)")

    def _loops(self) -> None:
        """Time, then the phases of a step."""
        parts = []
        for run in segments(self.phases):
            self._segment(run)
            parts.append(self.text.lines)
            self.text = Text()
        step = self._together(parts)
        with self.text.block("for tick in range(len(live)):"):
            self.text("time = len(live) - 1 - tick if against else tick")
            self.text.extend(slots(step))
            self.text("end = least(last, live[time])")
            self.text.extend(step)

    def _prelude(self) -> None:
        self.text(f'"""One part of the rows, every step: {self._summary()}."""')
        self.text("enlist(part, posts)")
        self.text(f"first, last = {'rows_of(part, bounds, meet)' if self.in_loop else 'bounds[part], bounds[part + 1]'}")
        if self.in_loop:
            self.text("own, owners = units_of(part, bounds, meet)")
            self.text.extend(["meeting = 0"] * self.meets)
        self.text(f"width = lanes({self.names.model()})")
        self.text.extend(f"{name} = {made}" for name, made in self._groups.items())
        for parameter, (panel, blocks) in self.names.panels.items():
            self.text(f"{_tile(parameter)} = new_tile({parameter}, {len(panel.accumulators)} * {blocks})")

    def _summary(self) -> str:
        named = [n.name for p in self.phases if isinstance(p, Compute) for n in p.nodes if n.place]
        return ", ".join(named) if named else "the loop's products" if self.in_loop else "whole sequences"

    def _together(self, parts: list[list[str]]) -> list[str]:
        """The parts of a step; those that are repeated are functions, of which it keeps the text."""
        tiles = [_tile(parameter) for parameter in self.names.panels]
        shared = ["first", "last", "end", "own", "owners", "meet", "meeting", "width", "tick", "time", "before", "after", STRETCH]
        around = Around(self.name, shared, {*self.names.parameters, *tiles, *self._groups})
        meets = self.meets
        bodies = [lines[1:-1] if meets else lines[1:] for lines in parts]
        found, self.functions = without_repeats(bodies, around)
        return [line for whole, lines in zip(parts, found, strict=True) for line in ["", *lines, *(whole[-1:] if meets else [])]]

    # -- segments

    def _segment(self, run: tuple[Phase, ...]) -> None:
        """Threads that share the units of the same rows wait for each other after it, where units meet."""
        self._row_values = {}
        self.text()
        if isinstance(run[0], Compute) and run[0].panels:
            self._title(run[0])
            self._tiled(self._numbers[id(run[0])], run[0])
        elif self.in_loop and not all(map(_is_shared, run)):
            with self.text.block("if own == 0:"):
                self._rows(run, shared=False)
        else:
            self._rows(run, shared=self.in_loop)
        if self.meets:
            self.text("meeting = barrier(meet, owners, meeting)")

    def _rows(self, run: tuple[Phase, ...], shared: bool) -> None:
        with self.text.block("for row in range(first, end):"):
            for phase in run:
                self._title(phase)
                self._row_phase(phase, shared)

    def _title(self, phase: Phase) -> None:
        if not self.text.at_start:
            self.text()
        self.text(f"# phase {self._numbers[id(phase)]}: {phase.node.name if isinstance(phase, Move) else described(phase)}")

    def _row_phase(self, phase: Phase, shared: bool) -> None:
        match phase:
            case Move():
                self._move(phase)
            case Compute(size=""):
                body = self.body(self.names, phase, self._row_values)
                lines = body.write({}).lines
                self.text.extend([*body.before.lines, *lines])
            case Compute(lines=""):
                self._over_units(phase, shared)
            case Compute():
                self._over_lines(phase, shared)

    def _over_units(self, phase: Compute, shared: bool) -> None:
        """One row, vector after vector; reductions gather in the lanes of a vector until the row ends."""
        size = self.names.size(phase.size)
        body = self.body(self.names, phase, self._row_values)
        lines = body.write(self._sums_at_hand(phase)).lines
        self.text.extend(body.before.lines)
        for r in phase.reductions:
            self.text(f"{r.name} = {body.spread(r.name, self._neutral(r))}")
        if shared:
            self.text(f"low, high = share(groups({size}, width, 1), own, owners)")
        units_loop = "range(low * width, high * width, width)" if shared else self.vectors.format(size)
        with self.text.block(f"for unit in {units_loop}:"):
            self.text.extend(lines)
        for r in phase.reductions:
            self._reduced(r, body)

    def _sums_at_hand(self, _phase: Compute) -> Mapping[str, str]:
        """Products of a phase of rows, and how they are read: here such a phase has none."""
        return {}

    def _over_lines(self, phase: Compute, shared: bool) -> None:
        """The matrix of one row, line after line; reductions over the lines gather in their array, others in the lanes of a vector."""
        size, lines = self.names.size(phase.size), self.names.size(phase.lines)
        body = self.body(self.names, phase, self._row_values)
        inner = body.write({}).lines
        self.text.extend(body.before.lines)
        for r in phase.reductions:
            if over_lines(r, phase):
                with self.text.block(f"for unit in {self.vectors.format(size)}:"):
                    self.text(body.put(self._neutral(r), self.names.slot(r.name), "row", "unit"))
        if shared:
            self.text(f"low, high = share({lines}, own, owners)")
        across = [r for r in phase.reductions if not over_lines(r, phase)]
        with self.text.block(f"for line in range({'low, high' if shared else lines}):"):
            self.text.extend(body.line_before.lines)
            for r in across:
                self.text(f"{r.name} = {body.spread(r.name, self._neutral(r))}")
            with self.text.block(f"for unit in {self.vectors.format(size)}:"):
                self.text.extend(inner)
            for r in across:
                self.text(f"{self.names.slot(r.name).element('line')} = {self._over_lanes(r)}")

    def _reduced(self, r: Reduce, body: Body) -> None:
        self.text(f"{r.name} = {body.spread(r.name, self._over_lanes(r))}")
        self._row_values[r.name] = r.name
        if r.name in self.names.layout.slot:
            self.text(body.stored(r.name, self.names.slot(r.name)))

    def _neutral(self, r: Reduce) -> str:
        """What changes nothing in a sum or a maximum."""
        return neutral(r)

    def _over_lanes(self, r: Reduce) -> str:
        return f"{'sum_lanes' if r.op == 'sum' else 'max_lanes'}({r.name}, width)"

    def _tiled(self, number: int, phase: Compute) -> None:
        """Groups of unit blocks outside, so that a group's packed weight is read by every row while it is in cache.

        A step's rows stay in cache as well; those of a whole sequence are taken so many at a time.
        """
        text, size = self.text, self.names.size(phase.size)
        whole, blocks = f"{self.name.upper().strip('_')}_BLOCKS_{number}", f"blocks_{number}"
        self.blocks[whole] = tuple(len(p.accumulators) for p in phase.panels)
        names = [self.names.panel(_panel(number, k), p, blocks) for k, p in enumerate(phase.panels, 1)]
        self._groups[blocks] = f"blocks_of({whole}, {names[0]}, {'owners' if self.in_loop else 1})"
        if self.in_loop:
            text(f"low, high = share(groups({size}, width, {blocks}), own, owners)")
            with text.block("for turn in range(low, high):"):
                text("group = to_and_fro(turn, low, high, tick)")
                self._tiles(phase, names, blocks, "first", "end")
            return
        with text.block("for start in range(first, end, CACHED_ROWS):"):
            text("stop = least(start + CACHED_ROWS, end)")
            with text.block(f"for group in range(groups({size}, width, {blocks})):"):
                self._tiles(phase, names, blocks, "start", "stop")

    def _tiles(self, phase: Compute, names: list[str], blocks: str, first: str, end: str) -> None:
        """One group of unit blocks, tile after tile of rows."""
        text, size = self.text, self.names.size(phase.size)
        text(f"top = {first}")
        with text.block(f"while top < {end}:"):
            text(f"count = tile_rows({end} - top)")
            for name, panel in zip(names, phase.panels, strict=True):
                self._product(name, panel, f"{blocks} * width", size)
            with text.block(f"for block in range(least({blocks}, groups({size}, width, 1) - group * {blocks})):"):
                text(f"unit = (group * {blocks} + block) * width")
                for name, panel in zip(names, phase.panels, strict=True):
                    if len(panel.accumulators) > 1:
                        text(f"{_apart(name)} = lanes_apart({size} - unit, width, {len(panel.accumulators)})")
                with text.block("for row in range(top, top + count):"):
                    body = self.body(self.names, phase, {})
                    lines = body.write(_sums(names, phase.panels)).lines
                    text.extend([*body.before.lines, *lines])
            text("top += count")

    def _product(self, name: str, panel: Panel, group: str, size: str) -> None:
        """The sums of a group of `group` units of `size`; with block-diagonal weights they read the units of the blocks they meet."""
        operands, sizes = [], [self.names.size(units(self.program.types[o])[0]) for o in panel.operands]
        for operand, columns, blocks in zip(panel.operands, sizes, panel.blocks, strict=True):
            met = f", met_columns(group, {group}, {blocks}, {size}, {columns})" if blocks > 1 else ""
            operands.append(f"({self.names.slot(operand).at(columns)}{met})")
        filled = f"filled({size}, width, {len(panel.accumulators)})"
        self.text.extend(wrapped("product(", [_tile(name), name, filled, "group", "top", "count", *operands], ")"))

    # -- moves

    def _move(self, phase: Move) -> None:
        node, target = phase.node, self.names.slot(phase.node.name)
        if isinstance(node, Concat):
            self._joined(node, target)
            return
        if isinstance(node, Relabel):
            self._copied(target, "unit", self.names.slot(node.a), "unit", node.type[-1])
            return
        names = size_names(self.program.types[node.a][-1])
        start = " + ".join(self.names.size(s) for s in names[: node.part]) or "0"
        self._copied(target, "unit", self.names.slot(node.a), f"{start} + unit", node.type[-1])

    def _joined(self, node: Concat, target: Slot) -> None:
        start = "0"
        for part in node.parts:
            axis = units(self.program.types[part])[0]
            self._copied(target, f"{start} + unit", self.names.slot(part), "unit", axis)
            size = self.names.size(axis)
            start = size if start == "0" else f"{start} + {size}"

    def _copied(self, target: Slot, at: str, source: Slot, unit: str, axis: str) -> None:
        with self.text.block(f"for unit in {self.every.format(self.names.size(axis))}:"):
            self.text(f"{target.element(at)} = {source.element(unit)}")


def _is_shared(phase: Phase) -> bool:
    """Whether threads can each take some of the units, or lines: what has one value a row, or moves units, is done by one."""
    if not isinstance(phase, Compute) or not phase.size:
        return False
    return not any(over_lines(r, phase) or not phase.lines for r in phase.reductions)


def slots(lines: list[str]) -> list[str]:
    """Where a trajectory holds the values before and after a step, and which stretch it is of, as far as `lines` ask for it."""
    asked = {word for line in lines for word in re.findall(r"\w+", line)}
    told = {"before": "before = time + 1 if against else time", "after": "after = time if against else time + 1"}
    told[STRETCH] = f"{STRETCH} = {STRETCHES}[time]"
    return [line for word, line in told.items() if word in asked]


def _sums(names: list[str], panels: tuple[Panel, ...]) -> Mapping[str, str]:
    """Accumulator -> how the tile is read."""
    found = {}
    for name, panel in zip(names, panels, strict=True):
        many = len(panel.accumulators)
        for k, a in enumerate(panel.accumulators):
            lane = "0" if k == 0 else _apart(name) if k == 1 else f"{k} * {_apart(name)}"
            found[a.value] = f"load({_tile(name)}, row - top, {'block' if many == 1 else f'block * {many}'}, {lane})"
    return found


def _panel(number: int, k: int) -> str:
    return f"panel_{number}" if k == 1 else f"panel_{number}_{k}"


def _tile(panel: str) -> str:
    return panel.replace("panel", "tile")


def _apart(panel: str) -> str:
    """How many lanes lie between a sum and the next one of the same units."""
    return panel.replace("panel", "apart")
