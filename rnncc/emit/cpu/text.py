"""Lines of Python with their indentation."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Text:
    """Collects lines; `block` indents what is written inside it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._depth = 0

    def __call__(self, line: str = "") -> None:
        self.lines.append("    " * self._depth + line if line else "")

    def extend(self, lines: Iterable[str]) -> None:
        """Lines indented among themselves, all of them as deep as here."""
        for line in lines:
            self(line)

    @property
    def at_start(self) -> bool:
        """An empty line, or one that opens a block, came last."""
        return bool(self.lines) and (not self.lines[-1] or self.lines[-1].endswith(":"))

    @contextmanager
    def indented(self) -> Iterator[None]:
        """What is written inside is one level deeper."""
        self._depth += 1
        yield
        self._depth -= 1

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """`head` on a line of its own, what follows one level deeper."""
        self(head)
        with self.indented():
            yield

    def __str__(self) -> str:
        return "\n".join(self.lines) + "\n"


def wrapped(head: str, items: list[str], tail: str, width: int = 120) -> list[str]:
    """`head` items `tail` on one line, or one indented run of lines where that is too long."""
    line = f"{head}{', '.join(items)}{tail}"
    if len(line) <= width:
        return [line]
    lines, current = [head], ""
    for item in items:
        if current and len(current) + len(item) + 2 > width:
            lines.append(current)
            current = ""
        current = f"{current} {item}," if current else f"    {item},"
    return [*lines, current, tail]
