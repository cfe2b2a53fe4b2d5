"""Which numbers the constants of a spec take."""

from collections.abc import Iterator

import sympy as sp

from rnncc.functions import symbol
from rnncc.runtime.cell_info import Domain
from rnncc.spec.cell_spec import CellSpec


def domains(spec: CellSpec) -> dict[str, Domain]:
    """Rates of masks; inverted dropout divides by what its rate leaves of 1, or by the rate itself."""
    rates = dict.fromkeys(m.rate for m in spec.masks if isinstance(m.rate, str))
    divisors = list(_divisors(spec))
    return {r: "rate" if _vanishes(divisors, r, 1) else "share" if _vanishes(divisors, r, 0) else "probability" for r in rates}


def _divisors(spec: CellSpec) -> Iterator[sp.Expr]:
    for d in spec.definitions:
        powers = d.expr.atoms(sp.Pow) if d.expr is not None else ()
        yield from (p.base for p in powers if p.exp.is_number and p.exp < 0)


def _vanishes(divisors: list[sp.Expr], rate: str, end: int) -> bool:
    return any(d.xreplace({symbol(rate): sp.Integer(end)}) == 0 for d in divisors if symbol(rate) in d.free_symbols)
