"""The machine that runs PTX on the processor, by kernels written by hand: what each instruction computes, and who waits for whom."""

from fractions import Fraction

import numpy as np
import pytest

from tests.cuda import emulator
from tests.cuda.ptx.fault import Fault
from tests.cuda.ptx.written import computed, written

SINGLE = np.float32


def signed(*numbers):
    return np.array(numbers, np.int64)


@pytest.mark.parametrize(
    ("instruction", "operands", "expected"),
    [
        ("div.s64 {}, {}, {};", ([-7, 7, -8], [2, -2, -3]), [-3, -3, 2]),
        ("rem.s64 {}, {}, {};", ([-7, 7, -8], [2, -2, -3]), [-1, 1, -2]),
        ("mul.lo.s64 {}, {}, {};", ([2**62, -3], [4, 5]), [0, -15]),
        ("shr.s64 {}, {}, 63;", ([-1, 5],), [-1, 0]),
        ("shr.u64 {}, {}, 61;", ([-1, 5],), [7, 0]),
        ("shl.b64 {}, {}, 70;", ([-1, 5],), [0, 0]),
        ("and.b64 {}, {}, -8;", ([13, -3],), [8, -8]),
        ("not.b64 {}, {};", ([0, 5],), [-1, -6]),
        ("min.s64 {}, {}, {};", ([-1, 5], [1, 4]), [-1, 4]),
        ("bfi.b64 {}, {}, {}, 8, 56;", ([3, -1], [31, 255]), [3 << 8 | 31, -1]),
        ("setp.lt.u64 %p1, {1}, 4;\nselp.b64 {0}, 1, {1}, %p1;", ([-1, 3],), [-1, 1]),
        ("cvt.u32.u64 %r1, {1};\ncvt.s64.s32 {0}, %r1;", ([2**32 - 1, 2**33 + 5],), [-1, 5]),
        ("cvt.u32.u64 %r1, {1};\nmul.wide.u32 {0}, %r1, 4;", ([2**32 - 1],), [2**34 - 4]),
        ("cvta.to.global.u64 {}, {};", ([7],), [7]),
    ],
)
def test_whole_numbers(instruction, operands, expected):
    found = computed(instruction, *(signed(*o) for o in operands), target="b64")
    np.testing.assert_array_equal(found.view(np.int64), expected)


@pytest.mark.parametrize(
    ("instruction", "operands", "expected"),
    [
        ("div.rn.f32 {}, {}, {};", ([1, 1], [3, 0]), [1 / 3, np.inf]),
        ("sqrt.rn.f32 {}, {};", ([2, -1],), [np.sqrt(SINGLE(2)), np.nan]),
        ("min.f32 {}, {}, {};", ([np.nan, 1], [2, 3]), [2, 1]),
        ("copysign.f32 {}, {}, {};", ([-2, 3], [5, -7]), [-5, 7]),  # the sign comes first
        ("neg.f32 {}, {};", ([0, 2],), [-0.0, -2]),
        ("abs.f32 {}, {};", ([-0.0, -2],), [0, 2]),
        ("add.f32 {}, {}, 0fC0400000;", ([1, 2],), [-2, -1]),
        ("setp.ne.f32 %p1, {1}, 0f00000000;\nselp.f32 {0}, 0f3F800000, 0f00000000, %p1;", ([np.nan, 2, 0],), [0, 1, 0]),
        ("setp.neu.f32 %p1, {1}, {1};\nselp.f32 {0}, 0f3F800000, 0f00000000, %p1;", ([np.nan, 2],), [1, 0]),
        ("setp.gtu.f32 %p1, {1}, 0f00000000;\nselp.f32 {0}, 0f3F800000, 0f00000000, %p1;", ([np.nan, 2, -2],), [1, 1, 0]),
        ("cvt.rmi.f32.f32 {}, {};", ([-1.5, 2.5],), [-2, 2]),
        ("mov.b32 %r1, {1};\nshl.b32 %r2, %r1, 1;\nmov.b32 {0}, %r2;", ([-0.0],), [0]),
    ],
)
def test_floats(instruction, operands, expected):
    found = computed(instruction, *(np.array(o, SINGLE) for o in operands))
    np.testing.assert_array_equal(found, np.array(expected, SINGLE))
    np.testing.assert_array_equal(np.signbit(found[found == found]), np.signbit(np.array(expected, SINGLE)[found == found]))


