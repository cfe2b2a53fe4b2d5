"""All that is found of a program, loop by loop."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from rnncc.ir import Program
from rnncc.structure.blocks import Blocks, blocks
from rnncc.structure.diagonal import Diagonal, diagonal
from rnncc.structure.invertible import Inverse, inverse
from rnncc.structure.linear import Linear, linear
from rnncc.structure.loops import Loop, loops


@dataclass(frozen=True)
class Found:
    """What a loop is like."""

    loop: Loop
    diagonal: Diagonal
    linear: Linear
    inverse: Inverse
    blocks: Blocks

    @property
    def findings(self) -> tuple[tuple[bool, str, str], ...]:
        """Whether each finding holds, in a few words, and the reason."""
        return (
            (
                self.diagonal.holds,
                "no product in the loop" if self.diagonal.holds else "products or sums in the loop",
                self.diagonal.why,
            ),
            (self.linear.holds, f"{'' if self.linear.holds else 'not '}linear in its state", self.linear.why),
            (self.inverse.holds, f"{'' if self.inverse.holds else 'not '}invertible", self.inverse.why),
            *([(True, "block-diagonal products", self.blocks.why)] if self.blocks.holds else []),
        )

    @property
    def holding(self) -> tuple[str, ...]:
        """What makes the loop special, in a few words each."""
        return tuple(words for holds, words, _ in self.findings if holds)


def structure(program: Program, without: Collection[str] = ()) -> tuple[Found, ...]:
    """What each loop of `program` is like; those of states in `without` are left out."""
    return tuple(
        Found(loop, diagonal(program, loop), linear(program, loop), inverse(program, loop), blocks(program, loop))
        for loop in loops(program)
        if not all(c.prev in without for c in loop.carries)
    )


def lines(found: Iterable[Found], *, scans: bool = False) -> Iterator[str]:
    """Loops with their findings and reasons, as lines of text; `scans`: all of them together have a map of a step."""
    loops_found = tuple(found)
    for one in loops_found:
        yield f"loop of {one.loop.states}"
        yield from (f"  {what}: {why}" for _, what, why in one.findings)
        if scans:
            yield "  on a CUDA device it is run as a scan over time where that is sooner"
        if one.inverse.holds:
            yield "  with reversible=True the backward pass runs it back, and no state is kept over time"
    if not loops_found:
        yield "no loop: nothing depends on what it was before"


def told(found: Iterable[Found], *, apart: bool, back: bool = False, scans: bool = False) -> tuple[str, ...]:
    """Of each loop what holds and how it is run.

    Parameters
    ----------
    apart
        Each unit goes through time by itself.
    back
        As of `run_back`.
    scans
        Where this is said it is told besides what is run as a scan; a processor runs nothing so.
    """
    return tuple(
        f"{one.loop.states}: {', '.join(one.holding) or 'units meet in every step'}; {_run(one, apart=apart, back=back, scans=scans)}"
        for one in found
    )


def _run(one: Found, *, apart: bool, back: bool, scans: bool) -> str:
    how = "run unit by unit" if apart else "run step by step"
    how += ", not as a scan over time, which would do the work twice" if one.linear.holds and not scans else ""
    if not one.inverse.holds:
        return how
    return how + (", and back by the backward pass" if back else ", and with reversible=True back by the backward pass")
