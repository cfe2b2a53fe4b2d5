"""PTX as NVVM writes it: one kernel, its parameters, registers, labels and instructions, a statement a line."""

import re
from dataclasses import dataclass

_PARAMETER = re.compile(r"\.param \.(\w+) (\w+),?$")
_REGISTERS = re.compile(r"\.reg \.(\w+)\s+(%\w+)<\d+>;$")
_LABEL = re.compile(r"([\w$]+):$")
_STATEMENT = re.compile(r"(?:@(!?)(%\w+)\s+)?([a-z][\w.]*)\s*(.*);$")
_APART = re.compile(r",\s*(?![^{\[]*[}\]])")
"""The commas between operands: those of no vector."""
_SILENT = (
    *(
        ".pragma",
        "{",
        "}",
        ")",
        ".version",
        ".target",
        ".address_size",
        ".common .global",
        ".visible .entry",
        ".maxntid",
        ".minnctapersm",
    ),
    ".extern .shared .align 16 .b8 shared_memory[];",
)
"""How lines begin that say nothing here. Whatever declares other memory is not among them."""


@dataclass(frozen=True)
class Instruction:
    """A statement.

    Attributes
    ----------
    guard
        The predicate register without which it is left out, and the value that this has to have; or None.
    name
        With all modifiers, as "add.s64".
    """

    line: int
    text: str
    guard: tuple[str, bool] | None
    name: str
    operands: tuple[str, ...]

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


@dataclass(frozen=True)
class Program:
    """A kernel.

    Attributes
    ----------
    parameters
        Name -> type, in order.
    registers
        What names begin with -> type: "%rd" -> "b64".
    labels
        Name -> number of the instruction behind it.
    """

    parameters: dict[str, str]
    registers: dict[str, str]
    instructions: tuple[Instruction, ...]
    labels: dict[str, int]


def parse(text: str) -> Program:
    """The kernel of a PTX module.

    Raises
    ------
    SyntaxError
        At a line that is none of those which the compiler is known to write.
    """
    parameters, registers, labels = {}, {}, {}
    instructions: list[Instruction] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition("//")[0].strip()
        if not line or line.startswith(_SILENT):
            continue
        if found := _PARAMETER.match(line):
            parameters[found[2]] = found[1]
        elif found := _REGISTERS.match(line):
            registers[found[2]] = found[1]
        elif found := _LABEL.match(line):
            labels[found[1]] = len(instructions)
        elif found := _STATEMENT.match(line):
            guard = (found[2], not found[1]) if found[2] else None
            instructions.append(Instruction(number, line, guard, found[3], tuple(filter(None, _APART.split(found[4])))))
        else:
            raise SyntaxError(f"line {number}: {line}")
    return Program(parameters, registers, tuple(instructions), labels)
