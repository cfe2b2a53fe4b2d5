"""The tagger: reads both formats, its gradients are right, and it learns."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.examples.imported import imported

SENTENCES = [[("the", "DET"), ("dog", "NOUN"), ("barks", "VERB")], [("dogs", "NOUN"), ("bark", "VERB")], [("Run", "VERB")]]


@pytest.fixture(scope="module")
def tagger() -> ModuleType:
    yield from imported("tagger")


def small(tagger: ModuleType):
    vocabulary = tagger.Vocabulary(SENTENCES * 2)
    return vocabulary, tagger.Tagger(vocabulary, tagger.Sizes(word=6, letter=5, letters_hidden=4, hidden=7, dropout=0.0), 1)


def test_both_formats_are_read(tagger: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "ewt.train.tsv").write_text("\n\n".join("\n".join("\t".join(t) for t in s) for s in SENTENCES) + "\n\n")
    lines = ["# text = …"] + [f"{k}\t{w}\t{w}\t{t}\t_\t_\t_\t_\t_\t_" for k, (w, t) in enumerate(SENTENCES[0], 1)]
    lines.insert(2, "1-2\tthedog" + "\t_" * 8)
    (tmp_path / "b" / "en_ewt-ud-train.conllu").write_text("\n".join(lines) + "\n\n")
    assert tagger.read(tmp_path / "a", "train") == SENTENCES
    assert tagger.read(tmp_path / "b", "train") == SENTENCES[:1]


def test_a_missing_treebank_is_told_with_its_source(tagger: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"git clone https://github\.com/UniversalDependencies"):
        tagger.read(tmp_path / "none", "train")


def test_gradients_are_those_of_the_loss(tagger: ModuleType) -> None:
    vocabulary, model = small(tagger)
    b = vocabulary.batch(SENTENCES)
    _, gradients = model.gradients(b)
    rng = np.random.default_rng(0)
    direction = {name: rng.standard_normal(g.shape).astype(np.float32) for name, g in gradients.items()}
    expected = sum(float(np.vdot(g, direction[name])) for name, g in gradients.items())
    start = {name: p.copy() for name, p in model.params.items()}

    def loss(nudge: float) -> float:
        for name, p in model.params.items():
            p[...] = start[name] + nudge * direction[name]
        return model.gradients(b)[0]

    difference = (loss(1e-2) - loss(-1e-2)) / 2e-2
    # float32: rounding 6e-8 · loss / 1e-2 is 1e-5; truncation 1e-4 times a third derivative of order 1
    assert difference == pytest.approx(expected, rel=5e-3, abs=5e-3)


def test_it_learns_by_heart(tagger: ModuleType) -> None:
    vocabulary, model = small(tagger)
    b = vocabulary.batch(SENTENCES)
    optimiser = tagger.Adam(model.params, 0.02)
    for _ in range(60):
        loss, gradients = model.gradients(b)
        optimiser.step(gradients)
    assert loss < 0.05
    assert tagger.accuracy(model, vocabulary, SENTENCES) == 1.0
