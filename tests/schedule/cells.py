"""Small cells as spec text, and their schedules."""

import textwrap

from rnncc.compiler import Compilation
from rnncc.schedule import schedule
from rnncc.spec import load

HEAD = """
from rnncc.spec import Cell, Max, Piecewise, concat, exp, max, mean, sigmoid, sqrt, sum, tanh
cell = Cell("Small")
x = cell.input("x")
"""

DELAY_LINE = """
h, g, u, v = cell.state("h"), cell.state("g"), cell.state("u", size=x), cell.state("v", size=x)
h_new = tanh(cell.weight("W", h, x) @ x + cell.weight("U", h, h) @ h + cell.weight("V", h, x) @ v)
cell.next(h=h_new, g=h, u=x, v=u)
cell.output(h_new * g)
"""
TWO_OF_ONE = """
h, g = cell.state("h"), cell.state("g")
h_new = tanh(cell.weight("W", h, x) @ x + cell.weight("U", h, h) @ g)
cell.next(h=h_new, g=h_new)
cell.output(h)
"""
NO_LOOP = """
w = cell.state("w", size=x)
a = tanh(cell.weight("W", cell.hidden, x) @ x + cell.weight("V", cell.hidden, x) @ w)
cell.next(w=x)
cell.output(a - mean(a))
"""
CHAIN_OF_SHIFTS = """
w, v = cell.state("w", size=x), cell.state("v", size=x)
cell.next(w=x, v=w * x)
cell.output(tanh(cell.weight("W", cell.hidden, x) @ v))
"""
READ_OUT = """
h = cell.state("h")
h_new = tanh(cell.weight("W", h, x) @ x + cell.weight("U", h, h) @ h)
o = sigmoid(h_new)
y = cell.weight("V", x, h) @ o
cell.next(h=h_new)
cell.output(y - mean(y))
"""
SUMS = """
h = cell.state("h")
z = cell.weight("U", h, h) @ h
n = z - mean(z)
h_new = tanh(n * sum(n**2) + max(h) + cell.weight("W", h, x) @ x)
cell.next(h=h_new)
cell.output(h_new)
"""
OF_PARAMETERS = """
h = cell.state("h")
a = cell.vector("a", h)
decay = exp(-exp(a))
gain = sigmoid(cell.scalar("k")) * 2
bottom = Piecewise((a, a > 0), (Max(0.5 * a, -0.2), True))
h_new = decay * h + sqrt(1.1 - decay**2) * tanh(gain * (cell.weight("W", h, x) @ x) + bottom)
cell.next(h=h_new)
cell.output(h_new)
"""
SWITCH = """
h, g = cell.state("h"), cell.state("g")
z = cell.weight("W", h, x) @ x
h_new = Piecewise((tanh(z + h), g > cell.vector("a", h)), (0.5 * h, True))
cell.next(h=h_new, g=z)
cell.output(h_new)
"""
READ_LATER = """
h, c = cell.state("h"), cell.state("c")
cell.next(h=tanh(cell.weight("W", h, x) @ x + c), c=sigmoid(c + 0.5 * h))
cell.output(h)
"""
SUM_OF_A_CARRY = """
h, c = cell.state("h"), cell.state("c")
cell.next(h=tanh(cell.weight("W", h, x) @ x + c), c=cell.weight("U", h, h) @ h + exp(cell.vector("a", h)))
cell.output(h)
"""
CONSTANT = """
h, g = cell.state("h"), cell.state("g")
h_new = tanh(cell.weight("W", h, x) @ x + cell.weight("U", h, h) @ h + g)
cell.next(h=h_new, g=cell.constant("k", 0.25))
cell.output(h)
"""
WIDE = """
h = cell.state("h")
both = concat(x, tanh(h))
y = cell.weight("V", both, h) @ h + both
cell.next(h=tanh(cell.weight("W", h, both) @ y + mean(both)))
cell.output(y)
"""
EVERY = {
    "delay_line": DELAY_LINE,
    "two_of_one": TWO_OF_ONE,
    "no_loop": NO_LOOP,
    "chain_of_shifts": CHAIN_OF_SHIFTS,
    "read_out": READ_OUT,
    "sums": SUMS,
    "of_parameters": OF_PARAMETERS,
    "switch": SWITCH,
    "read_later": READ_LATER,
    "sum_of_a_carry": SUM_OF_A_CARRY,
    "constant": CONSTANT,
    "wide": WIDE,
}


def compiled(text, folder):
    """The `Compilation` of a cell of this file; its spec is written to `folder`."""
    path = folder / "small.py"
    path.write_text(HEAD + textwrap.dedent(text))
    return Compilation(load(path))


def planned(text, folder):
    """The schedules of its primal, its forward and its backward sweep."""
    made = compiled(text, folder)
    return [schedule(p) for p in (made.primal, *made.sweeps)]


def names(nodes):
    return [n.name for n in nodes]
