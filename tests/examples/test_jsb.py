"""The chorales: the published format is read, a frame's loss is the definition's, the gradients are right, the best model is kept."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.examples.imported import imported

PIECE = [[74.0, 70.0, 65.0, 58.0], [72.0, -1.0, 65.0, 58.0], [70.0, 65.0], []]


@pytest.fixture(scope="module")
def jsb() -> ModuleType:
    yield from imported("jsb")


def settings(jsb: ModuleType, **changed):
    usual = {"cell": "gru", "hidden": 7, "dropout": 0.0, "recurrent_dropout": 0.0, "batch": 2, "rate": 0.02, "epochs": 60}
    return jsb.Settings(**(usual | {"patience": 60, "seed": 1} | changed))


def pieces(jsb: ModuleType):
    return [jsb.roll(PIECE), jsb.roll(PIECE[:2]), jsb.roll(PIECE[1:])]


def test_the_published_format_is_read(jsb: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "jsb.json").write_text(json.dumps({part: [PIECE] for part in ("train", "valid", "test")}))
    piece = jsb.read(tmp_path / "jsb.json")["valid"][0]
    assert piece.shape == (4, 88)
    assert [list(21 + np.flatnonzero(frame)) for frame in piece] == [[58, 65, 70, 74], [58, 65, 72], [65, 70], []]
    with pytest.raises(SystemExit, match=r"git clone https://github\.com/czhuang/JSB-Chorales-dataset"):
        jsb.read(tmp_path / "none.json")


def test_the_loss_is_that_of_a_frame(jsb: ModuleType) -> None:
    batch = jsb.Batch.of(pieces(jsb))
    logits = np.random.default_rng(0).standard_normal(batch.x.shape)
    expected = []
    for k, piece in enumerate(pieces(jsb)):
        for t in range(1, len(piece)):
            probability = 1 / (1 + np.exp(-logits[t - 1, k]))
            expected.append(-np.log(np.where(piece[t] > 0, probability, 1 - probability)).sum())
    assert batch.loss(logits)[0] == pytest.approx(np.mean(expected), rel=1e-12)  # 6 frames of 88 terms


def test_gradients_are_those_of_the_loss(jsb: ModuleType) -> None:
    model, batch = jsb.Model(settings(jsb), np.zeros(88)), jsb.Batch.of(pieces(jsb))
    _, gradients = model.gradients(batch)
    rng = np.random.default_rng(0)
    direction = {name: rng.standard_normal(g.shape).astype(np.float32) for name, g in gradients.items()}
    expected = sum(float(np.vdot(g, direction[name])) for name, g in gradients.items())
    start = {name: p.copy() for name, p in model.params.items()}

    def loss(nudge: float) -> float:
        for name, p in model.params.items():
            p[...] = start[name] + nudge * direction[name]
        return model.gradients(batch)[0]

    difference = (loss(1e-3) - loss(-1e-3)) / 2e-3
    # float32: rounding 6e-8 of a loss of 60 over 2e-3 is 2e-3, some tens of such
    assert difference == pytest.approx(expected, rel=5e-3, abs=5e-2)


def test_the_best_of_the_way_is_kept(jsb: ModuleType) -> None:
    data = {"train": pieces(jsb), "valid": pieces(jsb)[:2]}
    training = jsb.Training(data, settings(jsb, patience=3))
    first = training.model.score(data["valid"])
    scores = [training.epoch(number)[1] for number in range(1, 31)]
    training.restore()
    assert training.model.score(data["valid"]) == pytest.approx(min(scores))
    assert min(scores) < 0.3 * first
    assert training.best_epoch == 1 + int(np.argmin(scores))
    assert not training.hopeless(training.best_epoch + 2)
    assert training.hopeless(training.best_epoch + 3)


def test_units_follow_from_parameters(jsb: ModuleType) -> None:
    for most in (30_000, 300_000):
        hidden = jsb.hidden_size("elman", most)
        count = [h * (88 + h + 1) + (h + 1) * 88 for h in (hidden, hidden + 8)]
        assert hidden % 8 == 0
        assert count[0] <= most < count[1]
    assert jsb.hidden_size("elman", 10) == 8


def test_a_head_that_knows_how_often_keys_are_down_has_the_entropy_of_the_keys(jsb: ModuleType) -> None:
    played = [jsb.roll([[60.0, 64.0], [60.0], [60.0, 67.0], []] * 1000)]
    model = jsb.Model(settings(jsb), jsb.log_odds(played))
    model.head.params["W"][...] = 0
    shares = np.array([3, 1, 1]) / 4
    expected = -(shares * np.log(shares) + (1 - shares) * np.log(1 - shares)).sum()
    # half a frame more of 4000 for each of 88 keys: 85 that are never down cost 1/8000 each, and the first frame is not scored
    assert model.score(played) == pytest.approx(expected, abs=85 / 8000 + 10 / 4000)


def test_a_cell_that_attends_has_nothing_to_attend_to(jsb: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jsb.json").write_text(json.dumps({part: [PIECE] for part in ("train", "valid", "test")}))
    monkeypatch.setattr("sys.argv", ["jsb.py", "--data", str(tmp_path / "jsb.json"), "--cell", "lstm_attention"])
    with pytest.raises(SystemExit, match="lstm_attention attends to a memory; a chorale has none but itself"):
        jsb.main()
