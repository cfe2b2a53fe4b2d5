"""AntisymmetricRNN (Chang, Chen, Haber & Chi 2019, arXiv:1902.09689, eq. 11), without the gate of eq. 13.

Euler's step, of size ε, of an ODE whose Jacobian has eigenvalues near the imaginary axis: the matrix A - Aᵀ is antisymmetric, and γ I
adds the diffusion that keeps the explicit step stable. A is a full matrix, of which the lower half goes the opposite way of the upper.
"""

from rnncc.spec import Cell, tanh

cell = Cell("AntisymmetricRNN")
x = cell.input("x")
h = cell.state("h")
epsilon = cell.constant("epsilon", 0.01)
gamma = cell.constant("gamma", 0.01)

A = cell.weight("A", h, h)
eye = cell.identity(h)
M = A - A.T - gamma * eye
h_new = h + epsilon * tanh(M @ h + cell.weight("V", h, x) @ x + cell.bias("b", h))

cell.next(h=h_new)
cell.output(h_new)
