"""The one batched forward pass: raw samples through a model, in evaluation, up to its output or some of its layers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .compiled_programs import keep_compiled_programs
from .weights import named_weights, weight_values

BATCH = 2048
"""Samples a call: large enough that a call's overhead vanishes, small enough that a wide layer stays in the cache."""

BATCH_BYTES = 16 * 2**20
"""Bytes of raw samples a call at most, where samples are large; a call takes at least one sample."""

Model: TypeAlias = keras.Model
"""A trained or opened model, for callers that do not import Keras."""

Reduction: TypeAlias = Callable[[jax.Array], jax.Array]
"""Takes the outputs of a batch, float32 ``(sample, unit)``. Some samples come twice: take a minimum or the like."""


class ForwardPass:
    """Runs samples through a model in evaluation (no dropout, no noise), batch by batch, in one compiled program.

    It is compiled once for each size of a batch, and weights are an argument of the compiled program: one pass serves
    the snapshots of all epochs, and the model itself is never changed.

    Args:
        model: A built model.
        layers: Names of the layers whose outputs are wanted; None for the output of the model, which goes by the name
            of its last layer.
        scale: The value of a raw sample that becomes 1.
        reduce: Applied to the output of each layer inside the compiled program, such as `jax.numpy.max` over samples.

    Attributes:
        shapes: Name of each output -> its shape for one sample.
    """

    def __init__(
        self,
        model: keras.Model,
        layers: Sequence[str] | None = None,
        *,
        scale: float,
        reduce: Reduction | None = None,
    ) -> None:
        keep_compiled_programs()
        outputs = _outputs(model, layers)
        # a model of the same layers, also for the output itself: who keeps a pass does not keep the user's model alive
        self._part: Any = keras.Model(model.inputs, outputs)
        self._variables, self._named = list(self._part.variables), named_weights(model)
        self._reduces = reduce is not None
        self.shapes = {name: tuple(output.shape[1:]) for name, output in outputs.items()}
        input_shape = tuple(model.inputs[0].shape[1:])

        @jax.jit
        def run(values: list[jax.Array], rows: jax.Array) -> dict[str, jax.Array]:
            mapping = list(zip(self._variables, values, strict=True))
            with jax.default_matmul_precision("highest"), keras.StatelessScope(state_mapping=mapping):
                found = self._part.call(prepare_inputs(rows, scale, input_shape), training=False)
            return found if reduce is None else {k: reduce(v.reshape(len(rows), -1)) for k, v in found.items()}

        self._run = run

    @classmethod
    def of(
        cls, model: keras.Model, layers: Sequence[str] | None = None, *, scale: float, reduce: Reduction | None = None
    ) -> "ForwardPass":
        """The pass that was made for this model before, or a new one: a second call compiles nothing."""
        passes = _PASSES.setdefault(model, {})
        # by the tensors too: a Sequential to which a layer was added has others. A pass keeps its own alive
        tensors = tuple(id(tensor) for tensor in _outputs(model, layers).values())
        key = (None if layers is None else tuple(layers), tensors, scale, reduce)
        if key not in passes:
            passes[key] = cls(model, layers, scale=scale, reduce=reduce)
        return passes[key]

    def batches(
        self,
        x: Any,
        *,
        weights: Mapping[str, np.ndarray] | None = None,
        task: str = "activations",
        note: str = "",
        on_progress: ProgressCallback = ignore_progress,
    ) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
        """Yield the outputs batch by batch.

        Args:
            x: ``(sample, ...)`` raw samples, uint8 or float32: an array, or an object whose slices are arrays.
            weights: A snapshot, as `get_weights` returns it; None for the weights that the model has now.
            task: Name of the work in its progress.
            note: Words on it in its progress.
            on_progress: Told at the start and after every batch, in samples.

        Yields:
            The rows of `x` that are new in this batch, and the outputs by name: float32 ``(new row, ...)``, or what
            `reduce` made of the whole batch.

        Raises:
            ModelError: The snapshot is not one of this model.
        """
        values = jax.device_put(weight_values(self._variables, named=self._named, weights=weights))
        on_progress(Progress(task, 0, len(x), "samples", note))
        for first, new in batch_slices(len(x), batch_size(x)):
            found = self._run(values, x[first : new.stop])
            arrays = {name: np.asarray(array) for name, array in found.items()}
            if not self._reduces:
                arrays = {name: array[new.start - first :] for name, array in arrays.items()}
            yield new, arrays
            on_progress(Progress(task, new.stop, len(x), "samples", note))

    def __call__(
        self,
        x: Any,
        *,
        weights: Mapping[str, np.ndarray] | None = None,
        task: str = "activations",
        note: str = "",
        on_progress: ProgressCallback = ignore_progress,
    ) -> dict[str, np.ndarray]:
        """Collect the outputs of all samples, float32 ``(sample, *shape of the output)`` by name; see `batches`."""
        outputs = {name: np.empty((len(x), *shape), np.float32) for name, shape in self.shapes.items()}
        for rows, arrays in self.batches(x, weights=weights, task=task, note=note, on_progress=on_progress):
            for name, array in arrays.items():
                outputs[name][rows] = array
        return outputs


