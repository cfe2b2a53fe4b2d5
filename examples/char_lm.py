"""A character model that learns Shakespeare.

    python examples/char_lm.py                      90 seconds: 1.52 nats a character on text it has not seen
    python examples/char_lm.py --resume             go on after Ctrl-C
    python examples/char_lm.py --minutes 6.8 --layers 2 --dropout 0.2      1.459 nats on two cores

An embedding, LSTM layers and a dense head, trained by truncated backpropagation through time: the text is cut into `--batch`
streams, read `--steps` characters at a time, and the state of the layers is carried from one piece to the next.
"""

import argparse
import json
import math
import os
import signal
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

# The layers share the cores among their own threads; a BLAS pool that spins beside them would only take turns away.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

import rnncc
from rnncc.train import Adam, Dense, Embedding, clip_by_global_norm, merge, softmax_cross_entropy

HERE = Path(__file__).parent
EMBEDDED = 64
WARMUP_STEPS = 50
CLIP = 1.0
EVERY = 30.0  # seconds from one validation and checkpoint to the next
VALIDATION_PIECE = 256  # steps at a time


@dataclass(frozen=True)
class Settings:
    """What a run is; kept in its checkpoint."""

    cell: str
    hidden: int
    layers: int
    dropout: float
    batch: int
    steps: int
    rate: float
    seconds: float
    seed: int


