"""The namespace a spec file is executed in: assigning an expression to a variable names it."""

import sympy as sp

from rnncc.spec.pair import Complex
from rnncc.spec.session import Session
from rnncc.spec.structure import Diagonal, Poison
from rnncc.spec.weight import Weight


class Namespace(dict[str, object]):
    """Locals of the file's top level. Each assigned expression becomes an opaque value of the cell under the variable's name.

    `module` is the same for functions of the file, which look their globals up there.
    """

    def __init__(self, session: Session, module: dict[str, object]) -> None:
        super().__init__()
        self.session = session
        self.module = module

    def __setitem__(self, key: str, value: object) -> None:
        if isinstance(value, Complex):
            value = Complex(self._named(f"{key}_re", value.re), self._named(f"{key}_im", value.im))
        self.put(key, self._named(key, value))

    def _named(self, key: str, value: object) -> object:
        computed = (isinstance(value, sp.Expr) and not value.is_Symbol) or (
            isinstance(value, Weight) and not isinstance(value.expr, sp.Symbol | Diagonal)
        )
        if computed and self.session.cells:
            return self.session.cells[-1].bind(key, value)
        return value

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self.module.pop(key, None)

    def put(self, key: str, value: object) -> None:
        """Binds without naming."""
        super().__setitem__(key, value)
        self.module[key] = value

    def failed(self, key: str) -> bool:
        """Whether `key` stands for a value that failed."""
        return isinstance(self.get(key), Poison)
