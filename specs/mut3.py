"""MUT3, the third of three cells found by evolution (Jozefowicz, Zaremba & Sutskever 2015, section 3.3).

The update gate reads tanh(h). z = 1 takes the candidate.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("MUT3")
x = cell.input("x")
h = cell.state("h")


def w(k):
    return cell.weight(f"W_{k}", h, x) @ x


def u(k, state):
    return cell.weight(f"U_{k}", h, h) @ state


z = sigmoid(w("z") + u("z", tanh(h)) + cell.bias("b_z", h))
r = sigmoid(w("r") + u("r", h) + cell.bias("b_r", h))
n = tanh(u("n", r * h) + w("n") + cell.bias("b_n", h))
h_new = z * n + (1 - z) * h

cell.next(h=h_new)
cell.output(h_new)
