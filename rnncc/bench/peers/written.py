"""The code that the renderers for PyTorch and JAX write, executed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rnncc.bench.problem import Problem
from rnncc.ir import Program
from rnncc.passes import hoist_sums


@dataclass(frozen=True)
class Written:
    """A module as `rnncc dump --target torch|jax` prints it: its names, and its step with the weights made ready ahead."""

    space: dict[str, Any]

    @property
    def sequence(self) -> Callable[..., Any]:
        """(params, x, state) -> (state, outputs)."""
        found: Callable[..., Any] = self.space["sequence"]
        return found

    def prepared(self, params: Any, x: Any, state: Any) -> Any:
        """Parameters as `one_step` takes them."""
        return self.space["prepare"](params, x, state) if "prepare" in self.space else params

    def one_step(self, params: Any, x: Any, state: Any) -> Any:
        """(prepared params, x, state) -> (state, output)."""
        return self.space["advance"](params, self.space["project"](params, x), state)


def written(problem: Problem, render: Callable[[Program, tuple[str, ...]], str]) -> Written:
    """What `render` writes for the problem's cell."""
    made = problem.cell.made
    space: dict[str, Any] = {}
    exec(render(hoist_sums(made.inference), made.info.named), space)
    return Written(space)
