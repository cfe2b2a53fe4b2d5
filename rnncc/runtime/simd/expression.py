"""Vector arithmetic written as Python expressions that build LLVM.

The functions of the vocabulary are plain Python over `Lanes`: `fma(n, -LN2, x)` emits the instruction when Numba lowers a call.
That compiles in milliseconds, where as many compiled Python functions would take Numba's whole pipeline each. No instruction carries
a fast-math flag: what is written is what is rounded, and a fused product is always an explicit `fma`.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from rnncc.runtime.simd import vector


@dataclass(frozen=True)
class Lanes:
    """A vector of floats under construction. A Python float beside it is put in every lane."""

    builder: ir.IRBuilder
    value: ir.Value

    @property
    def is_double(self) -> bool:
        """Whether the elements are float64."""
        return isinstance(self.value.type.element, ir.DoubleType)

    def with_value(self, value: ir.Value) -> Lanes:
        """`value`, built by the same builder."""
        return Lanes(self.builder, value)

    def constant(self, number: float) -> Lanes:
        """`number` in every lane; it is rounded to the dtype by who writes it down."""
        return self.with_value(ir.Constant(self.value.type, [number] * self.value.type.count))

    def lift(self, operand: Lanes | float) -> ir.Value:
        """The LLVM value of an operand."""
        return operand.value if isinstance(operand, Lanes) else self.constant(operand).value

    def __add__(self, other: Lanes | float) -> Lanes:
        return self.with_value(self.builder.fadd(self.value, self.lift(other)))

    def __sub__(self, other: Lanes | float) -> Lanes:
        return self.with_value(self.builder.fsub(self.value, self.lift(other)))

    def __rsub__(self, other: float) -> Lanes:
        return self.constant(other) - self

    def __mul__(self, other: Lanes | float) -> Lanes:
        return self.with_value(self.builder.fmul(self.value, self.lift(other)))

    def __truediv__(self, other: Lanes | float) -> Lanes:
        return self.with_value(self.builder.fdiv(self.value, self.lift(other)))

    def __rtruediv__(self, other: float) -> Lanes:
        return self.constant(other) / self

    def __neg__(self) -> Lanes:
        return self.constant(-0.0) - self  # the instruction `fneg` is younger than the LLVM that devices are compiled with

    def __lt__(self, other: Lanes | float) -> Truth:
        return self._ordered("<", other)

    def __le__(self, other: Lanes | float) -> Truth:
        return self._ordered("<=", other)

    def __gt__(self, other: Lanes | float) -> Truth:
        return self._ordered(">", other)

    def __ge__(self, other: Lanes | float) -> Truth:
        return self._ordered(">=", other)

    def equals(self, other: Lanes | float) -> Truth:
        """Where both are the same number."""
        return self._ordered("==", other)

    def is_nan(self) -> Truth:
        """Where this is not a number."""
        return Truth(self, self.builder.fcmp_unordered("uno", self.value, self.value))

    def widened(self) -> Lanes:
        """float32 as float64."""
        return self.with_value(self.builder.fpext(self.value, ir.VectorType(ir.DoubleType(), self.value.type.count)))

    def narrowed(self) -> Lanes:
        """float64 rounded to float32."""
        return self.with_value(self.builder.fptrunc(self.value, ir.VectorType(ir.FloatType(), self.value.type.count)))

    def bits(self) -> Bits:
        """The same registers read as integers."""
        return Bits(self.builder, self.builder.bitcast(self.value, vector.integer_type(self.value.type)))

    def _ordered(self, sign: str, other: Lanes | float) -> Truth:
        return Truth(self, self.builder.fcmp_ordered(sign, self.value, self.lift(other)))


@dataclass(frozen=True)
class Truth:
    """Lane by lane, whether a comparison of vectors like `like` holds."""

    like: Lanes
    value: ir.Value

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.like, self.like.builder.and_(self.value, other.value))

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.like, self.like.builder.or_(self.value, other.value))


@dataclass(frozen=True)
class Bits:
    """A vector of integers as wide as the floats they came from; arithmetic wraps."""

    builder: ir.IRBuilder
    value: ir.Value

    def __add__(self, other: Bits | int) -> Bits:
        return self._with(self.builder.add(self.value, self._lift(other)))

    def __sub__(self, other: Bits | int) -> Bits:
        return self._with(self.builder.sub(self.value, self._lift(other)))

    def __and__(self, other: Bits | int) -> Bits:
        return self._with(self.builder.and_(self.value, self._lift(other)))

    def __lshift__(self, places: int) -> Bits:
        return self._with(self.builder.shl(self.value, self._lift(places)))

    def __rshift__(self, places: int) -> Bits:
        """Zeros come in from the left."""
        return self._with(self.builder.lshr(self.value, self._lift(places)))

    def nonzero(self, like: Lanes) -> Truth:
        """Where any bit is set; `like` is a vector of as many floats."""
        return Truth(like, self.builder.icmp_unsigned("!=", self.value, self._lift(0)))

    def narrowed(self) -> Bits:
        """The low 32 bits of 64."""
        return self._with(self.builder.trunc(self.value, ir.VectorType(ir.IntType(32), self.value.type.count)))

    def floats(self) -> Lanes:
        """The same registers read as floats."""
        element = ir.FloatType() if self.value.type.element.width == 32 else ir.DoubleType()
        return Lanes(self.builder, self.builder.bitcast(self.value, ir.VectorType(element, self.value.type.count)))

    def _with(self, value: ir.Value) -> Bits:
        return Bits(self.builder, value)

    def _lift(self, operand: Bits | int) -> ir.Value:
        return operand.value if isinstance(operand, Bits) else ir.Constant(self.value.type, [operand] * self.value.type.count)


def fma(a: Lanes, b: Lanes | float, c: Lanes | float) -> Lanes:
    """`a * b + c`, rounded once."""
    return a.with_value(vector.fma(a.builder, a.value, a.lift(b), a.lift(c)))


def polynomial(x: Lanes, coefficients: tuple[float, ...]) -> Lanes:
    """`coefficients[0] + coefficients[1] * x + …` by Horner's rule."""
    *rest, leading = coefficients
    result = x.constant(leading)
    for coefficient in reversed(rest):
        result = fma(result, x, coefficient)
    return result


