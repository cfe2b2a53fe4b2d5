"""Variational LSTM (Gal & Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural networks", eq. 7).

The masks on x and h are drawn once a sequence and are the same for all four gates (the paper's tied weights). Inverted dropout: what
stays is divided by 1 - rate in training, and nothing is dropped else. The rates are those of the paper's medium language model.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("VariationalLSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")
rate_x, rate_h = cell.constant("rate_x", 0.35), cell.constant("rate_h", 0.25)
m_x = cell.mask("m_x", x, rate_x, per="sequence")
m_h = cell.mask("m_h", h, rate_h, per="sequence")

x_dropped = x * (1 - m_x) / (1 - rate_x)
h_dropped = h * (1 - m_h) / (1 - rate_h)


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x_dropped + cell.weight(f"U_{k}", h, h) @ h_dropped + cell.bias(f"b_{k}", h)


i, f, o = sigmoid(gate("i")), sigmoid(gate("f")), sigmoid(gate("o"))
g = tanh(gate("g"))
c_new = f * c + i * g
h_new = o * tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
