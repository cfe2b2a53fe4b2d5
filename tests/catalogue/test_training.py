"""A language model trained by rnncc and by PyTorch, float64, same weights, same windows of text: the same losses for 100 steps."""

from pathlib import Path

import numpy as np
import pytest

import rnncc
from rnncc.train import Adam, Dense, merge, softmax_cross_entropy
from tests.layers.peers import peer

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

TEXT = Path(__file__).parents[2] / "examples" / "tiny_shakespeare.txt"
HIDDEN, STEPS, ROWS, UPDATES, RATE = 24, 20, 8, 100, 1e-2


def windows():
    """(x, target): letters one-hot (T, N, letters) and the number of the next letter (T, N), for each update; and how many letters."""
    text = TEXT.read_text(encoding="utf-8")[: UPDATES * ROWS * STEPS + 1]
    letters = sorted(set(text))
    codes = np.array([letters.index(letter) for letter in text])
    x, target = (c.reshape(UPDATES, ROWS, STEPS).transpose(0, 2, 1) for c in (codes[:-1], codes[1:]))
    return list(zip(np.eye(len(letters))[x], target, strict=True)), len(letters)


def our_losses(layer, head, batches):
    optimiser = Adam(merge(rnn=layer.params, head=head.params), RATE)
    losses = []
    for x, target in batches:
        (y, _), rnn_pullback = layer.vjp(x)
        logits, head_pullback = head.vjp(y)
        loss, d_logits = softmax_cross_entropy(logits, target)
        d_head = head_pullback(d_logits)
        optimiser.step(merge(rnn=rnn_pullback(d_head.x).params, head=d_head.params))
        losses.append(loss)
    return np.array(losses)


def their_losses(layer, head, batches):
    module = peer("lstm", layer)
    module.bias_hh_l0.requires_grad_(False)  # Adam would move the sum of two biases twice as far as our one
    linear = torch.nn.Linear(HIDDEN, len(head.params["b"]), dtype=torch.float64)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(head.params["W"]))
        linear.bias.copy_(torch.from_numpy(head.params["b"]))
    optimiser = torch.optim.Adam([p for p in [*module.parameters(), *linear.parameters()] if p.requires_grad], RATE)
    losses = []
    for x, target in batches:
        optimiser.zero_grad()
        logits = linear(module(torch.tensor(x))[0])
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), torch.tensor(target).reshape(-1))
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return np.array(losses)


def test_losses_are_those_of_pytorch_for_a_hundred_steps():
    batches, letters = windows()
    layer = rnncc.RNN("lstm", letters, HIDDEN, dtype="float64", seed=0)
    head = Dense(HIDDEN, letters, dtype="float64", seed=1)
    theirs = their_losses(layer, head, batches)
    ours = our_losses(layer, head, batches)
    assert theirs[-10:].mean() < 0.8 * theirs[0]  # they learn
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=0)
