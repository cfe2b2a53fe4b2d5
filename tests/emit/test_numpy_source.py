"""The NumPy source of a program is run and gives what the interpreter gives."""

from pathlib import Path

import numpy as np
import pytest

from rnncc.cli.drawn import drawn_inputs, drawn_seeds
from rnncc.compiler import Compilation, compile_cell
from rnncc.emit.numpy import run
from rnncc.emit.numpy.source import numpy_source

ROOT = Path(__file__).parents[2]
OWN = [ROOT / "tests" / "emit" / "cells" / f"{name}.py" for name in ("words", "blocks")]
CELLS = sorted([*(ROOT / "specs").glob("*.py"), *(ROOT / "tests" / "cells").glob("*.py"), *OWN])

ELMAN = '''\
"""Elman: what the kernel `inference` computes, in NumPy."""

import numpy

from rnncc.emit.numpy.elementwise import ELEMENTWISE

tanh = ELEMENTWISE["tanh"]


def inference(*, x, W, U, b, h_0):
    steps = x.shape[0]
    batch = x.shape[1]
    n_input = x.shape[2]
    n_hidden = W.shape[0]
    W_x = x @ W.T
    h = numpy.empty((steps, batch, n_hidden,))
    U_h = numpy.empty((steps, batch, n_hidden,))
    h_new_in = numpy.empty((steps, batch, n_hidden,))
    h_new = numpy.empty((steps, batch, n_hidden,))
    for time in range(steps):
        h[time] = h_new[time - 1] if time != 0 else h_0
        U_h[time] = h[time] @ U.T
        h_new_in[time] = U_h[time] + W_x[time] + b
        h_new[time] = tanh(h_new_in[time])
    h_T = h_new[-1] if steps else h_0
    return {"output": h_new, "h_T": h_T}
'''


def executed(made: Compilation, kernel: str, env: dict[str, object]) -> dict[str, np.ndarray]:
    program, space = made.program(kernel), {}
    exec(numpy_source(program, kernel), space)
    return space[kernel](**{i.name: env[i.name] for i in program.inputs if i.role != "size"})


@pytest.mark.parametrize("steps", [0, 1, 4])
@pytest.mark.parametrize("path", CELLS, ids=lambda p: p.stem)
def test_the_source_computes_what_the_interpreter_does(path: Path, steps: int) -> None:
    made = compile_cell(path)
    env = drawn_inputs(made.info, steps, 3)
    env |= drawn_seeds(made.info, run(made.primal, env))
    expected = run(made.joint, env)
    forward = executed(made, "forward", env)
    found = executed(made, "inference", env) | forward | executed(made, "backward", env | forward)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-12, atol=1e-13, err_msg=key)


def test_the_source_of_elman() -> None:
    assert numpy_source(compile_cell("elman").primal, "inference") == ELMAN
