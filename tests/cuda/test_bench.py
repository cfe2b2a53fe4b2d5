"""`rnncc bench --device cuda` where there is none: kernels emulated, layers simulated, time that goes by as it is told."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from rnncc.bench.contender import Contender, disagreement
from rnncc.bench.cuda import calibrate, session
from rnncc.bench.cuda import device as bench_device
from rnncc.bench.cuda.device import Device, measure_device
from rnncc.bench.cuda.kernels import meetings, products
from rnncc.bench.cuda.report import footnote, table
from rnncc.bench.cuda.session import DeviceSession
from rnncc.bench.cuda.watch import DeviceStopwatch, each
from rnncc.bench.peers import own
from rnncc.bench.problem import BenchCell, Problem, Shape
from rnncc.bench.record import record
from rnncc.bench.report import means
from rnncc.bench.timing import Plan
from rnncc.cli import main
from rnncc.errors import DeviceError
from rnncc.runtime.cuda import device as cuda_device
from rnncc.runtime.cuda.barrier import LINE
from rnncc.runtime.cuda.constants import ROWS, TILE, UNITS
from rnncc.runtime.cuda.flags import _underway
from rnncc.runtime.cuda.plan import Chip
from rnncc.runtime.cuda.start import Grid
from tests.cuda import device, emulator
from tests.cuda.panels import panel

DEVICE = Device("Stand-in", "90", 13010, 13000, device.MULTIPROCESSORS, 1e9, 2e-6)
SHAPE = Shape(4, 3, 5, 16)
KERNELS = {"float32": ("float32", "float32"), "uint32": ("float32", "uint32"), "uint16": ("float32", "uint16")}


@pytest.fixture
def made(chip, monkeypatch, tmp_path):
    """A device whose kernels Python runs, for layers by name."""
    monkeypatch.setattr(cuda_device, "target", lambda: None)
    monkeypatch.setenv("RNNCC_CACHE_DIR", str(tmp_path))
    return chip


def taking(seconds, wait=0.0):
    """A call that takes the device so long, and the host so long before."""

    def call():
        device.clock.now += wait + seconds

    return call


def test_calls_are_timed_between_events_after_the_cache_was_written_over(cupy, monkeypatch):
    written = []
    monkeypatch.setattr(device.ndarray, "fill", lambda array, value: written.append(array.nbytes), raising=False)
    watch = DeviceStopwatch(lambda: device.clock.now, lambda _: None, library=cupy)
    found = watch.measure({"fast": taking(1e-3), "slow": taking(4e-3)}, Plan(blocks=2, seconds=0.02, rest=0.0))
    assert found["fast"].medians == pytest.approx([1e-3] * 2)
    assert found["slow"].best == pytest.approx(4e-3)
    assert set(written) == {2 * device.CACHE}
    assert len(written) >= 2 * (20 + 5)


def test_the_next_call_is_prepared_before_the_last_is_waited_for(cupy, monkeypatch):
    happened = []
    monkeypatch.setattr(device.Event, "synchronize", lambda event: happened.append("wait"))

    def call():
        happened.append("call")
        device.clock.now += 1.0

    watch = DeviceStopwatch(lambda: device.clock.now, lambda _: None, library=cupy)
    assert watch._seconds(call, 0.5, 3) == [1.0] * 3
    assert happened == ["call", "call", "wait", "call", "wait", "wait"]


def test_one_of_many_repetitions(cupy):
    assert each(cupy, lambda times: taking(7.0 + 0.25 * times)(), 100) == pytest.approx(0.25)


def started(seconds):
    """In the place of `start`: each kernel takes `seconds(its arguments)`."""
    return lambda kernel, dtype, grid, arguments, library: taking(seconds(dtype, arguments))()


def test_a_device_is_measured(cupy, monkeypatch):
    monkeypatch.setattr(bench_device, "start", started(lambda dtype, arguments: 1e-5 + 1.5e-6 * arguments[2]))
    found = measure_device(cupy)
    assert found == Device("Stand-in", "90", 13010, 13000, device.MULTIPROCESSORS, 1e9, pytest.approx(1.5e-6))
    assert str(found) == "Stand-in, 6 multiprocessors, CUDA 13.1 by the driver, 13.0 by CuPy; barrier of all blocks 1.50 µs"


def test_blocks_that_do_not_meet(cupy, monkeypatch):
    monkeypatch.setattr(bench_device, "start", started(lambda dtype, arguments: 0.0))
    monkeypatch.setattr(bench_device, "_MEETINGS", 10)
    event = cupy.cuda.Event()
    _underway.append((event, np.ones(1, np.int32), "meetings"))
    with pytest.raises(DeviceError, match="meetings was given up"):
        measure_device(cupy)


def test_constants_of_a_plan(cupy, monkeypatch):
    """What a plan assumes comes back where a device takes as long as the plan says."""
    assumed = {"float64": 2.0, "float32": 1.0, "uint32": 0.25, "uint16": 0.125}

    def seconds(_dtype, arguments):
        times, keep, _, weights, *_ = arguments
        group = weights[0]
        return 1e-9 * times * (4 * weights.shape[3] * assumed[weights.dtype.name] + (1 - keep) * group.nbytes / 64)

    monkeypatch.setattr(calibrate, "start", started(seconds))
    found = calibrate.calibrate(cupy, DEVICE)
    assert found.cycles == pytest.approx(assumed)
    assert found.rows() == [
        ("_MEETING", "2000"),
        ("_CACHE", "64"),
        ("_CYCLES", '{"float64": 2, "float32": 1, "uint32": 0.25, "uint16": 0.125}'),
    ]


def test_how_long_clusters_take_to_meet(cupy, monkeypatch):
    """As many of the largest as run at once; each has a counter, where the device takes no cluster as large."""
    for module in (calibrate, bench_device):
        monkeypatch.setattr(module, "chip_of", lambda _library: Chip(132, 1000, 16))
    grids = []

    def launch(kernel, dtype, grid, arguments, library):
        grids.append((grid, arguments[0].size, arguments[1]))
        taking(5e-7 * arguments[2])()

    monkeypatch.setattr(bench_device, "start", launch)
    monkeypatch.setattr(calibrate, "start", started(lambda dtype, arguments: 1e-6 * arguments[0] * (2 - arguments[1])))
    assert calibrate.calibrate(cupy, DEVICE).rows()[1] == ("_CLUSTER_MEETING", "500")
    assert set(grids) == {(Grid(7 * 16, 1000, together=False, cluster=16), 8 * LINE, 16)}


def test_every_form_of_weights_finds_room_on_every_chip():
    for dtype in calibrate._COLUMNS:
        number = 8 if dtype == "float64" else 4
        assert 4 * TILE * number + calibrate._Group(np, dtype, 1).size <= 99 << 10


def test_blocks_meet_as_often_as_they_are_told():
    meet = np.zeros(2 * LINE, np.int32)
    emulator.run(meetings, "float32", 2, 1, meet, 2, 3)
    assert meet[0] == 0
    assert meet[LINE] == 2 * 3


@pytest.mark.parametrize("keep", [0, 1])
def test_blocks_multiply_by_their_own_group_or_one_after_the_other(keep):
    rng, blocks, columns, times = np.random.default_rng(0), 2, 64, 2
    weights = [[rng.integers(-4, 5, (blocks * UNITS, columns)).astype(np.float32)] for _ in range(4)]
    given = panel(weights, "float32")
    rows = rng.integers(-4, 5, (ROWS, columns)).astype(np.float32)
    sums = np.zeros((blocks, ROWS * UNITS), np.float32)
    emulator.run(products, "float32", blocks, 4 * TILE + given[0].size, times, keep, columns, given, rows, sums)
    whole = rows @ sum(w[0] for w in weights).T
    for block in range(blocks):
        group = block if keep else (block + times - 1) % blocks
        np.testing.assert_array_equal(sums[block].reshape(ROWS, UNITS), whole[:, group * UNITS : (group + 1) * UNITS])


@pytest.mark.parametrize(("dtype", "form"), KERNELS.values(), ids=KERNELS)
def test_the_kernels_can_be_compiled(dtype, form):
    pytest.importorskip("numba_cuda", reason="numba-cuda is not installed: pip install .[cuda]")
    from rnncc.runtime.cuda import assemble

    group = calibrate._Group(np, form, 2)
    weights, rows = np.zeros((2, 4, UNITS, group.row), form), np.zeros((ROWS, 512), dtype)
    for kernel, arguments in [
        (products, (10, 1, 512, weights, rows, np.zeros((2, ROWS * UNITS), dtype))),
        (meetings, (np.zeros(64, np.int32), 2, 10)),
    ]:
        found = assemble.assembled(assemble.ptx(kernel, dtype, arguments), "sm_80")
        assert found.stack == found.stores == found.loads == 0


def problem_of(cell, mode, precision="exact", shape=SHAPE, on="cuda"):
    return Problem(BenchCell.found(cell), shape, mode, "float32", 1, device=on, precision=precision)


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_this_package_computes_the_cell(made, mode):
    pytest.importorskip("ml_dtypes")
    outputs = set()
    for precision in ("exact", "tf32", "bfloat16"):
        problem = problem_of("lstm", mode, precision)
        contender = own.layer(problem)
        found, expected = contender.read(contender.call()), problem.expected()
        assert all(type(value) is np.ndarray for value in found.values())
        assert disagreement("rnncc", problem, found, expected) is None
        outputs.add(found["output"].tobytes())
    assert len(outputs) == 3


def test_operands_of_few_bits_explain_no_wrong_gate():
    problem = problem_of("lstm", "training", "bfloat16")
    expected = problem.expected()
    swapped = {**expected, "d_W_i": expected["d_W_f"], "d_W_f": expected["d_W_i"]}
    assert disagreement("liar", problem, swapped, expected).value in ("d_W_i", "d_W_f")


@pytest.mark.parametrize(
    ("name", "module", "cell"), [("layer", "torch_layer", "lstm"), ("eager", "torch_loop", "custom"), ("_scan", "jax_scan", "custom")]
)
@pytest.mark.parametrize("mode", ["inference", "training"])
def test_peers_compute_the_cell_in_bfloat16(name, module, cell, mode):
    """On the processor, which has it too."""
    pytest.importorskip(module.partition("_")[0])
    found = __import__(f"rnncc.bench.peers.{module}", fromlist=[name])
    problem = problem_of(cell, mode, "bfloat16", on="cpu")
    contender = getattr(found, name)(problem)
    results, expected = contender.read(contender.call()), problem.expected()
    assert disagreement(name, problem, results, expected) is None
    assert disagreement(name, replace(problem, precision="exact"), results, expected) is not None


def test_jax_without_a_device_takes_no_part():
    pytest.importorskip("jax")
    from rnncc.bench.peers.jax_scan import scan

    assert scan(problem_of("lstm", "inference")) is None


def test_how_often_blocks_meet_in_a_step():
    """An LSTM once, and once more in its backward step; a GRU twice; a cell without a product in its loop never."""
    found = {cell: [session.meetings(problem_of(cell, m)) for m in ("inference", "training")] for cell in ("lstm", "gru", "indrnn")}
    assert found["lstm"] == [1, 2]
    assert found["gru"][0] == 2
    assert found["indrnn"] == [0, 0]


def contenders(seconds):
    def maker(problem):
        results = problem.expected()
        times = seconds[problem.precision]

        def call():
            device.clock.now += times
            return results

        return Contender(call, lambda found: found)

    return maker


def test_a_session_and_its_table(cupy, tmp_path):
    makers = {
        "rnncc": contenders({"exact": 4e-3, "tf32": 2e-3}),
        "pytorch": contenders({"exact": 6e-3, "tf32": 3e-3}),
        "jax": lambda _problem: None,
    }
    watch = DeviceStopwatch(lambda: device.clock.now, lambda _: None, library=cupy)
    plan = Plan(blocks=1, seconds=0.01, rest=0.0)
    run = DeviceSession(
        (BenchCell.found("lstm"),), (SHAPE,), ("inference", "training"), makers, "float32", 1, plan, watch, ("exact", "tf32")
    )
    results = list(run.run_on(DEVICE))
    assert [(r.problem.kind, r.best_peer, round(r.ratio, 6)) for r in results] == [
        ("inference", "pytorch", 1.5),
        ("inference tf32", "pytorch", 1.5),
        ("training", "pytorch", 1.5),
        ("training tf32", "pytorch", 1.5),
    ]
    shown = [list(column.cells) for column in table(results, list(makers)).columns]
    assert [column.header for column in table(results, list(makers)).columns][6:9] == ["best peer ×", "µs a step", "floor"]
    assert shown[3:6] == [["4", "2", "4", "2"], ["6", "3", "6", "3"], ["-"] * 4]
    assert shown[7:9] == [["1e+03", "500", "1e+03", "500"], ["2", "2", "4", "4"]]
    read = json.loads(json.dumps(record(run, DEVICE, results)))
    assert read["machine"]["name"] == "Stand-in"
    assert [(r["device"], r["precision"], r["limit"]) for r in read["results"]][:2] == [
        ("cuda", p, "barrier") for p in ("exact", "tf32")
    ]
    assert means(results)[0] == ("inference", "lstm", "1.50")
    assert "published with FlashRNN, not measured here" in footnote()
    assert "FlashRNN, fused 4.87 forward, 13.61 with backward; cuDNN 2.01 forward, 5.19 with backward" in footnote()


def bench(*arguments):
    return CliRunner().invoke(main, ["bench", "--device", "cuda", *arguments], prog_name="rnncc")


@pytest.fixture
def measured(made, monkeypatch):
    """The kernels of the bench itself take their time and do nothing."""
    monkeypatch.setattr(bench_device, "start", started(lambda dtype, arguments: 1e-6 * arguments[2]))
    monkeypatch.setattr(calibrate, "start", started(lambda dtype, arguments: 1e-6 * arguments[0] * (2 - arguments[1])))


def test_the_command_prints_a_table_and_writes_the_figures(measured, tmp_path):
    pytest.importorskip("ml_dtypes")
    figures = tmp_path / "figures.json"
    done = bench("--quick", "--cell", "elman", "--peer", "none", "--json", str(figures))
    assert done.exit_code == 0, done.output
    for word in ("Stand-in", "barrier of all blocks 1.00 µs", "inference bfloat16", "µs a step", "not measured here"):
        assert word in done.stdout
    read = json.loads(figures.read_text())
    assert [(r["mode"], r["precision"]) for r in read["results"]] == [
        (mode, precision) for mode in ("inference", "training") for precision in ("exact", "tf32", "bfloat16")
    ]
    assert all(r["contenders"].keys() == {"rnncc"} for r in read["results"])
    assert read["published"]["cuDNN"]["inference"] == 2.01


def test_the_command_prints_the_constants(measured):
    done = bench("--calibrate")
    assert done.exit_code == 0, done.output
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == ["_MEETING", "_CACHE", "_CYCLES"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--mode", "stream"), "streams, --growth and --transform are measured on the processor"),
        (("--growth", "T"), "leave them out"),
        (("--dtype", "float64", "--precision", "tf32"), "--dtype float64 is exact; leave --precision out"),
        (("--device", "cpu", "--precision", "tf32"), "--precision and --calibrate are for --device cuda"),
        (("--device", "cpu", "--calibrate"), "--precision and --calibrate are for --device cuda"),
    ],
)
def test_what_it_refuses(measured, arguments, message):
    done = bench("--quick", *arguments)
    assert done.exit_code == 1
    assert message in done.stderr


def test_without_a_device_it_says_what_a_layer_says(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    done = bench("--quick")
    assert done.exit_code == 1
    assert "error: device='cuda' needs CuPy, which cannot be imported" in done.stderr


def test_with_cupy_but_no_device(made, monkeypatch):
    monkeypatch.setattr(made.cuda.runtime, "getDeviceCount", lambda: 0)
    for asked in ("--quick", "--calibrate"):
        done = bench(asked)
        assert done.exit_code == 1
        assert "error: this machine has no CUDA device that this process may use" in done.stderr
