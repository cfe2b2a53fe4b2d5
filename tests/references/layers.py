"""Layers of a reference: over time, over ragged batches, stacked, in one or two directions, with every gradient.

Knows nothing of rnncc but how its results are named: `l0.W`, `l0.reverse.W`, states (L*D, N, units).
"""

from tests.references.reference import torch


def mapping(x):
    """Inputs by name; an array alone is the input `x`."""
    return x if isinstance(x, dict) else {"x": x}


def unroll(step, params, x, state, lengths=None, reverse=False, *, memory=None, masks=None):
    """Outputs (T, N, O), zero past each length, and the final states.

    Past its length a sequence keeps its state; `reverse` reads each sequence from its own end to its start. A step is given `x` at its
    time, `memory` whole, and as `step` (N,) the number of steps that the row has behind it. `masks` (T, N, units) are keywords of it.
    """
    x, memory, masks = mapping(x), memory or {}, masks or {}
    steps, batch = next(iter(x.values())).shape[:2]
    ends = torch.full((batch,), steps) if lengths is None else torch.as_tensor(lengths)
    outputs = [None] * steps
    for t in reversed(range(steps)) if reverse else range(steps):
        count = (ends - 1 - t if reverse else torch.full_like(ends, t)).to(torch.float64)
        inputs = {name: value[t] for name, value in x.items()} | memory | {"step": count}
        y, new = step(inputs, state, params, **{name: mask[t] for name, mask in masks.items()})
        state = {name: held(t < ends, new[name], old) for name, old in state.items()}
        outputs[t] = held(t < ends, y, torch.zeros_like(y))
    return torch.stack(outputs), state


def held(live, new, old):
    """`new` in the rows that are `live` (N,), else `old`."""
    return torch.where(live.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def layers(step, params, x, state, lengths=None, *, memory=None, masks=None, through=unroll):
    """Output (T, N, D*O) and final states of all the layers and directions that `params` has.

    `through` takes one of them through time, as `unroll` does.

    The first input of `x` is the first layer's; the others, and `memory`, reach every layer and direction. `masks` go by the prefixes
    of the parameters: `{"l0": {"m": (T, N, units)}}`.
    """
    prefixes = list(dict.fromkeys(name.rpartition(".")[0] for name in params))
    x, finals, outputs = dict(mapping(x)), {name: [] for name in state}, []
    for place, prefix in enumerate(prefixes):
        if outputs and not prefix.endswith("reverse"):
            x, outputs = x | {next(iter(x)): torch.cat(outputs, -1)}, []
        own = {name.rpartition(".")[2]: p for name, p in params.items() if name.rpartition(".")[0] == prefix}
        first = {name: s[place] for name, s in state.items()}
        drawn = (masks or {}).get(prefix)
        y, last = through(step, own, x, first, lengths, prefix.endswith("reverse"), memory=memory, masks=drawn)
        outputs.append(y)
        for name, value in last.items():
            finals[name].append(value)
    return torch.cat(outputs, -1), {name: torch.stack(values) for name, values in finals.items()}


def leaves_of(arrays):
    """A float64 tensor with a gradient for each array."""
    return {name: torch.tensor(a, dtype=torch.float64, requires_grad=True) for name, a in arrays.items()}


def results(run, params, call):
    """Every result of `run(params, x, state)` as an array, under one name each: `y`, `h_T`, `d_x`, `d_h_0`, `d_l0.W` …

    `call` holds the arguments `x` ((T, N, I), or a dict of inputs) and `state` (L*D, N, units) by name, and the cotangents `dy`,
    `dstate` of their shapes. The gradient of what has no part in the result is zero.
    """
    params, first, x = leaves_of(params), leaves_of(call.state), leaves_of(mapping(call.x))
    y, finals = run(params, x, first)
    loss = (y * torch.tensor(call.dy)).sum() + sum((finals[k] * torch.tensor(v)).sum() for k, v in call.dstate.items())
    by = x | {f"{k}_0": v for k, v in first.items()} | params
    slopes = torch.autograd.grad(loss, list(by.values()), materialize_grads=True)
    found = {"y": y} | {f"{k}_T": v for k, v in finals.items()} | {f"d_{k}": g for k, g in zip(by, slopes, strict=True)}
    return {k: v.detach().numpy() for k, v in found.items()}
