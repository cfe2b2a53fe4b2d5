"""Gated cells at their limits, and by closed forms."""

from tests.references.drawn import STEPS, drawn
from tests.references.identity import limit, same
from tests.references.reference import torch
from tests.references.registry import REFERENCES


def test_mgu_is_a_gru_with_one_gate():
    given, plain = limit("mgu", of="gru")
    plain.params.update({f"{a}_{k}": given.params[f"{a}_f"] for a in "WUb" for k in "zr"})
    same(given.run(REFERENCES["mgu"]), plain.run(REFERENCES["gru"]))


def test_ugrnn_is_a_gru_without_reset():
    """Its gate keeps, as Cho's z does."""
    given, plain = limit("ugrnn", of="gru_cho")
    plain.params.update({f"{a}_{to}": given.params[f"{a}_{k}"] for a in "WUb" for k, to in (("g", "z"), ("c", "n"))})
    plain.params.update(W_r=torch.zeros(4, 3), U_r=torch.zeros(4, 4), b_r=torch.full((4,), 40.0))
    plain.params.update({k: v.to(torch.float64) for k, v in plain.params.items()})
    same(given.run(REFERENCES["ugrnn"]), plain.run(REFERENCES["gru_cho"]))


def test_janet_with_beta_0_is_a_ugrnn():
    given, plain = limit("janet", of="ugrnn")
    plain.params.update({f"{a}_g": given.params[f"{a}_s"] for a in "WUb"})
    same(given.run(REFERENCES["janet"], beta=0.0), plain.run(REFERENCES["ugrnn"]))
    y, _ = given.run(REFERENCES["janet"])
    assert not torch.allclose(y, plain.run(REFERENCES["ugrnn"])[0])


def test_fastgrnn_with_open_scalars_is_a_ugrnn_with_shared_weights():
    """ζ -> ∞ and ν -> -∞."""
    given, plain = limit("fastgrnn", of="ugrnn", zeta=40.0, nu=-800.0)
    plain.params.update({f"{a}_{k}": given.params[a] for a in "WU" for k in "gc"})
    plain.params.update(b_g=given.params["b_z"], b_c=given.params["b_n"])
    same(given.run(REFERENCES["fastgrnn"]), plain.run(REFERENCES["ugrnn"]))


def test_minimal_rnn_keeps_a_sum_of_what_it_saw():
    """With u = 1/2 the state is a geometric average of the inputs' images."""
    given = drawn(REFERENCES["minimal_rnn"])
    given.params.update({k: torch.zeros_like(given.params[k]) for k in ("U_u", "W_u", "b_u")})
    v = torch.tanh(given.x["x"] @ given.params["W_v"].T + given.params["b_v"])
    weights = 0.5 ** torch.arange(STEPS, 0, -1, dtype=torch.float64)
    expected = 0.5**STEPS * given.state["h"] + (weights[:, None, None] * v).sum(0)
    same(given.run(REFERENCES["minimal_rnn"])[1]["h"], expected)


def test_ran_is_a_weighted_sum_of_its_inputs():
    """Lee et al., eq. 6: each input weighted by its input gate and every forget gate after it."""
    cell = REFERENCES["ran"]
    given = drawn(cell)
    h, weighted = given.state["h"], [given.state["c"]]
    for x in given.x["x"]:
        i, f = (torch.sigmoid(x @ given.params[f"W_{k}"].T + h @ given.params[f"U_{k}"].T + given.params[f"b_{k}"]) for k in "if")
        weighted = [f * w for w in weighted] + [i * (x @ given.params["W_c"].T)]
        h = torch.tanh(sum(weighted))
    same(given.run(cell)[1]["h"], h)


