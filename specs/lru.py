"""Linear recurrent unit (Orvieto et al. 2023, "Resurrecting recurrent neural networks for long sequences", arXiv:2303.06349).

s' = λ s + γ (B x) with complex s, λ, B and C, here as pairs of real values; y = Re(C s') + D x. λ = exp(-exp(ν) + i exp(θ)) keeps
|λ| below 1. The paper draws λ from a ring; here |λ| begins at 0.9, γ = exp(log_gamma) at sqrt(1 - |λ|²), and the phases at random.
State and output have the hidden size; D is a matrix, where the paper's is a vector and needs outputs of the size of the input.
"""

from rnncc.spec import Cell, cos, exp, sin

cell = Cell("LRU")
x = cell.input("x")
s_re, s_im = cell.state("s_re"), cell.state("s_im")
hidden = cell.hidden

modulus = exp(-exp(cell.vector("nu", hidden, init=-2.25)))
phase = exp(cell.vector("theta", hidden, init="normal"))
l_re, l_im = modulus * cos(phase), modulus * sin(phase)
gamma = exp(cell.vector("log_gamma", hidden, init=-0.83))

s_re_new = l_re * s_re - l_im * s_im + gamma * (cell.weight("B_re", hidden, x) @ x)
s_im_new = l_re * s_im + l_im * s_re + gamma * (cell.weight("B_im", hidden, x) @ x)
y = cell.weight("C_re", hidden, s_re) @ s_re_new - cell.weight("C_im", hidden, s_im) @ s_im_new + cell.weight("D", hidden, x) @ x

cell.next(s_re=s_re_new, s_im=s_im_new)
cell.output(y)
