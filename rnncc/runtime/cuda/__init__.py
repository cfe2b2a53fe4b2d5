"""CUDA kernels: what generated kernels are made of on a device, and how they are compiled and launched."""
