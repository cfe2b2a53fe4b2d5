"""One run of `rnncc bench --device cuda`: as on the processor, with every precision, and with meetings of blocks as the floor."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from rnncc.bench.contender import ready
from rnncc.bench.cuda.device import Device
from rnncc.bench.limit import Limit, flops
from rnncc.bench.problem import Precision, Problem
from rnncc.bench.session import Result, Session, entered, settled

_LOOPS = {"inference": ("inference_loop",), "training": ("forward_loop", "backward_loop")}
"""Kernels that go through time, by mode."""


@dataclass(frozen=True)
class DeviceSession(Session):
    """As `Session`, on a CUDA device."""

    precisions: tuple[Precision, ...] = ("exact",)

    def problems(self) -> list[Problem]:
        return [replace(p, device="cuda", precision=precision) for p in super().problems() for precision in self.precisions]

    def run_on(self, device: Device, started: Callable[[str], object] = lambda _problem: None) -> Iterator[Result]:
        """As `run`."""
        for problem in self.problems():
            started(str(problem))
            yield self._found(problem, device)

    def _found(self, problem: Problem, device: Device) -> Result:
        drawn = replace(problem)  # as `Session` does
        made = ready(drawn, self.makers, self.watch.clock)
        calls = {name: contender.call for name, contender in made.contenders.items()}
        floor = Limit("barrier", problem.steps * meetings(problem) * device.barrier)

        def measured() -> Result:
            timings = self.watch.measure(calls, self.plan)
            return Result(problem, entered(made, timings), made.wrong, flops(drawn), floor)

        return settled(measured)


def meetings(problem: Problem) -> int:
    """How often the blocks that share a step's units meet in it, in all of its loops over time."""
    kernels = problem.cell.made.cuda_source.split("@kernel\n")
    loops = tuple(f"def {name}(" for name in _LOOPS[problem.mode])
    return sum(kernel.count("meeting = barrier(") for kernel in kernels if kernel.startswith(loops))
