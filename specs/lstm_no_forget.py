"""Long short-term memory without a forget gate (Hochreiter & Schmidhuber 1997, "Long short-term memory").

The cell state only ever adds: c' = c + i g. The paper squashes g to (-2, 2) and c to (-1, 1) with scaled sigmoids; tanh, as here, is
what Greff et al. 2015 call the variant NFG, and it has no peepholes here.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("NoForgetLSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


i = sigmoid(gate("i"))
g = tanh(gate("g"))
o = sigmoid(gate("o"))
c_new = c + i * g
h_new = o * tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
