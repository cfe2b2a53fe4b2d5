"""Time loops whose blocks are clusters, on a stand-in: plans, launches, and results by clusters that run one after the other."""

import pytest

from rnncc.runtime.cuda import device as cuda_device
from rnncc.runtime.cuda.plan import Chip
from tests.cuda import device, simulated
from tests.cuda.layers import LENGTHS, N, T, check, drawn

WIDE = (3, 64)
"""I and H: blocks share the units."""


@pytest.fixture
def hopper(chip, monkeypatch):
    """The device has clusters."""
    monkeypatch.setattr(device, "CLUSTERS", 1)
    cuda_device._chip.cache_clear()
    yield chip
    cuda_device._chip.cache_clear()


@pytest.mark.parametrize(("capability", "clusters", "most"), [("80", 0, 1), ("90", 1, 16), ("103", 1, 16), ("120", 1, 8), ("90", 0, 1)])
def test_clusters_of_a_chip(cupy, monkeypatch, capability, clusters, most):
    """Those of every device that has any are of 8 blocks; where the driver knows of none there are none."""
    monkeypatch.setattr(device, "CLUSTERS", clusters)
    cupy.cuda = device.cuda(capability=capability)
    assert cuda_device.chip_of(cupy) == Chip(device.MULTIPROCESSORS, device.SHARED, most)


@pytest.mark.parametrize(
    ("settings", "sizes"),
    [
        ({}, {4}),
        ({"checkpoint": 2}, {4}),
        ({"bidirectional": True, "num_layers": 2}, {2, 4}),
    ],  # of all multiprocessors, or half of them
    ids=str,
)
def test_layers_in_clusters(hopper, layers, settings, sizes):
    check(hopper, layers("lstm", sizes=WIDE, **settings), drawn(T, N, WIDE[0]), lengths=LENGTHS)
    assert {grid.cluster for grid in simulated.launched if grid.shared} == sizes
    assert not any(grid.together for grid in simulated.launched)


def test_clusters_wait_for_no_other(hopper, layers):
    """One runs after the other here."""
    check(hopper, layers("lstm", sizes=WIDE), drawn(3, 40, WIDE[0]))
    assert {(grid.blocks, grid.cluster) for grid in simulated.launched if grid.shared} == {(6, 2)}
