"""A cell as plain PyTorch: a step, and a loop over time; gradients by autograd."""

from collections.abc import Collection

from rnncc.emit.array_code import Library
from rnncc.emit.framework import Framework, framework_source
from rnncc.ir import Program

_FUNCTIONS = {
    "sigmoid": "torch.sigmoid",
    "tanh": "torch.tanh",
    "relu": "torch.relu",
    "softplus": "torch.nn.functional.softplus",  # beyond 20 it gives its argument: 2e-9 off at most
    "exp": "torch.exp",
    "log": "torch.log",
    "sqrt": "torch.sqrt",
    "sin": "torch.sin",
    "cos": "torch.cos",
    "erf": "torch.erf",
    "floor": "torch.floor",
    "Mod": "torch.remainder",
    "Abs": "torch.abs",
    "Max": "torch.maximum",
    "Min": "torch.minimum",
    "clamp": "torch.clamp",
    "surrogate": "surrogate",
    "sum": "torch.sum",
    "max": "torch.amax",
}
_SURROGATE = """\
class _Surrogate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value, argument, slope):
        ctx.save_for_backward(slope)
        return value.clone()

    @staticmethod
    def backward(ctx, cotangent):
        (slope,) = ctx.saved_tensors
        return None, cotangent * slope, None


def surrogate(value, argument, slope):
    \"\"\"`value`, whose derivative by `argument` is taken for `slope`.\"\"\"
    return _Surrogate.apply(*torch.broadcast_tensors(value, argument, slope))"""
_SEQUENCE = """\
outputs = []
for projected in zip(*project(params, {x}), strict=True):
    state, output = advance(params, projected, state)
    outputs.append(output)
return state, torch.stack(outputs)"""

_TORCH = Framework(
    title="PyTorch",
    imports="import torch",
    library=Library(
        "torch",
        _FUNCTIONS,
        number="{like}.new_tensor({value})",
        scalar="torch.tensor({value}, dtype=torch.float64)",
        plain=("clamp",),
        block_diagonal="torch.block_diag(*{blocks})",
        iota="torch.arange({length}, dtype={like}.dtype, device={like}.device)",
    ),
    chunk="torch.chunk",
    sequence=_SEQUENCE,
    helpers={"surrogate": _SURROGATE},
)


def torch_source(program: Program, named: Collection[str]) -> str:
    """A module of plain PyTorch.

    Parameters
    ----------
    program
        The primal of a cell.
    named
        Values that keep a line of their own.

    Returns
    -------
    str
        Source that defines `step` and `sequence`, both (params, x, state) -> (state, output).
    """
    return framework_source(program, named, _TORCH)
