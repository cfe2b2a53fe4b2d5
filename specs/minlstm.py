"""minLSTM (Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024, "Were RNNs all we needed?", arXiv:2410.01201, section 3.2).

Gates and candidate read x alone: the recurrence is linear in h. f = σ(f̃) and i = σ(ĩ) are divided by their sum, so that the scale
of h does not depend on time: f / (f + i) = σ(log f - log i), which is how it is written here, since both may underflow to zero.
`log_space` chooses the positive candidate of the paper's appendix B, v + 1/2 for v ≥ 0 and σ(v) below.
"""

from rnncc.spec import Cell, Piecewise, sigmoid, softplus

cell = Cell("MinLSTM")
x = cell.input("x")
h = cell.state("h")


def affine(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.bias(f"b_{k}", h)


def positive(v):
    return Piecewise((v + 0.5, v >= 0), (sigmoid(v), True))


f_in, i_in = affine("f"), affine("i")
f = sigmoid(softplus(-i_in) - softplus(-f_in))
i = 1 - f
v = affine("h")
n = positive(v) if cell.option("log_space", False) else v
h_new = f * h + i * n

cell.next(h=h_new)
cell.output(h_new)
