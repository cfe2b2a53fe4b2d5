"""What the runtime is told of a cell."""

from rnncc.runtime.cell_info import BatchMean, CellInfo
from rnncc.spec.cell_spec import CellSpec
from rnncc.spec.domains import domains
from rnncc.spec.names import implied


def cell_info(spec: CellSpec) -> CellInfo:
    """`spec` without its equations and without sympy."""
    return CellInfo(
        name=spec.name,
        doc=spec.doc,
        inputs=tuple((d.name, d.axes[2:]) for d in spec.of_kind("input", "index")),
        states=spec.states,
        parameters=spec.parameters,
        output=output_units(spec),
        sizes=dict(spec.sizes),
        constants=dict(spec.constants),
        options={name: option.value for name, option in spec.options.items()},
        named=tuple(d.name for d in spec.definitions if d.named and "T" in d.axes),
        cotangent=cotangent_prefix(spec),
        masks=spec.masks,
        indices=dict(spec.indices),
        domains=domains(spec),
        memories=spec.memories,
        batch_means=tuple(BatchMean(d.name, *d.args) for d in spec.of_kind("batch_mean")),
    )


def output_units(spec: CellSpec) -> tuple[str, ...]:
    """Unit axes of `cell.output`."""
    return tuple(a for a in spec.definition[spec.output].axes if a not in ("T", "N"))


def cotangent_prefix(spec: CellSpec) -> str:
    """`d_`, or the first of `d2_`, `d3_` … that begins no name of the cell."""
    names = [*spec.definition, *implied((s.name for s in spec.states), spec.sizes)]
    prefix, k = "d_", 1
    while any(name.startswith(prefix) for name in names):
        k += 1
        prefix = f"d{k}_"
    return prefix
