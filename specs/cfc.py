"""Closed-form continuous-time cell (Hasani et al. 2022, arXiv:2106.13898, eq. 4; CfCCell of the package ncps, mode "default").

A backbone of one layer, of the size `units`, reads x and h; four heads read it: two ends of an interpolation, and slope and offset of
its gate in the elapsed time `dt`, a second input. ncps's LeCun activation is 1.7159 tanh(0.666 v); its one matrix over [x, h] is W_0
and U_0 here.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("CfC")
x = cell.input("x")
dt = cell.input("dt", size=1)
h = cell.state("h")
units = cell.size("units", default=128)

a = cell.weight("W_0", units, x) @ x + cell.weight("U_0", units, h) @ h + cell.bias("b_0", units)
backbone = 1.7159 * tanh(0.666 * a)


def head(k):
    return cell.weight(f"W_{k}", h, units) @ backbone + cell.bias(f"b_{k}", h)


ff1 = tanh(head("1"))
ff2 = tanh(head("2"))
gate = sigmoid(head("a") * dt + head("b"))
h_new = ff1 * (1 - gate) + gate * ff2

cell.next(h=h_new)
cell.output(h_new)
