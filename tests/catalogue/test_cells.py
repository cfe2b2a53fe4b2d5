"""Every cell of the catalogue against PyTorch's autograd of its written-out equations, in float64; the core has further tests.

Each cell is compiled once, forward and backward alone: two layers in two directions over a ragged batch. Everything else of a cell is
checked in the interpreter, which is the meaning of a program.
"""

import inspect
from functools import cache, partial

import numpy as np
import pytest

import rnncc
from rnncc import catalogue
from rnncc.cli.checks import findings
from rnncc.compiler import compile_cell
from rnncc.emit.numpy import run
from tests.catalogue.cases import CORE, LENGTHS, ROWS, STEPS, Call, disagreement
from tests.emit.cpu_cases import POSITIONS, arrays, positions_of
from tests.layers.drawn import over_time
from tests.references.layers import layers, results, unroll
from tests.references.registry import REFERENCES

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

VARIANTS = {
    "mingru": [{}, {"log_space": True}],
    "minlstm": [{}, {"log_space": True}],
    "indrnn": [{"phi": "relu"}, {"phi": "tanh"}],
    "ligru": [{}, {"norm": "batch"}],
    "mlstm_matrix": [{}, {"heads": 2}],
    "mogrifier": [{}, {"rounds": 2}],
    "qrnn": [{}, {"window": 3}],
    "rhn": [{}, {"depth": 1}],
    "slstm": [{}, {"heads": 3}],
}
CELLS = [(name, options) for name in catalogue.names() if name not in CORE for options in VARIANTS.get(name, [{}])]
ONCE = [(name, options[0]) for name in catalogue.names() if name not in CORE for options in [VARIANTS.get(name, [{}])]]
KERNELS = [*ONCE, ("slstm", {"heads": 3})]
HIDDEN, KEY = 21, 5
INPUTS = 2 * HIDDEN
"""What a second layer reads too, so that cells with states of the input's size can be stacked."""
each = pytest.mark.parametrize(("name", "options"), CELLS, ids=str)


@cache
def made(name, *options):
    return compile_cell(name, dict(options))


def step_of(name, options):
    """The written-out step, under the options and constants of the cell that it has too."""
    info = made(name, *options.items()).info
    known = inspect.signature(REFERENCES[name].step).parameters
    return partial(REFERENCES[name], **{k: v for k, v in (options | dict(info.constants)).items() if k in known})


def positive(name, values):
    """`values` by name, those of them above zero that the cell divides by, as they are in its paper."""
    return {k: np.abs(v) + 1 if k.rpartition(".")[2].removesuffix("_0") in REFERENCES[name].positive else v for k, v in values.items()}


def test_every_cell_is_written_out():
    assert not {name for name, _ in CELLS} - set(REFERENCES)


@each
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_the_program_means_the_equations(name, options, reverse):
    cell = made(name, *options.items())
    env = positive(name, arrays(cell, (STEPS, ROWS, 4, 6)))
    env |= {f"{key}_0": np.zeros_like(env[f"{key}_0"]) for key in counting(cell.info)} | cell.info.flags(training=False)
    states = [s.name for s in cell.info.differentiable]
    params = {p.name: env[p.name] for p in cell.info.parameters}
    call = Call(
        {key: env[key] for key, _ in cell.info.inputs} | {m.name: env[m.name] for m in cell.info.memories},
        {name: env[f"{name}_0"] for name in states},
        LENGTHS,
        env["d_output"],
        {name: env[f"d_{name}_T"] for name in states},
    )
    step = step_of(name, options)

    def run_through(p, x, state):
        x, memory = attended(cell.info, x)
        return unroll(step, p, x, state, LENGTHS, reverse, memory=memory, masks=masks_in(cell.info, env))

    expected = results(run_through, params, call)
    found = run(cell.joint, env, LENGTHS, reverse=reverse)
    for name in counting(cell.info):
        np.testing.assert_array_equal(found.pop(f"{name}_T"), LENGTHS)
    found = {key: value for key, value in found.items() if key not in {m.key for m in cell.info.batch_means}}
    assert not disagreement({"y": found.pop("output"), **found}, learned(cell.info, expected))


