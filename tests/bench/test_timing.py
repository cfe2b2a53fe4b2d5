"""The measuring core with fake contenders and a fake clock."""

import pytest

from rnncc.bench.timing import Plan, Stopwatch, Timing


class Machine:
    """Time that only passes where a contender works or the stopwatch rests."""

    def __init__(self):
        self.now, self.log = 0.0, []

    def sleep(self, seconds):
        self.log.append(("rest", seconds))
        self.now += seconds

    def contender(self, name, durations):
        """Takes the next of `durations`, again and again the last."""
        left = list(durations)

        def call():
            self.log.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return call

    def stopwatch(self):
        return Stopwatch(lambda: self.now, self.sleep)


def test_blocks_in_turn_each_after_a_rest():
    machine = Machine()
    contenders = {name: machine.contender(name, [1.0]) for name in "ab"}
    ticks = []
    found = machine.stopwatch().measure(contenders, Plan(blocks=2, seconds=5.0, rest=0.5), lambda: ticks.append(machine.now))
    assert found == {"a": Timing((1.0, 1.0)), "b": Timing((1.0, 1.0))}
    turns = [entry for k, entry in enumerate(machine.log) if k == 0 or machine.log[k - 1] != entry]
    assert turns == [("rest", 0.5), "a", ("rest", 0.5), "b"] * 2
    assert machine.log.count("a") == 2 * (1 + 5)
    assert len(ticks) == 4


def test_warming_up_does_not_count():
    machine = Machine()
    slow_at_first = machine.contender("a", [9.0, 0.25])
    found = machine.stopwatch().measure({"a": slow_at_first}, Plan(blocks=1, seconds=3.0, rest=0.0))
    assert found["a"].medians == (0.25,)
    warming = machine.contender("b", [0.25] * 8 + [2.0])
    assert machine.stopwatch().measure({"b": warming}, Plan(blocks=1, seconds=10.0, rest=0.0))["b"].best == 2.0


def test_a_call_longer_than_a_block_is_made_thrice():
    machine = Machine()
    found = machine.stopwatch().measure({"a": machine.contender("a", [7.0])}, Plan(blocks=1, seconds=1.0, rest=0.0))
    assert (found["a"].best, machine.log.count("a")) == (7.0, 4)


def test_the_best_block_counts_by_its_median():
    machine = Machine()
    disturbed = [1.0, 1.0, 5.0, 1.0, 3.0]
    found = machine.stopwatch().measure({"a": machine.contender("a", disturbed)}, Plan(blocks=2, seconds=1.0, rest=0.0))
    assert found["a"].medians == (1.0, 3.0)
    assert found["a"].best == 1.0


def test_once_is_how_long_a_call_takes():
    machine = Machine()
    assert machine.stopwatch().once(machine.contender("a", [2.5])) == 2.5


def test_what_a_contender_raises_is_not_hidden():
    def fails():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        Machine().stopwatch().measure({"a": fails}, Plan())
