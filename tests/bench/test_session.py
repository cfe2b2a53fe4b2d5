"""A run over fake contenders and a fake clock: what is checked, timed, compared, written down."""

import json
from dataclasses import replace

import pytest

from rnncc.bench import contender
from rnncc.bench.contender import Contender
from rnncc.bench.limit import flops, limit
from rnncc.bench.machine import Machine
from rnncc.bench.problem import BenchCell, Problem, Shape
from rnncc.bench.record import record, write_record
from rnncc.bench.report import lines, means, table, wrong
from rnncc.bench.session import Session
from rnncc.bench.short import numbers, shortened
from rnncc.bench.timing import Plan, Stopwatch
from rnncc.errors import ArgumentError

MACHINE = Machine(flops=1e9, memory=1e6, reading=((1000, 4e6), (10_000, 2e6)), elementwise=1e9, barrier=1e-6)
SHAPE = Shape(4, 2, 3, 5)


class World:
    """Contenders that take as long as they are told, and are as right as the interpreter."""

    def __init__(self):
        self.now, self.made = 0.0, []

    def maker(self, name, durations, compiling=0.0, right=True):
        def make(problem):
            self.made.append((name, str(problem)))
            self.now += compiling
            left = list(durations)
            results = problem.expected()

            def call():
                self.now += left.pop(0) if len(left) > 1 else left[0]
                return results if right else {key: value + 1 for key, value in results.items()}

            return Contender(call, lambda found: found)

        return make

    def session(self, makers, modes=("inference",), shapes=(SHAPE,)):
        watch = Stopwatch(lambda: self.now, lambda _seconds: None)
        cells = (BenchCell.found("elman"),)
        return Session(cells, shapes, modes, makers, "float32", 1, Plan(blocks=1, seconds=0.01, rest=0.0), watch)


def test_a_result_names_the_best_peer_and_keeps_compiling_apart():
    world = World()
    makers = {"rnncc": world.maker("rnncc", [1.0], 7.0), "slow": world.maker("slow", [9.0]), "fast": world.maker("fast", [3.0])}
    makers["absent"] = lambda _problem: None
    (result,) = world.session(makers).run(MACHINE)
    assert (result.own, result.best_peer, result.ratio) == (1.0, "fast", 3.0)
    assert result.entries["rnncc"].ready == 8.0
    assert result.entries.keys() == {"rnncc", "slow", "fast"}


def test_a_cell_is_judged_by_the_lstm_beside_it():
    """Both take a second here, of which the LSTM's products, four times as many, take most."""
    world = World()
    session = world.session({"rnncc": world.maker("rnncc", [1.0])})
    (result,) = session.run(MACHINE)
    assert result.entries.keys() == {"rnncc"}
    assert result.cost == result.own / result.expected
    (lstm,) = replace(session, cells=(BenchCell.found("lstm"),)).run(MACHINE)
    assert (lstm.expected, lstm.cost) == (None, None)


def test_a_close_ratio_is_measured_twice_more_and_the_median_counts():
    world = World()
    peer = [2.0] + [2.0] * 4 + [1.0] * 4 + [3.0] * 4
    makers = {"rnncc": world.maker("rnncc", [2.0]), "peer": world.maker("peer", peer)}
    (result,) = world.session(makers).run(MACHINE)
    assert result.ratio == 1.0
    makers = {"rnncc": world.maker("rnncc", [2.0]), "peer": world.maker("peer", [2.0] + [2.0] * 4 + [3.0] * 8)}
    (result,) = world.session(makers).run(MACHINE)
    assert result.ratio == 1.5


def test_a_wrong_contender_is_not_timed_and_the_others_are(tmp_path):
    world = World()
    makers = {"rnncc": world.maker("rnncc", [1.0]), "liar": world.maker("liar", [0.1], right=False), "peer": world.maker("peer", [2.0])}
    session = world.session(makers, shapes=(SHAPE, replace(SHAPE, steps=5)))
    results = list(session.run(MACHINE))
    assert [(r.entries.keys(), r.best_peer, r.ratio) for r in results] == [({"rnncc", "peer"}, "peer", 2.0)] * 2
    assert [d.contender for d in wrong(results)] == ["liar", "liar"]
    (told,) = record(session, MACHINE, results)["results"][0]["disagrees"]
    assert told["contender"] == "liar"
    assert told["error"] > 0.1 > told["at_most"]
    shown = [list(column.cells) for column in table(results, list(makers)).columns]
    assert shown[4] == [f"[red]disagrees, {d.error:.1e}[/]" for d in wrong(results)]
    assert lines(results[1])[-1] == f"{wrong(results)[1]}; not timed"


