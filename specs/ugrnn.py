"""Update gate RNN (Collins et al. 2017, "Capacity and trainability in recurrent neural networks", arXiv:1611.09913).

One gate between keeping and replacing: h' = g h + (1 - g) c. The paper's fixed bias on the gate is part of b_g here.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("UGRNN")
x = cell.input("x")
h = cell.state("h")


def affine(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


g = sigmoid(affine("g"))
c = tanh(affine("c"))
h_new = g * h + (1 - g) * c

cell.next(h=h_new)
cell.output(h_new)
