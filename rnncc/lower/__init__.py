"""Lowering: `CellSpec` to `Program`."""

from rnncc.lower.lower import lower

__all__ = ["lower"]
