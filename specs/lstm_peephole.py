"""Long short-term memory with peepholes (Gers, Schraudolph & Schmidhuber 2002, "Learning precise timing with LSTM recurrent networks").

Input and forget gate see the previous cell state, the output gate the new one; peepholes are diagonal. The convention of ONNX.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("PeepholeLSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


i = sigmoid(gate("i") + cell.vector("p_i", h) * c)
f = sigmoid(gate("f") + cell.vector("p_f", h) * c)
g = tanh(gate("g"))
c_new = f * c + i * g
o = sigmoid(gate("o") + cell.vector("p_o", h) * c_new)
h_new = o * tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
