"""LSTM with zoneout (Krueger et al. 2017, "Zoneout: regularizing RNNs by randomly preserving hidden activations", eq. 3-4).

In training each unit of c and of h keeps its previous value with probability `zoneout_c` and `zoneout_h`, drawn anew at every step;
else both are the expectation of that. h is made of the new cell state as it was before zoneout. The rates are those of the paper's
character models.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("ZoneoutLSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")
m_h = cell.mask("m_h", h, cell.constant("zoneout_h", 0.05))
m_c = cell.mask("m_c", c, cell.constant("zoneout_c", 0.5))


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


i, f, o = sigmoid(gate("i")), sigmoid(gate("f")), sigmoid(gate("o"))
g = tanh(gate("g"))
c_hat = f * c + i * g
h_hat = o * tanh(c_hat)
c_new = m_c * c + (1 - m_c) * c_hat
h_new = m_h * h + (1 - m_h) * h_hat

cell.next(h=h_new, c=c_new)
cell.output(h_new)
