"""The oracle of layers: a module with the four functions of a generated one, run by the interpreter in float64."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from rnncc.emit.numpy import run
from rnncc.ir import Program, verify
from rnncc.lower import lower
from rnncc.passes import batch_means, cse, dce, differentiate, expectation
from rnncc.passes.transforms import Described, transformed
from rnncc.runtime.cell_info import TRAINING
from rnncc.runtime.layer import Layer, layer_class
from rnncc.spec import load
from rnncc.spec.info import cell_info
from rnncc.spec.mask import rate_of


class InterpreterModule:
    """A cell as a generated module offers it. Nothing is kept for the backward pass: `backward` runs the joint graph."""

    def __init__(
        self, source: str | Path, options: Mapping[str, object] | None = None, transforms: Mapping[str, Any] | None = None
    ) -> None:
        spec = load(source, options)
        cell = transformed(Described(lower(spec), cell_info(spec)), transforms or {})
        self.CELL, self.program = cell.info, verify(cell.program)
        means = cell.info.batch_means
        totals, keys = {m.name: m.total for m in means}, {m.name: m.key for m in means}
        self.training = verify(batch_means(cell.program, totals, keys, TRAINING))

    @cached_property
    def gradient(self) -> Program:
        primal = [key for key, _ in self.program.outputs]
        wrt = [n.name for n in self.program.inputs if n.role in ("input", "memory", "init", "param") and n.name not in self._frozen]
        joint = cse(verify(differentiate(self.training, of=primal, wrt=wrt, prefix=self.CELL.cotangent)))
        outputs = {key for key, _ in self.training.outputs}
        return verify(dce(replace(joint, outputs=tuple((k, v) for k, v in joint.outputs if k not in outputs))))

    @cached_property
    def evaluated(self) -> Program:
        return verify(expectation(self.program, {m.name: rate_of(m) for m in self.CELL.masks}))

    @property
    def _frozen(self):
        return {p.name for p in self.CELL.parameters if p.frozen}

    @cached_property
    def named(self) -> Program:
        return verify(replace(self.evaluated, outputs=tuple((name, name) for name in self.CELL.named)))

    def inference(self, sweep, env):
        return self._run(self.evaluated, sweep, env)

    def forward(self, sweep, env):
        return self._run(self.training, sweep, env)

    def backward(self, sweep, env):
        """Sums over time go on from those of later steps, where `env` holds them."""
        found = self._run(self.gradient, sweep, env)
        summed = [p.name for p in self.CELL.parameters if not p.frozen] + [m.name for m in self.CELL.memories]
        keys = [self.CELL.cotangent + name for name in summed]
        return found | {key: found[key] + env[key] for key in keys if key in env}

    def trace(self, sweep, env):
        return self._run(self.named, sweep, env)

    def layer(self) -> type[Layer]:
        made = layer_class(self.CELL, self.inference, self.forward, self.backward, self.trace)
        alone = {"_replayed": lambda _self, _x, _state: None, "_training_replays": None}  # replays are machine code
        return type(made.__name__, (made,), alone | {"__module__": made.__module__})

    def _run(self, program, sweep, env):
        dtype = env[self.CELL.parameters[0].name].dtype
        sizes = {"T": sweep.steps, "N": sweep.batch}
        found = run(program, env, sweep.lengths, sizes, sweep.reverse)
        return {key: value.astype(dtype) for key, value in found.items()}
