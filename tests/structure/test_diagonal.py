import pytest

from tests.structure.cells import found, of_catalogue


@pytest.mark.parametrize("name", ["brc", "indrnn", "lru", "mingru", "minlstm", "qrnn", "sru", "unicornn"])
def test_cells_without_a_product_in_the_loop(name):
    (one,) = of_catalogue(name)
    assert one.diagonal.holds
    assert "no product in the loop" in one.holding


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("elman", "units meet in U @ h"),
        ("gru", "units meet in U_z @ h, U_r @ h, U_n @ h_r"),
        ("lstm_projected", "units meet in U_i @ r, U_f @ r, U_g @ r, U_o @ r, …"),
    ],
)
def test_products_are_named(name, why):
    (one,) = of_catalogue(name)
    assert (one.diagonal.holds, one.diagonal.why) == (False, why)


@pytest.mark.parametrize(
    ("text", "mixing"),
    [
        ("cell.next(h=tanh(c - mean(h)), c=h)", "sum(h)"),
        ("cell.next(h=tanh(c + max(h)), c=h)", "max(h)"),
    ],
)
def test_reductions_mix_units(text, mixing, tmp_path):
    one = found(text, tmp_path)
    assert one.diagonal.why == f"units meet in {mixing}"


def test_only_what_lies_in_the_loop_counts(tmp_path):
    one = found("cell.next(h=c - x_h * mean(x), c=h * c)", tmp_path)
    assert one.diagonal.holds
    assert one.diagonal.why == "elementwise from h to h_new, c to c_new: each unit sees its own past alone"
