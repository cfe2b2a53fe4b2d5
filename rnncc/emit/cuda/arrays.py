"""The arrays that a driver's kernels work on, on a device."""

from rnncc.emit.cpu.arrays import Arrays
from rnncc.emit.cpu.host import extents, read
from rnncc.emit.cuda.beside import Run
from rnncc.emit.cuda.layout import DeviceLayout
from rnncc.ir import Input


class DeviceArrays(Arrays):
    """As `Arrays`: what products of a step read ends in whole lines of memory; a thread reads one number as well as another."""

    layout: DeviceLayout

    def of_run(self, run: Run) -> str:
        """The array (T, N, units) of an operand, or (T, N, parts, units) of several."""
        if run.parts == 1:
            return self.whole(run.operands[0])
        every = len(self.layout.beside[run.place.array]) == run.parts
        seen = run.place.array if every else f"{run.place.array}[:, :, {run.first}:{run.first + run.parts}]"
        return self.over_time(run.operands[0], seen)

    def take(self, array: str, alone: bool = True) -> None:
        """`array` was made by another line; whether it holds one value `alone`."""
        self.local.add(array)
        if alone:
            self.made.add(array)

    def _read_in_vectors(self, given: Input) -> bool:
        return self.layout.multiplied(given.name)

    def _made(self, array: str, value: str) -> str:
        """Of several values side by side the initial values of those that are carries are put where each begins."""
        carries = self.layout.beside.get(array)
        if self.layout.slot[value].narrow and value not in self.program.input:
            return f"new_residual(sweep, env, dtype{extents(self.program, value)})"
        if carries is None:
            return super()._made(array, value)
        if not any(carries):
            return f"new_stream(sweep, dtype, {len(carries)}{extents(self.program, value)})"
        first = ", ".join(read(self.program, c.init) if c else "None" for c in carries)
        return f"trajectories(sweep, [{first}], {self.against(array)})"
