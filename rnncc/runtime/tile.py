"""How many rows the register tiles of products have, whatever the instruction set (`runtime.simd.isa`); known without Numba."""

TALL, SHORT = 6, 4
