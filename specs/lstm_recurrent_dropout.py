"""LSTM with recurrent dropout (Semeniuta, Severyn & Barth 2016, "Recurrent dropout without memory loss", eq. 14).

What is written into the cell is dropped, drawn anew at every step, so that nothing that the cell holds is lost. Inverted dropout: what
stays is divided by 1 - `rate` in training, and nothing is dropped else. The rate is a mid value of the paper's experiments.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("RecurrentDropoutLSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")
rate = cell.constant("rate", 0.25)
m = cell.mask("m", h, rate)


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


i, f, o = sigmoid(gate("i")), sigmoid(gate("f")), sigmoid(gate("o"))
g = tanh(gate("g"))
g_dropped = g * (1 - m) / (1 - rate)
c_new = f * c + i * g_dropped
h_new = o * tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
