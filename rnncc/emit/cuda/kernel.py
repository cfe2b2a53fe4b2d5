"""What kernels for a device have in common: rows a warp each, units over its lanes, reductions over the warp."""

from abc import abstractmethod
from typing import ClassVar

from rnncc.emit.cpu.body import Body, neutral
from rnncc.emit.cpu.kernel import Kernel
from rnncc.emit.cpu.text import Text, wrapped
from rnncc.emit.cuda.body import ThreadBody
from rnncc.ir import Reduce
from rnncc.schedule import Compute, Phase


class DeviceKernel(Kernel):
    """Writes one kernel; parameters as of `Kernel`."""

    body: ClassVar[type[Body]] = ThreadBody
    vectors: ClassVar[str] = "range(lane, {}, LANES)"
    every: ClassVar[str] = vectors

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

    def _together(self, parts: list[list[str]]) -> list[str]:
        """A kernel for a device is one function, so that its values stay in registers."""
        return [line for lines in parts for line in lines]

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

    def _neutral(self, r: Reduce) -> str:
        return neutral(r).replace("np.inf", "INFINITY")

    def _over_lanes(self, r: Reduce) -> str:
        return f"{'warp_sum' if r.op == 'sum' else 'warp_max'}({r.name})"


def panel_names(number: int, phase: Compute) -> list[str]:
    """`panel_1`, and of further ones `panel_1_2`."""
    return [f"panel_{number}" if k == 1 else f"panel_{number}_{k}" for k in range(1, len(phase.panels) + 1)]


def named(kind: str, panel: str) -> str:
    """What belongs to a panel: `tile_1` of `panel_1`."""
    return panel.replace("panel", kind)
