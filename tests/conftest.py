"""Kernels compiled by tests are kept beside pytest's own cache, for all tests and the processes they start; never in the user's."""

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # A path of one's own wins: .ci/run gives one. The folder itself is made by rnncc, for its user alone.
    os.environ.setdefault("RNNCC_CACHE_DIR", str(config.rootpath / ".pytest_cache" / "rnncc"))
