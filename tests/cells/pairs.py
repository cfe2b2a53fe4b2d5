"""Values of two unit axes: pairwise reductions over each axis, a square and an oblong matrix, a state of each rank."""

from rnncc.spec import Abs, Cell, Piecewise, cols, max, mean, outer, rows, sigmoid, softmax, sum, tanh

cell = Cell("Pairs")
x = cell.input("x")
r = cell.state("r", size=1)
v = cell.state("v")
C = cell.state("C", size=(x, v))

mu, s, w = (cell.matrix(name, v, v) for name in ("mu", "s", "w"))
g, p = cell.vector("g", v), cell.vector("p", x)
a = sum(w * sigmoid(s * (cols(v) - mu)), over="cols")
b = sum(tanh(cell.matrix("q", v, x) * cols(x)) * v, over="cols")
attention = softmax(w * outer(v, v), over="cols")
e = rows(sum(attention * v, over="rows"))
f = rows(mean(attention * cols(g), over="rows") * cols(v))
C_new = 0.5 * C + p * cols(v) / (1 + Abs(r))
u = rows(max(C_new * x, over="rows"))
r_new = 0.5 * r + mean(Piecewise((v, v > 0), (u, True)))
v_new = 0.5 * v + sigmoid(a + b + e + f + u + g)

cell.next(v=v_new, C=C_new, r=r_new)
cell.output(v_new)
