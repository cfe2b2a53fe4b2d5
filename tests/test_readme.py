"""What the README shows is true: its spec is valid, its example runs, its commands exist."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from rnncc.cli import main
from rnncc.spec.load import load_text

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_spec_is_valid() -> None:
    assert load_text(blocks("python")[0]).name == "LSTM"


def test_the_example_runs() -> None:
    space: dict[str, object] = {}
    exec(blocks("python")[1], space)
    assert space["y"].shape == (100, 32, 256)
    assert set(space["g"].params) == set(space["layer"].params)


def test_the_commands_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line.partition("#")[0].split() for line in blocks("sh")[2].splitlines()]
    for command in lines:
        if command[1] == "plot" and find_spec("matplotlib") is None:
            command.append("--table")  # pictures are an extra
        assert CliRunner().invoke(main, command[1:]).exit_code == 0, command


def test_start_holds_two_commands() -> None:
    start = README.partition("## Start")[2].partition("\n## ")[0]
    first, second = re.findall(r"```sh\n(.*?)```", start, re.DOTALL)
    assert "pip install --quiet '.[examples]'" in first
    assert "examples/char_lm.py" in first
    assert "pip install --quiet '.[test]'" in second
    assert "-m pytest" in second
