"""A kernel that shares its own work: the thread that calls it hands the kernel itself, with the same arguments, to waiting threads.

A worker waits inside a kernel of its own (`serve`) for the address of a function and of its arguments. So handing over takes as long
as a cache line needs from core to core; a hand-over in Python would wake a thread for the interpreter lock, 50 to 100 µs.

    posts  (workers, 2 * LINE) int64: how many tasks were posted, the function, its arguments; a line further how many are done, and
           whether one failed

Called as part `NO_PART` a kernel leaves its function and a copy of its arguments behind and works on no row (`runtime.record`).
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import Signature
from numba.core.typing.templates import signature

from rnncc.errors import InternalError
from rnncc.runtime.compiled import kernel
from rnncc.runtime.simd.memory import address
from rnncc.runtime.simd.primitive import primitive
from rnncc.runtime.spin import FOREVER, LINE, atomic_write, is_counters, wait, wait_until

POSTED, FUNCTION, ARGUMENTS, DONE, FAILED = 0, 1, 2, LINE, LINE + 1
NO_PART = -1
"""The part that only describes the call: `posts` are then no workers in front of room for the description."""
_WORD = ir.IntType(64)
_STATUS = ir.IntType(32)
_BYTES = ir.IntType(8).as_pointer()
_ENTRY = ir.FunctionType(_STATUS, [_WORD, _WORD])
"""(address of the arguments, part) to Numba's status."""


def _typed_enlist(part: types.Type, posts: types.Type) -> Signature | None:
    return signature(types.void, types.int64, posts) if isinstance(part, types.Integer) and is_counters(posts) else None


