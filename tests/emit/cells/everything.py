"""No published cell: every function of the language, two inputs, constants, names that Python modules use, values to be spread."""

from rnncc.spec import (
    Abs,
    Cell,
    Max,
    Min,
    Mod,
    Piecewise,
    clamp,
    cos,
    erf,
    exp,
    floor,
    hard_sigmoid,
    log,
    mean,
    relu,
    sin,
    softplus,
    sqrt,
    tanh,
)

cell = Cell("Everything")
x = cell.input("x")
tick = cell.input("tick", size=cell.size("clock", default=2))
params = cell.state("params")
state = cell.state("state")
alpha = cell.constant("alpha", 0.3)
tau = exp(alpha)

torch = cell.weight("W", params, x) @ x + cell.weight("V", params, tick) @ tick + cell.bias("b", params)
jax = cell.weight("U", params, params) @ params
a = clamp(torch + jax, -0.5, alpha) + Max(jax, 0.1, alpha) - Min(state, 0.2) * tau + hard_sigmoid(jax)
b = (
    log(1 + softplus(jax) ** 2)
    + sqrt(Abs(state) + 1) * sin(params)
    - cos(torch) * erf(jax) * (cell.weight("R", state, state) @ state)
    + (relu(state) + 1) ** 0.5
)
k = Piecewise((0.1, (jax > 0) & ((state < 0.5) | ~((torch > 1) & (jax > 0.1)))), (alpha, state > 0.7), (1.0, True))
k = k + Piecewise((a, ~(jax > alpha)), (b, True)) + Mod(3 * state, 0.4 + params**2) * floor(5 * jax) / (1 + Mod(-params, 0.3))
projected = tanh((a - (b - mean(k))) / (2 + a**2) / (1 + mean(tick**2))) - mean(torch)

cell.next(params=projected, state=mean(a) + cell.vector("v", state))
cell.output(mean(projected) * k)
