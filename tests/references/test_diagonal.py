"""Diagonal and linear recurrences against their parallel forms, and against the code of their authors written another way."""

import pytest

from tests.references.drawn import ROWS, SIZES, STEPS, drawn
from tests.references.identity import limit, same
from tests.references.reference import torch
from tests.references.registry import REFERENCES

functional = torch.nn.functional


@pytest.mark.parametrize("phi", ["relu", "tanh"])
def test_indrnn_is_an_elman_network_with_a_diagonal(phi):
    given, plain = limit("indrnn", of="elman")
    plain.params["U"] = torch.diag(given.params["u"])
    same(given.run(REFERENCES["indrnn"], phi=phi), plain.run(REFERENCES["elman"], phi=phi))


def test_sru_as_its_package_writes_it():
    """c + (u - c)(1 - f) and the highway the same way."""
    cell = REFERENCES["sru"]
    given = drawn(cell)
    p, c, outputs = given.params, given.state["c"], []
    u = torch.einsum("tni,khi->ktnh", given.x["x"], torch.stack([p[k] for k in ("W", "W_f", "W_r", "W_x")]))
    for t in range(STEPS):
        f, r = (u[1, t] + p["b_f"] + c * p["v_f"]).sigmoid(), (u[2, t] + p["b_r"] + c * p["v_r"]).sigmoid()
        c = u[0, t] + (c - u[0, t]) * f
        outputs.append(u[3, t] + (c - u[3, t]) * r)
    same(given.run(cell), (torch.stack(outputs), {"c": c}))


def test_sru_of_equal_sizes_has_x_for_its_highway():
    cell = REFERENCES["sru"]
    given = drawn(cell, input=4)
    given.params["W_x"] = torch.eye(4, dtype=torch.float64)
    expected = given.run(cell)
    del given.params["W_x"]
    same(given.run(cell), expected)


def test_qrnn_is_a_convolution_and_a_pooling():
    """conv1d over the sequence with the input before it; then c as a sum weighted by all the forget gates after a step."""
    cell = REFERENCES["qrnn"]
    given = drawn(cell)
    p = given.params
    padded = torch.cat([given.state["x_1"][None], given.x["x"]]).permute(1, 2, 0)
    kernels = {k: p[f"W_{k}"].reshape(SIZES["hidden"], 2, SIZES["input"]).transpose(1, 2).flip(2) for k in "zfo"}
    z, f, o = (functional.conv1d(padded, kernels[k], p[f"b_{k}"]).permute(2, 0, 1) for k in "zfo")
    later = torch.cumsum(functional.logsigmoid(f), 0)
    weighted = (1 - f.sigmoid()) * z.tanh() * torch.exp(-later)
    c = torch.exp(later) * (given.state["c"] + torch.cumsum(weighted, 0))
    same(given.run(cell), (o.sigmoid() * c, {"c": c[-1], "x_1": given.x["x"][-1]}))


def scanned(log_keep, log_write, log_first):
    """h_t of h' = keep h + write in log space: Heinsen's scan, as in appendix B of Feng et al."""
    passed = torch.cumsum(log_keep, 0)
    start = torch.cat([log_first[None], log_write - passed])
    return torch.exp(passed + torch.logcumsumexp(start, 0)[1:])


def log_candidate(v):
    return torch.where(v >= 0, (functional.relu(v) + 0.5).log(), -functional.softplus(-v))


@pytest.mark.parametrize("cell", ["mingru", "minlstm"])
def test_minimal_cells_in_log_space(cell):
    given = drawn(REFERENCES[cell])
    given.state["h"] = given.state["h"].abs()
    p = given.params
    a = {k: given.x["x"] @ p[f"W_{k}"].T + p[f"b_{k}"] for k in ("zh" if cell == "mingru" else "fih")}
    if cell == "mingru":
        keep, write = -functional.softplus(a["z"]), -functional.softplus(-a["z"])
    else:
        lead = functional.softplus(-a["f"]) - functional.softplus(-a["i"])
        keep, write = -functional.softplus(lead), -functional.softplus(-lead)
    h = scanned(keep, write + log_candidate(a["h"]), given.state["h"].log())
    same(given.run(REFERENCES[cell], log_space=True), (h, {"h": h[-1]}))


def test_minlstm_whose_gates_are_each_other_s_complement_is_a_mingru():
    """f = 1 - i sums to one."""
    given, plain = limit("minlstm", of="mingru")
    for a in "Wb":
        plain.params[f"{a}_z"] = given.params[f"{a}_i"]
        given.params[f"{a}_f"] = -given.params[f"{a}_i"]
    same(given.run(REFERENCES["minlstm"]), plain.run(REFERENCES["mingru"]))


def test_lru_by_powers_of_its_eigenvalues():
    cell = REFERENCES["lru"]
    given = drawn(cell)
    p = given.params
    modulus, angle = torch.exp(-torch.exp(p["nu"])), torch.exp(p["theta"])
    power = torch.arange(STEPS + 1, dtype=torch.float64)[:, None]
    powers = modulus**power * torch.exp(1j * power * angle)
    image = torch.exp(p["log_gamma"]) * (given.x["x"] @ p["B_re"].T + 1j * (given.x["x"] @ p["B_im"].T))
    first = given.state["s_re"] + 1j * given.state["s_im"]
    s = torch.stack([powers[t + 1] * first + sum(powers[t - k] * image[k] for k in range(t + 1)) for t in range(STEPS)])
    y = s.real @ p["C_re"].T - s.imag @ p["C_im"].T + given.x["x"] @ p["D"].T
    same(given.run(cell), (y, {"s_re": s[-1].real, "s_im": s[-1].imag}))


def test_unicornn_can_be_run_backwards():
    """As its authors' backward pass rebuilds the states from the last."""
    cell = REFERENCES["unicornn"]
    given = drawn(cell)
    _, final = given.run(cell, dt=0.3, alpha=0.7)
    y, z, p = final["y"], final["z"], given.params
    step = 0.3 * p["c"].sigmoid()
    for x in given.x["x"].flip(0):
        y = y - step * z
        z = z + step * (torch.tanh(p["w"] * y + x @ p["V"].T + p["b"]) + 0.7 * y)
    same({"y": y, "z": z}, given.state)


def test_unicornn_keeps_the_area_of_its_phase_plane():
    """A symplectic step: the determinant of ∂(y', z')/∂(y, z) of a unit is 1."""
    cell = REFERENCES["unicornn"]
    given = drawn(cell)
    row = {k: v[0] for k, v in given.x.items()}

    def step(y, z):
        _, new = cell(row, {"y": y, "z": z}, given.params)
        return new["y"].sum(0), new["z"].sum(0)

    (dy_y, dy_z), (dz_y, dz_z) = torch.autograd.functional.jacobian(step, (given.state["y"], given.state["z"]))
    units = range(SIZES["hidden"])
    for n in range(ROWS):
        at = [torch.stack([j[k, n, k] for k in units]) for j in (dy_y, dy_z, dz_y, dz_z)]
        same(at[0] * at[3] - at[1] * at[2], torch.ones(len(units), dtype=torch.float64))
