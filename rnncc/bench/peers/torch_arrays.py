"""NumPy arrays to PyTorch and back."""

from collections.abc import Sequence
from typing import Any

import torch

from rnncc.bench.problem import Array, Arrays


def tensors(values: Arrays) -> dict[str, Any]:
    """Tensors of the same memory."""
    return {name: torch.from_numpy(value) for name, value in values.items()}


def numpy_of(tensor: Any) -> Array:
    """The tensor as an array."""
    found: Array = tensor.detach().numpy()
    return found


def gradients(output: Any, leaves: Sequence[Any], cotangent: Any) -> Any:
    """Gradients of ⟨cotangent, output⟩ by each of `leaves`, zero where it does not depend on one."""
    return torch.autograd.grad(output, leaves, cotangent, allow_unused=True, materialize_grads=True)
