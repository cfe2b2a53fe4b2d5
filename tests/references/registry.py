"""Every cell of the catalogue by its name, and those of `tests/cells` by theirs."""

from tests.references import core, gated, lstms, own
from tests.references.reference import Reference


def found_in(*modules):
    """Name -> reference, in the order in which they are written."""
    return {name: r for module in modules for name, r in vars(module).items() if isinstance(r, Reference) and name == r.name}


CORE = found_in(core)
REFERENCES = CORE | found_in(lstms, gated)
OWN = found_in(own) | {"rhn": gated.rhn}
