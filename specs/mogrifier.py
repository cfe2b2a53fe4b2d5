"""Mogrifier LSTM (Melis, Kočiský & Blunsom 2020, arXiv:1909.01792, eq. 1-2).

Before the LSTM reads them, x and h gate each other in turn: x ← 2σ(Q h) x in the odd rounds, h ← 2σ(R x) h in the even ones.
`rounds` of them, 5 as in the paper's best models; 0 is `lstm`. Q and R have full rank, and a matrix of its own each round.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("MogrifierLSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")
xm, hm = x, h
for k in range(1, cell.option("rounds", 5, least=0) + 1):
    if k % 2 == 1:
        xm = 2 * sigmoid(cell.weight(f"Q_{k}", x, h) @ hm) * xm
    else:
        hm = 2 * sigmoid(cell.weight(f"R_{k}", h, x) @ xm) * hm


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ xm + cell.weight(f"U_{k}", h, h) @ hm + cell.bias(f"b_{k}", h)


i = sigmoid(gate("i"))
f = sigmoid(gate("f"))
g = tanh(gate("g"))
o = sigmoid(gate("o"))
c_new = f * c + i * g
h_new = o * tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
