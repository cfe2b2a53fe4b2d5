"""`rnncc plot`: table, Jacobian, JSON, picture; mistakes are told."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import rnncc
from rnncc.cli import files, main
from rnncc.flow.measure import measure
from rnncc.flow.report import factor, over_rows
from rnncc.flow.subject import drawn_subject

SMALL = ("--steps", "6", "--hidden", "5", "--input", "3", "--rows", "2")


def plot(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("plot", *arguments), prog_name="rnncc")


def test_table_jacobian_and_json(tmp_path: Path) -> None:
    done = plot("gru", *SMALL, "--table", "--json", str(tmp_path / "flow.json"))
    assert (done.exit_code, done.stderr) == (0, "")
    assert "∂z/∂h = diag(z*(1 - z)) @ U_z" in done.stdout
    assert "n = tanh(" in done.stdout
    written = json.loads((tmp_path / "flow.json").read_text())
    expected = measure(drawn_subject("gru", {}, 3, 5, 0), 6, 2, 0)
    median = over_rows(expected.gradients["h"])["median"]
    np.testing.assert_array_equal(written["gradients"]["h"]["median"], median)
    assert f"0            {median[0]:.3e}" in done.stdout
    assert written["values"].keys() == {"z", "r", "n", "h_new"}
    assert written["jacobians"]["h"][0] == "∂z/∂h = diag(z*(1 - z)) @ U_z"


def test_a_picture_of_a_cell_with_options_sizes_and_transforms(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    settings = ("--set", "phi=relu", "--set", "out=2", "--transform", "zoneout=0.25")
    done = plot("jordan", *SMALL, *settings, "-o", str(tmp_path / "flow.svg"))
    assert (done.exit_code, done.stderr) == (0, "")
    drawn = (tmp_path / "flow.svg").read_text()
    for word in ("Jordan: ", "y_new: mean"):
        assert word in drawn
    assert "zoneout" in done.stdout


def test_without_matplotlib_the_table_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "version_of", lambda _package: None)
    done = plot("elman", *SMALL, "-o", str(tmp_path / "flow.png"))
    assert done.exit_code == 1
    assert "pip install 'rnncc[plot]'" in done.stderr
    assert "--table" in done.stderr
    assert plot("elman", *SMALL, "--table").exit_code == 0


def test_weights_bring_their_sizes(tmp_path: Path) -> None:
    file = str(tmp_path / "w.safetensors")
    rnncc.RNN("jordan", 3, 5, out=2, phi="relu", seed=0).save(file)
    done = plot("jordan", "--weights", file, "--steps", "4", "--table", "--json", str(tmp_path / "flow.json"))
    assert (done.exit_code, done.stderr) == (0, "")
    written = json.loads((tmp_path / "flow.json").read_text())
    assert written["sizes"] == {"input": 3, "hidden": 5, "out": 2}
    assert written["options"]["phi"] == "relu"
    assert "leave them out" in plot("jordan", "--weights", file, "--hidden", "7", "--table").stderr
    assert "holds weights of Jordan, not of LSTM" in plot("lstm", "--weights", file, "--table").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("elman", "--table", "-o", "a.png"), "leave out one of --table and -o"),
        (("elman", "--table", "--weights", "none.safetensors"), "cannot be read"),
        (("elman", "--table", "--json", "nowhere/flow.json"), "there is no folder"),
        (("elman", "--table", "--set", "gamma=1"), "gamma"),
        (("elman", "--table", "--set", "threads=2"), "Elman takes no threads=2; there is phi"),
    ],
)
def test_mistakes_are_told(arguments: tuple[str, ...], message: str) -> None:
    done = plot(*arguments)
    assert done.exit_code == 1
    assert message in done.stderr


def test_weights_of_two_directions_are_refused(tmp_path: Path) -> None:
    rnncc.RNN("elman", 3, 5, bidirectional=True, seed=0).save(tmp_path / "w.safetensors")
    done = plot("elman", "--weights", str(tmp_path / "w.safetensors"), "--table")
    assert done.exit_code == 1
    assert "one direction" in done.stderr


def test_the_factor_is_that_of_a_geometric_sequence() -> None:
    norms = 0.5 ** np.arange(7.0)[::-1, None] * np.array([1.0, 2.0, 3.0])
    assert factor(norms) == pytest.approx(0.5)
    assert factor(norms[:1]) is None
    assert factor(np.zeros((3, 2))) is None
