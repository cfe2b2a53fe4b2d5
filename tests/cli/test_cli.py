"""The command: exit status 0, 1 or 2, mistakes on stderr without a traceback."""

import importlib.util
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rnncc.cli import main
from rnncc.compiler import Compilation
from rnncc.runtime.cache import PREFIX

ROOT = Path(__file__).parents[2]


def rnncc(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="rnncc")


def fine(*arguments: str) -> str:
    done = rnncc(*arguments)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout


COMMANDS = ["list", "show", "check", "compile", "dump", "plot", "bench", "new", "warmup", "doctor"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_and_shows_an_example(command: str) -> None:
    assert f"rnncc {command}" in fine(command, "--help").partition("Example")[2]
    assert command in fine("--help")


def test_list_names_every_cell() -> None:
    printed = fine("list")
    for path in (ROOT / "specs").glob("*.py"):
        assert path.stem in printed


def test_show_prints_equations_gradient_parameters_and_cost() -> None:
    printed = fine("show", "lstm")
    assert "i = sigmoid(W_i @ x + U_i @ h[t-1] + b_i)" in printed
    assert "d_c = d_c_new*f" in printed
    assert "W_i  hidden×input" in printed
    assert "8·hidden² + 8·hidden·input" in printed
    assert "16·hidden² + 16·hidden·input" in printed
    assert "inference  hidden + input" in printed


def test_show_says_what_was_found_of_the_structure_and_why() -> None:
    assert "products or sums in the loop: units meet in U_i @ h, U_f @ h, U_g @ h, U_o @ h" in fine("show", "lstm")
    printed = fine("show", "mingru")
    for line in (
        "  loop of h",
        "    no product in the loop: elementwise from h to h_new: each unit sees its own past alone",
        "    linear in its state: ∂h_new/∂h = 1 - z, which no state of the loop reaches",
        "    not invertible: h_new holds h times 1 - z, and dividing by that loses digits",
        "    on a CUDA device it is run as a scan over time where that is sooner",
    ):
        assert line in printed


def test_show_writes_means_over_a_batch_as_they_train() -> None:
    printed = fine("show", "ligru", "--set", "norm=batch")
    assert "  z = sigmoid(U_z @ h[t-1] + b_z + g_z*(W_z @ x - mean_z)/sqrt(eps + var_z))\n" in printed
    assert "  mean_z_batch = (sum_tn(W_z_x))/n_live\n  var_z_batch = (sum_tn((W_z_x - mean_z_batch)**2))/n_live\n" in printed
    assert "mean_z  hidden         in training the mean over the batch, else frozen" in printed
    assert "Piecewise" not in printed


def test_show_takes_options_of_the_cell() -> None:
    assert "relu(W @ x" in fine("show", "elman", "--set", "phi=relu")


def test_new_writes_a_spec_that_is_right_and_overwrites_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "rnncc check my_cell.py" in fine("new", "my_cell")
    assert "f = sigmoid(W_f @ x" in fine("show", "my_cell.py")
    written = Path("my_cell.py").read_text()
    assert 'Cell("MyCell")' in written
    Path("my_cell.py").write_text("mine")
    again = rnncc("new", "my_cell")
    assert again.exit_code == 1
    assert "exists already" in again.stderr
    assert Path("my_cell.py").read_text() == "mine"


@pytest.mark.parametrize("name", ["2cells", "my-cell", "class", "nowhere/cell"])
def test_new_refuses_a_name_that_cannot_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    done = rnncc("new", name)
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")
    assert not list(tmp_path.iterdir())


def test_doctor_says_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNCC_CACHE_DIR", str(tmp_path / "cache"))
    printed = fine("doctor")
    for word in ("processor", "instruction set", "bfloat16 weights", "numba", "CUDA", f"{tmp_path}/cache: 0 cells"):
        assert word in printed
    if importlib.util.find_spec("cupy") is None:
        assert "pip install 'rnncc[cuda]'" in printed
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RNNCC_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert "cannot be used" in fine("doctor")


@pytest.mark.parametrize("command", ["show", "check", "dump"])
def test_an_unknown_cell_is_the_users_mistake(command: str) -> None:
    done = rnncc(command, "lsmt")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "lsmt" in done.stderr
    assert "lstm" in done.stderr


def test_a_wrong_spec_shows_its_faults_alone(tmp_path: Path) -> None:
    spec = tmp_path / "wrong.py"
    spec.write_text('from rnncc.spec import Cell\ncell = Cell("Wrong")\nx = cell.input("x")\nh = cell.state("h")\ncell.output(x + h)\n')
    done = rnncc("show", str(spec))
    assert done.exit_code == 1
    assert done.stderr.startswith(f"{spec}:")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["lsit"], ["show"], ["show", "lstm", "--set", "phi"], ["dump", "lstm", "--stage", "jpg"]])
