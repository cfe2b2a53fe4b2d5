"""AUGRU, a GRU whose update gate is scaled by attention (Zhou et al. 2019, arXiv:1809.03672, section "Interest evolving layer").

`a` is a second input: one number a step and sample, how much the step matters. z' = a z, and z' = 1 takes the candidate: a step of no
importance leaves the state alone. Like the paper's GRU it resets after the product; their code resets before it, and scales 1 - z.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("AUGRU")
x = cell.input("x")
a = cell.input("a", size=1)
h = cell.state("h")


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


z = a * sigmoid(gate("z"))
r = sigmoid(gate("r"))
n = tanh(cell.weight("W_n", h, x) @ x + r * (cell.weight("U_n", h, h) @ h) + cell.bias("b_n", h))
h_new = (1 - z) * h + z * n

cell.next(h=h_new)
cell.output(h_new)
