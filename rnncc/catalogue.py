"""The catalogue: specs by name."""

from collections.abc import Iterator
from pathlib import Path

from rnncc.errors import ArgumentError
from rnncc.suggest import close

_PACKAGE = Path(__file__).resolve().parent


def directory() -> Path:
    """Where the catalogue lies: inside an installed package, beside it in a checkout."""
    inside = _PACKAGE / "specs"
    return inside if inside.is_dir() else _PACKAGE.parent / "specs"


def names() -> tuple[str, ...]:
    """Names of the catalogue, sorted."""
    return tuple(sorted(p.stem for p in directory().glob("*.py") if not p.stem.startswith("_")))


def find(source: str | Path) -> Path:
    """The file of a spec given by name or path.

    Raises `ArgumentError` for a name that is not in the catalogue, with the closest that are, and for a path where there is no file.
    """
    if not _is_path(source):
        return _named(str(source))
    path = Path(source)
    if not path.is_file():
        raise ArgumentError(f"no spec file {path}; give the path of a file, or a name that `rnncc list` shows")
    return path


def _is_path(source: str | Path) -> bool:
    return isinstance(source, Path) or any(_signs(source))


def _signs(source: str) -> Iterator[bool]:
    yield source.endswith(".py")
    yield "/" in source
    yield "\\" in source


def _named(name: str) -> Path:
    if name not in names():
        raise ArgumentError(f"unknown cell {name!r}; {close(name, names())}")
    return directory() / f"{name}.py"
