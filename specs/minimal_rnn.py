"""MinimalRNN (Chen 2017, "Toward more interpretable and trainable recurrent neural networks", arXiv:1711.06788, eq. 3-5).

The input is mapped into the space of the state, and a gate moves the state there: nothing else is recurrent. v is the paper's z.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("MinimalRNN")
x = cell.input("x")
h = cell.state("h")

v = tanh(cell.weight("W_v", h, x) @ x + cell.bias("b_v", h))
u = sigmoid(cell.weight("U_u", h, h) @ h + cell.weight("W_u", h, h) @ v + cell.bias("b_u", h))
h_new = u * h + (1 - u) * v

cell.next(h=h_new)
cell.output(h_new)
