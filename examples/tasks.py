"""Two tasks that ask for long memory: adding and copying (Hochreiter & Schmidhuber 1997; Arjovsky, Shah & Bengio 2016).

    python examples/tasks.py adding                                   about a minute: an LSTM over 200 steps, a squared error of 0.002
    python examples/tasks.py adding --cell gru                        0.00007

Copying over a hundred steps: 0.00001 nats a letter in a minute, and 0.23 in five to ten on one core.

    python examples/tasks.py copy --length 100 --cell lru --initial nu=-6 --initial log_gamma=-2.65
    python examples/tasks.py copy --length 100 --hidden 128 --rate 5e-3 --steps 4000 --initial b_f=chrono --initial b_i=-chrono

Adding: each step brings a number from 0 to 1 and a mark; two steps are marked, one in either half, and the sum of their numbers is
asked for after the last. Always answering 1 has a mean squared error of 1/6. Copying: ten letters of eight, then blanks for `--length`
steps, then a signal, after which the ten letters are to be repeated. Guessing has a cross-entropy of log 8 nats a letter, which is
10 log 8 / (length + 20) a step of the whole sequence.

A cell whose units forget within ten steps does not learn to copy over a hundred, since no gradient tells it what it has lost: its first
values must make it remember. `--initial NAME=chrono` gives a bias the logarithm of a random time, up to the sequence's own, so that a
gate that it opens holds a unit for as long (Tallec & Ollivier 2018, who set the input gate's to minus that, `-chrono`); where the gate
lets go when it opens, as z of `gru`, it is `-chrono`. A number is one for all units: `nu=-6` puts the eigenvalues of `lru`, that the
paper draws from a ring, at a modulus of 0.9975.
"""

import argparse
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# The layers share the cores among their own threads; a BLAS pool that spins beside them would only take turns away.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from inputs import completed, layer
from results import Result, add, unusual
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rnncc.train import Adam, Dense, clip_by_global_norm, mean_squared_error, merge, softmax_cross_entropy

LETTERS, COPIED = 8, 10
BLANK, SIGNAL = LETTERS, LETTERS + 1
TEST_ROWS, EVERY = 512, 100
CHRONO = {"chrono": 1, "-chrono": -1}
SHOWN = ("task", "length", "cell", "json")  # what a result says by itself


@dataclass(frozen=True)
class Batch:
    """What is read (T, N, I) and what is asked for after the last steps: (A, N, 1) numbers, or (A, N) letters."""

    x: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class Task:
    """Inputs, outputs of the head, random batches of (length, rows), the loss, what guessing costs, its unit."""

    inputs: int
    outputs: int
    draw: Callable[[int, int, np.random.Generator], Batch]
    loss: Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]]
    guessing: float
    unit: str


def adding(length: int, rows: int, random: np.random.Generator) -> Batch:
    """Numbers with marks, and the sum of the two that are marked."""
    x = np.zeros((length, rows, 2), np.float32)
    x[:, :, 0] = random.random((length, rows), np.float32)
    half = length // 2
    for marked in (random.integers(0, half, rows), random.integers(half, length, rows)):
        x[marked, np.arange(rows), 1] = 1
    return Batch(x, (x[:, :, 0] * x[:, :, 1]).sum(0)[None, :, None])


def copying(length: int, rows: int, random: np.random.Generator) -> Batch:
    """Letters, blanks, a signal, blanks, and the letters again."""
    letters = random.integers(0, LETTERS, (COPIED, rows))
    read = np.full((length + 2 * COPIED, rows), BLANK)
    read[:COPIED] = letters
    read[-COPIED - 1] = SIGNAL
    return Batch(np.eye(LETTERS + 2, dtype=np.float32)[read], letters)


TASKS = {
    "adding": Task(2, 1, adding, mean_squared_error, 1 / 6, "squared error"),
    "copy": Task(LETTERS + 2, LETTERS, copying, softmax_cross_entropy, math.log(LETTERS), "nats a letter"),
}


class Model:
    """One recurrent layer, and a head that reads its last outputs."""

    def __init__(self, task: Task, cell: str, hidden: int, seed: int) -> None:
        self.task = task
        self.rnn = layer(cell, task.inputs, hidden, seed)
        self.head = Dense(self.rnn.output_size, task.outputs, seed=seed + 1)
        self.params = merge(rnn=self.rnn.params, head=self.head.params)

    def gradients(self, b: Batch) -> tuple[float, dict[str, np.ndarray]]:
        """Loss and gradients by parameter."""
        (y, _), rnn_pullback = self.rnn.vjp(completed(self.rnn.cell, b.x))
        self.rnn.update_batch_means(rnn_pullback.batch_means)
        asked = len(b.target)
        answer, head_pullback = self.head.vjp(y[-asked:])
        loss, d_answer = self.task.loss(answer, b.target)
        head = head_pullback(d_answer)
        dy = np.zeros_like(y)
        dy[-asked:] = head.x
        return loss, merge(rnn=rnn_pullback(dy).params, head=head.params)

    def score(self, b: Batch) -> float:
        """The loss alone."""
        y, _ = self.rnn(completed(self.rnn.cell, b.x))
        return self.task.loss(self.head(y[-len(b.target) :]), b.target)[0]


