"""Which values lie side by side on a device, and in which order."""

import pytest

from rnncc.compiler import compile_cell
from rnncc.emit.cpu.layout import Slot
from rnncc.emit.cuda.beside import Run, bundles, ordered, runs
from rnncc.schedule.phase import Accumulator, Panel, Term
from tests.emit.test_cuda_simulated import check


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        (["ab", "cd"], ["ab", "cd"]),
        (["bca", "dca"], ["bcad"]),  # what both read lies between what one alone reads
        (["a", "cab"], ["acb"]),  # what is read first begins
        (["ab", "bc", "cd", "e"], ["abcd"]),
        (["", "a"], []),
    ],
)
def test_members_of_a_set_follow_each_other(sets, expected):
    assert ["".join(group) for group in bundles(sets)] == expected


SLOT = {name: Slot("joint_seq", "after", str(k)) for k, name in enumerate("abcd")} | {
    "b_last": Slot("joint_seq", "before", "1"),
    "x": Slot("x_seq", "time"),
    "y": Slot("y_seq", "time"),
}


@pytest.mark.parametrize(
    ("operands", "apart", "expected"),
    [
        ("bcd", "", ["bcd"]),
        ("abd", "", ["ab", "d"]),
        ("aab", "", ["a", "ab"]),
        ("xy", "", ["x", "y"]),
        ("abcd", "b", ["a", "b", "cd"]),
        (["a", "b_last", "c"], "", ["a", ["b_last"], "c"]),
    ],
)
def test_runs_of_operands(operands, apart, expected):
    assert [list(run.operands) for run in runs(SLOT, operands, apart)] == [list(names) for names in expected]


def test_a_run_begins_where_its_first_operand_lies():
    (run,) = runs(SLOT, "cd")
    assert (run, run.first, run.parts) == (Run(("c", "d"), SLOT["c"]), 2, 2)


def test_products_of_one_array_are_put_in_its_order():
    sums = [Accumulator(value, tuple(Term(f"{value}{o}", o, transposed=False) for o in "bxa")) for value in "UV"]
    found = ordered(SLOT, Panel(("b", "x", "a"), tuple(sums)))
    assert found.operands == ("a", "b", "x")
    assert [[t.weight for t in a.terms] for a in found.accumulators] == [["Ua", "Ub", "Ux"], ["Va", "Vb", "Vx"]]


def test_cotangents_of_a_gru():
    """Two products read three of four each: one in the loop, from the first on, and one behind it."""
    source = compile_cell("gru_reset_after").cuda_source
    array = "d_b_h_at_n_in_last_to_d_n_in_seq"
    assert f"group, 0, {array}[before], 0, 3 * depth_of(hidden), top, end)" in source
    assert '[("W_r.T", "W_z.T", "W_n.T")]' in source
    assert f"[following({array}[:, :, 1:4], not sweep.reverse)]" in source
    assert f"{array}[after_here, row, 3, unit] = d_n_in\n" in source


def test_blocks_of_operands_side_by_side():
    """Each by itself, since a group of units reads some of the columns of each; W, without blocks, meets all at once."""
    made = compile_cell("slstm", {"heads": 5})
    backward = made.cuda_source.partition("def backward_loop")[2].partition("\n@kernel")[0]
    assert "_seq[before], 3 * depth_of(hidden) + start, 3 * depth_of(hidden) + stop, top, end)" in backward
    assert "outers(" in backward
    assert backward.count("blocks=5)") == 4
    check(made)
