"""Results of the examples in one JSON file, which `docs/cells.py` reads."""

import argparse
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

DIGITS = 5  # significant ones that a loss is written with


@dataclass(frozen=True)
class Result:
    """What a cell learned in one run: what it was scored with on the way, and the score at the end on data that chose nothing.

    `settings` are the options of the run that were not the example's own.
    """

    task: str
    cell: str
    hidden: int
    parameters: int
    seconds: float
    curve: list[float]
    score: float
    settings: str = ""


def unusual(parser: argparse.ArgumentParser, given: argparse.Namespace, but: Collection[str]) -> str:
    """The options of `given` that differ from `parser`'s defaults, as one writes them, `but` for some."""
    values = {name: value for name, value in vars(given).items() if name not in but and value != parser.get_default(name)}
    pairs = [(name, one) for name, value in values.items() for one in (value if isinstance(value, list) else [value])]
    return " ".join(f"--{name.replace('_', '-')} {'='.join(one) if isinstance(one, tuple) else one}" for name, one in pairs)


def read(path: Path) -> list[Result]:
    """Results of a file; none where there is no file."""
    return [Result(**one) for one in json.loads(path.read_text(encoding="utf-8"))] if path.is_file() else []


def add(path: Path, result: Result) -> None:
    """Write `result` into the file, in place of what was there of the same task and cell."""
    by_key = {(r.task, r.cell): r for r in [*read(path), _rounded(result)]}
    lines = [json.dumps({field: value for field, value in asdict(by_key[key]).items() if value != ""}) for key in sorted(by_key)]
    path.write_text("[\n  " + ",\n  ".join(lines) + "\n]\n", encoding="utf-8")


def _rounded(r: Result) -> Result:
    curve = [float(f"{value:.{DIGITS}g}") for value in r.curve]
    return Result(r.task, r.cell, r.hidden, r.parameters, round(r.seconds, 1), curve, float(f"{r.score:.{DIGITS}g}"), r.settings)
