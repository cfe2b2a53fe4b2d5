"""Four-part harmony: a recurrent layer that foresees the next chord of a Bach chorale.

    git clone https://github.com/czhuang/JSB-Chorales-dataset examples/jsb_chorales
    python examples/jsb.py                                      one to two minutes: 8.13 nats a frame on the test pieces
    python examples/jsb.py --cell gru                           8.23
    python examples/jsb.py --recurrent-dropout 0 --epochs 30    8.51

The score is the negative log-likelihood of a frame, a quarter note with its 88 keys up or down, given all frames before it, in nats;
the first frame of a piece is given, and all frames of all pieces weigh the same. Bai, Kolter & Koltun 2018 (table 1) report 8.45 for
an LSTM and 8.43 for a GRU of about 300,000 parameters, on the split of Boulanger-Lewandowski 2012, which is used here. The pieces are
published for research and are not part of this project.

A head that begins with how often each key is down saves hundreds of steps; dropout of the state that the gates read, one mask a piece
(Gal & Ghahramani 2016), is what keeps 229 pieces from being learned by heart. Everything was chosen on the validation pieces.
"""

import argparse
import json
import math
import os
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# The layers share the cores among their own threads; a BLAS pool that spins beside them would only take turns away.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from inputs import completed
from results import Result, add, unusual
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

import rnncc
from rnncc.train import Adam, Dense, clip_by_global_norm, live, merge, sigmoid_cross_entropy

HERE = Path(__file__).parent
SOURCE = "https://github.com/czhuang/JSB-Chorales-dataset"
FILE = "jsb-chorales-quarter.json"
LOWEST, KEYS = 21, 88  # of a piano, as MIDI pitches
CLIP = 5.0  # of the gradient's norm
SHOWN = ("data", "cell", "json")  # what a result says by itself, or need not
PUBLISHED = {"elman": 8.91, "lstm": 8.45, "gru": 8.43}
Roll = np.ndarray  # a piece: (T, KEYS) float32 of zeros and ones


@dataclass(frozen=True)
class Settings:
    """What a run is."""

    cell: str
    hidden: int
    dropout: float
    recurrent_dropout: float
    batch: int
    rate: float
    epochs: int
    patience: int
    seed: int


def hidden_size(cell: str, parameters: int) -> int:
    """The largest multiple of 8 with which layer and head have no more than `parameters`; 8 where none is small enough."""

    def fits(eights: int) -> bool:
        rnn = rnncc.RNN(cell, KEYS, 8 * eights)
        return rnn.num_parameters + (rnn.output_size + 1) * KEYS <= parameters

    above = 1
    while fits(above):
        above *= 2
    return 8 * max(1, bisect_left(range(above), True, lo=1, key=lambda eights: not fits(eights)) - 1)


def read(path: Path) -> dict[str, list[Roll]]:
    """Pieces by part (train, valid, test). The file holds steps of MIDI pitches, -1 where a voice rests."""
    if not path.is_file():
        how = f"get it with:\n  git clone {SOURCE} {path.parent}\nor name the file: --data FILE"
        raise SystemExit(f"there is no {path}; {how}")
    parts = json.loads(path.read_text(encoding="utf-8"))
    return {part: [roll(piece) for piece in parts[part]] for part in ("train", "valid", "test")}


def roll(piece: list[list[float]]) -> Roll:
    """Steps of pitches as keys that are down."""
    made = np.zeros((len(piece), KEYS), np.float32)
    for t, chord in enumerate(piece):
        made[t, [int(pitch) - LOWEST for pitch in chord if pitch >= LOWEST]] = 1
    return made


