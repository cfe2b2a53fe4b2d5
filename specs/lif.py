"""Leaky integrate-and-fire neurons with a surrogate gradient (Neftci, Mostafa & Zenke 2019, arXiv:1901.09948, eq. 5-7).

A current i, a potential v, and spikes s of 0 or 1 where v is above the threshold 1; a spike takes the threshold off v at the next step.
The step function's slope, zero almost everywhere, is taken for that of a fast sigmoid, 1/(1 + slope |v - 1|)² (SuperSpike; Zenke &
Ganguli 2018). `alpha` and `beta` are what a step leaves of current and potential, exp(-Δ/τ).
"""

from rnncc.spec import Abs, Cell, Piecewise, surrogate

cell = Cell("LIF")
x = cell.input("x")
i, v, s = cell.state("i"), cell.state("v"), cell.state("s")
alpha = cell.constant("alpha", 0.9)
beta = cell.constant("beta", 0.8)
slope = cell.constant("slope", 10.0)

i_new = alpha * i + cell.weight("W", i, x) @ x + cell.weight("V", i, s) @ s
v_new = beta * v + i - s
above = v_new - 1
spike = surrogate(Piecewise((1, above > 0), (0, True)), above, 1 / (1 + slope * Abs(above)) ** 2)

cell.next(i=i_new, v=v_new, s=spike)
cell.output(spike)
