"""minLSTM (Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024, "Were RNNs all we needed?", arXiv:2410.01201, section 3.2).

Gates and candidate read x alone: the recurrence is linear in h. f and i are divided by their sum, so that the scale of h does not
depend on time. `log_space` chooses the positive candidate of the paper's appendix B, v + 1/2 for v ≥ 0 and σ(v) below.
"""

from rnncc.spec import Cell, Piecewise, sigmoid

cell = Cell("MinLSTM")
x = cell.input("x")
h = cell.state("h")


def affine(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.bias(f"b_{k}", h)


def positive(v):
    return Piecewise((v + 0.5, v >= 0), (sigmoid(v), True))


f = sigmoid(affine("f"))
i = sigmoid(affine("i"))
v = affine("h")
n = positive(v) if cell.option("log_space", False) else v
h_new = (f * h + i * n) / (f + i)

cell.next(h=h_new)
cell.output(h_new)