def test_wrong_usage_is_told_apart(arguments: list[str]) -> None:
    done = rnncc(*arguments)
    assert done.exit_code == 2
    assert "Usage" in done.stderr


def test_help_and_doctor_do_not_load_sympy() -> None:
    script = "import sys; from rnncc.cli import main; main(['doctor'], standalone_mode=False); sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_check_prints_one_line_a_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNCC_CACHE_DIR", str(tmp_path))
    lines = fine("check", "elman").splitlines()
    assert len(lines) == 9
    assert all(line.startswith("ok") for line in lines)


def test_check_tells_a_wrong_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNCC_CACHE_DIR", str(tmp_path))
    for loaded in [name for name in sys.modules if name.startswith(PREFIX)]:
        monkeypatch.delitem(sys.modules, loaded)
    right = Compilation.source.func
    wrong = cached_property(lambda made: right(made).replace("h_new * h_new", "h_new"))
    wrong.__set_name__(Compilation, "source")
    monkeypatch.setattr(Compilation, "source", wrong)
    done = rnncc("check", "elman")
    assert done.exit_code == 1
    assert "FAIL  cpu kernels, float64, full batch" in done.stdout
    assert "6 of 8 checks fail" in done.stderr


def test_compile_writes_a_module_that_needs_no_compiler(tmp_path: Path) -> None:
    module = tmp_path / "elman_layer.py"
    assert "from elman_layer import Elman" in fine("compile", "elman", "-o", str(module))
    script = (
        "import sys, numpy; sys.path.insert(0, sys.argv[1]); from elman_layer import Elman\n"
        "y, state = Elman(3, 4)(numpy.zeros((2, 5, 3), 'float32'))\n"
        "assert y.shape == (2, 5, 4)\n"
        "print({'sympy', 'rnncc.compiler', 'rnncc.spec', 'rnncc.ir'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert "wrote" in fine("compile", "elman", "--set", "phi=relu", "-o", str(module))
    assert "relu" in module.read_text()


def test_compile_overwrites_nothing_of_yours(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("precious = 1\n")
    done = rnncc("compile", "elman", "-o", str(mine))
    assert done.exit_code == 1
    assert "was not written by rnncc" in done.stderr
    assert mine.read_text() == "precious = 1\n"
    assert rnncc("compile", "elman", "-o", str(tmp_path / "no-module.py")).exit_code == 1
    assert "cannot be written" in rnncc("compile", "elman", "-o", str(tmp_path / "missing" / "x.py")).stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--stage", "spec"], 'cell = Cell("Elman"'),
        (["--stage", "ir"], "h_new_in: T N hidden = U_h + W_x + b"),
        (["--kernel", "backward", "--stage", "phases"], "against time"),
        (["--kernel", "backward"], "def backward_loop("),
        (["--target", "numpy", "--kernel", "backward"], "def backward(*, "),
        (["--target", "torch"], "torch.tanh("),
        (["--target", "jax"], "jax.lax.scan("),
        (["--target", "latex"], r"h_{\mathrm{new}} &= \tanh\left("),
        (["--target", "latex", "--kernel", "backward"], r"\bar{W} &= \sum_{t, n}"),
    ],
)
def test_dump_prints_every_stage(arguments: list[str], expected: str) -> None:
    assert expected in fine("dump", "elman", *arguments)


@pytest.mark.parametrize(("stage", "dtype", "expected"), [("llvm", "float64", "x double>"), ("asm", "float32", "inference_fused_loop")])
def test_dump_prints_machine_code(stage: str, dtype: str, expected: str) -> None:
    assert expected in fine("dump", "elman", "--kernel", "inference", "--stage", stage, "--dtype", dtype)


def test_a_target_without_that_stage_is_told() -> None:
    done = rnncc("dump", "elman", "--target", "latex", "--stage", "asm")
    assert done.exit_code == 1
    assert "target latex has no stage asm; it has spec, ir, source" in done.stderr