class Text:
    """A text as numbers: the first 90 % to train on, the rest to validate."""

    def __init__(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        self.letters = sorted(set(text))
        number = {letter: k for k, letter in enumerate(self.letters)}
        codes = np.array([number[letter] for letter in text])
        cut = len(codes) * 9 // 10
        self.train, self.validation = codes[:cut], codes[cut:]


def streams(codes: np.ndarray, batch: int) -> np.ndarray:
    """`codes` side by side: (steps, batch)."""
    steps = len(codes) // batch
    return codes[: steps * batch].reshape(batch, steps).T


class Model:
    """Embedding, recurrent layers, head."""

    def __init__(self, letters: int, settings: Settings) -> None:
        s = settings
        self.embedding = Embedding(letters, EMBEDDED, seed=s.seed)
        self.rnn = rnncc.RNN(s.cell, EMBEDDED, s.hidden, s.layers, dropout=s.dropout, seed=s.seed + 1)
        self.head = Dense(s.hidden, letters, seed=s.seed + 2)
        self.dropout, self.random = s.dropout, np.random.default_rng(s.seed + 3)
        self.params = merge(embedding=self.embedding.params, rnn=self.rnn.params, head=self.head.params)

    def gradients(self, x: np.ndarray, target: np.ndarray, state: dict | None) -> tuple[float, dict, dict]:
        """Loss, gradients by parameter, and the state to go on with; `x` and `target` are (T, N)."""
        embedded, embedding_pullback = self.embedding.vjp(x)
        (y, state), rnn_pullback = self.rnn.vjp(embedded, state)
        mask = self.mask(y.shape)
        logits, head_pullback = self.head.vjp(y * mask)
        loss, d_logits = softmax_cross_entropy(logits, target)
        head = head_pullback(d_logits)
        rnn = rnn_pullback(head.x * mask)
        embedding = embedding_pullback(rnn.x)
        return loss, merge(embedding=embedding.params, rnn=rnn.params, head=head.params), state

    def mask(self, shape: tuple[int, ...]) -> np.ndarray | np.float32:
        """Inverted dropout before the head."""
        if not self.dropout:
            return np.float32(1)
        kept = self.random.random(shape, np.float32) >= self.dropout
        return kept / np.float32(1 - self.dropout)

    def loss(self, codes: np.ndarray, batch: int = 32) -> float:
        """Nats per character over all of `codes`, read from one end to the other."""
        x = streams(codes, batch)
        total, state = 0.0, None
        for first in range(0, len(x) - 1, VALIDATION_PIECE):
            piece = x[first : first + VALIDATION_PIECE + 1]
            y, state = self.rnn(self.embedding(piece[:-1]), state)
            total += softmax_cross_entropy(self.head(y), piece[1:])[0] * (len(piece) - 1)
        return total / (len(x) - 1)

    def sample(self, letters: list[str], length: int, temperature: float = 0.7) -> str:
        """Text that the model writes, letter by letter."""
        stream, random = self.rnn.stream(1), np.random.default_rng(0)
        code, written = letters.index("\n"), []
        for _ in range(length):
            logits = self.head(stream(self.embedding(np.array([code]))))[0].astype(np.float64) / temperature
            probability = np.exp(logits - logits.max())
            code = int(random.choice(len(letters), p=probability / probability.sum()))
            written.append(letters[code])
        return "".join(written)


class Training:
    """A model on its way: where in the text, for how long already."""

    def __init__(self, text: Text, settings: Settings) -> None:
        self.settings, self.text = settings, text
        self.streams = streams(text.train, settings.batch)
        self.model = Model(len(text.letters), settings)
        self.optimiser = Adam(self.model.params, settings.rate, betas=(0.9, 0.99))
        self.state: dict | None = None
        self.first = self.done = 0
        self.elapsed, self.loss = 0.0, math.nan

    def step(self) -> None:
        """One piece of text: gradients, clipping, Adam at a rate that rises for a moment and then falls to zero with time."""
        began = time.perf_counter()
        if self.first + self.settings.steps >= len(self.streams):
            self.first, self.state = 0, None
        piece = self.streams[self.first : self.first + self.settings.steps + 1]
        loss, gradients, self.state = self.model.gradients(piece[:-1], piece[1:], self.state)
        clip_by_global_norm(gradients, CLIP)
        left = max(0.0, 1 - self.elapsed / self.settings.seconds)
        self.optimiser.rate = self.settings.rate * min(left, (self.done + 1) / WARMUP_STEPS)
        self.optimiser.step(gradients)
        self.first += self.settings.steps
        self.done += 1
        self.loss = loss if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * loss
        self.elapsed += time.perf_counter() - began

    def compile(self) -> None:
        """One step whose result is thrown away, so that the clock starts with compiled kernels."""
        piece = self.streams[: self.settings.steps + 1]
        self.model.gradients(piece[:-1], piece[1:], None)
        self.model.loss(self.text.validation[: 32 * 8])

    def save(self, path: Path) -> None:
        """Write a checkpoint aside, then rename it: `path` is whole whatever happens."""
        arrays = {f"params.{name}": array for name, array in self.model.params.items()}
        arrays |= {f"optimiser.{name}": array for name, array in self.optimiser.state().items()}
        arrays |= {f"state.{name}": array for name, array in (self.state or {}).items()}
        about = {"settings": asdict(self.settings), "letters": "".join(self.text.letters), "first": self.first, "done": self.done}
        about |= {"elapsed": self.elapsed, "loss": self.loss}
        aside = path.with_name(path.name + ".part")
        with aside.open("wb") as file:
            np.savez(file, about=np.array(json.dumps(about)), **arrays)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)

    @classmethod
    def resumed(cls, path: Path, text: Text) -> "Training":
        """Go on from a checkpoint."""
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(str(arrays["about"]))
        if about["letters"] != "".join(text.letters):
            raise SystemExit(f"{path} was trained on a text of other letters")
        training = cls(text, Settings(**about["settings"]))
        for name, array in training.model.params.items():
            array[...] = arrays[f"params.{name}"]
        training.optimiser.restore(_under("optimiser", arrays))
        training.state = _under("state", arrays) or None
        training.first, training.done, training.elapsed, training.loss = (about[k] for k in ("first", "done", "elapsed", "loss"))
        return training


def _under(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix + "."): a for name, a in arrays.items() if name.startswith(prefix + ".")}


class Interrupt:
    """Ctrl-C is noted, so that a step is finished before the checkpoint is written; a second one ends at once."""

    asked = False

    def __enter__(self) -> "Interrupt":
        self.before = signal.signal(signal.SIGINT, self.note)
        return self

    def note(self, _number: int, _frame: object) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, self.before)

    def __exit__(self, *_exception: object) -> None:
        signal.signal(signal.SIGINT, self.before)


