"""The module that is written for a framework: four functions, the first two only where the cell needs them.

prepare(params, x, state)           once a sequence: what does not vary in time, and weights that meet the same operand joined
project(params, x)                  what no state enters, for one step or for the whole sequence at once
advance(params, projected, state)   the rest of a step
step, sequence                      (params, x, state) -> (state, output)
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from textwrap import fill

from rnncc.emit.array_code import ArrayCode, Library, Text
from rnncc.emit.framework.parts import Pack, Parts
from rnncc.errors import InternalError
from rnncc.functions import Elementwise
from rnncc.ir import COLUMNS, Axes, Node, Pointwise, Program, length_text, size_names, units

_HEAD = '''"""{name} in {title}.

`step` makes one time step, `sequence` T of them: T is at least 1, and every sequence has full length.

params: {params}
x: {streams}; `step` takes them without T
state: {states}
"""

{imports}
'''
_WIDTH = 110
_STEADY = ("param", "memory", "exists")
"""Arrays that are the same at every step: `params` holds them."""
_RESERVED = ("params", "state", "projected", "torch", "jax")


@dataclass(frozen=True)
class Framework:
    """How a framework spells a cell.

    Parameters
    ----------
    chunk
        The function that cuts an array into so many equal parts along an axis.
    sequence
        The lines that run a whole sequence, from `params`, `x` and `state`, where `{x}` is the name of x.
    helpers
        Function of the vocabulary -> its definition, for those that the framework has not.
    """

    title: str
    imports: str
    library: Library
    chunk: str
    sequence: str
    helpers: Mapping[str, str] = field(default_factory=dict)


def framework_source(program: Program, named: Collection[str], framework: Framework) -> str:
    """A module that defines `step` and `sequence` for the primal `program`; values in `named` keep a line of their own."""
    return _Source(framework, program, Parts(program, frozenset(named))).module()


@dataclass(frozen=True)
class _Source:
    framework: Framework
    program: Program
    parts: Parts

    def module(self) -> str:
        head = _HEAD.format(
            name=self.program.name,
            title=self.framework.title,
            imports=self.framework.imports,
            params=self._typed(i.name for i in self.program.inputs if i.role in (*_STEADY, "const")),
            streams=self._typed(self.parts.streams),
            states=", ".join(f"{c.prev} ({_listed(c.type[1:])})" for c in self.program.carries),
        )
        functions = [*self._helpers(), *self._prepare(), self._project(), self._advance(), self._step(), self._sequence()]
        return head + "".join(f"\n\n{function}" for function in functions)

    def _helpers(self) -> Iterator[str]:
        used = {type(e).__name__ for n in self.program.nodes if isinstance(n, Pointwise) for e in n.expr.atoms(Elementwise)}
        yield from (f"{text}\n" for name, text in self.framework.helpers.items() if name in used)

    def _typed(self, names: Iterable[str]) -> str:
        listed = ", ".join(f"{name} ({_listed(self.program.types[name])})" for name in names)
        return fill(listed, _WIDTH, subsequent_indent="    ", break_on_hyphens=False)

    @cached_property
    def _joined(self) -> list[Pack]:
        return list(dict.fromkeys(self.parts.packs.values()))

    def _prepare(self) -> Iterator[str]:
        if not self.parts.prepared and not self._joined:
            return
        code = self._code(self._read, self._of_state)
        lines = [f"{_param(n.name)} = {code.right(n).text}" for n in self.parts.prepared]
        join = f"{self.framework.library.module}.concatenate"
        lines += [f"{_param(pack.name)} = {join}([{', '.join(map(_param, pack.weights))}])" for pack in self._joined]
        yield _function(f"prepare(params, {self._x}, state)", "Once a sequence.", "params = dict(params)", *lines, "return params")

    def _project(self) -> str:
        handed = [self._read(name).text for name in self.parts.handed]
        lines = self._lines(self.parts.projected, self._read, self._of_x)
        about = "What no state enters, for one step or for the whole sequence at once."
        return _function(f"project(params, {self._x})", about, *lines, f"return {_tuple(handed)}")

    def _advance(self) -> str:
        prevs = [c.prev for c in self.program.carries]
        states = f"{', '.join(map(self._local, prevs))} = {', '.join(map(_state, prevs))}"
        handed = f"{_tuple([self._local(name) for name in self.parts.handed])} = projected"
        following = ", ".join(f'"{c.prev}": {self._local(c.next)}' for c in self.program.carries)
        result = f"return {{{following}}}, {self._local(dict(self.program.outputs)['output'])}"
        lines = self._lines(self.parts.advanced, self._read_locally, self._of_state)
        return _function("advance(params, projected, state)", "The rest of a step.", handed, states, *lines, result)

    def _step(self) -> str:
        last = f"return advance(params, project(params, {self._x}), state)"
        return _function(f"step(params, {self._x}, state)", "(params, x, state) -> (state, output)", *self._prepares, last)

    def _sequence(self) -> str:
        lines = self.framework.sequence.format(x=self._x).splitlines()
        return _function(f"sequence(params, {self._x}, state)", "(params, x, state) -> (state, outputs)", *self._prepares, *lines)

    @property
    def _prepares(self) -> list[str]:
        return [f"params = prepare(params, {self._x}, state)"] if [*self._prepare()] else []

    def _lines(self, nodes: list[Node], outer: Callable[[str], Text], leading: str) -> Iterator[str]:
        """Assignments of `nodes`; `outer` reads what another part has made, `leading` is the shape before the units."""
        inner: dict[str, Text] = {}
        code = self._code(lambda name: inner.get(name) or outer(name), leading)
        for n in nodes:
            pack = self.parts.packs.get(n.name)
            if n.name in self.parts.inlined:
                inner[n.name] = code.right(n)
            elif pack is None:
                yield f"{self._local(n.name)} = {code.right(n).text}"
            elif n.name == pack.values[0]:
                product = f"{code.read(pack.operand).closed} @ {_param(pack.name)}.T"
                yield f"{', '.join(map(self._local, pack.values))} = {self.framework.chunk}({product}, {len(pack.values)}, -1)"

    def _code(self, read: Callable[[str], Text], leading: str) -> ArrayCode:
        shape = partial(self._shape, leading)
        return ArrayCode(self.framework.library, self.program.types, read, self._size, shape, self._like, self.parts.numbers)

    @property
    def _x(self) -> str:
        """What the argument is called: as the one input, or `x` for a dict of several."""
        return self._local(self.parts.streams[0]) if len(self.parts.streams) == 1 else "x"

    def _local(self, name: str) -> str:
        """The variable of a value: its name, unless the module gives that to something else."""
        taken = name in _RESERVED or (name == "x" and len(self.parts.streams) > 1)
        return self.program.fresh(name) if taken else name

    def _read(self, name: str) -> Text:
        """A value where `x` is at hand."""
        return Text(f'x["{name}"]') if name in self.parts.streams and len(self.parts.streams) > 1 else self._read_locally(name)

    def _read_locally(self, name: str) -> Text:
        if "T" in self.program.types[name]:
            return Text(self._local(name))
        given = self.program.input.get(name)
        return Text(self._size(name.removeprefix("n_"))) if given and given.role == "size" else Text(_param(name))

    def _size(self, axis: str) -> str:
        """The length of `axis`."""
        text, k = self._shown(axis)
        return f"{text}.shape[{k}]"

    def _like(self, axis: str) -> str:
        """An array that has `axis`, or the first part of it."""
        return self._shown(size_names(axis)[0])[0]

    def _shown(self, axis: str) -> tuple[str, int]:
        """The first value that shows how long `axis` is, a parameter, a state or an input, and where."""
        shown = [(_param(i.name), i.type) for i in self.program.inputs if i.role in _STEADY]
        shown += [(_state(c.prev), c.type) for c in self.program.carries]
        shown += [(self._read(name).text, self.program.types[name]) for name in self.parts.streams]
        plain = [(text, tuple(a.removesuffix(COLUMNS) for a in axes)) for text, axes in shown]
        found = [(text, axes.index(axis) - len(axes)) for text, axes in plain if axis in axes]
        if not found:
            raise InternalError(f"no value of {self.program.name} shows how long {axis} is")
        return found[0]

    def _shape(self, leading: str, axes: Axes) -> str:
        """The shape of a value, `leading` before the units where it varies in time or from row to row."""
        lengths = [length_text(a, self._size) for a in units(axes)]
        return f"({', '.join(([f'*{leading}'] if 'N' in axes else []) + lengths)},)"

    @property
    def _of_state(self) -> str:
        """The shape of a state before its units: that of one step."""
        first = self.program.carries[0]
        return _before_units(_state(first.prev), first.type)

    @property
    def _of_x(self) -> str:
        """The shape of x before its units: of one step or of the whole sequence."""
        first = self.parts.streams[0]
        return _before_units(self._read(first).text, self.program.types[first])


def _before_units(array: str, axes: Axes) -> str:
    return f"{array}.shape[:{-len(units(axes))}]" if units(axes) else f"{array}.shape"


def _listed(axes: Axes) -> str:
    return ", ".join(a.removesuffix(COLUMNS) for a in axes)


def _param(name: str) -> str:
    return f'params["{name}"]'


def _state(name: str) -> str:
    return f'state["{name}"]'


def _tuple(names: list[str]) -> str:
    return ", ".join(names) if len(names) > 1 else f"({names[0]},)"


def _function(signature: str, about: str, *lines: str) -> str:
    return "\n".join([f"def {signature}:", f'    """{about}"""', *(f"    {line}" for line in lines), ""])
