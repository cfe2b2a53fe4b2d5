"""A driver: the Python function that packs weights, allocates on the device, launches the kernels of one sweep and sums over time."""

from typing import ClassVar

from rnncc.emit.cpu.arrays import AGAINST, Arrays
from rnncc.emit.cpu.driver import Driver
from rnncc.emit.cpu.host import extent
from rnncc.emit.cpu.kernel import Kernel
from rnncc.emit.cpu.text import wrapped
from rnncc.emit.cuda.arrays import DeviceArrays
from rnncc.emit.cuda.loop import LoopKernel
from rnncc.emit.cuda.scan import ChunkKernel, MapKernel
from rnncc.emit.cuda.sequence import SequenceKernel
from rnncc.emit.cuda.unit import UnitKernel
from rnncc.schedule import Compute, Panel, Phase, is_elementwise
from rnncc.structure import step_map


class DeviceDriver(Driver):
    """Writes `def <name>(sweep, env)` and the kernels it launches; parameters as of `Driver`."""

    arrays_of: ClassVar[type[Arrays]] = DeviceArrays
    arrays: DeviceArrays
    scans = False
    """Its time loop may run as a scan."""

    def _whole_sequence(self, part: str, phases: tuple[Phase, ...]) -> None:
        """Products are made by a library, of all steps at once; a kernel goes on from there to the next of them."""
        region = part.partition("_")[0]
        for piece in _pieces(phases):
            for panel in _panels(piece[0]):
                self._products(panel)
            rest = tuple(phase for phase in piece if not _is_done(phase))
            if rest:
                number = 1 + sum(k.name.startswith(f"{self.name}_{region}") for k in self.kernels)
                part = region if number == 1 else f"{region}_{number}"
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

    def _products(self, panel: Panel) -> None:
        """The sums of whole sequences, each an array of its own."""
        operands = ", ".join([self.arrays.whole(operand) for operand in panel.operands])
        made = [self.layout.slot[a.value].array for a in panel.accumulators]
        weights = ", ".join(self._weights(panel)[0])
        self.text.extend(wrapped(f"{_targets(made)} = whole_products(", ["sweep", "env", f"[{weights}]", f"[{operands}]"], ")"))
        for a, array in zip(panel.accumulators, made, strict=True):
            self.arrays.take(array)
            if self.arrays.multiplied(a.value):
                self.text(f"{array} = stream_from(sweep, {array})")


def _targets(names: list[str]) -> str:
    return f"[{names[0]}]" if len(names) == 1 else ", ".join(names)


def _panels(phase: Phase) -> tuple[Panel, ...]:
    return phase.panels if isinstance(phase, Compute) else ()


def _is_done(phase: Phase) -> bool:
    """Whether nothing is left to be done once products are made."""
    return isinstance(phase, Compute) and not phase.values


def _pieces(phases: tuple[Phase, ...]) -> list[tuple[Phase, ...]]:
    """Phases, cut before each product."""
    found: list[tuple[Phase, ...]] = []
    for phase in phases:
        if found and not _panels(phase):
            found[-1] = (*found[-1], phase)
        else:
            found.append((phase,))
    return found