@dataclass(frozen=True)
class Batch:
    """Pieces side by side, without their last frame and without their first. T steps, N pieces."""

    x: np.ndarray  # (T, N, KEYS)
    target: np.ndarray  # (T, N, KEYS)
    lengths: np.ndarray  # (N,)

    @classmethod
    def of(cls, pieces: list[Roll]) -> "Batch":
        """`pieces`, padded with zeros."""
        lengths = np.array([len(p) - 1 for p in pieces])
        x, target = np.zeros((2, lengths.max(), len(pieces), KEYS), np.float32)
        for k, piece in enumerate(pieces):
            x[: lengths[k], k], target[: lengths[k], k] = piece[:-1], piece[1:]
        return cls(x, target, lengths)

    def loss(self, logits: np.ndarray) -> tuple[float, np.ndarray]:
        """Nats a frame, and the gradient by the logits: the loss of rnncc is a mean over keys, a frame is all of them."""
        mean, gradient = sigmoid_cross_entropy(logits, self.target, live(self.lengths, len(self.x)))
        return KEYS * mean, KEYS * gradient


class Model:
    """One recurrent layer and a key's probability for each of its outputs."""

    def __init__(self, settings: Settings, bias: np.ndarray) -> None:
        s = settings
        self.dropout, self.random = np.float32(s.dropout), np.random.default_rng(s.seed)
        self.rnn = rnncc.RNN(s.cell, KEYS, s.hidden, recurrent_dropout=s.recurrent_dropout or None, seed=s.seed + 1)
        self.head = Dense(self.rnn.output_size, KEYS, seed=s.seed + 2)
        self.head.params["b"][...] = bias
        self.params = merge(rnn=self.rnn.params, head=self.head.params)

    def gradients(self, b: Batch) -> tuple[float, dict[str, np.ndarray]]:
        """Loss of a batch and gradients by parameter."""
        (y, _), rnn_pullback = self.rnn.vjp(completed(self.rnn.cell, b.x), lengths=b.lengths)
        self.rnn.update_batch_means(rnn_pullback.batch_means)
        mask = self.mask(y.shape)
        logits, head_pullback = self.head.vjp(y * mask)
        loss, d_logits = b.loss(logits)
        head = head_pullback(d_logits)
        return loss, merge(rnn=rnn_pullback(head.x * mask).params, head=head.params)

    def mask(self, shape: tuple[int, ...]) -> np.ndarray:
        """Inverted dropout before the head."""
        kept = self.random.random(shape, np.float32) >= self.dropout
        return kept / (1 - self.dropout)

    def score(self, pieces: list[Roll]) -> float:
        """Nats per frame over all of `pieces`."""
        b = Batch.of(pieces)
        y, _ = self.rnn(completed(self.rnn.cell, b.x), lengths=b.lengths)
        return b.loss(self.head(y))[0]


def log_odds(pieces: list[Roll]) -> np.ndarray:
    """Of each key, down against up, as if it had been down half a frame more and up half a frame more."""
    down = sum(piece.sum(0) for piece in pieces) + 0.5
    return np.log(down / (sum(map(len, pieces)) + 1 - down))


def shuffled(pieces: list[Roll], size: int, random: np.random.Generator) -> Iterator[Batch]:
    """All of `pieces` in batches, in random order."""
    order = random.permutation(len(pieces))
    for first in range(0, len(order), size):
        yield Batch.of([pieces[k] for k in order[first : first + size]])


