"""`--transform`: the same names, values and mistakes as the keywords of `rnncc.RNN`, in every command that takes a cell."""

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rnncc.cli import main
from rnncc.runtime.layer import Layer
from tests.interpreter_engine import InterpreterModule

NORMAL = ("--transform", "layer_norm")


def rnncc(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="rnncc")


def fine(*arguments: str) -> str:
    done = rnncc(*arguments)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout


def test_show_prints_the_changed_equations_and_what_they_read() -> None:
    printed = fine(
        "show", "elman", *NORMAL, "--transform", "zoneout={'h': 0.1}", "--transform", "reset", "--transform", "learn_initial"
    )
    for line in (
        "zoneout_h = 0.1",
        "h_begun = Piecewise((h_first, reset > 0), (h[t-1], True))",
        "h_new_products = U @ h_begun + W @ x",
        "h_zoned = h_begun*zoneout_mask_h + h_new*(1 - zoneout_mask_h)",
        "gain_h_new hidden",
        "h hidden state, from h_first",
        "zoneout_mask_h hidden random mask, drawn once a step, 1 with probability zoneout_h",
        "reset 1 further input",
    ):
        assert line in re.sub(" +", " ", printed)


def test_dump_prints_the_changed_program() -> None:
    printed = fine("dump", "elman", "--transform", "input_dropout=0.3", "--stage", "ir")
    assert "x_dropped: T N input" in printed
    assert "torch.clamp" in fine("dump", "elman", "--transform", "preactivation_clip=2", "--target", "torch")


def test_check_checks_the_changed_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the interpreter's module in place of the kernels, which are compared with it elsewhere."""
    monkeypatch.setattr("rnncc.cli.check.load_module", InterpreterModule)
    transforms = ("--transform", "zoneout=0.1", "--transform", "state_clip=0.5")
    lines = fine("check", "elman", *NORMAL, *transforms).splitlines()
    assert len(lines) == 9
    assert all(line.startswith("ok") for line in lines)
    assert "4 parameters" in lines[0]


def test_a_compiled_module_keeps_the_numbers_as_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "clipped.py"
    fine("compile", "elman", "--transform", "state_clip=0.25", "--transform", "zoneout=0.5", "-o", str(module))
    monkeypatch.syspath_prepend(tmp_path)
    made = import_module("clipped").Elman
    assert dict(made(3, 4).constants) == {"state_clip": 0.25, "zoneout": 0.5}
    assert made(3, 4, zoneout=0.1).constants["zoneout"] == 0.1


def test_warmup_readies_the_changed_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def found(cell: str, options: Mapping[str, object], structure: Mapping[str, Any]) -> tuple[type[Layer], dict[str, object]]:
        asked.append(structure)
        return InterpreterModule(cell, options, structure).layer(), {}

    monkeypatch.setattr("rnncc.cli.warming.find_class", found)
    fine("warmup", "elman", *NORMAL, "--transform", "reset", "--transform", "zoneout=0.1", "--kernel", "backward")
    assert asked == [{"layer_norm": True, "reset": True, "zoneout": ()}]


@pytest.mark.parametrize("command", ["show", "check", "dump", "plot"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("zone_out=0.1", "no transform is called 'zone_out'; did you mean zoneout?"),
        ("zoneout=1.0", "zoneout=1.0; expected a probability from 0 up to, but not, 1"),
        ("zoneout", "zoneout=True is a bool; expected a number"),
        ("zoneout={'q': 0.1}", "zoneout: LSTM has no state q; it carries h, c"),
        ("state_clip=much", "state_clip='much' is a str; expected a number"),
        ("layer_norm=1", "layer_norm=1; expected True or False"),
    ],
)
def test_mistakes_are_those_of_the_keywords(command: str, given: str, said: str) -> None:
    done = rnncc(command, "lstm", "--transform", given, *(("--table",) if command == "plot" else ()))
    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr


def test_a_transform_among_the_options_is_told_where_it_belongs() -> None:
    done = rnncc("show", "lstm", "--set", "layer_norm=True")
    assert done.exit_code == 1
    assert "use --transform layer_norm=True" in done.stderr
