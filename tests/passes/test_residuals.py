"""What training keeps between the sweeps, and that it is the same from run to run."""

import os
import subprocess
import sys

import pytest

from rnncc.lower import lower
from rnncc.passes import cse, dce, differentiate, split
from rnncc.spec import load

EXPECTED = {
    "elman": {"h_new"},
    "jordan": {"h", "y_new"},
    "lstm": {"i", "f", "g", "o", "c_new", "h_new"},
    "lstm_peephole": {"i", "f", "g", "o", "c_new", "h_new"},
    "gru": {"z", "r", "n", "h_new"},
    "gru_cho": {"z", "r", "n", "h_new"},
    "gru_reset_after": {"z", "r", "n", "U_n_h", "h_new"},
}
"""Gates, states, and where a gate multiplies a product that product: never more than PyTorch keeps of the same cell."""


@pytest.mark.parametrize("name", EXPECTED)
def test_gates_and_states_are_kept_and_the_rest_is_computed_again(name):
    cell = lower(load(name))
    _, backward = split(dce(cse(differentiate(cell))))
    residuals = {i.name: i.type for i in backward.inputs if i.role == "residual"}
    assert set(residuals) == EXPECTED[name]
    assert all(t[:2] == ("T", "N") for t in residuals.values())


PRINT = """
from rnncc.ir import show
from rnncc.lower import lower
from rnncc.passes import cse, dce, differentiate, hoist_sums, split
from rnncc.spec import load
joint = dce(cse(differentiate(lower(load("lstm_peephole")))))
twice = dce(cse(differentiate(joint, of=["d_x", "d_h_0", "d_p_o"], prefix="e_")))
print("\\n".join(show(hoist_sums(sweep)) for sweep in split(twice)))
"""


def test_every_pass_gives_the_same_from_run_to_run():
    """Python orders its sets by a hash that changes with the process."""
    printed = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        done = subprocess.run([sys.executable, "-c", PRINT], env=environment, capture_output=True, text=True, check=True)
        printed.add(done.stdout)
    assert len(printed) == 1
    assert "program e_d_PeepholeLSTM.3" in printed.pop()
