"""A driver: the Python function that packs weights, allocates on the device, launches the kernels of one sweep and sums over time."""

from typing import ClassVar

from rnncc.emit.cpu.arrays import AGAINST, Arrays
from rnncc.emit.cpu.driver import Driver
from rnncc.emit.cpu.host import extent
from rnncc.emit.cpu.kernel import Kernel
from rnncc.emit.cpu.text import wrapped
from rnncc.emit.cuda.arrays import DeviceArrays
from rnncc.emit.cuda.loop import LoopKernel
from rnncc.emit.cuda.sequence import SequenceKernel
from rnncc.emit.cuda.unit import UnitKernel
from rnncc.schedule import Compute, Panel, Phase, is_elementwise


class DeviceDriver(Driver):
    """Writes `def <name>(sweep, env)` and the kernels it launches; parameters as of `Driver`."""

    arrays_of: ClassVar[type[Arrays]] = DeviceArrays

    def _whole_sequence(self, part: str, phases: tuple[Phase, ...]) -> None:
        """A kernel for each product: products are made by a library, of all steps at once, and kernels go on from there."""
        region = part.partition("_")[0]
        for piece in _pieces(phases):
            number = 1 + sum(k.name.startswith(f"{self.name}_{region}") for k in self.kernels)
            part = region if number == 1 else f"{region}_{number}"
            self._launch("run_rows(", part, SequenceKernel(f"{self.name}_{part}", self.layout, piece, in_loop=False), [])

    def _loop(self, phases: tuple[Phase, ...]) -> None:
        if not phases:
            return
        against = AGAINST[self.plan.reverse]
        if is_elementwise(self.plan):
            (size,) = (p.size for p in phases if isinstance(p, Compute))
            kernel: Kernel = UnitKernel(f"{self.name}_loop", self.layout, phases, in_loop=True)
            self._launch("run_units(", "loop", kernel, [against, extent(size)])
            return
        loop = LoopKernel(f"{self.name}_loop", self.layout, phases, in_loop=True)
        panels = ", ".join(f"loop_{panel}" for panel in loop.names.panels)
        self._launch("run_loop(", "loop", loop, [against, str(loop.tiles), f"[{panels}]"])

    def _launch(self, runner: str, part: str, kernel: Kernel, how: list[str]) -> None:
        self.kernels.append(kernel)
        arguments = [self._argument(part, kernel, p, v, flat=False) for p, v in kernel.names.parameters.items()]
        self.text.extend(wrapped(runner, [kernel.name, "sweep", *how, *arguments], ")"))

    def _packed(self, local: str, kernel: Kernel, parameter: str) -> str:
        if kernel.in_loop:
            return super()._packed(local, kernel, parameter)
        return self._products(local, kernel.names.panels[parameter][0])

    def _products(self, local: str, panel: Panel) -> str:
        """The sums of whole sequences."""
        operands = ", ".join([self.arrays.whole(operand) for operand in panel.operands])
        sums = ", ".join(self._weights(panel)[0])
        self.text.extend(wrapped(f"{local} = whole_products(", ["sweep", "env", f"[{sums}]", f"[{operands}]"], ")"))
        return local


def _pieces(phases: tuple[Phase, ...]) -> list[tuple[Phase, ...]]:
    """Phases, cut before each product."""
    found: list[tuple[Phase, ...]] = []
    for phase in phases:
        if found and not (isinstance(phase, Compute) and phase.panels):
            found[-1] = (*found[-1], phase)
        else:
            found.append((phase,))
    return found