def attended(info, x):
    """What varies in time of the inputs `x`, and the memories, as a written-out step is given both."""
    memory = {m.name: x[m.name] for m in info.memories}
    lengths = {f"{m.name}_lengths": torch.tensor(positions_of(ROWS)) for m in info.memories}
    return {key: value for key, value in x.items() if key not in memory}, memory | lengths


def memory_lengths(info):
    """How many positions each row has of the cell's memory, as a keyword."""
    return {"memory_lengths": positions_of(ROWS)} if info.memories else {}


def masks_in(info, env):
    """The random masks among the arguments of a program, each for every step."""
    return {m.name: torch.tensor(env[m.name] if m.per == "step" else np.stack([env[m.name]] * STEPS)) for m in info.masks}


def counting(info):
    """States that number the steps: a written-out step is told the number."""
    return [s.name for s in info.states if s.counts]


def learned(info, expected, prefixes=("",)):
    """`expected` without gradients of frozen parameters."""
    frozen = {f"d_{prefix}{p.name}" for p in info.parameters if p.frozen for prefix in prefixes}
    return {k: v for k, v in expected.items() if k not in frozen}


@each
def test_gradients_are_differences(name, options):
    cell = made(name, *options.items())
    first = next(findings(cell, None))
    assert first.fine, first.figure


@pytest.mark.parametrize(("name", "options"), KERNELS, ids=str)
def test_kernels_in_layers(name, options):
    layer = rnncc.RNN(name, INPUTS, HIDDEN, 2, bidirectional=True, dtype="float64", seed=1, **options)
    for key, value in positive(name, layer.params).items():
        layer.params[key][...] = value
    call = call_of(name, layer, made(name, *options.items()).info)
    start = {key: np.zeros((4, ROWS)) for key in counting(layer.cell)}
    (y, finals), pullback = layer.vjp(call.x, call.state | start, call.lengths, key=KEY, **memory_lengths(layer.cell))
    g = pullback(call.dy, call.dstate)
    inputs = g.x if isinstance(g.x, dict) else {"x": g.x}
    finals = {k: v for k, v in finals.items() if k in call.state}
    found = {"y": y} | {f"{k}_T": v for k, v in finals.items()} | {f"d_{k}": v for k, v in inputs.items()}
    found |= {f"d_{k}_0": v for k, v in g.state.items()} | {f"d_{k}": v for k, v in g.params.items()}
    step = step_of(name, options)
    masks = over_time(layer, KEY, STEPS, ROWS)

    def run_through(params, x, state):
        x, memory = attended(layer.cell, x)
        return layers(step, params, x, state, call.lengths, memory=memory, masks=masks)

    expected = results(run_through, layer.params, call)
    prefixes = {k.rpartition(".")[0] + "." for k in layer.params}
    assert not disagreement(found, learned(made(name, *options.items()).info, expected, prefixes))


def call_of(name, layer, info):
    """Random arguments and cotangents of a ragged batch."""
    rng = np.random.default_rng(0)
    streams = {key: rng.standard_normal((STEPS, ROWS, *(INPUTS for _ in axes))) for key, axes in info.inputs}
    streams |= {m.name: rng.standard_normal((ROWS, POSITIONS, info.sizes[m.size])) for m in info.memories}
    x = streams if len(streams) > 1 else streams["x"]
    (y, finals), _ = layer.vjp(x, lengths=LENGTHS)
    finals = {k: v for k, v in finals.items() if k not in counting(info)}
    state = positive(name, {k: rng.standard_normal(v.shape) / 2 for k, v in finals.items()})
    return Call(x, state, LENGTHS, rng.standard_normal(y.shape), {k: rng.standard_normal(v.shape) for k, v in finals.items()})
