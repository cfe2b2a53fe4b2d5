"""A flow in figures: tables and JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.table import Table

from rnncc.flow.jacobian import Step
from rnncc.flow.measure import Flow
from rnncc.flow.subject import Array, Subject

_QUANTILES = {"10 %": 0.1, "median": 0.5, "90 %": 0.9}
_LINES = 20


def over_rows(norms: Array) -> dict[str, Array]:
    """Quantiles of norms (T, N) over the rows: name -> (T,)."""
    return {name: np.quantile(norms, q, axis=1) for name, q in _QUANTILES.items()}


def over_units(values: Array) -> dict[str, Array]:
    """Mean and quantiles of values (T, N, *axes) over rows and units: name -> (T,)."""
    flat = values.reshape(len(values), -1)
    return {"mean": flat.mean(1), **over_rows(flat)}


def factor(norms: Array) -> float | None:
    """By how much a norm (T, N) is multiplied per step back in time: the geometric mean over time of the median; below 1 it vanishes.

    None where there is a single step, or nothing at its end.
    """
    median = over_rows(norms)["median"]
    if len(median) < 2 or not median[-1] or not np.isfinite(median).all():
        return None
    return float((median[0] / median[-1]) ** (1 / (len(median) - 1)))


def gradient_table(gradients: Mapping[str, Array]) -> Table:
    """Median norms at some twenty steps, a column a state."""
    steps = len(next(iter(gradients.values()), ()))
    shown = np.unique(np.linspace(0, max(steps - 1, 0), min(_LINES, steps)).round().astype(int))
    medians = {state: over_rows(norms)["median"] for state, norms in gradients.items()}
    table = _table("t", *gradients)
    for t in shown:
        table.add_row(str(t), *(f"{median[t]:.3e}" for median in medians.values()))
    factors = map(factor, gradients.values())
    table.add_row("a step back", *("-" if f is None else f"× {f:.4f}" for f in factors))
    return table


def value_table(values: Mapping[str, Array]) -> Table:
    """Mean and quantiles over the whole sequence, a row a value."""
    table = _table("value", "mean", *_QUANTILES)
    for name, value in values.items():
        table.add_row(name, *(f"{figure[0]:.4f}" for figure in over_units(value.reshape(1, -1)).values()))
    return table


def record(subject: Subject, flow: Flow, step: Step) -> dict[str, Any]:
    """Every figure at every step, and the Jacobians, as JSON takes it."""
    sizes = {"input": subject.geometry.input_size, "hidden": subject.geometry.hidden_size, **subject.geometry.sizes}
    return {
        "cell": subject.made.info.name,
        "sizes": sizes,
        "options": dict(subject.made.info.options),
        "constants": subject.constants,
        "equations": step.equations.splitlines(),
        "jacobians": {state: lines.splitlines() for state, lines in step.jacobians.items()},
        "gradients": {state: _lists(over_rows(norms)) | {"factor": factor(norms)} for state, norms in flow.gradients.items()},
        "values": {name: _lists(over_units(value)) for name, value in flow.values.items()},
    }


def _lists(figures: Mapping[str, Array]) -> dict[str, Any]:
    return {name: figure.tolist() for name, figure in figures.items()}


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table
