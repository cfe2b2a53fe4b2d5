"""Light gated recurrent unit (Ravanelli, Brakel, Omologo & Bengio 2018, arXiv:1803.10225, eq. 8-10).

No reset gate, relu for the candidate, and the projections of the input normalised: over the units of each (`norm="layer"`, as in most
ports), or by the mean and variance of each unit over all steps and rows of a batch, the paper's batch normalisation (`norm="batch"`);
wherever it is not trained these are parameters, averages that `layer.update_batch_means` keeps. z = 1 keeps the state.
"""

from rnncc.spec import Cell, mean, relu, sigmoid, sqrt

cell = Cell("LiGRU")
x = cell.input("x")
h = cell.state("h")
eps = cell.constant("eps", 1e-5)
over = cell.option("norm", "layer", choices=("layer", "batch"))


def norm(v, k):
    centre = mean(v) if over == "layer" else cell.batch_mean(f"mean_{k}", v)
    d = v - centre
    spread = mean(d**2) if over == "layer" else cell.batch_mean(f"var_{k}", d**2, init=1.0)
    return cell.vector(f"g_{k}", h, init=1.0) * d / sqrt(spread + eps) + cell.bias(f"b_{k}", h, init="zeros")


def affine(k):
    return norm(cell.weight(f"W_{k}", h, x) @ x, k) + cell.weight(f"U_{k}", h, h) @ h


z = sigmoid(affine("z"))
n = relu(affine("h"))
h_new = z * h + (1 - z) * n

cell.next(h=h_new)
cell.output(h_new)
