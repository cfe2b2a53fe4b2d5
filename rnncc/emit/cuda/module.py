"""The generated module: header, imports, the cell's description, kernels and drivers."""

from dataclasses import replace

from rnncc.emit.cpu.driver import Driver
from rnncc.emit.cpu.module import assembled, header
from rnncc.emit.cpu.sweeps import Programs, Target, functions
from rnncc.emit.cpu.words import DEVICE
from rnncc.emit.cuda.driver import DeviceDriver
from rnncc.emit.cuda.layout import DeviceLayout
from rnncc.emit.cuda.narrow import narrow_residuals
from rnncc.runtime.cell_info import CellInfo

CUDA = Target(DeviceDriver, DeviceLayout, chooses=False, narrow=narrow_residuals)

_LEGEND = """\
T time, N batch, sizes by name. A block of THREADS threads works on rows [first, last) of the batch; where several blocks share these,
each has its own groups of UNITS units, and they meet after each phase. `v_seq` (T, N, units) holds v over time, or (T + 1, N, units) a
carry before and after each step; `u_to_w_seq` (…, parts, units) holds several values side by side, which one product reads or makes;
`v_row` (N, units) holds one step. `panel` is a packed weight, `weights` what of it stays in shared memory, `sums` registers of a
thread, `tile` the sums of ROWS rows and a group of units in shared memory, a part a warp. What is `narrowed` is kept for `backward` as
bfloat16 in a layer of that.
"""


def module_source(info: CellInfo, origin: str, programs: Programs) -> str:
    """The module as Python source; parameters as of `rnncc.emit.cpu.module_source`."""
    made = functions(programs, CUDA)
    info = replace(info, loops=tuple(f"{loop}{_scanned(made)}" for loop in info.loops))
    return assembled(info, made, header(info, f"{origin} for CUDA", _LEGEND), DEVICE)


def _scanned(made: list[Driver | str]) -> str:
    """Whose time loop may run as a scan, in the words of `CellInfo.loops`."""
    names = [f.name for f in made if isinstance(f, DeviceDriver) and f.scans and f.name != "trace"]
    return f", as a scan over time where that is sooner ({', '.join(names)})" if names else ""
