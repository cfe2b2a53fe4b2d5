"""mLSTM, LSTM with a matrix for its memory (Beck et al. 2024, "xLSTM: extended long short-term memory", arXiv:2405.04517, eq. 19-27).

One head: C stores values v under keys k, a query q reads it. i and f are one number a sample; they are exponentials of logarithms from
which the state m, their running maximum, is taken off (appendix A.3), so that nothing overflows; the paper's floor of 1 under the
normaliser becomes exp(-m). The forget gate is the sigmoid one of the paper's two, and m begins at -∞.
"""

from rnncc.spec import Abs, Cell, Max, cols, exp, outer, sigmoid, softplus, sqrt, sum

cell = Cell("MLSTM")
x = cell.input("x")
key = cell.size("key", default=16)
C = cell.state("C", size=(cell.hidden, key))
n = cell.state("n", size=key)
m = cell.state("m", size=1, initial=float("-inf"))


def affine(name, size, scale=1):
    return (cell.weight(f"W_{name}", size, x) @ x) / scale + cell.bias(f"b_{name}", size)


def gate(name):
    return sum(cell.vector(f"w_{name}", x) * x) + cell.scalar(f"b_{name}")


q = affine("q", key)
k = affine("k", key, sqrt(cell.count(n)))
v = affine("v", cell.hidden)
o = sigmoid(affine("o", cell.hidden))
i_log = gate("i")
f_log = -softplus(-gate("f"))
m_new = Max(f_log + m, i_log)
i = exp(i_log - m_new)
f = exp(f_log + m - m_new)
C_new = f * C + i * outer(v, k)
n_new = f * n + i * k
h = o * sum(C_new * cols(q), over="cols") / Max(Abs(sum(n_new * q)), exp(-m_new))

cell.next(C=C_new, n=n_new, m=m_new)
cell.output(h)
