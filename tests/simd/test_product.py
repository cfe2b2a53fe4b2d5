"""The register tile with a panel of float32, float64 and bfloat16, each row variant, against float64."""

import numpy as np
import pytest
from numba import njit

from rnncc.runtime.bfloat16 import paired
from rnncc.runtime.compiled import filled, kernel, new_tile
from rnncc.runtime.pack import group_blocks, pack
from rnncc.runtime.simd import ISA, lanes_of, load, product, store
from rnncc.runtime.simd.panel import DEPTH
from tests.emit.simulated import met, unpaired
from tests.simd.dots import dots

ROWS = range(1, ISA.tall + 1)
UNITS = [3, 130]
"""Of the two operands: within a block, and beyond one."""


@kernel
def _products(out, panel, whole, groups, vectors, first, second):  # type: ignore[no-untyped-def]
    tile = new_tile(panel, vectors)
    for group in range(groups):
        product(tile, panel, whole, group, 0, out.shape[0], (first, first.shape[1]), (second, second.shape[1]))
        for row in range(out.shape[0]):
            for v in range(vectors):
                store(load(tile, row, v, 0), out, row, group, v, 0)


def products(panel, sums, units, operands):
    """(rows, vectors, lanes): every sum of every row, as far as the panel is filled."""
    width, rows = lanes_of(operands[0].dtype), len(operands[0])
    whole = filled(units, width, sums)
    blocks = group_blocks(sums)
    groups = -(-units // (blocks * width))
    out = np.zeros((rows, groups, sums * blocks, width), operands[0].dtype)
    _products(out, panel, whole, groups, sums * blocks, *operands)
    return out.reshape(rows, -1, width)[:, :whole]


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("kind", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("units", [1, 5, 65, 70])
def test_product(rows, kind, units):
    dtype = np.float32 if kind == "bfloat16" else np.dtype(kind)
    rng, sums = np.random.default_rng(rows), 3
    operands = [rng.normal(size=(rows, k)).astype(dtype) for k in UNITS]
    matrices = [[rng.normal(size=(units, k)).astype(dtype) for k in UNITS] for _ in range(sums)]
    panel = paired(pack(matrices, depth=DEPTH)) if kind == "bfloat16" else pack(matrices)
    found = products(panel, sums, units, operands)
    left = np.concatenate([met(panel, o) for o in operands], axis=1).astype(np.float64)
    numbers = unpaired(panel).astype(np.float64)
    for vector in range(found.shape[1]):
        chunk, first = vector // ISA.vectors, vector % ISA.vectors * lanes_of(dtype)
        weights = numbers[chunk, :, first : first + lanes_of(dtype)]
        bound = sum(UNITS) * np.finfo(dtype).eps * (np.abs(left) @ np.abs(weights))  # each product and sum rounds once
        assert (np.abs(found[:, vector] - left @ weights) <= bound).all()


@pytest.mark.parametrize("rows", ROWS)
def test_sums_of_nothing_are_zero(rows):
    operands = [np.zeros((rows, 0), np.float32)] * 2
    found = products(pack([[np.zeros((65, 0), np.float32)] * 2]), 1, 65, operands)
    assert not found.any()


@pytest.mark.pairs(False)
@pytest.mark.parametrize("rows", ROWS)
def test_bfloat16_has_the_bits_of_float32_with_rounded_weights(rows):
    rng = np.random.default_rng(rows)
    operands = [rng.normal(size=(rows, k)).astype(np.float32) for k in UNITS]
    words = paired(pack([[rng.normal(size=(70, k)).astype(np.float32) for k in UNITS]]))
    np.testing.assert_array_equal(products(words, 1, 70, operands), products(unpaired(words), 1, 70, operands))


@pytest.mark.pairs(True)
@pytest.mark.parametrize("rows", ROWS)
def test_pairs_have_the_bits_of_the_documented_instruction(rows):
    rng = np.random.default_rng(rows)
    operands = [rng.normal(size=(rows, k)).astype(np.float32) for k in UNITS]
    operands[1][0, 10:] = rng.integers(256, 512, size=120)  # nine bits: every other one lies between two of bfloat16
    operands[1][-1, 7:9] = np.nan, np.inf
    words = paired(pack([[rng.normal(size=(70, k)).astype(np.float32) for k in UNITS]], depth=DEPTH))
    with np.errstate(invalid="ignore"):
        expected = dots([met(words, o) for o in operands], unpaired(words))
    found = products(words, 1, 70, operands).reshape(rows, -1)
    np.testing.assert_array_equal(found, expected.reshape(rows, -1)[:, : found.shape[1]])


def test_pairs_are_for_float32_alone():
    words = paired(pack([[np.ones((3, 2), np.float32)]]))

    @njit
    def of_float64(tile, panel, x):
        product(tile, panel, 4, 0, 0, 1, (x, 2))

    tile = np.zeros((ISA.tall, 4, lanes_of(np.float64)))
    with pytest.raises(Exception, match="No implementation of function"):
        of_float64(tile, words, np.ones((1, 2)))


@kernel
def _part(out, panel, operand, first, last):  # type: ignore[no-untyped-def]
    tile = new_tile(panel, out.shape[1])
    product(tile, panel, out.shape[1], 0, 0, out.shape[0], (operand, operand.shape[1], (first, last)), (operand, operand.shape[1]))
    for row in range(out.shape[0]):
        for v in range(out.shape[1]):
            store(load(tile, row, v, 0), out, row, v, 0)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(("first", "last"), [(0, 300), (0, 1), (7, 150), (130, 259), (299, 300)])
def test_units_outside_the_part_of_an_operand_are_not_read(rows, first, last):
    rng, sums = np.random.default_rng(rows), group_blocks(1)
    operand, width = rng.normal(size=(rows, 300)), lanes_of(np.float64)
    matrix = rng.normal(size=(sums * width, 300))
    out = np.zeros((rows, sums, width))
    _part(out, pack([[matrix, matrix]]), operand, first, last)
    expected = operand[:, first:last] @ matrix[:, first:last].T + operand @ matrix.T
    bound = 600 * np.finfo(float).eps * 2 * (np.abs(operand) @ np.abs(matrix.T))  # each product and sum rounds once
    assert (np.abs(out.reshape(rows, -1) - expected) <= bound).all()


@pytest.mark.parametrize(("first", "last"), [(0, 300), (7, 150), (130, 259), (299, 300)])
def test_units_outside_the_part_are_not_read_in_bfloat16_either(first, last):
    rng, sums = np.random.default_rng(first), group_blocks(1)
    operand = rng.normal(size=(ISA.tall, 300)).astype(np.float32)
    parted = np.full_like(operand, np.nan)
    parted[:, first:last] = operand[:, first:last]
    inside = np.where(np.isnan(parted), np.float32(0), parted)
    matrix = rng.normal(size=(sums * lanes_of(np.float32), 300)).astype(np.float32)
    words = paired(pack([[matrix, matrix]], depth=DEPTH))
    out = [np.zeros((ISA.tall, sums, lanes_of(np.float32)), np.float32) for _ in range(2)]
    _part_alone(out[0], words, parted, first, last)
    _part_alone(out[1], words, inside, 0, 300)
    numbers = np.abs(unpaired(words)[:, :300]).astype(np.float64)
    bound = 600 * np.finfo(np.float32).eps * np.einsum("rk,ckv->rcv", np.abs(inside), numbers)  # the order of sums differs
    assert (np.abs(out[0] - out[1]).reshape(bound.shape) <= bound).all()


@kernel
def _part_alone(out, panel, operand, first, last):  # type: ignore[no-untyped-def]
    tile = new_tile(panel, out.shape[1])
    product(tile, panel, out.shape[1], 0, 0, out.shape[0], (operand, operand.shape[1], (first, last)))
    for row in range(out.shape[0]):
        for v in range(out.shape[1]):
            store(load(tile, row, v, 0), out, row, v, 0)
