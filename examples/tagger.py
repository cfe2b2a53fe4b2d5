"""A part-of-speech tagger: bidirectional LSTMs over the letters of each word and over the words of each sentence.

    git clone https://github.com/UniversalDependencies/UD_English-EWT examples/ud_english_ewt
    python examples/tagger.py
    python examples/tagger.py --torch        the same model in PyTorch as well, for comparison

The treebank is licensed CC BY-SA 4.0 and is not part of this project. Sentences and words have all lengths: nothing is cut or
bucketed, `lengths` says where each ends.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# The layers share the cores among their own threads; a BLAS pool that spins beside them would only take turns away.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rich.console import Console
from rich.progress import Progress

import rnncc
from rnncc.train import Adam, Dense, Embedding, clip_by_global_norm, live, merge, softmax_cross_entropy

HERE = Path(__file__).parent
SOURCE = "https://github.com/UniversalDependencies/UD_English-EWT"
PADDING, UNKNOWN = 0, 1  # in the tables of words and letters
Sentence = list[tuple[str, str]]  # word, tag


@dataclass(frozen=True)
class Sizes:
    """What the model in both libraries is made of."""

    word: int = 100  # a word's own vector
    letter: int = 32
    letters_hidden: int = 50  # in each direction
    hidden: int = 150  # in each direction
    dropout: float = 0.4  # of word representations
    batch: int = 32
    rate: float = 3e-3
    clip: float = 5.0


def read(folder: Path, part: str) -> list[Sentence]:
    """Sentences of `part` (train, dev, test): CoNLL-U as published, or word TAB tag; blank lines in between."""
    found = [file for ending in ("conllu", "tsv") for file in sorted(folder.glob(f"*{part}*.{ending}"))]
    if not found:
        how = f"get it with:\n  git clone {SOURCE} {folder}\nor name the folder it is in: --data FOLDER"
        raise SystemExit(f"no *{part}*.conllu in {folder}; {how}")
    blocks = found[0].read_text(encoding="utf-8").strip().split("\n\n")
    return [[token for line in block.split("\n") if (token := _token(line))] for block in blocks]


def _token(line: str) -> tuple[str, str] | None:
    columns = line.split("\t")
    if len(columns) == 2:
        return columns[0], columns[1]
    return (columns[1], columns[3]) if len(columns) == 10 and columns[0].isdigit() else None


@dataclass(frozen=True)
class Batch:
    """Sentences as numbers. T words, N sentences; L letters, W distinct words of the batch."""

    words: np.ndarray  # (T, N), numbers of the table of words
    spelling: np.ndarray  # (T, N), columns of `letters`
    letters: np.ndarray  # (L, W)
    word_lengths: np.ndarray  # (W,)
    lengths: np.ndarray  # (N,)
    tags: np.ndarray  # (T, N)

    @property
    def mask(self) -> np.ndarray:
        """(T, N): where there is a word."""
        return live(self.lengths, len(self.words))


class Vocabulary:
    """Numbers of words that occur twice or more, of letters, of tags."""

    def __init__(self, sentences: list[Sentence]) -> None:
        count = Counter(word.lower() for sentence in sentences for word, _ in sentence)
        self.words = {w: k + 2 for k, w in enumerate(sorted(w for w, n in count.items() if n > 1))}
        self.letters = {c: k + 2 for k, c in enumerate(sorted({c for s in sentences for word, _ in s for c in word}))}
        self.tags = {t: k for k, t in enumerate(sorted({tag for s in sentences for _, tag in s}))}

    def batch(self, sentences: list[Sentence]) -> Batch:
        """`sentences` side by side."""
        distinct = {word: k for k, word in enumerate(dict.fromkeys(word for s in sentences for word, _ in s))}
        spelled = [[self.letters.get(c, UNKNOWN) for c in word] for word in distinct]
        return Batch(
            _padded([[self.words.get(word.lower(), UNKNOWN) for word, _ in s] for s in sentences]),
            _padded([[distinct[word] for word, _ in s] for s in sentences]),
            _padded(spelled),
            np.array([len(word) for word in spelled]),
            np.array([len(s) for s in sentences]),
            _padded([[self.tags[tag] for _, tag in s] for s in sentences]),
        )


def _padded(rows: list[list[int]]) -> np.ndarray:
    """Rows as columns, zero below their end."""
    table = np.zeros((max(map(len, rows)), len(rows)), np.int64)
    for k, row in enumerate(rows):
        table[: len(row), k] = row
    return table


class Tagger:
    """Letters to word vectors, words to tags."""

    def __init__(self, vocabulary: Vocabulary, sizes: Sizes, seed: int) -> None:
        self.sizes, self.random = sizes, np.random.default_rng(seed)
        read_by = 2 * sizes.letters_hidden
        self.parts = {
            "words": Embedding(len(vocabulary.words) + 2, sizes.word, seed=seed + 1),
            "letters": Embedding(len(vocabulary.letters) + 2, sizes.letter, seed=seed + 2),
            "speller": rnncc.RNN("lstm", sizes.letter, sizes.letters_hidden, bidirectional=True, seed=seed + 3),
            "reader": rnncc.RNN("lstm", sizes.word + read_by, sizes.hidden, bidirectional=True, seed=seed + 4),
            "head": Dense(2 * sizes.hidden, len(vocabulary.tags), seed=seed + 5),
        }
        self.params = merge(**{name: part.params for name, part in self.parts.items()})

    def gradients(self, b: Batch) -> tuple[float, dict[str, np.ndarray]]:
        """Loss and gradients; many-to-one over letters, many-to-many over words."""
        parts = self.parts
        vectors, words_back = parts["words"].vjp(b.words)
        spelled, letters_back = parts["letters"].vjp(b.letters)
        (_, final), speller_back = parts["speller"].vjp(spelled, lengths=b.word_lengths)
        joined = np.concatenate([vectors, _both_ends(final["h"])[b.spelling]], axis=-1)
        keep = self.mask(joined.shape)
        (y, _), reader_back = parts["reader"].vjp(joined * keep, lengths=b.lengths)
        keep_y = self.mask(y.shape)
        logits, head_back = parts["head"].vjp(y * keep_y)
        loss, d_logits = softmax_cross_entropy(logits, b.tags, b.mask)

        head = head_back(d_logits)
        reader = reader_back(head.x * keep_y)
        d_vectors, d_spelled = np.split(reader.x * keep, [self.sizes.word], axis=-1)
        d_ends = np.zeros((len(b.word_lengths), d_spelled.shape[-1]), np.float32)
        np.add.at(d_ends, b.spelling[b.mask], d_spelled[b.mask])
        speller = speller_back(None, {"h": np.stack(np.split(d_ends, 2, axis=-1))})
        g = {"words": words_back(np.ascontiguousarray(d_vectors)), "letters": letters_back(speller.x)}
        g |= {"speller": speller, "reader": reader, "head": head}
        return loss, merge(**{name: part.params for name, part in g.items()})

    def mask(self, shape: tuple[int, ...]) -> np.ndarray:
        """Inverted dropout."""
        kept = self.random.random(shape, np.float32) >= self.sizes.dropout
        return kept / np.float32(1 - self.sizes.dropout)

    def tags(self, b: Batch) -> np.ndarray:
        """(T, N): the likeliest tags."""
        parts = self.parts
        _, final = parts["speller"](parts["letters"](b.letters), lengths=b.word_lengths)
        joined = np.concatenate([parts["words"](b.words), _both_ends(final["h"])[b.spelling]], axis=-1)
        y, _ = parts["reader"](joined, lengths=b.lengths)
        return parts["head"](y).argmax(-1)


def _both_ends(final: np.ndarray) -> np.ndarray:
    """(2, W, H) to (W, 2 H): what each direction knows of a word at its end."""
    return np.concatenate(list(final), axis=-1)


def batches(sentences: list[Sentence], size: int, random: np.random.Generator | None = None) -> Iterator[list[Sentence]]:
    """`sentences` in batches, shuffled by `random`."""
    order = np.arange(len(sentences)) if random is None else random.permutation(len(sentences))
    for first in range(0, len(order), size):
        yield [sentences[k] for k in order[first : first + size]]


def accuracy(model: "Tagger | object", vocabulary: Vocabulary, sentences: list[Sentence]) -> float:
    """Share of words whose tag is right."""
    right = total = 0
    for part in batches(sentences, 128):
        b = vocabulary.batch(part)
        right += int((model.tags(b) == b.tags)[b.mask].sum())
        total += int(b.lengths.sum())
    return right / total


def train(model: Tagger, vocabulary: Vocabulary, data: dict[str, list[Sentence]], epochs: int, console: Console) -> None:
    """Adam, its rate falling to zero; the accuracy on the development set after each epoch."""
    optimiser, random = Adam(model.params, model.sizes.rate), np.random.default_rng(0)
    steps = epochs * -(-len(data["train"]) // model.sizes.batch)
    done, began = 0, time.perf_counter()
    with Progress(console=console) as progress:
        bar = progress.add_task("training", total=steps)
        for epoch in range(epochs):
            for part in batches(data["train"], model.sizes.batch, random):
                loss, gradients = model.gradients(vocabulary.batch(part))
                clip_by_global_norm(gradients, model.sizes.clip)
                optimiser.rate = model.sizes.rate * (1 - done / steps)
                optimiser.step(gradients)
                done += 1
                progress.update(bar, advance=1, description=f"epoch {epoch + 1} of {epochs}, loss {loss:.3f}")
            found = accuracy(model, vocabulary, data["dev"])
            progress.console.print(f"epoch {epoch + 1}: development {found:.2%}, {time.perf_counter() - began:.0f} s")


def main() -> None:
    """Train, and print the accuracy on the test set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE / "ud_english_ewt", help="folder of the treebank")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--torch", action="store_true", help="train the same model in PyTorch too")
    given, console = parser.parse_args(), Console(highlight=False)
    data = {part: read(given.data, part) for part in ("train", "dev", "test")}
    vocabulary = Vocabulary(data["train"])
    model = Tagger(vocabulary, Sizes(), given.seed)
    train(model, vocabulary, data, given.epochs, console)
    console.print(f"rnncc: {accuracy(model, vocabulary, data['test']):.2%} of the words of the test set are tagged right")
    if given.torch:
        from tagger_torch import train_torch

        other = train_torch(vocabulary, data, Sizes(), given.epochs, given.seed)
        console.print(f"PyTorch: {accuracy(other, vocabulary, data['test']):.2%}")


if __name__ == "__main__":
    main()
