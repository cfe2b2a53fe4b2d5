"""A driver: the Python function that packs weights, allocates, runs the kernels of one sweep and sums over time."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import ClassVar

from rnncc.emit.cpu.arrays import AGAINST, Arrays
from rnncc.emit.cpu.fixed import Fixed
from rnncc.emit.cpu.host import dtype_line, extent, extents, from_env, host_node, named, number, read, size_lines
from rnncc.emit.cpu.kernel import Kernel
from rnncc.emit.cpu.layout import STRETCH, Layout
from rnncc.emit.cpu.text import Text, wrapped
from rnncc.emit.cpu.words import key, safe
from rnncc.errors import InternalError
from rnncc.ir import BlockDiagonal, Carry, Contract, Gather, Reduce, ScatterAdd, Slice, block_counts, units
from rnncc.schedule import Accumulator, Panel, Phase, Stage, Total


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
    fixed
        Weights that are computed apart from it.
    """

    arrays_of: ClassVar[type[Arrays]] = Arrays

    def __init__(
        self, name: str, layout: Layout, residuals: Iterable[str], keep: Mapping[str, Carry], doc: str, fixed: Fixed | None = None
    ) -> None:
        self.fixed = fixed
        self.name, self.layout, self.residuals, self.keep, self.doc = name, layout, tuple(residuals), keep, doc
        self.plan, self.program = layout.plan, layout.program
        self.block_counts = block_counts(layout.program)
        self.kernels: list[Kernel] = []
        self.text = Text()
        self.arrays = self.arrays_of(layout, self.text)
        self._write()

    def _write(self) -> None:
        self._work()
        body, head = self.text.lines, Text()
        with head.block(f"def {self.name}(sweep, env):"):
            head(f'"""{self.doc}"""')
            if self.fixed:
                head(self.fixed.call(self.name))
            head.extend(size_lines(self.program))
            if any("dtype" in line for line in body):
                head(dtype_line(self.program))
            head.extend(body)
        self.text = head

    @property
    def computes(self) -> bool:
        """Whether it computes anything in NumPy, beside calling kernels and copying what they read and write."""
        plan = self.plan
        kernels_sum = (t.type and t.type == units(self.program.types[t.a]) for t in plan.totals if isinstance(t, Reduce))
        scatters = any(isinstance(t, ScatterAdd) for t in plan.totals)
        reads_numbers = any(i.role == "param" and not units(i.type) for i in self.program.inputs)
        builds = any(isinstance(n, BlockDiagonal) for n in self.program.nodes)
        made = any(stage.values for stage in plan.whole)
        return bool(self.fixed or plan.gathers or made or self._prepares or scatters or reads_numbers or builds) or not all(kernels_sum)

    @property
    def functions(self) -> list[str]:
        """Kernels, what computes weights, and the driver."""
        weights = [str(self.fixed.function(self.name))] if self.fixed else []
        return [*(text for k in self.kernels for text in (*k.functions, str(k.text))), *weights, str(self.text)]

    def _work(self) -> None:
        plan, text = self.plan, self.text
        made = {n.name: f"{n.name} = {host_node(self.program, n)}" for n in plan.prologue}
        text.extend(made.values())
        for g in plan.gathers:
            self._gather(g)
        for stage in plan.stages:
            self._stage("before", stage)
        self._loop(plan.step)
        for c in plan.carries:
            self._last(c)
        for stage in plan.later:
            self._stage("after", stage)
        self._whole_sequence("after", plan.after)
        self._totals()
        text.extend(f"{n.name} = {host_node(self.program, n)}" for n in plan.epilogue)
        self._return()
        text.lines = _used(text.lines, {n.name: made[n.name] for n in plan.prologue if isinstance(n, Slice | BlockDiagonal)})
        self._prepares = not set(made.values()).isdisjoint(text.lines)

    def _stage(self, region: str, stage: Stage) -> None:
        """Whole sequences, and their sums: those of all of time, which never go on."""
        self._whole_sequence(region, stage.phases)
        for c in stage.shifts:
            self._shift(c)
        for t in stage.totals:
            self.text(f"{t.name} = {self._total(t, goes_on=False)}")
        self.text.extend(f"{n.name} = {host_node(self.program, n)}" for n in stage.values)

    def _gather(self, n: Gather) -> None:
        matrix = named(self.program, n.a, transposed=False)
        table = f"columns(env, {matrix})" if matrix else f"columns_of({read(self.program, n.a)})"
        self.arrays.add(f"{n.name}_seq", f"gathered(sweep, {table}, {from_env(n.index)})")

    # -- kernels

    def _whole_sequence(self, region: str, phases: tuple[Phase, ...]) -> None:
        """Work before the loop or after it, whichever `region` says."""
        if phases:
            self._run(self._numbered(region), phases, ["False"], in_loop=False)

    def _numbered(self, region: str) -> str:
        """What the next kernel of `region` is called."""
        number = 1 + sum(k.name.startswith(f"{self.name}_{region}") for k in self.kernels)
        return region if number == 1 else f"{region}_{number}"

    def _loop(self, phases: tuple[Phase, ...]) -> None:
        if phases:
            self._run("loop", phases, [AGAINST[self.plan.reverse]], in_loop=True)

    def _run(self, part: str, phases: tuple[Phase, ...], how: list[str], in_loop: bool) -> None:
        kernel = Kernel(f"{self.name}_{part}", self.layout, phases, in_loop)
        self.kernels.append(kernel)
        flat = not in_loop and not any(self._is_one_a_sequence(v) for v in kernel.names.parameters.values())
        arguments = [self._argument(part, kernel, p, v, flat=flat) for p, v in kernel.names.parameters.items()]
        over = ["sweep.flat()" if flat else "sweep", *how]
        self.text.extend(wrapped("run_loop(" if in_loop else "run_rows(", [kernel.name, *over, *arguments], ")"))

    def _is_one_a_sequence(self, value: str) -> bool:
        """A kernel that reads what belongs to the rows of the batch cannot count the rows of all steps in one go."""
        axes = self.program.types.get(value, ())
        return "N" in axes and "T" not in axes

    def _argument(self, part: str, kernel: Kernel, parameter: str, value: str, *, flat: bool) -> str:
        if parameter in kernel.names.panels:
            return self._packed(f"{part}_{parameter}", kernel, parameter)
        axes = self.program.types.get(value)
        if axes is None:  # a size
            return parameter
        if "T" in axes:
            return self._over_time(kernel, parameter, value, flat=flat)
        if axes == ():
            return number(self.program, value)
        if not units(axes):
            return read(self.program, value)
        given = self.program.input.get(value)
        return f'in_vectors(env, "{key(value)}")' if given and given.role == "param" else f"padded({read(self.program, value)})"

    def _over_time(self, kernel: Kernel, parameter: str, value: str, *, flat: bool) -> str:
        if kernel.in_loop or (not flat and parameter.endswith("_row")):
            return self.arrays.ensure(parameter, value)
        return self.arrays.flat(parameter, value) if flat else self.arrays.whole(value)

    def _packed(self, local: str, kernel: Kernel, parameter: str) -> str:
        """What is packed of parameters alone is kept while they are unchanged."""
        sums, named_all = self._weights(kernel.names.panels[parameter][0])
        self.text.extend(wrapped(f"{local} = {'packed' if named_all else 'packed_arrays'}(env, [", sums, "])"))
        return local

    def _weights(self, panel: Panel) -> tuple[list[str], bool]:
        """For each sum a tuple of what its operands meet: names for parameters, where all are, else arrays; and which of both."""
        sums = [[named(self.program, t.weight, t.transposed) for t in a.terms] for a in panel.accumulators]
        known = [[term for term in terms if term] for terms in sums]
        if known == sums:
            return [_tuple(terms) for terms in known], True
        return [_tuple(self._matrices(a)) for a in panel.accumulators], False

    def _matrices(self, accumulator: Accumulator) -> list[str]:
        return [read(self.program, t.weight) + (".T" if t.transposed else "") for t in accumulator.terms]

    # -- carries and sums

    def _shift(self, c: Carry) -> None:
        against, made = AGAINST[c.reverse], f"{c.prev}_all"
        self.text(f"{made} = shifted(sweep, {self.arrays.whole(c.next)}, {read(self.program, c.init)}, {against})")
        self.text(f"{c.prev}_seq = preceding({made}, {against})")
        self.arrays.local.add(f"{c.prev}_seq")
        self._final(c, f"final(sweep, {made}, {_extent(c)}, {against})")

    def _last(self, c: Carry) -> None:
        size, place = _extent(c), self.layout.slot[c.prev]
        array = self.arrays.ensure(place.array, c.prev)
        if c.prev in self.layout.trajectories:
            self._final(c, f"final(sweep, {place.own}, {size}, {self.arrays.against(array)})")
        else:
            self._final(c, f"{array}[{':, ' * len(units(c.type))}:{size}]" if units(c.type) else array)

    def _final(self, c: Carry, source: str) -> None:
        used = {v for _, v in self.program.outputs} | {o for n in self.program.nodes for o in n.operands}
        if c.final in used:
            self.text(f"{c.final} = {source}")

    def _totals(self) -> None:
        for t in self.plan.totals:
            self.text(f"{t.name} = {self._total(t)}")

    def _total(self, n: Total, *, goes_on: bool = True) -> str:
        """A sum over time, which goes on where `env` holds what later steps gave, unless it is one of all of time."""
        so_far = f", so_far={self._so_far(n.name)}" if goes_on else ""
        if isinstance(n, Reduce):
            return f"{self._reduced(n)}{so_far})"
        if isinstance(n, ScatterAdd):
            rows, columns = map(extent, n.type)
            return f"scattered(sweep, {self.arrays.whole(n.a)}, {rows}, {from_env(n.index)}, {columns}{so_far})"
        streams = ", ".join(self.arrays.whole(v) + extents(self.program, v) for v in factors(n))
        count = self.block_counts.get(n.name)
        return f"outer(sweep, {streams}{so_far}{f', blocks={count}' if count else ''})"

    def _so_far(self, total: str) -> str:
        return f'env.get("{self._total_key(total)}")'

    def _reduced(self, n: Reduce) -> str:
        if self.layout.slot[n.a].index == STRETCH:
            return f"stretch_sum(sweep, {self.arrays.ensure(self.layout.slot[n.a].array, n.a)}{extents(self.program, n.a)}"
        if n.op == "sum" and n.type in ((), units(self.program.types[n.a])):
            return f"{'column_sum' if n.type else 'total_sum'}(sweep, {self.arrays.whole(n.a)}{extents(self.program, n.a)}"
        if n.op == "sum" and n.type == self.program.types[n.a][1:]:
            return f"row_sum(sweep, {self.arrays.whole(n.a)}{extents(self.program, n.a)}"
        raise InternalError(f"{n.name}: no code for the {n.op} of {n.a} to {n.type}")

    def _total_key(self, value: str) -> str:
        """The key under which a sum over time is returned: that of the gradient it is, or its own name."""
        return next((name for name, v in self.program.outputs if v == value), key(value))

    # -- results

    def _return(self) -> None:
        """Results by key; residuals under their own names, those that a kept trajectory holds as that trajectory."""
        handed = {*self.residuals, *(v for c in self.keep.values() for v in (c.prev, c.next))}
        keys = [f'"{name}": {self._result(value)}' for name, value in self.program.outputs if safe(name) not in handed]
        shifted = {c.prev for stage in self.plan.stages for c in stage.shifts}
        keys += [f'"{key(prev)}": {prev}_{"all" if prev in shifted else "seq"}' for prev in self.keep]
        keys += [f'"{key(v)}": {self._residual(v)}' for v in self.residuals]
        given = {v for _, v in self.program.outputs}
        keys += [f'"{key(t.name)}": {t.name}' for t in self.plan.totals if t.name not in given]
        self.text.extend(wrapped("return {", keys, "}"))

    def _residual(self, value: str) -> str:
        return self.arrays.whole(value) if "T" in self.program.types[value] else read(self.program, value)

    def _result(self, value: str) -> str:
        if "T" not in self.program.types[value]:
            return read(self.program, value)
        whole = self.arrays.whole(value)
        return f"{self._leaving(value)}(sweep, {whole}{extents(self.program, value)})"

    def _leaving(self, value: str) -> str:
        """An array that was made here, and that nothing else holds, is handed out as it is, once."""
        array = self.layout.slot[value].array
        held = {self.layout.slot[v].array for v in self.residuals if v in self.layout.slot} | {f"{prev}_seq" for prev in self.keep}
        free = array in self.arrays.made and array not in held
        self.arrays.made.discard(array)
        return "released" if free else "result"


def factors(n: Contract) -> tuple[str, str]:
    """The two streams of an outer product summed over time: that of the rows, and that of the columns."""
    left, out = n.index.split("->")
    a, b = left.split(",")
    if not (len(a) == len(b) == 3 and a[:2] == b[:2] == "TN" and sorted(a[2] + b[2]) == sorted(out)):
        raise InternalError(f"{n.name}: no code for the sum over time {n.index} of {n.a} and {n.b}")
    return (n.a, n.b) if a[2] == out[0] else (n.b, n.a)


def _extent(c: Carry) -> str:
    """The length of a carry's last unit axis; None for one number a row."""
    return extent(units(c.type)[-1]) if units(c.type) else "None"


def _tuple(items: list[str]) -> str:
    return f"({', '.join(items)})" if len(items) > 1 else f"({items[0]},)"


def _used(lines: list[str], own: Mapping[str, str]) -> list[str]:
    """`lines` without those of `own`, variable -> its line, whose variable nothing else reads."""
    words = Counter(word for line in lines for word in re.findall(r"\w+", line))
    return [line for line in lines if not any(line == made and words[name] == 1 for name, made in own.items())]
