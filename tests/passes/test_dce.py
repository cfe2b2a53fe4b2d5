import numpy as np
import pytest

from rnncc.emit.numpy import run
from rnncc.ir import verify
from rnncc.passes import dce, differentiate
from tests.passes.programs import arrays, linear, lstm, window


def test_what_no_output_needs_goes():
    found = verify(dce(linear(), keep=["h_T"]))
    assert [n.name for n in found.nodes] == ["W_x", "U_h", "h_new"]
    assert found.outputs == (("h_T", "h_T"),)


def test_the_cells_own_inputs_stay_and_seeds_and_sizes_go():
    found = dce(window(), keep=["w_T"])
    assert [i.name for i in found.inputs] == ["x", "W", "V", "w_0"]
    g = dce(differentiate(linear()), keep=["d_b"])
    assert [i.name for i in g.inputs if i.role == "seed"] == ["d_output"]
    assert not g.carries


@pytest.mark.parametrize("make", [lstm, linear, window])
def test_what_is_kept_keeps_its_value(make):
    g = differentiate(make())
    env = arrays(g, np.random.default_rng(1))
    whole = run(g, env)
    for key, _ in g.outputs:
        small = verify(dce(g, keep=[key]))
        np.testing.assert_array_equal(run(small, env, sizes={"T": 5, "N": 4})[key], whole[key])


def test_nothing_to_drop():
    assert dce(lstm()) == lstm()
