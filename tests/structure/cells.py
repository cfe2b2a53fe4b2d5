"""What is found of small cells and of the catalogue's, and their programs run with drawn values."""

from dataclasses import replace

import numpy as np

from rnncc.cli.drawn import drawn_inputs
from rnncc.compiler import compile_cell
from rnncc.emit.numpy import run
from tests.schedule.cells import compiled


def found(text, folder):
    """Of the one loop of a cell with states h and c; `x_h` is a product of its input."""
    head = 'h, c = cell.state("h"), cell.state("c")\nx_h = cell.weight("W", h, x) @ x'
    (one,) = compiled(f"{head}\n{text}\ncell.output(h + c + x_h)", folder).structure
    return one


def of_catalogue(name, **options):
    return compile_cell(name, options).structure


def one_step(name, values):
    """(inputs, values called in `values`), each of one step and three rows, of a cell of the catalogue."""
    made = compile_cell(name)
    env = drawn_inputs(made.info, steps=1, batch=3)
    shown = replace(made.settled, outputs=tuple((v, v) for v in values))
    return env, {v: a[0] if a.ndim == 3 else a for v, a in run(shown, env).items()}


def stepped(name, env, state):
    """The states after one step from `state`."""
    made = compile_cell(name)
    out = run(made.settled, env | {f"{s}_0": v for s, v in state.items()})
    return {s: out[f"{s}_T"] for s in state}


def drawn_state(env, names, seed):
    rng = np.random.default_rng(seed)
    return {s: rng.uniform(-1, 1, env[f"{s}_0"].shape) for s in names}
