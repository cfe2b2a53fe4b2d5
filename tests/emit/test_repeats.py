"""Phases that are the same up to names are one function; its text and calls mean what the phases did."""

import pytest

from rnncc.compiler import compile_cell
from rnncc.emit.cpu.repeats import Around, without_repeats
from tests.emit.test_cpu_simulated import check

AROUND = Around("loop", {"first", "end", "width"}, {"a_row", "b_row", "c_row", "d_row", "w"})


def part(number, source, target, value, again=None):
    """Ten lines: `target` from `source`, twice; the second time from `again`."""
    body = [f"    {value} = load({source}, row) * load(w, row)", f"    store({value} + 1e-8, {target}, row)"] * 3
    tail = [f"    store({value}, {again or source}, row)"]
    return [f"# phase {number}: units of hidden", "for row in range(first, end):", *body, *tail, "    last = width"]


def found(*parts):
    return without_repeats([list(p) for p in parts], AROUND)


def test_three_alike_are_three_calls():
    calls, functions = found(part(1, "a_row", "b_row", "v"), part(2, "b_row", "c_row", "u"), part(3, "c_row", "d_row", "z"))
    given = ["a_row, b_row", "b_row, c_row", "c_row, d_row"]
    assert [lines[-1] for lines in calls] == [f"loop_phase_1(first, end, w, width, {names})" for names in given]
    assert calls[1][0] == "# phase 2: units of hidden"
    assert functions[0].startswith("@repeated\ndef loop_phase_1(first, end, w, width, a_row, b_row):\n")
    assert '"""Phase 1: units of hidden; so are those that begin with phase 2, 3, of other values."""' in functions[0]
    assert "    not_inlined()\n" in functions[0]
    assert len(functions) == 1


@pytest.mark.parametrize(
    "third",
    [
        part(3, "c_row", "c_row", "z"),
        part(3, "c_row", "d_row", "z", again="d_row"),
        part(3, "c_row", "d_row", "z")[:-1],
    ],
)
def test_two_alike_stay_as_they_are(third):
    parts = [part(1, "a_row", "b_row", "v"), part(2, "b_row", "c_row", "u"), third]
    assert found(*parts) == (parts, [])


def test_short_ones_stay_as_they_are():
    parts = [part(k, "a_row", "b_row", "v")[:5] for k in range(3)]
    assert found(*parts) == (parts, [])


def kernel_lines(source, kernel):
    """Lines of a kernel and of the functions it calls, without their parameters."""
    body = source[source.index(f"def {kernel}_phase") : source.index(f"def {kernel.removesuffix('_loop')}(")]
    return len(body.splitlines())


def test_the_step_of_a_solver_is_written_once_however_often_it_is_unfolded():
    """Of six further unfolds each kernel grows by calls, and by what no phase of its own computes."""
    six, twelve = (compile_cell("ltc", {"unfolds": n}).source for n in (6, 12))
    assert six.count("@repeated") == twelve.count("@repeated") == 8
    assert kernel_lines(twelve, "forward_loop") < 1.4 * kernel_lines(six, "forward_loop")
    assert kernel_lines(twelve, "backward_loop") < 1.5 * kernel_lines(six, "backward_loop")
    forward = twelve[twelve.index("def forward_loop_phase") : twelve.index("def forward(")]
    assert forward.count("= sigmoid(") == 3  # of the senses, of the first step, of all others


@pytest.mark.parametrize(("name", "option"), [("rhn", {"depth": 6}), ("mogrifier", {"rounds": 9}), ("ltc", {"unfolds": 5})])
def test_functions_of_repeated_phases_mean_what_the_program_does(name, option):
    made = compile_cell(name, option)
    assert "@repeated" in made.source
    check(made)
