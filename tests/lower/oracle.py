"""A spec over arrays instead of symbols: the same text, executed once a step, is the step. Shares nothing with rnncc."""

import ast
import math

import numpy as np

_ERF = np.vectorize(math.erf, otypes=[float])


class Matrix(np.ndarray):
    """A weight, which computes as an array but for products."""

    def __matmul__(self, operand):
        return np.asarray(operand) @ np.asarray(self).T


class ArrayCell:
    """Declarations give arrays: (N, units), or (N, 1), for what varies over the sequence, the parameter's own shape else."""

    hidden = None

    def __init__(self, arrays, state, step):
        self.arrays, self.state_now, self.now = arrays, state, step
        self.following, self.result = {}, None

    def input(self, name, size=None):
        return _wide(self.arrays[name][self.now])

    def state(self, name, size=None, initial=0.0):
        return _wide(self.state_now[name])

    def mask(self, name, like, rate, per="step"):
        return self.arrays[name][self.now] if per == "step" else self.arrays[name]

    def step(self, name):
        self.following[name] = self.state(name) + 1
        return self.state(name)

    def weight(self, name, rows, cols, **_):
        return self.arrays[name].view(Matrix)

    def pattern(self, rows, cols, entry):
        i, j = np.indices((self.size_of(rows), self.size_of(cols)), float)
        return np.broadcast_to(entry(i, j), i.shape).view(Matrix)

    def identity(self, size):
        return np.eye(self.size_of(size)).view(Matrix)

    def unit(self, size):
        return np.arange(float(self.size_of(size)))

    def count(self, size):
        return float(self.size_of(size))

    def size_of(self, value):
        return np.shape(value)[-1]

    def vector(self, name, size=None, **_):
        return self.arrays[name]

    bias = scalar = vector

    def constant(self, name, value):
        return self.arrays[name]

    def option(self, name, default, choices=()):
        return default

    def size(self, name, default=None):
        return None

    def next(self, **values):
        self.following |= values

    def output(self, value):
        self.result = value


def _wide(array):
    """One number a row as a column."""
    return array[:, None] if array.ndim == 1 else array


def _piecewise(*pairs):
    shape = np.broadcast_shapes(*(np.shape(p) for pair in pairs for p in pair))
    return np.select([np.broadcast_to(c, shape) for _, c in pairs], [np.broadcast_to(v, shape) for v, _ in pairs])


def _concat(*parts):
    lead = np.broadcast_shapes(*(p.shape[:-1] for p in parts))
    return np.concatenate([np.broadcast_to(p, (*lead, p.shape[-1])) for p in parts], -1)


def _softmax(a):
    e = np.exp(a - a.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


LANGUAGE = {
    "Abs": np.abs,
    "Max": lambda *a: np.max(np.broadcast_arrays(*a), 0),
    "Min": lambda *a: np.min(np.broadcast_arrays(*a), 0),
    "Piecewise": _piecewise,
    "clamp": lambda a, lo, hi: np.minimum(np.maximum(a, lo), hi),
    "Mod": np.mod,
    "concat": _concat,
    "cos": np.cos,
    "erf": _ERF,
    "exp": np.exp,
    "floor": np.floor,
    "hard_sigmoid": lambda a: np.clip(0.2 * a + 0.5, 0, 1),
    "log": np.log,
    "max": lambda a: np.max(a, -1, keepdims=True),
    "mean": lambda a: np.mean(a, -1, keepdims=True),
    "relu": lambda a: np.maximum(a, 0),
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "sin": np.sin,
    "softmax": _softmax,
    "softplus": lambda a: np.log1p(np.exp(a)),
    "sqrt": np.sqrt,
    "sum": lambda a: np.sum(a, -1, keepdims=True),
    "tanh": np.tanh,
}


def run_text(text, arrays, states):
    """Outputs (T, N, units) and last states of a spec's text.

    `arrays` holds streams (T, N, units), parameters and constants, and each of `states` as `<state>_0`.
    """
    tree = ast.parse(text)
    tree.body = [s for s in tree.body if not isinstance(s, ast.ImportFrom)]
    code = compile(tree, "oracle", "exec")
    state = {s: arrays[f"{s}_0"] for s in states}
    outputs = []
    for t in range(len(arrays["x"])):
        made = []
        names = LANGUAGE | {"Cell": lambda _name, now=state, t=t, made=made: made.append(ArrayCell(arrays, now, t)) or made[0]}
        exec(code, names)
        (cell,) = made
        state = {s: np.broadcast_to(cell.following[s], _wide(state[s]).shape).reshape(state[s].shape) for s in states}
        outputs.append(np.broadcast_to(cell.result, (len(arrays["x"][t]), np.shape(cell.result)[-1])))
    return np.array(outputs), state
