"""LSTM with hard gates (the recurrent_activation="hard_sigmoid" of Keras 2's LSTM; Courbariaux, Bengio & David 2015 for the function).

hard_sigmoid(v) = clamp(0.2 v + 0.5, 0, 1), the slope of Theano, Keras 2 and ONNX; Keras 3 has another one (`lstm_hard6`).
"""

from rnncc.spec import Cell, hard_sigmoid, tanh

cell = Cell("HardLSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


i = hard_sigmoid(gate("i"))
f = hard_sigmoid(gate("f"))
g = tanh(gate("g"))
o = hard_sigmoid(gate("o"))
c_new = f * c + i * g
h_new = o * tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
