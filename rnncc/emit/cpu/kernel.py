"""A kernel: the phases of one region over one thread's rows.

The kernel's parameters are collected while it is written: each array, size and constant that its text mentions.
"""

from collections import Counter
from collections.abc import Mapping

from rnncc.emit.cpu.expression import expression
from rnncc.emit.cpu.layout import Layout, Slot
from rnncc.emit.cpu.text import Text, wrapped
from rnncc.ir import Concat, Pointwise, size_names, units
from rnncc.schedule import Accumulator, Compute, Move, Panel, Phase, Reduction


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

    def __init__(self, name: str, layout: Layout, phases: tuple[Phase, ...], in_loop: bool) -> None:
        self.name, self.layout, self.phases, self.in_loop = name, layout, phases, in_loop
        self.program = layout.program
        self.parameters: dict[str, str] = {}
        """Parameter -> the value (or packed panel) that it is, in the order of first use."""
        self.panels: dict[str, tuple[Panel, str]] = {}
        """Panel parameter -> its products and the name of its group's block count."""
        self.blocks: dict[str, tuple[int, ...]] = {}
        """Block count constant -> numbers of sums of the panels it serves."""
        self.made = {v for phase in phases for v in _defined(phase)}
        self.carried = {c.next: c.prev for c in reversed(layout.plan.carries)} if in_loop else {}
        self.text = Text()
        self._write()

    # -- names and places

    def slot(self, value: str) -> Slot:
        """Where `value` lies, its array noted as a parameter. Outside the loop every sequence is read step by step."""
        place = self.layout.slot[value]
        if not self.in_loop and place.index in ("before", "after"):
            place = Slot(f"{value}_seq", "time")
        self.parameters.setdefault(place.array, value)
        return place

    def size(self, axis: str) -> str:
        """The number of units of an axis, its size names noted as parameters."""
        for name in size_names(axis):
            self.parameters.setdefault(name, name)
        return " + ".join(size_names(axis))

    # -- the loops

    def _write(self) -> None:
        body = Text()
        self.text = body
        for k, phase in enumerate(self.phases, 1):
            self._phase(k, phase)
        lines = body.lines
        self.text = Text()
        head = ["first", "last", "live", "against", *self.parameters]
        self.text("@kernel")
        for line in wrapped(f"def {self.name}(", head, "):"):
            self.text(line)
        self.text._depth = 1
        self._prelude()
        with self.text.block("for tick in range(len(live)):"):
            self.text("time = len(live) - 1 - tick if against else tick")
            if self.in_loop:
                self.text("before, after = (time + 1, time) if against else (time, time + 1)")
            self.text("end = min(last, live[time])")
            for line in lines:
                self.text(line)

    def _prelude(self) -> None:
        text = self.text
        text(f'"""Rows [first, last) of every step: {self._summary()}."""')
        model = next((p for p in self.parameters if p.endswith(("_seq", "_row"))), None)
        if model is not None:
            text(f"width = lanes({model})")
        for parameter, (panel, blocks) in self.panels.items():
            text(f"{_tile(parameter)} = new_tile({parameter}, {len(panel.accumulators)} * {blocks})")

    def _summary(self) -> str:
        named = [n.name for p in self.phases if isinstance(p, Compute) for n in p.nodes if self.program.node.get(n.name) and n.place]
        return ", ".join(named) if named else "the loop's products" if self.in_loop else "whole sequences"

    def _phase(self, number: int, phase: Phase) -> None:
        match phase:
            case Compute():
                self.text()
                self.text(f"# phase {number}: {f'units of {phase.size}' if phase.size else 'one value a row'}")
                self._compute(number, phase)
            case Reduction():
                self._reduction(number, phase)
            case Move():
                self._move(number, phase)

    def _compute(self, number: int, phase: Compute) -> None:
        body = _Body(self, phase)
        if not phase.size:
            with self.text.block("for row in range(first, end):"):
                body.write({})
        elif not phase.panels:
            with (
                self.text.block("for row in range(first, end):"),
                self.text.block(f"for unit in range(0, {self.size(phase.size)}, width):"),
            ):
                body.write({})
        else:
            self._tiled(number, phase, body)

    def _tiled(self, number: int, phase: Compute, body: "_Body") -> None:
        """Groups of unit blocks outside, so that a group's packed weight is read by every row while it is in cache."""
        text, size = self.text, self.size(phase.size)
        blocks = f"{self.name.upper().strip('_')}_BLOCKS_{number}"
        self.blocks[blocks] = tuple(len(p.accumulators) for p in phase.panels)
        names = [self._panel(number, k, p, blocks) for k, p in enumerate(phase.panels, 1)]
        with text.block(f"for group in range(groups({size}, width, {blocks})):"):
            text("top = first")
            with text.block("while top < end:"):
                text("count = tile_rows(end - top)")
                for name, panel in zip(names, phase.panels, strict=True):
                    self._product(name, panel)
                with text.block(f"for block in range(min({blocks}, groups({size}, width, 1) - group * {blocks})):"):
                    text(f"unit = (group * {blocks} + block) * width")
                    with text.block("for row in range(top, top + count):"):
                        body.write(self._sums(names, phase.panels))
                text("top += count")

    def _panel(self, number: int, k: int, panel: Panel, blocks: str) -> str:
        name = f"panel_{number}" if k == 1 else f"panel_{number}_{k}"
        self.parameters[name] = name
        self.panels[name] = (panel, blocks)
        return name

    def _product(self, name: str, panel: Panel) -> None:
        operands = [f"({self.slot(o).at(self.size(units(self.program.types[o])[0]))})" for o in panel.operands]
        self.text(f"product({_tile(name)}, {name}, group, top, count, {', '.join(operands)})")

    def _sums(self, names: list[str], panels: tuple[Panel, ...]) -> Mapping[str, str]:
        """Accumulator -> how the tile is read."""
        found = {}
        for name, panel in zip(names, panels, strict=True):
            many = len(panel.accumulators)
            for k, a in enumerate(panel.accumulators):
                at = "block" if many == 1 else f"block * {many} + {k}" if k else f"block * {many}"
                found[a.value] = f"load({_tile(name)}, row - top, {at}, 0)"
        return found

    # -- what is no pointwise work

    def _reduction(self, number: int, phase: Reduction) -> None:
        node, text = phase.node, self.text
        axes = units(self.program.types[node.a])
        size, source, target = self.size(axes[0]), self.slot(node.a), self.slot(node.name)
        start, join, lanes = ("0.0", "{} + {}", "sum_lanes") if node.op == "sum" else ("-np.inf", "Max({}, {})", "max_lanes")
        text()
        text(f"# phase {number}: {node.op} over units of {axes[0]}")
        with text.block("for row in range(first, end):"):
            text(f"many = fill({source.array}, {start})")
            text(f"whole = ({size}) // width * width")
            with text.block("for unit in range(0, whole, width):"):
                text("many = " + join.format("many", f"load({source.at('row', 'unit')})"))
            text(f"one = {lanes}(many, width)")
            with text.block(f"if whole < {size}:"):
                rest = f"{lanes}(load({source.at('row', 'whole')}), {size} - whole)"
                text(f"one = one + {rest}" if node.op == "sum" else f"one = max(one, {rest})")
            text(f"{_element(target)} = one")

    def _move(self, number: int, phase: Move) -> None:
        node, text = phase.node, self.text
        target = self.slot(node.name)
        text()
        text(f"# phase {number}: {node.name}")
        with text.block("for row in range(first, end):"):
            if isinstance(node, Concat):
                self._joined(node, target)
            else:
                names = size_names(self.program.types[node.a][-1])
                start = " + ".join(self.size(s) for s in names[: node.part]) or "0"
                source = self.slot(node.a)
                with text.block(f"for unit in range({self.size(node.type[-1])}):"):
                    text(f"{_element(target, 'unit')} = {_element(source, f'{start} + unit')}")

    def _joined(self, node: Concat, target: Slot) -> None:
        start = "0"
        for part in node.parts:
            size = self.size(units(self.program.types[part])[0])
            with self.text.block(f"for unit in range({size}):"):
                self.text(f"{_element(target, f'{start} + unit')} = {_element(self.slot(part), 'unit')}")
            start = size if start == "0" else f"{start} + {size}"


