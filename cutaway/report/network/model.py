"""The model of a run as operations and weights of 16 bits, checked against the model itself."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.cache import cached
from cutaway.context import RunContext
from cutaway.errors import CutawayError, ModelError
from cutaway.log import survive
from cutaway.page import NetworkData

from .columns import column_controls
from .drawing import drawing_form

if TYPE_CHECKING:
    from cutaway.models.exporting.operations import Operations

MOST_BYTES = 8 * 2**20
"""Bytes of weights at most: with 16 bits each, 4 million of them, twice as many as in 784-1024-1024-10."""

AGREEMENT = 1e-3
"""Largest allowed difference of probabilities by rounded weights from the model's."""

SAMPLES = 256
"""Number of samples to compare them on."""

EXPONENT = 15
"""Largest weights are scaled to between 2^14 and 2^15: float16 then holds them and the smallest ones well."""


Computed = tuple[dict[str, Any], tuple[np.ndarray, ...]]
"""The specification of a network, and its weights."""


def network_data(context: RunContext) -> NetworkData | str:
    """The model of a run at its kept epoch for the page, or the reason why the page cannot run it, as a sentence.

    Args:
        context: The run. Where its data cannot be loaded, rounded weights are not compared with the model.

    Raises:
        RunError: A file of the run is damaged.
    """
    if not context.opens:
        return "The layers of this model are not known, only its history and its predictions."
    kept = cached("network", context.folder.identity(context.epoch()), MOST_BYTES, AGREEMENT, method=1)
    found = kept.get(lambda: _computed(context))
    if isinstance(found, str):
        return found
    spec, arrays = found
    return NetworkData(spec, arrays, column_controls(context), drawing_form(context))


def _computed(context: RunContext) -> Computed | str:
    from cutaway.models import spec_weights
    from cutaway.models.exporting.operations import to_operations

    kernels = sum(math.prod(shape) for shape in spec_weights(context.spec).values() if len(shape) > 1)
    if 2 * kernels > MOST_BYTES:
        return f"The model has {kernels:,} weights, and a page holds at most {MOST_BYTES // 2:,}."
    model = context.model()
    try:
        found = to_operations(model)
    except ModelError as error:
        return f"The page cannot compute this model: {error.fault}."
    if not all(np.isfinite(value).all() for value in found.weights):
        return "Some weights of the model are not finite numbers."
    arrays, factors = _rounded(context, found)
    if sum(array.nbytes for array in arrays) > MOST_BYTES:
        return (
            "Weights of 16 bits would change the predictions of this model, and weights of 32 bits take more than "
            f"{MOST_BYTES // 2**20} MB."
        )
    described = [item | {"factor": factor} for item, factor in zip(found.spec["weights"], factors, strict=True)]
    more = {"scale": context.manifest.dataset.scale, "hidden": context.outline.default, "weights": described}
    return found.spec | more, arrays


def _rounded(context: RunContext, found: "Operations") -> tuple[tuple[np.ndarray, ...], tuple[float, ...]]:
    """The weights as they travel, and what each array is to be multiplied by."""
    names = [item["name"] for item in found.spec["weights"]]
    halves = {
        name: to_half(value) for name, value in zip(names, found.weights, strict=True) if name.endswith("/kernel")
    }
    if not _agree(context, {name: half.astype(np.float32) * factor for name, (half, factor) in halves.items()}):
        halves = {}
    pairs = [halves.get(name, (value, 1.0)) for name, value in zip(names, found.weights, strict=True)]
    return tuple(array for array, _ in pairs), tuple(factor for _, factor in pairs)


def to_half(value: np.ndarray) -> tuple[np.ndarray, float]:
    """Round an array to float16 after scaling it by a power of two.

    Args:
        value: float32, finite.

    Returns:
        float16, and the factor that restores the array, to about 3 digits.
    """
    largest = float(np.abs(value).max(initial=0.0))
    exponent = math.frexp(largest)[1] - EXPONENT if largest else 0
    return np.ldexp(value, -exponent).astype(np.float16), math.ldexp(1.0, exponent)


def _agree(context: RunContext, rounded: dict[str, np.ndarray]) -> bool:
    """Whether some samples get the same probabilities by rounded kernels; True if there are no samples."""
    from cutaway.models import class_probabilities, forward, get_weights

    model, scale, x = context.model(), context.manifest.dataset.scale, None
    with survive(__name__, "loading samples to compare rounded weights on", CutawayError):
        split = next(name for name in ("test", "val", "train") if len(context.split.part(name)))
        x = context.data.x(context.ids(split, samples=SAMPLES))
    if x is None:  # pyright: ignore[reportUnnecessaryComparison]
        return True

    def probabilities(changed: dict[str, np.ndarray]) -> np.ndarray:
        return class_probabilities(model, forward(model, x, scale=scale, weights=get_weights(model) | changed))

    return bool((np.abs(probabilities(rounded) - probabilities({})) <= AGREEMENT).all())
