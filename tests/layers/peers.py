"""PyTorch's layers with the weights of ours, and their results in the same form."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

GATES = {"lstm": ("_i", "_f", "_g", "_o"), "elman": ("",)}
STATES = {"lstm": ("h", "c"), "elman": ("h",)}


def peer(cell, layer, phi="tanh"):
    """The `torch.nn` module that computes what `layer` does. Our one bias is its `bias_ih`; its `bias_hh` is zero."""
    s = layer._settings
    common = {
        "num_layers": s.num_layers,
        "bias": s.bias,
        "batch_first": s.batch_first,
        "bidirectional": s.bidirectional,
        "dtype": torch.float64,
    }
    if cell == "lstm":
        module = torch.nn.LSTM(s.input_size, s.hidden_size, **common)
    else:
        module = torch.nn.RNN(s.input_size, s.hidden_size, nonlinearity=phi, **common)
    with torch.no_grad():
        for name, ours, _ in _pairs(cell, layer):
            getattr(module, name).copy_(torch.from_numpy(np.concatenate([layer.params[k] for k in ours])))
        for name, parameter in module.named_parameters():
            if name.startswith("bias_hh"):
                parameter.zero_()
    return module


def _pairs(cell, layer):
    """(PyTorch's name, our names in PyTorch's order of gates, kind)."""
    s = layer._settings
    for k in range(s.num_layers):
        for reverse in (False, True)[: s.directions]:
            ours, theirs = (f"l{k}.reverse.", f"_l{k}_reverse") if reverse else (f"l{k}.", f"_l{k}")
            kinds = {"W": "weight_ih", "U": "weight_hh"} | ({"b": "bias_ih"} if s.bias else {})
            for kind, name in kinds.items():
                yield name + theirs, [f"{ours}{kind}{gate}" for gate in GATES[cell]], kind


def peer_run(cell, layer, module, x, state, lengths, dy, dstate):
    """Output, final states and every gradient of `module`, as ours are named. `x` is (T, N, I), or (N, T, I) with batch_first."""
    x = torch.tensor(x, requires_grad=True)
    state = {k: torch.tensor(v, requires_grad=True) for k, v in state.items()}
    y, finals = _forward(cell, layer, module, x, state, lengths)
    total = (y * torch.from_numpy(dy)).sum() + sum((finals[k] * torch.from_numpy(v)).sum() for k, v in dstate.items())
    module.zero_grad()
    total.backward()
    params = {}
    for name, ours, _ in _pairs(cell, layer):
        params |= dict(zip(ours, np.split(getattr(module, name).grad.numpy(), len(ours)), strict=True))
    return SimpleNamespace(
        y=y.detach().numpy(),
        state={k: v.detach().numpy() for k, v in finals.items()},
        dx=x.grad.numpy(),
        dstate={k: v.grad.numpy() for k, v in state.items()},
        params=params,
    )


def _forward(cell, layer, module, x, state, lengths):
    initial = tuple(state[k] for k in STATES[cell])
    initial = initial if cell == "lstm" else initial[0]
    if lengths is None:
        y, finals = module(x, initial)
    else:
        y, finals = _ragged(module, x, initial, lengths, layer._settings.batch_first)
    finals = finals if cell == "lstm" else (finals,)
    return y, dict(zip(STATES[cell], finals, strict=True))


def _ragged(module, x, initial, lengths, batch_first):
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.from_numpy(lengths), batch_first, enforce_sorted=False)
    y, finals = module(packed, initial)
    steps = x.shape[1 if batch_first else 0]
    return torch.nn.utils.rnn.pad_packed_sequence(y, batch_first, total_length=steps)[0], finals
