"""A cell's generated module beside the interpreter: the same arrays through both."""

from pathlib import Path

import numpy as np

from rnncc.emit.numpy import run
from rnncc.ir import COLUMNS
from rnncc.runtime.blocks import axis_length
from rnncc.runtime.frozen import PANELS
from rnncc.runtime.sweep import Sweep

CELLS = Path(__file__).parent.parent / "cells"
CORE = ("elman", "jordan", "lstm", "lstm_peephole", "gru", "gru_cho", "gru_reset_after")
OWN = tuple(sorted(p.stem for p in CELLS.glob("*.py")))
FURTHER = 3
"""How long an axis is whose size neither the shape nor the cell gives."""
POSITIONS = 5
"""Of a memory."""


def source_of(name):
    """What `compile_cell` takes for a cell of the catalogue or of `tests/cells`."""
    return str(CELLS / f"{name}.py") if name in OWN else name


def arrays(made, shape, dtype=np.float64, seed=0, scale=0.5):
    """Inputs and seeds of the joint program of the `Compilation` `made`; `shape` is (T, N, I, H)."""
    rng = np.random.default_rng(seed)
    steps, batch, width, hidden = shape
    length = {"T": steps, "N": batch, "input": width, "hidden": hidden}
    length |= {k: v or FURTHER for k, v in made.info.sizes.items()} | {m.positions: POSITIONS for m in made.info.memories}
    found = {}
    for i in made.joint.inputs:
        if i.role == "const":
            found[i.name] = {**made.info.constants, **made.info.flags(training=True)}[i.name]
        elif i.role == "index":
            found[i.name] = rng.integers(0, length[made.info.indices[i.name]], (steps, batch))
        elif i.role == "exists":
            found[i.name] = (np.arange(POSITIONS) < positions_of(batch)[:, None]).astype(dtype)
        elif i.role != "size":
            dims = [length[a] if a in length else axis_length(a.removesuffix(COLUMNS), length.__getitem__) for a in i.type]
            found[i.name] = (rng.normal(size=dims) * scale).astype(dtype)
    return found | {k: np.abs(v) + 1 for k, v in found.items() if k == "n_0" or k.startswith("var_")}


def positions_of(rows):
    """How many positions of a memory each row has: none, one … all, and so on."""
    return np.arange(rows) % (POSITIONS + 1)


def primal(made, env):
    """What inference and forward take of `env`."""
    names = {PANELS, *(i.name for i in (*made.primal.inputs, *made.training.inputs))}
    return {k: v for k, v in env.items() if k in names}


def sweep_of(shape, lengths=None, reverse=False, threads=1, library=np):
    ends = None if lengths is None else np.asarray(lengths, np.int64)
    return Sweep(shape[0], shape[1], ends, reverse, threads, library=library)


def found_by(module, made, env, sweep):
    """What the four functions of a generated module return by key, and the results of forward as `forward <key>`."""
    given = primal(made, env)
    inference = module.inference(sweep, {k: v for k, v in given.items() if k in made.inference.input})
    forward = module.forward(sweep, given)
    backward = gradients_by(module, made, {**env, **forward}, sweep)
    outputs = {f"forward {k}": forward[k] for k, _ in made.training.outputs}
    return inference | outputs | backward | {f"trace {k}": v for k, v in module.trace(sweep, given).items()}


def gradients_by(module, made, env, sweep):
    """What backward returns by the keys of the joint program; sums on the way to them stay behind."""
    wanted = dict(made.joint.outputs)
    return {key: value for key, value in module.backward(sweep, env).items() if key in wanted}


def trained_by(module, made, env, sweep):
    """What forward and backward return by the keys of the joint program: half of the kernels to compile."""
    forward = module.forward(sweep, primal(made, env))
    backward = gradients_by(module, made, {**env, **forward}, sweep)
    return {key: forward[key] for key, _ in made.training.outputs} | backward


def expected_in_training(made, env, sweep):
    """The same from the interpreter."""
    return run(made.joint, env, sweep.lengths, {"T": sweep.steps, "N": sweep.batch}, sweep.reverse)


def expected_of(made, env, sweep):
    """The same from the interpreter."""
    joint = run(made.joint, env, sweep.lengths, {"T": sweep.steps, "N": sweep.batch}, sweep.reverse)
    traced = run(made.trace, env, sweep.lengths, {"T": sweep.steps, "N": sweep.batch}, sweep.reverse)
    outputs = {f"forward {k}": joint[k] for k, _ in made.training.outputs}
    evaluated = run(made.inference, env, sweep.lengths, {"T": sweep.steps, "N": sweep.batch}, sweep.reverse)
    joint = {k: v for k, v in joint.items() if k not in {m.key for m in made.info.batch_means}}
    return joint | outputs | evaluated | {f"trace {k}": v for k, v in traced.items()}


def worst(found, expected):
    """The largest error over all keys, each relative to its array's largest magnitude; both must have the same keys and shapes."""
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert found[key].shape == value.shape, f"{key} has shape {found[key].shape}, expected {value.shape}"
    return max((relative(found[k], v), k) for k, v in expected.items())


def relative(found, expected):
    if expected.size == 0:
        return 0.0
    error = np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30)
    return float(np.nan_to_num(error, nan=np.inf))
