"""Loading: a spec file, executed and checked, becomes a `CellSpec`."""

from collections.abc import Mapping
from pathlib import Path

from rnncc.catalogue import find
from rnncc.errors import ArgumentError, SpecError
from rnncc.spec.cell_spec import CellSpec
from rnncc.spec.execute import execute
from rnncc.spec.fault import Fault, spec_error
from rnncc.spec.neighbours import importable
from rnncc.spec.session import Session, executing
from rnncc.spec.span import remember, span_at
from rnncc.suggest import close


def load(source: str | Path, options: Mapping[str, object] | None = None) -> CellSpec:
    """The cell of a spec file, which may import modules that lie beside it.

    Parameters
    ----------
    source
        A name of the catalogue (`"lstm"`), or a path.
    options
        Values for the spec's `cell.option`s.

    Raises
    ------
    ArgumentError
        No such spec, an option that the spec does not have, or a value that the option does not take.
    SpecError
        Every fault of the spec.
    """
    path = find(source)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}:1:1: error: the file is no UTF-8 text\n  help: save it as UTF-8") from error
    with importable(path.resolve().parent):
        return load_text(text, str(path), options)


def load_text(text: str, filename: str = "cell.py", options: Mapping[str, object] | None = None) -> CellSpec:
    """The cell of a spec given as text; `filename` is what messages call it. Raises what `load` raises."""
    session = Session(filename, text, dict(options or {}))
    remember(filename, text)
    with executing(session):
        doc = execute(session)
    if not session.cells:
        nothing = Fault(span_at(filename, 1), "the file defines no cell", expected='cell = Cell("…")')
        raise spec_error(session.faults or [nothing])
    spec = session.cells[0].freeze(doc)
    _check_options(spec, session.options)
    return spec


def _check_options(spec: CellSpec, given: Mapping[str, object]) -> None:
    for name in given:
        if name not in spec.options:
            raise ArgumentError(f"{spec.name} has no option {name}; {close(name, spec.options)}")
