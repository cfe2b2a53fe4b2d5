"""Imports run one way, and what a cached start must not pay for stays unloaded."""

import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent


def test_the_import_contract_holds() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("module", ["rnncc", "rnncc.runtime", "rnncc.train"])
def test_import_loads_neither_sympy_nor_the_compiler(module: str) -> None:
    script = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert module in loaded
    assert not loaded & {"sympy", "rnncc.compiler", "rnncc.spec", "rnncc.ir"}