def begin(params: dict[str, np.ndarray], initial: list[tuple[str, str]], times: np.ndarray) -> None:
    """First values of parameters of the layer, by name: a number, or the logarithms of `times`, one a unit, or minus those."""
    for name, how in initial:
        if f"l0.{name}" not in params:
            known = ", ".join(key.removeprefix("l0.") for key in params)
            raise SystemExit(f"--initial {name}={how}: no such parameter; there are {known}")
        array = params[f"l0.{name}"]
        if how in CHRONO and array.shape != times.shape:
            raise SystemExit(f"--initial {name}={how}: {name} has the shape {array.shape}, expected one number a unit, {times.shape}")
        array[...] = CHRONO[how] * np.log(times) if how in CHRONO else float(how)


def train(model: Model, test: Batch, given: argparse.Namespace, console: Console) -> list[float]:
    """Adam on fresh random batches, its rate falling to zero in the second half; the losses on `test`, every `EVERY` steps."""
    curve: list[float] = []
    random = np.random.default_rng(given.seed)
    optimiser = Adam(model.params, given.rate)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=given.steps)
        for step in range(1, given.steps + 1):
            loss, gradients = model.gradients(model.task.draw(given.length, given.batch, random))
            optimiser.rate = given.rate * min(1, 2 - 2 * (step - 1) / given.steps)
            if math.isfinite(clip_by_global_norm(gradients, 1.0)):  # else there is no step to take from them
                optimiser.step(gradients)
            progress.update(bar, advance=1, description=f"step {step}: loss {loss:.5f}")
            if step % EVERY == 0:
                curve.append(model.score(test))
                progress.console.print(f"step {step}: test {curve[-1]:.5f} {model.task.unit}")
    return curve


def test_batch(task: Task, given: argparse.Namespace) -> Batch:
    """Sequences that are never trained on."""
    return task.draw(given.length, TEST_ROWS, np.random.default_rng([given.seed, 1]))


def first_value(text: str) -> tuple[str, str]:
    """NAME=HOW in two."""
    name, _, how = text.partition("=")
    try:
        _ = how in CHRONO or float(how)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected NAME=NUMBER, NAME=chrono or NAME=-chrono") from None
    return name, how


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--length", type=int, default=200, help="steps to remember over (default: 200)")
    parser.add_argument("--cell", default="lstm", help="a cell of the catalogue or a spec file (default: lstm)")
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32, help="sequences side by side")
    parser.add_argument("--rate", type=float, default=1e-2, help="Adam's rate; it falls to zero in the second half")
    parser.add_argument("--steps", type=int, default=2000, help="batches to learn from")
    parser.add_argument("--seed", type=int, default=1)
    said = "first values of a parameter: a number, chrono or -chrono; repeatable"
    parser.add_argument("--initial", type=first_value, action="append", default=[], metavar="NAME=HOW", help=said)
    parser.add_argument("--json", type=Path, help="a file of results that this one is added to")
    return parser


def main() -> None:
    """Train, then score on sequences that were not seen."""
    parser, console = arguments(), Console(highlight=False)
    given = parser.parse_args()
    model = Model(TASKS[given.task], given.cell, given.hidden, given.seed)
    test = test_batch(model.task, given)
    begin(model.rnn.params, given.initial, np.random.default_rng(given.seed).uniform(1, len(test.x) - 1, given.hidden))
    count = sum(p.size for p in model.params.values())
    console.print(f"{given.task}, length {given.length}: {given.hidden} {given.cell}, {count:,} parameters")
    began = time.perf_counter()
    curve = train(model, test, given, console)
    seconds, score = time.perf_counter() - began, model.score(test)
    beside = f"guessing: {model.task.guessing:.5f}"
    console.print(f"test: {score:.5f} {model.task.unit} after {seconds:.0f} s; {beside}")
    if given.json:
        add(
            given.json,
            Result(
                f"{given.task} {given.length}", given.cell, given.hidden, count, seconds, curve, score, unusual(parser, given, SHOWN)
            ),
        )


if __name__ == "__main__":
    main()
