"""Lines of Python with their indentation."""

from collections.abc import Iterator
from contextlib import contextmanager


class Text:
    """Collects lines; `block` indents what is written inside it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._depth = 0

    def __call__(self, line: str = "") -> None:
        self.lines.append("    " * self._depth + line if line else "")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """`head` on a line of its own, what follows one level deeper."""
        self(head)
        self._depth += 1
        yield
        self._depth -= 1

    def __str__(self) -> str:
        return "\n".join(self.lines) + "\n"


def wrapped(head: str, items: list[str], tail: str, indent: str = "", width: int = 120) -> list[str]:
    """`head` items `tail` on one line, or one indented run of lines where that is too long."""
    line = f"{indent}{head}{', '.join(items)}{tail}"
    if len(line) <= width:
        return [line]
    lines, current = [f"{indent}{head}"], ""
    for item in items:
        if current and len(current) + len(item) + 2 > width:
            lines.append(current)
            current = ""
        current = f"{current} {item}," if current else f"{indent}    {item},"
    return [*lines, current, f"{indent}{tail}"]
