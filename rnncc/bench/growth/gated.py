"""A cell of any size: G gates, each with a share v of a candidate.

h' = tanh(Σ_k v_k σ(W_k x + U_k h + b_k))
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("Gated")
x = cell.input("x")
h = cell.state("h")

gates = [
    cell.vector(f"v_{k}", h) * sigmoid(cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h))
    for k in range(cell.option("gates", 4))
]
h_new = tanh(sum(gates))

cell.next(h=h_new)
cell.output(h_new)
