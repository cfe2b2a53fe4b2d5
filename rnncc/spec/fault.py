"""Faults of a spec: what is wrong, where, and how to mend it.

`Mistake` is raised by a check that knows what is wrong but not where; whoever runs the check adds the `Span` and keeps the `Fault`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rnncc.errors import SpecError


class Mistake(Exception):  # noqa: N818 (a signal between checks and their cell; users see SpecError)
    """Something wrong in a spec, before its place is known."""

    def __init__(self, message: str, *, found: str = "", expected: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.found = found
        self.expected = expected
        self.remedy = remedy


@dataclass(frozen=True)
class Span:
    """A stretch of one source line; `column` and `end` count characters from 1, `end` is the first one after."""

    file: str
    line: int = 1
    column: int = 1
    end: int = 1
    text: str = ""
    """The source line, without its newline."""
    callers: tuple[int, ...] = ()
    """Lines that called the function the span lies in, innermost first."""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Fault:
    """One fault with its place."""

    span: Span
    message: str
    found: str = ""
    expected: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        lines = [f"{self.span.place}:{self.span.column}: error: {self.message}", *_excerpt(self.span)]
        notes = (("found", self.found), ("expected", self.expected), ("called from", _lines(self.span.callers)), ("help", self.remedy))
        return "\n".join(lines + [f"  {label}: {text}" for label, text in notes if text])


def fault_of(mistake: Mistake, span: Span) -> Fault:
    """`mistake` at `span`."""
    return Fault(span, mistake.message, mistake.found, mistake.expected, mistake.remedy)


def spec_error(faults: Iterable[Fault]) -> SpecError:
    """One error with every fault, in the order of the source, each once."""
    ordered = sorted(dict.fromkeys(_once(faults)), key=lambda f: (f.span.file, f.span.line, f.span.column))
    return SpecError("\n".join(str(f) for f in ordered), tuple(ordered))


def _once(faults: Iterable[Fault]) -> list[Fault]:
    """A function called for every gate meets the same fault every time: keep the first."""
    seen: dict[tuple[str, int, int, str], Fault] = {}
    for f in faults:
        seen.setdefault((f.span.file, f.span.line, f.span.column, f.message), f)
    return list(seen.values())


def _excerpt(span: Span) -> list[str]:
    if not span.text.strip():
        return []
    carets = "^" * max(1, min(span.end, len(span.text) + 1) - span.column)
    return ["    " + span.text.replace("\t", " "), "    " + " " * (span.column - 1) + carets]


def _lines(callers: tuple[int, ...]) -> str:
    return ", ".join(f"line {n}" for n in callers)
