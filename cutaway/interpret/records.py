"""Measures of layers and units, as records: reading cached ones does not load Keras."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cutaway.words import percent

ERRORS = 2.0
"""A cost counts as measurable if it is more than this many standard errors away from 0."""

ROUNDING = 1e-6
"""Maximum difference in nats between two losses of the same outputs in float32."""


TOP_SAMPLES = 16
"""Top activating samples of a unit."""


@dataclass(frozen=True)
class WeightRecord:
    """One weight array of a layer.

    Attributes:
        name: Keras' name of it in the layer, such as "kernel".
        shape: Its shape.
        mean: Mean of its entries.
        std: Standard deviation of its entries.
        min: Smallest entry.
        max: Largest entry.
    """

    name: str
    shape: tuple[int, ...]
    mean: float
    std: float
    min: float
    max: float


@dataclass(frozen=True)
class LayerRecord:
    """One layer.

    Attributes:
        name: Its name.
        kind: Keras' class name.
        config: Keras' configuration of it, JSON-able.
        output_shape: Shape of its output for one sample.
        parameters: Number of entries of all its weights.
        trainable: How many of these are trained.
        weights: Its weight arrays; empty for a layer without weights.
        units: Entries of its output for one sample.
        dead: Number of units that never fire: their output is 0 for every sample. None if units do not fire: only
            rectifiers do (relu, relu6), whose gradient is 0 if their output is 0.
        dead_units: The numbers of the first of them, at most `NUMBERED`.
    """

    name: str
    kind: str
    config: dict[str, Any]
    output_shape: tuple[int, ...]
    parameters: int
    trainable: int
    weights: tuple[WeightRecord, ...]
    units: int
    dead: int | None
    dead_units: tuple[int, ...] = ()

    def __repr__(self) -> str:
        dead = "" if self.dead is None else f", {self.dead} dead"
        return f"<LayerRecord {self.name}: {self.kind}, {self.units:,} units{dead}, {self.parameters:,} parameters>"

    @property
    def dead_share(self) -> float | None:
        """Share of units that never fire, in [0, 1]."""
        return None if self.dead is None else self.dead / self.units


@dataclass(frozen=True)
class LayerMeasures:
    """One layer after one epoch. A measure is None if it is not defined, or if the model has diverged.

    Attributes:
        epoch: Number of the epoch.
        layer: Name of the layer.
        units: Entries of its output for one sample.
        samples: How many samples were measured.
        mean: Mean activation, over samples and units.
        std: Standard deviation of the activations, over samples and units.
        sparsity: Share of activations that are exactly 0.
        constant: Share of constant units: the same output for every measured sample.
        saturated: Share of saturated units, see `cutaway.interpret.measures.spread`.
        weight_norm: Root mean square of its trainable weights, which makes layers of different size comparable.
        update_norm: Root mean square of their change since the epoch before it in the history.
        effective_rank: How many directions its activations use.
        knn_accuracy: Accuracy of a k-nearest-neighbor classifier fitted to half of the samples, measured on the rest.
        probe_accuracy: Accuracy of a linear classifier, fitted and measured on the same halves.
        separation: Variance between classes over variance within.
        class_variability: Variance within the classes relative to the class means, NC1; 0 if they have collapsed.
        class_angles: How far the class means are from a regular simplex, NC2; 0 if they form one.
        intrinsic_dimension: How many dimensions its activations vary in near a sample, by TwoNN.
        cka_previous: Linear CKA with itself at the epoch before it in the history.
        cka_last: Linear CKA with itself at the last epoch of the history.
        cka_layers: Linear CKA with the other layers at this epoch, by name.
    """

    epoch: int
    layer: str
    units: int
    samples: int
    mean: float | None = None
    std: float | None = None
    sparsity: float | None = None
    constant: float | None = None
    saturated: float | None = None
    weight_norm: float | None = None
    update_norm: float | None = None
    effective_rank: float | None = None
    knn_accuracy: float | None = None
    probe_accuracy: float | None = None
    separation: float | None = None
    class_variability: float | None = None
    class_angles: float | None = None
    intrinsic_dimension: float | None = None
    cka_previous: float | None = None
    cka_last: float | None = None
    cka_layers: dict[str, float | None] = field(default_factory=dict)

    def __repr__(self) -> str:
        probe = "" if self.probe_accuracy is None else f", probe accuracy {percent(self.probe_accuracy, 1)}"
        return f"<LayerMeasures of {self.layer} after epoch {self.epoch}: {self.units:,} units{probe}>"


@dataclass(frozen=True, eq=False)
class UnitMeasures:
    """Every unit of a layer, as arrays along the units.

    Attributes:
        mean: float64 ``(unit,)``, mean activation.
        firing: float64 ``(unit,)``, share of the samples with an activation above 0.
        class_mean: float64 ``(unit, class)``, mean activation within a class; NaN for a class without samples.
        preferred_class: int64 ``(unit,)``, the class with the highest mean.
        selectivity: float64 ``(unit,)``, from 0 (the same mean for all classes) to 1 (fires for one class only); NaN,
            as it is undefined, if the mean of a class is negative, all are 0, or fewer than two classes have samples.
        top_samples: int64 ``(unit, 16)``, positions of the top activating samples, strongest first; -1 if fewer
            samples are above its smallest activation.
        top_activations: float32 ``(unit, 16)``, its activations for these; NaN for missing ones.
        similar: int64 ``(unit,)``, the unit whose activations correlate most with its own; -1 for a constant unit, or
            if all others are constant.
        similarity: float64 ``(unit,)``, that correlation, in [-1, 1]; NaN without such a unit.
    """

    mean: np.ndarray
    firing: np.ndarray
    class_mean: np.ndarray
    preferred_class: np.ndarray
    selectivity: np.ndarray
    top_samples: np.ndarray
    top_activations: np.ndarray
    similar: np.ndarray
    similarity: np.ndarray

    def __repr__(self) -> str:
        return f"<UnitMeasures of {len(self.mean):,} units>"


@dataclass(frozen=True, eq=False)
class Ablation:
    """Loss and correct predictions of a model with one unit of a layer set to zero, for each unit.

    Attributes:
        correct: int64 ``(unit, class)``: samples of a class that the model predicts correctly without the unit.
        correct_unablated: int64 ``(class,)``: the same for the model with all its units.
        samples: int64 ``(class,)``: samples of each class.
        cost: float64 ``(unit,)``: how much the mean cross-entropy loss over the samples rises without the unit, in
            nats; below 0 if the model is better without it.
        cost_error: float64 ``(unit,)``: the standard error of `cost` over the samples; NaN for a single sample.
    """

    correct: np.ndarray
    correct_unablated: np.ndarray
    samples: np.ndarray
    cost: np.ndarray
    cost_error: np.ndarray

    def __repr__(self) -> str:
        return f"<Ablation of {len(self.correct):,} units: accuracy {percent(self.accuracy)} with all of them>"

    @property
    def accuracy(self) -> float:
        """Accuracy of the model with all its units, in [0, 1]."""
        return float(self.correct_unablated.sum() / self.samples.sum())

    @property
    def measurable(self) -> np.ndarray:
        """Whether the cost of each unit is more than two standard errors and the rounding away from 0, bool."""
        return np.abs(self.cost) > np.maximum(ERRORS * self.cost_error, ROUNDING)

    @property
    def accuracy_cost(self) -> np.ndarray:
        """Accuracy lost without each unit, float64 ``(unit,)`` in [-1, 1]; below 0 if the model gains by it."""
        return (self.correct_unablated.sum() - self.correct.sum(axis=1)) / self.samples.sum()

    @property
    def class_accuracy_cost(self) -> np.ndarray:
        """Accuracy lost within each class, float64 ``(unit, class)``; 0 for a class without samples."""
        return (self.correct_unablated - self.correct) / np.maximum(self.samples, 1)


@dataclass(frozen=True)
class LayerHealth:
    """A hidden layer on some samples.

    Attributes:
        units: Number of units.
        activation: Name of its activation function.
        constant: Units that give the same output for every sample.
        saturated: Share of all activations within 5% of an end of the function's range, 0..1; None without such ends.
        rank: Effective rank of the centered activations: the exponential of the entropy of their normalized singular
            values, from 1 to the number of units; 0 if all are constant.
        redundant: Units that correlate with an earlier one by 0.98 or more, either way; constant ones do not count.
        redundant_units: The numbers of the first of them, at most `NUMBERED`.
        saturated_units: The numbers of the most often saturated units, the most often ones first.
        saturated_first: The same as `saturated` for the first weights; None if not measured.
    """

    units: int
    activation: str
    constant: int
    saturated: float | None
    rank: float
    redundant: int
    redundant_units: tuple[int, ...] = ()
    saturated_units: tuple[int, ...] = ()
    saturated_first: float | None = None