def test_a_contender_that_fails_stops_nobody():
    world = World()

    def failing(_problem):
        raise RuntimeError("out of memory\nat a place")

    makers = {"rnncc": world.maker("rnncc", [1.0]), "large": failing, "peer": world.maker("peer", [2.0])}
    (result,) = world.session(makers).run(MACHINE)
    assert (result.best_peer, result.ratio) == ("peer", 2.0)
    assert lines(result)[-1] == f"large, {result.problem}: RuntimeError: out of memory; not timed"
    assert [next(iter(column.cells)) for column in table([result], list(makers)).columns][4] == "[red]fails[/]"
    assert "disagrees" in json.dumps(record(world.session(makers), MACHINE, [result]), allow_nan=False)


def test_peers_are_timed_where_this_package_is_wrong():
    world = World()
    makers = {"rnncc": world.maker("rnncc", [1.0], right=False), "peer": world.maker("peer", [2.0])}
    (result,) = world.session(makers).run(MACHINE)
    assert (result.own, result.best_peer, result.ratio, result.share, result.cost) == (None, "peer", None, None, None)
    assert lines(result)[0] == "elman (4,2,3,5), inference, float32: peer 2000 ms"
    assert means([result]) == []
    assert [next(iter(column.cells)) for column in table([result], list(makers)).columns][4:9] == ["2000", "-", "-", "-", "-"]


def test_a_long_run_keeps_no_arrays():
    world = World()
    (result,) = world.session({"rnncc": world.maker("rnncc", [1.0])}).run(MACHINE)
    assert not {"params", "streams", "state", "cotangent"} & vars(result.problem).keys()


def test_how_long_blocks_and_rests_take():
    world = World()
    session = replace(world.session({"rnncc": world.maker("rnncc", [1.0])}), plan=Plan(blocks=3, seconds=0.1, rest=0.5))
    assert session.measuring == pytest.approx(3 * 2 * (0.5 + 1.2 * 0.1))


def test_streams_that_differ_in_t_alone_are_one_problem():
    session = World().session({}, ("inference", "stream"), (SHAPE, replace(SHAPE, steps=9), SHAPE))
    assert [(p.mode, p.shape.steps) for p in session.problems()] == [("inference", 4), ("inference", 9), ("stream", 1)]


def problem(mode, shape=SHAPE):
    return Problem(BenchCell.found("elman"), shape, mode, "float32", 1)


def test_flops_of_elman():
    """Products 2 H (I + H); tanh 24 and two additions a unit. The gradient has two more products a weight and 1 - h² times d."""
    assert flops(problem("inference")) == 4 * 2 * (2 * 5 * (3 + 5) + 26 * 5)
    assert flops(problem("stream")) == 2 * (2 * 5 * (3 + 5) + 26 * 5)
    assert flops(problem("training")) == flops(problem("inference")) + 4 * 2 * (2 * 2 * 5 * (3 + 5) + 5 * 5)


def test_the_limit_that_binds():
    """Elman at T=4, N=2: 20 weights and biases of the input, 25 of the state."""
    by_flops = limit(problem("inference"), replace(MACHINE, flops=1.0))
    assert (by_flops.what, by_flops.seconds) == ("FMA", flops(problem("inference")))
    numbers = (15 + 25 + 5) + 4 * 2 * 3 + 2 * 5 + 4 * 2 * 5 + 2 * 5
    data = limit(problem("inference"), MACHINE)
    assert (data.what, data.seconds) == ("data", pytest.approx(4 * numbers / 4e6))
    again = limit(problem("inference", Shape(400, 1, 1, 60)), MACHINE)
    assert (again.what, again.seconds) == ("weights", pytest.approx(400 * 4 * 3600 / 1e6))
    assert limit(problem("training", Shape(400, 1, 1, 60)), MACHINE).seconds == pytest.approx(2 * again.seconds)


