"""The time loop of a step with products, which the blocks of a device go through together.

A block takes some rows of the batch and, where several blocks share these, some of the units. Products leave their sums in a tile in
shared memory, from which each thread takes the numbers of its row and unit. What has no product takes a row a warp, or, where each
unit is computed by itself, the rows and units of a tile as well.
"""

from collections import Counter

from rnncc.emit.cuda.beside import Run, ordered, runs
from rnncc.emit.cuda.kernel import DeviceKernel, named, panel_names
from rnncc.ir import units
from rnncc.schedule import Compute, Panel, Phase


class LoopKernel(DeviceKernel):
    """The time loop: products of a step, and what follows from them."""

    def _write(self) -> None:
        self.tiles = max((sum(map(_many, p.panels)) for p in self.phases if isinstance(p, Compute)), default=0)
        """Accumulators of the widest phase: tiles for so many lie in shared memory."""
        self._in_groups: list[tuple[int, Compute]] = []
        super()._write()

    def _head(self) -> list[str]:
        return ["meet", "owners", "rows", "live", "against", *(named("keep", panel) for panel in self.names.panels)]

    def _role(self) -> str:
        return "Every step of a block's rows and units"

    def _prelude(self) -> None:
        text = self.text
        text("thread, warp, lane = threads()")
        text("first, last, own = part_of(rows, owners)")
        if not self.tiles:
            return
        text(f"space = shared_memory({self.names.model()})")
        text(f"free = {self.tiles} * TILE")
        for number, phase in self._in_groups:
            text(f"low_{number}, high_{number} = share(groups({self.names.size(phase.size)}, UNITS), own, owners)")
            self._kept(number, phase)
        text("meeting = begin()")

    def _kept(self, number: int, phase: Compute) -> None:
        """Tiles and weights of a phase: the same tiles serve every phase, weights lie one behind the other."""
        tile = 0
        for name, panel in zip(panel_names(number, phase), phase.panels, strict=True):
            start = f"{tile} * TILE " if tile else ""
            self.text(f"{named('tile', name)} = space[{start}: {tile + _many(panel)} * TILE]")
            self.text(f"{named('weights', name)}, free = resident(space, free, {name}, low_{number}, {named('keep', name)})")
            tile += _many(panel)

    def _segment(self, run: tuple[Phase, ...]) -> None:
        self._row_values = {}
        self.text()
        alone = [phase for phase in run if isinstance(phase, Compute) and _is_pointwise(phase)]
        if self.tiles and len(alone) == len(run):
            for phase in alone:
                self._title(phase)
                self._tiled(self._numbers[id(phase)], phase)
        else:
            with self.text.block("for row in range(first + own * WARPS + warp, end, owners * WARPS):"):
                self._row_phases(run)
        if self.tiles:
            self.text("meeting = barrier(meet, owners, meeting)")

    def _tiled(self, number: int, phase: Compute) -> None:
        """A group of units, a few rows of it at a time: its weights are read by all of them. A thread takes a row and unit."""
        text, names = self.text, panel_names(number, phase)
        size = self.names.size(phase.size)
        self._in_groups.append((number, phase))
        panels = tuple(ordered(self.names.layout.slot, panel) for panel in phase.panels)
        for name, panel in zip(names, panels, strict=True):
            self.names.panel(name, panel, "UNITS")
        with text.block(f"for group in range(low_{number}, high_{number}):"), text.block("for top in range(first, end, ROWS):"):
            for name, panel in zip(names, panels, strict=True):
                self._product(name, panel, "UNITS", size)
            with text.block("for item in range(thread, ROWS * UNITS, THREADS):"):
                text("row, unit = top + item // UNITS, group * UNITS + item % UNITS")
                with text.block(f"if row < end and unit < {size}:"):
                    body = self.body(self.names, phase, {})
                    lines = body.write(_totals(names, phase.panels)).lines
                    self._own([*body.before.lines, *lines])

    def _own(self, lines: list[str]) -> None:
        """The `lines` of a row and unit: where a step lies in an array is computed among them, not ahead of products."""
        for slot in ("time", "before", "after"):
            if any(f"[{slot}, " in line for line in lines):
                self.text(f"{slot}_here = anew({slot})")
                lines = [line.replace(f"[{slot}, ", f"[{slot}_here, ") for line in lines]
        self.text.extend(lines)

    def _product(self, name: str, panel: Panel, group: str, size: str) -> None:
        """The sums of a group of units; with block-diagonal weights they read the units of the blocks they meet."""
        sums, tile, done, before = named("sums", name), named("tile", name), 0, Counter[str]()
        self.text(f"{sums} = new_sums({_many(panel)}, {tile})")
        in_blocks = {o for o, blocks in zip(panel.operands, panel.blocks, strict=True) if blocks > 1}
        for run in runs(self.names.layout.slot, panel.operands, apart=in_blocks):
            columns, blocks = self.names.size(units(self.program.types[run.operands[0]])[0]), panel.blocks[done]
            if blocks > 1:
                self.text(f"start, stop = met_columns(group, {group}, {blocks}, {size}, {columns})")
            place, own = self.names.slot(run.operands[0]), Counter({columns: run.first})
            column = _depth(Counter({c: before[c] - own[c] for c in (*before, *own)}))
            read = _columns(run, columns, blocks > 1)
            self.text(f"{sums} = multiply({sums}, {named('weights', name)}, group, {column}, {place.indexed()}, {read}, top, end)")
            before[columns] += run.parts
            done += run.parts
        self.text(f"collect({tile}, {sums})")


def _is_pointwise(phase: Compute) -> bool:
    """Whether each unit of each row is computed by itself, products apart."""
    return bool(phase.size) and not phase.reductions and not phase.lines and all(units(n.type) for n in phase.nodes)


def _columns(run: Run, columns: str, in_blocks: bool) -> str:
    """The first column that is read of the array of a run, and the one after the last."""
    if in_blocks and not run.first:
        return "start, stop"
    if not run.place.part:
        return f"0, {columns}"
    first, end = (_depth(Counter({columns: part})) for part in (run.first, run.first + run.parts))
    return f"{first} + start, {first} + stop" if in_blocks else f"{first}, {end}"


def _depth(counts: Counter[str]) -> str:
    """The columns that so many operands of each size take."""
    each = (f"{many} * depth_of({size})" if many != 1 else f"depth_of({size})" for size, many in counts.items() if many)
    return " + ".join(each) or "0"


def _many(panel: Panel) -> int:
    return len(panel.accumulators)


def _totals(names: list[str], panels: tuple[Panel, ...]) -> dict[str, str]:
    """Accumulator -> how the tile is read."""
    return {
        a.value: f"total({named('tile', name)}, {_many(panel)}, {k}, item)"
        for name, panel in zip(names, panels, strict=True)
        for k, a in enumerate(panel.accumulators)
    }
