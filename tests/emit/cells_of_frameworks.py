"""What the tests of the PyTorch and JAX renderers share: cells, values, and the written module."""

from pathlib import Path

import numpy as np

from rnncc.cli.drawn import drawn_inputs, drawn_seeds
from rnncc.compiler import compile_cell
from rnncc.emit.numpy import run
from rnncc.passes import hoist_sums
from rnncc.runtime.cell_info import TRAINING
from rnncc.runtime.masks import mask_rates
from tests.emit import cpu_cases

ROOT = Path(__file__).parents[2]
CATALOGUE = sorted((ROOT / "specs").glob("*.py"))
CORE = [path for path in CATALOGUE if path.stem in cpu_cases.CORE]
CELLS = [*CORE, *sorted((ROOT / "tests" / "cells").glob("*.py")), *sorted((ROOT / "tests" / "emit" / "cells").glob("*.py"))]
STEPS, BATCH = 4, 3
RTOL, ATOL = 1e-12, 1e-13
"""Some hundred roundings of 1.1e-16 in sums of some tens of terms over 4 steps, with room."""


class Case:
    """A cell with random values, what it gives and its gradients by the interpreter, and `render` of it executed."""

    def __init__(self, path, render, steps=STEPS):
        self.made = compile_cell(path)
        info = self.made.info
        rates = mask_rates(info, info.constants)
        self.env = drawn_inputs(info, steps, BATCH)
        self.env |= {name: np.full_like(self.env[name], rate) for name, rate in rates.items()}  # what plain code computes
        self.env |= {TRAINING: 0.0} if info.batch_means else {}  # it reads the parameters in the place of means
        self.seeds = drawn_seeds(info, run(self.made.primal, self.env))
        self.expected = run(self.made.joint, self.env | self.seeds)
        self.space = {}
        exec(render(hoist_sums(self.made.inference), info.named), self.space)

    def values(self, array):
        """(params, streams, state), each a dict of what `array` makes of the values; constants stay numbers."""
        info = self.made.info
        params = {p.name: array(self.env[p.name]) for p in info.parameters} | dict(info.constants)
        params |= {name: array(self.env[name]) for m in info.memories for name in (m.name, m.exists)}
        streams = {name: array(self.env[name]) for name, _ in info.inputs}
        return params, streams, {s.name: array(self.env[f"{s.name}_0"]) for s in info.states}

    def x(self, streams):
        """The argument `x`: an array, or a dict of several."""
        return streams if len(streams) > 1 else next(iter(streams.values()))

    def agree(self, found):
        """`found`, by the keys of the program, is what the interpreter gives."""
        for key, value in found.items():
            np.testing.assert_allclose(value, self.expected[key], rtol=RTOL, atol=ATOL, err_msg=key)

    def results(self, final, outputs):
        """Results of the written module by the keys of the program."""
        return {"output": np.asarray(outputs)} | {f"{k}_T": np.asarray(v) for k, v in final.items()}

    def gradients(self, params, streams, state):
        """Gradients by name, by the keys of the program, of what has one."""
        prefix = self.made.info.cotangent
        found = {f"{prefix}{k}": v for k, v in (*params.items(), *streams.items(), *((f"{k}_0", v) for k, v in state.items()))}
        without = {f"{prefix}{s.name}_0" for s in self.made.info.states if s.counts}
        without |= {f"{prefix}{m.exists}" for m in self.made.info.memories}
        without |= {f"{prefix}{p.name}" for p in self.made.info.parameters if p.frozen}
        return {k: v for k, v in found.items() if k not in without}
