"""The version, written in pyproject.toml alone."""

import importlib.metadata
import tomllib
from pathlib import Path


def version() -> str:
    """What the installed package says, or pyproject.toml in a checkout that is not installed."""
    try:
        return importlib.metadata.version("rnncc")
    except importlib.metadata.PackageNotFoundError:
        pyproject = Path(__file__).parents[1] / "pyproject.toml"
        return str(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"])
