"""sLSTM, LSTM with exponential gates (Beck et al. 2024, "xLSTM: extended long short-term memory", arXiv:2405.04517, eq. 8-17).

Units read the past of their own head alone: U has `heads` blocks along its diagonal; one is a full matrix. The forget gate is the
sigmoid one of the paper's two; i and f are exponentials of logarithms from which the state m, their running maximum, is taken off, so
that nothing overflows: h is the same for any m. m begins at -∞, and the first step takes m' = ĩ, i = 1, f = 0.
"""

from rnncc.spec import Cell, Max, exp, sigmoid, softplus, tanh

cell = Cell("SLSTM")
x = cell.input("x")
h, c, n = cell.state("h"), cell.state("c"), cell.state("n")
m = cell.state("m", initial=float("-inf"))
heads = cell.option("heads", 1)


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h, blocks=heads) @ h + cell.bias(f"b_{k}", h)


z = tanh(gate("z"))
o = sigmoid(gate("o"))
i_log = gate("i")
f_log = -softplus(-gate("f"))
m_new = Max(f_log + m, i_log)
i = exp(i_log - m_new)
f = exp(f_log + m - m_new)
c_new = f * c + i * z
n_new = f * n + i
h_new = o * c_new / n_new

cell.next(h=h_new, c=c_new, n=n_new, m=m_new)
cell.output(h_new)