def test_a_fused_multiply_add_is_rounded_once():
    """A product halfway between two float32, and what is far below it: the sum's last digit hangs on that."""
    a, tiny = SINGLE(1 + 2.0**-12), SINGLE(2.0**-60)
    c = np.array([tiny, -tiny, 0], SINGLE)
    found = computed("fma.rn.f32 {}, {}, {}, {};", np.full(3, a), np.full(3, a), c)
    below = SINGLE(1 + 2.0**-11)
    np.testing.assert_array_equal(found, [np.nextafter(below, SINGLE(2)), below, below])
    x = np.array([1 / 3, np.inf, 1e200])
    found = computed("fma.rn.f64 {}, {}, {}, {};", x, x, np.array([-(x[0] * x[0]), 1, 1]), target="f64")
    third = Fraction(1 / 3)
    assert found[0] == float(third * third - Fraction(1 / 3 * (1 / 3))) != 0  # what the product alone loses
    np.testing.assert_array_equal(found[1:], [np.inf, np.inf])


@pytest.mark.parametrize(
    "number", [1 + 2.0**-11, 1 + 3 * 2.0**-11, -1 - 2.0**-11, 1 + 2.0**-8, 1 + 3 * 2.0**-8, 0.1, 3e38, 1e-40, -0.0, np.inf]
)
def test_fewer_digits(number):
    x = np.array([number], SINGLE)
    (tf32,) = computed("cvt.rna.tf32.f32 %r1, {1};\nmov.b32 {0}, %r1;", x)
    assert tf32 == emulator.rounded_tf32(x)[0]
    (half,) = computed("cvt.rn.bf16.f32 {}, {};", x, target="b16")
    assert int(half) << 16 == emulator.rounded_bf16(x).view(np.uint32)[0]
    (pair,) = computed("cvt.rn.bf16x2.f32 {}, {}, 0f3F800000;", x, target="b32")
    assert int(pair) == int(half) << 16 | 0x3F80  # the first operand is the upper half


def test_halves_of_a_register():
    found = computed("mov.b64 {{%r1, %r2}}, {1};\nmov.b64 {0}, {{%r2, %r1}};", signed(5 + (7 << 32)), target="b64")
    assert found[0] == 7 + (5 << 32)


def test_what_is_narrower_than_its_register_is_filled_up():
    made = np.zeros(3, np.uint32)
    body = """
        ld.global.s8 %rs1, [%rd1+1];
        ld.global.u8 %rs2, [%rd1+1];
        ld.global.u16 %r3, [%rd1];
        cvt.u32.u16 %r1, %rs1;
        cvt.u32.u16 %r2, %rs2;
        setp.ne.u32 %p1, %r0, 0;
        @%p1 bra $END;
        st.global.v2.u32 [%rd2], {%r1, %r2};
        st.global.u16 [%rd2+8], %r3;
        $END:
    """
    written(body, np.array([1, 0xFE], np.uint8), made)
    np.testing.assert_array_equal(made, [0xFFFE, 0xFE, 0xFE01])


