"""A cell that no library has a layer of: two time scales, one of them coupled to the gates by a peephole.

u = σ(W_u x + U_u h + p m + b_u),  n = tanh(W_n x + U_n (u h) + b_n)
m' = α m + (1 - α) n,              h' = u h + (1 - u) tanh(n + m')
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("TwoScales")
x = cell.input("x")
h, m = cell.state("h"), cell.state("m")
alpha = cell.constant("alpha", 0.9)

u = sigmoid(cell.weight("W_u", h, x) @ x + cell.weight("U_u", h, h) @ h + cell.vector("p", h) * m + cell.bias("b_u", h))
n = tanh(cell.weight("W_n", h, x) @ x + cell.weight("U_n", h, h) @ (u * h) + cell.bias("b_n", h))
m_new = alpha * m + (1 - alpha) * n
h_new = u * h + (1 - u) * tanh(n + m_new)

cell.next(h=h_new, m=m_new)
cell.output(h_new)
