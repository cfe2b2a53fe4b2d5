"""‖∂L/∂h_t‖ of every state over time, and the cell's values, by the interpreter in float64."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnncc.compiler import Compilation, normalised
from rnncc.emit.numpy import run
from rnncc.flow.subject import Array, Subject
from rnncc.ir import Program
from rnncc.passes import differentiate, settle

Env = dict[str, Any]
_POSITIONS = 8
"""Of a memory."""


@dataclass(frozen=True)
class Flow:
    """What a sequence does to a cell, and a loss at its end.

    `gradients`: state -> (T, N), the norm of ∂L/∂s_t, s_t being the state after t steps, t from 0 to T - 1, and L a random direction of
    the last output: the other states after t steps stay as they are. `values`: name -> (T, N, *axes), every value that the spec names.
    In a stack the names begin with `l0.`, `l1.` …
    """

    gradients: dict[str, Array]
    values: dict[str, Array]


def measure(subject: Subject, steps: int, rows: int, seed: int) -> Flow:
    """The flow over a sequence of normally distributed inputs (T, N, I)."""
    rng = np.random.default_rng(seed)
    streams = {name: rng.standard_normal((steps, rows, *subject.geometry.shape(axes))) for name, axes in subject.made.info.inputs}
    direction = rng.standard_normal((rows, *subject.geometry.shape(subject.made.info.output)))
    for memory in subject.made.info.memories:
        streams[memory.name] = rng.standard_normal((rows, _POSITIONS, *subject.geometry.shape((memory.size,))))
        streams[memory.exists] = np.ones((rows, _POSITIONS))
    return measure_on(subject, streams, direction)


def measure_on(subject: Subject, streams: Mapping[str, Array], direction: Array) -> Flow:
    """The flow over the inputs `streams` (T, N, *axes) and memories by name; L = ⟨`direction` (N, *axes), last output⟩."""
    made, backward = subject.made, adjoint(subject.made)
    envs, y = list[Env](), next(iter(streams.values()))
    for layer, weights in enumerate(subject.weights):
        envs.append({**streams, made.info.inputs[0][0]: y, **weights, **subject.constants, **subject.first_states(layer, y.shape[1])})
        y = run(made.settled, envs[-1])["output"]
    seed = np.zeros_like(y)
    seed[-1:] = direction
    flow = Flow({}, {})
    for layer in reversed(range(len(envs))):
        prefix = f"l{layer}." if len(envs) > 1 else ""
        found = run(backward, {**envs[layer], made.info.cotangent + "output": seed})
        seed = found.pop(made.info.inputs[0][0])
        gradients = {prefix + state: _norms(g) for state, g in found.items()}
        values = {prefix + name: v for name, v in run(made.trace, envs[layer]).items()}
        flow = Flow(gradients | flow.gradients, values | flow.values)
    return flow


def adjoint(made: Compilation) -> Program:
    """From a cotangent of the output over time to those of the states before each step, and of the first input, by their names.

    A state's cotangent carry hands ∂L/∂s from the step that reads s to the one that made it: that is what is looked at.
    """
    info, primal, (first, _) = made.info, made.inference, made.info.inputs[0]
    starts = {c.prev: c.init for c in primal.carries}
    states = [s.name for s in info.differentiable]
    joint = differentiate(primal, ["output"], [*(starts[s] for s in states), first], info.cotangent)
    value = dict(joint.outputs)
    reaching = {c.final: c.next for c in joint.carries}
    outputs = [(s, reaching[v]) for s in states if (v := value[info.cotangent + starts[s]]) in reaching]
    return normalised(settle(replace(joint, outputs=((first, value[info.cotangent + first]), *outputs))))


def _norms(gradient: Array) -> Array:
    """(T, N, *axes) -> (T, N)."""
    return np.sqrt(np.square(gradient).reshape(*gradient.shape[:2], -1).sum(2))
