"""Clockwork RNN (Koutník, Greff, Gomez & Schmidhuber 2014, arXiv:1402.3511, eq. 1-3, exponential clock periods).

Units are dealt to modules in order, in equal shares. Module i has the period 2^i: it is computed at the steps that its period divides,
of which step 0 is one, and keeps its value at all others. A module reads itself and slower ones: U is block-triangular.
"""

from rnncc.spec import Cell, Mod, Piecewise, clamp, exp, floor, log, tanh

cell = Cell("ClockworkRNN")
x = cell.input("x")
h = cell.state("h")
t = cell.step("t")
modules = cell.constant("modules", 4.0)


def module(unit):
    return floor(unit * modules / cell.count(h))


period = floor(exp(log(2.0) * module(cell.unit(h))) + 0.5)
reads = cell.pattern(h, h, lambda i, j: clamp(module(j) - module(i) + 1, 0, 1))
fresh = tanh(cell.weight("W", h, x) @ x + (cell.weight("U", h, h) * reads) @ h + cell.bias("b", h))
waited = Mod(t, period)
h_new = Piecewise((fresh, waited < 0.5), (h, True))

cell.next(h=h_new)
cell.output(h_new)
