"""What may stand left of @: sums, multiples, functions, patterns and transposes of weights."""

from rnncc.spec import Cell, Piecewise, concat, exp, softplus, tanh

cell = Cell("Weights")
x = cell.input("x")
h = cell.state("h")
A = cell.weight("A", h, h)
B = cell.weight("B", x, h)
V = cell.weight("V", h, concat(h, x))
g = cell.scalar("g")
gamma = cell.constant("gamma", 0.1)
M = A - A.T - gamma * cell.identity(h)
L = cell.pattern(h, h, lambda i, j: Piecewise((1, i <= j), (0, True)))
scale = 1 + cell.unit(h) / cell.count(h)
h_new = scale * tanh(M @ h + B.T @ x + (g * L * exp(A)) @ tanh(h) + (softplus(V) / 2) @ concat(h, x))
cell.next(h=h_new)
cell.output(A.T @ h_new + B.T @ x)
