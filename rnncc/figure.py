"""Pictures without a window."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from rnncc.errors import ArgumentError


def new_figure(width: float, height: float) -> Any:
    """An empty figure of `width` by `height` inches."""
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Any, path: Path) -> None:
    """Write `figure` to `path`, in the format that its suffix names; letters stay letters in a vector format.

    Raises `ArgumentError` where the format is unknown or the file cannot be written.
    """
    try:
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "rnncc"}):
            figure.savefig(path)
    except ValueError as fault:
        raise ArgumentError(f"{path}: {fault}") from None
    except OSError as fault:
        raise ArgumentError(f"{path} cannot be written: {fault.strerror}") from None
