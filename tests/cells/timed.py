"""No published cell: numbers without units: an input, a state, the number of the step."""

from rnncc.spec import Cell, Mod, mean, sigmoid, sin, tanh

cell = Cell("Timed")
x = cell.input("x")
dt = cell.input("dt", size=1)
h = cell.state("h")
m = cell.state("m", size=1, initial=0.5)
t = cell.step("t")

phase = Mod(t - cell.vector("s", h), 2.5 + cell.vector("tau", h) ** 2)
z = sigmoid(cell.weight("W", h, x) @ x + cell.vector("v", h) * dt + phase)
decay = sigmoid(m * dt + mean(z))
h_new = decay * h + z * tanh(cell.weight("U", h, h) @ (m * h)) * sin(t)

cell.next(h=h_new, m=decay - dt * m / 2)
cell.output(h_new)
