"""Random arguments for a reference, as float64 tensors."""

from dataclasses import dataclass

import numpy as np

from tests.references.layers import unroll
from tests.references.reference import shapes, torch

STEPS, ROWS = 6, 5
LENGTHS = [6, 3, 0, 5, 1]
SIZES = {"input": 3, "hidden": 4, "S": 5}


@dataclass(frozen=True)
class Drawn:
    """Arguments of `layers.unroll` by name."""

    params: dict
    x: dict
    state: dict
    memory: dict
    masks: dict

    @property
    def every(self):
        """All tensors, by names that do not meet."""
        return {f"{field}.{name}": v for field in vars(self) for name, v in getattr(self, field).items()}

    def row(self, row, length):
        """One row alone, its first `length` steps."""
        x, masks = ({k: v[:length, row : row + 1] for k, v in field.items()} for field in (self.x, self.masks))
        state, memory = ({k: v[row : row + 1] for k, v in field.items()} for field in (self.state, self.memory))
        return Drawn(self.params, x, state, memory, masks)

    def turned(self):
        """The last step first."""
        x, masks = ({k: v.flip(0) for k, v in field.items()} for field in (self.x, self.masks))
        return Drawn(self.params, x, self.state, self.memory, masks)

    def run(self, step, lengths=None, reverse=False, **options):
        """Outputs and final states of `step` over these arguments."""

        def chosen(x, state, p, **masks):
            return step(x, state, p, **masks, **options)

        return unroll(chosen, self.params, self.x, self.state, lengths, reverse, memory=self.memory, masks=self.masks)


def drawn(reference, seed=0, **sizes):
    """Numbers of size 1 for all but the masks, which are 0 or 1; `sizes` replace those of `SIZES` and of the reference."""
    rng, known = np.random.default_rng(seed), {**reference.sizes, **SIZES, **sizes}

    def normal(axes, *before):
        numbers = {k: rng.standard_normal((*before, *s)) for k, s in shapes(axes, known).items()}
        numbers |= {k: abs(v) + 0.5 for k, v in numbers.items() if k in reference.positive}
        return {k: torch.tensor(v, requires_grad=True) for k, v in numbers.items()}

    masks = {k: torch.tensor(rng.integers(0, 2, (STEPS, ROWS, *s)) * 1.0) for k, s in shapes(reference.masks, known).items()}
    return Drawn(
        normal(reference.parameters),
        normal(reference.inputs, STEPS, ROWS),
        normal(reference.states, ROWS),
        normal(reference.memory, ROWS),
        masks,
    )
