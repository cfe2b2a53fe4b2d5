"""Recurrent highway network of depth 3 (Zilly et al. 2017, eq. 7-9, coupled carry gate): a chain of products in a step."""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("RHN")
x = cell.input("x")
s = cell.state("s")
deep = s
for layer in range(3):
    a = cell.weight(f"R_h{layer}", s, s) @ deep + cell.bias(f"b_h{layer}", s)
    b = cell.weight(f"R_t{layer}", s, s) @ deep + cell.bias(f"b_t{layer}", s)
    if layer == 0:
        a = a + cell.weight("W_h", s, x) @ x
        b = b + cell.weight("W_t", s, x) @ x
    new = tanh(a)
    t = sigmoid(b)
    deep = new * t + deep * (1 - t)

cell.next(s=deep)
cell.output(deep)
