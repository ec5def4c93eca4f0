"""What a compiled model and its arrays show by themselves, before the first step.

`Setup` holds the facts as plain names and numbers. `setup_faults` judges them: whether the loss fits the last layer and
the targets, by one table, and what else can be said without any training. Neither needs Keras.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .outputs import PROBABILITIES

FAMILIES = {
    "categoricalcrossentropy": "classes",
    "sparsecategoricalcrossentropy": "classes",
    "binarycrossentropy": "yes-no",
    "mse": "numbers",
    "meansquarederror": "numbers",
    "mae": "numbers",
    "meanabsoluteerror": "numbers",
    "huber": "numbers",
    "logcosh": "numbers",
    "poisson": "numbers",
}
"""What a loss is for, by its name in lower case without underscores: exclusive classes, answers of yes or no, or
numbers. Other losses are not judged."""

NUMBER_LOSSES = ("mean_squared_error", "mean_absolute_error", "huber")
"""Losses of numbers that cutaway trains with, by their names in Keras."""

TABLE = """
    loss     from_logits  activation  outputs  targets  result
    any      any          softmax     one      any      one-unit-softmax
    classes  any          any         any      numbers  numbers-as-classes
    yes-no   any          any         any      numbers  numbers-as-classes
    classes  any          any         one      any      one-output
    any      yes          softmax     any      any      double-activation
    any      yes          sigmoid     any      any      double-activation
    any      yes          any         any      any      fine
    classes  no           softmax     any      several  softmax-of-several
    yes-no   no           softmax     any      several  softmax-of-several
    classes  no           softmax     any      any      fine
    yes-no   no           softmax     any      any      fine
    classes  no           sigmoid     two      any      fine
    classes  no           sigmoid     any      any      sigmoid-output
    classes  no           any         any      any      not-probabilities
    yes-no   no           sigmoid     any      any      fine
    yes-no   no           any         any      any      not-probabilities
    numbers  no           linear      any      classes  fine
    numbers  no           any         any      classes  loss-of-numbers
    numbers  no           any         any      one-hot  loss-of-numbers
    any      any          any         any      any      fine
"""
"""The first row that matches counts. The loss is one of `FAMILIES`, the activation the last one of the model, the
targets are a kind of `Targets`. A result is "fine" or a fault; whether outputs reach targets that are numbers is
computed from `REACH`."""

REACH = {
    "linear": (-math.inf, math.inf),
    **dict.fromkeys(("relu", "softplus", "exponential"), (0, math.inf)),
    "tanh": (-1, 1),
    **dict.fromkeys(PROBABILITIES, (0, 1)),
}
"""The least and the largest value that an activation function gives. Other functions are not judged."""

CONCLUSIVE = ("one-unit-softmax", "one-output", "numbers-as-classes")
"""Results of the table after which range and shape of the targets are not judged."""

DEFAULT_RATES = {
    "sgd": 0.01,
    **dict.fromkeys(("adam", "adamw", "rmsprop", "nadam", "adagrad", "adamax", "lion"), 0.001),
}
"""Keras' own learning rates."""

UNUSUAL_RATE = 100.0
"""Factor between a learning rate and the default that no usual schedule or batch size explains."""

MOST_CLASSES = 20
"""Whole numbers of more different values are measured where the loss is for numbers."""

BEYOND = 0.01
"""Targets may be beyond the range of an activation by this share of their own range."""

FAR_TARGETS, FEW_STEPS = 20.0, 100

