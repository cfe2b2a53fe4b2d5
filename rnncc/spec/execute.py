"""Executing a spec file one top-level statement at a time, so that a fault does not hide the next.

What a failed statement would have defined stands for the poison value from then on, which silences faults that only follow from it.
"""

import ast
from collections.abc import Iterator
from types import TracebackType

from rnncc.errors import UserError
from rnncc.spec.fault import Fault, fault_of
from rnncc.spec.namespace import Namespace
from rnncc.spec.session import Session
from rnncc.spec.span import raised_span, span_at
from rnncc.spec.structure import POISON
from rnncc.spec.translate import mistake_of


def execute(session: Session) -> str:
    """Runs the file; faults and cells gather in `session`. Gives the module's docstring."""
    try:
        tree = ast.parse(session.source, session.filename)
    except SyntaxError as error:
        session.faults.append(_syntax(session, error))
        return ""
    module: dict[str, object] = {"__name__": "rnncc_spec_file", "__file__": session.filename}
    names = Namespace(session, module)
    for statement in _statements(tree):
        _run(session, statement, names)
        if session.faults and not session.cells and names.failed("cell"):
            break
    return ast.get_docstring(tree) or ""


def _run(session: Session, statement: ast.stmt, names: Namespace) -> None:
    session.statement = statement
    code = compile(ast.Module([statement], []), session.filename, "exec", dont_inherit=True)
    with _Watch(session, statement, names):
        exec(code, names.module, names)


class _Watch:
    """Turns whatever the foreign code of a spec raises into a fault; errors of rnncc's own callers pass."""

    def __init__(self, session: Session, statement: ast.stmt, names: Namespace) -> None:
        self.session = session
        self.statement = statement
        self.names = names

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None) -> bool:
        if isinstance(raised, UserError) or not isinstance(raised, Exception | SystemExit):
            return False
        if not any(self.names.failed(name) for name in _loaded(self.statement)):
            span = raised_span(self.session.filename, trace)
            self.session.faults.append(fault_of(mistake_of(raised, span, self.names), span))
        self._poison()
        return True

    def _poison(self) -> None:
        for name in _stored(self.statement):
            self.names.put(name, POISON)
        for cell in self.session.cells:
            cell.record.excused |= _attributes(self.statement)


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Top-level statements; an import of several names is several statements."""
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                single = ast.ImportFrom(statement.module, [alias], statement.level)
                yield ast.copy_location(single, alias)
        else:
            yield statement


def _loaded(statement: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _stored(statement: ast.stmt) -> set[str]:
    """Names the statement binds at the top level."""
    match statement:
        case ast.ImportFrom() | ast.Import():
            return {alias.asname or alias.name.split(".")[0] for alias in statement.names}
        case ast.FunctionDef() | ast.ClassDef():
            return {statement.name}
        case _:
            return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _attributes(statement: ast.stmt) -> set[str]:
    return {n.attr for n in ast.walk(statement) if isinstance(n, ast.Attribute)}


def _syntax(session: Session, error: SyntaxError) -> Fault:
    line, column = error.lineno or 1, error.offset or 1
    end = error.end_offset if error.end_lineno == line else None
    span = span_at(session.filename, line, column, max(end or 0, column + 1))
    return Fault(span, f"the file is no valid Python: {error.msg}")
