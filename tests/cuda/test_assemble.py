"""Kernels for a device, without one: their PTX is built and assembled, and read."""

import re

import numpy as np
import pytest

from rnncc.runtime.cuda.constants import ROWS, UNITS, row_stride
from tests.cuda.lstm_loop import inference_loop

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed: pip install .[cuda]")
from rnncc.runtime.cuda import assemble

FORMS = [("float32", "float32"), ("float32", "uint32"), ("float32", "uint16"), ("float64", "float64")]
MOST = 255
"""Registers that a thread can have."""


def arguments(dtype, panel_dtype):
    """Of any size: a kernel's code does not depend on it."""
    hidden, batch, steps = 40, 5, 2
    seq = np.zeros((steps + 1, batch, 64), dtype)
    panel = np.zeros((hidden // UNITS, 4, UNITS, row_stride(64, panel_dtype)), panel_dtype)
    meet, live = np.zeros(64, np.int32), np.zeros(steps, np.int64)
    return meet, 1, ROWS, live, False, 3, hidden, panel, seq, seq, seq, seq, seq, seq[0]


@pytest.fixture(scope="module", params=FORMS, ids="-".join)
def built(request):
    dtype, panel_dtype = request.param
    code = assemble.ptx(inference_loop, dtype, arguments(dtype, panel_dtype))
    return dtype, panel_dtype, code, [assemble.assembled(code, architecture) for architecture in assemble.ARCHITECTURES]


def test_the_sums_of_a_product_are_in_registers(built):
    *_, assemblies = built
    for found in assemblies:
        assert found.registers <= MOST
        assert found.stack == found.stores == found.loads == 0


def test_a_kernel_on_float32_never_computes_in_float64(built):
    dtype, _, code, _ = built
    assert (".f64" in code) == (dtype == "float64")


def test_weights_and_rows_are_read_16_bytes_at_a_time(built):
    _, panel_dtype, code, assemblies = built
    of_an_accumulator = {"float32": 4, "float64": 4, "uint32": 2, "uint16": 1}[panel_dtype]
    assert len(re.findall(r"ld\.shared\.v[24]\.", code)) == 4 * of_an_accumulator
    assert re.search(r"ld\.global\.v[24]\.", code)
    text = assemble.sass(assemblies[1])
    assert "LDS.128" in text
    assert "LDG.E.128" in text


def test_what_other_blocks_write_is_never_taken_from_a_cache_of_constants(built):
    assert ".nc" not in built[2]


def test_products_are_fused_or_on_the_tensor_cores(built):
    dtype, panel_dtype, code, _ = built
    width = "64" if dtype == "float64" else "32"
    assert f"fma.rn.f{width}" in code
    steps = {"uint32": 4, "uint16": 2}.get(panel_dtype, 0)
    kind = {"uint32": "m16n8k8.row.col.f32.tf32", "uint16": "m16n8k16.row.col.f32.bf16"}.get(panel_dtype, "mma")
    accumulators, copies = 4, 2  # weights in shared memory, and in that of the device
    assert code.count(f"mma.sync.aligned.{kind}" if steps else kind) == steps * accumulators * copies


def test_the_barrier_releases_and_acquires(built):
    code = built[2]
    assert "atom.add.release.gpu.s32" in code
    assert "ld.acquire.gpu.s32" in code
    assert ".cluster" not in code


@pytest.fixture(scope="module", params=["float32", "uint16"])
def in_clusters(request):
    return assemble.ptx(inference_loop, "float32", arguments("float32", request.param), "sm_90", clustered=True)


def test_the_barrier_of_a_cluster_releases_and_acquires(in_clusters):
    """Once a step, without a counter; the device's memory waits for what was written, and forgets what was read."""
    assert re.findall(r"barrier\.cluster\.\S+;", in_clusters) == ["barrier.cluster.arrive.release;", "barrier.cluster.wait.acquire;"]
    assert not re.search(r"\b(atom|red)\.|\bld\.acquire", in_clusters)
    found = assemble.assembled(in_clusters, "sm_90")
    assert found.registers <= MOST
    assert found.stack == found.stores == found.loads == 0
    text = assemble.sass(found)
    order = [text.index(word) for word in ("MEMBAR.ALL.GPU", "UCGABAR_ARV", "UCGABAR_WAIT", "CCTL.IVALL")]
    assert order == sorted(order)


def test_a_kernel_in_clusters_is_kept_apart(in_clusters):
    """Under a name of its own: numba-cuda keeps machine code by the name and the text of a kernel, which are one."""
    assert re.search(r"\.entry \S*inference_loop_in_clusters", in_clusters)
