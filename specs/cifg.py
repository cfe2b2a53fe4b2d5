"""LSTM with coupled input and forget gate (Greff et al. 2015, "LSTM: a search space odyssey", arXiv:1503.04069, section 3).

f = 1 - i: what is written replaces what is kept. The paper's variant has peepholes; this one, as most libraries', has none.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("CIFG")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


i = sigmoid(gate("i"))
f = 1 - i
g = tanh(gate("g"))
o = sigmoid(gate("o"))
c_new = f * c + i * g
h_new = o * tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
