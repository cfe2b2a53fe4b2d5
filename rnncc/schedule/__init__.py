"""The order of work of a program with one direction: what runs before the loop, its phases, what runs after. One schedule, every backend."""

from rnncc.schedule.build import schedule
from rnncc.schedule.phase import Accumulator, Compute, Move, Panel, Phase, Reduction, Schedule, Term
from rnncc.schedule.printer import show_schedule

__all__ = ["Accumulator", "Compute", "Move", "Panel", "Phase", "Reduction", "Schedule", "Term", "schedule", "show_schedule"]
