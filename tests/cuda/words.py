"""What tests of the device side share."""

import numpy as np

from rnncc.runtime.sweep import Sweep

LENGTHS = np.array([6, 5, 5, 2, 0], np.int64)
STEPS, ROWS = 6, 5


def sweeps(library, **settings):
    """With and without sequences that end early."""
    return [Sweep(STEPS, ROWS, lengths, library=library, **settings) for lengths in (None, LENGTHS)]


def host(array):
    """An array as NumPy has it."""
    return array if isinstance(array, np.ndarray) else array.get()


def spoilt(sweep, stream):
    """`stream` with NaN past the end of each sequence."""
    found = np.array(stream)
    found[sweep.dead()] = np.nan
    return found
