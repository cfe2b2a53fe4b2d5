"""No published cell: softmax over the units, a Piecewise, a state that is the previous input, a learned scalar, a projection."""

from rnncc.spec import Cell, Piecewise, concat, relu, softmax, tanh

cell = Cell("WindowSoftmax")
x = cell.input("x")
h = cell.state("h")
w = cell.state("w", size=x)
r = cell.state("r", size=cell.size("proj", default=3))
p = softmax(cell.weight("W", h, concat(x, w, r)) @ concat(x, w, r) + cell.weight("U", h, h) @ h)
k = Piecewise((p * h, h > 0), (h**2, True))
h_new = tanh(k + 2 * p + cell.scalar("a"))
r_new = cell.weight("P", r, h) @ (relu(h_new) - p)

cell.next(h=h_new, w=x, r=r_new)
cell.output(r_new)
