"""Results of the examples in one JSON file, which `docs/cells.py` reads."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

DIGITS = 5  # significant ones that a loss is written with


@dataclass(frozen=True)
class Result:
    """What a cell learned in one run: what it was scored with on the way, and the score at the end on data that chose nothing."""

    task: str
    cell: str
    hidden: int
    parameters: int
    seconds: float
    curve: list[float]
    score: float


def read(path: Path) -> list[Result]:
    """Results of a file; none where there is no file."""
    return [Result(**one) for one in json.loads(path.read_text(encoding="utf-8"))] if path.is_file() else []


def add(path: Path, result: Result) -> None:
    """Write `result` into the file, in place of what was there of the same task and cell."""
    by_key = {(r.task, r.cell): r for r in [*read(path), _rounded(result)]}
    lines = [json.dumps(asdict(by_key[key])) for key in sorted(by_key)]
    path.write_text("[\n  " + ",\n  ".join(lines) + "\n]\n", encoding="utf-8")


def _rounded(r: Result) -> Result:
    curve = [float(f"{value:.{DIGITS}g}") for value in r.curve]
    return Result(r.task, r.cell, r.hidden, r.parameters, round(r.seconds, 1), curve, float(f"{r.score:.{DIGITS}g}"))
