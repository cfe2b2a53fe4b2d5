"""Two memories: one scored by a dot product, one read through its mean and its maximum; positions along rows and along columns."""

from rnncc.spec import Cell, cols, max, mean, rows, softmax, sum, tanh

cell = Cell("Memories")
x = cell.input("x")
h = cell.state("h")
a = cell.memory("a", h)
b = cell.memory("b", cell.size("facts", default=3))

alpha = softmax(sum(a * cols(h), over="cols"))
beta = softmax(cols(mean(tanh(cell.weight("B", x, b) @ b) * cols(x), over="cols")))
read = rows(sum(alpha * a, over="rows")) + max(alpha * 2) - sum(beta**2)
pooled = rows(mean(b, over="rows")) + rows(max(b, over="rows"))
gist = cell.weight("G", h, pooled) @ pooled
h_new = tanh(cell.weight("W", h, x) @ x + read + gist * h + sum(pooled) * h)

cell.next(h=h_new)
cell.output(h_new)
