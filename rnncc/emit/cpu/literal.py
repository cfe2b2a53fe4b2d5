"""The description of a cell as Python source."""

import math
from dataclasses import fields
from typing import Any


def literal(value: Any, indent: str = "") -> str:
    """A dataclass, a tuple or a dict of plain values as an expression, one item a line; defaults are left out."""
    inner = indent + "    "
    if hasattr(value, "__dataclass_fields__"):
        items = [
            f"{f.name}={literal(getattr(value, f.name), inner)}" for f in fields(value) if not _is_default(f, getattr(value, f.name))
        ]
        if indent:
            return f"{type(value).__name__}({', '.join(items)})"
        return "\n".join([f"{type(value).__name__}(", *(f"{inner}{i}," for i in items), f"{indent})"])
    if isinstance(value, tuple) and any(hasattr(v, "__dataclass_fields__") for v in value):
        return "\n".join(["(", *(f"{inner}{literal(v, inner)}," for v in value), f"{indent})"])
    if isinstance(value, float) and math.isinf(value):
        return f'float("{value}")'
    return repr(dict(value)) if hasattr(value, "items") else repr(value)


def _is_default(field: Any, value: Any) -> bool:
    return bool(value == field.default or (callable(field.default_factory) and value == field.default_factory()))
