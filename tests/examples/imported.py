"""An example as a module: it lies beside the package, where a plain import finds it only from its own folder."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parents[2] / "examples"


def imported(name: str) -> Iterator[ModuleType]:
    """The example, for as long as a fixture lasts."""
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module(name)
    sys.path.remove(str(FOLDER))
    for module in [m for m in sys.modules.values() if Path(getattr(m, "__file__", None) or "").parent == FOLDER]:
        del sys.modules[module.__name__]
