"""Dropout of what products multiply: inputs, states, recurrent weights."""

from collections.abc import Callable
from dataclasses import replace

from rnncc.errors import ArgumentError
from rnncc.ir import BlockDiagonal, Concat, Contract, Node, Pointwise, Program, Slice, units
from rnncc.passes.rename import rename
from rnncc.passes.transforms.described import Described, dropped


def input_dropout(cell: Described) -> Described:
    """`cell` whose inputs are dropped where they enter products, one mask a sequence and input (Gal & Ghahramani 2016).

    Assumes: a verified program.
    Guarantees: an operand that is an input, or elementwise work on one, is multiplied with that input's mask; one that reads a previous
    state too is left to `recurrent_dropout`.
    Does not do: inputs that meet no product, whole numbers among them; a cell that has no others raises `ArgumentError`.
    """
    if not _inputs(cell.program):
        raise ArgumentError(f"input_dropout: {cell.info.name} reads whole numbers alone, which are not dropped; leave it out")

    def source(program: Program, operand: str) -> str | None:
        return None if _state_of(program, operand) else _source(program, operand, _inputs(program))

    return _dropping(cell, "input_dropout", source)


def recurrent_dropout(cell: Described) -> Described:
    """`cell` whose states are dropped where they enter products, one mask a sequence and state (Gal & Ghahramani 2016).

    Assumes: a verified program.
    Guarantees: an operand that is a previous state, or elementwise work on one (`r * h`), is multiplied with that state's mask.
    Does not do: new states, which enter products of the same step.
    """
    return _dropping(cell, "recurrent_dropout", _state_of)


def weight_drop(cell: Described) -> Described:
    """`cell` whose recurrent weights are dropped, one mask a call (Wan et al. 2013; Merity, Keskar & Socher 2018).

    Assumes: a verified program.
    Guarantees: a weight that is multiplied with a previous state, or with elementwise work on one, is dropped once, ahead of the loop.
    Does not do: weights that vary in time.
    """
    cell = cell.with_constant("weight_drop", "rate")
    nodes: list[Node] = []
    made: dict[str, str] = {}
    for n in cell.program.nodes:
        if isinstance(n, Contract) and "T" not in cell.program.types[n.a] and _state_of(cell.program, n.b):
            if n.a not in made:
                cell, own = _dropped_weight(cell, n.a, n.place)
                nodes += own
                made[n.a] = own[-1].name
            n = rename(n, {n.a: made[n.a]})
        nodes.append(n)
    return cell.with_nodes(nodes)


def _dropped_weight(cell: Described, weight: str, place: str) -> tuple[Described, list[Node]]:
    """`cell` with a mask for `weight`, and what drops it, last the dropped weight: of a block-diagonal one its blocks are dropped."""
    program, whole = cell.program, cell.program.node.get(weight)
    given = whole.a if isinstance(whole, BlockDiagonal) else weight
    axes, mask, name = program.types[given], program.fresh(f"drop_mask_{given}"), program.fresh(f"{given}_dropped")
    nodes: list[Node] = [Pointwise(name, axes, dropped(given, mask, "weight_drop"), place=place)]
    if isinstance(whole, BlockDiagonal):
        nodes.append(replace(whole, name=program.fresh(f"{weight}_dropped"), a=name, place=place))
    return cell.with_mask(mask, axes, "weight_drop", "call"), nodes


def _dropping(cell: Described, rate: str, source: Callable[[Program, str], str | None]) -> Described:
    """Each operand of a product multiplied with the mask of its source, where it has one."""
    cell = cell.with_constant(rate, "rate")
    program, nodes = cell.program, list[Node]()
    masks: dict[str, str] = {}
    made: dict[str, str] = {}
    for n in program.nodes:
        found = source(program, n.b) if isinstance(n, Contract) else None
        if isinstance(n, Contract) and found is not None:
            if found not in masks:
                masks[found] = program.fresh(f"{rate}_mask_{found}")
                cell = cell.with_mask(masks[found], units(program.types[found]), rate, "sequence")
            if n.b not in made:
                made[n.b] = program.fresh(f"{n.b}_dropped")
                nodes.append(Pointwise(made[n.b], program.types[n.b], dropped(n.b, masks[found], rate), place=n.place))
            n = rename(n, {n.b: made[n.b]})
        nodes.append(n)
    return cell.with_nodes(nodes)


def _inputs(program: Program) -> list[str]:
    return [i.name for i in program.inputs if i.role == "input"]


def _state_of(program: Program, operand: str) -> str | None:
    """The previous state that `operand` is, or is elementwise work on."""
    return _source(program, operand, [c.prev for c in program.carries])


def _source(program: Program, operand: str, sources: list[str]) -> str | None:
    """The first of `sources`, of the operand's units, that elementwise work of this step makes `operand` from."""
    following = {c.next for c in program.carries}
    seen, todo = set[str](), [operand]
    while todo:
        value = todo.pop()
        node = program.node.get(value)
        if value not in seen and value not in following and isinstance(node, Pointwise | Concat | Slice):
            todo.extend(node.operands)
        seen.add(value)
    own = units(program.types[operand])
    return next((s for s in sources if s in seen and units(program.types[s]) == own and own), None)
