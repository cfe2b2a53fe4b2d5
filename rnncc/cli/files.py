"""What commands ask before they work for long: may the files be written that are wanted in the end?"""

from pathlib import Path

from rnncc.errors import ArgumentError
from rnncc.runtime.machine import version_of


def expect_folder(file: Path) -> None:
    """Figures that took an hour must not be lost for want of a folder. Raises `ArgumentError`."""
    if not file.absolute().parent.is_dir():
        raise ArgumentError(f"{file} cannot be written: there is no folder {file.absolute().parent}")


def expect_pictures(instead: str = "") -> None:
    """Raises `ArgumentError` without matplotlib, and says what else there is."""
    if version_of("matplotlib") is None:
        raise ArgumentError(f"a picture needs matplotlib: pip install 'rnncc[plot]'{instead}")
