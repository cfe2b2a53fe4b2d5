"""minGRU (Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024, "Were RNNs all we needed?", arXiv:2410.01201, section 3.1).

Gate and candidate read x alone: the recurrence is linear in h. `log_space` chooses the positive candidate of the paper's appendix B,
v + 1/2 for v ≥ 0 and σ(v) below, which its parallel form in logarithms needs; a state given to that form is taken as it is.
"""

from rnncc.spec import Cell, Piecewise, sigmoid

cell = Cell("MinGRU")
x = cell.input("x")
h = cell.state("h")


def affine(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.bias(f"b_{k}", h)


def positive(v):
    return Piecewise((v + 0.5, v >= 0), (sigmoid(v), True))


z = sigmoid(affine("z"))
v = affine("h")
n = positive(v) if cell.option("log_space", False) else v
h_new = (1 - z) * h + z * n

cell.next(h=h_new)
cell.output(h_new)
