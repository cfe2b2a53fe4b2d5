"""Who calls a layer on a device: threads and streams at once, PyTorch and CuPy over the same memory, with too little of it."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import rnncc

pytestmark = pytest.mark.gpu
T, N, INPUTS, H = 60, 16, 64, 256
CALLS = 20


@pytest.fixture
def layer(cupy):
    return rnncc.RNN("lstm", INPUTS, H, seed=1, device="cuda")


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def gradients(layer, x, dy):
    (y, _), pull = layer.vjp(x)
    g = pull(dy)
    return y, g.x, g.params["l0.U_i"]


def test_threads_with_streams_of_their_own(cupy, layer):
    xs = [cupy.asarray(drawn(T, N, INPUTS, seed=k)) for k in range(4)]
    dy = cupy.asarray(drawn(T, N, H))
    expected = [gradients(layer, x, dy) for x in xs]
    cupy.cuda.Device().synchronize()

    def work(number):
        with cupy.cuda.Device(0), cupy.cuda.Stream(non_blocking=True) as stream:
            for _ in range(CALLS):
                found = gradients(layer, xs[number], dy)
                stream.synchronize()
                for one, other in zip(found, expected[number], strict=True):
                    cupy.testing.assert_array_equal(one, other)
            stream.synchronize()

    with ThreadPoolExecutor(len(xs)) as pool:
        list(pool.map(work, range(len(xs))))


def test_a_pullback_on_another_stream(cupy, layer):
    x, dy = cupy.asarray(drawn(T, N, INPUTS)), cupy.asarray(drawn(T, N, H))
    expected = gradients(layer, x, dy)
    cupy.cuda.Device().synchronize()
    with cupy.cuda.Stream(non_blocking=True):
        _, pull = layer.vjp(x)
    with cupy.cuda.Stream(non_blocking=True) as other:
        g = pull(dy)
        other.synchronize()
        cupy.testing.assert_array_equal(g.x, expected[1])


def test_a_call_waits_for_what_its_stream_was_given_before(cupy, layer):
    """The input is written by slow work on the same stream."""
    x = cupy.asarray(drawn(T, N, INPUTS))
    expected = layer(x)[0]
    cupy.cuda.Device().synchronize()
    with cupy.cuda.Stream(non_blocking=True) as stream:
        slow, given = cupy.ones((4096, 4096), np.float32), cupy.zeros_like(x)
        for _ in range(20):
            slow = slow @ slow * np.float32(1e-4)
        given += x
        given += slow[0, 0] * np.float32(0)
        found = layer(given)[0]
        stream.synchronize()
        cupy.testing.assert_array_equal(found, expected)


def test_tensors_of_pytorch(cupy, layer):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch has no CUDA")
    expected = gradients(layer, cupy.asarray(drawn(T, N, INPUTS)), cupy.asarray(drawn(T, N, H)))
    x, dy = torch.from_numpy(drawn(T, N, INPUTS)).cuda(), torch.from_numpy(drawn(T, N, H)).cuda()
    assert cupy.from_dlpack(x).data.ptr == x.data_ptr()
    torch.cuda.synchronize()
    for stream in (torch.cuda.default_stream(), torch.cuda.Stream()):
        with torch.cuda.stream(stream):
            found = gradients(layer, x * 1, dy * 1)
            assert all(isinstance(f, torch.Tensor) and f.is_cuda for f in found)
            sums = [f.sum() for f in found]  # on the same stream, without a word
        stream.synchronize()
        assert all(torch.isfinite(s) for s in sums)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one.cpu().numpy(), cupy.asnumpy(other))


def test_a_step_of_training_in_a_graph(cupy, layer):
    """Taken down once, launched with other inputs: what a call gives, but for another algorithm that cuBLAS may choose."""
    first, second, dy = (cupy.asarray(drawn(T, N, units, seed=k)) for k, units in enumerate((INPUTS, INPUTS, H)))
    expected = [gradients(layer, x, dy) for x in (first, second)]
    given = first.copy()
    cupy.cuda.Device().synchronize()
    with cupy.cuda.Stream(non_blocking=True) as stream:
        gradients(layer, given, dy)  # compiled, packed, and cuBLAS has been called
        stream.synchronize()
        stream.begin_capture()
        found = gradients(layer, given, dy)
        graph = stream.end_capture()
        for x, values in zip((first, second), expected, strict=True):
            given[...] = x
            graph.launch()
            stream.synchronize()
            for one, other in zip(found, values, strict=True):
                cupy.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * float(abs(other).max()))


def test_a_graph_has_memory_of_its_own_and_reads_parameters_anew(cupy, layer):
    """Arrays that are made where a captured call made some are not written to; parameters changed meanwhile are those that count."""
    x = cupy.asarray(drawn(T, N, INPUTS))
    cupy.cuda.Device().synchronize()
    with cupy.cuda.Stream(non_blocking=True) as stream:
        layer(x)
        stream.begin_capture()
        found = layer(x)[0]
        graph = stream.end_capture()
        others = [cupy.full(size, 7, np.float32) for size in (1 << k for k in range(4, 20)) for _ in range(4)]
        before = layer.params["l0.b_f"].copy()
        layer.params["l0.b_f"] = before + 1
        expected = layer(x)[0]
        graph.launch()
        stream.synchronize()
        cupy.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
        assert all(bool((other == 7).all()) for other in others)
        layer.params["l0.b_f"] = before


def test_what_a_graph_cannot_take_down_is_an_error(cupy, layer):
    x = cupy.asarray(drawn(T, N, INPUTS))
    expected = layer(x)[0]
    cupy.cuda.Device().synchronize()
    with cupy.cuda.Stream(non_blocking=True) as stream:
        layer(x)
        stream.begin_capture()
        with pytest.raises(rnncc.errors.DeviceError, match="a CUDA graph cannot take down what copies arrays of the host"):
            layer(x, lengths=np.arange(N))
        stream.end_capture()
        found = layer(x)[0]
        stream.synchronize()
    cupy.testing.assert_array_equal(found, expected)


def test_parameters_are_the_memory_that_is_learned(cupy, layer):
    x = cupy.asarray(drawn(T, N, INPUTS))
    before = layer(x)[0].copy()
    weight = layer.params["l0.U_i"]
    kept = weight.copy()
    weight += np.float32(0.125)
    assert not cupy.array_equal(layer(x)[0], before)
    weight[...] = kept
    cupy.testing.assert_array_equal(layer(x)[0], before)


def test_too_little_memory_says_so_and_leaves_everything_well(cupy, layer):
    x = cupy.asarray(drawn(T, N, INPUTS))
    expected = layer(x)[0].copy()
    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    pool.set_limit(size=pool.total_bytes() + (1 << 20))
    try:
        with pytest.raises(MemoryError, match="Out of memory allocating"):
            layer.vjp(cupy.broadcast_to(x[:, :1], (T, 4096, INPUTS)))
    finally:
        pool.set_limit(size=0)
    cupy.testing.assert_array_equal(layer(x)[0], expected)


def test_arrays_that_lie_elsewhere(cupy, layer):
    with pytest.raises(rnncc.errors.DeviceError, match="x: found an array on the host, and the layer is on cuda:0"):
        layer(drawn(T, N, INPUTS))
