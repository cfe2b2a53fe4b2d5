"""`rnncc warmup`: what it compiles a later process only loads; what it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rnncc.cli import main
from rnncc.cli.warming import BATCHES, Warming
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.team import splits_units, worth_hoisting

ROOT = Path(__file__).parents[2]
CELLS = ("elman", "lstm")
LEAKY = """
from rnncc.spec import Cell
cell = Cell("Leaky")
x, u = cell.input("x"), cell.input("u", size=cell.size("wide"))
m = cell.state("m", size=x)
kept = cell.option("kept", 2) * m
cell.next(m=kept + cell.weight("W", m, u) @ u + x)
cell.output(kept)
"""
LATER = """
import sys
import numpy as np
import rnncc
from rnncc.cli.warming import Compilations

ways = [((9, 1, 6), {}), ((1, 1, 6), {}), ((7, 40, 6), {"num_layers": 2, "bidirectional": True, "bias": False, "threads": 1})]
counted = Compilations()
with counted.installed():
    for name in sys.argv[1:]:
        for shape, keywords in ways:
            layer, x = rnncc.RNN(name, 6, 21, **keywords), np.ones(shape, np.float32)
            layer(x)
            (y, state), pullback = layer.vjp(x, lengths=[shape[0] - 1] * shape[1])
            pullback(None, state)
            layer.vjp(x)[1](y)
        layer = rnncc.RNN(name, 6, 21, checkpoint=1)
        (y, _), pullback = layer.vjp(np.ones((3000, 1, 6), np.float32))
        pullback(y)
        rnncc.RNN(name, 6, 21, batch_first=True)(np.ones((3, 8, 6), np.float32)[:, ::2])
        rnncc.RNN(name, 6, 21, num_layers=2).stream(3)(np.ones((3, 6), np.float32))
print(counted.count, "sympy" in sys.modules)
"""


def warmup(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["warmup", *arguments], prog_name="rnncc")


def test_a_later_process_compiles_nothing() -> None:
    done = warmup(*CELLS)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(CELLS)
    later = subprocess.run([sys.executable, "-W", "error", "-c", LATER, *CELLS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert later.stdout.split() == ["0", "False"]


def test_what_is_there_is_told_from_what_was_compiled(tmp_path: Path) -> None:
    spec = tmp_path / "leaky.py"
    spec.write_text(f"{LEAKY}# {tmp_path}: in no cache\n")
    one = (str(spec), "--kernel", "inference", "--set", "wide=3")
    first, again = warmup(*one, "--set", "kept=3"), warmup(*one, str(spec), "--set", "kept=3")
    assert (first.exit_code, first.stderr) == (0, ""), first.output
    assert first.stdout.endswith(" functions compiled\n")
    assert len(again.stdout.splitlines()) == 1
    assert "already there" in again.stdout
    for more in ([], ["--set", "kept=3", "--kernel", "trace"], ["--set", "kept=3", "--dtype", "float64"]):
        assert warmup(*one, *more).stdout.endswith(" functions compiled\n")
    narrow = (*one, "--set", "kept=3", "--set", "weight_dtype=bfloat16")
    assert warmup(*narrow).stdout.endswith(" functions compiled\n")
    assert "already there" in warmup(*narrow).stdout


def test_both_forms_and_a_meeting_of_threads_are_run() -> None:
    sweeps = [Sweep(steps, rows, threads=2) for steps, rows in BATCHES]
    assert [worth_hoisting(s) for s in sweeps] == [True, False]
    assert splits_units(sweeps[0])


def test_the_kernels_are_named_as_they_are_run() -> None:
    told: list[str] = []
    warming = Warming("elman", {}, ("float32", "float64"), ("inference",))
    warming.run(told.append)
    assert told == ["elman float32 inference", "elman float64 inference"]
    assert warming.runs == len(told)


def test_the_whole_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnncc.catalogue.names", lambda: ("elman",))
    assert warmup("--all").stdout.startswith("elman  ")


@pytest.mark.parametrize("arguments", [[], ["lstm", "--all"], ["lstm", "--dtype", "int8"], ["lstm", "--kernel", "sideways"]])
def test_wrong_usage(arguments: list[str]) -> None:
    done = warmup(*arguments)
    assert done.exit_code == 2
    assert "Usage" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["elman", "lsmt"], "unknown cell 'lsmt'"),
        (["elman", "--set", "phii=relu"], "Elman takes no phii='relu'; did you mean phi?"),
        (["./nowhere.py"], "no spec file"),
    ],
)
def test_mistakes_are_told(arguments: list[str], message: str) -> None:
    done = warmup(*arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert message in done.stderr


def test_a_cache_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RNNCC_CACHE_DIR", str(tmp_path / "file" / "cache"))
    done = warmup("elman")
    assert done.exit_code == 1
    assert "cannot be used" in done.stderr
    assert "set RNNCC_CACHE_DIR" in done.stderr
