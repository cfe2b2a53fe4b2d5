"""bfloat16 at the door of a layer: it comes in, and goes out, as bits, since not every CuPy computes with it.

Inside, states, sums and all else are float32, but for weights of products and some residuals (`narrow.py`), which are bfloat16; float32
operands are rounded on their way to the tensor cores.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from rnncc.errors import DtypeError
from rnncc.runtime.cuda.interop import Caller
from rnncc.runtime.cuda.rounding import bfloat16, of_bfloat16


class HalfCaller(Caller):
    """As `Caller`, whose sequences are bfloat16: PyTorch's tensors, or CuPy's arrays of `ml_dtypes.bfloat16`."""

    def entered(self, value: Any, what: str) -> Any:
        """`value`, or a dict of such, as float32 of CuPy; whole numbers as they are.

        Raises `DtypeError` for floats of any other width, and as `taken`.
        """
        if isinstance(value, Mapping):
            return {key: self.entered(part, f"{what}[{key!r}]") for key, part in value.items()}
        if str(getattr(value, "dtype", "")).removeprefix("torch.") == "bfloat16":
            own = value.detach() if hasattr(value, "detach") else value
            form: Any = "uint16"
            if self.torch is not None and isinstance(own, self.torch.Tensor):
                form = self.torch.int16
            return of_bfloat16(self.taken(own.view(form), what).view("uint16"))
        found = self.taken(value, what)
        if getattr(getattr(found, "dtype", None), "kind", "") == "f":
            raise DtypeError(f"{what}: found {found.dtype}, expected bfloat16; convert it, or make the layer with another dtype")
        return found

    def issued(self, value: Any) -> Any:
        """Float32 of CuPy, or a dict of such, rounded to bfloat16 as the caller works with it."""
        if isinstance(value, dict):
            return {key: self.issued(part) for key, part in value.items()}
        if not isinstance(value, self.library.ndarray):
            return value
        bits = bfloat16(value)
        if self.torch is None:
            return bits.view(importlib.import_module("ml_dtypes").bfloat16)
        return self.left(bits.view("int16")).view(self.torch.bfloat16)
