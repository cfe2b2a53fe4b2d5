"""The vector types: one object a type, in this process and after pickling, so that kernels can be cached on disk."""

import pickle

from numba import types

from rnncc.runtime.simd import ISA, Mask, Vec, vector_of
from tests.simd.test_widths import run


def test_types_are_interned_and_survive_pickling():
    vec = Vec(types.float32, 8)
    assert vec is Vec(types.float32, 8)
    assert pickle.loads(pickle.dumps(vec)) is vec
    assert pickle.loads(pickle.dumps(Mask(types.float64, 2))) is Mask(types.float64, 2)


def test_dtype_and_lanes_make_the_type():
    assert len({Vec(types.float32, 8), Vec(types.float64, 8), Vec(types.float32, 4), Mask(types.float32, 8)}) == 4
    assert Mask(types.float32, 8).vec is Vec(types.float32, 8)
    assert vector_of(types.float64).lanes == ISA.bits // 64


def test_a_kernel_is_cached_across_processes(tmp_path):
    outputs = [run(["-m", "tests.simd.cached_kernel"], NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2)]
    assert [done.stdout.split() for done in outputs] == [["0", "1"], ["1", "0"]], outputs[0].stderr
