"""Values that an object computes once."""

from threading import Event, Thread

from rnncc.runtime.cached import Cached


class Squares:
    """Counts how often it computes; may be held up while it does."""

    def __init__(self, number, go=None):
        self.number, self.go, self.begun, self.times = number, go, Event(), 0

    @Cached
    def square(self):
        """Of the number."""
        self.times += 1
        self.begun.set()
        assert self.go is None or self.go.wait(10)
        return self.number**2


def test_a_value_is_computed_once():
    squares = Squares(3)
    assert [squares.square, squares.square] == [9, 9]
    assert squares.times == 1
    assert Squares(4).square == 16
    assert Squares.square.__doc__ == "Of the number."


def test_nobody_waits_for_another_object():
    held = Squares(3, Event())
    thread = Thread(target=lambda: held.square)
    thread.start()
    assert held.begun.wait(10)
    done = Event()
    other = Thread(target=lambda: (Squares(4).square, done.set()), daemon=True)
    other.start()
    assert done.wait(5)
    held.go.set()
    thread.join()
    assert held.square == 9
