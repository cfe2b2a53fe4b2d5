"""LSTM that attends to a memory in every step (Bahdanau, Cho & Bengio 2015, arXiv:1409.0473, appendices A.1.2 and A.2.2).

Additive attention: the previous h scores the rows of the memory m; their mean under the softmax of the scores is the context, which the
gates read beside x and h. The paper's decoder is a gated unit after Cho 2014, this one the LSTM of `lstm`.
"""

from rnncc.spec import Cell, cols, rows, sigmoid, softmax, sum, tanh

cell = Cell("LSTMAttention")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")
m = cell.memory("m", cell.size("memory", default=16))
query = cell.weight("W_a", cell.size("attention", default=16), h) @ h

keys = cell.weight("U_a", query, m) @ m
scores = sum(cols(cell.vector("v_a", query)) * tanh(cols(query) + keys), over="cols")
alpha = softmax(scores)
context = rows(sum(alpha * m, over="rows"))


def gate(k):
    read = cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.weight(f"C_{k}", h, context) @ context
    return read + cell.bias(f"b_{k}", h)


i = sigmoid(gate("i"))
f = sigmoid(gate("f"))
g = tanh(gate("g"))
o = sigmoid(gate("o"))
c_new = f * c + i * g
h_new = o * tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