_NO_FUNCTION = (
    "InputLayer",
    "Flatten",
    "Reshape",
    "Dropout",
    "GaussianNoise",
    "BatchNormalization",
    "LayerNormalization",
    "Normalization",
    "Rescaling",
)
_OWN = {"Softmax": "softmax", "ReLU": "relu"}
_ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What a loss compares outputs with.

    Attributes:
        kind: "classes", a class number for each sample; rows of 0 and 1, "one-hot" or with "several" or no 1; numbers
            within 0..1, "shares"; other "numbers"; "constant" if all are equal; "unknown".
        low: The smallest value.
        high: The largest value.
        std: Standard deviation of all values.
        classes: Number of different class numbers, or of values in a row.
        shape: Shape of the target of one sample; None if it is not known.
    """

    kind: str = "unknown"
    low: float = 0.0
    high: float = 1.0
    std: float = 0.0
    classes: int = 0
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A compiled model and the arrays for its fit, as far as they are known.

    Attributes:
        loss: Name of the loss, as Keras has it; empty if unknown.
        from_logits: Whether the loss applies the last activation itself.
        layers: The class and the name of the activation function of each layer, in order.
        output: Shape of the output of one sample; empty if unknown.
        targets: The targets.
        optimizer: Name of the class of the optimizer, in lower case; empty if unknown.
        learning_rate: Its learning rate; 0 if unknown.
        epochs: Planned epochs; 0 if unknown.
        batch_size: Samples of a batch.
        samples: Number of training samples; 0 if unknown.
        copies: Whether the targets are the inputs, and no layer has fewer units.
        missing: How many values of the arrays are NaN or infinite.
    """

    loss: str = ""
    from_logits: bool = False
    layers: tuple[tuple[str, str], ...] = ()
    output: tuple[Any, ...] = ()
    targets: Targets = Targets()
    optimizer: str = ""
    learning_rate: float = 0.0
    epochs: int = 0
    batch_size: int = 32
    samples: int = 0
    copies: bool = False
    missing: int = 0

    @property
    def family(self) -> str:
        """What the loss is for; empty if it is none of `FAMILIES`."""
        return FAMILIES.get(self.loss.lower().replace("_", ""), "")

    @property
    def chance(self) -> float | None:
        """The cross-entropy of equal probabilities; None if the loss is none."""
        return {"classes": math.log(max(self.units, 2)), "yes-no": math.log(2)}.get(self.family)

    @property
    def is_sparse(self) -> bool:
        """Whether the loss takes class numbers."""
        return self.loss.lower().startswith("sparse")

    @property
    def units(self) -> int:
        """Number of outputs; 0 if unknown."""
        return (self.output[-1] if self.output else 0) or 0

    @property
    def target_shape(self) -> tuple[Any, ...]:
        """The shape of the target of one sample that the loss takes."""
        return self.output[:-1] if self.is_sparse else self.output

    @property
    def highest_label(self) -> int:
        """The highest class number that the loss takes."""
        return self.units - 1 if self.is_sparse else 1

    @property
    def functions(self) -> list[str]:
        """Names of the activation functions in order, "linear" for a Dense without one, empty where it is not known."""
        return [_OWN.get(kind, name) for kind, name in self.layers if kind not in _NO_FUNCTION]

    @property
    def activation(self) -> str:
        """Name of the last activation function; empty if it is none of `REACH`."""
        return next((name for name in self.functions[-1:] if name in REACH), "")

    @property
    def result(self) -> str:
        """The result of `TABLE`; "fine" if the last activation is not known."""
        if not self.activation or not self.units:
            return "fine"
        outputs = "one" if self.output == (1,) else "two" if self.units == 2 else "more"
        logits = "yes" if self.from_logits else "no"
        cells = (self.family, logits, self.activation, outputs, self.targets.kind)
        return next(row[-1] for row in _ROWS if all(a in ("any", b) for a, b in zip(row, cells, strict=False)))

    @property
    def is_read_alike(self) -> bool:
        """Whether `class_probabilities` reads the outputs as the loss does: then our loss and accuracy are Keras'."""
        return replace(self, targets=Targets(kind="one-hot")).result == "fine"

    @property
    def reach(self) -> tuple[float, float]:
        """The least and the largest output."""
        return REACH.get(self.activation, REACH["linear"])

    @property
    def steps(self) -> int:
        """Planned steps; 0 if unknown."""
        return self.epochs * math.ceil(self.samples / self.batch_size)

    @property
    def times(self) -> float:
        """The learning rate over Keras' default; 1 if either is unknown."""
        return self.learning_rate / DEFAULT_RATES.get(self.optimizer, self.learning_rate) if self.learning_rate else 1.0


def setup_faults(setup: Setup) -> list[str]:
    """Kinds of what is wrong with a model and its arrays; the worst first."""
    targets, wanted, shape, (low, high) = setup.targets, setup.target_shape, setup.targets.shape, setup.reach
    is_deeper = shape is not None and len(wanted) > max(len(shape), 1)
    result = "fine" if is_deeper else setup.result  # with an axis more, the last units are not all outputs
    is_judged = setup.family and shape is not None and None not in wanted and result not in CONCLUSIVE
    differs = is_judged and (is_deeper or math.prod(wanted) != math.prod(shape or ()))
    numbers, beyond = setup.family == targets.kind == "numbers", BEYOND * (targets.high - targets.low)
    are_labels = is_judged and not differs and targets.kind == "classes" and setup.family != "numbers"
    is_deep = [kind for kind, _ in setup.layers].count("Dense") > 1
    found = {
        # nothing right can be learned
        "missing-values": setup.missing,
        "constant-targets": targets.kind == "constant",
        "unreachable-targets": is_judged and numbers and (targets.low < low - beyond or targets.high > high + beyond),
        "target-shape": differs,
        "labels-out-of-range": are_labels and (targets.low < 0 or targets.high > setup.highest_label),
        result: result != "fine",
        # what can be learned is learned slowly or less well
        "inputs-are-targets": setup.copies,
        "linear-hidden": is_deep and {*setup.functions[:-1]} == {"linear"},
        "unscaled-targets": numbers and targets.std > FAR_TARGETS,
        "few-steps": 0 < setup.steps < FEW_STEPS,
        "unusual-rate": not 1 / UNUSUAL_RATE < setup.times < UNUSUAL_RATE,
    }
    return [kind for kind, is_so in found.items() if is_so]


