"""The core cells against PyTorch's layers, and GRUs against each other."""

import pytest

from tests.references.drawn import SIZES, drawn
from tests.references.identity import same
from tests.references.reference import torch
from tests.references.registry import REFERENCES

GATES = "ifgo"


def stacked(params, letter, gates=GATES):
    return torch.cat([params[f"{letter}_{k}"] for k in gates])


def layer(kind, given, gates, state_size=None, **options):
    """A layer of PyTorch with the weights of `given`; its second bias is zero but for what `b_h` adds."""
    made = kind(SIZES["input"], SIZES["hidden"], dtype=torch.float64, **options)
    values = {"weight_ih_l0": stacked(given.params, "W", gates), "weight_hh_l0": stacked(given.params, "U", gates)}
    values |= {"bias_ih_l0": stacked(given.params, "b", gates), "bias_hh_l0": torch.zeros(len(gates) * SIZES["hidden"])}
    if "b_h" in given.params:
        values["bias_hh_l0"] = torch.cat([torch.zeros(2 * SIZES["hidden"]), given.params["b_h"]])
    if "W_p" in given.params:
        values["weight_hr_l0"] = given.params["W_p"]
    made.load_state_dict({k: v.detach() for k, v in values.items()})
    return made


@pytest.mark.parametrize("phi", ["tanh", "relu"])
def test_elman_is_pytorch_s(phi):
    given = drawn(REFERENCES["elman"])
    made = torch.nn.RNN(SIZES["input"], SIZES["hidden"], nonlinearity=phi, dtype=torch.float64)
    p = {k: v.detach() for k, v in given.params.items()}
    values = {"weight_ih_l0": p["W"], "weight_hh_l0": p["U"], "bias_ih_l0": p["b"], "bias_hh_l0": torch.zeros(SIZES["hidden"])}
    made.load_state_dict(values)
    y, final = made(given.x["x"], given.state["h"][None])
    same(given.run(REFERENCES["elman"], phi=phi), (y, {"h": final[0]}))


@pytest.mark.parametrize(("cell", "hidden", "options"), [("lstm", "h", {}), ("lstm_projected", "r", {"proj_size": 3})])
def test_lstm_is_pytorch_s(cell, hidden, options):
    given = drawn(REFERENCES[cell])
    y, (h, c) = layer(torch.nn.LSTM, given, GATES, **options)(given.x["x"], (given.state[hidden][None], given.state["c"][None]))
    same(given.run(REFERENCES[cell]), (y, {hidden: h[0], "c": c[0]}))


def test_jordan_whose_output_is_its_hidden_layer_is_an_elman_network():
    """V is the identity and ψ = relu, which leaves what σ gives as it is."""
    given, plain = drawn(REFERENCES["jordan"], out=4), drawn(REFERENCES["elman"])
    given.params.update(V=torch.eye(4, dtype=torch.float64), b_y=torch.zeros(4, dtype=torch.float64))
    plain.params.update({k: given.params[k] for k in plain.params})
    plain.x.update(given.x)
    plain.state["h"] = given.state["y"]
    y, final = plain.run(REFERENCES["elman"], phi="sigmoid")
    same(given.run(REFERENCES["jordan"], phi="sigmoid", psi="relu"), (y, {"y": final["h"]}))


def test_gru_reset_after_is_pytorch_s():
    given = drawn(REFERENCES["gru_reset_after"])
    y, h = layer(torch.nn.GRU, given, "rzn")(given.x["x"], given.state["h"][None])
    same(given.run(REFERENCES["gru_reset_after"]), (y, {"h": h[0]}))


def test_gru_conventions_are_each_other_s_with_a_negated_gate():
    """1 - σ(v) = σ(-v)."""
    given = drawn(REFERENCES["gru"])
    negated = drawn(REFERENCES["gru"])
    negated.params.update({k: -v for k, v in given.params.items() if k.endswith("_z")})
    same(given.run(REFERENCES["gru"]), negated.run(REFERENCES["gru_cho"]))
