"""The character model as a program: learns, stops at Ctrl-C, goes on, and tells what is wrong."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
SMALL = ["--hidden", "16", "--batch", "8", "--steps", "16"]


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "examples" / "char_lm.py"), *arguments]


def printed(folder: Path, *arguments: str) -> str:
    done = subprocess.run(command(*arguments), cwd=folder, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def nats(text: str) -> float:
    found = re.search(r"validation: ([0-9.]+) nats/character", text)
    assert found
    return float(found[1])


def test_it_learns_and_leaves_a_checkpoint(tmp_path: Path) -> None:
    loss = nats(printed(tmp_path, *SMALL, "--seconds", "3"))
    assert loss < 3.4  # the frequencies of the letters alone give 3.3, a uniform guess 4.17
    with np.load(tmp_path / "char_lm.npz") as file:
        assert "params.rnn.l0.W_i" in file.files
    assert [f.name for f in tmp_path.iterdir()] == ["char_lm.npz"]


def test_ctrl_c_keeps_what_was_learned_and_resume_goes_on(tmp_path: Path) -> None:
    running = subprocess.Popen(command(*SMALL, "--seconds", "1000"), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    for line in running.stdout:
        if "kernels ready" in line:
            break
    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "go on with --resume" in rest
    with np.load(tmp_path / "char_lm.npz") as file:
        arrays = {name: file[name] for name in file.files}
    about = str(arrays["about"]).replace('"seconds": 1000.0', '"seconds": 1.0')
    np.savez(tmp_path / "char_lm.npz", **(arrays | {"about": np.array(about)}))
    assert nats(printed(tmp_path, "--resume")) < 4.2
