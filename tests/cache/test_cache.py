"""Generated modules on disk: made once, damage is a miss, an unusable directory costs a warning and nothing else."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rnncc.errors import CacheWarning, InternalError
from rnncc.runtime import cache_directory
from rnncc.runtime.cache import PREFIX, Cache

SOURCE = '"""A module."""\n\nANSWER = 42\n'


class Maker:
    def __init__(self, text: str = SOURCE) -> None:
        self.text, self.calls = text, 0

    def __call__(self) -> str:
        self.calls += 1
        return self.text


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    return re.sub(r"\W", "_", request.node.name)


def forget(key: str) -> None:
    sys.modules.pop(PREFIX + key, None)


def test_a_module_is_made_once_and_then_read(tmp_path: Path, key: str) -> None:
    make = Maker()
    assert Cache(tmp_path).module(key, make).ANSWER == 42
    assert Cache(tmp_path).module(key, make) is sys.modules[PREFIX + key]
    forget(key)
    module = Cache(tmp_path).module(key, make)
    assert (module.ANSWER, make.calls) == (42, 1)
    assert module.__file__ == str(tmp_path / f"{key}.py")
    assert not (tmp_path / "__pycache__").exists()


DAMAGE = {
    "cut": lambda b: b[: len(b) // 2],
    "emptied": lambda b: b"",
    "changed": lambda b: b.replace(b"42", b"43"),
    "longer": lambda b: b + b"x = 1\n",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_made_anew(tmp_path: Path, key: str, damage: Callable[[bytes], bytes]) -> None:
    make = Maker()
    Cache(tmp_path).module(key, make)
    forget(key)
    file = tmp_path / f"{key}.py"
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert Cache(tmp_path).module(key, make).ANSWER == 42
    assert make.calls == 2
    assert file.read_bytes() == whole


def test_nothing_stays_of_a_maker_that_fails(tmp_path: Path, key: str) -> None:
    def fail() -> str:
        raise InternalError("no source")

    with pytest.raises(InternalError, match="no source"):
        Cache(tmp_path).module(key, fail)
    with pytest.raises(ZeroDivisionError):
        Cache(tmp_path).module(key, Maker("1 / 0\n"))
    assert PREFIX + key not in sys.modules


@pytest.mark.parametrize("bad", ["", "../x", "a/b", "a.b", "x" * 200])
def test_a_key_cannot_leave_the_directory(tmp_path: Path, bad: str) -> None:
    with pytest.raises(InternalError, match="cache key"):
        Cache(tmp_path).module(bad, Maker())


def test_a_directory_that_cannot_be_made_costs_a_warning(tmp_path: Path, key: str) -> None:
    (tmp_path / "file").write_text("")
    make = Maker()
    with pytest.warns(CacheWarning, match="RNNCC_CACHE_DIR"):
        module = Cache(tmp_path / "file" / "cache").module(key, make)
    assert (module.ANSWER, make.calls) == (42, 1)
    assert module.__file__ == str(cache_directory.temporary() / f"{key}.py")
    forget(key)
    assert Cache(tmp_path / "file" / "cache").module(key, make).ANSWER == 42  # the second time in silence


def test_a_directory_of_another_user_is_not_used(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.warns(CacheWarning, match="belongs to user"):
        assert Cache(tmp_path / "cache").module(key, Maker()).ANSWER == 42
    assert not list((tmp_path / "cache").iterdir())


def test_a_directory_others_may_write_to_is_not_used(tmp_path: Path, key: str) -> None:
    tmp_path.chmod(0o777)
    with pytest.warns(CacheWarning, match="mode 0777, expected 0700"):
        assert Cache(tmp_path).module(key, Maker()).ANSWER == 42
    assert not list(tmp_path.iterdir())


def test_the_directory_is_the_users_alone(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNCC_CACHE_DIR", str(tmp_path / "deep" / "cache"))
    Cache().module(key, Maker())
    assert (tmp_path / "deep" / "cache").stat().st_mode & 0o777 == 0o700


def test_a_write_that_fails_late_costs_no_second_compilation(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync
    failures = iter([OSError(28, "No space left on device")])

    def fsync(fd: int) -> None:
        fault = next(failures, None)
        if fault:
            raise fault
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    make = Maker()
    with pytest.warns(CacheWarning, match="No space left"):
        assert Cache(tmp_path).module(key, make).ANSWER == 42
    assert make.calls == 1
    assert {f.suffix for f in tmp_path.iterdir()} <= {".lock"}


def test_threads_at_once_make_once(tmp_path: Path, key: str) -> None:
    make, found = Maker(), []
    threads = [threading.Thread(target=lambda: found.append(Cache(tmp_path).module(key, make))) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert make.calls == 1
    assert len(set(map(id, found))) == 1


def test_processes_at_once_make_once(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib; from rnncc.runtime.cache import Cache\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "def make():\n"
        "    (folder / f'made.{id(folder)}.{time.time_ns()}').touch(); time.sleep(0.3); return 'ANSWER = 42\\n'\n"
        "print(Cache(folder).module('shared', make).ANSWER)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    running = [subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [p.communicate(timeout=60)[0].strip() for p in running] == ["42"] * 3
    assert len(list(tmp_path.glob("made.*"))) == 1
