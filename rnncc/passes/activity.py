"""Which values a derivative passes through."""

from collections.abc import Iterable

from rnncc.errors import InternalError
from rnncc.ir import Program, dependencies

FIXED = ("index", "exists", "const", "size", "mask")
"""Roles of inputs that derivatives are not taken by, unless asked."""


def dependents(program: Program, names: Iterable[str]) -> set[str]:
    """`names` and every value computed from one of them, through carries too."""
    users: dict[str, list[str]] = {}
    for v, operands in dependencies(program).items():
        for o in operands:
            users.setdefault(o, []).append(v)
    found, todo = set[str](), list(names)
    while todo:
        v = todo.pop()
        if v not in found:
            found.add(v)
            todo.extend(users.get(v, ()))
    return found


def differentiable(program: Program, wrt: Iterable[str] | None) -> list[str]:
    """`wrt`, checked; None: every input of floats but constants, sizes and masks.

    Raises
    ------
    InternalError
        A name in `wrt` is no input.
    """
    if wrt is None:
        return [i.name for i in program.inputs if i.role not in FIXED]
    names = list(wrt)
    for name in names:
        if name not in program.input:
            raise InternalError(f"program {program.name} has no input {name} to differentiate by")
    return names
