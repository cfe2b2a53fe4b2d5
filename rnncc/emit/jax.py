"""A cell as plain JAX: a step, and `lax.scan` over time; ready for `jit`, `vjp` and `grad`."""

from collections.abc import Collection

from rnncc.emit.array_code import Library
from rnncc.emit.framework import Framework, framework_source
from rnncc.ir import Program

_FUNCTIONS = {name: f"jax.nn.{name}" for name in ("sigmoid", "relu", "softplus")}
_FUNCTIONS |= {name: f"jax.numpy.{name}" for name in ("tanh", "exp", "log", "sqrt", "sin", "cos", "floor", "sum", "max")}
_FUNCTIONS |= {"erf": "jax.scipy.special.erf", "Abs": "jax.numpy.abs", "clamp": "jax.numpy.clip"}
_FUNCTIONS |= {"Max": "jax.numpy.maximum", "Min": "jax.numpy.minimum", "Mod": "jax.numpy.mod"}

_JAX = Framework(
    title="JAX",
    imports="import jax",
    library=Library("jax.numpy", _FUNCTIONS),
    chunk="jax.numpy.split",
    sequence="return jax.lax.scan(lambda state, projected: advance(params, projected, state), state, project(params, {x}))",
)


def jax_source(program: Program, named: Collection[str]) -> str:
    """A module of plain JAX; parameters and result as of `emit.torch.torch_source`."""
    return framework_source(program, named, _JAX)
