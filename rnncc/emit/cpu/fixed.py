"""Weights that are computed: what products read of parameters, constants and sizes alone, in a function of its own.

The runtime calls that function once, and again where a parameter or a constant has changed (`runtime.frozen.fixed`).
"""

from dataclasses import dataclass, replace

from rnncc.emit.cpu.host import dtype_line, host_node, named, size_lines
from rnncc.emit.cpu.text import Text, wrapped
from rnncc.emit.cpu.words import key
from rnncc.ir import Contract, Gather, Input, Node, Program, feeds

_GIVEN = ("param", "const", "size")


@dataclass(frozen=True)
class Fixed:
    """The values of a program that lie outside it.

    Parameters
    ----------
    program
        The program as it was.
    nodes
        What is computed, in order.
    results
        Those of the nodes that are read.
    """

    program: Program
    nodes: tuple[Node, ...]
    results: tuple[str, ...]

    def function(self, driver: str) -> Text:
        """The function that computes them, called after the driver that reads them."""
        text, lines = Text(), [f"{n.name} = {host_node(self.program, n)}" for n in self.nodes]
        with text.block(f"def {self._name(driver)}(env):"):
            text('"""What products read of parameters and constants alone, kept while those are unchanged."""')
            text.extend(size_lines(replace(self.program, nodes=self.nodes, carries=())))
            if any("dtype" in line for line in lines):
                text(dtype_line(self.program))
            text.extend(lines)
            text.extend(wrapped("return {", [f'"{key(r)}": {r}' for r in self.results], "}"))
        return text

    def call(self, driver: str) -> str:
        """The line by which a driver has them."""
        read = {o for n in self.nodes for o in n.operands}
        constants = [f', "{key(i.name)}"' for i in self.program.inputs if i.role == "const" and i.name in read]
        return f"env = fixed(env, {self._name(driver)}{''.join(constants)})"

    def _name(self, driver: str) -> str:
        return f"{driver}_weights"


def without_fixed(program: Program) -> tuple[Program, Fixed | None]:
    """`program` with computed weights as inputs, and these; as it is where it has none."""
    weights = {o for n in program.nodes if isinstance(n, Contract | Gather) and "T" in n.type for o in n.operands}
    computed = _steady(program) & weights
    wanted = [n.name for n in program.nodes if n.name in computed and named(program, n.name, transposed=False) is None]
    if not wanted:
        return program, None
    inside = {*wanted, *feeds(program, wanted)}
    nodes = tuple(n for n in program.nodes if n.name in inside)
    rest = tuple(n for n in program.nodes if n.name not in inside)
    read = {o for n in rest for o in n.operands} | {v for _, v in program.outputs}
    read.update(v for c in program.carries for v in (c.init, c.next))
    results = tuple(n.name for n in nodes if n.name in read)
    inputs = tuple(Input(name, program.types[name], "param") for name in results)
    return replace(program, inputs=(*program.inputs, *inputs), nodes=rest), Fixed(program, nodes, results)


def _steady(program: Program) -> set[str]:
    """Values of parameters, constants and sizes alone."""
    found = {i.name for i in program.inputs if i.role in _GIVEN}
    for n in program.nodes:
        if found.issuperset(n.operands) and not {"T", "N"} & set(n.type):
            found.add(n.name)
    return found
