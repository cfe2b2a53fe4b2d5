"""Functions beside a kernel: what it hands to waiting threads, cheap to compile with many arguments; and repeated phases."""

import re

from llvmlite import binding, ir

from rnncc.runtime.compiled import not_inlined, repeated
from rnncc.runtime.enlist import _entry

_BYTES, _WORD = ir.IntType(8).as_pointer(), ir.IntType(64)


def _doubled(values):
    """values *= 2."""
    not_inlined()
    for k in range(len(values)):
        values[k] *= 2.0


def _of(arguments: int) -> ir.Module:
    """A module with a kernel of `arguments` arguments, and its entry."""
    module = ir.Module("m")
    kernel = ir.FunctionType(ir.IntType(32), [_BYTES.as_pointer(), _BYTES.as_pointer(), *[_WORD] * arguments])
    _entry(module, ir.Function(module, kernel, "kernel"))
    return module


def test_an_entry_passes_what_lies_in_the_frame_but_for_the_part():
    text = str(_of(3).globals["kernel.entry"])
    call = text[text.index("call") :]
    assert call.count("i64") == 3
    assert 'i64 %".2"' in call
    assert re.findall(r"i32 0, i32 (\d+)", text) == ["1", "2"]


def test_an_entry_grows_with_its_arguments():
    """Written out beside each of its fields the frame would make it grow with their square."""
    short, long = (len(str(_of(count))) for count in (200, 400))
    assert long < 2.1 * short
    binding.parse_assembly(str(_of(400))).verify()


def test_an_entry_is_left_as_it_is_written():
    """LLVM joins loads and stores of hundreds of arguments in time beyond the square of their number."""
    assert {"noinline", "optnone"} <= set(_of(3).globals["kernel.entry"].attributes)


def test_a_function_that_kernels_call_several_times_is_not_copied_to_each_call():
    function = repeated(_doubled)
    function.compile("(float64[::1],)")
    text = function.inspect_llvm(function.signatures[0])
    number = re.search(r"define .*@\S*_doubled.* #(\d+) ", text)[1]
    assert re.search(rf"attributes #{number} = {{.* noinline ", text)
