"""`Cell`: what a spec declares and says of it. Nothing raises on the way; `freeze` reports every fault at once."""

from collections.abc import Callable, Sequence
from typing import cast

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import COLUMNS, Axes, block_axes, matrix_axes, size_names
from rnncc.runtime.cell_info import Memory, Parameter, State
from rnncc.spec import arguments
from rnncc.spec.assigned import assigned_span
from rnncc.spec.batch_mean import averaged
from rnncc.spec.bound import bound, follow
from rnncc.spec.cell_spec import CellSpec, Given, Option
from rnncc.spec.fault import Mistake, Span, fault_of
from rnncc.spec.freeze import freeze
from rnncc.spec.mask import random_mask
from rnncc.spec.names import objection
from rnncc.spec.record import Declared, Index, Record, Size
from rnncc.spec.recorded import recorded
from rnncc.spec.session import Session, current_session
from rnncc.spec.sizes import axes_of, axis_of, fits_first, state_axes
from rnncc.spec.span import current_span, span_at
from rnncc.spec.structure import POISON, Diagonal, Piecewise
from rnncc.spec.units import fits_output, poisoned
from rnncc.spec.weight import Weight, patterned

Init = str | float | None
"""How a parameter begins: as `Parameter.init`."""


class Cell:
    """A recurrent cell, written as equations for one unit of one sample.

    Wherever a size is asked for, anything that has one serves: a value, `concat(h, x)`, `cell.size("proj")`, `cell.hidden`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.session = current_session()
        self.record = Record(faults=self.session.faults) if self.session else Record()
        self._file = self.session.filename if self.session else None
        self.span = current_span(self._file)
        if self.session:
            self._enter(self.session)
        if reason := objection(name):
            self.report(Mistake(f"the name {name!r} of the cell {reason}", remedy='a name like "LSTM"'))

    def __repr__(self) -> str:
        return f"Cell({self.name!r})"

    @property
    def start(self) -> Span:
        """Where faults of the whole cell point: line 1 of its file, or where it was made."""
        return span_at(self._file, 1) if self._file else self.span

    # -- sizes and values

    @property
    def hidden(self) -> Size:
        """The layer's hidden size."""
        return Size("hidden")

    @recorded
    def size(self, name: str, default: int | None = None) -> Size:
        """A further size, given as the keyword `name` where a layer is made; without a default it has to be given."""
        self.record.expect_fresh(name, keyword=True)
        arguments.whole(f"the default of the size {name}", default)
        self.record.sizes[name] = (Size(name, default), current_span(self._file))
        return Size(name, default)

    @recorded
    def input(self, name: str, size: object = None) -> sp.Symbol:
        """A value read at every step. The first input is the layer's, of the size `input`; `size=1` is one number a sample."""
        units = axes_of(size, "input", self.record)
        fits_first(name, units, self.record)
        return self._declare(name, "input", units)

    @recorded
    def index(self, name: str, size: object = None) -> Index:
        """A whole number from 0 read at every step, below the number of units of `size`: a word of a vocabulary.

        `cell.weight("W", h, word) @ word` is column number `word` of W. The first input is the layer's, of the size `input`.
        """
        axis = "input" if size is None else self._units(size)
        fits_first(name, (axis,), self.record)
        self._declare(name, "index", (axis,))
        self.record.indices[name] = axis
        return Index(name, axis)

    @recorded
    def memory(self, name: str, size: object) -> sp.Symbol:
        """A matrix to attend to, the same at every step: of as many rows as a call gives, of which reductions see a sample's own."""
        made = Memory(name, self._units(size), f"{name}_positions", f"{name}_exists")
        declared = self._declare(name, "memory", (made.positions, made.size + COLUMNS))
        self._declare(made.exists, "exists", (made.positions,))
        self.record.attend(made)
        return declared

    @recorded
    def state(self, name: str, size: object = None, initial: float = 0.0) -> sp.Symbol:
        """A value carried from step to step: the previous step's. `initial` is what a sequence starts with.

        `size=1` is one number a sample, `size=(rows, cols)` a matrix.
        """
        units = state_axes(name, size, self.record)
        value = arguments.number(f"initial of the state {name}", initial)
        made = self._declare(name, "state", matrix_axes(units))
        self.record.states[name] = State(name, units, value)
        return made

    @recorded
    def step(self, name: str) -> sp.Symbol:
        """The number of the step: 0 at the first of each sequence, in the direction in which a layer reads it.

        A state that counts by itself: who hands states on goes on counting. It has no gradient.
        """
        made = self._declare(name, "state", ())
        self.record.states[name] = State(name, (), counts=True)
        self.record.next[name] = (made + 1, current_span(self._file))
        return made

    @recorded
    def constant(self, name: str, value: float) -> sp.Symbol:
        """A number that a layer can be given under this name without compiling again."""
        number = arguments.finite(f"the constant {name}", value)
        made = self._declare(name, "constant", ())
        self.record.constants[name] = number
        return made

    @recorded
    def option(self, name: str, default: object, choices: Sequence[object] = (), *, least: int | None = None) -> object:
        """A Python value under which the file is executed, given to a layer by this name: one of `choices`, a number of at `least`."""
        self.record.expect_fresh(name, keyword=True)
        given = self.session.options if self.session else {}
        option = Option(name, given.get(name, default), default, tuple(choices), least)
        arguments.option(option)
        self.record.options[name] = option
        return option.value

    @recorded
    def mask(self, name: str, like: object, rate: object, per: str = "step") -> sp.Symbol:
        """Random in training: 1 with probability `rate`, else 0, for each unit of `like`, a value or a size.

        Drawn anew for every step, or once a sequence. Wherever nothing is random it is its expectation, `rate`: a number from 0 to 1,
        or a constant of the cell. It has no gradient.
        """
        made = random_mask(name, self._units(like), rate, per, self.record.constants)
        declared = self._declare(name, "mask", made.axes)
        self.record.masks[name] = made
        return declared

    @recorded
    def unit(self, size: object) -> sp.Symbol:
        """The number of each unit, counted from 0."""
        return self._counting("unit", (self._units(size),))

    @recorded
    def count(self, size: object) -> sp.Expr:
        """The number of units."""
        return sp.Add(*(self._noted(f"n_{s}", "count", ()) for s in size_names(self._units(size))))

    # -- parameters

    @recorded
    def weight(self, name: str, rows: object, cols: object, *, blocks: int = 1, init: Init = None, frozen: bool = False) -> Weight:
        """A matrix; `W @ v` takes a value of the size `cols` to one of the size `rows`.

        With several `blocks` along its diagonal, zero elsewhere, the parameter holds these: (blocks, rows/blocks, cols/blocks).
        """
        units = (self._units(rows), self._units(cols))
        axes = block_axes(arguments.blocks(name, blocks), units)
        made = self._parameter(Parameter(name, axes, arguments.initialiser(name, init), frozen))
        return Weight(made if axes == units else Diagonal(made), units, self.record, self.report)

    @recorded
    def pattern(self, rows: object, cols: object, entry: Callable[[sp.Symbol, sp.Symbol], sp.Expr]) -> Weight:
        """A fixed matrix: `entry(i, j)` is what stands in row i and column j, both counted from 0."""
        units = (self._units(rows), self._units(cols))
        expr = entry(self._counting("row", units), self._counting("column", units))
        return patterned(expr, units, self.record, self.report)

    def identity(self, size: object) -> Weight:
        """1 on the diagonal, 0 elsewhere."""
        return cast(Weight, self.pattern(size, size, lambda i, j: Piecewise((1, (i <= j) & (i >= j)), (0, True))))

    @recorded
    def matrix(self, name: str, rows: object, cols: object, *, init: Init = None, frozen: bool = False) -> sp.Symbol:
        """One number a pair of units, to be used elementwise; what is multiplied with `@` is a `weight`."""
        units = (self._units(rows), self._units(cols))
        return self._parameter(Parameter(name, units, arguments.initialiser(name, init), frozen), matrix_axes(units))

    @recorded
    def vector(self, name: str, size: object, *, init: Init = None, frozen: bool = False) -> sp.Symbol:
        """One number a unit."""
        return self._parameter(Parameter(name, (self._units(size),), arguments.initialiser(name, init), frozen))

    @recorded
    def bias(self, name: str, size: object, *, init: Init = None, frozen: bool = False) -> sp.Symbol:
        """A vector that is absent, and zero, in a layer made with `bias=False`."""
        return self._parameter(Parameter(name, (self._units(size),), arguments.initialiser(name, init), frozen, bias=True))

    @recorded
    def scalar(self, name: str, *, init: Init = None, frozen: bool = False) -> sp.Symbol:
        """One learned number."""
        return self._parameter(Parameter(name, (), arguments.initialiser(name, init), frozen))

    @recorded
    def batch_mean(self, name: str, value: object, *, init: float = 0.0) -> sp.Expr:
        """The mean of `value` over all steps and rows of the batch, one number a unit, in training, with its gradient.

        Wherever a layer is not trained it is a parameter of this name without a gradient, `init` at first, which
        `layer.update_batch_means` has follow the means of batches. No state may reach `value`.
        """
        expr = arguments.value(f"what the batch mean {name} is of", value)
        if poisoned(expr):
            return POISON
        units = averaged(name, expr, self.record)
        first = arguments.finite(f"init of the batch mean {name}", init)
        made = self._declare(name, "batch_mean", units)
        self.record.parameters[name] = Parameter(name, units, first, frozen=True)
        self.record.batch_means[name] = expr
        return made

    # -- what the step does

    def next(self, **values: sp.Expr) -> None:
        """What each state is at the following step."""
        for name, value in values.items():
            self._set_next(name, value)

    @recorded
    def output(self, value: sp.Expr) -> None:
        """What the layer gives at every step."""
        if self.record.output is not None:
            remedy = f"see line {self.record.output[1].line}; for several values: concat(a, b)"
            raise Mistake("the cell has an output already", remedy=remedy)
        span = current_span(self._file)
        self.record.output = (POISON, span)
        expr = arguments.value("the output", value)
        fits_output(expr, self.record.units, self.record.positions)
        self.record.output = (expr, span)

    def freeze(self, doc: str = "") -> CellSpec:
        """The checked cell. Raises `SpecError` with every fault."""
        return freeze(self, doc)

    # -- what loading and freezing need

    def bind(self, name: str, expr: sp.Expr | Weight) -> sp.Expr | Weight:
        """Gives `expr` the name of the variable it is assigned to; a taken name becomes `s_2`, `s_3` …

        Numbers and variables that begin with an underscore stay unnamed.
        """
        if isinstance(expr, Weight):
            called = self.bind(name, expr.expr)
            return called if poisoned(called) else expr.like(called)
        if poisoned(expr):
            return POISON
        try:
            return bound(name, expr, self.record, current_span(self._file))
        except Mistake as mistake:
            return self.report(mistake, assigned_span(self.session, name) if self.session else None)

    def report(self, mistake: Mistake, span: Span | None = None) -> sp.Expr:
        """Records a mistake at `span`, else in the code that is running now; gives the poison value."""
        self.record.faults.append(fault_of(mistake, span or current_span(self._file)))
        return POISON

    @recorded
    def _set_next(self, name: str, value: object) -> None:
        follow(name, value, self.record, current_span(self._file))

    def _enter(self, session: Session) -> None:
        if session.cells:
            remedy = "put each cell into a file of its own"
            self.report(Mistake("a spec file defines one cell", found=f"{session.cells[0].name} and {self.name}", remedy=remedy))
        session.cells.append(self)

    def _units(self, thing: object) -> str:
        """The size that `thing` has."""
        return axis_of(thing, self.record)

    def _parameter(self, parameter: Parameter, units: Axes | None = None) -> sp.Symbol:
        made = self._declare(parameter.name, "parameter", units or parameter.axes)
        self.record.parameters[parameter.name] = parameter
        return made

    def _declare(self, name: str, kind: Given, units: Axes) -> sp.Symbol:
        self.record.expect_fresh(name, keyword=kind == "constant")
        self.record.entries[name] = Declared(name, kind, units, current_span(self._file))
        return symbol(name)

    def _counting(self, kind: Given, units: Axes) -> sp.Symbol:
        return self._noted("_".join([kind, *units]).replace("+", "_"), kind, units)

    def _noted(self, name: str, kind: Given, units: Axes) -> sp.Symbol:
        return symbol(self.record.noted(name, kind, units, current_span(self._file)))
