"""What a transform of a cell works on: its program, and what the runtime is told of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import sympy as sp

from rnncc.errors import ArgumentError
from rnncc.functions import symbol
from rnncc.ir import Axes, Carry, Input, Node, Program, Role, matrix_axes
from rnncc.runtime.cell_info import CellInfo, Domain, Parameter, Per, RandomMask
from rnncc.runtime.transforms import constant_name

_BEFORE_UNITS: dict[Per, Axes] = {"step": ("T", "N"), "sequence": ("N",), "call": ()}


@dataclass(frozen=True)
class Described:
    """A cell's program, straight from lowering or from another transform, and its description; both say the same."""

    program: Program
    info: CellInfo

    def with_nodes(self, nodes: Iterable[Node]) -> "Described":
        """With other nodes."""
        return replace(self, program=replace(self.program, nodes=tuple(nodes)))

    def with_constant(self, name: str, domain: Domain | None = None) -> "Described":
        """With a further constant of `domain`, zero unless the layer is given it."""
        found, info = self._with_input(name, (), "const"), self.info
        domains = {**info.domains} if domain is None else {**info.domains, name: domain}
        return replace(found, info=replace(info, constants={**info.constants, name: 0.0}, domains=domains))

    def with_mask(self, name: str, axes: Axes, rate: str, per: Per) -> "Described":
        """With a further random mask over the unit axes `axes`."""
        found = self._with_input(name, (*_BEFORE_UNITS[per], *axes), "mask")
        return replace(found, info=replace(self.info, masks=(*self.info.masks, RandomMask(name, axes, rate, per))))

    def with_parameter(self, parameter: Parameter) -> "Described":
        """With a further parameter, which is used elementwise."""
        return self._with_parameter(parameter, matrix_axes(parameter.axes))

    def with_weight(self, parameter: Parameter) -> "Described":
        """With a further parameter, which is a matrix of products."""
        return self._with_parameter(parameter, parameter.axes)

    def with_input(self, name: str, axes: Axes) -> "Described":
        """With a further input of every step, over the unit axes `axes`."""
        found = self._with_input(name, ("T", "N", *axes), "input")
        return replace(found, info=replace(self.info, inputs=(*self.info.inputs, (name, axes))))

    def with_sizes(self, names: Iterable[str]) -> "Described":
        """With the numbers of units of `names` as values."""
        found = self
        for name in names:
            if f"n_{name}" not in found.program.types:
                found = found._with_input(f"n_{name}", (), "size")
        return found

    def with_option(self, name: str, value: object) -> "Described":
        """Whose description tells of a transform."""
        return replace(self, info=replace(self.info, options={**self.info.options, name: value}))

    def with_states(self, keyword: str, names: tuple[str, ...], domain: Domain) -> tuple["Described", list[tuple[Carry, str]]]:
        """With the constants of `domain` that `keyword` gives a layer for the states `names`, and the carry of each with its constant.

        Where there is no name: one constant, and all of them but the number of the step.
        """
        known = {s.name: self.program.by_prev[s.name] for s in self.info.differentiable}
        for name in names:
            if name not in known:
                raise ArgumentError(f"{keyword}: {self.info.name} has no state {name}; it carries {', '.join(known)}")
        found = [(known[name], constant_name(keyword, name if names else None)) for name in names or known]
        cell = self
        for constant in dict.fromkeys(constant for _, constant in found):
            cell = cell.with_constant(constant, domain)
        return cell, found

    def _with_parameter(self, parameter: Parameter, axes: Axes) -> "Described":
        found = self._with_input(parameter.name, axes, "param")
        return replace(found, info=replace(self.info, parameters=(*self.info.parameters, parameter)))

    def _with_input(self, name: str, axes: Axes, role: Role) -> "Described":
        if name in self.program.types:
            raise ArgumentError(f"{self.info.name} has a value called {name}, which a transform needs: call it something else")
        return replace(self, program=replace(self.program, inputs=(*self.program.inputs, Input(name, axes, role))))


def dropped(value: str, mask: str, rate: str) -> sp.Expr:
    """Inverted dropout."""
    return symbol(value) * (1 - symbol(mask)) / (1 - symbol(rate))
