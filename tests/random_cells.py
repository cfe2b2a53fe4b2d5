"""Random cells as spec text: gates with shared weights, states of several sizes, products in a chain, reductions, kinks.

Values stay of order one by construction (`_Value.bound`), so that rounding errors can be told from mistakes.
"""

from dataclasses import dataclass

from hypothesis import strategies as st

HEADER = """from rnncc.spec import Abs, Cell, Max, Min, Piecewise, clamp, concat, cos, erf, exp, hard_sigmoid, log, max, mean, relu
from rnncc.spec import sigmoid, sin, softmax, softplus, sqrt, sum, tanh

cell = Cell("Random")
x = cell.input("x")
"""
SIZES = {"input": 2, "hidden": 3, "proj": 2}
"""What the arrays of such a cell may be sized as; `proj` is a further size of the cell."""

_LARGEST = 6.0
_PRODUCT = 3.0
"""How much larger a product is than its operand, for the weights that tests draw."""
_MATRICES = ["{B}.T", "({A} - {B}.T)", "(0.7 * {A} * {P})", "({s} * sin({A}) + {P} / 3)", "tanh({B} - 1).T"]
_MATRICES += ["({A} - {s} * cell.identity({like}))", "({A} - {A}.T)"]
"""Weights: A as declared, B the other way round, P a pattern; the last two are square."""
_ENTRIES = ["lambda i, j: Piecewise((1, i <= j), (0, True))", "lambda i, j: cos(i - 2 * j)"]
_LIKE = {"input": "x", "hidden": "h", "proj": "p"}


@dataclass(frozen=True)
class _Value:
    name: str
    size: str
    bound: float


@dataclass(frozen=True)
class _Expression:
    text: str
    bound: float


def _unary(kinks):
    """Functions of one value: text with a hole, and the bound of the result."""
    smooth = [
        ("tanh({})", lambda b: 1.0),
        ("sigmoid({})", lambda b: 1.0),
        ("sin({})", lambda b: 1.0),
        ("cos({})", lambda b: 1.0),
        ("erf({})", lambda b: 1.0),
        ("softplus({})", lambda b: b + 0.7),
        ("sqrt(1 + {}**2)", lambda b: b + 1),
        ("log(1.5 + {}**2)", lambda b: b + 1),
        ("exp(-{}**2)", lambda b: 1.0),
        ("exp(0.25 * {})", lambda b: 2.0 ** (b / 2)),
        ("(1 - {})", lambda b: b + 1),
        ("{}**2", lambda b: b * b),
        ("softmax({})", lambda b: 1.0),
        ("({0} - mean({0}))", lambda b: 2 * b),
        ("({0} / sqrt(mean({0}**2) + 0.1))", lambda b: 2.0),
    ]
    kinked = [
        ("relu({})", lambda b: b),
        ("Abs({})", lambda b: b),
        ("hard_sigmoid({})", lambda b: 1.0),
        ("clamp({}, -0.5, 0.75)", lambda b: 1.0),
        ("Piecewise(({0}, {0} > 0.1), (0.5 * {0}**2, True))", lambda b: b * b),
        ("({0} - max({0}))", lambda b: 2 * b),
    ]
    return smooth + kinked if kinks else smooth


def _binary(kinks):
    smooth = [
        ("({} + {})", lambda a, b: a + b),
        ("({} - {})", lambda a, b: a + b),
        ("{} * {}", lambda a, b: a * b),
        ("(1 - {0}) * {1}", lambda a, b: (1 + a) * b),
        ("{} / (1.5 + {}**2)", lambda a, b: a),
        ("{} * mean({})", lambda a, b: a * b),
        ("{} * sum({}) / 3", lambda a, b: a * b),
    ]
    kinked = [
        ("Max({}, {})", max),
        ("Min({}, {})", max),
        ("Piecewise(({0}, {0} > {1}), ({1}**2, {1} < 0.3), ({0} * {1}, True))", lambda a, b: max(a, 1, b) ** 2),
    ]
    return smooth + kinked if kinks else smooth


