"""A run of any kind of `rnncc bench`: told line by line, written down as it goes, its mistakes at its end."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from rich.console import Console

from rnncc.bench.contender import Disagreement, DisagreementError
from rnncc.bench.record import write_record
from rnncc.cli.console import WIDE, Steps, duration, kept, progress

T = TypeVar("T")


@dataclass(frozen=True)
class Run(Generic[T]):
    """What becomes of each thing that is found.

    Parameters
    ----------
    lines
        What is said of it when it is there.
    content
        What is written of all that is there.
    show
        Prints all that is there.
    wrong
        The contenders among it that computed something else.
    """

    lines: Callable[[T], Iterable[str]]
    content: Callable[[Sequence[T]], dict[str, Any]]
    show: Callable[[Console, Sequence[T]], object]
    wrong: Callable[[Sequence[T]], Sequence[Disagreement]]

    def through(
        self, total: int, items: Callable[[Callable[[str], object]], Iterable[T]], file: Path | None, measuring: float | None = None
    ) -> list[T]:
        """All that `items` yields in `total` steps, or what was there when it was interrupted; `file` holds what there is at any time.

        Whatever ends it before, what was measured is printed first. `items` is given what it is to tell each step before that is begun;
        `measuring` is how long blocks and rests take, in seconds, where that is known.
        """
        found = list[T]()
        try:
            with progress(total) as steps:
                if measuring:
                    steps.say(f"{total} steps: {duration(measuring)} of measuring at most, and what compiling and checking takes")
                kept(items(steps.begin), found, lambda item: self._each(item, found, steps, file))
        finally:
            if found:
                self.show(console(), found)
        return found

    def _each(self, item: T, found: Sequence[T], steps: Steps, file: Path | None) -> None:
        for line in self.lines(item):
            steps.tell(line)
        if file:
            write_record(file, self.content(found))

    def judge(self, found: Sequence[T]) -> None:
        """Raise `DisagreementError` where somebody was wrong: the exit status tells it, after everything else."""
        if self.wrong(found):
            raise DisagreementError(self.wrong(found))


def console() -> Console:
    """Where tables go: as wide as a terminal, wide into a file."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=WIDE)
