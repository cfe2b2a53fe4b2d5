"""What a layer is apart from its calls: settings, parameters, constants, files, pickles."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, ClassVar, Self

import numpy as np

from rnncc.errors import DeviceError, WeightsError
from rnncc.runtime.batch_means import follow, refuse_segments
from rnncc.runtime.cell_info import CellInfo
from rnncc.runtime.domains import within
from rnncc.runtime.dropout import Counter, dropout_seed
from rnncc.runtime.fixed_keys import Constants, Parameters
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.indices import refuse_layers
from rnncc.runtime.kernels import Array, Kernels
from rnncc.runtime.keywords import check_options, split_keywords
from rnncc.runtime.parameters import ParameterStore
from rnncc.runtime.settings import Settings, fresh_seed, usable_cores
from rnncc.runtime.stack import Stack
from rnncc.runtime.weights import differences, read_weights, write_weights


class LayerBase:
    """Settings and parameters of a stack of layers of one cell."""

    cell: ClassVar[CellInfo]
    kernels: ClassVar[Kernels]
    target: ClassVar[str] = "cpu"
    """Kind of device that the kernels are for."""
    stack: ClassVar[type[Stack]] = Stack
    """What runs its layers."""
    origin: Callable[..., "LayerBase"] | None = None
    """How another process finds the class again, where its module has no name to import."""

    def __init__(  # noqa: PLR0913 (the public signature)
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        bidirectional: bool = False,
        batch_first: bool = False,
        dropout: float = 0.0,
        checkpoint: int | None = None,
        residual: bool = False,
        truncate: int | None = None,
        dtype: Any = "float32",
        weight_dtype: str | None = None,
        device: str = "cpu",
        precision: str = "exact",
        threads: int | None = None,
        seed: int | None = None,
        **keywords: Any,
    ) -> None:
        own = split_keywords(self.cell, keywords)
        check_options(self.cell, own.options)
        settings = Settings(
            input_size=input_size,
            hidden_size=hidden_size,
            num_layers=num_layers,
            bias=bias,
            bidirectional=bidirectional,
            batch_first=batch_first,
            dropout=dropout,
            dtype=dtype,
            device=device,
            threads=threads,
            seed=fresh_seed() if seed is None else seed,
            sizes=own.sizes,
            checkpoint=checkpoint,
            weight_dtype=weight_dtype,
            residual=residual,
            truncate=truncate,
            precision=precision,
        )
        self._check_target(settings.device)
        for name, value in own.constants.items():
            within(self.cell.domains.get(name), name, value)
        rng = np.random.default_rng(settings.seed)
        store = ParameterStore.drawn(self._geometry(settings), settings.bias, settings.dtype, rng)
        self._assemble(settings, store, own.constants, 0)

    def _assemble(self, settings: Settings, store: ParameterStore, constants: Mapping[str, float], key: int) -> None:
        self._settings = settings
        self._store = store
        self._constants = Constants(constants, self.cell.domains)
        self._keys = Counter(key)
        self._dropout_seed = dropout_seed(settings.seed)
        self._threads = settings.threads or usable_cores()

    @classmethod
    def _check_target(cls, device: str) -> None:
        if device.partition(":")[0] != cls.target:
            raise DeviceError(
                f"device={device!r}: {cls.cell.name} has kernels for {cls.target!r} here; use rnncc.RNN(…, device={device!r})"
            )

    @property
    def library(self) -> ModuleType:
        """The array library of its arrays."""
        return np

    def _on_host(self, array: Array) -> Array:
        """An array of the layer as NumPy has it."""
        return array

    def _placed(self, array: Array) -> Array:
        """An array where the layer's own are."""
        return array

    def _machine(self) -> list[tuple[str, str]]:
        """What it runs on, for `explain`."""
        from rnncc.runtime.explain import processor  # here, since it asks the instruction set, which imports LLVM

        return processor(self._threads)

    @property
    def input_size(self) -> int:
        """I."""
        return self._settings.input_size

    @property
    def hidden_size(self) -> int:
        """H."""
        return self._settings.hidden_size

    @property
    def output_size(self) -> int:
        """D*O: the last axis of `y`."""
        return self._settings.directions * self._store.geometry.output_size

    @property
    def num_layers(self) -> int:
        """L."""
        return self._settings.num_layers

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of every array in and out; of layers of bfloat16 that of states and parameters."""
        return self._settings.dtype

    @property
    def params(self) -> dict[str, Array]:
        """`l0.W`, `l1.reverse.U` … -> writable view of the parameter; the next call sees what is written."""
        return Parameters(self._store.named)

    @property
    def constants(self) -> Constants:
        """The cell's constants; the next call sees what is assigned."""
        return self._constants

    @property
    def num_parameters(self) -> int:
        """How many numbers `params` holds."""
        return sum(master.size for master in self._store.masters)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the parameters as safetensors: all of it or nothing. Raises `OSError` where `path` cannot be written."""
        write_weights(path, {k: self._on_host(a) for k, a in self._store.named.items()}, self._about())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read parameters that a layer of the same cell and sizes has saved.

        Raises `WeightsError`, naming every difference, where the file is damaged or of another layer, and `OSError` where it
        cannot be read; the layer is then as before.
        """
        tensors, about = read_weights(path)
        found = differences(tensors, about, self._store.named, self._about())
        if found:
            raise WeightsError(f"{path} does not belong to this layer:\n  " + "\n  ".join(found))
        for name, view in self._store.named.items():
            view[...] = self._placed(tensors[name])

    def update_batch_means(self, means: Mapping[str, Any], momentum: float = 0.1) -> None:
        """Have the parameters that stand for means of batches follow `means`, the `batch_means` of a pullback: running averages.

        Each becomes (1 - momentum) times what it was and momentum times the new mean, as in PyTorch. A variance is the mean of squares
        as the cell computes it, divided by the number n of steps and rows: where PyTorch's running variance has n - 1, this has n.

        Parameters
        ----------
        means
            `l0.mean` … -> array of the parameter's shape; what is missing stays as it is.
        momentum
            From 0 to 1.

        Raises
        ------
        ArgumentError
            For a name that is no batch mean of the cell, or a momentum outside 0 to 1; nothing is changed then.
        ShapeError
            For a mean of another shape.
        """
        follow(self._store.geometry, self.params if means else {}, means, momentum, self.library)

    def explain(self) -> str:
        """Cell, sizes, parameters, dtype, what it runs on and kernels, as text."""
        from rnncc.runtime.explain import explain  # here, since it asks the instruction set, which imports LLVM

        return explain(self._settings, self._store, self._constants, self.kernels, self._machine())

    def __repr__(self) -> str:
        s = self._settings
        shown = [str(s.input_size), str(s.hidden_size), f"num_layers={s.num_layers}"]
        shown += [f"{name}=True" for name in ("bidirectional", "batch_first", "residual") if getattr(s, name)]
        shown += [] if s.bias else ["bias=False"]
        shown += [f"dropout={s.dropout}"] if s.dropout else []
        shown += [f"{name}={getattr(s, name)}" for name in ("checkpoint", "truncate") if getattr(s, name) is not None]
        shown += ["reversible=True"] if self.cell.runs_back else []
        shown += [f"dtype={s.shown_dtype!r}"]
        shown += [f"weight_dtype={s.weight_dtype!r}"] if s.weight_dtype is not None else []
        shown += [f"device={s.device!r}"] if s.device != "cpu" else []
        shown += [f"precision={s.precision!r}"] if s.precision != "exact" else []
        shown += [f"seed={s.seed}"]
        shown += [f"{name}={value!r}" for name, value in (*s.sizes.items(), *self._constants.items(), *self.cell.options.items())]
        return f"{self.cell.name}({', '.join(shown)})"

    def __reduce__(self) -> tuple[Callable[..., "LayerBase"], tuple[Any, ...]]:
        masters = tuple(self._on_host(master) for master in self._store.masters)
        arguments = (self._settings, masters, dict(self._constants), self._keys.upcoming)
        return (self.origin or type(self).restored, arguments)

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        masters = [master.copy() for master in self._store.masters]
        copied = self.restored(self._settings, masters, dict(self._constants), self._keys.upcoming)
        copied.origin = self.origin
        return copied

    @classmethod
    def restored(cls, settings: Settings, masters: Sequence[Array], constants: Mapping[str, float], key: int) -> Self:
        """A layer from what a pickle holds of it; `masters` become its own."""
        layer = cls.__new__(cls)
        layer._assemble(settings, ParameterStore(cls._geometry(settings), settings.bias, (*masters,)), constants, key)
        return layer

    @classmethod
    def _geometry(cls, s: Settings) -> Geometry:
        geometry = Geometry(cls.cell, s.input_size, s.hidden_size, s.num_layers, s.directions, s.sizes)
        refuse_segments(cls.cell, checkpoint=s.checkpoint, truncate=s.truncate)
        refuse_layers(cls.cell, s.num_layers, s.residual, geometry.layer_input(1))
        return geometry

    def _about(self) -> dict[str, str]:
        s = self._settings
        facts: dict[str, Any] = {"cell": self.cell.name, "input_size": s.input_size, "hidden_size": s.hidden_size, **s.sizes}
        facts |= {"num_layers": s.num_layers, "bias": s.bias, "bidirectional": s.bidirectional, "dtype": s.dtype.name}
        facts |= {f"constant {name}": value for name, value in self._constants.items()}
        facts |= {f"option {name}": value for name, value in self.cell.options.items()}
        return {name: json.dumps(value, default=str) for name, value in facts.items()}