_PASSES: WeakKeyDictionary[keras.Model, dict[Any, ForwardPass]] = WeakKeyDictionary()
"""What `ForwardPass.of` has made, for as long as somebody holds the model."""


def _outputs(model: keras.Model, layers: Sequence[str] | None) -> dict[str, Any]:
    """The symbolic outputs of some layers, or of the model itself, by the name of the layer."""
    if layers is None:
        output: Any = model.outputs[0]
        return {output._keras_history.operation.name: output}
    return {name: model.get_layer(name).output for name in layers}


def forward(
    model: keras.Model,
    x: Any,
    *,
    scale: float,
    layer: str | None = None,
    weights: Mapping[str, np.ndarray] | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Compute the output of a model, or of one of its layers, in evaluation (no dropout, no noise).

    Args:
        model: A built model; it is not changed.
        x: ``(sample, ...)`` raw samples, uint8 or float32: an array, or an object whose slices are arrays.
        scale: The value of `x` that becomes 1.
        layer: Name of the layer whose output is wanted; None for the model's own.
        weights: A snapshot to use, as `get_weights` returns it; None for the weights that the model has now.
        on_progress: Told at the start and after every batch, in samples.

    Returns:
        float32 ``(sample, *output shape of the layer)``.

    Raises:
        ModelError: The snapshot is not one of this model.
    """
    one = ForwardPass.of(model, None if layer is None else [layer], scale=scale)
    (output,) = one(x, weights=weights, note=layer or "", on_progress=on_progress).values()
    return output


def prepare_inputs(rows: jax.Array, scale: float, shape: tuple[int, ...]) -> jax.Array:
    """Turn raw rows into the inputs of a model: float32, divided by `scale`, in the shape of its input layer.

    Args:
        rows: ``(sample, *shape of one sample)``, any numeric dtype.
        scale: The value that becomes 1.
        shape: Shape of the model's input without its batch axis.
    """
    return (rows.astype(jnp.float32) / scale).reshape(rows.shape[0], *shape)


def batch_size(x: Any) -> int:
    """The number of samples per call: `BATCH`, or less if there are fewer or they exceed `BATCH_BYTES`.

    Args:
        x: ``(sample, ...)`` raw samples: an array, or an object whose slices are arrays.

    Returns:
        From 1 up.
    """
    return max(1, min(BATCH, BATCH_BYTES // max(x[:1].nbytes, 1), len(x)))


def batch_slices(samples: int, size: int) -> Iterator[tuple[int, slice]]:
    """Cut samples into batches of one size: one compiled program serves them all.

    The last batch is moved back to full size instead of padded, which gives some samples a second time.

    Args:
        samples: Number of samples.
        size: Samples of a batch, at most `samples`.

    Yields:
        The first sample of a batch, and the slice of the samples at its end that no batch before had.
    """
    for start in range(0, samples, size):
        stop = min(start + size, samples)
        yield max(stop - size, 0), slice(start, stop)
