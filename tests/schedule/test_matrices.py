"""Matrices in the order of work: a phase of their own, after the vectors that they read."""

from rnncc.compiler import compile_cell
from rnncc.schedule import Compute, Move, schedule, show_schedule
from tests.emit.cpu_cases import source_of


def phases():
    return schedule(compile_cell(source_of("pairs")).primal).step


def test_a_matrix_phase_holds_matrices_alone():
    for phase in phases():
        if isinstance(phase, Compute):
            expected = (phase.lines, phase.size) if phase.lines else (phase.size,) if phase.size else ()
            assert {n.type[2:] for n in phase.nodes} <= {expected}


def test_a_phase_comes_after_all_that_it_reads():
    made, plan = set(), phases()
    own = {n.name for phase in plan for n in (phase.values if isinstance(phase, Compute) else (phase.node,))}
    for phase in plan:
        inside = {n.name for n in phase.values} if isinstance(phase, Compute) else set()
        for n in phase.values if isinstance(phase, Compute) else (phase.node,):
            assert {o for o in n.operands if o in own} <= made | inside, n.name
        made |= inside or {phase.node.name}


def test_a_vector_is_laid_by_a_move():
    moved = {phase.node.name for phase in phases() if isinstance(phase, Move)}
    assert {"cols_v", "cols_x", "e", "f", "u"} <= moved


def test_a_matrix_phase_is_shown_by_its_axes():
    text = show_schedule(schedule(compile_cell(source_of("pairs")).primal))
    assert ": matrices of hidden by hidden\n" in text
    assert ": matrices of input by hidden\n" in text