def _lower_enlist(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    part, posts = values
    own = builder.function
    workers = builder.extract_value(context.make_array(sig.args[1])(context, builder, posts).shape, 0)
    frame = _frame(builder, own)
    function = builder.ptrtoint(_entry(builder.module, own), _WORD)
    with builder.if_then(builder.icmp_signed("<", part, ir.Constant(_WORD, 0))):
        room = context.make_array(sig.args[1])(context, builder, posts)
        _describe(builder, room, function, frame, _frame_type(own).count)
    with builder.if_then(builder.icmp_signed("==", part, ir.Constant(_WORD, 0))), cgutils.for_range(builder, workers) as loop:
        fields = [
            address(context, builder, sig.args[1], posts, [loop.index, ir.Constant(_WORD, k)]) for k in (POSTED, FUNCTION, ARGUMENTS)
        ]
        builder.store(function, fields[FUNCTION])
        builder.store(builder.ptrtoint(frame, _WORD), fields[ARGUMENTS])
        number = builder.add(builder.load(fields[POSTED], typ=_WORD), ir.Constant(_WORD, 1))
        builder.store_atomic(number, fields[POSTED], "release", 8)
    return context.get_dummy_value()


def _describe(builder: ir.IRBuilder, room: Any, function: ir.Value, frame: ir.Value, words: int) -> None:
    """Into `room`, an array (0, words): the function, how many words its arguments take, and, where they fit, the arguments."""
    builder.store(function, room.data)
    builder.store(ir.Constant(_WORD, words), builder.gep(room.data, [ir.Constant(_WORD, 1)]))
    fits = builder.icmp_signed(">=", builder.extract_value(room.shape, 1), ir.Constant(_WORD, words + 2))
    with builder.if_then(fits):
        cgutils.raw_memcpy(builder, builder.gep(room.data, [ir.Constant(_WORD, 2)]), frame, ir.Constant(_WORD, words), 8)


def _frame(builder: ir.IRBuilder, own: ir.Function) -> ir.Value:
    """The arguments of the kernel in memory; it stays valid until the kernel returns.

    Byte pointers are left out: they are the owners of the arrays' memory, which only the caller counts.
    """
    arguments = own.args[2:]
    if not arguments or arguments[0].type != _WORD:
        raise InternalError(f"{own.name}: the first parameter of a kernel that shares its work is its part, an integer")
    frame = cgutils.alloca_once(builder, _frame_type(own))
    for k, argument in enumerate(arguments):
        value = ir.Constant(_BYTES, None) if argument.type == _BYTES else argument
        builder.store(value, _field(builder, frame, k, argument.type))
    return frame


def _frame_type(own: ir.Function) -> ir.ArrayType:
    """A word an argument: the text of a structure of hundreds would stand beside each of its fields."""
    return ir.ArrayType(_WORD, len(own.args) - 2)


def _field(builder: ir.IRBuilder, frame: ir.Value, number: int, kind: ir.Type) -> ir.Value:
    """Where argument `number` of a frame lies, as a pointer to what it is."""
    return builder.bitcast(cgutils.gep_inbounds(builder, frame, 0, number), kind.as_pointer())


def _entry(module: ir.Module, own: ir.Function) -> ir.Function:
    """A function of the uniform type that calls `own` with the arguments in a frame, its part replaced.

    Numba's functions are `status f(result*, exception**, arguments…)`. It is left as it is written: to join the loads and stores of
    hundreds of arguments takes LLVM time beyond the square of their number, minutes for a thousand, and saves a call nothing.
    """
    name = f"{own.name}.entry"
    if name in module.globals:
        return module.globals[name]
    entry = ir.Function(module, _ENTRY, name)
    entry.linkage = "internal"
    for attribute in ("noinline", "optnone"):
        entry.attributes.add(attribute)
    builder = ir.IRBuilder(entry.append_basic_block())
    frame = builder.inttoptr(entry.args[0], _frame_type(own).as_pointer())
    given = [builder.load(_field(builder, frame, k, a.type), typ=a.type) for k, a in enumerate(own.args[3:], 1)]
    spare = [builder.bitcast(builder.alloca(_BYTES), a.type) for a in own.args[:2]]
    builder.ret(builder.call(own, [*spare, entry.args[1], *given]))
    return entry


def _lower_dismiss(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    part, posts = values
    workers = builder.extract_value(context.make_array(sig.args[1])(context, builder, posts).shape, 0)
    with builder.if_then(builder.icmp_signed("==", part, ir.Constant(_WORD, 0))), cgutils.for_range(builder, workers) as loop:
        posted, done = (address(context, builder, sig.args[1], posts, [loop.index, ir.Constant(_WORD, k)]) for k in (POSTED, DONE))
        wait(builder, done, builder.load(posted, typ=_WORD), ir.Constant(_WORD, FOREVER))
    return context.get_dummy_value()


def _typed_call(function: types.Type, arguments: types.Type, part: types.Type) -> Signature | None:
    if not all(isinstance(t, types.Integer) for t in (function, arguments, part)):
        return None
    return signature(types.int32, types.int64, types.int64, types.int64)


def _lower_call(_context: Any, builder: ir.IRBuilder, _sig: Signature, values: Any) -> ir.Value:
    return builder.call(builder.inttoptr(values[0], _ENTRY.as_pointer()), list(values[1:]))


@primitive(_typed_call, _lower_call)
def call(function: int, arguments: int, part: int) -> Any:
    """Call an entry; 0 where all went well."""


@primitive(_typed_enlist, _lower_enlist)
def enlist(part: int, posts: Any) -> None:
    """Let a worker start at every other part of the work, with the arguments of the kernel that this stands in.

    Part 0 calls the others; they come here too and go on. `part` is the kernel's first parameter.
    """


@primitive(_typed_enlist, _lower_dismiss)
def dismiss(part: int, posts: Any) -> None:
    """Part 0 waits here until the others are done."""


@kernel
def serve(posts, worker, number, looks):  # type: ignore[no-untyped-def]
    """Work off tasks from `number` on until none comes within `looks` looks; the number of the next."""
    while wait_until(posts, worker, POSTED, number, looks):
        failed = call(posts[worker, FUNCTION], posts[worker, ARGUMENTS], worker + 1)
        if failed:
            posts[worker, FAILED] = failed
        atomic_write(posts, worker, DONE, number)
        number += 1
    return number
