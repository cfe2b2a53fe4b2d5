from tests.structure.cells import found, of_catalogue


def test_heads_are_blocks():
    (one,) = of_catalogue("slstm", heads=4)
    assert one.blocks.why == "4 blocks in U_z @ h, U_o @ h, U_i @ h, U_f @ h; no unit meets one of another block"
    assert set(one.blocks.counts.values()) == {4}
    assert one.holding == ("block-diagonal products",)


def test_full_products_are_none():
    (one,) = of_catalogue("slstm")
    assert not one.blocks.holds
    assert not one.holding


def test_other_products_beside_blocks(tmp_path):
    text = """
A, B, V = cell.weight("A", h, h, blocks=2), cell.weight("B", h, h, blocks=3), cell.weight("V", h, h)
cell.next(h=tanh(A @ h + V @ c), c=tanh(B @ h - mean(c)))"""
    one = found(text, tmp_path)
    assert one.blocks.why == "2 blocks in A @ h, 3 blocks in B @ h; units of all blocks meet in V @ c, sum(c)"


def test_only_the_loop_s_own_products_count(tmp_path):
    one = found('cell.next(h=tanh(c), c=tanh(h))\nx_h = x_h + cell.weight("A", h, x, blocks=2) @ x', tmp_path)
    assert not one.blocks.holds
