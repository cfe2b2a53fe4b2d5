"""The layer: a cell stacked, in one or two directions, with its parameters."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rnncc.runtime.batch import Batch, read_streams
from rnncc.runtime.cached import Cached
from rnncc.runtime.cell_info import CellInfo
from rnncc.runtime.dropout import Mask
from rnncc.runtime.kernels import Array, Kernel, Kernels
from rnncc.runtime.keywords import flag, whole
from rnncc.runtime.layer_base import LayerBase
from rnncc.runtime.masks import CellMasks, mask_rates
from rnncc.runtime.memories import Memories, read_memories, take_memories
from rnncc.runtime.one_step import one_step
from rnncc.runtime.pullback import Pullback
from rnncc.runtime.replays import Replays, replays, training_replays
from rnncc.runtime.stack import Stack
from rnncc.runtime.state import initial_states, leave_states
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.traced import choose_traced, leave_traced

if TYPE_CHECKING:
    from rnncc.runtime.replay import Replay
    from rnncc.runtime.stream import Stream
    from rnncc.runtime.training_replays import TrainingReplays

Result = tuple[Array, dict[str, Array]]


class Layer(LayerBase):
    """Layers of one cell, made by `layer_class`.

    Legend: T time, N batch, I input, H hidden, O output, D directions, L layers. Calls from several threads at once are safe as
    long as none writes parameters.

    Parameters
    ----------
    input_size, hidden_size
        I and H.
    num_layers
        L.
    bias
        Without it the parameters declared as bias are zero and not learned.
    bidirectional
        A second set of layers reads each sequence from its end; D is then 2.
    batch_first
        Sequences are (N, T, I) instead of (T, N, I).
    dropout
        Probability with which an output of any layer but the last is zeroed in `vjp`.
    checkpoint
        `vjp` keeps states every so many steps, rounded up to chunks of about a thousand rows of the batch (T * N), and its pullback
        computes the rest again, for the same gradients bit for bit in less memory. About √T is a good choice. None: all is kept.
    residual
        What a layer reads is added to its output, after dropout, where both have the same size.
    truncate
        No cotangent of a state passes the beginning of a step whose number is a multiple of this: truncated backpropagation through
        time. With `checkpoint` everything but the last piece is computed again. None: cotangents pass every step.
    dtype
        "float32" or "float64"; on a CUDA device also "bfloat16": what goes through layers, weights of products, and those of the
        values kept for gradients that bear it; all else float32.
    weight_dtype
        "bfloat16": a call and `stream` read the matrices of products rounded to bfloat16, half the bytes; states, sums and everything
        else stay float32, as do `params`, `vjp` and `trace`. None or "float32": as `dtype`, which must be float32 for either name.
    device
        "cpu"; "cuda", or "cuda:1" of several: the parameters are there, as CuPy arrays, and what a call is given has to be, as anything
        with `__dlpack__` or `__cuda_array_interface__`. What it gives are PyTorch's tensors if `x` is one, else CuPy's arrays.
    precision
        "exact"; on a CUDA device also "tf32": products of float32 are made by tensor cores, of numbers rounded to ten bits behind the
        point, and added up in float32.
    threads
        At most this many threads share the rows of a batch; None: the cores this process may use.
    seed
        Of the first parameters and the dropout masks; None draws one.
    keywords
        Sizes, constants and options of the cell.

    Raises
    ------
    ArgumentError, DtypeError, DeviceError
        For arguments that are not served.
    """

    def __call__(
        self, x: object, state: Mapping[str, object] | None = None, lengths: object = None, memory_lengths: object = None
    ) -> Result:
        """Evaluate: no dropout, nothing kept for a backward pass.

        Parameters
        ----------
        x
            (T, N, I), or (N, T, I) with `batch_first`, or (T, I) without a batch; a dict of such arrays by name where the cell has
            several inputs: the first declared goes through the layers, the others reach every layer and direction. Of one number a
            step an input is (T, N) or (T, N, 1). Whole numbers (`cell.index`) are (T, N) of any integer dtype. A memory is
            (N, S, size), of as many rows S as you like, with `batch_first` or not; (S, size) without a batch.
        state
            Name -> (L*D, N, *axes), layer-major, forward before reverse; (L*D, *axes) without a batch. None: the cell's first values.
        lengths
            (N,) whole numbers from 0 to T, in any order. Past its length a sequence keeps its state and outputs zero.
        memory_lengths
            (N,) whole numbers from 0 to S: how many rows of its memory each sequence has; a dict of such where the cell attends to
            several. None: all S.

        Returns
        -------
        y
            (T, N, D*O), laid out as `x`.
        state
            As `state`, after the last step.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError
            Where an argument does not fit, saying what was found and what was expected.
        """
        if lengths is None and memory_lengths is None and (found := self._replayed(x, state)) is not None:
            return found
        batch, arrays, memories = self._read(x, lengths, memory_lengths)
        stack = self._stack(batch, memories, inferring=True)
        initial = initial_states(stack.geometry, self.dtype, batch, state, stack.weights, own=False)
        y, finals = stack.infer(self._entered(batch, arrays, own=False), initial)
        return batch.leave(y), leave_states(self._store.geometry, batch, finals)

    def vjp(
        self,
        x: object,
        state: Mapping[str, object] | None = None,
        lengths: object = None,
        train: bool = True,
        key: int | None = None,
        checkpoint: int | None = None,
        memory_lengths: object = None,
    ) -> tuple[Result, Pullback]:
        """Evaluate and keep what gradients need; arguments and results as of a call.

        Parameters
        ----------
        x, state, lengths, memory_lengths
            As of a call. The pullback belongs to the values that they and the parameters have now.
        train
            Whether dropout acts, the cell's masks are random, and its batch means are those of the batch.
        key
            Which random masks: with the seed it settles them. None takes the next of the layer's own count.
        checkpoint
            As of the layer, for this call. None: the layer's own.

        Returns
        -------
        (y, state)
            As of a call.
        pullback
            Takes (dy, dstate=None), gives `Gradients`.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError
            As a call, and for a `key` or `checkpoint` that is no whole number of at least 0 or 1.
        """
        if lengths is None and memory_lengths is None and checkpoint is None and (again := self._replayed_vjp(x, state, train)):
            return again
        every = self._settings.checkpoint if checkpoint is None else whole("checkpoint", checkpoint, 1)
        batch, arrays, memories = self._read(x, lengths, memory_lengths)
        number = self._key(flag("train", train), key)
        stack = self._stack(batch, memories, key=number, train=train)
        initial = initial_states(stack.geometry, self.dtype, batch, state, stack.weights, own=True)
        y, finals, tape = stack.forward(
            self._entered(batch, arrays, own=True), initial, self._dropped(batch, number), every, self._settings.truncate
        )
        pullback = Pullback(stack, tape, batch, tuple(self._store.trained()), self.dtype, state is None)
        return (batch.leave(y), leave_states(self._store.geometry, batch, finals)), pullback

    def trace(
        self,
        x: object,
        names: str | Iterable[str] | None = None,
        state: Mapping[str, object] | None = None,
        lengths: object = None,
        memory_lengths: object = None,
    ) -> dict[str, Array]:
        """Named values of the spec over time: gates, candidates, attention.

        Parameters
        ----------
        x, state, lengths, memory_lengths
            As of a call.
        names
            Names of the spec; in a stack `i` stands for `l0.i`, `l0.reverse.i`, `l1.i` …, which may also be asked for alone. None: all.

        Returns
        -------
        dict
            Name -> (T, N, *axes), laid out as `x`, zero past each sequence's length.

        Raises
        ------
        ArgumentError
            For a name that the spec does not have or that does not vary in time; else as a call.
        """
        geometry = self._store.geometry
        chosen = choose_traced(geometry, [names] if isinstance(names, str) else names)
        batch, arrays, memories = self._read(x, lengths, memory_lengths)
        stack = self._stack(batch, memories)
        initial = initial_states(geometry, self.dtype, batch, state, stack.weights, own=False)
        wanted = [any(t.place is p for t in chosen) for p in geometry.places]
        traced = stack.trace(self._entered(batch, arrays, own=False), initial, wanted)
        return leave_traced(batch, chosen, traced)

    def stream(self, batch: int = 1, memory: object = None, memory_lengths: object = None) -> "Stream":
        """Read `batch` sequences step by step: `stream(x)` takes (N, I) and gives (N, O); `stream.state`, `stream.reset(state)`.

        The stream keeps the parameters and constants of now, and what it attends to: `memory` (N, S, size), or a dict of such by name,
        with `memory_lengths` as of a call. Raises `ArgumentError` for a bidirectional layer.
        """
        from rnncc.runtime.stream import Stream  # here, since it binds kernels, which imports Numba

        step, memories = one_step(self._store.geometry, self.dtype, batch, memory, memory_lengths, self.library)
        return Stream(self._stack(step, memories, inferring=True), self.dtype)

    @Cached
    def _replays(self) -> Replays | None:
        return replays(self._settings, self._store)

    def _replayed(self, x: object, state: object) -> Result | None:
        """A call that was made before with the same parameters, without Python; None where there is none."""
        return None if self._replays is None else self._replays.call(x, state, self._constants, self._bound)

    @Cached
    def _training_replays(self) -> "TrainingReplays | None":
        return training_replays(self._settings, self._store)

    def _replayed_vjp(self, x: object, state: object, train: object) -> tuple[Result, Pullback] | None:
        """As `_replayed`, in training."""
        if self._training_replays is None or not isinstance(train, bool):
            return None
        return self._training_replays.call(x, state, self._constants, lambda batch: self._stack(batch, {}))

    def _bound(self, steps: int, rows: int) -> "Replay":
        from rnncc.runtime.replay import bind  # here, since it binds kernels, which imports Numba

        batch = Batch(steps, rows, True, False, None, False)
        stack = self._stack(batch, {}, inferring=True)
        return bind(stack, self.dtype, initial_states(stack.geometry, self.dtype, batch, None, stack.weights, own=True))

    def _weights(self, *, inferring: bool) -> tuple[Mapping[str, Any], ...]:
        s = self._settings
        return self._store.now(bfloat16=s.bfloat16 or (inferring and s.weight_dtype == "bfloat16"))

    def _read(self, x: object, lengths: object, memory_lengths: object) -> tuple[Batch, dict[str, Array], Memories]:
        geometry, dtype = self._store.geometry, self.dtype
        streams, given = take_memories(self.cell, x)
        batch, arrays = read_streams(geometry, dtype, self._settings.batch_first, streams, lengths, self.library)
        return batch, arrays, read_memories(geometry, dtype, batch, given, memory_lengths)

    @staticmethod
    def _entered(batch: Batch, arrays: Mapping[str, Array], *, own: bool) -> dict[str, Array]:
        return {name: batch.enter(array, own=own) for name, array in arrays.items()}

    def _stack(
        self, batch: Batch, memories: Memories, *, inferring: bool = False, key: int | None = None, train: bool = False
    ) -> Stack:
        store, threads, work = self._store, self._threads, self._store.geometry.layer_work
        sweep = Sweep(batch.steps, batch.rows, batch.lengths, False, threads, library=self.library, tf32=store.tf32, row_work=work)
        weights, constants = self._weights(inferring=inferring), {**self._constants, **self.cell.flags(training=train)}
        masks = CellMasks(mask_rates(self.cell, constants), self._dropout_seed, key, self.dtype, batch.order, self.library)
        return self.stack(self.kernels, store.geometry, weights, constants, masks, self._settings.residual, memories, sweep)

    def _key(self, train: bool, key: int | None) -> int | None:
        """What settles the random masks of a call; None where nothing is random."""
        if not train or (self._settings.dropout == 0 and not self.cell.masks):
            return None
        return self._keys.take() if key is None else whole("key", key, 0)

    def _dropped(self, batch: Batch, number: int | None) -> list[Mask | None]:
        """Dropout of each layer's output; the last layer's is never dropped."""
        settings = self._settings
        if number is None or settings.dropout == 0:
            return [None] * settings.num_layers
        shape = (batch.steps, batch.rows, self.output_size)
        drawn = [
            Mask(settings.dropout, self._dropout_seed, number, layer, shape, settings.dtype, batch.order, self.library)
            for layer in range(settings.num_layers - 1)
        ]
        return [*drawn, None]


def layer_class(
    cell: CellInfo, inference: Kernel, forward: Kernel, backward: Kernel, trace: Kernel, base: type[Layer] = Layer
) -> type[Layer]:
    """The layer class of a generated module, named as its cell, derived from `base`."""
    content = {
        "cell": cell,
        "kernels": Kernels(inference, forward, backward, trace),
        "__doc__": f"{cell.doc}\n\n{Layer.__doc__}" if cell.doc else Layer.__doc__,
        "__module__": inference.__module__,
    }
    return type(cell.name, (base,), content)
