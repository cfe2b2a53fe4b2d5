"""Linear recurrent unit (Orvieto et al. 2023, "Resurrecting recurrent neural networks for long sequences", arXiv:2303.06349).

s' = λ s + γ (B x) with complex s, λ, B and C, here as pairs of real values; y = Re(C s') + D x. λ = exp(-exp(ν) + i exp(θ)) keeps
|λ| below 1. The paper draws λ from a ring; here |λ| begins at 0.9, γ = exp(log_gamma) at sqrt(1 - |λ|²), and the phases at random.
State and output have the hidden size; D is a matrix, where the paper's is a vector and needs outputs of the size of the input.
"""

from rnncc.spec import Cell, Complex, cos, exp, sin

cell = Cell("LRU")
x = cell.input("x")
s = Complex(cell.state("s_re"), cell.state("s_im"))
hidden = cell.hidden


def weight(name, operand):
    return Complex(cell.weight(f"{name}_re", hidden, operand), cell.weight(f"{name}_im", hidden, operand))


modulus = exp(-exp(cell.vector("nu", hidden, init=-2.25)))
phase = exp(cell.vector("theta", hidden, init="normal"))
lam = Complex(modulus * cos(phase), modulus * sin(phase))
gamma = exp(cell.vector("log_gamma", hidden, init=-0.83))

s_new = lam * s + gamma * (weight("B", x) @ x)
y = (weight("C", hidden) @ s_new).re + cell.weight("D", hidden, x) @ x

cell.next(s_re=s_new.re, s_im=s_new.im)
cell.output(y)
