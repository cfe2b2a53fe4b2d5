"""A cell as plain code of an array framework: what the PyTorch and JAX renderers share."""

from rnncc.emit.framework.source import Framework, framework_source

__all__ = ["Framework", "framework_source"]
