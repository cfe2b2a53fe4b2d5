"""What tests of identities share."""

from tests.references.drawn import drawn
from tests.references.reference import torch
from tests.references.registry import REFERENCES


def same(found, expected, rtol=None):
    """Outputs and final states, to rounding: 1e-7 of float64 is the default of PyTorch's comparison."""
    torch.testing.assert_close(found, expected, rtol=rtol, atol=rtol)


def limit(cell, of="lstm", **changed):
    """Arguments for `cell` and for `of`, the same where they have the same names; `changed` are parameters of the first."""
    given, plain = drawn(REFERENCES[cell]), drawn(REFERENCES[of], seed=1)
    for field in ("params", "x", "state"):
        getattr(plain, field).update({k: v for k, v in getattr(given, field).items() if k in getattr(plain, field)})
    given.params.update({k: torch.full_like(given.params[k], v) for k, v in changed.items()})
    return given, plain
