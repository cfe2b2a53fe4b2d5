"""Kernels compiled by tests are kept beside pytest's own cache, for all tests and the processes they start; never in the user's."""

import os
from collections.abc import Callable, Generator
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # A path of one's own wins: .ci/run gives one. The folder itself is made by rnncc, for its user alone.
    os.environ.setdefault("RNNCC_CACHE_DIR", str(config.rootpath / ".pytest_cache" / "rnncc"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write golden files instead of comparing with them")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of what holds for one way of multiplying with bfloat16 alone only the machine's own is there.

    `tests/emit/test_cpu_isa.py` runs the tests of pairs where the machine has no instruction for them.
    """
    marked = [(item, mark.args[0]) for item in items if (mark := item.get_closest_marker("pairs"))]
    if not marked:
        return
    from rnncc.runtime.simd import ISA  # here, since it imports LLVM

    left_out = [item for item, pairs in marked if pairs != ISA.dots]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


class Skipped(pytest.Item):
    """Stands for a module that skips itself, so that processes side by side report it as one of their tests."""

    reason = ""

    def runtest(self) -> None:
        pytest.skip(self.reason)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:
        item = Skipped.from_parent(collector, name="module")
        item.reason = report.longrepr[2].removeprefix("Skipped: ")
        report.outcome, report.result, report.longrepr = "passed", [item], None
    return report


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """`golden(path, text)`: the file holds `text`; with `--update-goldens` it does from then on."""

    def check(path: Path, text: str) -> None:
        if request.config.getoption("--update-goldens"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        assert text == path.read_text(), f"{path.name} differs: look at the difference, then run with --update-goldens"

    return check
