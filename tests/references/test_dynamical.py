"""Dynamical cells at their limits, and by explicit sums."""

import math

import pytest

from tests.references.drawn import ROWS, SIZES, STEPS, drawn
from tests.references.identity import limit, same
from tests.references.reference import torch
from tests.references.registry import REFERENCES

functional = torch.nn.functional
HIDDEN = SIZES["hidden"]


def full(value, *shape):
    return torch.full(shape, value, dtype=torch.float64)


def test_cornn_without_force_is_a_linear_map():
    """y' = y + Δ z', z' = z - Δ (γ y + ε z): the power of a matrix."""
    given, _ = limit("cornn", of="elman", R=0.0, R_z=0.0, V=0.0, b=0.0)
    dt, gamma, epsilon = 0.2, 1.3, 0.4
    velocity = torch.tensor([-dt * gamma, 1 - dt * epsilon], dtype=torch.float64)
    position = torch.tensor([1.0, 0.0], dtype=torch.float64) + dt * velocity
    power = torch.linalg.matrix_power(torch.stack([position, velocity]), STEPS)
    y, z = torch.einsum("ab,bnh->anh", power, torch.stack([given.state["y"], given.state["z"]]))
    same(given.run(REFERENCES["cornn"], dt=dt, gamma=gamma, epsilon=epsilon)[1], {"y": y, "z": z})


def test_cornn_as_its_authors_write_it():
    """One linear layer over x, z and y; the damping reads the old z."""
    given = drawn(REFERENCES["cornn"])
    p, x, (y, z) = given.params, given.x["x"][0], (given.state["y"], given.state["z"])
    weight = torch.cat([p["V"], p["R_z"], p["R"]], 1)
    z = z + 0.1 * (torch.tanh(functional.linear(torch.cat([x, z, y], 1), weight, p["b"])) - 1.0 * y - 1.0 * z)
    y = y + 0.1 * z
    same(REFERENCES["cornn"]({"x": x}, given.state, p), (y, {"y": y, "z": z}))


def test_lem_as_its_authors_write_it():
    """One linear layer for x, one for y, one for the new z, cut into chunks."""
    given = drawn(REFERENCES["lem"])
    p, x, (y, z) = given.params, given.x["x"][0], (given.state["y"], given.state["z"])
    of_x = functional.linear(x, torch.cat([p[f"W_{k}"] for k in "21yz"]), torch.cat([p[f"b_{k}"] for k in "21yz"]))
    of_y = functional.linear(y, torch.cat([p[f"U_{k}"] for k in "21z"]))
    i_bar, i_dt, i_out, i_in = of_x.chunk(4, 1)
    h_bar, h_dt, h_in = of_y.chunk(3, 1)
    bar, dt = 0.5 * torch.sigmoid(i_bar + h_bar), 0.5 * torch.sigmoid(i_dt + h_dt)
    z = (1 - dt) * z + dt * torch.tanh(i_in + h_in)
    y = (1 - bar) * y + bar * torch.tanh(functional.linear(z, p["U_y"]) + i_out)
    same(REFERENCES["lem"]({"x": x}, given.state, p, dt=0.5), (y, {"y": y, "z": z}))


def test_antisymmetric_by_an_explicit_sum():
    given = drawn(REFERENCES["antisymmetric"])
    p, x, h = given.params, given.x["x"][0], given.state["h"]
    image = x @ p["V"].T + p["b"]
    for i in range(HIDDEN):
        pulled = sum((p["A"][i, j] - p["A"][j, i]) * h[:, j] for j in range(HIDDEN)) - 0.2 * h[:, i]
        expected = h[:, i] + 0.1 * torch.tanh(pulled + image[:, i])
        found, _ = REFERENCES["antisymmetric"]({"x": x}, given.state, p, epsilon=0.1, gamma=0.2)
        same(found[:, i], expected)


