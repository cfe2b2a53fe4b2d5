"""Results on a device as a table, and what others have published."""

from collections.abc import Sequence

from rich.table import Table

from rnncc.bench.report import Figures, table_of
from rnncc.bench.session import Result

PUBLISHED = {
    "what": "published with FlashRNN, not measured here: LSTM on an H100, T=1024, N=16, H=768, bfloat16, in ms",
    "FlashRNN, fused": {"inference": 4.87, "training": 13.61},
    "cuDNN": {"inference": 2.01, "training": 5.19},
}
"""What an LSTM takes elsewhere, forward and with backward."""


def table(results: Sequence[Result], names: Sequence[str]) -> Table:
    """One row a problem; `names` are the contenders, in the order of the columns."""
    figures: Figures = {"µs a step": _step, "floor": _floor}
    return table_of(results, names, figures, "floor: µs a step that its meetings take, of blocks that share units")


def footnote() -> str:
    """What was published, in a line."""
    times = "; ".join(
        f"{name} {t['inference']} forward, {t['training']} with backward" for name, t in PUBLISHED.items() if isinstance(t, dict)
    )
    return f"{PUBLISHED['what']}: {times}"


def _step(r: Result) -> str:
    return f"{1e6 * r.own / r.problem.steps:.3g}" if r.own else "-"


def _floor(r: Result) -> str:
    return f"{1e6 * r.limit.seconds / r.problem.steps:.3g}"
