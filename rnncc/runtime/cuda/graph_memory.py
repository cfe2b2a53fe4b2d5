"""Memory of what a CUDA graph takes down: it is launched at any time later, any number of times.

CuPy's pool gives to others what a call has made and let go of, where the graph still writes. So what a captured call makes lies in a
pool of its own. Nobody tells when a graph is launched no longer: pools are kept, and so is what the graph reads of before.
"""

from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any, TypeVar

from rnncc.runtime.library import captured

R = TypeVar("R")

_kept: list[Any] = []


def graph_memory(library: ModuleType) -> AbstractContextManager[None]:
    """Within a captured call: memory comes from a pool that is nobody else's from then on."""
    if not captured(library):
        return nullcontext()
    found: AbstractContextManager[None] = library.cuda.using_allocator(_held(library.cuda.MemoryPool()).malloc)
    return found


def read_later(library: ModuleType, value: R) -> R:
    """`value`, made before, which a graph reads if one is being taken down."""
    return _held(value) if captured(library) else value


def _held(value: R) -> R:
    _kept.append(value)
    return value
