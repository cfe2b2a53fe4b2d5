"""Block-diagonal weights: in a sum with full ones, transposed, in expressions, of unequal rows and columns, of several operands."""

from rnncc.spec import Cell, concat, sigmoid, tanh

cell = Cell("Blocks")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c", size=x)
heads = cell.option("heads", 2)
A = cell.weight("A", h, h, blocks=heads)
B = cell.weight("B", h, x, blocks=heads)
V = cell.weight("V", h, h)


def gate(k):
    return cell.weight(f"U_{k}", h, h, blocks=heads) @ h + cell.weight(f"W_{k}", h, x) @ x + cell.bias(f"b_{k}", h)


i, f = sigmoid(gate("i")), sigmoid(gate("f"))
z = tanh(A @ h + A.T @ h + V @ (f * h) + B @ c + cell.weight("D", h, concat(h, x), blocks=heads) @ concat(h, x))
h_new = f * h + i * z
cell.next(h=h_new, c=tanh(B.T @ h_new + x))
cell.output((2 * A - V) @ h_new)
