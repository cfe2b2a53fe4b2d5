"""Masks and their expectation."""

from dataclasses import replace

import numpy as np
import sympy as sp

from rnncc.emit.numpy import run
from rnncc.functions import symbol
from rnncc.ir import Input, Pointwise, verify
from rnncc.passes import cse, dce, expectation
from tests.passes.programs import STREAM, arrays, lstm, s

RATE = {"m": symbol("rate")}


def masked(expr, *before, axes=STREAM):
    """An LSTM whose next cell state is `expr`, with a mask `m` and a constant `rate`."""
    program = lstm()
    inputs = (*program.inputs, Input("m", axes, "mask"), Input("rate", (), "const"))
    carries = tuple(replace(c, next="c_next") if c.prev == "c" else c for c in program.carries)
    return verify(replace(program, inputs=inputs, nodes=(*before, *program.nodes, Pointwise("c_next", STREAM, expr)), carries=carries))


def test_a_program_without_masks_is_itself():
    program = lstm()
    assert expectation(program, {}) is program


def test_zoneout_weighs_both_values():
    c, c_new, m = s("c c_new m")
    found = verify(dce(expectation(masked(m * c + (1 - m) * c_new), RATE)))
    assert found.node["c_next"].expr == symbol("rate") * c + (1 - symbol("rate")) * c_new
    assert not [i for i in found.inputs if i.role == "mask"]


def test_inverted_dropout_is_gone():
    c_new, m, rate = s("c_new m rate")
    found = verify(dce(cse(verify(expectation(masked(c_new * (1 - m) / (1 - rate)), RATE)))))
    assert [c.next for c in found.carries] == ["h_new", "c_new"]
    number = verify(dce(cse(verify(expectation(masked(2 * c_new * (1 - m)), {"m": sp.Float(0.5)})))))
    assert [c.next for c in number.carries] == ["h_new", "c_new"]


def test_numbers_are_written_out_where_they_are_read():
    kept = Pointwise("kept", ("N", "hidden"), (1 - s("m")) / (1 - s("rate")))
    program = masked(s("c_new") * s("kept"), kept, axes=("N", "hidden"))
    found = verify(dce(cse(verify(expectation(program, RATE)))))
    assert "kept" not in found.node
    assert [c.next for c in found.carries] == ["h_new", "c_new"]


def test_whoever_reads_a_mask_as_an_array_is_given_one():
    program = masked(s("c_new"))
    carries = tuple(replace(c, next="m") if c.prev == "c" else c for c in program.carries)
    program = verify(replace(program, carries=carries))
    found = verify(dce(expectation(program, RATE)))
    env = arrays(found, np.random.default_rng(0)) | {"rate": 0.25}
    np.testing.assert_array_equal(run(found, env)["c_T"], np.full((4, 6), 0.25))


def test_it_means_the_program_with_every_mask_at_its_rate():
    c, c_new, m = s("c c_new m")
    program = masked(m * c + (1 - m) * c_new)
    env = arrays(program, np.random.default_rng(0)) | {"rate": 0.3, "m": np.full((5, 4, 6), 0.3)}
    expected = run(program, env)
    for key, value in run(verify(expectation(program, RATE)), env).items():
        np.testing.assert_allclose(value, expected[key], rtol=1e-14, atol=1e-15)
