"""The cell `tests/emit/cells/words.py` written out in PyTorch, and arguments for it."""

from pathlib import Path

import numpy as np

from tests.references.reference import torch

PATH = Path(__file__).parents[1] / "emit" / "cells" / "words.py"
WORDS, SPEAKERS, HIDDEN = 13, 3, 19
STEPS, ROWS = 9, 6
LENGTHS = [9, 4, 0, 7, 9, 1]


def step(x, state, p):
    """One step; weights are picked from as embeddings whose rows are their columns."""
    embedded = torch.nn.functional.embedding
    word, speaker, h = x["word"].long(), x["speaker"].long(), state["h"]
    e = embedded(word, p["E"].T)
    z = torch.sigmoid(e @ (p["A"] * p["U"]).T + embedded(speaker, p["V"].T) + p["b"])
    fresh = torch.tanh(embedded(word, 0.5 * p["W"].T) + h @ p["U"].T)
    h = z * h + (1 - z) * fresh
    return h @ p["E"], {"h": h}


def drawn(steps=STEPS, rows=ROWS, seed=0):
    """Words and speakers (T, N), each of them at least once in the default shape."""
    rng = np.random.default_rng(seed)
    return {"word": rng.integers(0, WORDS, (steps, rows)), "speaker": rng.integers(0, SPEAKERS, (steps, rows))}
