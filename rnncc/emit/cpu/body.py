"""The pointwise program of one phase: for one row and one vector of units, or for one row alone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from rnncc.emit.cpu.expression import expression
from rnncc.emit.cpu.layout import STRETCH, Layout, Slot
from rnncc.emit.cpu.names import Names
from rnncc.emit.cpu.text import Text
from rnncc.ir import Axes, Carry, Pointwise, Reduce, units
from rnncc.schedule import Compute


class Body:
    """Writes the body of a phase's loops.

    Parameters
    ----------
    names
        The parameters of the kernel.
    phase
        What is written.
    row_values
        Values of one number a row that are in registers, by name, and how they are read; those that this phase makes are added.
    """

    negation: ClassVar[str] = "~"
    """What stands before a condition that must not hold."""

    def __init__(self, names: Names, phase: Compute, row_values: dict[str, str]) -> None:
        self.names, self.phase, self.row_values = names, phase, row_values
        self.layout: Layout = names.layout
        self.types = names.layout.program.types
        self.known: dict[str, str] = {}
        self.text = Text()
        self.before = Text()
        """What a row needs before its loop over units."""
        self.line_before = Text()
        """What a line of a matrix needs before its loop over units."""
        self.late: list[str] = []

    def write(self, sums: Mapping[str, str]) -> Text:
        """The lines of the body; `sums` says how the products are read."""
        uses = Counter(o for n in self.phase.nodes for o in n.operands)
        for value, source in sums.items():
            self._sum(value, source, once=uses[value] == 1)
        for n in self.phase.nodes:
            self._node(n)
        for r in self.phase.reductions:
            self._reduce(r)
        self.text.lines += self.late
        return self.text

    def _sum(self, value: str, source: str, once: bool) -> None:
        """An accumulator that is read once is read where it is used."""
        if once and value not in self.layout.slot and not self._carries(value):
            self.known[value] = source
            return
        self.text(f"{value} = {source}")
        self.known[value] = value
        self._keep(value)

    def _node(self, n: Pointwise) -> None:
        for o in n.operands:
            self._fetch(o)
        source = expression(n.expr, lambda name: self.known[name], negation=self.negation)
        if all(self.types.get(o) == () for o in n.operands):
            source = self.spread(n.name, source)
        self.text(f"{n.name} = {source}")
        self.known[n.name] = n.name
        if not units(n.type):
            self.row_values[n.name] = n.name
        self._keep(n.name)

    def _reduce(self, r: Reduce) -> None:
        """Over the units lane by lane; lanes beyond the last count as nothing. Over the lines of a matrix in place."""
        self._fetch(r.a)
        if over_lines(r, self.phase):
            place, value = self.names.slot(r.name), self.known[r.a]
            self.text(self.put(combined(r, self._loaded(place, "row", "unit"), value), place, "row", "unit"))
            return
        self.text(f"{r.name} = {combined(r, r.name, self._counting(r))}")

    def _fetch(self, value: str) -> None:
        """Load what this body has not computed: values of the sequence once into a variable, parameters where they are used."""
        if value in self.known:
            return
        if value in self.row_values:
            self.known[value] = self.row_values[value]
            return
        axes = self.types[value]
        if "T" in axes:
            self.known[value] = value
            self._load(value)
            return
        self.names.note(value)
        if axes == ():
            self.known[value] = value
        else:
            self.known[value] = self._loaded(Slot(value, ""), *(["row"] if axes[0] == "N" else []), *self._places(axes))

    def _load(self, value: str) -> None:
        place, axes = self.names.slot(value), self.types[value]
        if units(axes):
            inner = self.phase.size in axes
            write = self.text if inner else self.line_before
            write(f"{value} = {self._loaded(place, 'row', *self._places(axes))}")
            return
        self.before(f"{value} = {self._loaded(place, 'row')}")
        self.row_values[value] = value

    def _places(self, axes: Axes) -> list[str]:
        """The indices of a value's unit axes."""
        return [index for axis, index in ((self.phase.lines, "line"), (self.phase.size, "unit")) if axis and axis in axes]

    def _carries(self, value: str) -> bool:
        return any(c.next == value for c in self.names.carries)

    def _keep(self, value: str) -> None:
        """Store a value that is read elsewhere. Carries updated in place are stored last: their former value may still be read."""
        layout = self.layout
        if value in layout.slot:
            self.text(self.stored(value, self.names.slot(value)))
        for c in self.names.carries:
            if c.next == value:
                self.late += self._handed_on(c)

    def _handed_on(self, c: Carry) -> list[str]:
        """The lines after which the next step finds what `c` is then."""
        place, layout = self.layout.slot[c.prev], self.layout
        following = replace(place, index="after" if c.prev in layout.trajectories else "")
        if following.index and layout.slot.get(c.next) == following:
            return []
        self.names.note(place.array, c.prev)
        return [self.stored(c.next, following)]

    def stored(self, value: str, place: Slot) -> str:
        """The line that writes `value` to `place`, or adds it to what is there."""
        if place.index == STRETCH:
            return f"add_at({value}, {place.at('row', 'unit')})"
        if units(self.types.get(value, ("unit",))):
            return self.put(value, place, "row", *(["line"] if self.phase.lines else []), "unit")
        return f"{place.element()} = {self._alone(value)}"

    # -- what is written of vectors; `emit/cuda/body.py` says it of numbers

    def _loaded(self, place: Slot, *indices: str) -> str:
        """What lies there: a vector of units, or the same number in every lane."""
        return f"{'load' if 'unit' in indices else 'splat_at'}({place.at(*indices)})"

    def put(self, value: str, place: Slot, *indices: str) -> str:
        """The line that writes a vector of units."""
        return f"store({value}, {place.at(*indices)})"

    def spread(self, name: str, source: str) -> str:
        """A number in every lane."""
        return f"fill({self.names.model(name)}, {source})"

    def _counting(self, r: Reduce) -> str:
        """What is reduced, with nothing in the lanes beyond the last unit."""
        return f"first_lanes({self.known[r.a]}, {self.names.size(units(self.types[r.a])[-1])} - unit, {neutral(r)})"

    def _alone(self, value: str) -> str:
        """The number that every lane holds."""
        return f"sum_lanes({value}, 1)"


def over_lines(r: Reduce, phase: Compute) -> bool:
    """Whether `r` reduces matrices over their first axis."""
    return bool(phase.lines) and phase.lines not in r.type


def combined(r: Reduce, so_far: str, value: str) -> str:
    """One value more in a sum or a maximum."""
    return f"{so_far} + {value}" if r.op == "sum" else f"Max({so_far}, {value})"


def neutral(r: Reduce) -> str:
    """What changes nothing in a sum or a maximum."""
    return "0.0" if r.op == "sum" else "-np.inf"
