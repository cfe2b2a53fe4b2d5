"""Phased LSTM: a gate that opens by the clock (Neil, Pfeiffer & Liu 2016, arXiv:1610.09513, eq. 7-11), without peepholes.

`t` is the time of a step, one number a sample: steps need not be equally long. A unit has a period tau, a shift s and a share r of the
period in which it is open; `alpha` leaks through a closed gate (0.001 in training, 0 in the paper's evaluation).
"""

from rnncc.spec import Cell, Mod, Piecewise, sigmoid, tanh

cell = Cell("PhasedLSTM")
x = cell.input("x")
t = cell.input("t", size=1)
h, c = cell.state("h"), cell.state("c")
alpha = cell.constant("alpha", 0.001)
tau = cell.vector("tau", h, init=10.0)
s = cell.vector("s", h)
r = cell.vector("r", h, init=0.05)


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


i = sigmoid(gate("i"))
f = sigmoid(gate("f"))
g = tanh(gate("g"))
o = sigmoid(gate("o"))
c_hat = f * c + i * g
h_hat = o * tanh(c_hat)

phi = Mod(t - s, tau) / tau
k = Piecewise((2 * phi / r, phi < r / 2), (2 - 2 * phi / r, phi < r), (alpha * phi, True))
c_new = k * c_hat + (1 - k) * c
h_new = k * h_hat + (1 - k) * h

cell.next(h=h_new, c=c_new)
cell.output(h_new)
