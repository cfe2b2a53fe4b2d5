"""A cell as plain JAX: a step, and `lax.scan` over time; ready for `jit`, `vjp` and `grad`."""

from collections.abc import Collection

from rnncc.emit.array_code import Library
from rnncc.emit.framework import Framework, framework_source
from rnncc.ir import Program

_FUNCTIONS = {name: f"jax.nn.{name}" for name in ("sigmoid", "relu", "softplus")}
_FUNCTIONS |= {name: f"jax.numpy.{name}" for name in ("tanh", "exp", "log", "sqrt", "sin", "cos", "floor", "sum", "max")}
_FUNCTIONS |= {"erf": "jax.scipy.special.erf", "Abs": "jax.numpy.abs", "clamp": "jax.numpy.clip"}
_FUNCTIONS |= {"Max": "jax.numpy.maximum", "Min": "jax.numpy.minimum", "Mod": "jax.numpy.mod"}

_FUNCTIONS |= {"surrogate": "surrogate"}
_SURROGATE = """\
@jax.custom_jvp
def surrogate(value, argument, slope):
    \"\"\"`value`, whose derivative by `argument` is taken for `slope`.\"\"\"
    return jax.numpy.broadcast_arrays(value, argument, slope)[0]


@surrogate.defjvp
def surrogate_jvp(primals, tangents):
    value, (_, argument, _), slope = surrogate(*primals), tangents, primals[2]
    return value, jax.numpy.broadcast_to(slope * argument, value.shape).astype(value.dtype)"""

_JAX = Framework(
    title="JAX",
    imports="import jax",
    library=Library(
        "jax.numpy",
        _FUNCTIONS,
        typed="jax.numpy.asarray({value}, {like}.dtype)",
        block_diagonal="jax.scipy.linalg.block_diag(*{blocks})",
    ),
    chunk="jax.numpy.split",
    helpers={"surrogate": _SURROGATE},
    sequence="return jax.lax.scan(lambda state, projected: advance(params, projected, state), state, project(params, {x}))",
)


def jax_source(program: Program, named: Collection[str]) -> str:
    """A module of plain JAX; parameters and result as of `emit.torch.torch_source`."""
    return framework_source(program, named, _JAX)