class Display:
    """The progress bar, and a line whenever the validation loss is known."""

    def __init__(self, training: Training, console: Console) -> None:
        shown = ("loss", "speed", "left")
        self.training, self.begun, self.before = training, training.elapsed, training.done
        columns = [TextColumn(f"{{task.fields[{name}]}}") for name in shown]
        self.progress = Progress(BarColumn(), *columns, console=console, auto_refresh=False)
        self.bar = self.progress.add_task("", total=training.settings.seconds, **dict.fromkeys(shown, ""))

    def speed(self) -> float:
        """Characters a second since the start or resume."""
        settings, steps = self.training.settings, self.training.done - self.before
        return steps * settings.batch * settings.steps / max(self.training.elapsed - self.begun, 1e-9)

    def update(self) -> None:
        """Draw the bar."""
        left = max(0.0, self.training.settings.seconds - self.training.elapsed)
        shown = {"loss": f"loss {self.training.loss:.3f}", "speed": f"{self.speed():,.0f} characters/s", "left": f"{left:.0f} s left"}
        self.progress.update(self.bar, completed=self.training.elapsed, refresh=True, **shown)

    def validated(self) -> None:
        """Print where things stand."""
        nats = self.training.model.loss(self.training.text.validation)
        seen = f"loss {self.training.loss:.3f}  validation {nats:.3f} nats/character  {self.speed():,.0f} characters/s"
        self.progress.console.print(f"{self.training.elapsed:5.0f} s  {seen}")


def train(training: Training, checkpoint: Path, console: Console, interrupt: Interrupt) -> None:
    """Until the time is up or Ctrl-C; a checkpoint every now and then and at the end."""
    display = Display(training, console)
    due = training.elapsed + EVERY
    with display.progress:
        while training.elapsed < training.settings.seconds and not interrupt.asked:
            training.step()
            if training.done % 5 == 0:
                display.update()
            if training.elapsed > due:
                display.validated()
                training.save(checkpoint)
                due = training.elapsed + EVERY
        display.update()
    training.save(checkpoint)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, default=HERE / "tiny_shakespeare.txt", help="a UTF-8 text")
    parser.add_argument("--cell", default="lstm", help="a cell of the catalogue or a spec file (default: lstm)")
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--dropout", type=float, default=0.0, help="between layers and before the head")
    parser.add_argument("--batch", type=int, default=32, help="streams side by side")
    parser.add_argument("--steps", type=int, default=64, help="characters from one state to the next")
    parser.add_argument("--rate", type=float, default=5e-3, help="Adam's rate at the start; it falls to zero")
    parser.add_argument("--seconds", type=float, default=90.0, help="time to train, without compiling and validating")
    parser.add_argument("--minutes", type=float, help="the same in minutes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path, default=Path("char_lm.npz"))
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint, with its settings")
    return parser.parse_args()


def prepared(given: argparse.Namespace, text: Text) -> Training:
    """A new training or the one of the checkpoint."""
    if given.resume:
        return Training.resumed(given.checkpoint, text)
    seconds = given.seconds if given.minutes is None else 60 * given.minutes
    chosen = {f.name: getattr(given, f.name) for f in fields(Settings) if f.name != "seconds"}
    return Training(text, Settings(seconds=seconds, **chosen))


def main() -> None:
    """Train, validate, write."""
    given, console = arguments(), Console(highlight=False)
    text = Text(given.text)
    training = prepared(given, text)
    s, count = training.settings, sum(p.size for p in training.model.params.values())
    console.print(f"{s.layers} × {s.hidden} {s.cell}, {count:,} parameters, {len(text.train):,} characters to train on")
    with Interrupt() as interrupt:
        began = time.perf_counter()
        training.compile()
        console.print(f"kernels ready after {time.perf_counter() - began:.1f} s")
        train(training, given.checkpoint, console, interrupt)
    if interrupt.asked:
        console.print(f"stopped after {training.elapsed:.0f} s; go on with --resume")
        raise SystemExit(130)
    nats = training.model.loss(text.validation)
    console.print(f"validation: {nats:.3f} nats/character ({nats / math.log(2):.3f} bits) after {training.elapsed:.0f} s of training\n")
    console.print(training.model.sample(text.letters, 600), markup=False)


if __name__ == "__main__":
    main()
