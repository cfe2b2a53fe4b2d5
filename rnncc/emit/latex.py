"""A program as aligned LaTeX equations, ready for a page that loads amsmath."""

import re
from collections.abc import Collection

import sympy as sp
from sympy.core.alphabets import greeks
from sympy.printing.latex import LatexPrinter

from rnncc.emit.equations import Equation, Join, Product, Reduction, equations, form, textbook_order
from rnncc.functions import VOCABULARY, Elementwise
from rnncc.ir import Program

_GREEK = frozenset(greeks)
_CALLED = {
    "sigmoid": r"\sigma",
    "tanh": r"\tanh",
    "exp": r"\exp",
    "log": r"\log",
    "sin": r"\sin",
    "cos": r"\cos",
    "Max": r"\max",
    "Min": r"\min",
}
_AROUND = {
    "Abs": (r"\left|", r"\right|"),
    "floor": (r"\left\lfloor", r"\right\rfloor"),
    "sqrt": (r"\sqrt{", "}"),
}


def latex(program: Program, named: Collection[str], known: Program | None = None, prefix: str = "d_") -> str:
    """The equations of `program` in an `aligned` environment.

    Parameters
    ----------
    named
        Values that keep an equation of their own.
    known
        Values it defines are left out: the primal of a gradient.
    prefix
        What the names of cotangents begin with; they are printed with a bar.
    """
    found = equations(program, named, known)
    printer = _Latex(found.shifts, prefix)
    lines = [f"  {_left(e, printer)} &= {printer.doprint(e.right)}" for e in found.lines]
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])


def _left(equation: Equation, printer: "_Latex") -> str:
    return printer.name(equation.left, "t" if equation.carried else "")


class _Latex(LatexPrinter):
    def __init__(self, shifts: dict[str, tuple[str, int]], prefix: str) -> None:
        super().__init__({"mul_symbol": r" \odot "})
        self.shifts, self.prefix = shifts, prefix

    def name(self, name: str, time: str = "") -> str:
        """`c_new` as c with the subscript new, `d_c` as c with a bar, `h` at `time`."""
        if name.startswith(self.prefix):
            return rf"\bar{{{self.name(name[len(self.prefix) :])}}}" + (f"_{{{time}}}" if time else "")
        base, *below = [part for part in re.split("_+", name) if part] or [name]
        marks = [_word(part) for part in below] + ([time] if time else [])
        return _word(base) + (f"_{{{', '.join(marks)}}}" if marks else "")

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        return textbook_order(super()._as_ordered_terms(expr, order), self.shifts)

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        name, step = self.shifts.get(expr.name, (expr.name, 0))
        return self.name(name, f"t{step:+d}" if step else "")

    def elementwise(self, expr: Elementwise, exp: str | None = None) -> str:
        """One application of the vocabulary, raised to `exp`."""
        name = type(expr).__name__
        power = f"^{{{exp}}}" if exp else ""
        if name in _AROUND:
            left, right = _AROUND[name]
            return f"{left} {self._print(expr.args[0])} {right}{power}"
        called = _CALLED.get(name, rf"\operatorname{{{name}}}".replace("_", r"\_"))
        return rf"{called}{power}\left({', '.join(self._print(a) for a in expr.args)}\right)"

    def _print_Product(self, expr: Product, exp: str | None = None) -> str:
        found = form(expr.how)
        first, second = (self._factor(expr.args[1 + k]) for k in found.order)
        match found.kind:
            case "matrix":
                body = f"{first} {second}"
            case "transposed" | "dot":
                body = rf"{first}^{{\top}} {second}"
            case "elementwise":
                body = rf"{first} \odot {second}"
            case "lines":
                body = rf"{second} {first}^{{\top}}"
            case "outer":
                body = rf"{first} {second}^{{\top}}"
            case index:
                how = index.removeprefix("einsum ").replace("->", r" \to ")
                body = rf"\operatorname{{einsum}}_{{{how}}}\left({first}, {second}\right)"
        return self._raised(rf"\sum_{{{', '.join(found.sums)}}} {body}" if found.sums else body, exp)

    def _print_Reduction(self, expr: Reduction, exp: str | None = None) -> str:
        op, *over = expr.how.split()
        below = f"_{{{', '.join(map(_word, over))}}}" if over else ""
        return self._raised(rf"\{op}{below} {self._factor(expr.args[1])}", exp)

    def _print_Join(self, expr: Join, exp: str | None = None) -> str:
        if len(expr.args) == 1:
            return self._raised(rf"\mathrm{{{expr.how}}}", exp)
        operands = [self._print(a) for a in expr.args[1:]]
        if expr.how.startswith("part"):
            return self._raised(rf"{{\left({operands[0]}\right)}}_{{[{expr.how.removeprefix('part ')}]}}", exp)
        if expr.how in ("cols", "rows", "transpose"):
            return self._raised(rf"{self._factor(expr.args[1])}^{{\top}}", exp)
        if expr.how == "concat":
            return self._raised(rf"\left[{'; '.join(operands)}\right]", exp)
        called = expr.how.replace("_", r"\_")
        return self._raised(rf"\operatorname{{{called}}}\left({', '.join(operands)}\right)", exp)

    def _factor(self, expr: sp.Expr) -> str:
        text = self._print(expr)
        closed = expr.is_Symbol or (isinstance(expr, Join) and expr.how == "block_diag")
        return text if closed else rf"\left({text}\right)"

    def _raised(self, text: str, exp: str | None) -> str:
        return text if exp is None else rf"{{\left({text}\right)}}^{{{exp}}}"


for _name in VOCABULARY:  # sympy finds a printer by the very class, before its bases
    setattr(_Latex, f"_print_{_name}", _Latex.elementwise)


def _word(part: str) -> str:
    if part in _GREEK:
        return f"\\{part}"
    return part if len(part) == 1 or part.isdigit() else rf"\mathrm{{{part}}}"