def test_scrn_without_context_is_an_elman_network():
    given, plain = limit("scrn", of="elman", P=0.0)
    plain.params.update(W=given.params["A"], U=given.params["R"], b=torch.zeros(4, dtype=torch.float64))
    y, final = given.run(REFERENCES["scrn"], alpha=0.5)
    same(y[..., :4], plain.run(REFERENCES["elman"], phi="sigmoid")[0])
    decay = 0.5 ** torch.arange(STEPS, 0, -1, dtype=torch.float64)
    images = (decay[:, None, None] * (given.x["x"] @ given.params["B"].T)).sum(0)
    same(final["s"], 0.5**STEPS * given.state["s"] + images)


def test_mutants_are_grus_where_they_read_the_same():
    given, plain = limit("mut2", of="gru")
    same(given.run(REFERENCES["mut2"]), plain.run(REFERENCES["gru"]))
    given, plain = limit("mut3", of="gru", U_z=0.0)
    plain.params["U_z"] = given.params["U_z"]
    same(given.run(REFERENCES["mut3"]), plain.run(REFERENCES["gru"]))
    given, plain = limit("mut1", of="gru", W_n=0.0)
    plain.params.update(U_z=torch.zeros(4, 4, dtype=torch.float64), W_n=given.params["W_n"])
    same(given.run(REFERENCES["mut1"]), plain.run(REFERENCES["gru"]))


def test_rhn_of_depth_1_is_a_highway_step():
    """A ugrnn whose gate writes."""
    given, plain = limit("rhn", of="ugrnn")
    plain.state["h"] = given.state["s"]
    names = {"W_c": "W_h", "U_c": "R_h0", "b_c": "b_h0"}
    plain.params.update({k: given.params[v] for k, v in names.items()})
    plain.params.update({"W_g": -given.params["W_t"], "U_g": -given.params["R_t0"], "b_g": -given.params["b_t0"]})
    plain.x.update(given.x)
    same(given.run(REFERENCES["rhn"], depth=1)[0], plain.run(REFERENCES["ugrnn"])[0])


def test_nas_is_its_tree():
    """Zero weights leave σ(0) = 1/2 and tanh(0) = relu(0) = 0: c' = tanh(c) tanh(1/2)."""
    given = drawn(REFERENCES["nas"])
    given.params.update({k: torch.zeros_like(v) for k, v in given.params.items()})
    y, new = REFERENCES["nas"]({"x": given.x["x"][0]}, given.state, given.params)
    c = given.state["c"].tanh() * torch.tensor(0.5, dtype=torch.float64).tanh()
    same(new["c"], c)
    same(y, (c * torch.tensor(0.5, dtype=torch.float64).sigmoid().tanh()).tanh())


def test_nbrc_with_diagonal_weights_is_a_brc():
    given, plain = limit("brc", of="nbrc")
    plain.params.update({f"W_{k}": torch.diag(given.params[f"w_{k}"]) for k in "ac"})
    same(given.run(REFERENCES["brc"]), plain.run(REFERENCES["nbrc"]))


def test_brc_is_bistable_above_one():
    """h = tanh(a h) has a solution besides 0 for a > 1: a state outlives many steps without input; below 1 it does not."""
    cell, one = REFERENCES["brc"], torch.ones(1, 1, dtype=torch.float64)
    p = {"U_a": one, "U_c": one * 0, "U": one * 0, "w_a": one[0] * 0, "w_c": one[0] * 0}
    for drive, alive in ((2.0, True), (-2.0, False)):
        state = {"h": one * 0.5}
        for _ in range(200):
            _, state = cell({"x": one * drive}, state, p)
        assert (state["h"].item() > 0.5) is alive


def test_ligru_without_inputs_of_its_norm():
    """A gain of 0 leaves biases: then it is a ugrnn with relu, of constant input."""
    given = drawn(REFERENCES["ligru"])
    given.params.update({f"g_{k}": torch.zeros(4, dtype=torch.float64) for k in "zh"})
    p, h = given.params, given.state["h"]
    z = torch.sigmoid(p["b_z"] + h @ p["U_z"].T)
    expected = z * h + (1 - z) * torch.relu(p["b_h"] + h @ p["U_h"].T)
    same(REFERENCES["ligru"]({"x": given.x["x"][0]}, given.state, p)[0], expected)