def test_branches_part_threads_and_bring_them_together():
    """Each thread goes round as often as its number says; then warps exchange what they have, which takes all lanes."""
    made = np.zeros(512, np.uint32)
    body = """
        mov.u32 %r5, %ctaid.x;
        mul.lo.u32 %r1, %r5, 1000;
        mov.u32 %r2, 0;
        $ROUND:
        setp.ge.u32 %p1, %r2, %r0;
        @%p1 bra $OUT;
        add.u32 %r1, %r1, 2;
        add.u32 %r2, %r2, 1;
        bra.uni $ROUND;
        $OUT:
        shfl.sync.bfly.b32 %r3, %r1, 5, 0x1f, 0xffffffff;
        mov.u32 %r6, %ntid.x;
        mul.lo.u32 %r7, %r5, %r6;
        add.u32 %r4, %r7, %r0;
        mul.wide.u32 %rd3, %r4, 4;
        add.u64 %rd4, %rd1, %rd3;
        st.global.u32 [%rd4], %r3;
    """
    written(body, made, blocks=2)
    number = np.arange(512)
    np.testing.assert_array_equal(made, number // 256 * 1000 + 2 * (number % 256 ^ 5))


@pytest.mark.parametrize(("kind", "name"), [("tf32", "m16n8k8"), ("bf16", "m16n8k16")])
def test_fragments(kind, name):
    """The words of each lane, drawn, against the emulation of the same, lane by lane."""
    rng = np.random.default_rng(0)
    a, b, c = (rng.normal(size=(32, n)).astype(SINGLE) for n in (4, 2, 4))
    words, made = np.concatenate([a, b, c], axis=1).ravel(), np.zeros(128, SINGLE)
    pattern = words.view(np.uint32).reshape(32, 10)
    if kind == "tf32":
        pattern[:, :6] |= 1  # what is below TF32 is not looked at
    else:
        pattern[:, :6] = pattern[:, :6] & np.uint32(0xFFFF0000) | pattern[::-1, :6] >> np.uint32(16)
    body = "mul.lo.u64 %rd3, %rd0, 40;\nadd.u64 %rd4, %rd1, %rd3;\n"
    body += "\n".join(f"ld.global.b32 %r{k + 1}, [%rd4+{4 * k}];" for k in range(6))
    body += "\n".join(["", *(f"ld.global.f32 %f{k}, [%rd4+{24 + 4 * k}];" for k in range(4)), ""])
    body += f"mma.sync.aligned.{name}.row.col.f32.{kind}.{kind}.f32 {{%f4, %f5, %f6, %f7}}, {{%r1, %r2, %r3, %r4}}, {{%r5, %r6}}, "
    body += "{%f0, %f1, %f2, %f3};\nshl.b64 %rd5, %rd0, 4;\nadd.u64 %rd6, %rd2, %rd5;\n"
    body += "st.global.v4.f32 [%rd6], {%f4, %f5, %f6, %f7};"
    written(f"setp.ge.u32 %p1, %r0, 32;\n@%p1 bra $END;\n{body}\n$END:", words, made)
    seen = pattern & np.uint32(0xFFFFE000) if kind == "tf32" else pattern
    lanes = [(c[n], *([emulator._numbers(kind, w) for w in part] for part in (row[:4], row[4:6]))) for n, row in enumerate(seen)]
    found = emulator._multiplied(lanes, {"tf32": 1, "bf16": 2}[kind])
    expected = [found[n // 4 + 8 * (i // 2), 2 * (n % 4) + i % 2] for n in range(32) for i in range(4)]
    np.testing.assert_allclose(made, expected, rtol=0, atol=np.finfo(SINGLE).eps * np.abs(found).max())


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("ex2.approx.f32 %f1, %f2;", r"line \d+: ex2\.approx\.f32 %f1, %f2;: the instruction is not known"),
        ("@%p1 add.u32 %r1, %r2, 1;", "no branch, and for some threads alone"),
        ("mov.u32 %r1, %clock;", "the operand %clock is not known"),
        ("ld.global.u32 %r1, [%rd1+16];", "thread 0 accesses 4 bytes from number 16 on, of 16"),
        ("ld.global.u32 %r1, [%rd1+-4];", "thread 0 has no global memory|from number -4 on"),
        ("ld.global.u32 %r1, [%rd1+2];", "accesses 4 bytes at 0x100000002, which is not aligned"),
        ("ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%rd2];", "accesses 16 bytes at 0x200000004, which is not aligned"),
        ("ld.shared.u32 %r1, [%rd1];", "has no shared memory at"),
        ("ld.global.u32 %r1, [shared_memory];", "has no global memory at 0x0"),
        ("ld.shared.u32 %r1, [shared_memory+64];", "accesses 4 bytes from number 64 on, of 64"),
        ("mov.u64 %rd3, 0;\ndiv.u64 %rd4, %rd3, %rd3;", "a whole number is divided by zero"),
        ("setp.eq.u32 %p1, %r0, 3;\n@%p1 bra $END;\nbar.warp.sync 0xffffffff;\n$END:", "others that never come, at .*bar.warp.sync"),
        ("setp.lt.u32 %p1, %r0, 32;\n@%p1 bra $B;\nbar.sync 0;\n$B:\nbar.sync 0;", "wait for others that never come"),
    ],
)  # fmt: skip
def test_what_no_kernel_may_do(body, fault):
    memory = np.arange(8, dtype=np.uint32)
    with pytest.raises(Fault, match=fault):
        written(body, memory[:4], memory[1:5], shared=64)


def test_shared_memory_is_nan_at_first():
    made = np.zeros(1, SINGLE)
    written(
        "setp.ne.u32 %p1, %r0, 0;\n@%p1 bra $END;\nld.shared.f32 %f1, [shared_memory+12];\nst.global.f32 [%rd1], %f1;\n$END:",
        made,
        shared=16,
    )
    assert np.isnan(made[0])


def test_a_line_that_says_nothing_known():
    with pytest.raises(SyntaxError, match=r"line \d+: \.local \.align 8 \.b8 depot\[8\];"):
        written(".local .align 8 .b8 depot[8];")
