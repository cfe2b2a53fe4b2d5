"""Values that the lanes of a warp exchange."""

from typing import Any

from llvmlite import ir

from rnncc.runtime.cuda.text import device, primitive
from rnncc.runtime.cuda.vocabulary import Max

_WORD = ir.IntType(32)


def _exchanged_type(types: Any, value: Any, distance: Any) -> Any:
    return (value, value, types.int32) if value in (types.float32, types.float64) else None


def _exchange(_context: Any, builder: ir.IRBuilder, _sig: Any, values: Any) -> ir.Value:
    value, distance = values
    words = _words(builder, value)
    shape = ir.FunctionType(_WORD, [_WORD, _WORD])
    text = "shfl.sync.bfly.b32 $0, $1, $2, 0x1f, 0xffffffff;"
    moved = [builder.asm(shape, text, "=r,r,r", [word, distance], True) for word in words]
    return _number(builder, moved, value.type)


def _words(builder: ir.IRBuilder, value: ir.Value) -> list[ir.Value]:
    """The 32-bit words of a float."""
    if isinstance(value.type, ir.FloatType):
        return [builder.bitcast(value, _WORD)]
    pair = builder.bitcast(value, ir.VectorType(_WORD, 2))
    return [builder.extract_element(pair, _WORD(k)) for k in range(2)]


def _number(builder: ir.IRBuilder, words: list[ir.Value], kind: ir.Type) -> ir.Value:
    if isinstance(kind, ir.FloatType):
        return builder.bitcast(words[0], kind)
    pair = ir.Constant(ir.VectorType(_WORD, 2), ir.Undefined)
    for k, word in enumerate(words):
        pair = builder.insert_element(pair, word, _WORD(k))
    return builder.bitcast(pair, kind)


@primitive(_exchanged_type, _exchange)
def exchanged(value: Any, distance: Any) -> Any:
    """The `value` of the lane whose number differs from this one's in the bits of `distance`; every lane of the warp takes part."""


def _nothing(types: Any) -> Any:
    return (types.none,)


def _sync_warp(context: Any, builder: ir.IRBuilder, _sig: Any, _values: Any) -> ir.Value:
    builder.asm(ir.FunctionType(ir.VoidType(), []), "bar.warp.sync 0xffffffff;", "~{memory}", [], True)
    return context.get_dummy_value()


@primitive(_nothing, _sync_warp)
def sync_warp() -> Any:
    """Every lane of the warp has come here, and sees what the others wrote before."""


@device
def warp_sum(value: float) -> float:
    """The sum of the lanes' values: the same bits in every lane, and whatever the rest of the grid does."""
    value = value + exchanged(value, 16)
    value = value + exchanged(value, 8)
    value = value + exchanged(value, 4)
    value = value + exchanged(value, 2)
    return value + exchanged(value, 1)


@device
def warp_max(value: float) -> float:
    """The largest of the lanes' values, NaN where one is; of zeros of both signs some lanes may find one, some the other."""
    value = Max(value, exchanged(value, 16))
    value = Max(value, exchanged(value, 8))
    value = Max(value, exchanged(value, 4))
    value = Max(value, exchanged(value, 2))
    return Max(value, exchanged(value, 1))