def polynomial_in_pairs(x: Lanes, square: Lanes, coefficients: tuple[float, ...]) -> Lanes:
    """`polynomial` with as many instructions and half as long a chain: Horner's rule in `square`, x * x, over pairs of coefficients."""
    pairs = [coefficients[k : k + 2] for k in range(0, len(coefficients), 2)]
    *rest, result = (fma(x, pair[1], pair[0]) if len(pair) == 2 else x.constant(pair[0]) for pair in pairs)
    for pair in reversed(rest):
        result = fma(result, square, pair)
    return result


def where(truth: Truth, a: Lanes | float, b: Lanes | float) -> Lanes:
    """`a` in the lanes where `truth` holds, `b` in the others."""
    like = truth.like
    return like.with_value(like.builder.select(truth.value, like.lift(a), like.lift(b)))


def absolute(x: Lanes) -> Lanes:
    """`x` without its sign."""
    return x.with_value(vector.call(x.builder, "fabs", x.value))


def with_sign_of(magnitude: Lanes, signed: Lanes) -> Lanes:
    """|`magnitude`| with the sign of `signed`."""
    return magnitude.with_value(vector.call(magnitude.builder, "copysign", magnitude.value, signed.value))


def rounded_down(x: Lanes) -> Lanes:
    """The largest whole number that is not above `x`."""
    return x.with_value(vector.call(x.builder, "floor", x.value))


def square_root(x: Lanes) -> Lanes:
    """The square root, correctly rounded."""
    return x.with_value(vector.call(x.builder, "sqrt", x.value))
