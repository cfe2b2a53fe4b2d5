"""The model of `tagger.py` in PyTorch: same sizes, same batches in the same order, same optimiser and schedule."""

import numpy as np
import torch
from tagger import Batch, Sentence, Sizes, Vocabulary, batches
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class TorchTagger(nn.Module):
    """Letters to word vectors, words to tags."""

    def __init__(self, vocabulary: Vocabulary, sizes: Sizes) -> None:
        super().__init__()
        self.words = nn.Embedding(len(vocabulary.words) + 2, sizes.word)
        self.letters = nn.Embedding(len(vocabulary.letters) + 2, sizes.letter)
        self.speller = nn.LSTM(sizes.letter, sizes.letters_hidden, bidirectional=True)
        self.reader = nn.LSTM(sizes.word + 2 * sizes.letters_hidden, sizes.hidden, bidirectional=True)
        self.head = nn.Linear(2 * sizes.hidden, len(vocabulary.tags))
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, b: Batch) -> torch.Tensor:
        """Logits (T, N, tags)."""
        spelled = pack_padded_sequence(
            self.letters(torch.from_numpy(b.letters)), torch.from_numpy(b.word_lengths), enforce_sorted=False
        )
        _, (h, _) = self.speller(spelled)
        ends = torch.cat(list(h), -1)[torch.from_numpy(b.spelling)]
        joined = self.dropout(torch.cat([self.words(torch.from_numpy(b.words)), ends], -1))
        y, _ = self.reader(pack_padded_sequence(joined, torch.from_numpy(b.lengths), enforce_sorted=False))
        return self.head(self.dropout(pad_packed_sequence(y)[0]))

    def tags(self, b: Batch) -> np.ndarray:
        """(T, N): the likeliest tags."""
        self.eval()
        with torch.no_grad():
            return self(b).argmax(-1).numpy()


def train_torch(vocabulary: Vocabulary, data: dict[str, list[Sentence]], sizes: Sizes, epochs: int, seed: int) -> TorchTagger:
    """As `tagger.train`."""
    torch.manual_seed(seed)
    model, random = TorchTagger(vocabulary, sizes), np.random.default_rng(0)
    optimiser = torch.optim.Adam(model.parameters(), sizes.rate)
    steps = epochs * -(-len(data["train"]) // sizes.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda done: 1 - done / steps)
    for _ in range(epochs):
        model.train()
        for part in batches(data["train"], sizes.batch, random):
            b = vocabulary.batch(part)
            kept = torch.from_numpy(b.mask)
            loss = nn.functional.cross_entropy(model(b)[kept], torch.from_numpy(b.tags)[kept])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), sizes.clip)
            optimiser.step()
            schedule.step()
    return model