class Training:
    """A model on its way, and the best that it was so far on the validation pieces."""

    def __init__(self, data: dict[str, list[Roll]], settings: Settings) -> None:
        self.data, self.settings = data, settings
        self.model = Model(settings, log_odds(data["train"]))
        self.optimiser = Adam(self.model.params, settings.rate, betas=(0.9, 0.99))
        self.random = np.random.default_rng(settings.seed)
        self.best, self.best_epoch, self.best_params = np.inf, 0, self._copy()
        self.curve: list[float] = []

    def epoch(self, number: int) -> tuple[float, float]:
        """Losses in training and validation after one more pass; the rate falls to zero over all passes there may be."""
        losses = []
        for b in shuffled(self.data["train"], self.settings.batch, self.random):
            loss, gradients = self.model.gradients(b)
            self.optimiser.rate = self.settings.rate * (1 - (number - 1) / self.settings.epochs)
            if math.isfinite(clip_by_global_norm(gradients, CLIP)):  # else there is no step to take from them
                self.optimiser.step(gradients)
            losses.append(loss)
        found = self.model.score(self.data["valid"])
        self.curve.append(found)
        if found < self.best:
            self.best, self.best_epoch, self.best_params = found, number, self._copy()
        return float(np.mean(losses)), found

    def hopeless(self, number: int) -> bool:
        """Whether nothing has become better for too long."""
        return number - self.best_epoch >= self.settings.patience

    def restore(self) -> None:
        """Back to the best parameters."""
        for name, array in self.best_params.items():
            self.model.params[name][...] = array

    def _copy(self) -> dict[str, np.ndarray]:
        return {name: array.copy() for name, array in self.model.params.items()}


def train(training: Training, console: Console) -> None:
    """Until the passes are done or validation has not become better for long; a line every ten passes."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=training.settings.epochs)
        for number in range(1, training.settings.epochs + 1):
            loss, found = training.epoch(number)
            said = f"epoch {number}: loss {loss:.3f}  validation {found:.3f}  best {training.best:.3f} nats/frame"
            progress.update(bar, advance=1, description=said)
            if number % 10 == 0:
                progress.console.print(said)
            if training.hopeless(number):
                break
    training.restore()


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE / "jsb_chorales" / FILE, help="the pieces, as published")
    parser.add_argument("--cell", default="lstm", help="a cell of the catalogue or a spec file (default: lstm)")
    parser.add_argument("--parameters", type=int, default=300_000, help="at most; they make the number of units")
    parser.add_argument("--hidden", type=int, help="units, whatever that makes of parameters")
    parser.add_argument("--dropout", type=float, default=0.5, help="before the head")
    parser.add_argument("--recurrent-dropout", type=float, default=0.5, help="of the state that products read")
    parser.add_argument("--batch", type=int, default=8, help="pieces side by side")
    parser.add_argument("--rate", type=float, default=4e-3, help="Adam's rate at the start; it falls to zero")
    parser.add_argument("--epochs", type=int, default=60, help="passes over the pieces at most")
    parser.add_argument("--patience", type=int, default=10, help="passes without a better validation until it stops")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="a file of results that this one is added to")
    return parser


def main() -> None:
    """Train, then score the best model on the test pieces."""
    parser, console = arguments(), Console(highlight=False)
    asked = parser.parse_args()
    given, said = vars(asked).copy(), unusual(parser, asked, SHOWN)
    data, results, most = read(given.pop("data")), given.pop("json"), given.pop("parameters")
    if rnncc.RNN(given["cell"], KEYS, 8).cell.memories:
        raise SystemExit(
            f"{given['cell']} attends to a memory; a chorale has none but itself, with the very frames that are to be foreseen"
        )
    given["hidden"] = given["hidden"] or hidden_size(given["cell"], most)
    settings = Settings(**given)
    training = Training(data, settings)
    count = sum(p.size for p in training.model.params.values())
    console.print(f"{settings.hidden} {settings.cell}, {count:,} parameters, {sum(map(len, data['train'])):,} frames to train on")
    began = time.perf_counter()
    train(training, console)
    seconds, test = time.perf_counter() - began, training.model.score(data["test"])
    published = PUBLISHED.get(settings.cell)
    beside = f"; published: {published} (Bai et al. 2018)" if published else ""
    console.print(f"validation: {training.best:.3f} in epoch {training.best_epoch}, after {seconds:.0f} s")
    console.print(f"test: {test:.3f} nats/frame{beside}")
    if results:
        add(results, Result("jsb", settings.cell, settings.hidden, count, seconds, training.curve, test, said))


if __name__ == "__main__":
    main()
