"""References against packages that offer the cell, each where it is installed: ncps, xlstm, minGRU-pytorch."""

import pytest

from tests.references.drawn import ROWS, SIZES, drawn
from tests.references.identity import same
from tests.references.reference import torch
from tests.references.registry import REFERENCES

HIDDEN = SIZES["hidden"]


def package(name):
    return pytest.importorskip(name, reason=f"{name.partition('.')[0]} is not installed", exc_type=ImportError)


def test_cfc_is_that_of_ncps():
    cells = package("ncps.torch.cfc_cell")
    given = drawn(REFERENCES["cfc"])
    p = given.params
    made = cells.CfCCell(SIZES["input"], HIDDEN, backbone_units=5).double()
    values = {"backbone.0.weight": torch.cat([p["W_0"], p["U_0"]], 1), "backbone.0.bias": p["b_0"]}
    for name, k in (("ff1", "1"), ("ff2", "2"), ("time_a", "a"), ("time_b", "b")):
        values |= {f"{name}.weight": p[f"W_{k}"], f"{name}.bias": p[f"b_{k}"]}
    made.load_state_dict({k: v.detach() for k, v in values.items()})
    h, _ = made(given.x["x"][0], given.state["h"], given.x["dt"][0][:, None])
    same(REFERENCES["cfc"]({"x": given.x["x"][0], "dt": given.x["dt"][0]}, given.state, p), (h, {"h": h}))


def test_ltc_is_that_of_ncps():
    cells = package("ncps.torch.ltc_cell")
    wirings = package("ncps.wirings")
    given = drawn(REFERENCES["ltc"])
    made = cells.LTCCell(wirings.FullyConnected(HIDDEN), SIZES["input"]).double()
    own = dict(made.named_parameters())
    assert own.keys() - given.params.keys() == {"sparsity_mask", "sensory_sparsity_mask"}
    made.load_state_dict({k: v.detach() for k, v in (own | given.params).items()})
    y, v = made(given.x["x"][0], given.state["v"], 1.0)
    same(REFERENCES["ltc"]({"x": given.x["x"][0]}, given.state, given.params), (y, {"v": v}))


@pytest.mark.parametrize(("cell", "name", "order", "offset"), [("mingru", "minGRU", "hz", 0.0), ("minlstm", "minLSTM", "hfi", 0.5)])
def test_minimal_cells_are_those_of_lucidrains(cell, name, order, offset):
    """In parallel over the whole sequence, without biases, as many units as inputs; its minLSTM adds a half to the first state."""
    minimal = getattr(package(f"minGRU_pytorch.{name}"), name)
    given = drawn(REFERENCES[cell], input=HIDDEN)
    given.params.update({k: torch.zeros_like(v) for k, v in given.params.items() if k.startswith("b_")})
    given.state["h"] = given.state["h"].abs() + offset
    made = minimal(HIDDEN).double()
    ((weight, _),) = made.named_parameters()
    made.load_state_dict({weight: torch.cat([given.params[f"W_{k}"].detach() for k in order])})
    y = made(given.x["x"].transpose(0, 1), given.state["h"][:, None] - offset)
    same(given.run(REFERENCES[cell], log_space=True)[0], y.transpose(0, 1))


@pytest.mark.parametrize("first", [True, False])
def test_slstm_is_that_of_xlstm(first):
    """The package tells the first step by n = 0, where m is -∞ here."""
    step = package("xlstm.blocks.slstm.src.vanilla.slstm").slstm_forward_pointwise
    cell = REFERENCES["slstm"]
    given = drawn(cell)
    if first:
        given.state.update({k: torch.full_like(v, cell.initial.get(k, 0.0)) for k, v in given.state.items()})
    p, x, state = given.params, given.x["x"][0], given.state
    of_x, of_h = (torch.cat([v @ p[f"{letter}_{k}"].T for k in "ifzo"], -1) for letter, v in (("W", x), ("U", state["h"])))
    b = torch.cat([p[f"b_{k}"] for k in "ifzo"])
    known = torch.stack([state[k].nan_to_num(neginf=0.0) for k in "hcnm"])
    (h, c, n, m), _ = step(of_x, of_h, b, known, {})
    same(cell({"x": x}, state, p), (h, {"h": h, "c": c, "n": n, "m": m}))


def test_mlstm_is_that_of_xlstm():
    """One head of as many values as keys; the package scales the bias of k too."""
    step = package("xlstm.blocks.mlstm.backends").recurrent_step_stabilized_simple
    cell = REFERENCES["mlstm_matrix"]
    given = drawn(cell, key=HIDDEN)
    given.params["b_k"] = torch.zeros(HIDDEN, dtype=torch.float64)
    p, x, state = given.params, given.x["x"][0], given.state
    q, k, v = ((x @ p[f"W_{name}"].T + p[f"b_{name}"])[:, None, None] for name in "qkv")
    i, f = ((x @ p[f"w_{name}"] + p[f"b_{name}"]).reshape(ROWS, 1, 1, 1) for name in "if")
    known = state["C"].transpose(1, 2)[:, None], state["n"][:, None, :, None], state["m"].reshape(ROWS, 1, 1, 1)
    h, (C, n, m) = step(*known, q, k, v, i, f, eps=0.0)
    y = torch.sigmoid(x @ p["W_o"].T + p["b_o"]) * h[:, 0, 0]
    same(cell({"x": x}, state, p), (y, {"C": C[:, 0].transpose(1, 2), "n": n[:, 0, :, 0], "m": m.reshape(ROWS)}))
