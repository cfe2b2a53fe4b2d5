"""A layer in words: what it computes with, for a reader who wonders what runs."""

import inspect
from collections.abc import Mapping

from rnncc.runtime.chunks import ROWS
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.kernels import Kernels
from rnncc.runtime.parameters import ParameterStore
from rnncc.runtime.settings import Settings
from rnncc.runtime.simd.isa import ISA


def explain(
    settings: Settings, store: ParameterStore, constants: Mapping[str, float], kernels: Kernels, machine: list[tuple[str, str]]
) -> str:
    """Cell, sizes, parameters, dtype, `machine` that it runs on and kernels, one fact a line."""
    geometry = store.geometry
    cell = geometry.cell
    facts = [
        ("cell", f"{cell.name}: {inspect.cleandoc(cell.doc).splitlines()[0] if cell.doc else 'no description'}"),
        ("options", _pairs(cell.options)),
        ("constants", _pairs(constants)),
        ("sizes", _sizes(settings, geometry)),
        ("layers", f"{settings.num_layers}, {'both directions' if settings.bidirectional else 'one direction'}"),
        ("states", ", ".join(f"{s.name} {geometry.shape(s.axes)}" for s in cell.states) or "none"),
        ("parameters", f"{sum(m.size for m in store.masters):,} ({sum(m.nbytes for m in store.masters):,} bytes)"),
    ]
    facts += [(f"  {name}", str(view.shape)) for name, view in store.named.items()]
    facts += [("loop of", loop) for loop in cell.loops]
    facts += [
        ("checkpoint", _checkpoint(settings.checkpoint)),
        ("residual", "input added to output where both have the same size" if settings.residual else ""),
        ("truncate", "" if settings.truncate is None else f"cotangents of states end every {settings.truncate} steps"),
        ("dtype", settings.shown_dtype),
        ("weights", _weights(settings.weight_dtype)),
        *machine,
        ("kernels", f"inference, forward, backward, trace of {kernels.inference.__module__}"),
    ]
    return "\n".join(f"{name:12} {value}" for name, value in facts if value)


def processor(threads: int) -> list[tuple[str, str]]:
    """What layers on a processor run on."""
    dots = "; what bfloat16 weights meet is rounded to bfloat16" if ISA.dots else ""
    return [("threads", f"{threads}, at most one a row"), ("instructions", f"{ISA.name}, {ISA.bits} bit vectors{dots}")]


def _checkpoint(every: int | None) -> str:
    return "" if every is None else f"states every {every} steps, rounded up to chunks of about {ROWS} rows; the rest is computed again"


def _weights(dtype: str | None) -> str:
    return "" if dtype is None else f"of products {dtype} in a call and in stream; float32 in vjp and trace"


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def _sizes(settings: Settings, geometry: Geometry) -> str:
    own = {"input": settings.input_size, "hidden": settings.hidden_size, **geometry.sizes, "output": geometry.output_size}
    return ", ".join(f"{name} {value}" for name, value in own.items())
