"""The barrier of blocks that are one cluster: blocks that the device starts together, on multiprocessors beside each other.

Hopper and its successors have them. What `barrier.py` does with a counter in memory the device does there itself: all of a cluster's
blocks run or none does, so that no wait needs an end, nor room for the whole grid at once. Release and acquire are those of the
counter, and order what the blocks write and read in the memory of the device.
"""

from typing import Any

from llvmlite import ir

from rnncc.runtime.cuda.barrier import barrier
from rnncc.runtime.cuda.text import Function, Lowering, device, primitive


def _nothing(types: Any) -> Any:
    return (types.none,)


def _instruction(text: str) -> Lowering:
    """Lower to an instruction without operands that all threads of a cluster come to, which no branch may copy."""

    def lower(context: Any, builder: ir.IRBuilder, _sig: Any, _values: Any) -> ir.Value:
        call = builder.asm(ir.FunctionType(ir.VoidType(), []), text, "~{memory}", [], True)
        call.attributes.add("convergent")
        return context.get_dummy_value()

    return lower


@primitive(_nothing, _instruction("barrier.cluster.arrive.release;"))
def arrive_in_cluster() -> Any:
    """This thread has come, after everything that it wrote."""


@primitive(_nothing, _instruction("barrier.cluster.wait.acquire;"))
def wait_in_cluster() -> Any:
    """Every thread of the cluster has come, before everything that this thread reads later."""


@device
def cluster_barrier(_meet: Any, _owners: int, meeting: int) -> int:
    """As `barrier`, of blocks that are a cluster of their own."""
    arrive_in_cluster()
    wait_in_cluster()
    return meeting + 1


IN_CLUSTERS: dict[Function, Function] = {barrier: cluster_barrier}
"""What a function means in a kernel whose `owners` are clusters."""
