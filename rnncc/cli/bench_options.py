"""What `rnncc bench` is given, and what it is to run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from rnncc import catalogue
from rnncc.bench.choose import NONE, chosen_makers, missing_peers
from rnncc.bench.cuda.session import DeviceSession
from rnncc.bench.cuda.watch import DeviceStopwatch
from rnncc.bench.growth.setting import TINY, Setting, Sizes
from rnncc.bench.peers import OWN, PEERS
from rnncc.bench.problem import CUSTOM, DEVICE_SHAPES, SHAPES, BenchCell, Mode, Precision, Shape
from rnncc.bench.session import Session
from rnncc.bench.timing import Plan
from rnncc.bench.transforms import Comparison
from rnncc.errors import ArgumentError
from rnncc.runtime.settings import usable_cores

ALL_CELLS = "all"
CELLS = ("elman", "lstm", "gru", "gru_reset_after", "lstm_peephole", CUSTOM.stem)
MODES: tuple[Mode, ...] = ("inference", "training", "stream")
PRECISIONS: tuple[Precision, ...] = ("exact", "tf32", "bfloat16")
CPU, CUDA = "cpu", "cuda"
_QUICK_SHAPES = (Shape(5, 3, 8, 16),)
_QUICK_PLAN = Plan(blocks=1, seconds=0.02, rest=0.0)
_QUICK_PEERS = tuple(name for name in PEERS if name != "torch.compile")
_DEVICE_MODES: tuple[Mode, ...] = ("inference", "training")
_DEVICE_PEERS = tuple(name for name in PEERS if name != "onnxruntime")
_GROWING_CELLS = ("lstm", "gru_reset_after")
_GROWING_PEERS = ("pytorch",)
_CHANGED_CELLS = ("lstm", "gru")
_CHANGED_SHAPES = (Shape(100, 1, 128, 128), Shape(100, 32, 128, 128), Shape(100, 64, 256, 256))
_GROWING_PLAN = Plan(blocks=3)


@dataclass(frozen=True)
class Options:
    """What the command line gives; None or nothing where it says nothing."""

    cells: tuple[str, ...]
    shapes: tuple[str, ...]
    modes: tuple[Mode, ...]
    peers: tuple[str, ...]
    dtype: str
    threads: int | None
    blocks: int | None
    seconds: float | None
    json_file: Path | None
    plot_file: Path | None
    growth: tuple[str, ...]
    settings: Mapping[str, object]
    transforms: Mapping[str, object]
    quick: bool
    device: str = CPU
    precisions: tuple[Precision, ...] = ()
    calibrate: bool = False

    def session(self) -> Session:
        """What is to be run. Raises `ArgumentError` or `SpecError`."""
        shapes = tuple(map(Shape.parse, self.shapes)) or (_QUICK_SHAPES if self.quick else SHAPES)
        cells = self._found(CELLS)
        peers = self.peers or (installed(_QUICK_PEERS) if self.quick else ())
        return Session(cells, shapes, self.modes or MODES, chosen_makers(peers), self.dtype, self.cores, self.plan(Plan()))

    def device_session(self, library: ModuleType) -> DeviceSession:
        """What is to be run on the current device of `library`. Raises `ArgumentError` or `SpecError`."""
        if "stream" in self.modes or self.growth or self.transforms:
            raise ArgumentError("--device cuda: streams, --growth and --transform are measured on the processor; leave them out")
        if self.dtype == "float64" and set(self.precisions) - {"exact"}:
            raise ArgumentError("--dtype float64 is exact; leave --precision out")
        shapes = tuple(map(Shape.parse, self.shapes)) or (_QUICK_SHAPES if self.quick else DEVICE_SHAPES)
        peers = self.peers or installed([p for p in _DEVICE_PEERS if not self.quick or p in _QUICK_PEERS])
        usual: tuple[Precision, ...] = ("exact",) if self.dtype == "float64" else PRECISIONS
        modes, plan, watch = self.modes or _DEVICE_MODES, self.plan(Plan()), DeviceStopwatch(library=library)
        cells, makers = self._found(CELLS), chosen_makers(peers)
        return DeviceSession(cells, shapes, modes, makers, self.dtype, self.cores, plan, watch, self.precisions or usual)

    def setting(self) -> Setting:
        """What is to be measured as it grows. Raises `ArgumentError` or `SpecError`."""
        if self.shapes or "stream" in self.modes:
            raise ArgumentError("--growth has shapes of its own, and no streams: leave out --shape and --mode stream")
        cells = self._found(_GROWING_CELLS)
        makers = chosen_makers(self.peers or installed(_GROWING_PEERS))
        modes = self.modes or ("inference", "training")
        sizes = TINY if self.quick else Sizes()
        return Setting(cells, modes, makers, self.dtype, self.cores, self.plan(_GROWING_PLAN), sizes)

    def comparison(self) -> Comparison:
        """The transforms to compare with plain cells. Raises `ArgumentError` or `SpecError`."""
        for given, option in ((self.growth, "--growth"), (self.peers, "--peer"), (self.plot_file, "--plot")):
            if given:
                raise ArgumentError(f"--transform compares cells of this package, as a table: leave out {option}")
        cells = self._found(_CHANGED_CELLS)
        shapes = tuple(map(Shape.parse, self.shapes)) or (_QUICK_SHAPES if self.quick else _CHANGED_SHAPES)
        makers = chosen_makers((NONE,))
        asked = {name if value is True else f"{name}={value}": {name: value} for name, value in self.transforms.items()}
        return Comparison(
            cells, shapes, self.modes or ("inference", "training"), asked, makers[OWN], self.dtype, self.cores, self.plan(Plan())
        )

    def _found(self, usual: tuple[str, ...]) -> tuple[BenchCell, ...]:
        """The cells that are asked for, where none is `usual`, under what is set."""
        names = catalogue.names() if ALL_CELLS in self.cells else self.cells or usual
        return tuple(BenchCell.found(name, self.settings) for name in names)

    def plan(self, usual: Plan) -> Plan:
        """How long to measure, where the command line does not say it as `usual`."""
        usual = _QUICK_PLAN if self.quick else usual
        return Plan(self.blocks or usual.blocks, self.seconds or usual.seconds, usual.rest)

    @property
    def seconds_a_rate(self) -> float:
        """How long each of the machine's rates is measured."""
        return 0.02 if self.quick else 0.5

    @property
    def cores(self) -> int:
        """Threads of every contender."""
        return self.threads or usable_cores()


def installed(peers: Sequence[str]) -> tuple[str, ...]:
    """Those of `peers` that are installed; where none is, that none is wanted."""
    return tuple(p for p in peers if p not in missing_peers()) or (NONE,)
