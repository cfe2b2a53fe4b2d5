"""Where in a spec the running code is, from the interpreter's own tables."""

import ast
import linecache
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType, TracebackType

import sympy

from rnncc.spec.fault import Span

_OWN = (str(Path(__file__).parent), str(Path(sympy.__file__).parent))


def current_span(file: str | None) -> Span:
    """The innermost running code of `file`; without a file, of whatever is neither this package nor sympy."""
    frames = [f for f in _frames() if _belongs(f.f_code, file)]
    if not frames:
        return Span(file or "<unknown>")
    return _span(frames[0].f_code, frames[0].f_lasti, tuple(f.f_lineno for f in frames[1:] if file))


def raised_span(file: str, trace: TracebackType | None) -> Span:
    """The innermost code of `file` that an exception passed through."""
    entries = []
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            entries.append(trace)
        trace = trace.tb_next
    if not entries:
        return Span(file)
    last = entries[-1]
    return _span(last.tb_frame.f_code, last.tb_lasti, tuple(t.tb_lineno for t in reversed(entries[:-1])))


def span_at(file: str, line: int, column: int = 1, end: int | None = None) -> Span:
    """Columns `column` to `end` of a line, counted from 1; the whole line where no end is given."""
    text = linecache.getline(file, line).rstrip("\n")
    return Span(file, line, column, end or max(len(text) + 1, column + 1), text)


def span_of(file: str, node: ast.expr) -> Span:
    """Where `node` of a syntax tree stands; of several lines, the first."""
    text = linecache.getline(file, node.lineno).rstrip("\n")
    end = _characters(text, node.end_col_offset or 0) if node.end_lineno == node.lineno else len(text)
    return Span(file, node.lineno, _characters(text, node.col_offset) + 1, end + 1, text)


def remember(file: str, source: str) -> None:
    """Lets `linecache`, and with it tracebacks, know the text of `file`, whether or not it lies on a disk."""
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _belongs(code: CodeType, file: str | None) -> bool:
    if file is not None:
        return code.co_filename == file
    return not code.co_filename.startswith(_OWN)


def _span(code: CodeType, offset: int, callers: tuple[int, ...]) -> Span:
    line, last, start, stop = list(code.co_positions())[offset // 2]
    if line is None or start is None or stop is None:
        return Span(code.co_filename, line or 1, callers=callers)
    text = linecache.getline(code.co_filename, line).rstrip("\n")
    end = _characters(text, stop) if last == line else len(text)
    return Span(code.co_filename, line, _characters(text, start) + 1, end + 1, text, callers)


def _characters(text: str, offset: int) -> int:
    """Python counts columns in bytes of UTF-8."""
    return len(text.encode()[:offset].decode(errors="ignore"))