class _Writer:
    def __init__(self, draw, kinks):
        self.draw = draw
        self.unary, self.binary = _unary(kinks), _binary(kinks)
        self.lines = [HEADER]
        self.values = [_Value("x", "input", 2.0)]
        self.unread = {"x"}
        self.weights = {}
        self.declared = 0

    def pick(self, choices):
        return self.draw(st.sampled_from(choices))

    def write(self):
        self.states()
        for k in range(1, self.draw(st.integers(2, 7)) + 1):
            self.assign(f"v{k}", self.pick(sorted({v.size for v in self.values if v.size != "input"})))
        self.close()
        return "\n".join(self.lines) + "\n"

    def states(self):
        self.state("h", "hidden", "")
        if self.draw(st.booleans()):
            self.state("c", "hidden", "")
        if self.draw(st.booleans()):
            self.state("p", "proj", ', cell.size("proj", default=2)')
        if self.draw(st.booleans()):
            self.state("w", "input", ", x")

    def state(self, name, size, argument):
        self.lines.append(f'{name} = cell.state("{name}"{argument})')
        self.define(_Value(name, size, 1.5))

    def define(self, value):
        self.values.append(value)
        self.unread.add(value.name)

    def read(self, size):
        value = self.pick([v for v in self.values if v.size == size])
        self.unread.discard(value.name)
        return value

    def declare(self, letter, text):
        """A parameter of its own line, called after `letter`."""
        self.declared += 1
        name = f"{letter}_{self.declared}"
        self.lines.append(f"{name} = {text.format(name)}")
        return name

    def assign(self, name, size):
        made = self.pick([self.gate, self.gate, self.function, self.pair, self.scaled])(size)
        if made.bound > _LARGEST:
            made = _Expression(f"tanh({made.text})", 1.0)
        self.lines.append(f"{name} = {made.text}")
        self.define(_Value(name, size, made.bound))

    def gate(self, rows):
        """A squashed sum of products and a bias, as most cells are made of."""
        terms = [self.product(rows) for _ in range(self.draw(st.integers(1, 2)))]
        terms.append(self.declare("b", f'cell.bias("{{}}", {_LIKE[rows]})'))
        squash = self.pick(["sigmoid", "tanh", "sin"])
        return _Expression(f"{squash}({' + '.join(terms)})", 1.0)

    def product(self, rows):
        if self.draw(st.integers(0, 4)) == 0:
            a, b = (self.read(self.pick(["input", "hidden"])) for _ in range(2))
            joined = f"concat({a.name}, {b.name})"
            weight = self.declare("W", f'cell.weight("{{}}", {_LIKE[rows]}, {joined})')
            return f"{weight} @ {joined}"
        value = self.read(self.pick(sorted({v.size for v in self.values})))
        if self.draw(st.integers(0, 2)) == 0:
            return f"{self.matrix(rows, value.size)} @ {value.name}"
        return f"{self.weight(rows, value.size)} @ {value.name}"

    def matrix(self, rows, columns):
        """An expression of weights whose numbers are about as large as a weight's."""
        text = self.pick(_MATRICES if rows == columns else _MATRICES[:-2])
        parts = {"P": f"cell.pattern({_LIKE[rows]}, {_LIKE[columns]}, {self.pick(_ENTRIES)})", "like": _LIKE[rows]}
        makers = {
            "A": lambda: self.weight(rows, columns),
            "B": lambda: self.weight(columns, rows),
            "s": lambda: self.declare("s", 'cell.scalar("{}")'),
        }
        return text.format(**parts, **{name: make() for name, make in makers.items() if f"{{{name}}}" in text})

    def weight(self, rows, columns):
        """A new weight, or one there is: weights are shared."""
        known = self.weights.setdefault((rows, columns), [])
        if known and self.draw(st.booleans()):
            return self.pick(known)
        known.append(self.declare("W", f'cell.weight("{{}}", {_LIKE[rows]}, {_LIKE[columns]})'))
        return known[-1]

    def function(self, size):
        value = self.read(size)
        text, bound = self.pick(self.unary)
        return _Expression(text.format(value.name), bound(value.bound))

    def pair(self, size):
        """Of two values; of one with itself, `a - a` would leave nothing."""
        a = self.read(size)
        others = [v for v in self.values if v.size == size and v != a]
        if not others:
            return self.function(size)
        b = self.pick(others)
        self.unread.discard(b.name)
        text, bound = self.pick(self.binary)
        return _Expression(text.format(a.name, b.name), bound(a.bound, b.bound))

    def scaled(self, size):
        value = self.read(size)
        by = self.pick([f'cell.vector("{{}}", {_LIKE[size]})', 'cell.scalar("{}")', 'cell.constant("{}", 0.7)'])
        return _Expression(f"{self.declare('s', by)} * {value.name}", 2 * value.bound)

    def close(self):
        """The nexts and the output; what nothing has read yet goes into the next of `h`."""
        states = [v for v in self.values if v.name in ("c", "p", "w")]
        nexts = [f"{v.name}={self.following(v)}" for v in states]
        output = self.read(self.pick(sorted({v.size for v in self.values if v.size != "input"}))).name
        left = [v for v in self.values if v.name in self.unread]
        terms = [v.name if v.size == "hidden" else f"{self.weight('hidden', v.size)} @ {v.name}" for v in left]
        terms += [self.read("hidden").name, self.product("hidden")]
        self.lines += [f"cell.next(h=tanh({' + '.join(terms)}), {', '.join(nexts)})", f"cell.output({output})"]

    def following(self, state):
        """A value as it is, be it the input or another state; or something new."""
        if self.draw(st.booleans()):
            return self.read(state.size).name
        a, b = self.read(state.size), self.read(state.size)
        return f"sin({a.name} + 0.5 * {b.name})"


@st.composite
def random_spec_text(draw, kinks=True):
    """The source of a random cell; without `kinks` every function in it is smooth."""
    return _Writer(draw, kinks).write()
