"""PyTorch's layers with the weights of ours, and their results in the same form."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

GATES = {"lstm": ("_i", "_f", "_g", "_o"), "gru_reset_after": ("_r", "_z", "_n"), "elman": ("",)}
STATES = {"lstm": ("h", "c"), "gru_reset_after": ("h",), "elman": ("h",)}
RECURRENT_BIAS = {"gru_reset_after": (None, None, "b_h")}
"""Parts of `bias_hh` that have a parameter of ours; the others are zero, since one bias a gate is enough."""


def peer(cell, layer, phi="tanh"):
    """The `torch.nn` module that computes what `layer` does."""
    s = layer._settings
    common = {
        "num_layers": s.num_layers,
        "bias": s.bias,
        "batch_first": s.batch_first,
        "bidirectional": s.bidirectional,
        "dtype": torch.float64,
    }
    if cell == "elman":
        common["nonlinearity"] = phi
    module = {"lstm": torch.nn.LSTM, "gru_reset_after": torch.nn.GRU, "elman": torch.nn.RNN}[cell](
        s.input_size, s.hidden_size, **common
    )
    nothing = np.zeros(s.hidden_size)
    with torch.no_grad():
        for name, ours in _pairs(cell, layer):
            parts = [nothing if k is None else layer.params[k] for k in ours]
            getattr(module, name).copy_(torch.from_numpy(np.concatenate(parts)))
    return module


def _pairs(cell, layer):
    """(PyTorch's name, our names in PyTorch's order of gates; None where we have no parameter)."""
    s = layer._settings
    gates = GATES[cell]
    kinds = {"weight_ih": [f"W{k}" for k in gates], "weight_hh": [f"U{k}" for k in gates]}
    if s.bias:
        kinds |= {"bias_ih": [f"b{k}" for k in gates], "bias_hh": RECURRENT_BIAS.get(cell, [None] * len(gates))}
    for k in range(s.num_layers):
        for reverse in (False, True)[: s.directions]:
            ours, theirs = (f"l{k}.reverse.", f"_l{k}_reverse") if reverse else (f"l{k}.", f"_l{k}")
            for kind, names in kinds.items():
                yield kind + theirs, [name and ours + name for name in names]


def peer_run(cell, layer, module, x, state, lengths, dy, dstate):
    """Output, final states and every gradient of `module`, as ours are named. `x` is (T, N, I), or (N, T, I) with batch_first."""
    x = torch.tensor(x, requires_grad=True)
    state = {k: torch.tensor(v, requires_grad=True) for k, v in state.items()}
    y, finals = _forward(cell, layer, module, x, state, lengths)
    total = (y * torch.from_numpy(dy)).sum() + sum((finals[k] * torch.from_numpy(v)).sum() for k, v in dstate.items())
    module.zero_grad()
    total.backward()
    params = {}
    for name, ours in _pairs(cell, layer):
        parts = zip(ours, np.split(getattr(module, name).grad.numpy(), len(ours)), strict=True)
        params |= {k: gradient for k, gradient in parts if k is not None}
    return SimpleNamespace(
        y=y.detach().numpy(),
        state={k: v.detach().numpy() for k, v in finals.items()},
        dx=x.grad.numpy(),
        dstate={k: v.grad.numpy() for k, v in state.items()},
        params=params,
    )


def _forward(cell, layer, module, x, state, lengths):
    initial = tuple(state[k] for k in STATES[cell])
    if lengths is None:
        y, finals = _run(module, x, initial)
    else:
        y, finals = _ragged(module, x, initial, torch.as_tensor(lengths), layer._settings.batch_first)
    return y, dict(zip(STATES[cell], finals, strict=True))


def _run(module, x, initial):
    """The module with states as a tuple, however many it has."""
    y, finals = module(x, initial if len(initial) > 1 else initial[0])
    return y, finals if len(initial) > 1 else (finals,)


def _ragged(module, x, initial, lengths, batch_first):
    """A packed batch of the sequences that are not empty, which PyTorch refuses; those keep their states."""
    rows, steps = (0, 1) if batch_first else (1, 0)
    alive = torch.nonzero(lengths > 0)[:, 0]
    some = x.index_select(rows, alive)
    packed = torch.nn.utils.rnn.pack_padded_sequence(some, lengths[alive], batch_first, enforce_sorted=False)
    y, finals = _run(module, packed, tuple(s.index_select(1, alive) for s in initial))
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first, total_length=x.shape[steps])
    whole = y.new_zeros((*x.shape[:2], y.shape[2])).index_copy(rows, alive, y)
    return whole, tuple(s.index_copy(1, alive, final) for s, final in zip(initial, finals, strict=True))
