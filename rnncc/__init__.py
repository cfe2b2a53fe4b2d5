"""rnncc: a compiler for recurrent cells.

`RNN` makes a layer of any cell; what can go wrong is in `rnncc.errors`. Neither sympy nor Numba is imported before a cell is.
"""

from rnncc.api import RNN
from rnncc.errors import (
    ArgumentError,
    CacheWarning,
    DeviceError,
    DtypeError,
    InternalError,
    RnnccError,
    ShapeError,
    SpecError,
    UserError,
    WeightsError,
)

__all__ = [
    "RNN",
    "ArgumentError",
    "CacheWarning",
    "DeviceError",
    "DtypeError",
    "InternalError",
    "RnnccError",
    "ShapeError",
    "SpecError",
    "UserError",
    "WeightsError",
    "__version__",
]

__version__: str


def __getattr__(name: str) -> str:
    """`__version__`, asked for seldom: reading the installed package's metadata costs as much as the rest of the import."""
    if name != "__version__":
        raise AttributeError(f"module 'rnncc' has no attribute {name!r}")
    from rnncc.version import version

    return version()
