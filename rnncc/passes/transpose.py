"""The transpose of each node: from the cotangent of its value to contributions to its operands'."""

from rnncc.errors import InternalError
from rnncc.functions import partials, symbol
from rnncc.functions.vocabulary import equal
from rnncc.ir import (
    BlockDiagonal,
    Concat,
    Contract,
    DiagonalBlocks,
    Gather,
    Node,
    Pointwise,
    Reduce,
    Relabel,
    ScatterAdd,
    Slice,
    Transpose,
)
from rnncc.passes.cotangents import Cotangents


def transpose(node: Node, cotangent: str, cotangents: Cotangents) -> None:
    """Give each operand of `node` what `cotangent`, the finished cotangent of its value, contributes to it."""
    match node:
        case Pointwise():
            _pointwise(node, cotangent, cotangents)
        case Contract():
            _contract(node, cotangent, cotangents)
        case Reduce(op="sum"):
            cotangents.give(node.a, symbol(cotangent))
        case Reduce(op="max"):
            _maximum(node, cotangent, cotangents)
        case Concat():
            _concat(node, cotangent, cotangents)
        case Slice() | Relabel():
            _moved(node, cotangent, cotangents)
        case Transpose() | BlockDiagonal() | DiagonalBlocks() | Gather() | ScatterAdd():
            _exchanged(node, cotangent, cotangents)
        case _:
            raise InternalError(f"no transpose of {type(node).__name__} of {node.name}")


def _pointwise(node: Pointwise, cotangent: str, to: Cotangents) -> None:
    active = [o for o in node.operands if o in to.wanted]
    for operand, slope in partials(node.expr, node.name, active).items():
        to.give_summed(operand, symbol(cotangent) * slope, node.name)


def _contract(node: Contract, cotangent: str, to: Cotangents) -> None:
    left, out = node.index.split("->")
    a, b = left.split(",")
    if node.a in to.wanted:
        _product(node, node.a, (cotangent, node.b), f"{out},{b}->{a}", to)
    if node.b in to.wanted:
        _product(node, node.b, (node.a, cotangent), f"{a},{out}->{b}", to)


def _product(node: Contract, operand: str, factors: tuple[str, str], index: str, to: Cotangents) -> None:
    axes = to.builder.types[operand]
    name = to.builder.reserve(f"{to.prefix}{operand}_of_{node.name}", axes)
    to.give(operand, to.builder.symbol_of(Contract(name, axes, *factors, index)))


def _maximum(node: Reduce, cotangent: str, to: Cotangents) -> None:
    """The largest elements share the cotangent equally."""
    builder, axes = to.builder, to.builder.types[node.a]
    hit = builder.pointwise(f"hit_{node.name}", axes, equal(symbol(node.a), symbol(node.name)))
    count = builder.reserve(f"count_{node.name}", node.type)
    builder.add(Reduce(count, node.type, hit, "sum"))
    to.give(node.a, symbol(cotangent) * symbol(hit) / symbol(count))


def _concat(node: Concat, cotangent: str, to: Cotangents) -> None:
    for k, part in enumerate(node.parts):
        if part in to.wanted:
            axes = to.builder.types[part]
            name = to.builder.reserve(f"{to.prefix}{part}_of_{node.name}", axes)
            to.give(part, to.builder.symbol_of(Slice(name, axes, cotangent, k)))


def _moved(node: Slice | Relabel, cotangent: str, to: Cotangents) -> None:
    if isinstance(node, Slice):
        to.give_part(node.a, node.part, symbol(cotangent))
        return
    axes = to.builder.types[node.a]
    name = to.builder.reserve(f"{to.prefix}{node.a}_of_{node.name}", axes)
    to.give(node.a, to.builder.symbol_of(Relabel(name, axes, cotangent)))


def _exchanged(node: Transpose | BlockDiagonal | DiagonalBlocks | Gather | ScatterAdd, cotangent: str, to: Cotangents) -> None:
    """Gather and ScatterAdd are each other's transpose, BlockDiagonal and DiagonalBlocks likewise, Transpose is its own."""
    axes = to.builder.types[node.a]
    name = to.builder.reserve(f"{to.prefix}{node.a}_of_{node.name}", axes)
    made: Node
    match node:
        case Transpose():
            made = Transpose(name, axes, cotangent)
        case BlockDiagonal():
            made = DiagonalBlocks(name, axes, cotangent)
        case DiagonalBlocks():
            made = BlockDiagonal(name, axes, cotangent)
        case Gather():
            made = ScatterAdd(name, axes, cotangent, node.index)
        case ScatterAdd():
            made = Gather(name, axes, cotangent, node.index)
    to.give(node.a, to.builder.symbol_of(made))
