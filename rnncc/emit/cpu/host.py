"""Values without T: what a driver computes in NumPy before the loop and after it."""

import sympy as sp

from rnncc.emit.cpu.expression import expression
from rnncc.emit.cpu.words import key, safe
from rnncc.errors import InternalError
from rnncc.ir import (
    COLUMNS,
    LIVE,
    Axes,
    BlockDiagonal,
    Concat,
    Contract,
    DiagonalBlocks,
    Input,
    Iota,
    Node,
    Pointwise,
    Program,
    Reduce,
    Relabel,
    Slice,
    Transpose,
    length_text,
    size_names,
    units,
)


def extent(axis: str) -> str:
    """The length of a unit axis: `hidden`, or `hidden + input`."""
    return length_text(axis, str)


def extents(program: Program, value: str) -> str:
    """The lengths of the unit axes of `value`, each after a comma."""
    return "".join(f", {extent(a)}" for a in units(program.types[value]))


def read(program: Program, value: str) -> str:
    """A value without T as Python reads it."""
    given = program.input.get(value)
    if given is None:
        return value
    return f"float({size_of(given)})" if given.role == "size" else from_env(value)


def from_env(value: str) -> str:
    """An input as the caller gives it, under the name of the spec."""
    return f'env["{key(value)}"]'


def size_of(given: Input) -> str:
    """The variable that holds what a `size` input is the float of."""
    return safe(key(given.name).removeprefix("n_"))


def number(program: Program, value: str) -> str:
    """A value of type () as a Python float."""
    source = read(program, value)
    return source if source.startswith("float(") else f"float({source})"


def size_lines(program: Program) -> list[str]:
    """A line for each size that is used, from the first input that has it."""
    known = {size_of(Input(LIVE, (), "size")): "max(int(sweep.live().sum()), 1)"}
    for i in program.inputs:
        for k, axis in enumerate(a.removesuffix(COLUMNS) for a in i.type):
            if axis not in ("T", "N") and size_names(axis) == [axis]:
                known.setdefault(axis, f"{from_env(i.name)}.shape[{k - len(i.type)}]")
    wanted = {s for axes in program.types.values() for a in units(axes) for s in size_names(a)}
    wanted |= {size_of(i) for i in program.inputs if i.role == "size"}
    return [f"{size} = {known[size]}" for size in sorted(wanted)]


def dtype_line(program: Program) -> str:
    """The dtype, from the first input of floats."""
    return f"dtype = {_floats(program)}.dtype"


def _floats(program: Program) -> str:
    """The first input of floats."""
    return from_env(next(i.name for i in program.inputs if i.role not in ("size", "const", "index") and i.type))


def _pointwise(program: Program, n: Pointwise) -> str:
    """An expression over arrays, each spread over the axes that it lacks."""
    numbers = [i.name for i in program.inputs if i.role in ("const", "size")]
    source = expression(n.expr, lambda value: read(program, value) + _spread(program.types[value], n.type), "host.", numbers=numbers)
    chosen = isinstance(n.expr, sp.Piecewise) and any(program.types[o] for o in n.operands)
    if chosen and not any(program.types[o] for value, _ in n.expr.args for o in _names(value)):
        source = f"{source}.astype(dtype)"  # a choice between numbers has none of its own
    if n.type in ((), *(program.types[o] for o in n.operands)):
        return source
    lengths = ["sweep.batch" if a == "N" else extent(a) for a in n.type]
    return f"host.full({_floats(program)}, ({', '.join(lengths)},), {source})"


def _names(expr: sp.Expr) -> list[str]:
    return [s.name for s in expr.free_symbols]


def _spread(axes: Axes, onto: Axes) -> str:
    """The index that gives an array of `axes` an axis of length 1 for each that it lacks behind its first."""
    if not axes or axes == onto[-len(axes) :]:
        return ""
    return f"[{', '.join(':' if a in axes else 'None' for a in onto[onto.index(axes[0]) :])}]"


def columns(program: Program, n: Slice) -> tuple[str, str]:
    """The first element of a slice, and the one after its last."""
    names = size_names(program.types[n.a][-1])
    start = " + ".join(names[: n.part])
    return (start, f"{start} + {extent(n.type[-1])}") if start else ("0", extent(n.type[-1]))


def named(program: Program, matrix: str, transposed: bool) -> str | None:
    """A parameter, columns of one, or blocks along a diagonal, as `runtime.pack.packed` takes it; None for what is computed."""
    node = program.node.get(matrix)
    owner = program.input.get(node.a if isinstance(node, Slice | BlockDiagonal) else matrix)
    if owner is None or owner.role != "param":
        return None
    name = f'"{key(owner.name)}{".T" if transposed else ""}"'
    return f"({name}, {', '.join(columns(program, node))})" if isinstance(node, Slice) else name


def _rearranged(program: Program, n: Slice | Transpose | Relabel | BlockDiagonal | DiagonalBlocks) -> str:
    """The numbers of another value at other places."""
    given = read(program, n.a)
    match n:
        case Slice():
            start, stop = columns(program, n)
            return f"{given}[..., :{stop}]" if start == "0" else f"{given}[..., {start} : {stop}]"
        case Transpose() | Relabel():
            return given + ".T" * isinstance(n, Transpose)
        case BlockDiagonal():
            return f"block_diagonal({given})"
        case DiagonalBlocks():
            return f"diagonal_blocks({given}, {n.type[0]})"


def host_node(program: Program, n: Node) -> str:
    """What defines a node without T."""
    match n:
        case Pointwise():
            return _pointwise(program, n)
        case Contract():
            return f'np.einsum("{n.index}", {read(program, n.a)}, {read(program, n.b)})'
        case Reduce():
            axes = tuple(k for k, a in enumerate(program.types[n.a]) if a not in n.type)
            return f"np.{n.op}({read(program, n.a)}, axis={axes})"
        case Concat():
            return f"np.concatenate([{', '.join(read(program, p) for p in n.parts)}], axis=-1)"
        case Slice() | Transpose() | Relabel() | BlockDiagonal() | DiagonalBlocks():
            return _rearranged(program, n)
        case Iota():
            return f"host.iota({n.axis}, {_floats(program)}, {', '.join(extent(a) for a in n.type)})"
        case _:
            raise InternalError(f"{n.name}: no host code for a {type(n).__name__}")
