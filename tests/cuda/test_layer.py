"""Layers on a device against the interpreter's: the same parameters, the same masks, the same results."""

import copy
import pickle
import sys

import numpy as np
import pytest

import rnncc
import rnncc.modules
from rnncc.errors import ArgumentError, DeviceError
from rnncc.runtime.cuda import flags
from rnncc.runtime.cuda.lengths import live_rows_at
from rnncc.runtime.frozen import PANELS
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.transforms import asked_for
from rnncc.runtime.weights import read_weights
from tests.cuda import device
from tests.cuda.layers import INPUTS, LENGTHS, TOLERANCE, H, N, T, check, drawn, placed, same
from tests.cuda.words import host
from tests.emit.test_cpu_simulated import BATCH_MEANS, WORDS
from tests.interpreter_engine import InterpreterModule


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_layers": 2, "bidirectional": True, "dropout": 0.5, "batch_first": True},
        {"num_layers": 2, "residual": True, "sizes": (H, H), "dropout": 0.3, "checkpoint": 2},
        {"bias": False, "truncate": 2, "bidirectional": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_an_lstm(chip, layers, settings, lengths):
    both = layers("lstm", **settings)
    x = drawn(T, N, settings.get("sizes", (INPUTS, H))[0])
    places = both[1].num_layers * (2 if settings.get("bidirectional") else 1)
    state = {"h": drawn(places, N, H, seed=1), "c": drawn(places, N, H, seed=2)}
    x = x.swapaxes(0, 1).copy() if settings.get("batch_first") else x
    check(chip, both, x, lengths=lengths, key=7)
    check(chip, both, x, state=state, lengths=lengths, train=False)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_means_over_a_batch(chip, layers, lengths):
    """Those of each layer and direction, and the averages that follow them."""
    both = layers(str(BATCH_MEANS), num_layers=2, bidirectional=True, sizes=(INPUTS, H))
    x = {"x": drawn(T, N, INPUTS), "dt": drawn(T, N, seed=5)}
    check(chip, both, x, lengths=lengths)
    check(chip, both, x, lengths=lengths, train=False)
    found, expected = (
        layer.vjp(given, lengths=lengths)[1].batch_means for layer, given in zip(both, (placed(chip, x), x), strict=True)
    )
    assert expected.keys() == {f"l{k}.{side}{name}" for k in range(2) for side in ("", "reverse.") for name in "mrs"}
    same(found, expected)
    for layer, means in zip(both, (found, expected), strict=True):
        layer.update_batch_means(means)
    same(dict(both[0].params), dict(both[1].params))
    with pytest.raises(DeviceError, match=r"means\['l0\.m'\]: found an array on the host"):
        both[0].update_batch_means({"l0.m": expected["l0.m"]})


def test_without_a_batch(chip, layers):
    check(chip, layers("lstm"), drawn(T, INPUTS))


def test_arrays_that_are_not_contiguous(chip, layers):
    here, there = layers("lstm")
    x = drawn(T, N, 2 * INPUTS)
    same(here(chip.asarray(x)[:, :, ::2]), there(x[:, :, ::2]))


def test_transforms_with_random_masks(chip, layers):
    asked = asked_for({"zoneout": 0.3, "recurrent_dropout": 0.2, "learn_initial": True, "layer_norm": True})
    check(chip, layers("lstm", asked.structure, **asked.keywords), drawn(T, N, INPUTS), lengths=LENGTHS, key=3)


def test_whole_numbers_as_inputs(chip, layers):
    both = layers(str(WORDS))
    rng = np.random.default_rng(0)
    x = {"word": rng.integers(0, INPUTS, (T, N)), "speaker": rng.integers(0, 3, (T, N)).astype(np.uint8)}
    check(chip, both, x, lengths=LENGTHS)
    x["word"][2, 1] = INPUTS
    with pytest.raises(ArgumentError, match="input word: found 3 at time 2, batch 1; expected whole numbers from 0 to 2"):
        both[0](placed(chip, x))


def test_memories(chip, layers):
    x = {"x": drawn(T, N, INPUTS), "m": drawn(N, 4, 16, seed=5)}
    check(chip, layers("lstm_attention"), x, lengths=LENGTHS, memory_lengths=np.array([4, 0, 1, 2, 3]))


def test_a_backward_pass_that_runs_states_back(chip, layers):
    asked = asked_for({"reversible": True})
    check(chip, layers("unicornn", asked.structure, **asked.keywords), drawn(T, N, INPUTS), lengths=LENGTHS)


def test_parameters_are_seen_as_they_are_and_packed_once(chip, layers):
    here, there = layers("lstm")
    x = drawn(T, N, INPUTS)
    first = here._store.now()
    assert here._store.now()[0] is first[0]
    view = here.params["l0.U_i"]
    assert type(view) is device.ndarray
    there.params["l0.U_i"] += 0.25
    view += 0.25
    same(here(chip.asarray(x)), there(x))
    for value in (chip.asarray(np.full((H, H), 0.5)), np.full((H, H), 0.25)):
        here.params["l0.U_i"] = value
        there.params["l0.U_i"] = host(value)
        same(here(chip.asarray(x)), there(x))
    del view
    here._store.now()
    with chip.cuda.ExternalStream(5):
        other = here._store.now()
        assert here._store.now()[0] is other[0]
    assert here._store.now()[0] is not other[0]
    for number in range(10, 30):
        with chip.cuda.ExternalStream(number):
            here._store.now()
    assert len(here._store._by_stream[0][0]) == 8
    with pytest.raises(rnncc.errors.ShapeError, match=r"parameter l0.U_i: found shape \(2,\)"):
        here.params["l0.U_i"] = np.zeros(2)
    with pytest.raises(rnncc.errors.DtypeError, match=r"parameter l0.U_i: found int64"):
        here.params["l0.U_i"] = np.zeros((H, H), int)


def test_files_pickles_and_copies(chip, layers, tmp_path):
    here, there = layers("lstm", dropout=0.1, num_layers=2)
    x, expected = drawn(T, N, INPUTS), there(drawn(T, N, INPUTS))
    there.save(tmp_path / "cpu.safetensors")
    here.save(tmp_path / "cuda.safetensors")
    (tensors, about), (written, told) = (read_weights(tmp_path / f"{name}.safetensors") for name in ("cpu", "cuda"))
    assert about == told
    assert all((tensors[name] == written[name]).all() for name in tensors)
    other = layers("lstm", dropout=0.1, num_layers=2, seed=9)[0]
    other.load(tmp_path / "cpu.safetensors")
    masters = here.__reduce__()[1][1]
    assert all(type(m) is np.ndarray for m in masters)
    restored = type(here).restored(*here.__reduce__()[1])
    for layer in (other, restored, copy.deepcopy(here)):
        same(layer(chip.asarray(x)), expected)
    assert "device='cuda'" in repr(here)
    told = here.explain()
    assert "cuda:0, 6 multiprocessors, 101,376 bytes" in told
    assert "instructions" not in told


def test_tensors_come_and_go(chip, layers, monkeypatch):
    """PyTorch's tensors over the same memory, in PyTorch's stream."""
    monkeypatch.setitem(sys.modules, "torch", device.torch(stream=8))
    here, there = layers("lstm")
    x, dy = drawn(T, N, INPUTS), drawn(T, N, H, seed=1)
    streams = []
    infer = here.kernels.inference
    object.__setattr__(here.kernels, "inference", lambda *a: (streams.append(chip.cuda.get_current_stream().ptr), infer(*a))[1])
    y, state = here(device.Tensor(x, requires_grad=True), {k: device.Tensor(drawn(1, N, H)) for k in "hc"}, device.Tensor(LENGTHS))
    object.__setattr__(here.kernels, "inference", infer)
    assert streams == [8]
    assert chip.cuda.get_current_stream().ptr == 0
    expected = there(x, {k: drawn(1, N, H) for k in "hc"}, LENGTHS)
    np.testing.assert_allclose(y.host, expected[0], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(state["c"].host, expected[1]["c"], rtol=0, atol=TOLERANCE)
    (y, _), pull = here.vjp(device.Tensor(x))
    g = pull(device.Tensor(dy))
    assert all(type(a) is device.Tensor for a in (y, g.x, *g.state.values(), *g.params.values()))
    np.testing.assert_allclose(g.x.host, there.vjp(x)[1](dy).x, rtol=0, atol=TOLERANCE)
    assert here.trace(device.Tensor(x), "i")["i"].host.shape == (T, N, H)
    here.params["l0.U_i"] = device.Tensor(np.ones((H, H)), requires_grad=True)
    assert (host(here.params["l0.U_i"]) == 1).all()


def test_a_pullback_in_another_stream_waits(chip, layers):
    here, _ = layers("lstm")
    _, pull = here.vjp(chip.asarray(drawn(T, N, INPUTS)))
    with chip.cuda.ExternalStream(5) as other:
        pull(None)
    assert other.waited == [0]
    assert pull.stream.waited == [5]


def test_arrays_that_lie_elsewhere(chip, layers):
    here, there = layers("lstm")
    x = drawn(T, N, INPUTS)
    moved = device.ndarray(x, number=1)
    for given, message in [
        (x, "x: found an array on the host, and the layer is on cuda:0"),
        (x.tolist(), "x: found builtins.list on the host"),
        (moved, "x: found an array on cuda:1, and the layer is on cuda:0"),
        (device.Tensor(x, number=1), "x: found an array on cuda:1"),
    ]:
        with pytest.raises(DeviceError, match=message):
            here(given)
    with pytest.raises(DeviceError, match=r"state\['h'\]: found an array on the host"):
        here(chip.asarray(x), {"h": drawn(1, N, H), "c": drawn(1, N, H)})
    with pytest.raises(DeviceError, match="dy: found an array on the host"):
        here.vjp(chip.asarray(x))[1](drawn(T, N, H))
    with pytest.raises(DeviceError, match="x: found an array on a CUDA device, and the layer is on the processor"):
        there(chip.asarray(x))


def test_on_the_second_device(chip, layers):
    here, _ = layers("lstm", device="cuda:1")
    assert "cuda:1" in here.explain()
    with pytest.raises(DeviceError, match="on cuda:0, and the layer is on cuda:1"):
        here(chip.asarray(drawn(T, N, INPUTS)))


@pytest.mark.parametrize(
    ("settings", "form", "bits"), [({"precision": "tf32"}, np.uint32, 10), ({"weight_dtype": "bfloat16"}, np.uint16, 7)]
)
def test_weights_for_tensor_cores(chip, layers, settings, form, bits):
    """Each weight is off by half a bit of its format, relatively, and so is each sum, and each state by that and what came before."""
    here, _ = layers("lstm", dtype="float32", **settings)
    x = drawn(T, N, INPUTS).astype(np.float32)
    found = host(here(chip.asarray(x))[0])
    panels = [p for env in here._weights(inferring=True) for p in env[PANELS].made.values() if p.ndim == 4]
    assert {p.dtype.type for p in panels} == {form}
    expected = layers("lstm", dtype="float32")[1](x)[0]
    assert 0 < np.abs(found - expected).max() < 10 * 2.0 ** -(bits + 1)


def test_a_kernel_that_was_given_up_ends_the_next_call(chip, layers):
    here, _ = layers("lstm")
    x = chip.asarray(drawn(T, N, INPUTS))
    here(x)
    event = chip.cuda.Event(disable_timing=True)
    flags._underway.append((event, np.ones(1, np.int32), "inference_loop"))
    with pytest.raises(DeviceError, match="inference_loop was given up"):
        here(x)
    here(x)


def test_a_layer_of_the_catalogue(chip, layers, tmp_path, monkeypatch):
    """By name, from the cache of modules, beside that of the processor."""
    monkeypatch.setenv("RNNCC_CACHE_DIR", str(tmp_path))
    here = rnncc.RNN("elman", INPUTS, H, device="cuda", dtype="float64", seed=1)
    there = InterpreterModule("elman").layer()(INPUTS, H, dtype="float64", seed=1)
    x = drawn(T, N, INPUTS)
    same(here(chip.asarray(x)), there(x))
    assert type(rnncc.RNN("elman", INPUTS, H)).__module__ != type(here).__module__
    again = pickle.loads(pickle.dumps(here))
    assert type(again) is type(here)
    same(again(chip.asarray(x)), there(x))


def test_without_cupy_nothing_is_compiled(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setattr(rnncc.modules, "load_module", None)
    with pytest.raises(DeviceError, match=r"device='cuda' needs CuPy, which cannot be imported .* pip install 'rnncc\[cuda\]'"):
        rnncc.RNN("lstm", INPUTS, H, device="cuda")
    with pytest.raises(DeviceError, match="device='gpu' is not served; expected 'cpu', 'cuda'"):
        rnncc.RNN("lstm", INPUTS, H, device="gpu")


@pytest.mark.parametrize("case", ["ragged", "masks", "anew"])
def test_what_a_graph_cannot_take_down(chip, layers, monkeypatch, case):
    """What is copied from the host; on another stream than that of the calls before also what they have left there."""
    here, _ = layers("lstm", num_layers=2, dropout=0.5)
    x = chip.asarray(drawn(T, N, INPUTS))
    calls = {
        "ragged": lambda: here(x, None, LENGTHS),
        "masks": lambda: here.vjp(x),
        "anew": lambda: live_rows_at(Sweep(T, N, library=chip)),
    }
    calls[case]()
    monkeypatch.setattr(chip.cuda.Stream.null.__class__, "is_capturing", lambda _stream: True)
    with chip.cuda.ExternalStream(77 if case == "anew" else 0), pytest.raises(DeviceError, match="copies arrays of the host"):
        calls[case]()
