"""One cell, its arrays, and the same cell written out in PyTorch: what the closure tests compare."""

from pathlib import Path

import numpy as np

from rnncc.ir import verify
from rnncc.lower import lower
from rnncc.spec import load
from tests.passes.programs import arrays
from tests.references import lstms
from tests.references.layers import unroll
from tests.references.reference import torch
from tests.references.registry import CORE, OWN

REFERENCES = CORE | OWN | {"lstm_attention": lstms.lstm_attention}
LENGTHS = [6, 3, 0, 5, 1]
STEPS, BATCH = 6, 5
POSITIONS = [4, 2, 0, 3, 1]
SIZES = {"input": 4, "hidden": 5, "proj": 3, "out": 2, "memory": 3, "attention": 4, "m_positions": 4}
CELLS = Path(__file__).parent.parent / "cells"
TOLERANCE = 1e-12
"""Relative to an array's largest magnitude: some hundred roundings of 1.1e-16 in sums over 6 steps, 5 rows and 5 units, with room."""


def program(name):
    """The cell called `name`, of the catalogue or of `tests/cells`."""
    return verify(lower(load(CELLS / f"{name}.py" if name in OWN else name)))


def inputs(cell, seed=0):
    """Random inputs; a normaliser starts above zero, as it does in its paper. Of a memory each row has some positions."""
    found = arrays(cell, np.random.default_rng(seed), STEPS, BATCH, SIZES)
    found |= {i.name: np.arange(4.0) < np.array(POSITIONS)[:, None] for i in cell.inputs if i.role == "exists"}
    return {k: np.abs(v) + 1 if k == "n_0" else v for k, v in found.items()}


def differentiable(cell):
    """Names of the inputs that have a derivative."""
    return [i.name for i in cell.inputs if i.role not in ("size", "exists")]


def like(values, prefix, rng):
    """Random arrays shaped as `values`, under the same keys with `prefix`."""
    return {f"{prefix}{k}": rng.normal(size=np.shape(v)) for k, v in values.items()}


def tensors(values):
    return {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in values.items()}


def reference(name, values, reverse):
    """The outputs of the written-out cell by the keys of the program, for tensors by the names of its inputs."""
    state = {k.removesuffix("_0"): v for k, v in values.items() if k.endswith("_0")}
    x = {k: values[k] for k in REFERENCES[name].inputs}
    memory = {k: values[k] for k in REFERENCES[name].memory}
    lengths = {f"{k}_lengths": torch.tensor(POSITIONS) for k in memory}
    y, final = unroll(REFERENCES[name], values, x, state, LENGTHS, reverse, memory=memory | lengths)
    return {"output": y} | {f"{k}_T": v for k, v in final.items()}


def gradients(loss, by, **options):
    """∂`loss` by each of the tensors in `by`, zero where it does not depend on one."""
    found = torch.autograd.grad(loss, list(by.values()), allow_unused=True, **options)
    return {k: torch.zeros_like(v) if g is None else g for (k, v), g in zip(by.items(), found, strict=True)}


def paired(weights, values, prefix):
    """⟨weights, values⟩ where `weights` has the keys of `values` with `prefix`."""
    return sum((torch.as_tensor(weights[f"{prefix}{k}"]) * v).sum() for k, v in values.items())
