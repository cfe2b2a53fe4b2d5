"""Liquid time-constant network (Hasani et al. 2021), the convention of the package ncps: LTCCell, fully wired, elapsed time 1.

Every pair of neurons is a synapse: a conductance w σ(σ_ij (v_pre - μ_ij)) that pulls the potential of the second towards erev.
Matrices have one row a neuron before the synapse, one column a neuron after it. A step is `unfolds` fused steps of the solver; input
and output pass through an affine map. ncps clips gleak, cm, w and sensory_w at zero after every update of the weights; here that is
left to who trains.
"""

from rnncc.spec import Cell, rows, sigmoid, sum

cell = Cell("LTC")
unfolds = cell.option("unfolds", 6, least=1)
epsilon = cell.constant("epsilon", 1e-8)
x = cell.input("x")
v = cell.state("v")


def synapses(prefix, pre):
    """The four parameters of each synapse from `pre`."""
    starts = {"w": 0.5, "mu": 0.55, "sigma": 5.0, "erev": "normal"}
    return [cell.matrix(f"{prefix}{name}", pre, v, init=init) for name, init in starts.items()]


def flow(value, w, mu, sigma, erev):
    """Sums over the synapses into each neuron, of conductances and of these times reversal potentials."""
    g = w * sigmoid(sigma * (value - mu))
    return rows(sum(g, over="rows")), rows(sum(g * erev, over="rows"))


u = cell.vector("input_w", x, init=1.0) * x + cell.vector("input_b", x, init=0.0)
sensory, sensory_flow = flow(u, *synapses("sensory_", x))
recurrent = synapses("", v)
gleak, vleak = cell.vector("gleak", v, init=0.5), cell.vector("vleak", v, init=0.0)
capacity = unfolds * cell.vector("cm", v, init=0.5)
v_new = v
for _ in range(unfolds):
    conductance, inflow = flow(v_new, *recurrent)
    v_new = (capacity * v_new + gleak * vleak + inflow + sensory_flow) / (capacity + gleak + conductance + sensory + epsilon)
y = cell.vector("output_w", v, init=1.0) * v_new + cell.vector("output_b", v, init=0.0)

cell.next(v=v_new)
cell.output(y)
