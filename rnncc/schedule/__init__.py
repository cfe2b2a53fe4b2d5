"""The order of work of a program of one direction: before the loop, its phases, after it. One schedule, every backend."""

from rnncc.schedule.build import schedule
from rnncc.schedule.elementwise import is_apart, is_elementwise
from rnncc.schedule.phase import Accumulator, Compute, Move, Panel, Phase, Schedule, Stage, Term, Total
from rnncc.schedule.printer import described, show_schedule

__all__ = [
    "Accumulator",
    "Compute",
    "Move",
    "Panel",
    "Phase",
    "Schedule",
    "Stage",
    "Term",
    "Total",
    "described",
    "is_apart",
    "is_elementwise",
    "schedule",
    "show_schedule",
]
