"""Where the expression stands that a variable is being assigned."""

import ast
from collections.abc import Iterator

from rnncc.spec.fault import Span
from rnncc.spec.session import Session
from rnncc.spec.span import current_span, span_of


def assigned_span(session: Session, name: str) -> Span:
    """The expression assigned to `name` by the running statement; the running code where there is no single one."""
    now = current_span(session.filename)
    values = [v for v in _values(session.statement, name) if v.lineno <= now.line <= (v.end_lineno or v.lineno)]
    return span_of(session.filename, values[0]) if len(values) == 1 else now


def _values(statement: ast.stmt | None, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(statement) if statement else ():
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _matching(target, node.value, name)


def _matching(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    match target, value:
        case ast.Name(id=found), _ if found == name:
            yield value
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for t, v in zip(targets, values, strict=True):
                yield from _matching(t, v, name)
        case _:
            return