class _Body:
    """The pointwise program of one phase, for one row and one vector of units."""

    def __init__(self, kernel: Kernel, phase: Compute) -> None:
        self.kernel, self.phase = kernel, phase
        self.program = kernel.program
        self.types = self.program.types
        own = [a for p in phase.panels for a in p.accumulators]
        self.accumulators: dict[str, Accumulator] = {a.value: a for a in own}
        self.uses = Counter(o for n in phase.nodes for o in n.operands)
        self.known: dict[str, str] = {}
        self.late: list[str] = []

    def write(self, sums: Mapping[str, str]) -> None:
        self.known, self.late = {}, []
        for value, source in sums.items():
            self._sum(value, source)
        for n in self.phase.nodes:
            self._node(n)
        for line in self.late:
            self.kernel.text(line)

    def _sum(self, value: str, source: str) -> None:
        """An accumulator that is read once is read where it is used."""
        stored = value in self.kernel.layout.slot or value in self.kernel.carried
        if stored or self.uses[value] > 1:
            self.kernel.text(f"{value} = {source}")
            self.known[value] = value
            self._keep(value)
        else:
            self.known[value] = source

    def _node(self, n: Pointwise) -> None:
        for o in n.operands:
            self._fetch(o)
        source = expression(n.expr, lambda name: self.known[name])
        if not any(self._is_vector(o) for o in n.operands):
            source = f"fill({self._model()}, {source})"
        self.kernel.text(f"{n.name} = {source}")
        self.known[n.name] = n.name
        self._keep(n.name)

    def _is_vector(self, value: str) -> bool:
        return self.types[value] != () if value in self.types else True

    def _model(self) -> str:
        return next(p for p in self.kernel.parameters if p.endswith(("_seq", "_row")))

    def _fetch(self, value: str) -> None:
        """Load what this body has not computed: values of the sequence once into a variable, parameters where they are used."""
        if value in self.known:
            return
        axes, kernel = self.types[value], self.kernel
        if "T" in axes:
            place = kernel.slot(value)
            load = f"load({place.at('row', 'unit')})" if units(axes) else f"splat_at({place.at('row')})"
            kernel.text(f"{value} = {load}")
            self.known[value] = value
            return
        kernel.parameters.setdefault(value, value)
        if axes == ():
            self.known[value] = value
        elif axes[0] == "N":
            self.known[value] = f"load({value}, row, unit)" if units(axes) else f"splat_at({value}, row)"
        else:
            self.known[value] = f"load({value}, unit)"

    def _keep(self, value: str) -> None:
        """Store a value that is read elsewhere. Carries updated in place are stored last: their former value may still be read."""
        kernel, layout = self.kernel, self.kernel.layout
        if value in layout.slot:
            kernel.text(self._stored(value, kernel.slot(value)))
        for c in layout.plan.carries if kernel.in_loop else ():
            place = layout.slot[c.prev]
            if c.next != value or layout.slot.get(value) == Slot(place.array, "after"):
                continue
            kernel.parameters.setdefault(place.array, c.prev)
            self.late.append(self._stored(value, Slot(place.array, "after" if c.prev in layout.trajectories else "")))

    def _stored(self, value: str, place: Slot) -> str:
        if units(self.types.get(value, ("unit",))):
            return f"store({value}, {place.at('row', 'unit')})"
        return f"{_element(place)} = sum_lanes({value}, 1)"


def _defined(phase: Phase) -> list[str]:
    if isinstance(phase, Compute):
        return [a.value for p in phase.panels for a in p.accumulators] + [n.name for n in phase.nodes]
    return [phase.node.name]


def _tile(panel: str) -> str:
    return panel.replace("panel", "tile")


def _element(place: Slot, *unit: str) -> str:
    return f"{place.array}[{', '.join(x for x in (place.index, 'row', *unit) if x)}]"
