"""Variants of the LSTM at their limits, and by closed forms."""

import pytest

from tests.references.drawn import ROWS, STEPS, drawn
from tests.references.identity import limit, same
from tests.references.reference import torch
from tests.references.registry import REFERENCES

GATES = "ifgo"


def test_no_forgetting_is_a_gate_that_is_open():
    """σ(40) is 1 in float64."""
    given, plain = limit("lstm_no_forget")
    plain.params.update({"W_f": torch.zeros(4, 3), "U_f": torch.zeros(4, 4), "b_f": torch.full((4,), 40.0)})
    plain.params.update({k: v.to(torch.float64) for k, v in plain.params.items()})
    same(given.run(REFERENCES["lstm_no_forget"]), plain.run(REFERENCES["lstm"]))


def test_cifg_is_an_lstm_whose_forget_gate_is_the_input_gate_negated():
    given, plain = limit("cifg")
    plain.params.update({f"{k}_f": -given.params[f"{k}_i"] for k in "WUb"})
    same(given.run(REFERENCES["cifg"]), plain.run(REFERENCES["lstm"]))


def test_peepholes_of_zero_are_none():
    given, plain = limit("lstm_peephole", p_i=0.0, p_f=0.0, p_o=0.0)
    same(given.run(REFERENCES["lstm_peephole"]), plain.run(REFERENCES["lstm"]))


def test_zoneout_without_masks_is_their_expectation_and_at_rate_0_an_lstm():
    given, plain = limit("lstm_zoneout")
    given.masks.clear()
    same(given.run(REFERENCES["lstm_zoneout"], zoneout_h=0.0, zoneout_c=0.0), plain.run(REFERENCES["lstm"]))
    _, held = given.run(REFERENCES["lstm_zoneout"], zoneout_h=1.0, zoneout_c=1.0)
    same(held, given.state)


@pytest.mark.parametrize("cell", ["lstm_recurrent_dropout", "lstm_variational"])
def test_dropout_that_drops_nothing_is_an_lstm(cell):
    given, plain = limit(cell)
    given.masks.clear()
    same(given.run(REFERENCES[cell]), plain.run(REFERENCES["lstm"]))


def test_what_recurrent_dropout_drops_is_not_written():
    given = drawn(REFERENCES["lstm_recurrent_dropout"])
    given.masks["m"].fill_(1.0)
    _, final = given.run(REFERENCES["lstm_recurrent_dropout"])
    assert (final["c"].abs() < given.state["c"].abs()).all()
    assert (final["c"] * given.state["c"] > 0).all()


def test_mogrifier_of_no_rounds_is_an_lstm():
    given, plain = limit("mogrifier")
    same(given.run(REFERENCES["mogrifier"], rounds=0), plain.run(REFERENCES["lstm"]))


def test_mogrifier_with_weights_of_zero_is_an_lstm():
    """2 σ(0) is 1."""
    given, plain = limit("mogrifier", Q_1=0.0, Q_3=0.0, Q_5=0.0, R_2=0.0, R_4=0.0)
    same(given.run(REFERENCES["mogrifier"]), plain.run(REFERENCES["lstm"]))


def test_an_lstm_that_ignores_its_memory():
    given, plain = limit("lstm_attention", C_i=0.0, C_f=0.0, C_g=0.0, C_o=0.0)
    same(given.run(REFERENCES["lstm_attention"]), plain.run(REFERENCES["lstm"]))


def test_attention_reads_a_memory_up_to_its_length():
    """Memory beyond a length is as if it were not there; equal scores give the mean of the rows."""
    cell = REFERENCES["lstm_attention"]
    given = drawn(cell)
    short = drawn(cell)
    short.memory["m"] = given.memory["m"][:, :2]
    expected = short.run(cell)
    given.memory["m_lengths"] = torch.full((ROWS,), 2)
    same(given.run(cell), expected)
    given.params["v_a"] = torch.zeros_like(given.params["v_a"])
    short.params["v_a"] = given.params["v_a"]
    short.memory["m"] = short.memory["m"].mean(1, keepdim=True)
    same(given.run(cell), short.run(cell))


def test_layer_norm_of_all_gates_at_once():
    """Written with the statistics of all 4H numbers, gate by gate."""
    cell = REFERENCES["lstm_layernorm"]
    given = drawn(cell)
    p, x, h = given.params, given.x["x"][0], given.state["h"]

    def normed(letter, value):
        parts = torch.stack([value @ p[f"{letter}_{k}"].T for k in GATES], -1)
        deviation = parts - parts.mean((1, 2), keepdim=True)
        unit = deviation / (deviation.square().mean((1, 2), keepdim=True) + 1e-5).sqrt()
        return {k: unit[..., n] * p[f"g_{letter}{k}"] for n, k in enumerate(GATES)}

    w, u = normed("W", x), normed("U", h)
    i, f, g, o = (w[k] + u[k] + p[f"b_{k}"] for k in GATES)
    c = f.sigmoid() * given.state["c"] + i.sigmoid() * g.tanh()
    d = c - c.mean(-1, keepdim=True)
    normed_c = d / (d.square().mean(-1, keepdim=True) + 1e-5).sqrt() * p["g_c"] + p["b_c"]
    y, new = cell({"x": x}, given.state, p)
    same((y, new["c"]), (o.sigmoid() * normed_c.tanh(), c))


def test_layer_norm_per_gate_carries_a_normalised_cell():
    given = drawn(REFERENCES["lstm_layernorm_per_gate"])
    given.params.update(g_c=torch.ones(4, dtype=torch.float64), b_c=torch.zeros(4, dtype=torch.float64))
    _, final = given.run(REFERENCES["lstm_layernorm_per_gate"])
    same(final["c"].mean(-1), torch.zeros(ROWS, dtype=torch.float64))
    same(final["c"].square().mean(-1), torch.ones(ROWS, dtype=torch.float64), 1e-3)


def test_hard_gates_are_piecewise_linear():
    """Inside their bounds 0.2 v + 0.5 and v/6 + 0.5, outside 0 and 1."""
    p = {f"{a}_{k}": torch.zeros(1, 1, dtype=torch.float64) for a in "WU" for k in GATES}
    state = {"h": torch.zeros(1, 1, dtype=torch.float64), "c": torch.ones(1, 1, dtype=torch.float64)}
    for cell, slope, bound in (("lstm_hard", 0.2, 2.5), ("lstm_hard6", 1 / 6, 3.0)):
        for v in (-4.0, -bound, -1.0, 0.0, 2.0, bound, 4.0):
            bias = {f"b_{k}": torch.tensor([v if k == "f" else 0.0]) for k in GATES}
            _, new = REFERENCES[cell]({"x": torch.zeros(1, 1, dtype=torch.float64)}, state, p | bias)
            assert new["c"].item() == pytest.approx(min(max(slope * v + 0.5, 0.0), 1.0))


def test_mlstm_is_an_lstm_on_the_product():
    """With W_m x = 1 for every x and U_m = 1 the intermediate state is h."""
    given, plain = limit("mlstm_multiplicative")
    given.x["x"] = torch.cat([given.x["x"][..., :2], torch.ones(STEPS, ROWS, 1)], -1)
    plain.x["x"] = given.x["x"]
    given.params.update(W_m=torch.tensor([[0.0, 0.0, 1.0]] * 4, dtype=torch.float64), U_m=torch.eye(4, dtype=torch.float64))
    same(given.run(REFERENCES["mlstm_multiplicative"]), plain.run(REFERENCES["lstm"]))
