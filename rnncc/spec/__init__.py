"""The spec language: a file of gate equations becomes a `CellSpec`."""
