"""Parts for training small models on NumPy arrays: heads, losses, optimisers, clipping.

Each part has the form of a layer: `y, pullback = part.vjp(x)` and `pullback(dy)` with `.x` and `.params`. A loss gives its value
and its gradient.
"""

from rnncc.train.clipping import clip_by_global_norm, clip_by_value
from rnncc.train.dense import Dense
from rnncc.train.embedding import Embedding
from rnncc.train.gradient import Gradient, merge
from rnncc.train.losses import live, mean_squared_error, sigmoid_cross_entropy, softmax_cross_entropy
from rnncc.train.optimisers import SGD, Adam

__all__ = [
    "SGD",
    "Adam",
    "Dense",
    "Embedding",
    "Gradient",
    "clip_by_global_norm",
    "clip_by_value",
    "live",
    "mean_squared_error",
    "merge",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
]
