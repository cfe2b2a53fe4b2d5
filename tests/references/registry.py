"""Every cell of the catalogue by its name, and those of `tests/cells` by theirs."""

from tests.references import core, diagonal, dynamical, gated, lstms, own, xlstm
from tests.references.reference import Reference


def found_in(*modules):
    """Name -> reference, in the order in which they are written."""
    return {name: r for module in modules for name, r in vars(module).items() if isinstance(r, Reference) and name == r.name}


CORE = found_in(core)
REFERENCES = CORE | found_in(lstms, gated, diagonal, dynamical, xlstm)
OWN = found_in(own) | {"rhn": gated.rhn, "slstm": xlstm.slstm}