@pytest.mark.parametrize("t", [0.0, -4.0, 12.0])
def test_phased_lstm_opens_and_closes(t):
    """At half of the open share k is 1 and the cell an LSTM; at its end and, without leak, past it, k is 0. Periods repeat."""
    given, plain = limit("phased_lstm", tau=4.0, s=1.0, r=0.5)
    cell = REFERENCES["phased_lstm"]
    given.x["t"] = full(t + 1 + 4 * 0.25, STEPS, ROWS)
    same(given.run(cell), plain.run(REFERENCES["lstm"]))
    given.x["t"] = full(t + 1 + 4 * 0.75, STEPS, ROWS)
    same(given.run(cell, alpha=0.0)[1], given.state)
    _, new = plain.run(REFERENCES["lstm"])
    given.x["t"] = full(t + 1 + 4 * 0.125, STEPS, ROWS)
    _, half = given.row(0, 1).run(cell)
    _, whole = plain.row(0, 1).run(REFERENCES["lstm"])
    same(half, {k: (whole[k] + given.state[k][:1]) / 2 for k in new})


def test_gru_d_with_everything_observed_is_a_gru():
    """The mask of ones is a bias."""
    given, plain = limit("gru_d", of="gru", b_gamma_x=0.0, b_gamma_h=0.0)
    given.x.update(m=full(1.0, STEPS, ROWS, 3), delta=full(0.0, STEPS, ROWS, 3))
    plain.params.update({f"b_{k}": given.params[f"b_{k}"] + given.params[f"V_{k}"].sum(1) for k in "zrn"})
    y, final = given.run(REFERENCES["gru_d"])
    same((y, final["h"]), (plain.run(REFERENCES["gru"])[0], y[-1]))
    same(final["x_last"], given.x["x"][-1])


def test_gru_d_forgets_what_was_long_ago():
    """γ -> 0: the mean stands in for x, and h starts anew. γ = 1: the last observation stays."""
    cell = REFERENCES["gru_d"]
    given, plain = limit("gru_d", of="gru", b_gamma_x=800.0, b_gamma_h=800.0)
    given.x.update(m=full(0.0, STEPS, ROWS, 3), delta=full(0.0, STEPS, ROWS, 3))
    plain.x["x"] = given.params["x_mean"].expand(STEPS, ROWS, 3)
    plain.state["h"] = full(0.0, ROWS, 4)
    same(given.run(cell)[0][:1], plain.run(REFERENCES["gru"])[0][:1])
    given.params.update(b_gamma_x=full(-1.0, 3), b_gamma_h=full(-1.0, 4))
    plain.x["x"], plain.state["h"] = given.state["x_last"].expand(STEPS, ROWS, 3), given.state["h"]
    same(given.run(cell)[0], plain.run(REFERENCES["gru"])[0])


def test_augru_of_score_1_is_a_gru_and_of_score_0_stands_still():
    given, plain = limit("augru", of="gru_reset_after")
    plain.params.update({k: -given.params[k] for k in ("W_z", "U_z", "b_z")} | {"b_h": full(0.0, 4)})
    given.x["a"] = full(1.0, STEPS, ROWS)
    same(given.run(REFERENCES["augru"]), plain.run(REFERENCES["gru_reset_after"]))
    given.x["a"] = full(0.0, STEPS, ROWS)
    same(given.run(REFERENCES["augru"])[1], given.state)


def test_cfc_goes_from_one_end_to_the_other():
    """Elapsed time far in the direction of the gate's slope gives the second head, far against it the first."""
    cell = REFERENCES["cfc"]
    given, _ = limit("cfc", of="elman", W_a=0.0, b_a=1.0, b_b=0.0, W_b=0.0)
    p, x, h = given.params, given.x["x"][0], given.state["h"]
    backbone = 1.7159 * torch.tanh(0.666 * functional.linear(torch.cat([x, h], 1), torch.cat([p["W_0"], p["U_0"]], 1), p["b_0"]))
    for sign, k in ((-1.0, "1"), (1.0, "2")):
        found, _ = cell({"x": x, "dt": full(sign * 800.0, ROWS)}, given.state, p)
        same(found, torch.tanh(functional.linear(backbone, p[f"W_{k}"], p[f"b_{k}"])))


