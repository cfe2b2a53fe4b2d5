"""Everything that `rnncc bench --growth` can measure, by name."""

from collections.abc import Callable, Iterator, Sequence

from rnncc.bench.growth.compiling import compilation
from rnncc.bench.growth.memory import checkpoints, memory
from rnncc.bench.growth.resident import countable
from rnncc.bench.growth.setting import Found, Setting, Step
from rnncc.bench.growth.times import along_batch, along_hidden, along_steps
from rnncc.errors import ArgumentError

MEASURES: dict[str, Callable[[Setting], list[Step]]] = {
    "T": along_steps,
    "N": along_batch,
    "H": along_hidden,
    "compile": compilation,
    "memory": memory,
    "checkpoint": checkpoints,
}
_OF_MEMORY = {"memory", "checkpoint"}


def steps(setting: Setting, names: Sequence[str]) -> list[Step]:
    """What has to be done for the measures `names`. Raises `ArgumentError` where this system cannot tell memory."""
    if not _OF_MEMORY.isdisjoint(names) and not countable():
        raise ArgumentError(f"--growth {' and '.join(sorted(_OF_MEMORY))} read /proc/self, which Linux alone has; ask for the others")
    return [step for name in dict.fromkeys(names) for step in MEASURES[name](setting)]


def measured(todo: Sequence[Step], started: Callable[[str], object]) -> Iterator[Found]:
    """What all steps find, one by one; `started` is told each step before it is begun."""
    for name, measure in todo:
        started(name)
        yield from measure()
