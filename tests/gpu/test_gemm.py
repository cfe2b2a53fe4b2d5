"""Products of whole sequences by tensor cores: as exact as TF32 is, and left exact where nobody asks for it."""

import numpy as np
import pytest

from rnncc.runtime.cuda.gemm import product

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("shape", [(512, 256, 384), (37, 33, 65), (1, 512, 7)])
def test_products_in_tf32(cupy, shape):
    rows, depth, columns = shape
    draw = np.random.default_rng(0).normal
    a, b = (cupy.asarray(draw(size=s).astype(np.float32)) for s in ((rows, depth + 3), (columns, depth)))
    expected = cupy.asnumpy(a[:, :depth]).astype(np.float64) @ cupy.asnumpy(b.T).astype(np.float64)
    size = np.abs(cupy.asnumpy(a[:, :depth])).astype(np.float64) @ np.abs(cupy.asnumpy(b.T))
    for tf32, half_a_bit in [(True, 2.0**-11), (False, depth * 2.0**-24)]:
        found = cupy.asnumpy(product(a[:, :depth], b.T, tf32))
        assert (np.abs(found - expected) <= 3 * half_a_bit * size).all()
