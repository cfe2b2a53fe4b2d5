"""Parts for training small models on NumPy arrays: heads, losses, optimisers, clipping."""
