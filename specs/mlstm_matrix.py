"""mLSTM, LSTM with a matrix for its memory (Beck et al. 2024, "xLSTM: extended long short-term memory", arXiv:2405.04517, eq. 19-27).

C stores values v under keys k, a query q reads it. i and f are one number a sample; they are exponentials of logarithms from which the
state m, their running maximum, is taken off (appendix A.3), so that nothing overflows; the paper's floor of 1 under the normaliser
becomes exp(-m). The forget gate is the sigmoid one of the paper's two, and m begins at -∞. Each of several `heads` is such a memory of
`hidden` values under keys of `key` numbers, and the output holds what all of them give.
"""

from rnncc.spec import Abs, Cell, Max, cols, concat, exp, outer, sigmoid, softplus, sqrt, sum

cell = Cell("MLSTM")
x = cell.input("x")
key = cell.size("key", default=16)
heads = cell.option("heads", 1)
read = []


def affine(name, size, scale=1):
    return (cell.weight(f"W_{name}", size, x) @ x) / scale + cell.bias(f"b_{name}", size)


def gate(name):
    return sum(cell.vector(f"w_{name}", x) * x) + cell.scalar(f"b_{name}")


for head in ("", *(f"_{number}" for number in range(2, heads + 1))):
    C = cell.state(f"C{head}", size=(cell.hidden, key))
    n = cell.state(f"n{head}", size=key)
    m = cell.state(f"m{head}", size=1, initial=float("-inf"))
    q = affine(f"q{head}", key)
    k = affine(f"k{head}", key, sqrt(cell.count(n)))
    v = affine(f"v{head}", cell.hidden)
    o = sigmoid(affine(f"o{head}", cell.hidden))
    i_log = gate(f"i{head}")
    f_log = -softplus(-gate(f"f{head}"))
    m_new = Max(f_log + m, i_log)
    i = exp(i_log - m_new)
    f = exp(f_log + m - m_new)
    C_new = f * C + i * outer(v, k)
    n_new = f * n + i * k
    h = o * sum(C_new * cols(q), over="cols") / Max(Abs(sum(n_new * q)), exp(-m_new))
    read.append(h)
    cell.next(**{f"C{head}": C_new, f"n{head}": n_new, f"m{head}": m_new})

cell.output(concat(*read) if heads > 1 else h)
