"""What a captured call makes and reads is there whenever the graph is launched, and it reads parameters as they are by then."""

import gc
import weakref

import numpy as np
import pytest

from rnncc.runtime.cuda import gemm, graph_memory, lengths
from rnncc.runtime.cuda.graph_memory import read_later
from rnncc.runtime.sweep import Sweep
from tests.cuda import device
from tests.cuda.layers import INPUTS, N, T, drawn


@pytest.fixture
def capture(chip, monkeypatch):
    """`capture()`: from then on the stand-in's streams are captured."""
    monkeypatch.setattr(graph_memory, "_kept", [])
    monkeypatch.setattr(gemm, "gemm_in_graph", lambda library: library.cuda.cublas.gemmEx)
    return lambda: monkeypatch.setattr(chip.cuda.Stream.null.__class__, "is_capturing", lambda _stream: True)


@pytest.fixture
def made_in(chip, monkeypatch):
    """The allocators that arrays were made by, the default's None."""
    found = []
    empty = chip.empty
    monkeypatch.setattr(chip, "empty", lambda *given, **named: found.append(device.allocators[-1]) or empty(*given, **named))
    return found


def test_a_captured_call_has_a_pool_of_its_own(chip, layers, capture, made_in):
    here, _ = layers("lstm")
    x = chip.asarray(drawn(T, N, INPUTS))
    here(x)
    assert set(made_in) == {None}
    capture()
    pools = []
    for _ in range(2):
        made_in.clear()
        here(x)
        (allocator,) = set(made_in)
        pools.append(allocator.__self__)
    assert pools[0] is not pools[1]
    assert all(any(pool is kept for kept in graph_memory._kept) for pool in pools)
    assert device.allocators == [None]


def test_a_pullback_has_one_too(chip, layers, capture, made_in):
    here, _ = layers("lstm")
    x = chip.asarray(drawn(T, N, INPUTS))
    (y, _), pullback = here.vjp(x)
    made_in.clear()
    capture()
    pullback(chip.ones_like(y))
    assert len(set(made_in)) == 1
    assert None not in made_in


def test_parameters_are_taken_by_the_graph(chip, layers, capture):
    """Outside of captures they are kept from call to call while nobody can have changed them."""
    here, _ = layers("lstm")
    here(chip.asarray(drawn(T, N, INPUTS)))
    store = here._store
    (place,) = store.geometry.places
    assert store._frozen(place) is store._frozen(place)
    capture()
    assert store._frozen(place) is not store._frozen(place)


def test_what_follows_from_lengths_stays(chip, capture):
    def gone():
        lengths._made.cache_clear()
        gc.collect()
        return rows() is None

    rows = weakref.ref(lengths.live_rows_at(Sweep(T, N, library=chip)))
    assert gone()
    rows = weakref.ref(lengths.live_rows_at(Sweep(T, N, library=chip)))
    capture()
    lengths.live_rows_at(Sweep(T, N, library=chip))
    assert not gone()


def test_nothing_is_kept_of_other_calls(chip, layers, capture):
    here, _ = layers("lstm")
    here(chip.asarray(drawn(T, N, INPUTS)))
    value = object()
    assert read_later(chip, value) is value
    assert read_later(np, value) is value
    assert not graph_memory._kept
