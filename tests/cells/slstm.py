"""LSTM with exponential gates and a stabiliser state, as in xLSTM (Beck et al. 2024, eq. 8-17, with log σ for the forget gate)."""

from rnncc.spec import Cell, Max, exp, log, sigmoid, tanh

cell = Cell("SLSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")
n, m = cell.state("n", initial=1), cell.state("m")


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


z = tanh(gate("z"))
o = sigmoid(gate("o"))
i_log = gate("i")
f_log = log(sigmoid(gate("f")))
m_new = Max(f_log + m, i_log)
i = exp(i_log - m_new)
f = exp(f_log + m - m_new)
c_new = f * c + i * z
n_new = f * n + i
h_new = o * c_new / n_new

cell.next(h=h_new, c=c_new, n=n_new, m=m_new)
cell.output(h_new)
