"""A driver: the Python function that packs weights, allocates, runs the kernels of one sweep and sums over time."""

from rnncc.emit.cpu.expression import expression
from rnncc.emit.cpu.kernel import Kernel
from rnncc.emit.cpu.layout import Layout
from rnncc.emit.cpu.text import Text, wrapped
from rnncc.errors import InternalError
from rnncc.ir import Carry, Concat, Contract, Input, Node, Pointwise, Reduce, Slice, size_names, units
from rnncc.schedule import Accumulator, Panel, Phase

AGAINST = {True: "not sweep.reverse", False: "sweep.reverse"}


class Driver:
    """Writes `def <name>(sweep, env)` and the kernels it runs.

    Parameters
    ----------
    name
        Name of the function.
    layout
        Where values lie.
    residuals
        Values that later sweeps read, kept carries apart.
    keep
        Carries whose trajectories later sweeps read, by `prev`.
    doc
        First line of the docstring.
    """

    def __init__(self, name: str, layout: Layout, residuals: list[str], keep: dict[str, Carry], doc: str) -> None:
        self.name, self.layout, self.residuals, self.keep, self.doc = name, layout, residuals, keep, doc
        self.plan, self.program = layout.plan, layout.program
        self.kernels: list[Kernel] = []
        self.text = Text()
        self.local: set[str] = set()
        """Names of Python variables that exist at this point of the driver."""
        self._write()

    def _write(self) -> None:
        plan, text = self.plan, self.text
        with text.block(f"def {self.name}(sweep, env):"):
            text(f'"""{self.doc}"""')
            self._sizes()
            for n in plan.prologue:
                text(f"{n.name} = {self._host_node(n)}")
            self._whole_sequence("before", plan.before)
            for c in plan.shifts:
                self._shift(c)
            self._loop(plan.step)
            self._finals()
            self._whole_sequence("after", plan.after)
            for t in plan.totals:
                text(f"{t.name} = {self._total(t)}")
            for n in plan.epilogue:
                text(f"{n.name} = {self._host_node(n)}")
            self._return()

    # -- values without T, on the host

    def _sizes(self) -> None:
        """Each size from the first input that has it."""
        known: dict[str, str] = {}
        for i in self.program.inputs:
            for k, axis in enumerate(i.type):
                if axis not in ("T", "N") and "+" not in axis:
                    known.setdefault(axis, f'env["{i.name}"].shape[{k - len(i.type)}]')
        wanted = {s for axes in self.program.types.values() for a in units(axes) for s in size_names(a)}
        wanted |= {i.name.removeprefix("n_") for i in self.program.inputs if i.role == "size"}
        for size in sorted(wanted):
            self.text(f"{size} = {known[size]}")
        floats = [i for i in self.program.inputs if i.role not in ("size", "const", "index") and i.type]
        self.text(f'dtype = env["{floats[0].name}"].dtype')

    def host(self, value: str) -> str:
        """A value without T as Python reads it."""
        given = self.program.input.get(value)
        if given is None:
            return value
        return f"float({value.removeprefix('n_')})" if given.role == "size" else f'env["{value}"]'

    def _host_node(self, n: Node) -> str:
        match n:
            case Pointwise():
                return expression(n.expr, self.host)
            case Contract():
                return f'np.einsum("{n.index}", {self.host(n.a)}, {self.host(n.b)})'
            case Reduce():
                axes = tuple(k for k, a in enumerate(self.program.types[n.a]) if a not in n.type)
                return f"np.{n.op}({self.host(n.a)}, axis={axes})"
            case Concat():
                return f"np.concatenate([{', '.join(self.host(p) for p in n.parts)}], axis=-1)"
            case Slice():
                names = size_names(self.program.types[n.a][-1])
                start = " + ".join(names[: n.part]) or "0"
                return f"{self.host(n.a)}[..., {start} : {start} + {self._extent(n.type[-1])}]"
            case _:
                raise InternalError(f"{n.name}: no host code for a {type(n).__name__}")

    @staticmethod
    def _extent(axis: str) -> str:
        return " + ".join(size_names(axis))

    # -- arrays

    def whole(self, value: str) -> str:
        """The array (T, N, …) of a value that varies in time."""
        place = self.layout.slot[value]
        self._ensure(place.array, value)
        if place.index == "time":
            return place.array
        side = place.index if self._own_direction(place.array) else {"before": "after", "after": "before"}[place.index]
        return f"{'preceding' if side == 'before' else 'following'}({place.array}, {self._against(place.array)})"

    def _own_direction(self, array: str) -> bool:
        kept = self._kept(array)
        return kept is None or kept.reverse == self.plan.reverse

    def _kept(self, array: str) -> Carry | None:
        return next((c for prev, c in self.layout.kept.items() if f"{prev}_seq" == array), None)

    def _against(self, array: str) -> str:
        kept = self._kept(array)
        return AGAINST[self.plan.reverse if kept is None else kept.reverse]

    def _ensure(self, array: str, value: str) -> None:
        """Write the line that makes `array`, once."""
        if array in self.local:
            return
        self.local.add(array)
        self.text(f"{array} = {self._made(array, value)}")

    def _made(self, array: str, value: str) -> str:
        program, layout = self.program, self.layout
        kept = self._kept(array)
        if kept is not None:
            return f'env["{kept.prev}"]'
        carry = next((c for c in self.plan.carries if array in (f"{c.prev}_seq", f"{c.prev}_row")), None)
        if carry is not None and carry.prev in layout.trajectories and array.endswith("_seq"):
            return f"trajectory(sweep, {self.host(carry.init)}, {self._against(array)})"
        if carry is not None and array.endswith("_row"):
            return f"rows_from({self.host(carry.init)})"
        given = program.input.get(value)
        if given is not None:
            return f'padded(env["{value}"])' if self._read_in_vectors(given) else f'env["{value}"]'
        sizes = "".join(f", {self._extent(a)}" for a in units(program.types[value]))
        return f"{'new_rows' if array.endswith('_row') else 'new_stream'}(sweep, dtype{sizes})"

    def _read_in_vectors(self, given: Input) -> bool:
        if given.role == "residual" or not units(given.type):
            return False
        return any(given.name in n.operands for n in self.program.nodes if isinstance(n, Pointwise | Reduce))

    # -- kernels

    def _whole_sequence(self, part: str, phases: tuple[Phase, ...]) -> None:
        if not phases:
            return
        kernel = self._kernel(f"{self.name}_{part}", phases, in_loop=False)
        arguments = [self._argument(kernel, p, v, flat=True) for p, v in kernel.parameters.items()]
        self._run(kernel, "sweep.flat()", "False", arguments)

    def _loop(self, phases: tuple[Phase, ...]) -> None:
        if not phases:
            return
        kernel = self._kernel(f"{self.name}_loop", phases, in_loop=True)
        arguments = [self._argument(kernel, p, v, flat=False) for p, v in kernel.parameters.items()]
        self._run(kernel, "sweep", AGAINST[self.plan.reverse], arguments)

    def _kernel(self, name: str, phases: tuple[Phase, ...], in_loop: bool) -> Kernel:
        kernel = Kernel(name, self.layout, phases, in_loop)
        self.kernels.append(kernel)
        return kernel

    def _run(self, kernel: Kernel, sweep: str, against: str, arguments: list[str]) -> None:
        for line in wrapped("run_rows(", [kernel.name, sweep, against, *arguments], ")"):
            self.text(line)

    def _argument(self, kernel: Kernel, parameter: str, value: str, flat: bool) -> str:
        if parameter in kernel.panels:
            return self._packed(kernel, parameter)
        if parameter.endswith(("_seq", "_row")) and value in self.program.types and "T" in self.program.types[value]:
            if not flat:
                self._ensure(parameter, value)
                return parameter
            return self._flat(parameter, value)
        if value not in self.program.types:
            return parameter
        axes = self.program.types[value]
        return f"padded({self.host(value)})" if units(axes) else f"float({self.host(value)})" if axes == () else self.host(value)

    def _flat(self, parameter: str, value: str) -> str:
        if parameter.endswith("_row"):
            sizes = "".join(f", {self._extent(a)}" for a in units(self.program.types[value]))
            return f"new_rows(sweep.flat(), dtype{sizes})"
        return f"sweep.flattened({self.whole(value)})"

    def _packed(self, kernel: Kernel, parameter: str) -> str:
        panel, _ = kernel.panels[parameter]
        local = parameter.replace("panel", kernel.name.removeprefix(f"{self.name}_") + "_panel")
        self._pack(local, panel)
        return local

    def _pack(self, local: str, panel: Panel) -> None:
        rows = [f"({''.join(self._matrix(a, k) + ', ' for k in range(len(a.terms))).strip()})" for a in panel.accumulators]
        for line in wrapped(f"{local} = pack([", rows, "])"):
            self.text(line)

    def _matrix(self, accumulator: Accumulator, k: int) -> str:
        term = accumulator.terms[k]
        return self.host(term.weight) + (".T" if term.transposed else "")

    # -- carries and sums

    def _shift(self, c: Carry) -> None:
        if c.prev in self.layout.kept:
            return
        against = AGAINST[c.reverse]
        made = f"{c.prev}_all"
        self.text(f"{made} = shifted(sweep, {self.whole(c.next)}, {self.host(c.init)}, {against})")
        self.text(f"{c.prev}_seq = preceding({made}, {against})")
        self.local.add(f"{c.prev}_seq")
        self._final(c, f"final(sweep, {made}, {self._extent(units(c.type)[0])}, {against})")

    def _finals(self) -> None:
        for c in self.plan.carries:
            extent = self._extent(units(c.type)[0])
            array = self.layout.slot[c.prev].array
            if c.prev in self.layout.trajectories:
                self._final(c, f"final(sweep, {array}, {extent}, {self._against(array)})")
            else:
                self._final(c, f"{array}[:, :{extent}]")

    def _final(self, c: Carry, source: str) -> None:
        used = {v for _, v in self.program.outputs} | {o for n in self.program.nodes for o in n.operands}
        if c.final in used:
            self.text(f"{c.final} = {source}")

    def _total(self, n: Contract | Reduce) -> str:
        if isinstance(n, Reduce):
            return self._reduced(n)
        left, out = n.index.split("->")
        a, b = left.split(",")
        if not (len(a) == len(b) == 3 and a[:2] == b[:2] == "TN" and sorted(a[2] + b[2]) == sorted(out)):
            raise InternalError(f"{n.name}: no code for the sum over time {n.index} of {n.a} and {n.b}")
        first, second = (n.a, n.b) if a[2] == out[0] else (n.b, n.a)
        sides = [f"{self.whole(v)}, {self._extent(units(self.program.types[v])[0])}" for v in (first, second)]
        return f"outer(sweep, {', '.join(sides)})"

    def _reduced(self, n: Reduce) -> str:
        axes = units(self.program.types[n.a])
        sizes = "".join(f", {self._extent(a)}" for a in axes)
        if n.op == "sum" and (n.type == axes or not n.type):
            return f"{'column_sum' if n.type else 'total_sum'}(sweep, {self.whole(n.a)}{sizes})"
        raise InternalError(f"{n.name}: no code for the {n.op} of {n.a} to {n.type}")

    # -- results

    def _return(self) -> None:
        """Results by key; residuals under their own names, those that a kept trajectory holds as that trajectory."""
        handed = {*self.residuals, *(v for c in self.keep.values() for v in (c.prev, c.next))}
        keys = [f'"{key}": {self._result(value)}' for key, value in self.program.outputs if key not in handed]
        keys += [f'"{prev}": {prev}_seq' for prev in self.keep]
        keys += [f'"{v}": {self._residual(v)}' for v in self.residuals]
        for line in wrapped("return {", keys, "}"):
            self.text(line)

    def _residual(self, value: str) -> str:
        return self.whole(value) if "T" in self.program.types[value] else self.host(value)

    def _result(self, value: str) -> str:
        axes = self.program.types[value]
        if "T" not in axes:
            return self.host(value)
        sizes = "".join(f", {self._extent(a)}" for a in units(axes))
        return f"result(sweep, {self.whole(value)}{sizes})"
