"""LSTM with a recurrent projection (Sak, Senior & Beaufays 2014, arXiv:1402.1128, eq. 1-6, without peepholes).

The gates read the projection r of the cell's output, of the size `proj`; r is also the output. The convention of PyTorch's
nn.LSTM(proj_size=…), which calls r the hidden state. The paper's second, non-recurrent projection is a dense layer behind this one.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("ProjectedLSTM")
x = cell.input("x")
c = cell.state("c")
r = cell.state("r", size=cell.size("proj", default=64))


def gate(k):
    return cell.weight(f"W_{k}", c, x) @ x + cell.weight(f"U_{k}", c, r) @ r + cell.bias(f"b_{k}", c)


i = sigmoid(gate("i"))
f = sigmoid(gate("f"))
g = tanh(gate("g"))
o = sigmoid(gate("o"))
c_new = f * c + i * g
m = o * tanh(c_new)
r_new = cell.weight("W_p", r, c) @ m

cell.next(r=r_new, c=c_new)
cell.output(r_new)
