"""Freeze: `CellSpec` to `Program`."""
