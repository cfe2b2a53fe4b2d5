"""The parameters of one kernel, collected while it is written: each array, size and constant that its text mentions."""

from dataclasses import replace

from rnncc.emit.cpu.layout import STRETCH, Layout, Slot
from rnncc.ir import Carry, length_text
from rnncc.schedule import Panel

STRETCHES = "stretches"
"""The parameter that says which stretch of time each step belongs to."""


class Names:
    """Parameters of a kernel, in the order of first use.

    Parameters
    ----------
    layout
        Where values lie.
    in_loop
        The kernel is the time loop, and updates carries; else its time steps are independent.
    """

    def __init__(self, layout: Layout, in_loop: bool) -> None:
        self.layout, self.in_loop = layout, in_loop
        self.carries: tuple[Carry, ...] = layout.plan.carries if in_loop else ()
        self.parameters: dict[str, str] = {}
        """Parameter -> the value (or packed panel) that it is."""
        self.panels: dict[str, tuple[Panel, str]] = {}
        """Panel parameter -> its products and the name of its group's block count."""

    def note(self, parameter: str, value: str | None = None) -> str:
        """`parameter`, which is `value`, now among the parameters."""
        self.parameters.setdefault(parameter, value or parameter)
        return parameter

    def slot(self, value: str) -> Slot:
        """Where `value` lies, its array noted. Outside the loop every sequence is read step by step."""
        place = self.layout.slot[value]
        if not self.in_loop and place.index in ("before", "after"):
            place = replace(place, array=f"{place.index}_{place.array}" if place.part else f"{value}_seq", index="time")
        self.note(place.array, value)
        if place.index == STRETCH:
            self.note(STRETCHES)
        return place

    def size(self, axis: str) -> str:
        """The number of units of an axis, its size names noted."""
        return length_text(axis, self.note)

    def panel(self, name: str, panel: Panel, blocks: str) -> str:
        """The packed weight of `panel`, noted."""
        self.panels[name] = (panel, blocks)
        return self.note(name)

    def model(self, value: str = "") -> str:
        """An array of the kernel's dtype: where it has none yet, that of `value`."""
        narrow = {place.array for place in self.layout.slot.values() if place.narrow}
        known = next((p for p in self.parameters if p.endswith(("_seq", "_row")) and p not in narrow), None)
        return known or self.slot(value).array
