"""A spec over arrays instead of symbols: the same text, executed once a step, is the step. Shares nothing with rnncc.

Every value has two axes of units, so that NumPy's broadcasting is that of the language: a vector is a column (units, 1), laid along the
columns a row (1, units), a scalar (1, 1) or ().
"""

import ast
import math

import numpy as np

_ERF = np.vectorize(math.erf, otypes=[float])


class Matrix(np.ndarray):
    """A weight, which computes as an array but for products."""

    def __matmul__(self, operand):
        """Of a column, or of each line of a memory."""
        return np.asarray(self) @ operand if operand.shape[-1] == 1 else operand @ np.asarray(self).T


class Pair(Matrix):
    """Complex numbers, NumPy's own."""

    re, im = property(lambda self: self.real), property(lambda self: self.imag)

    def __matmul__(self, operand):
        return super().__matmul__(operand).view(Pair)


def column(values, batched):
    """An array of a sample, or (N, …), as rows by columns; parameters of no units stay as they are."""
    shape = np.shape(values)[batched:]
    return np.reshape(values, (*np.shape(values)[:batched], *shape, *[1] * (2 - len(shape)))) if batched or shape else values


class ArrayCell:
    """Declarations give arrays: (N, rows, columns) for what varies over the sequence, (rows, columns) else."""

    hidden = None

    def __init__(self, arrays, state, step):
        self.arrays, self.state_now, self.now = arrays, state, step
        self.following, self.result = {}, None

    def input(self, name, size=None):
        return column(self.arrays[name][self.now], 1)

    def memory(self, name, size):
        return self.arrays[name]

    def state(self, name, size=None, initial=0.0):
        return column(self.state_now[name], 1)

    def mask(self, name, like, rate, per="step"):
        return column(self.arrays[name][self.now] if per == "step" else self.arrays[name], 1)

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
        return np.arange(float(self.size_of(size)))[:, None]

    def count(self, size):
        return float(self.size_of(size))

    def size_of(self, value):
        return np.shape(value)[-2]

    def vector(self, name, size=None, **_):
        return column(self.arrays[name], 0)

    bias = scalar = vector

    def matrix(self, name, rows, cols, **_):
        return self.arrays[name]

    def constant(self, name, value):
        return self.arrays[name]

    def option(self, name, default, choices=(), least=None):
        return default

    def size(self, name, default=None):
        return None

    def next(self, **values):
        self.following |= values

    def output(self, value):
        self.result = value


def _piecewise(*pairs):
    shape = np.broadcast_shapes(*(np.shape(p) for pair in pairs for p in pair))
    return np.select([np.broadcast_to(c, shape) for _, c in pairs], [np.broadcast_to(v, shape) for v, _ in pairs])


def _concat(*parts):
    lead = np.broadcast_shapes(*(p.shape[:-2] for p in parts))
    return np.concatenate([np.broadcast_to(p, (*lead, *p.shape[-2:])) for p in parts], -2)


def _reduction(function):
    return lambda a, over="": function(a, axis={"rows": -2, "cols": -1, "": (-2, -1)}[over], keepdims=True)


def _softmax(a, over=""):
    e = np.exp(a - LANGUAGE["max"](a, over))
    return e / LANGUAGE["sum"](e, over)


def _turned(v):
    return np.swapaxes(v, -1, -2)


LANGUAGE = {
    "Abs": np.abs,
    "Complex": lambda re, im: (re + 1j * im).view(Pair),
    "Max": lambda *a: np.max(np.broadcast_arrays(*a), 0),
    "Min": lambda *a: np.min(np.broadcast_arrays(*a), 0),
    "Piecewise": _piecewise,
    "clamp": lambda a, lo, hi: np.minimum(np.maximum(a, lo), hi),
    "Mod": np.mod,
    "cols": _turned,
    "concat": _concat,
    "cos": np.cos,
    "erf": _ERF,
    "exp": np.exp,
    "floor": np.floor,
    "hard_sigmoid": lambda a: np.clip(0.2 * a + 0.5, 0, 1),
    "log": np.log,
    "max": _reduction(np.max),
    "mean": _reduction(np.mean),
    "outer": lambda a, b: a * _turned(b),
    "relu": lambda a: np.maximum(a, 0),
    "rows": _turned,
    "sigmoid": lambda a: 0.5 * (1 + np.tanh(0.5 * a)),  # no overflow
    "sin": np.sin,
    "softmax": _softmax,
    "softplus": lambda a: np.log1p(np.exp(a)),
    "sqrt": np.sqrt,
    "sum": _reduction(np.sum),
    "surrogate": lambda value, _argument, _slope: value,
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
        state = {s: np.broadcast_to(cell.following[s], column(state[s], 1).shape).reshape(state[s].shape) for s in states}
        outputs.append(np.broadcast_to(cell.result, (len(arrays["x"][t]), *np.shape(cell.result)[-2:]))[..., 0])
    return np.array(outputs), state