def test_reading_beyond_the_caches_is_memory():
    assert [MACHINE.reading_rate(size) for size in (10, 1000, 1001, 99_999)] == [4e6, 4e6, 2e6, 1e6]


def results_of(world):
    makers = {"rnncc": world.maker("rnncc", [1.0]), "peer": world.maker("peer", [4.0])}
    session = world.session(makers, ("inference", "training"))
    return session, list(session.run(MACHINE))


def test_means_and_table():
    _, results = results_of(World())
    assert means(results) == [
        ("inference", "elman", "4.00"),
        ("inference", "all", "4.00"),
        ("training", "elman", "4.00"),
        ("training", "all", "4.00"),
    ]
    made = table(results, ["rnncc", "peer", "absent"])
    cells = [list(column.cells) for column in made.columns]
    assert cells[:6] == [["elman"] * 2, ["inference", "training"], ["4,2,3,5"] * 2, ["1000"] * 2, ["4000"] * 2, ["-"] * 2]
    assert [float(cell.partition("]")[2].partition("[")[0]) for cell in made.columns[-2].cells] == [round(r.cost, 2) for r in results]


def test_the_record_is_complete_and_json(tmp_path):
    session, results = results_of(World())
    write_record(tmp_path / "a.json", record(session, MACHINE, results))
    read = json.loads((tmp_path / "a.json").read_text())
    assert read.keys() == {"date", "machine", "versions", "plan", "results"}
    assert read["machine"]["flops"] == 1e9
    assert read["results"][0]["contenders"]["peer"] == {"seconds": 4.0, "blocks": [4.0], "ready": 4.0}
    with pytest.raises(ArgumentError, match="cannot be written"):
        write_record(tmp_path / "missing" / "a.json", {})


@pytest.mark.parametrize("text", ["1,2,3", "0,1,1,1", "a,b,c,d", "1,2,3,-4", ""])
def test_a_shape_is_four_whole_numbers(text):
    with pytest.raises(ArgumentError, match="expected T,N,I,H"):
        Shape.parse(text)


def test_a_shape_reads_as_it_prints():
    assert Shape.parse(str(SHAPE)) == Shape.parse("4, 2,3,5") == SHAPE


def test_a_plot_is_drawn(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from rnncc.bench.plot import plot

    _, results = results_of(World())
    plot(results, tmp_path / "a.svg")
    assert "rnncc" in (tmp_path / "a.svg").read_text()
    with pytest.raises(ArgumentError, match="cannot be written"):
        plot(results, tmp_path / "missing" / "a.png")
    with pytest.raises(ArgumentError, match="not supported"):
        plot(results, tmp_path / "a.doc")
    with pytest.raises(ArgumentError, match="nothing to plot"):
        plot([], tmp_path / "a.png")


def test_what_would_take_the_interpreter_minutes_is_compared_over_its_first_steps(monkeypatch):
    long = problem("inference", replace(SHAPE, steps=50))
    assert shortened(long) is long
    few = shortened(long, numbers(long) // 10 + 1)
    assert few.shape == replace(SHAPE, steps=5)
    assert shortened(long, 1).shape.steps == 2
    monkeypatch.setattr(contender, "shortened", lambda problem: shortened(problem, numbers(problem) // 10 + 1))
    world = World()
    makers = {"rnncc": world.maker("rnncc", [1.0], 7.0), "liar": world.maker("liar", [0.1], right=False)}
    (result,) = world.session(makers, shapes=(long.shape,)).run(MACHINE)
    assert [made for made in world.made if "lstm" not in made[1]] == [("rnncc", str(few)), ("liar", str(few)), ("rnncc", str(long))]
    assert result.entries["rnncc"].ready == 8.0
    assert wrong([result])[0].problem == str(few)


def test_every_value_of_every_step_counts():
    """What varies in time counts once a step: the inputs have 3 units, all else 5."""
    more = numbers(problem("inference", replace(SHAPE, steps=5))) - numbers(problem("inference"))

    varying = [axes for axes in BenchCell.found("elman").made.inference.types.values() if "T" in axes]
    assert more == SHAPE.batch * sum(3 if "input" in axes else 5 for axes in varying)
