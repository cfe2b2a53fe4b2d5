"""The execution of one spec file: the options it runs under and the cell it makes."""

import ast
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rnncc.spec.fault import Fault

if TYPE_CHECKING:
    from rnncc.spec.cell import Cell


@dataclass
class Session:
    """What a cell needs to know of the file that makes it."""

    filename: str
    source: str
    options: Mapping[str, object]
    statement: ast.stmt | None = None
    """The top-level statement being executed."""
    cells: list["Cell"] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


_CURRENT: ContextVar[Session | None] = ContextVar("rnncc_spec_session", default=None)


def current_session() -> Session | None:
    """The file being executed in this thread, or None where a cell is made in other code."""
    return _CURRENT.get()


@contextmanager
def executing(session: Session) -> Iterator[Session]:
    """Makes `session` the current one."""
    token = _CURRENT.set(session)
    try:
        yield session
    finally:
        _CURRENT.reset(token)
