"""coRNN, coupled oscillatory recurrent network (Rusch & Mishra 2021, arXiv:2010.00951, eq. 3, explicit in the damping).

y'' = tanh(R y + R_z y' + V x + b) - γ y - ε y', one step of size Δ: z' from y and z, then y' from y and z'. The constants begin as
those that the paper reports for sequential MNIST.
"""

from rnncc.spec import Cell, tanh

cell = Cell("CoRNN")
x = cell.input("x")
y, z = cell.state("y"), cell.state("z")
dt = cell.constant("dt", 0.042)
gamma = cell.constant("gamma", 2.7)
epsilon = cell.constant("epsilon", 4.7)

force = tanh(cell.weight("R", y, y) @ y + cell.weight("R_z", y, z) @ z + cell.weight("V", y, x) @ x + cell.bias("b", y))
z_new = z + dt * (force - gamma * y - epsilon * z)
y_new = y + dt * z_new

cell.next(y=y_new, z=z_new)
cell.output(y_new)
