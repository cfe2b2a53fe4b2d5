"""Whatever a compiled cell depends on changes its key."""

from pathlib import Path

import pytest

import rnncc.modules
from rnncc.runtime.cache import Cache
from rnncc.runtime.cache_key import installed, local_modules, module_key, own_digest, spec_content


def test_the_key_names_the_cell_and_its_options() -> None:
    key = module_key("LSTM", b"spec", {"depth": 3, "phi": "tanh"})
    assert key.startswith("LSTM_")
    assert key == module_key("LSTM", b"spec", {"phi": "tanh", "depth": 3})
    others = [module_key("LSTM", b"spec", {"depth": 4, "phi": "tanh"}), module_key("LSTM", b"spec2", {"depth": 3, "phi": "tanh"})]
    assert len({key, *others}) == 3


def test_the_version_of_a_library_that_may_be_missing() -> None:
    assert installed("numba")[0].isdigit()
    assert installed("no-such-library") == ""


def test_modules_for_a_device_belong_to_a_numba_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = []
    monkeypatch.setattr(Cache, "module", lambda _self, key, _make: keys.append(key))
    for number in ("0.30", "0.31"):
        monkeypatch.setattr(rnncc.modules, "installed", lambda _library, number=number: number)
        for target in ("cpu", "cuda"):
            rnncc.modules.load_module("lstm", target=target)
    assert keys[0] == keys[2]
    assert len(set(keys)) == 3


def test_modules_beside_a_spec_count(tmp_path: Path) -> None:
    spec, near, far = (tmp_path / f"{n}.py" for n in ("spec", "near", "far"))
    spec.write_text("import near\nfrom rnncc.spec import Cell\n")
    near.write_text("from far import gate\nimport spec\n")
    far.write_text("gate = 1\n")
    (tmp_path / "other.py").write_text("")
    assert local_modules(spec) == {near, far}
    before = spec_content(spec)
    far.write_text("gate = 2\n")
    assert spec_content(spec) != before


def test_a_package_beside_a_spec_counts_whole(tmp_path: Path) -> None:
    spec = tmp_path / "spec.py"
    spec.write_text("from parts.gates import gate\n")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "__init__.py").write_text("")
    (tmp_path / "parts" / "gates.py").write_text("gate = 1\n")
    assert {f.name for f in local_modules(spec)} == {"__init__.py", "gates.py"}


def test_a_spec_that_does_not_parse_imports_nothing(tmp_path: Path) -> None:
    spec = tmp_path / "spec.py"
    spec.write_text("import (\n")
    assert local_modules(spec) == set()


def test_the_digest_of_the_runtime_is_not_that_of_the_whole() -> None:
    assert own_digest() != own_digest("runtime")
