"""The PyTorch code of a cell against the interpreter, and autograd through it against the kernels."""

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from rnncc.emit.torch import torch_source
from rnncc.functions import VOCABULARY, symbol
from rnncc.ir import Carry, Input, Pointwise, Program, verify
from rnncc.modules import load_module
from rnncc.passes import hoist_sums
from rnncc.runtime.sweep import Sweep
from tests.emit.cells_of_frameworks import BATCH, CATALOGUE, CELLS, CORE, STEPS, Case

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

ELMAN = '''\
"""Elman in PyTorch.

`step` makes one time step, `sequence` T of them: T is at least 1, and every sequence has full length.

params: W (hidden, input), U (hidden, hidden), b (hidden)
x: x (T, N, input); `step` takes them without T
state: h (N, hidden)
"""

import torch


def project(params, x):
    """What no state enters, for one step or for the whole sequence at once."""
    h_new_in_pre = x @ params["W"].T + params["b"]
    return (h_new_in_pre,)


def advance(params, projected, state):
    """The rest of a step."""
    (h_new_in_pre,) = projected
    h = state["h"]
    h_new = torch.tanh(h @ params["U"].T + h_new_in_pre)
    return {"h": h_new}, h_new


def step(params, x, state):
    """(params, x, state) -> (state, output)"""
    return advance(params, project(params, x), state)


def sequence(params, x, state):
    """(params, x, state) -> (state, outputs)"""
    outputs = []
    for projected in zip(*project(params, x), strict=True):
        state, output = advance(params, projected, state)
        outputs.append(output)
    return state, torch.stack(outputs)
'''


def tensor(values):
    whole = np.issubdtype(np.asarray(values).dtype, np.integer)
    return torch.tensor(values) if whole else torch.tensor(values, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("steps", [1, STEPS])
@pytest.mark.parametrize("path", CELLS, ids=lambda p: p.stem)
def test_the_sequence_is_what_the_interpreter_computes(path, steps):
    case = Case(path, torch_source, steps)
    params, streams, state = case.values(torch.tensor)
    case.agree(case.results(*case.space["sequence"](params, case.x(streams), state)))


@pytest.mark.parametrize("path", CELLS, ids=lambda p: p.stem)
def test_steps_in_turn_are_the_sequence(path):
    case = Case(path, torch_source)
    params, streams, state = case.values(torch.tensor)
    outputs = []
    for t in range(STEPS):
        state, output = case.space["step"](params, case.x({k: v[t] for k, v in streams.items()}), state)
        outputs.append(output)
    case.agree(case.results(state, torch.stack(outputs)))


def autograd(case):
    params, streams, state = case.values(tensor)
    final, outputs = case.space["sequence"](params, case.x(streams), state)
    prefix = case.made.info.cotangent
    results = {"output": outputs} | {f"{k}_T": v for k, v in final.items()}
    loss = sum((torch.tensor(case.seeds[prefix + key]) * value).sum() for key, value in results.items())
    leaves = {k: v for k, v in case.gradients(params, streams, state).items() if k in case.expected}
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True, materialize_grads=True)
    return {key: g.numpy() for key, g in zip(leaves, found, strict=True)}


@pytest.mark.parametrize("path", [*CATALOGUE, *CELLS[len(CORE) :]], ids=lambda p: p.stem)
def test_autograd_gives_the_derived_gradients(path):
    case = Case(path, torch_source)
    case.agree(autograd(case))


@pytest.mark.parametrize("path", CORE, ids=lambda p: p.stem)
def test_autograd_gives_the_gradients_of_the_kernels(path):
    case, module = Case(path, torch_source), load_module(path)
    sweep = Sweep(STEPS, BATCH)
    kept = module.forward(sweep, case.env)
    case.expected = module.backward(sweep, case.env | case.seeds | kept)
    case.agree(autograd(case))


def test_float32_stays_float32():
    path = next(p for p in CELLS if p.stem == "everything")
    case = Case(path, torch_source)
    params, streams, state = case.values(lambda v: torch.tensor(v, dtype=torch.float32))
    final, outputs = case.space["sequence"](params, case.x(streams), state)
    assert {v.dtype for v in (outputs, *final.values())} == {torch.float32}


def test_the_source_of_elman():
    made = compile_cell("elman")
    assert torch_source(hoist_sums(made.primal), made.info.named) == ELMAN


def test_weights_that_meet_one_operand_are_joined_and_small_values_written_where_they_are_used():
    made = compile_cell("lstm")
    source = torch_source(hoist_sums(made.primal), made.info.named)
    assert 'U_i_h, U_f_h, U_g_h, U_o_h = torch.chunk(h @ params["U_i U_f U_g U_o"].T, 4, -1)' in source
    assert "h_new = o*torch.tanh(c_new)" in source


def test_a_difference_keeps_its_parentheses_in_another():
    h, d, x = (symbol(name) for name in ("h", "d", "x"))
    stream = ("T", "N", "hidden")
    inputs = (Input("x", stream, "input"), Input("h_0", stream[1:], "init"))
    nodes = (Pointwise("d", stream, h - x), Pointwise("e", stream, x - d))
    program = verify(Program("Differences", inputs, (Carry("h", "h_0", "e", "h_T", stream),), nodes, (("output", "e"),)))
    source, space = torch_source(program, ()), {}
    assert "(h - x)" in source
    exec(source, space)
    state, y = space["step"]({}, torch.tensor([[5.0]]), {"h": torch.tensor([[2.0]])})
    assert state["h"] == y == 5 - (2 - 5)


def test_every_function_of_the_language_is_spelled():
    from rnncc.emit.torch import _FUNCTIONS

    of_gradients_only = {"step", "sign", "equal", "ahead", "inside"}
    assert _FUNCTIONS.keys() == set(VOCABULARY) - of_gradients_only | {"sum", "max"}
