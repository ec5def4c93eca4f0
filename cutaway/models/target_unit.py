"""The unit of numbers to predict: the last layers of a model put its standardized outputs into it."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import keras
import numpy as np

from cutaway.errors import DataError

IN_UNIT, EXPONENTIAL = "in_unit", "exponential"
"""Names of the layers: a Rescaling, and after it the exponential, where logarithms are learned."""

RESOLUTION = 1e-3
"""Share of a standard deviation that float32 must resolve near the mean of a target."""


@dataclass(frozen=True)
class TargetUnit:
    """How targets are standardized: ``(y - center) / scale`` of y or of its logarithm.

    Attributes:
        center: float64 ``(target,)``, the mean of the training samples.
        scale: float64 ``(target,)``, their standard deviation.
        is_log: Whether both are of the logarithm.
    """

    center: np.ndarray
    scale: np.ndarray
    is_log: bool = False

    @classmethod
    def fit(
        cls, y: np.ndarray, names: tuple[str, ...], *, is_log: bool, weight: np.ndarray | None = None
    ) -> "TargetUnit":
        """The unit of some targets.

        Args:
            y: float64 ``(training sample, target)``.
            names: Of the targets, for errors.
            is_log: Whether logarithms are learned.
            weight: float ``(training sample,)``, what each weighs in the loss; None for 1.

        Raises:
            DataError: A logarithm is asked for, and a target is not positive; or all samples have the same target, or
                targets that float32 cannot tell apart.
        """
        if is_log and (wrong := (y <= 0).any(axis=0)).any():
            name = names[int(wrong.argmax())]
            raise DataError(
                f'"{name}" has no logarithm: its smallest value is {y[:, wrong.argmax()].min():g}',
                hint="leave out log, or add a constant to the target",
            )
        values = np.log(y) if is_log else y
        center = np.average(values, axis=0, weights=weight)
        scale = np.sqrt(np.average((values - center) ** 2, axis=0, weights=weight))
        if (coarse := np.abs(center) * np.finfo(np.float32).eps > RESOLUTION * scale).any():
            name = names[int(coarse.argmax())]
            raise DataError(
                f'the training samples of "{name}" are too near to each other for their size: they are around '
                f"{y[:, coarse.argmax()].mean():g}",
                hint="subtract a constant from the target, or drop it if it is the same in all samples",
            )
        return cls(center, scale, is_log)

    @staticmethod
    def left_out(model: Any) -> Any:
        """A model without the layers of a unit, which shares its weights: its outputs are standardized."""
        return keras.Model(model.inputs, model.get_layer(IN_UNIT).input)

    @classmethod
    def of(cls, model: keras.Model) -> "TargetUnit":
        """The unit in the last layers of a model; the targets themselves for a model that has none."""
        layers = {layer.name: layer for layer in model.layers}
        found: Any = layers.get(IN_UNIT)
        if not isinstance(found, keras.layers.Rescaling):
            outputs = model.outputs[0].shape[-1]
            return cls(np.zeros(outputs), np.ones(outputs))
        return cls(np.ravel(found.offset), np.ravel(found.scale), EXPONENTIAL in layers)

    def add_to(self, model: Any) -> None:
        """Add the layers to a model whose outputs are standardized."""
        # one number stays one, as a person would write it
        scale, offset = (v.tolist() if len(v) > 1 else float(v[0]) for v in (self.scale, self.center))
        model.add(keras.layers.Rescaling(scale, offset, name=IN_UNIT))
        if self.is_log:
            model.add(keras.layers.Activation("exponential", name=EXPONENTIAL))

    def standardize(self, values: Any) -> Any:
        """Standardize ``(..., target)`` in the unit of the targets: an array of NumPy or of JAX."""
        if self.is_log:
            values = np.log(values) if isinstance(values, np.ndarray) else jnp.log(values)
        return (values - self.center.astype(np.float32)) / self.scale.astype(np.float32)
