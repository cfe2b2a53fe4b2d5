"""Exceptions of Python and sympy in the words of the spec language."""

import re
from collections.abc import Callable, Mapping

import sympy as sp

from rnncc.spec.fault import Mistake, Span
from rnncc.suggest import close

LANGUAGE = (
    *("Abs", "Cell", "Complex", "Max", "Min", "Mod", "Piecewise", "clamp", "cols", "concat", "cos", "erf", "exp", "floor"),
    *("hard_sigmoid", "log", "max", "mean", "outer", "relu", "rows", "sigmoid", "sin", "softmax", "softplus", "sqrt", "sum"),
    *("surrogate", "tanh"),
)
"""What `rnncc.spec` offers to a spec."""

_CHOICE = "where a value decides, write Piecewise((a, x > 0), (b, True)), Max(a, b) or Min(a, b)"


def mistake_of(raised: BaseException, span: Span, names: Mapping[str, object]) -> Mistake:
    """What went wrong in the spec, judged by the exception and the code at `span`."""
    if isinstance(raised, Mistake):
        return raised
    code = span.text[span.column - 1 : span.end - 1]
    for kind, pattern, explain in _TABLE:
        if isinstance(raised, kind) and re.search(pattern, str(raised)):
            return explain(raised, code, names)
    return Mistake(f"{type(raised).__name__}: {raised}" if str(raised) else type(raised).__name__)


def _undecided(_raised: BaseException, code: str, _names: Mapping[str, object]) -> Mistake:
    called = re.match(r"(max|min|sorted)\b", code)
    if called:
        word = called[1]
        own = f"elementwise: {word.capitalize()}(a, b)" + ("; over the units: from rnncc.spec import max" if word == "max" else "")
        return Mistake(f"Python's {word}() cannot compare values of a cell", remedy=own)
    return Mistake("a comparison of values has no truth value while the spec is read", found=code, remedy=_CHOICE)


def _not_iterable(raised: BaseException, code: str, names: Mapping[str, object]) -> Mistake:
    called = re.match(r"(max|min|sum)\b", code)
    if not called:
        return _plain(raised, code, names)
    word = called[1]
    remedy = f"from rnncc.spec import {word}" if word != "min" else "over the units: -max(-a), with max from rnncc.spec"
    return Mistake(f"Python's {word}() does not go over the units of a value", remedy=remedy)


def _other_library(_raised: BaseException, code: str, _names: Mapping[str, object]) -> Mistake:
    called = re.match(r"(?:\w+\.)*(\w+)\s*\(", code)
    word = called[1] if called else ""
    if word == "float":
        return Mistake("a value of the cell is no number while the spec is read", found=code)
    remedy = f"from rnncc.spec import {word}" if word in LANGUAGE else f"rnncc.spec offers {', '.join(LANGUAGE)}"
    return Mistake(f"{code.split('(')[0]} is for numbers, not for values of a cell", found=code, remedy=remedy)


def _unknown(raised: BaseException, _code: str, names: Mapping[str, object]) -> Mistake:
    word = str(getattr(raised, "name", ""))
    if word in LANGUAGE:
        return Mistake(f"the name {word} is not defined", remedy=f"from rnncc.spec import {word}")
    return Mistake(f"the name {word} is not defined", remedy=close(word, [n for n in names if not n.startswith("_")]))


def _not_offered(raised: BaseException, _code: str, _names: Mapping[str, object]) -> Mistake:
    found = re.search(r"cannot import name '(\w+)' from 'rnncc\.spec'", str(raised))
    word = found[1] if found else ""
    return Mistake(f"rnncc.spec has no {word}", remedy=close(word, LANGUAGE))


def _no_method(raised: BaseException, _code: str, _names: Mapping[str, object]) -> Mistake:
    owner, word = getattr(raised, "obj", None), str(getattr(raised, "name", ""))
    match type(owner).__name__:
        case "Cell":
            return Mistake(f"a cell has no {word}", remedy=close(word, [n for n in dir(owner) if not n.startswith("_")]))
        case "Weight":
            return Mistake(f"a weight has no {word}", remedy="what there is: W.T, W @ v, and elementwise what goes with numbers")
        case _:
            return Mistake(f"a value has no {word}")


def _call(raised: BaseException, code: str, _names: Mapping[str, object]) -> Mistake:
    return Mistake(str(raised).replace("Cell.", "cell.", 1), found=code)


def _no_matrix(_raised: BaseException, code: str, _names: Mapping[str, object]) -> Mistake:
    remedy = "left of @ stands a weight: cell.weight(name, rows, cols); elementwise products are written with *"
    return Mistake("@ is used on values that are no weight", found=code, remedy=remedy)


def _no_parts(_raised: BaseException, code: str, _names: Mapping[str, object]) -> Mistake:
    remedy = "what was at the step before is a state: cell.state(name, size) with cell.next(name=…)"
    return Mistake("values and weights have no parts", found=code, remedy=remedy)


def _arguments(raised: BaseException, code: str, _names: Mapping[str, object]) -> Mistake:
    found = re.match(r"(\w+) takes (.*) argument", str(raised))
    message = f"{found[1]} takes {found[2]} argument" if found else str(raised)
    return Mistake(message, found=code)


def _no_value(raised: BaseException, code: str, _names: Mapping[str, object]) -> Mistake:
    return Mistake("this is no value of the cell", found=str(getattr(raised, "expr", code)), expected="an expression")


def _of_index(_raised: BaseException, code: str, _names: Mapping[str, object]) -> Mistake:
    remedy = "an index picks columns of a weight: cell.weight(name, rows, index) @ index"
    return Mistake("an index is used as a value", found=code, remedy=remedy)


def _exit(_raised: BaseException, code: str, _names: Mapping[str, object]) -> Mistake:
    return Mistake("a spec does not end the program", found=code)


def _plain(raised: BaseException, code: str, _names: Mapping[str, object]) -> Mistake:
    return Mistake(f"{type(raised).__name__}: {raised}", found=code)


Explain = Callable[[BaseException, str, Mapping[str, object]], Mistake]
_TABLE: tuple[tuple[type[BaseException], str, Explain], ...] = (
    (NameError, r"is not defined", _unknown),
    (ImportError, r"from 'rnncc\.spec'", _not_offered),
    (AttributeError, r"'(Cell|Weight|Symbol)' object", _no_method),
    (TypeError, r"^Cell\.\w+\(\)", _call),
    (TypeError, r"'Index'", _of_index),
    (sp.SympifyError, r"the index ", _of_index),
    (TypeError, r"cannot determine truth value", _undecided),
    (TypeError, r"not iterable", _not_iterable),
    (TypeError, r"Cannot convert expression to float|loop of ufunc|must be real number", _other_library),
    (TypeError, r"unsupported operand type\(s\) for @", _no_matrix),
    (TypeError, r"'(Symbol|Weight|Add|Mul|Pow)' object is not subscriptable", _no_parts),
    (TypeError, r"takes .* arguments? \(\d+ given\)", _arguments),
    (sp.SympifyError, r"", _no_value),
    (SystemExit, r"", _exit),
)
