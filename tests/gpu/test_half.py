"""Layers of bfloat16 on a device, trained and evaluated with tensors of PyTorch, beside those of float32."""

import pytest

import rnncc

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.gpu
T, N, INPUTS, H = 50, 16, 96, 128
BOUND = 20 * 2.0**-8
"""Operands and results of some ten products in a row are rounded to seven bits behind the point."""


def test_tensors_of_bfloat16(cupy):
    half, single = (rnncc.RNN("lstm", INPUTS, H, device="cuda", seed=1, dtype=dtype) for dtype in ("bfloat16", "float32"))
    x, dy = (torch.randn(T, N, units, device="cuda", dtype=torch.bfloat16) for units in (INPUTS, H))
    (y, state), pull = half.vjp(x)
    (expected, _), pull_single = single.vjp(x.float())
    assert y.dtype is torch.bfloat16
    assert state["c"].dtype is torch.float32
    torch.testing.assert_close(y.float(), expected, rtol=0, atol=BOUND)
    torch.testing.assert_close(half(x)[0], y, rtol=0, atol=2.0**-8)
    g, g_single = pull(dy), pull_single(dy.float())
    assert g.x.dtype is torch.bfloat16
    for name, value in g_single.params.items():
        assert (g.params[name] - value).abs().max() <= BOUND * max(1, value.abs().max())
