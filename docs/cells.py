"""Writes `docs/cells.md`: every cell of the catalogue, from its spec, what cells learned, from `docs/cells.json`, and how long a call
takes, from `docs/cells-speed.json`.

    python docs/cells.py

The same catalogue and results give the same text. `examples/jsb.py --json docs/cells.json` and `examples/tasks.py … --json
docs/cells.json` add results; `SPEED_COMMAND` writes the times, all or some, and without that file the page has none.
"""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sympy as sp

from rnncc import catalogue
from rnncc.cli.show import formula
from rnncc.compiler import Compilation, compile_cell
from rnncc.emit.latex import latex
from rnncc.ir.flops import step_flops, volume
from rnncc.ir.streams import step_numbers
from rnncc.structure import Found, lines

HERE = Path(__file__).parent
SIZE = 128  # of input and state
POSITIONS = 50  # of a memory
BYTES = 4  # of a float32
KERNELS = ("inference", "forward", "backward")
MODES = ("inference", "training")
LIBRARIES = {"rnncc": "rnncc", "pytorch": "PyTorch", "jax": "JAX", "onnxruntime": "ONNX Runtime"}
PACKAGES = {"pytorch": "torch", "jax": "jax", "onnxruntime": "onnxruntime"}
BARS = "▁▂▃▄▅▆▇█"
POINTS = 20  # of a curve
LEAST = 1e-5  # of the highest that a curve tells apart; a task that is solved has nothing left to lose
PUBLISHED = {
    ("jsb", "elman"): "8.91",
    ("jsb", "lstm"): "8.45",
    ("jsb", "gru"): "8.43",
    ("adding 600", "elman"): "0.177",
    ("adding 600", "lstm"): "0.164",
    ("adding 600", "gru"): "5.3e-5",
}
"""By Bai, Kolter & Koltun 2018, table 1."""

SPEED_COMMAND = """\
    rnncc bench --cell all --shape 100,32,128,128 --mode inference --mode training --peer pytorch --peer jax --peer onnxruntime \\
        --blocks 2 --seconds 0.1 --json docs/cells-speed.json"""

HEAD = f"""# Cells

Every cell of the catalogue: its equations as the compiler reads them, what it costs, what was found of its recurrence, and what some of
them learn. This page is generated, from the specs and from the results in `docs/cells.json`:

    python docs/cells.py

Parameters, FLOPs and bytes are those of one layer with {SIZE} inputs and {SIZE} units, further sizes as the cell has them by default,
and memories of {POSITIONS} positions. A FLOP is an addition or multiplication, functions count as many as they cost; bytes are what a
kernel reads and writes of a step and sample in float32, inputs, outputs and what forward leaves for backward, without parameters and
states. What is computed once a sequence counts nothing.
"""

LEARNED = """## What they learn

*Chorales* (jsb): negative log-likelihood of a frame of 88 keys in nats, on the test pieces, of the model that was best on the
validation pieces; at most 300,000 parameters each. *Adding*: mean squared error of the sum of two marked numbers; always answering 1
has 0.167. *Copying*: nats a letter after so many blanks; guessing has 2.079. The curve is the score on validation pieces, or on
fresh sequences, along the run, on a logarithmic scale from the lowest to the highest of the task, over five decades at most. All
cells were trained alike, with one seed and the defaults of the example, which suit an LSTM and a GRU; nothing was tuned for any other
but what the commands show: first values with which a cell remembers, without which few learn anything of copying. Published: Bai,
Kolter & Koltun 2018, table 1. Further inputs that a cell reads are those of steps a time unit apart, nothing of which is missing, and a
memory is the sequence itself (`examples/inputs.py`), except on the chorales, where it would be the answer. Any other cell that is
missing here was not run:

{commands}
"""


def page(names: Sequence[str], results: Sequence[dict[str, Any]], measured: dict[str, Any]) -> str:
    """The whole page."""
    made = {name: compile_cell(name) for name in names}
    return "\n".join(
        [HEAD, *learned(results), *overview(made, measured), *(section(name, one, results, measured) for name, one in made.items())]
    )


