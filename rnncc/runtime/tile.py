"""How many rows the register tiles of products have, whatever the instruction set (`runtime.simd.isa`); known without Numba."""

TALL, SHORT = 6, 4
"""The most, and with how many the FMA units have enough to do while the weights of a step come from L2."""