def test_ltc_by_explicit_sums():
    """Unit by unit and synapse by synapse, as the paper's eq. 1 with the fused solver of its algorithm 1."""
    cell = REFERENCES["ltc"]
    given = drawn(cell)
    p, x, v = ({k: t.detach() for k, t in field.items()} for field in (given.params, given.x, given.state))
    inputs, v = x["x"][0, 0] * p["input_w"] + p["input_b"], v["v"][0]
    for _ in range(6):
        v = torch.tensor([unfolded(p, inputs, v, unit) for unit in range(HIDDEN)], dtype=torch.float64)
    y, new = cell({"x": x["x"][0, :1]}, {"v": given.state["v"][:1]}, p)
    same((y[0], new["v"][0]), (v * p["output_w"] + p["output_b"], v))


def unfolded(p, inputs, v, unit):
    """A sixth of a step of one unit."""
    numerator, denominator = 6 * p["cm"][unit] * v[unit] + p["gleak"][unit] * p["vleak"][unit], 6 * p["cm"][unit] + p["gleak"][unit]
    for prefix, sources in (("", v), ("sensory_", inputs)):
        for j, source in enumerate(sources):
            w, mu, sigma, erev = (p[f"{prefix}{name}"][j, unit].item() for name in ("w", "mu", "sigma", "erev"))
            g = w / (1 + math.exp(-sigma * (source.item() - mu)))
            numerator, denominator = numerator + g * erev, denominator + g
    return numerator / (denominator + 1e-8)


def test_clockwork_of_one_module_is_an_elman_network():
    given, plain = limit("clockwork", of="elman")
    same(given.run(REFERENCES["clockwork"], modules=1), plain.run(REFERENCES["elman"]))


def test_clockwork_runs_each_module_at_its_period_and_towards_the_fast():
    cell = REFERENCES["clockwork"]
    given = drawn(cell)
    y, _ = given.run(cell, modules=4)
    for t in range(1, STEPS):
        changed = (y[t] != y[t - 1]).all(0).tolist()
        assert changed == [t % 2**module == 0 for module in range(4)]
    slope = torch.autograd.grad(y[0, :, 2].sum(), given.state["h"])[0]
    assert (slope != 0).all(0).tolist() == [False, False, True, True]


def test_esn_leaks_between_standing_still_and_an_elman_network():
    given, plain = limit("esn", of="elman")
    same(given.run(REFERENCES["esn"], leak=1.0), plain.run(REFERENCES["elman"]))
    same(given.run(REFERENCES["esn"], leak=0.0)[1], given.state)


def test_lif_below_its_threshold_is_a_filter_of_second_order():
    """No spike: the potential is the input's current through two leaky integrators, one step late."""
    cell = REFERENCES["lif"]
    given = drawn(cell)
    given.x["x"] = 1e-3 * given.x["x"]
    given.state.update({k: full(0.0, ROWS, HIDDEN) for k in "ivs"})
    y, final = given.run(cell, alpha=0.5, beta=0.25)
    image = given.x["x"] @ given.params["W"].T
    late = range(STEPS - 1)
    expected = sum(sum(0.25 ** (STEPS - 2 - k) * 0.5 ** (k - j) for k in range(j, STEPS - 1)) * image[j] for j in late)
    assert not y.any()
    same(final["v"], expected)


def test_lif_spikes_at_its_threshold_with_the_slope_of_superspike():
    cell = REFERENCES["lif"]
    p = {"W": torch.zeros(1, 1, dtype=torch.float64), "V": torch.zeros(1, 1, dtype=torch.float64)}
    for v, spikes in ((0.7, 0.0), (1.3, 1.0)):
        start = torch.tensor([[v]], dtype=torch.float64, requires_grad=True)
        state = {"i": full(0.0, 1, 1), "v": start, "s": full(0.0, 1, 1)}
        s, new = cell({"x": full(0.0, 1, 1)}, state, p, beta=1.0, slope=10.0)
        assert s.item() == spikes
        assert torch.autograd.grad(s.sum(), start)[0].item() == pytest.approx(1 / (1 + 10 * abs(v - 1)) ** 2)
        _, later = cell({"x": full(0.0, 1, 1)}, new, p, beta=1.0)
        assert later["v"].item() == pytest.approx(v - spikes)
