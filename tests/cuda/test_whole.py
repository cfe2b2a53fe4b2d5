"""Generated modules thread by thread: drivers, packed weights, plans and kernels as they are, on an emulated grid."""

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from rnncc.runtime.cuda import launch, plan
from rnncc.runtime.cuda.pack import packed_arrays
from rnncc.runtime.frozen import PANELS, Panels
from tests.cuda import simulated
from tests.cuda.device import unwrapped
from tests.cuda.panels import panel
from tests.cuda.words import host
from tests.emit.cpu_cases import arrays, expected_in_training, relative, sweep_of, trained_by

SHAPE = (2, 3, 2, 20)
"""(T, N, I, H): three groups of units, the last of them not full."""
FORMS = {"exact": ({}, "float32"), "tf32": ({"tf32": True}, "uint32"), "bfloat16": ({"bfloat16": True}, "uint16")}


@pytest.mark.parametrize("form", FORMS)
def test_panels_are_what_products_read(form):
    settings, dtype = FORMS[form]
    rng = np.random.default_rng(0)
    matrices = [[rng.normal(size=(20, k)).astype(np.float32) for k in (20, 33)] for _ in range(2)]
    np.testing.assert_array_equal(packed_arrays({PANELS: Panels(**settings)}, matrices), panel(matrices, dtype))


@pytest.mark.parametrize(
    ("dtype", "form", "tolerance"),
    [
        ("float64", "exact", 1e-13),  # sums of some tens of terms in another order
        ("float32", "tf32", 2e-3),  # weights and states off by 2**-11, relatively, a few times over
        ("float32", "bfloat16", 2e-2),  # by 2**-8
    ],
)
def test_an_lstm_forward_and_backward(cupy, monkeypatch, run, dtype, form, tolerance):
    grids = []

    def start(kernel, dtype, grid, arguments, library):
        grids.append(grid)
        number = np.dtype(dtype).type
        given = [number(a) if isinstance(a, float) else unwrapped(a) for a in arguments]
        run(kernel, dtype, grid.blocks, grid.shared // number(0).itemsize, *given)

    monkeypatch.setattr(launch, "start", start)
    monkeypatch.setattr(plan, "_MEETING", 0)  # blocks share the units of rows for which one alone would do
    plan.plan_loop.cache_clear()
    made = compile_cell("lstm")
    module = simulated.module_of(made.cuda_source)
    env = arrays(made, SHAPE, np.dtype(dtype))
    given = {k: cupy.asarray(v) if isinstance(v, np.ndarray) else v for k, v in env.items()}
    found = trained_by(module, made, given | {PANELS: Panels(**FORMS[form][0])}, sweep_of(SHAPE, [2, 2, 1], library=cupy))
    expected = expected_in_training(made, env, sweep_of(SHAPE, [2, 2, 1]))
    plan.plan_loop.cache_clear()
    assert {grid.blocks for grid in grids if grid.together} == {3}
    assert max(relative(host(found[k]).astype(np.float64), v) for k, v in expected.items()) < tolerance
