"""Kernels written by hand, as the machine is tested with."""

import re

import numpy as np

from rnncc.runtime.cuda.start import Grid
from tests.cuda.ptx.launch import run
from tests.cuda.ptx.parse import parse

_REGISTERS = {"%p": "pred", "%rs": "b16", "%r": "b32", "%rd": "b64", "%f": "f32", "%fd": "f64"}
_POINTER, _WORDS = 4, 7
"""Of the parameters of an array of one axis: which is its address, and how many there are."""


def written(body, *arrays, blocks=1, shared=0, cluster=1, in_turn=False):
    """Run the instructions `body`: at first %rd1, %rd2 … are the addresses of the arrays, %r0 and %rd0 the number of the thread.

    They are where the compiler has those of the launch; every array has one axis.
    """
    count = _WORDS * len(arrays)
    lines = [".visible .entry kernel(", *(f".param .u64 p{k}{',' * (k + 1 < count)}" for k in range(count)), ")", "{"]
    lines += [f".reg .{kind} {name}<64>;" for name, kind in _REGISTERS.items()]
    lines += ["mov.u32 %r0, %tid.x;", "cvt.u64.u32 %rd0, %r0;"]
    lines += [f"ld.param.u64 %rd{k + 1}, [p{_WORDS * k + _POINTER}];" for k in range(len(arrays))]
    lines += [line.strip() for line in re.split(r"(?<=[;:])\s*\n", body.strip())]
    run(parse("\n".join([*lines, "ret;", "}"])), Grid(blocks, shared, together=False, cluster=cluster), arrays, in_turn)


def computed(instruction, *operands, target="f32"):
    """What `instruction` on the registers `operands`, arrays of up to 256 numbers, leaves in a register of type `target`."""
    letters = {"f32": "%f", "f64": "%fd", "b32": "%r", "b64": "%rd", "b16": "%rs"}
    kinds = [{2: "b16", 4: "b32", 8: "b64"}[o.itemsize] if o.dtype.kind in "iu" else f"f{8 * o.itemsize}" for o in operands]
    made = np.zeros(256, {"f32": np.float32, "f64": np.float64, "b16": np.uint16, "b32": np.uint32, "b64": np.uint64}[target])
    given = [np.resize(o, 256) for o in operands]
    lines, names = [], []
    for k, (array, kind) in enumerate(zip([*given, made], [*kinds, target], strict=True)):
        names.append(f"{letters[kind]}{50 + k}")
        place = f"mul.lo.u64 %rd40, %rd0, {array.itemsize};\nadd.u64 %rd{30 + k}, %rd{k + 1}, %rd40;"
        lines += [place] if k == len(given) else [place, f"ld.global.{kind} {names[k]}, [%rd{30 + k}];"]
    lines += [instruction.format(names[-1], *names[:-1]), f"st.global.{target} [%rd{30 + len(given)}], {names[-1]};"]
    written("\n".join(lines), *given, made)
    return made[: max((len(o) for o in operands), default=256)]
