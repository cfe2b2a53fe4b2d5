"""A driver: the Python function that packs weights, allocates on the device, launches the kernels of one sweep and sums over time."""

from dataclasses import replace
from typing import ClassVar

from rnncc.emit.cpu.arrays import AGAINST, Arrays
from rnncc.emit.cpu.driver import Driver, factors
from rnncc.emit.cpu.host import extent, extents
from rnncc.emit.cpu.kernel import Kernel
from rnncc.emit.cpu.text import wrapped
from rnncc.emit.cuda.arrays import DeviceArrays
from rnncc.emit.cuda.beside import Run, ordered, panels, runs, summed_together
from rnncc.emit.cuda.layout import DeviceLayout
from rnncc.emit.cuda.loop import LoopKernel
from rnncc.emit.cuda.scan import ChunkKernel, MapKernel
from rnncc.emit.cuda.sequence import SequenceKernel
from rnncc.emit.cuda.unit import UnitKernel
from rnncc.ir import Contract
from rnncc.schedule import Accumulator, Compute, Panel, Phase, Total, is_elementwise
from rnncc.structure import step_map


class DeviceDriver(Driver):
    """Writes `def <name>(sweep, env)` and the kernels it launches; parameters as of `Driver`."""

    arrays_of: ClassVar[type[Arrays]] = DeviceArrays
    arrays: DeviceArrays
    layout: DeviceLayout
    scans = False
    """Its time loop may run as a scan."""

    def _whole_sequence(self, region: str, phases: tuple[Phase, ...]) -> None:
        """Products are made by a library, of all steps at once; a kernel goes on from there to the next of them."""
        for piece in _pieces(phases):
            for panel in panels(piece[:1]):
                self._products(panel)
            rest = tuple(phase for phase in piece if not _is_done(phase))
            if rest:
                part = self._numbered(region)
                self._launch("run_rows(", part, SequenceKernel(f"{self.name}_{part}", self.layout, rest, in_loop=False), [])

    def _loop(self, phases: tuple[Phase, ...]) -> None:
        if not phases:
            return
        against = AGAINST[self.plan.reverse]
        if is_elementwise(self.plan):
            self._units(phases, against)
            return
        loop = LoopKernel(f"{self.name}_loop", self.layout, phases, in_loop=True)
        panels = ", ".join(f"loop_{panel}" for panel in loop.names.panels)
        self._launch("run_loop(", "loop", loop, [against, str(loop.tiles), f"[{panels}]"])

    def _units(self, phases: tuple[Phase, ...], against: str) -> None:
        """A thread a unit; where steps compose, as many as chunks of steps are worth."""
        (phase,) = (p for p in phases if isinstance(p, Compute))
        over, name = [against, extent(phase.size)], f"{self.name}_loop"
        found = step_map(phase.nodes, self.plan.carries, self.program.types)
        if found is None:
            self._launch("run_units(", "loop", UnitKernel(name, self.layout, phases, in_loop=True), over)
            return
        self.scans = True
        maps = MapKernel(f"{self.name}_maps", self.layout, phases, found)
        self._launch("maps = composed(", "maps", maps, [*over, str(found.numbers)])
        self._launch("run_chunks(", "loop", ChunkKernel(name, self.layout, phases, found), [*over, "maps"])

    def _launch(self, runner: str, part: str, kernel: Kernel, how: list[str]) -> None:
        self.kernels.append(kernel)
        arguments = [self._argument(part, kernel, p, v, flat=False) for p, v in kernel.names.parameters.items()]
        self.text.extend(wrapped(runner, [kernel.name, "sweep", *how, *arguments], ")"))

    def _over_time(self, kernel: Kernel, parameter: str, value: str, *, flat: bool) -> str:
        """Kernels are given values that lie side by side in one array."""
        place = self.layout.slot[value]
        if place.part and not kernel.in_loop:
            return self.arrays.over_time(value, place.array)
        return super()._over_time(kernel, parameter, value, flat=flat)

    def _products(self, panel: Panel) -> None:
        """The sums of whole sequences: those that lie side by side by one product for each run of operands."""
        panel = ordered(self.layout.slot, panel)
        operands = f"[{', '.join(self.arrays.of_run(run) for run in runs(self.layout.slot, panel.operands))}]"
        together: dict[str, list[Accumulator]] = {}
        for a in panel.accumulators:
            together.setdefault(self.layout.slot[a.value].array, []).append(a)
        for array, sums in together.items():
            weights = ", ".join(self._weights(replace(panel, accumulators=tuple(sums)))[0])
            alone = "" if len(sums) > 1 else "[:, :, 0]"
            self.text.extend(wrapped(f"{array} = whole_products(", ["sweep", "env", f"[{weights}]", operands], f"){alone}"))
            self.arrays.take(array, alone=len(sums) == 1)
            if self.layout.multiplied(sums[0].value):
                self.text(f"{array} = stream_from(sweep, {array})")

    def _totals(self) -> None:
        """Sums over time of streams that lie side by side by one product, or sum, of all of them; then the others."""
        found = list(summed_together(self.plan, self.layout.slot, apart=self.block_counts))
        for run, totals in found:
            self._sums_of(run, totals)
        done = {t.name for _, totals in found for t in totals}
        for t in self.plan.totals:
            if t.name not in done:
                self.text(f"{t.name} = {self._total(t)}")

    def _sums_of(self, run: Run, totals: tuple[Total, ...]) -> None:
        arguments = ["sweep", self.arrays.of_run(run) + extents(self.program, run.operands[0])]
        if isinstance(totals[0], Contract):
            met = factors(totals[0])[1]
            arguments.append(self.arrays.whole(met) + extents(self.program, met))
        arguments.append(f"so_far=[{', '.join(self._so_far(t.name) for t in totals)}]")
        name = "outers" if isinstance(totals[0], Contract) else "column_sums"
        self.text.extend(wrapped(f"{', '.join(t.name for t in totals)} = {name}(", arguments, ")"))


def _is_done(phase: Phase) -> bool:
    """Whether nothing is left to be done once products are made."""
    return isinstance(phase, Compute) and not phase.values


def _pieces(phases: tuple[Phase, ...]) -> list[tuple[Phase, ...]]:
    """Phases, cut before each product."""
    found: list[tuple[Phase, ...]] = []
    for phase in phases:
        if found and not panels((phase,)):
            found[-1] = (*found[-1], phase)
        else:
            found.append((phase,))
    return found
