"""A cell as the command line asks for it."""

from collections.abc import Mapping

from rnncc.compiler import Compilation, compile_cell
from rnncc.runtime.transforms import asked_for


def compiled(spec: str, settings: Mapping[str, object], transforms: Mapping[str, object]) -> Compilation:
    """The way of `spec` under `settings`, its options, and `transforms`, keywords as of `rnncc.RNN`, whose numbers become defaults.

    Raises `SpecError` and `ArgumentError`.
    """
    asked = asked_for(transforms)
    return compile_cell(spec, settings, asked.structure, asked.keywords)
