"""Which instruction set is chosen."""

import numpy as np
import pytest

from rnncc.errors import ArgumentError
from rnncc.runtime.simd.isa import ISA, choose, lanes_of

AVX2 = {"avx2": True, "fma": True}
AVX512 = AVX2 | dict.fromkeys(["avx512f", "avx512dq", "avx512bw", "avx512vl"], True)
DOTS = {"avx512bf16": True}


@pytest.mark.parametrize(
    ("features", "name"),
    [
        *((AVX512, "avx512"), (AVX512 | {"avx512vl": False}, "avx2"), (AVX2, "avx2"), ({"avx2": True}, "portable"), ({}, "portable")),
        *((AVX512 | DOTS, "avx512bf16"), (AVX2 | DOTS, "avx2")),
    ],
)
def test_the_widest_that_the_machine_has(features, name):
    assert choose(features).name == name


def test_a_wanted_set_overrides_the_features():
    assert choose(AVX512, "portable").bits == 128
    assert not choose(AVX512 | DOTS, "avx512").dots
    assert choose({}, "avx512").bits == 512
    assert choose(AVX2, "").name == "avx2"


def test_an_unknown_set_is_an_error_that_lists_the_known():
    with pytest.raises(
        ArgumentError, match="RNNCC_ISA=sse9: no such instruction set; set it to one of avx512bf16, avx512, avx2, portable"
    ):
        choose(AVX2, "sse9")


@pytest.mark.parametrize("wanted", ["avx512bf16", "avx512", "avx2", "portable"])
def test_the_tall_tile_fits_the_registers(wanted):
    isa = choose({}, wanted)
    assert isa.tall * isa.vectors + isa.vectors + 1 <= isa.registers
    assert isa.short < isa.tall


def test_lanes():
    assert lanes_of(np.float32) == 2 * lanes_of("float64") == ISA.bits // 32
