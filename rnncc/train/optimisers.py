"""Optimisers: they hold the parameters and change them in place."""

from collections.abc import Iterable, Mapping

import numpy as np

from rnncc.errors import ArgumentError, ShapeError
from rnncc.train import check
from rnncc.train.gradient import Array


class SGD:
    """Gradient descent, p ← p - rate · v with v ← momentum · v + g, as PyTorch's.

    Parameters
    ----------
    params
        Name -> array, written in place.
    rate
        The learning rate; the attribute may be set between steps.
    momentum
        0 to below 1.
    """

    def __init__(self, params: Mapping[str, Array], rate: float, momentum: float = 0.0) -> None:
        _fraction("momentum", momentum)
        self.params, self.rate, self.momentum = dict(params), rate, momentum
        self._velocity = _zeros(params)
        self._scratch = _zeros(params)

    def step(self, gradients: Mapping[str, Array]) -> None:
        """Change every parameter by its gradient; a parameter without one stays."""
        for name in _matching(self.params, gradients):
            v, scratch = self._velocity[name], self._scratch[name]
            v *= self.momentum
            v += gradients[name]
            np.multiply(v, self.rate, out=scratch)
            self.params[name] -= scratch

    def state(self) -> dict[str, Array]:
        """What a checkpoint needs besides the parameters; copies."""
        return {f"velocity.{name}": v.copy() for name, v in self._velocity.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from what `state()` gave."""
        _copy_into(self._velocity, "velocity", state)


class Adam:
    """Adam (Kingma & Ba 2015, algorithm 1), as PyTorch's.

    Parameters
    ----------
    params
        Name -> array, written in place.
    rate
        The learning rate; the attribute may be set between steps.
    betas
        Decay of the two moments, each 0 to below 1.
    epsilon
        Added to the root of the second moment.
    """

    def __init__(
        self, params: Mapping[str, Array], rate: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), epsilon: float = 1e-8
    ) -> None:
        for beta in betas:
            _fraction("beta", beta)
        self.params, self.rate, self.betas, self.epsilon = dict(params), rate, betas, epsilon
        self._first, self._second, self._scratch = _zeros(params), _zeros(params), _zeros(params)
        self._steps = 0

    def step(self, gradients: Mapping[str, Array]) -> None:
        """Change every parameter by its gradient; a parameter without one stays."""
        self._steps += 1
        for name in _matching(self.params, gradients):
            self._change(name, gradients[name])

    def _change(self, name: str, g: Array) -> None:
        m, v, scratch = self._first[name], self._second[name], self._scratch[name]
        decay_m, decay_v = self.betas
        np.subtract(g, m, out=scratch)
        scratch *= 1 - decay_m
        m += scratch
        np.multiply(g, g, out=scratch)
        scratch *= 1 - decay_v
        v *= decay_v
        v += scratch
        np.sqrt(v, out=scratch)
        scratch /= (1 - decay_v**self._steps) ** 0.5
        scratch += self.epsilon
        np.divide(m, scratch, out=scratch)
        scratch *= self.rate / (1 - decay_m**self._steps)
        self.params[name] -= scratch

    def state(self) -> dict[str, Array]:
        """What a checkpoint needs besides the parameters; copies."""
        moments = {f"first.{name}": m.copy() for name, m in self._first.items()}
        moments |= {f"second.{name}": v.copy() for name, v in self._second.items()}
        return moments | {"steps": np.array(self._steps)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from what `state()` gave."""
        _require(["steps"], state)
        _copy_into(self._first, "first", state)
        _copy_into(self._second, "second", state)
        self._steps = int(state["steps"])


def _zeros(params: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.zeros_like(p, order="C") for name, p in params.items()}


def _fraction(what: str, value: float) -> None:
    if not 0 <= value < 1:
        raise ArgumentError(f"{what} is {value}, expected 0 to below 1")


def _matching(params: Mapping[str, Array], gradients: Mapping[str, Array]) -> list[str]:
    unknown = sorted(set(gradients) - set(params))
    if unknown:
        raise ArgumentError(f"gradients of unknown parameters {unknown}; known are {sorted(params)}")
    for name, g in gradients.items():
        check.same_shape(g.shape, params[name].shape, f"the gradient of {name}")
    return list(gradients)


def _require(keys: Iterable[str], state: Mapping[str, Array]) -> None:
    missing = sorted(set(keys) - set(state))
    if missing:
        raise ArgumentError(f"the optimiser's state lacks {missing}")


def _copy_into(arrays: dict[str, Array], prefix: str, state: Mapping[str, Array]) -> None:
    """All or nothing: checked before the first write."""
    _require((f"{prefix}.{name}" for name in arrays), state)
    for name, array in arrays.items():
        found = state[f"{prefix}.{name}"].shape
        if found != array.shape:
            raise ShapeError(f"{prefix}.{name} has shape {found}, expected {array.shape}")
    for name, array in arrays.items():
        array[...] = state[f"{prefix}.{name}"]
