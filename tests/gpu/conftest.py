"""What needs a CUDA device is skipped where there is none, for the reason that a layer would give."""

import pytest

from rnncc.errors import DeviceError
from rnncc.runtime.cuda.device import array_library, number_of


@pytest.fixture(autouse=True)
def cupy():
    """CuPy, on a machine with a device."""
    try:
        number_of("cuda")
    except DeviceError as problem:
        pytest.skip(f"no CUDA device: {problem}")
    return array_library()
