"""Layers of a written-out step, in PyTorch: stacked, in one or two directions, over ragged batches, with every gradient.

Knows nothing of rnncc but how its results are named: `l0.W`, `l0.reverse.W`, states (L*D, N, units).
"""

from tests.references import torch, unroll


def layers(step, params, x, state, lengths=None):
    """Output (T, N, D*O) and final states of all the layers and directions that `params` has."""
    prefixes = list(dict.fromkeys(name.rpartition(".")[0] for name in params))
    finals = {name: [] for name in state}
    outputs = []
    for place, prefix in enumerate(prefixes):
        if outputs and not prefix.endswith("reverse"):
            x, outputs = torch.cat(outputs, -1), []
        own = {name.rpartition(".")[2]: p for name, p in params.items() if name.rpartition(".")[0] == prefix}
        first = {name: s[place] for name, s in state.items()}
        y, last = unroll(step, own, x, first, lengths, prefix.endswith("reverse"))
        outputs.append(y)
        for name, value in last.items():
            finals[name].append(value)
    return torch.cat(outputs, -1), {name: torch.stack(values) for name, values in finals.items()}


def results(run, params, call):
    """Every result of `run(params, x, state)` as an array, under one name each: `y`, `h_T`, `d_x`, `d_h_0`, `d_l0.W` …

    `call` holds the arguments `x` (T, N, I) and `state` (L*D, N, units) by name, and the cotangents `dy`, `dstate` of their shapes.
    """
    leaves = {name: torch.tensor(p, requires_grad=True) for name, p in params.items()}
    first = {name: torch.tensor(s, requires_grad=True) for name, s in call.state.items()}
    x = torch.tensor(call.x, requires_grad=True)
    y, finals = run(leaves, x, first)
    loss = (y * torch.tensor(call.dy)).sum() + sum((finals[k] * torch.tensor(v)).sum() for k, v in call.dstate.items())
    by = {"x": x} | {f"{k}_0": v for k, v in first.items()} | leaves
    slopes = torch.autograd.grad(loss, list(by.values()))
    found = {"y": y} | {f"{k}_T": v for k, v in finals.items()} | {f"d_{k}": g for k, g in zip(by, slopes, strict=True)}
    return {k: v.detach().numpy() for k, v in found.items()}
