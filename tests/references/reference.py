"""What a reference is: one step of a cell, written out in PyTorch from its paper and not from the spec.

A step function takes the inputs by name (N, units), the states by name (N, units), the parameters by name, and options by keyword, and
returns the output and the new states: `step(x, state, p, **options) -> (output, {name: state})`. The decorator `reference` states what
it reads, names and axes, so that a test can draw arrays for any cell:

    @reference("W_z W_n: hidden input", "b_z b_n: hidden", states="h: hidden")
    def cell(x, state, p): ...

Axes are size names: `input`, `hidden`, or a key of `sizes`; none stand for a scalar, which as an input is one number a sample.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

Axes = tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """A step and what it reads. Calling it is calling the step."""

    name: str
    step: Callable
    parameters: Mapping[str, Axes]
    states: Mapping[str, Axes]
    inputs: Mapping[str, Axes]
    """Read at every step; the first is the layer's own."""
    output: Axes
    masks: Mapping[str, Axes]
    """Random masks of training, keywords of the step; without them the step is that of inference."""
    memory: Mapping[str, Axes]
    """Read at every step and the same at each of them."""
    sizes: Mapping[str, int]
    """Axes besides `input` and `hidden`, each with a size to test it at."""
    initial: Mapping[str, float]
    """First values of states where they are not zero."""
    positive: frozenset[str]
    """What is above zero in the paper: parameters and states."""

    def __call__(self, x, state, p, **options):
        return self.step(x, state, p, **options)

    def parameter_shapes(self, **sizes):
        """Name -> shape; `sizes` has `input` and `hidden`, and may have others."""
        return shapes(self.parameters, {**self.sizes, **sizes})


def shapes(axes, sizes):
    """Name -> shape, for axes like `input` or `input+hidden`."""
    return {name: tuple(sum(sizes[part] for part in axis.split("+")) for axis in of) for name, of in axes.items()}


def named(*lines):
    """`"a b: hidden input"` … -> name -> axes."""
    split = [line.partition(":") for line in lines]
    return {name: tuple(axes.split()) for names, _, axes in split for name in names.split()}


def gates(names, *, reads="input", state="hidden", units="hidden"):
    """Lines for an affine map of input and state for each of the gates `names`: W_k, U_k, b_k."""
    return tuple(
        " ".join(f"{letter}_{k}" for k in names.split()) + f": {axes}"
        for letter, axes in (("W", f"{units} {reads}"), ("U", f"{units} {state}"), ("b", units))
    )


def reference(*parameters, states="h: hidden", inputs=("x: input",), output="hidden", **more):
    """Makes a step function a `Reference` of the function's name. `masks` and `memory` are lines, `sizes` and `initial`
    dicts, `positive` names."""
    rest = {"masks": named(*more.get("masks", ())), "memory": named(*more.get("memory", ()))}
    rest |= {k: more.get(k, {}) for k in ("sizes", "initial")} | {"positive": frozenset(more.get("positive", "").split())}
    lines = (states,) if isinstance(states, str) else states

    def make(step):
        return Reference(step.__name__, step, named(*parameters), named(*lines), named(*inputs), tuple(output.split()), **rest)

    return make


def linear(p, name, value):
    """The matrix `name` times `value` (N, cols)."""
    return value @ p[name].T


def affine(p, x, h):
    """k -> W_k x + U_k h + b_k."""
    return lambda k: linear(p, f"W_{k}", x) + linear(p, f"U_{k}", h) + p[f"b_{k}"]


def column(a):
    """One number a sample, (N,) or (N, 1), as (N, 1)."""
    return a.reshape(-1, 1)
