"""GRU-D, for series with missing values (Che, Purushotham, Cho, Sontag & Liu 2018, arXiv:1606.01865, eq. 3-10).

Three inputs a step: x, the mask m (1 where x was observed), and delta, the time since each entry's last observation. A missing entry
decays from its last value towards `x_mean` (frozen: set it to the training data's), the state decays towards zero. The decay of the
input is one number an entry, w_gamma_x, as the paper constrains it; that of the state has a full matrix. z = 1 takes the candidate.
"""

from rnncc.spec import Cell, exp, relu, sigmoid, tanh

cell = Cell("GRUD")
x = cell.input("x")
m = cell.input("m", size=x)
delta = cell.input("delta", size=x)
h = cell.state("h")
x_last = cell.state("x_last", size=x)
x_mean = cell.vector("x_mean", x, init="zeros", frozen=True)

gamma_x = exp(-relu(cell.vector("w_gamma_x", x) * delta + cell.bias("b_gamma_x", x)))
gamma_h = exp(-relu(cell.weight("W_gamma_h", h, x) @ delta + cell.bias("b_gamma_h", h)))
x_hat = m * x + (1 - m) * (gamma_x * x_last + (1 - gamma_x) * x_mean)
h_hat = gamma_h * h


def affine(k, state):
    w, v = cell.weight(f"W_{k}", h, x), cell.weight(f"V_{k}", h, m)
    return w @ x_hat + cell.weight(f"U_{k}", h, h) @ state + v @ m + cell.bias(f"b_{k}", h)


z = sigmoid(affine("z", h_hat))
r = sigmoid(affine("r", h_hat))
n = tanh(affine("n", r * h_hat))
h_new = (1 - z) * h_hat + z * n

cell.next(h=h_new, x_last=m * x + (1 - m) * x_last)
cell.output(h_new)
