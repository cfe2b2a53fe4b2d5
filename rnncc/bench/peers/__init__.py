"""The contenders by name, each a module that is loaded where its package is installed."""

from dataclasses import dataclass
from importlib import import_module

from rnncc.bench.contender import Maker
from rnncc.runtime.machine import version_of

OWN = "rnncc"


@dataclass(frozen=True)
class Library:
    """Where a contender is made: `module.maker`, and the packages that module imports."""

    module: str
    maker: str
    packages: tuple[str, ...]
    about: str

    def missing(self) -> list[str]:
        """Packages that are not installed."""
        return [package for package in self.packages if version_of(package) is None]

    def load(self) -> Maker:
        """The maker of its contenders."""
        maker: Maker = getattr(import_module(f"{__name__}.{self.module}"), self.maker)
        return maker


PEERS = {
    "pytorch": Library("torch_layer", "layer", ("torch",), "torch.nn.RNN, LSTM, GRU; on a device cuDNN"),
    "pytorch-loop": Library("torch_loop", "eager", ("torch",), "PyTorch's eager mode, a loop over time"),
    "torch.compile": Library("torch_loop", "compiled", ("torch",), "the same loop with its step compiled"),
    "jax": Library("jax_scan", "scan", ("jax", "jaxlib"), "jax.jit over lax.scan"),
    "onnxruntime": Library("onnx_operator", "operator", ("onnxruntime", "onnx"), "ONNX Runtime's RNN, LSTM, GRU operators"),
}
"""Name -> library. The order is that of the table's columns."""
CONTENDERS = {OWN: Library("own", "layer", (), "the kernels of this package"), **PEERS}
