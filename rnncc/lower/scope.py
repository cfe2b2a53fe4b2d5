"""What lowering has made so far: nodes, types, names that are taken."""

from dataclasses import replace

import sympy as sp

from rnncc.ir import Axes, Input, Node, Role, Slice, matrix_axes, size_names
from rnncc.spec.cell_spec import CellSpec, Kind
from rnncc.spec.names import fresh, implied

_ROLES: dict[Kind, Role] = {
    "input": "input",
    "index": "index",
    "memory": "memory",
    "exists": "exists",
    "parameter": "param",
    "batch_mean": "param",
    "constant": "const",
    "mask": "mask",
}


class Scope:
    """Collects nodes in order; every name of the spec is taken from the start, so that helpers never shadow one."""

    def __init__(self, spec: CellSpec) -> None:
        self.nodes: list[Node] = []
        self.types: dict[str, Axes] = {d.name: d.axes for d in spec.definitions}
        self.memo: dict[sp.Expr, str] = {}
        self.place = ""
        self._taken = {*self.types, *implied((s.name for s in spec.states), ("input", "hidden", *spec.sizes)), "output"}
        self._given = [i for kind in _ROLES for i in _inputs(spec, kind)]
        self._given += [
            Input(f"{s.name}_0", ("N", *matrix_axes(s.axes)), "init", place=spec.definition[s.name].place) for s in spec.states
        ]
        self._outside = {d.name for d in spec.of_kind(*_ROLES, "state", "count")}
        self._counts: dict[str, None] = {}
        self._slices: dict[tuple[str, int], str] = {}

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Inputs of the program, sizes that were asked for last."""
        return (*self._given, *(Input(name, (), "size") for name in self._counts))

    def add(self, node: Node) -> str:
        """Appends `node`; gives its name."""
        self.nodes.append(replace(node, place=self.place))
        self.types[node.name] = node.type
        return node.name

    def fresh(self, base: str) -> str:
        """A name that nothing has."""
        name = fresh(base, self._taken)
        self._taken.add(name)
        return name

    def is_node(self, name: str) -> bool:
        """Whether `name` is computed: no input, state, parameter, constant or mask."""
        return name not in self._outside

    def count(self, size: str) -> str:
        """The input that holds the number of units of `size`."""
        self._counts.setdefault(f"n_{size}")
        return f"n_{size}"

    def slice(self, weight: str, k: int, part: str) -> str:
        """Columns of `weight` that belong to part number `k` of a concat; made once for all products."""
        if (weight, k) not in self._slices:
            rows, columns = self.types[weight]
            name = self.fresh(f"{weight}_{part}")
            self._slices[weight, k] = self.add(Slice(name, (rows, size_names(columns)[k]), weight, k))
        return self._slices[weight, k]


def _inputs(spec: CellSpec, kind: Kind) -> list[Input]:
    return [Input(d.name, d.axes, _ROLES[kind], place=d.place) for d in spec.of_kind(kind)]
