"""NumPy arrays to PyTorch and back."""

from collections.abc import Sequence
from typing import Any

import torch

from rnncc.bench.problem import Array, Arrays, Problem


def set_up(problem: Problem) -> None:
    """Threads, and whether float32 may be multiplied in TF32, for all that PyTorch computes from now on."""
    torch.set_num_threads(problem.threads)
    if problem.device != "cpu":
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = problem.precision == "tf32"


def dtype_of(problem: Problem) -> Any:
    """The dtype of all floats: of bfloat16 the operands, and with them everything."""
    return getattr(torch, "bfloat16" if problem.precision == "bfloat16" else problem.dtype)


def tensor(value: Any, problem: Problem) -> Any:
    """A tensor of the same memory; a copy on the device of `problem`."""
    found = torch.from_numpy(value)
    return found.to(problem.device, dtype_of(problem) if found.is_floating_point() else found.dtype)


def tensors(values: Arrays, problem: Problem) -> dict[str, Any]:
    """As `tensor`, of each."""
    return {name: tensor(value, problem) for name, value in values.items()}


def numpy_of(tensor: Any) -> Array:
    """The tensor as an array; of bfloat16 one of float32."""
    found = tensor.detach().cpu()
    made: Array = (found.float() if found.dtype is torch.bfloat16 else found).numpy()
    return made


def gradients(output: Any, leaves: Sequence[Any], cotangent: Any) -> Any:
    """Gradients of ⟨cotangent, output⟩ by each of `leaves`, zero where it does not depend on one."""
    return torch.autograd.grad(output, leaves, cotangent, allow_unused=True, materialize_grads=True)
