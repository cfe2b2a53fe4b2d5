"""What kernels for a device have in common: rows a warp each, units over its lanes, reductions over the warp."""

from abc import abstractmethod
from typing import ClassVar

from rnncc.emit.cpu.body import Body, neutral, over_lines
from rnncc.emit.cpu.kernel import Kernel
from rnncc.emit.cpu.text import Text, wrapped
from rnncc.emit.cuda.body import ThreadBody
from rnncc.ir import Reduce
from rnncc.schedule import Compute, Phase


class DeviceKernel(Kernel):
    """Writes one kernel; parameters as of `Kernel`."""

    body: ClassVar[type[Body]] = ThreadBody
    every: ClassVar[str] = "range(lane, {}, LANES)"

    def _write(self) -> None:
        self._numbers = {id(phase): k for k, phase in enumerate(self.phases, 1)}
        self._loops()
        loops, self.text = self.text.lines, Text()
        self.text("@kernel")
        self.text.extend(wrapped(f"def {self.name}(", [*self._head(), *self.names.parameters], "):"))
        with self.text.indented():
            self.text(f'"""{self._role()}: {self._summary()}."""')
            self._prelude()
            self.text.extend(loops)

    @abstractmethod
    def _head(self) -> list[str]:
        """Parameters that every kernel of this kind has."""

    @abstractmethod
    def _role(self) -> str:
        """What is worked on, for the docstring."""

    # -- rows, a warp each

    def _row_phases(self, run: tuple[Phase, ...]) -> None:
        """Lanes wait for each other after each phase: the next one may read what others wrote."""
        for phase in run:
            self._title(phase)
            self._row_phase(phase, shared=False)
            self.text("sync_warp()")

    def _row_phase(self, phase: Phase, shared: bool) -> None:
        if not isinstance(phase, Compute) or phase.size:
            super()._row_phase(phase, shared)
            return
        body = self.body(self.names, phase, self._row_values)
        lines = body.write({}).lines
        now = len(lines) - len(body.late)
        self.text.extend([*body.before.lines, *lines[:now], *(["sync_warp()"] if body.late else []), *lines[now:]])

    def _over_units(self, phase: Compute, shared: bool) -> None:
        """Lane by lane; reductions gather in each lane, then over the warp."""
        size = self.names.size(phase.size)
        body = self.body(self.names, phase, self._row_values)
        lines = body.write(self._sums_at_hand(phase)).lines
        self.text.extend(body.before.lines)
        for r in phase.reductions:
            self.text(f"{r.name} = {_start(r)}")
        with self.text.block(f"for unit in {self.every.format(size)}:"):
            self.text.extend(lines)
        for r in phase.reductions:
            self._reduced(r, body)

    def _sums_at_hand(self, _phase: Compute) -> dict[str, str]:
        """Products of a phase that lie in memory already, and how they are read."""
        return {}

    def _over_lines(self, phase: Compute, shared: bool) -> None:
        """The matrix of one row, line after line."""
        size, lines = self.names.size(phase.size), self.names.size(phase.lines)
        body = self.body(self.names, phase, self._row_values)
        inner = body.write({}).lines
        self.text.extend(body.before.lines)
        for r in phase.reductions:
            if over_lines(r, phase):
                with self.text.block(f"for unit in {self.every.format(size)}:"):
                    self.text(f"{self.names.slot(r.name).element('unit')} = {_start(r)}")
        across = [r for r in phase.reductions if not over_lines(r, phase)]
        with self.text.block(f"for line in range({lines}):"):
            self.text.extend(body.line_before.lines)
            for r in across:
                self.text(f"{r.name} = {_start(r)}")
            with self.text.block(f"for unit in {self.every.format(size)}:"):
                self.text.extend(inner)
            for r in across:
                self.text(f"{self.names.slot(r.name).element('line')} = {_over_lanes(r)}")

    def _reduced(self, r: Reduce, body: Body) -> None:
        self.text(f"{r.name} = {_over_lanes(r)}")
        self._row_values[r.name] = r.name
        if r.name in self.names.layout.slot:
            self.text(body.stored(r.name, self.names.slot(r.name)))


def panel_names(number: int, phase: Compute) -> list[str]:
    """`panel_1`, and of further ones `panel_1_2`."""
    return [f"panel_{number}" if k == 1 else f"panel_{number}_{k}" for k in range(1, len(phase.panels) + 1)]


def named(kind: str, panel: str) -> str:
    """What belongs to a panel: `tile_1` of `panel_1`."""
    return panel.replace("panel", kind)


def _start(r: Reduce) -> str:
    return neutral(r).replace("np.inf", "INFINITY")


def _over_lanes(r: Reduce) -> str:
    return f"{'warp_sum' if r.op == 'sum' else 'warp_max'}({r.name})"
