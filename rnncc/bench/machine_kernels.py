"""The kernels that a machine's rates are measured with."""

from typing import Any

from rnncc.runtime.compiled import kernel
from rnncc.runtime.enlist import dismiss, enlist
from rnncc.runtime.share import units_of
from rnncc.runtime.simd import fill, lanes, load, sigmoid, store, tanh
from rnncc.runtime.spin import barrier

CHAINS = 12
"""More than latency (4 or 5) times units (2): every unit has work in each cycle; and they fit 16 registers."""


@kernel
def fused(times: int, seeds: Any) -> None:
    """`CHAINS` dependent chains x = x a + b, side by side, from values that differ; `seeds` holds a, b and takes the result."""
    a, b = load(seeds, 0), load(seeds, lanes(seeds))
    c0, c1, c2, c3 = fill(seeds, 0.1), fill(seeds, 0.2), fill(seeds, 0.3), fill(seeds, 0.4)
    c4, c5, c6, c7 = fill(seeds, 0.5), fill(seeds, 0.6), fill(seeds, 0.7), fill(seeds, 0.8)
    c8, c9, c10, c11 = fill(seeds, 0.9), fill(seeds, 1.1), fill(seeds, 1.2), fill(seeds, 1.3)
    for _ in range(times):
        c0, c1, c2, c3 = c0 * a + b, c1 * a + b, c2 * a + b, c3 * a + b
        c4, c5, c6, c7 = c4 * a + b, c5 * a + b, c6 * a + b, c7 * a + b
        c8, c9, c10, c11 = c8 * a + b, c9 * a + b, c10 * a + b, c11 * a + b
    store(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11, seeds, 0)


@kernel
def triad(times: int, a: Any, b: Any, c: Any) -> None:
    """a = b + 3 c, `times` times."""
    for _ in range(times):
        for k in range(0, a.size, lanes(a)):
            store(load(b, k) + load(c, k) * 3.0, a, k)


@kernel
def read(times: int, a: Any, total: Any) -> None:
    """The sum of `a`, `times` times, in four accumulators; each round adds a vector of its own, so that none can be left out."""
    width = lanes(a)
    s0 = s1 = s2 = s3 = load(total, 0)
    for _ in range(times):
        for k in range(0, a.size, 4 * width):
            s0, s1 = s0 + load(a, k), s1 + load(a, k + width)
            s2, s3 = s2 + load(a, k + 2 * width), s3 + load(a, k + 3 * width)
        store(s0 + s1 + s2 + s3, total, 0)


@kernel
def elementwise(times: int, a: Any) -> None:
    """a = tanh(σ(a)), `times` times: what an LSTM does most of."""
    for _ in range(times):
        for k in range(0, a.size, lanes(a)):
            store(tanh(sigmoid(load(a, k))), a, k)


@kernel
def meetings(part, posts, bounds, meet, live, against):  # type: ignore[no-untyped-def]
    """A time loop of one phase with nothing to do: its threads meet once a step."""
    enlist(part, posts)
    _, owners = units_of(part, bounds, meet)
    meeting = 0
    for _ in range(len(live)):
        meeting = barrier(meet, owners, meeting)
    dismiss(part, posts)