def learned(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What cells learned, a table a task."""
    by_task = {task: [r for r in results if r["task"] == task] for task in dict.fromkeys(r["task"] for r in results)}
    yield LEARNED.format(commands="\n".join(line for task, of_task in by_task.items() for line in _commands(task, of_task)))
    for task, of_task in by_task.items():
        scored = [score for r in of_task for score in r["curve"]]
        yield f"| {task} | units | parameters | curve | score | published |\n|---|---|---|---|---|---|"
        high = max(scored)
        yield "\n".join(_result(r, max(min(scored), LEAST * high), high) for r in sorted(of_task, key=lambda r: r["score"])) + "\n"


def _commands(task: str, results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """One for all cells that were trained alike."""
    name, _, length = task.partition(" ")
    example = f"tasks.py {name} --length {length}" if length else f"{name}.py"
    for settings in sorted({r.get("settings", "") for r in results}):
        cells = " ".join(r["cell"] for r in results if r.get("settings", "") == settings)
        cell, options = ("$cell" if " " in cells else cells), f" {settings}" if settings else ""
        command = f"python examples/{example} --cell {cell}{options} --json docs/cells.json"
        yield f"    for cell in {cells}; do {command}; done" if " " in cells else f"    {command}"


def _result(r: dict[str, Any], low: float, high: float) -> str:
    known = PUBLISHED.get((r["task"], r["cell"]), "")
    return f"| `{r['cell']}` | {r['hidden']} | {r['parameters']:,} | {curve(r['curve'], low, high)} | {r['score']:.4g} | {known} |"


def curve(values: Sequence[float], low: float, high: float) -> str:
    """Some of `values` as bars, `low` and less at the bottom, `high` at the top, logarithms in between."""
    at = [round(k * (len(values) - 1) / (POINTS - 1)) for k in range(POINTS)] if len(values) > POINTS else range(len(values))
    rise = [math.log(max(values[k], low) / low) / math.log(high / low) for k in at]
    return "".join(BARS[round(share * (len(BARS) - 1))] for share in rise)


def overview(made: dict[str, Compilation], measured: dict[str, Any]) -> Iterator[str]:
    """One row a cell; `measured` is what `rnncc bench` wrote, or nothing."""
    yield f"## What a step costs\n\nOne sample, {SIZE} inputs, {SIZE} units.\n"
    if measured:
        yield f"*Speed*: {measured_on(measured)}\n\n{SPEED_COMMAND}\n"
    titles = ["cell", "parameters", "FLOPs forward", "backward", "bytes inference", "forward", "backward"]
    titles += ["speed inference", "training", "found"] if measured else ["found"]
    yield f"| {' | '.join(titles)} |\n{'|---' * len(titles)}|"
    yield "\n".join(_row(name, one, measured) for name, one in made.items()) + "\n"


def _row(name: str, made: Compilation, measured: dict[str, Any]) -> str:
    numbers = [parameters(made), *flops(made).values(), *(BYTES * step_numbers(made.program(kernel)) for kernel in KERNELS)]
    found = "; ".join(_found(one, alone=len(made.structure) == 1) for one in made.structure if one.holding)
    cells = [f"{_at_size(n, made):,}" for n in numbers] + ([speed(measured, name, mode) for mode in MODES] if measured else [])
    return f"| [`{name}`](#{name}) | {' | '.join(cells)} | {found} |"


def measured_on(measured: dict[str, Any]) -> str:
    """What the times are of, and on what they were measured."""
    first, machine, versions = measured["results"][0], measured["machine"], measured["versions"]
    peers = {peer for r in measured["results"] for peer in r["contenders"] if peer in LIBRARIES}
    shape = ", ".join(str(first[size]) for size in ("steps", "batch", "inputs", "hidden"))
    libraries = ", ".join(f"{LIBRARIES[peer]} {versions[package]}" for peer, package in PACKAGES.items() if peer in peers)
    where = f"{machine['threads']} cores of {machine['processor']} ({machine['instruction_set']})"
    return (
        f"milliseconds of a call at (T, N, I, H) = ({shape}), {measured['plan']['dtype']}, and how many times as long\n"
        "the fastest of the others takes: a jitted `lax.scan` of JAX, PyTorch's layer and ONNX Runtime's operator where there is one.\n"
        f"Measured on {measured['date'][:10]}, {where}, {libraries}."
    )


def speed(measured: dict[str, Any], name: str, mode: str) -> str:
    """`4.99, JAX 1.34 ×`; nothing where a cell was not measured."""
    for r in measured["results"]:
        if (r["cell"], r["mode"]) == (name, mode):
            own = r["contenders"].get("rnncc")
            wrong = ", ".join(f"{LIBRARIES[d['contender']]} disagrees" for d in r.get("disagrees", []))
            best = f"{LIBRARIES[r['best_peer']]} {r['ratio']:.2f} ×" if r["ratio"] else ""
            return ", ".join(filter(None, [f"{1e3 * own['seconds']:.3g}" if own else "", best, wrong]))
    return ""


def _found(one: Found, alone: bool) -> str:
    return ("" if alone else f"{one.loop.states}: ") + ", ".join(one.holding)


def parameters(made: Compilation) -> sp.Expr:
    """Numbers in the parameters, frozen ones too."""
    return sp.expand(sum((volume(p.axes) for p in made.info.parameters), sp.S.Zero))


def flops(made: Compilation) -> dict[str, sp.Expr]:
    """By direction."""
    return {"forward": step_flops(made.primal), "backward": step_flops(made.joint, known=made.primal)}


def _at_size(counted: sp.Expr, made: Compilation) -> int:
    sizes = made.info.sizes | {"input": SIZE, "hidden": SIZE} | {m.positions: POSITIONS for m in made.info.memories}
    return int(counted.subs({sp.Symbol(name): size for name, size in sizes.items()}))


def section(name: str, made: Compilation, results: Sequence[dict[str, Any]], measured: dict[str, Any]) -> str:
    """One cell: where it is from, its equations, what a step costs, how fast it is, what it learned, what its recurrence is like."""
    counted = {"parameters": parameters(made)} | {f"FLOPs {direction}": cost for direction, cost in flops(made).items()}
    counted |= {f"bytes {kernel}": BYTES * step_numbers(made.program(kernel)) for kernel in KERNELS}
    speeds = {f"milliseconds {mode}": speed(measured, name, mode) for mode in MODES}
    return "\n".join(
        [
            f"## {name}\n\n{made.info.doc.strip()}\n",
            f"```math\n{latex(made.primal, made.spec.named, prefix=made.info.cotangent)}\n```\n",
            *(f"- {what}: {formula(number)}" for what, number in counted.items()),
            *(f"- {what}: {said}" for what, said in speeds.items() if said),
            *(f"- {line}" for line in scores(name, made, results)),
            "\n```text",
            *lines(made.structure, scans=made.scans),
            "```\n",
        ]
    )


def scores(name: str, made: Compilation, results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What the cell learned of each task, or why not."""
    memories = [m.name for m in made.info.memories]
    if memories:
        yield f"no curves: the tasks have no memory {' and '.join(memories)} to attend to"
        return
    for task in sorted({r["task"] for r in results}):
        found = [r["score"] for r in results if (r["task"], r["cell"]) == (task, name)]
        yield f"learned, {task}: {f'{found[0]:.4g}' if found else 'not run'}"


def main() -> None:
    """Write the page."""
    results = json.loads((HERE / "cells.json").read_text(encoding="utf-8"))
    (HERE / "cells.md").write_text(page(catalogue.names(), results, speeds(HERE / "cells-speed.json")), encoding="utf-8")


def speeds(file: Path) -> dict[str, Any]:
    """What `SPEED_COMMAND` wrote; nothing where it has not run, or was stopped before the first cell."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found if found.get("results") else {}


if __name__ == "__main__":
    main()