def compiled_setup(model: Any) -> Setup:
    """What a compiled Keras model shows without its arrays."""
    return Setup(
        loss=_name_of(model.loss),
        from_logits=bool(getattr(model.loss, "from_logits", False)),
        layers=tuple((type(each).__name__, _name_of(getattr(each, "activation", ""))) for each in model.layers),
        output=tuple(model.outputs[0].shape[1:]),
        optimizer=type(model.optimizer).__name__.lower(),
        # with the digits that the user gave it: 0.001, not 0.0010000000474974
        learning_rate=float(str(np.float32(float(model.optimizer.learning_rate)))),
    )


def _name_of(given: Any) -> str:
    """The name of a loss or an activation: a text, an object with a name, or a function."""
    return given if isinstance(given, str) else getattr(given, "name", getattr(given, "__name__", str(given)))


def setup_of_spec(spec: Mapping[str, Any], *, classes: int, is_numbers: bool = False, **known: Any) -> Setup:
    """The setup of a model and its data, from the specification and the number of outputs alone.

    Args:
        spec: As `cutaway.models.spec_of` returns it; of a stranger, its settings may be of any type.
        classes: Number of classes, or of targets.
        is_numbers: Whether numbers are predicted, whose range is not known here.
        known: Further fields of `Setup`.
    """
    layers = [(each["kind"], each["config"]) for each in spec["layers"]]
    units = [config.get("units") for kind, config in layers if kind == "Dense"]
    return Setup(
        layers=tuple((kind, str(config.get("activation"))) for kind, config in layers),
        output=(1 if units[-1:] == [1] else classes,),
        targets=Targets() if is_numbers else Targets(kind="classes", high=classes - 1.0, classes=classes),
        **known,
    )


def setup_of(model: Any, x: np.ndarray, y: np.ndarray, **known: Any) -> Setup:
    """What a compiled and built Keras model and the arrays for its fit show.

    Args:
        model: The model.
        x: Numbers ``(sample, ...)``.
        y: Numbers ``(sample, ...)``, as fit gets them.
        known: Further fields of `Setup`.
    """
    setup, width = compiled_setup(model), x.shape[-1]
    most = MOST_CLASSES if setup.family == "numbers" else len(y)
    missing = sum(values.size - int(np.isfinite(values).sum()) for values in (x, y))
    return replace(
        setup,
        targets=targets_of(y, is_sparse=setup.is_sparse, most=most),
        samples=len(x),
        copies=np.array_equal(x, y) and min(getattr(each, "units", width) for each in model.layers) >= width,
        missing=missing,
        **known,
    )


def targets_of(y: np.ndarray, *, is_sparse: bool = False, most: int = MOST_CLASSES) -> Targets:
    """What targets are.

    Args:
        y: ``(sample, ...)``; unknown if they are not finite numbers, or if there are none.
        is_sparse: Whether the loss takes class numbers: then whole numbers are classes, however many there are.
        most: Maximum number of classes otherwise; each also has two samples on average.
    """
    if y.dtype.kind not in "fiub" or not y.size or not np.isfinite(y).all():
        return Targets()
    rows = y.reshape(len(y), -1).astype(np.float64)
    low, high, width, distinct = float(rows.min()), float(rows.max()), rows.shape[1], len(np.unique(rows))
    kind = "shares" if low >= 0 and high <= 1 else "numbers"
    if len(rows) > 1 and not np.ptp(rows, axis=0).any():
        kind = "constant"
    elif not (rows % 1).any():  # whole numbers
        if is_sparse or (width == 1 and distinct <= max(2, min(most, len(rows) // 2))):
            kind = "classes"
        elif width > 1 and kind == "shares":
            kind = "one-hot" if (rows.sum(axis=1) == 1).all() else "several"
    classes = distinct if kind == "classes" else width
    return Targets(kind=kind, low=low, high=high, std=float(rows.std()), classes=classes, shape=y.shape[1:])
