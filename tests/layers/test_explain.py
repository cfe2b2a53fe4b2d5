"""What a layer says of itself."""

import pytest

import rnncc


def test_explain_says_what_runs(class_of):
    layer = class_of("mixed")(3, 5, 2, bidirectional=True, threads=3, seed=1)
    text = layer.explain()
    for line in (
        "cell         Mixed: A leaky cell with all",
        "constants    alpha=0.5",
        "sizes        input 3, hidden 5, control 2, proj 3, output 3",
        "layers       2, both directions",
        "states       h (5,)",
        "  l1.reverse.W (5, 6)",
        "dtype        float32",
        "threads      3, at most one a row",
        "instructions ",
        "kernels      inference, forward, backward, trace of ",
    ):
        assert line in text
    assert f"parameters   {layer.num_parameters:,} ({4 * layer.num_parameters:,} bytes)" in text


def test_repr_could_be_typed(class_of):
    assert repr(class_of("lstm")(3, 5, seed=1)) == "LSTM(3, 5, num_layers=1, dtype='float32', seed=1)"
    shown = repr(class_of("mixed")(3, 5, 2, bias=False, bidirectional=True, dropout=0.5, dtype="float64", seed=1))
    common = "num_layers=2, bidirectional=True, bias=False, dropout=0.5, dtype='float64', seed=1"
    assert shown == f"Mixed(3, 5, {common}, control=2, proj=3, alpha=0.5)"


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("lstm", "h, c: units meet in every step; run step by step"),
        (
            "minlstm",
            "h: no product in the loop, linear in its state; run unit by unit, not as a scan over time, which would do the work twice",
        ),
    ],
)
def test_what_was_found_of_the_loop_and_how_it_runs(cell, told):
    assert f"\nloop of      {told}\n" in rnncc.RNN(cell, 3, 5).explain()
