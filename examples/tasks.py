"""Two tasks that ask for long memory: adding and copying (Hochreiter & Schmidhuber 1997; Arjovsky, Shah & Bengio 2016).

    python examples/tasks.py adding                                   about a minute: an LSTM over 200 steps, a squared error of 0.002
    python examples/tasks.py adding --cell gru                        0.00007
    python examples/tasks.py copy --length 100 --cell elman

Adding: each step brings a number from 0 to 1 and a mark; two steps are marked, one in either half, and the sum of their numbers is
asked for after the last. Always answering 1 has a mean squared error of 1/6. Copying: ten letters of eight, then blanks for `--length`
steps, then a signal, after which the ten letters are to be repeated. Guessing has a cross-entropy of log 8 nats a letter.
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
from results import Result, add
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

import rnncc
from rnncc.train import Adam, Dense, clip_by_global_norm, mean_squared_error, merge, softmax_cross_entropy

LETTERS, COPIED = 8, 10
BLANK, SIGNAL = LETTERS, LETTERS + 1
TEST_ROWS, EVERY = 512, 100


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
        self.rnn = rnncc.RNN(cell, task.inputs, hidden, seed=seed)
        self.head = Dense(self.rnn.output_size, task.outputs, seed=seed + 1)
        self.params = merge(rnn=self.rnn.params, head=self.head.params)

    def gradients(self, b: Batch) -> tuple[float, dict[str, np.ndarray]]:
        """Loss and gradients by parameter."""
        (y, _), rnn_pullback = self.rnn.vjp(b.x)
        asked = len(b.target)
        answer, head_pullback = self.head.vjp(y[-asked:])
        loss, d_answer = self.task.loss(answer, b.target)
        head = head_pullback(d_answer)
        dy = np.zeros_like(y)
        dy[-asked:] = head.x
        return loss, merge(rnn=rnn_pullback(dy).params, head=head.params)

    def score(self, b: Batch) -> float:
        """The loss alone."""
        y, _ = self.rnn(b.x)
        return self.task.loss(self.head(y[-len(b.target) :]), b.target)[0]


def train(model: Model, given: argparse.Namespace, console: Console) -> list[float]:
    """Adam on fresh random batches, its rate falling to zero in the second half; the losses on others, every `EVERY` steps."""
    curve: list[float] = []
    random, test = np.random.default_rng(given.seed), test_batch(model.task, given)
    optimiser = Adam(model.params, given.rate)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=given.steps)
        for step in range(1, given.steps + 1):
            loss, gradients = model.gradients(model.task.draw(given.length, given.batch, random))
            clip_by_global_norm(gradients, 1.0)
            optimiser.rate = given.rate * min(1, 2 - 2 * (step - 1) / given.steps)
            optimiser.step(gradients)
            progress.update(bar, advance=1, description=f"step {step}: loss {loss:.5f}")
            if step % EVERY == 0:
                curve.append(model.score(test))
                progress.console.print(f"step {step}: test {curve[-1]:.5f} {model.task.unit}")
    return curve


def test_batch(task: Task, given: argparse.Namespace) -> Batch:
    """Sequences that are never trained on."""
    return task.draw(given.length, TEST_ROWS, np.random.default_rng([given.seed, 1]))


def arguments() -> argparse.Namespace:
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
    parser.add_argument("--json", type=Path, help="a file of results that this one is added to")
    return parser.parse_args()


def main() -> None:
    """Train, then score on sequences that were not seen."""
    given, console = arguments(), Console(highlight=False)
    model = Model(TASKS[given.task], given.cell, given.hidden, given.seed)
    count = sum(p.size for p in model.params.values())
    console.print(f"{given.task}, length {given.length}: {given.hidden} {given.cell}, {count:,} parameters")
    began = time.perf_counter()
    curve = train(model, given, console)
    seconds, test = time.perf_counter() - began, model.score(test_batch(model.task, given))
    beside = f"guessing: {model.task.guessing:.5f}"
    console.print(f"test: {test:.5f} {model.task.unit} after {seconds:.0f} s; {beside}")
    if given.json:
        add(given.json, Result(f"{given.task} {given.length}", given.cell, given.hidden, count, seconds, curve, test))


if __name__ == "__main__":
    main()
