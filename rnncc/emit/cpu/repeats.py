"""Phases whose text is the same up to names become one function, which the kernel calls once for each of them.

A step that is unfolded, several rounds or layers of one kind within a step: machine code is made of each text once.
"""

import builtins
import keyword
import re
from collections.abc import Collection
from dataclasses import dataclass

from rnncc.emit.cpu.text import Text, wrapped
from rnncc.emit.cpu.words import RUNTIME

_WORD = re.compile(r"(?<![\w.])[^\W\d]\w*")
_TITLE = re.compile(r"# phase (\d+): (.*)")
_FIXED = frozenset({"np", *dir(builtins), *keyword.kwlist, *(name for names in RUNTIME.values() for name in names)})
_TIMES, _LINES = 3, 10
"""A text that is there less often, or is shorter, stays where it is: a function is compiled for itself, then again with its kernel."""


@dataclass(frozen=True)
class Around:
    """The kernel around the phases.

    Parameters
    ----------
    name
        Its name.
    shared
        Names that mean the same in each phase: `time`, `row`s to go through, the thread's share.
    given
        Arrays, sizes and constants that phases may exchange for others.
    """

    name: str
    shared: Collection[str]
    given: Collection[str]


def without_repeats(parts: list[list[str]], around: Around) -> tuple[list[list[str]], list[str]]:
    """The text of each part of a step, calls where it is repeated; and the functions that are called."""
    kinds: dict[str, list[int]] = {}
    for k, lines in enumerate(parts):
        kinds.setdefault(_pattern(lines, around), []).append(k)
    found, functions = list(parts), list[str]()
    for places in kinds.values():
        alike = [parts[k] for k in places]
        if len(alike) < _TIMES or len(alike[0]) < _LINES:
            continue
        name = f"{around.name}_phase_{_titles(alike[0])[0][0]}"
        calls = _arguments(alike, around)
        functions.append(_function(name, calls[0], alike))
        for k, arguments in zip(places, calls, strict=True):
            found[k] = [_title(parts[k]), *wrapped(f"{name}(", arguments, ")")]
    return found, functions


def _arguments(alike: list[list[str]], around: Around) -> list[list[str]]:
    """What each of these texts is given: first what all are given alike, then what is exchanged."""
    given = [[w for w in dict.fromkeys(_words(lines)) if w in around.given or w in around.shared] for lines in alike]
    columns = sorted(zip(*given, strict=True), key=lambda names: len(set(names)) > 1)
    return [list(names) for names in zip(*columns, strict=True)]


def _words(lines: list[str]) -> list[str]:
    return _WORD.findall("\n".join(line for line in lines if not line.lstrip().startswith("#")))


def _pattern(lines: list[str], around: Around) -> str:
    """The text with numbers in place of names, in the order in which they come first."""
    numbers: dict[str, str] = {}

    def replaced(found: re.Match[str]) -> str:
        word = found[0]
        if word in _FIXED or word in around.shared:
            return word
        return numbers.setdefault(word, f"{'?' if word in around.given else '!'}{len(numbers)}")

    return _WORD.sub(replaced, "\n".join(line for line in lines if not line.lstrip().startswith("#")))


def _titles(lines: list[str]) -> list[tuple[str, str]]:
    found = (_TITLE.match(line.lstrip()) for line in lines)
    return [(title[1], title[2]) for title in found if title]


def _title(lines: list[str]) -> str:
    """One comment for all the phases of a part."""
    titles = _titles(lines)
    return f"# phase {titles[0][0]}: {titles[0][1]}" if len(titles) == 1 else f"# phases {titles[0][0]} to {titles[-1][0]}"


def _function(name: str, parameters: list[str], alike: list[list[str]]) -> str:
    text = Text()
    text("@repeated")
    text.extend(wrapped(f"def {name}(", parameters, "):"))
    with text.indented():
        again = ", ".join(_titles(lines)[0][0] for lines in alike[1:])
        text(f'"""{_title(alike[0])[2:].capitalize()}; so are those that begin with phase {again}, of other values."""')
        text("not_inlined()")
        text.extend(alike[0])
    return str(text)
