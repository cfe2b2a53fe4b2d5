"""What a step costs where weights are block-diagonal."""

import sympy as sp

from rnncc.compiler import compile_cell
from rnncc.ir.flops import product_flops, volume

hidden, width = sp.symbols("hidden input")


def test_blocks_hold_their_share_of_a_matrix():
    found = volume(("4", "hidden/4", "hidden+input/4"))
    assert sp.expand(found - hidden * (hidden + width) / 4) == 0


def test_products_of_blocks_alone_are_counted():
    whole, heads = (compile_cell("slstm", {"heads": k}) for k in (1, 4))
    assert product_flops(whole.primal) == 8 * hidden**2 + 8 * hidden * width
    assert product_flops(heads.primal) == 2 * hidden**2 + 8 * hidden * width
    assert product_flops(heads.joint) == 3 * product_flops(heads.primal)
