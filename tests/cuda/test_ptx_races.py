"""What is in no order is found, whatever the order in which the machine runs it; what is in one is not."""

import numpy as np
import pytest

from tests.cuda.ptx.fault import Fault
from tests.cuda.ptx.written import written

OWN = "mul.lo.u64 %rd10, %rd0, 4;\nmov.u64 %rd11, shared_memory;\nadd.u64 %rd12, %rd11, %rd10;\nadd.u64 %rd13, %rd1, %rd10;"
"""%rd12 and %rd13: where the thread's own number is, in shared memory and in the first array."""
NEXT = "xor.b64 %rd14, %rd12, {};\nld.shared.u32 %r1, [%rd14];\nst.global.u32 [%rd13], %r1;"
"""What another thread has left in shared memory, to the first array."""


@pytest.mark.parametrize(
    ("meeting", "distance", "fine"),
    [
        ("", 4, False),
        ("", 256, False),
        ("bar.warp.sync 0xffffffff;", 4, True),
        ("bar.warp.sync 0xffffffff;", 256, False),
        ("bar.sync 0;", 4, True),
        ("bar.sync 0;", 256, True),
    ],
)
def test_a_number_of_another_thread(meeting, distance, fine):
    made = np.zeros(256, np.uint32)
    body = f"{OWN}\nst.shared.u32 [%rd12], %r0;\n{meeting}\n{NEXT.format(distance)}"
    if fine:
        written(body, made, shared=1024)
        np.testing.assert_array_equal(made, np.arange(256) ^ distance // 4)
    else:
        with pytest.raises(Fault, match=r"ld\.shared\.u32 %r1, \[%rd14\];: thread \d+ races"):
            written(body, made, shared=1024)


@pytest.mark.parametrize(
    ("meeting", "distance", "fine"),
    [
        ("", 4, False),
        ("bar.warp.sync 0xffffffff;", 4, True),
        ("bar.warp.sync 0xffffffff;", 256, False),
        ("bar.sync 0;", 256, True),
    ],
)
def test_a_number_that_another_thread_still_reads(meeting, distance, fine):
    made = np.zeros(256, np.uint32)
    body = f"{OWN}\nst.shared.u32 [%rd12], %r0;\nbar.sync 0;\n{NEXT.format(distance)}\n{meeting}\nst.shared.u32 [%rd12], %r1;"
    if fine:
        written(body, made, shared=1024)
    else:
        with pytest.raises(Fault, match=r"st\.shared\.u32 \[%rd12\], %r1;: thread \d+ races"):
            written(body, made, shared=1024)


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("shr.u32 %r2, %r0, 5;", None),  # the same of all lanes of a warp
        ("mov.u32 %r2, %r0;", "lanes of a warp write different numbers to one place"),
    ],
)
def test_lanes_that_write_one_place(number, fault):
    made = np.zeros(8, np.uint32)
    body = f"{number}\nshr.u64 %rd10, %rd0, 5;\nshl.b64 %rd10, %rd10, 2;\nadd.u64 %rd11, %rd1, %rd10;\nst.global.u32 [%rd11], %r2;"
    if fault is None:
        written(body + "\nld.global.u32 %r3, [%rd11];", made)
        np.testing.assert_array_equal(made, np.arange(8))
    else:
        with pytest.raises(Fault, match=fault):
            written(body, made)


def test_warps_that_write_one_place():
    with pytest.raises(Fault, match="races"):
        written("st.global.u32 [%rd1], 1;", np.zeros(1, np.uint32))


MEETING = """
    mov.u32 %r5, %ctaid.x;
    cvt.u64.u32 %rd9, %r5;
    shl.b64 %rd10, %rd9, 10;
    shl.b64 %rd11, %rd0, 2;
    add.u64 %rd12, %rd10, %rd11;
    add.u64 %rd13, %rd1, %rd12;
    st.global.u32 [%rd13], %r5;
    {before}
    setp.ne.u32 %p1, %r0, 0;
    @%p1 bra $THERE;
    {arrive}
    $LOOK:
    {look}
    setp.lt.u32 %p2, %r7, 2;
    @%p2 bra $LOOK;
    $THERE:
    {after}
    xor.b64 %rd14, %rd12, 1024;
    add.u64 %rd15, %rd1, %rd14;
    ld.global.u32 %r8, [%rd15];
    add.u64 %rd16, %rd3, %rd12;
    st.global.u32 [%rd16], %r8;
"""
"""Two blocks write, meet, and read what the other has written."""
STEPS = {
    "before": "bar.sync 0;",
    "arrive": "atom.add.release.gpu.s32 %r6, [%rd2], 1;",
    "look": "ld.acquire.gpu.s32 %r7, [%rd2];",
    "after": "bar.sync 0;",
}


@pytest.mark.parametrize("in_turn", [False, True])
def test_blocks_that_meet(in_turn):
    first, second = np.zeros((2, 512), np.uint32)
    written(MEETING.format(**STEPS), first, np.zeros(1, np.int32), second, blocks=2, in_turn=in_turn)
    np.testing.assert_array_equal(second, np.repeat([1, 0], 256))


IN_CLUSTERS = {
    "before": "",
    "arrive": "",
    "look": "mov.u32 %r7, 2;",
    "after": "barrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;",
}


def test_blocks_of_a_cluster():
    first, second = np.zeros((2, 1024), np.uint32)
    written(MEETING.format(**IN_CLUSTERS), first, np.zeros(1, np.int32), second, blocks=4, cluster=2, in_turn=True)
    np.testing.assert_array_equal(second, np.repeat([1, 0, 3, 2], 256))


@pytest.mark.parametrize(
    ("cluster", "after", "fault"),
    [
        (1, IN_CLUSTERS["after"], "races"),
        (2, "bar.sync 0;", "races"),
        (2, "barrier.cluster.wait.acquire;", "threads wait for their cluster that have not arrived"),
    ],
)
def test_blocks_of_no_cluster(cluster, after, fault):
    with pytest.raises(Fault, match=fault):
        written(
            MEETING.format(**IN_CLUSTERS | {"after": after}),
            *(np.zeros(512, np.uint32), np.zeros(1, np.int32), np.zeros(512, np.uint32)),
            blocks=2,
            cluster=cluster,
        )


@pytest.mark.parametrize(
    ("left_out", "in_turn"),
    [
        ({"before": ""}, False),
        ({"after": ""}, False),
        ({"arrive": STEPS["arrive"].replace(", 1;", ", 2;")}, True),
    ],
    ids=str,
)
def test_blocks_that_do_not_wait_for_each_other(left_out, in_turn):
    """For their own threads before they arrive, or after; or not for the other block, which shows where that comes later."""
    with pytest.raises(Fault, match="races"):
        written(
            MEETING.format(**STEPS | left_out),
            np.zeros(512, np.uint32),
            np.zeros(1, np.int32),
            np.zeros(512, np.uint32),
            blocks=2,
            in_turn=in_turn,
        )
