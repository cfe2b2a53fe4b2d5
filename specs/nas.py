"""The cell that architecture search found (Zoph & Le 2017, arXiv:1611.01578, appendix; NASCell of TensorFlow 1's contrib).

Eight pre-activations, the fourth of them a product of W x and U h. Pinned to NASCell, which splits its matrices in the order 0-7 and
adds its biases (use_biases=True) to the recurrent side, so that the fourth is multiplied by one; its default is `bias=False` here.
"""

from rnncc.spec import Cell, relu, sigmoid, tanh

cell = Cell("NAS")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")


def w(k):
    return cell.weight(f"W_{k}", h, x) @ x


def u(k):
    return cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


a0, a1 = sigmoid(w(0) + u(0)), relu(w(1) + u(1))
a2, a3 = sigmoid(w(2) + u(2)), relu(w(3) * u(3))
a4, a5 = tanh(w(4) + u(4)), sigmoid(w(5) + u(5))
a6, a7 = tanh(w(6) + u(6)), sigmoid(w(7) + u(7))

l0, l1 = tanh(a0 * a1), tanh(a2 + a3)
l2, l3 = tanh(a4 * a5), sigmoid(a6 + a7)

c_new = tanh(l0 + c) * l1
h_new = tanh(c_new * tanh(l2 + l3))

cell.next(h=h_new, c=c_new)
cell.output(h_new)
