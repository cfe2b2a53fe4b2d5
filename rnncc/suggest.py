"""What a mistyped name may have meant."""

import difflib
from collections.abc import Iterable


def close(name: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or what there is."""
    names = sorted(known)
    found = difflib.get_close_matches(name, names, 1)
    return f"did you mean {found[0]}?" if found else f"there is {', '.join(names) or 'none'}"
