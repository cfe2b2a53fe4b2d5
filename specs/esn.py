"""Echo-state network with leaky units (Jaeger 2001, GMD report 148; Jaeger, Lukoševičius, Popovici & Siewert 2007 for the leak).

The reservoir: W, U and b are drawn once and frozen; what learns is a readout behind it. `leak` is the share of a step that is new.
Values drawn from U(±1/√H) give U a spectral radius of about 0.58, below 1 as the echo-state property wants; scale U in place for
another. No feedback from the output.
"""

from rnncc.spec import Cell, tanh

cell = Cell("ESN")
x = cell.input("x")
h = cell.state("h")
leak = cell.constant("leak", 0.3)

n = tanh(cell.weight("W", h, x, frozen=True) @ x + cell.weight("U", h, h, frozen=True) @ h + cell.bias("b", h, frozen=True))
h_new = (1 - leak) * h + leak * n

cell.next(h=h_new)
cell.output(h_new)
