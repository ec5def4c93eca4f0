"""The config: every setting of a training, explained once."""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cutaway.augmentation import ALLOWED, Augmentation, as_augmentation, check_images
from cutaway.checks import meant, refuse_text
from cutaway.errors import ConfigError, Hint, RunError
from cutaway.models import DEFAULT_RATES, FORM, NUMBER_LOSSES
from cutaway.options import DataOptions
from cutaway.parallel import has_fast_bfloat16
from cutaway.task import Task
from cutaway.words import shown

if TYPE_CHECKING:
    from cutaway.models import Model

Optimizer = Literal["sgd", "adam", "adamw"]
Loss = Literal[
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "binary_crossentropy",
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
]
Precision = Literal["float32", "bfloat16"]
Schedule = Literal["constant", "cosine", "one-cycle", "step"]

OPTIMIZERS: tuple[str, ...] = get_args(Optimizer)
LOSSES: tuple[str, ...] = get_args(Loss)
SCHEDULES: tuple[str, ...] = get_args(Schedule)

DRAWN, GIVEN = "drawn from the seed", "as the model had them"
"""Where the first weights of a run come from: they can be made again, or only a snapshot brings them back. Both are
written into run folders and compared when a run is resumed: they never change."""

FINITE = {"loss": "the loss is not finite", "val_loss": "the validation loss is not finite"}
"""The fault of the error that ends a training whose loss is NaN or infinite; run.json keeps the error."""

_OTHER_NAMES = {"eta": "learning_rate"}
"""Names of settings in other libraries, if they are not alike."""

_OF_DATA = {field.name for field in fields(DataOptions)}
"""Options of data, which are no settings."""

_EXAMPLES = {"patience": 3, "class_weight": "balanced"}
"""Examples of settings that have none in their default."""

NUMBERS = (
    *("epochs", "batch_size", "learning_rate", "momentum", "weight_decay"),
    *("label_smoothing", "virtual_adversarial", "validation", "patience", "seed"),
)
"""Settings that are numbers."""

AUTO = ("epochs", "batch_size", "learning_rate", "precision", "validation")
"""Settings that may be "auto"."""


class TrainingConfig(BaseModel):
    """Every setting of a training, resolved, as plain data."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    epochs: int = Field(default=5, ge=1, le=1_000_000, description="a whole number")
    batch_size: int = Field(default=128, ge=1, le=1_000_000, description="a whole number")
    optimizer: Optimizer = Field(default="adam", description=f"one of {', '.join(OPTIMIZERS)}")
    learning_rate: float = Field(default=0.001, gt=0, le=1e6, description="a number")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="a number")
    weight_decay: float = Field(default=0.0, ge=0, le=1, description="a number")
    schedule: Schedule = Field(default="constant", description=f"one of {', '.join(SCHEDULES)}")
    loss: Loss = Field(default="categorical_crossentropy", description=f"one of {', '.join(LOSSES)}")
    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="a number")
    precision: Precision = Field(default="float32", description="float32 or bfloat16")
    validation: float = Field(default=0.25, gt=0, lt=1, description="a share of the training samples")
    patience: int | None = Field(default=None, ge=1, le=1_000_000, description="a number of epochs")
    class_weight: tuple[float, ...] | None = Field(default=None, description="one number for each class")
    virtual_adversarial: float = Field(default=0.0, ge=0, le=1e6, description="a distance in units of the inputs")
    augment: str | None = Field(default=None, description=ALLOWED)
    seed: int = Field(default=0, ge=0, lt=2**31, description="a whole number")

    @field_validator(*NUMBERS, mode="before")
    @classmethod
    def _is_number(cls, value: Any) -> Any:
        return refuse_text(value)

    @field_validator("augment", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> str | None:
        found = as_augmentation(value)
        return None if found is None else str(found)

    @property
    def is_numbers(self) -> bool:
        """Whether the loss is one of numbers."""
        return self.loss in NUMBER_LOSSES

    @property
    def augmentation(self) -> Augmentation | None:
        """How images are changed at random; None if they are not."""
        return as_augmentation(self.augment)


def make_config(
    base: Mapping[str, Any] | None = None, *, samples: int | None = None, accelerator: bool = False, **settings: Any
) -> TrainingConfig:
    """Make a config from the settings of a recipe and those that the user gives.

    Five settings may be "auto", which is resolved here. ``precision`` becomes bfloat16 on a CPU that can compute with
    it, and float32 otherwise and where numbers are predicted. ``learning_rate`` becomes Keras' default for the
    optimizer. ``batch_size`` becomes the power of two nearest to 1/176 of the samples, in [32, 256], and ``epochs`` the
    number that makes 1,400 steps, in [8, 60]: a small dataset gets smaller batches and more epochs. ``validation`` is
    as in `validation_share`.

    Args:
        base: Settings of a recipe or of another run; the defaults of `TrainingConfig` apply to settings in neither.
        samples: Number of training samples, which decides what "auto" means; 45,000 if None.
        accelerator: Whether training runs on a GPU; "auto" is then float32, which XLA computes in its fast units.
        settings: Fields of `TrainingConfig`.

    Raises:
        ConfigError: See `check_settings`.
    """
    values = check_settings(base, settings)
    _resolve_auto(values, samples=samples or 45_000, accelerator=accelerator)
    return TrainingConfig.model_validate(values)


def check_settings(base: Mapping[str, Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a recipe or a run with those that the user gives in their place, as `make_config` takes them.

    Raises:
        ConfigError: A setting is unknown, outside its range, or has no effect with this optimizer or loss.
    """
    values = merge_settings(base, given)
    for error in wrong_settings(values).values():
        raise error
    return values


def merge_settings(base: Mapping[str, Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a recipe or a run with those that the user gives in their place, unchecked."""
    values: dict[str, Any] = {**(base or {}), **given}
    if base and values.get("optimizer") != base.get("optimizer"):
        # these are for the recipe's own optimizer
        values |= {"learning_rate": "auto", "momentum": 0.0, "weight_decay": 0.0, **given}
    if "sparse" in shown(values.get("loss")) or values.get("loss") in NUMBER_LOSSES:
        values["label_smoothing"] = given.get("label_smoothing", 0.0)  # the recipe's is for its own loss
    return values


def wrong_settings(values: Mapping[str, Any]) -> dict[str, ConfigError]:
    """What is wrong with settings: name -> error, in the order of the fields."""
    found: dict[str, ConfigError] = {}
    try:
        TrainingConfig.model_validate({name: value for name, value in values.items() if not _is_auto(name, value)})
    except ValidationError as error:
        for each in error.errors():
            found.setdefault(str(each["loc"][0]), _config_error(each))
    optimizer, loss = values.get("optimizer", "adam"), values.get("loss", "categorical_crossentropy")
    without_effect = (
        ("momentum", "optimizer", optimizer != "sgd", "optimizer sgd"),
        ("weight_decay", "optimizer", optimizer != "adamw", "optimizer adamw"),
        ("label_smoothing", "loss", "sparse" in shown(loss) or loss in NUMBER_LOSSES, "a loss on one-hot labels"),
        ("virtual_adversarial", "loss", loss in NUMBER_LOSSES, "classes"),
    )
    for name, other, lacks, needs in without_effect:
        if lacks and values.get(name) and not {name, other} & {*found}:
            fault = f"{name} has no effect with {optimizer} and {loss}: it needs {needs}"
            found[name] = ConfigError(fault, hint=f"leave {name} at 0")
    return found


def validation_share(samples: int, share: Any = "auto") -> Any:
    """The share of training samples to hold out; "auto" is a tenth of 10,000 or more, else a quarter."""
    return share if share != "auto" else 0.1 if samples >= 10_000 else 0.25


def check_setting(name: str, value: Any) -> None:
    """Check the value of one setting alone, whatever the others are.

    Raises:
        ConfigError: The setting is unknown, or the value is outside its range.
    """
    try:
        TrainingConfig.model_validate({name: value})
    except ValidationError as error:
        raise _config_error(error.errors()[0]) from None


def recorded_config(record: Mapping[str, Any]) -> TrainingConfig:
    """The config that a run folder keeps, for a training that is resumed or made again.

    Args:
        record: The settings by name, every one of them.

    Raises:
        RunError: A setting is missing, unknown or outside its range: a default in its place would train something else.
    """
    missing = [name for name in TrainingConfig.model_fields if name not in record]
    try:
        if not missing:
            return TrainingConfig.model_validate(record)
        fault = f'"config" in its run.json lacks the setting "{missing[0]}"'
    except ValidationError as error:
        first = error.errors()[0]
        fault = f'"config" in its run.json has a wrong value for "{first["loc"][0]}": {shown(first["input"])}'
    raise RunError(
        f"cannot train as the run did: {fault}", hint="restore the file from a copy of the run, or train again"
    )


def _is_auto(name: str, value: Any) -> bool:
    return name in AUTO and isinstance(value, str) and value == "auto"


def _resolve_auto(values: dict[str, Any], *, samples: int, accelerator: bool) -> None:
    """Put numbers where `values` say "auto", in place."""
    if "validation" in values:
        values["validation"] = validation_share(samples, values["validation"])
    if values.get("precision") == "auto":
        fast = has_fast_bfloat16() and not accelerator and values.get("loss") not in NUMBER_LOSSES
        values["precision"] = "bfloat16" if fast else "float32"
    if values.get("learning_rate") == "auto":
        values["learning_rate"] = DEFAULT_RATES[values.get("optimizer", "adam")]
    if values.get("batch_size") == "auto":
        values["batch_size"] = 2 ** min(max(round(math.log2(max(samples, 1) / 176)), 5), 8)
    if values.get("epochs") == "auto":
        values["epochs"] = min(max(math.ceil(1400 / math.ceil(samples / values.get("batch_size", 128))), 8), 60)


def lowest_loss(label_smoothing: float, *, classes: int) -> float:
    """The lowest possible loss with smoothed labels: their entropy, in nats; 0 without smoothing.

    Args:
        label_smoothing: Share of a label that is spread over all classes, in [0, 1).
        classes: Number of classes; 2 for binary_crossentropy, which treats each output separately.

    Source:
        Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7.
    """
    other = label_smoothing / classes
    shares = [1 - label_smoothing + other, *[other] * (classes - 1)]
    return -sum(share * math.log(share) for share in shares if share > 0)


def check_config(config: TrainingConfig, model: "Model", *, shape: tuple[int, ...], task: Task) -> None:
    """Check that settings fit the model and the data.

    Args:
        config: Every setting.
        model: A built model.
        shape: The shape of one sample.
        task: What the answers are.

    Raises:
        ConfigError: The loss is for numbers and the answers are classes, or the other way round; the model has one
            output unit, the probability of class 1 of 2, and the loss needs one per class; or the loss does not fit
            virtual adversarial training; or batches to normalize have one sample; or this process does not have a
            function of the user.
        DataError: Augmentation is on, but the samples are not images.
    """
    from cutaway.models import normalizes_batches, output_size  # loads Keras

    outputs = output_size(model)
    if config.augmentation is not None:
        check_images(shape)
        config.augmentation.find_function()
    if config.batch_size == 1 and normalizes_batches(model):
        raise ConfigError(
            "batch_norm does not work with batch_size=1: every sample would be its own mean",
            hint=Hint("pass {}", batch_size=32),
        )
    if config.virtual_adversarial and config.loss == "binary_crossentropy" and outputs > 1:
        raise ConfigError(
            "virtual_adversarial does not work with the loss binary_crossentropy, whose classes are separate questions",
            hint=Hint("pass {}", loss="categorical_crossentropy"),
        )
    if config.is_numbers != task.is_numbers:
        fitting = NUMBER_LOSSES if task.is_numbers else [name for name in LOSSES if name not in NUMBER_LOSSES]
        raise ConfigError(
            f"the loss {config.loss} does not fit {task}", hint=Hint("pass for example {}", loss=fitting[0])
        )
    if outputs == 1 and config.loss != "binary_crossentropy" and not task.is_numbers:
        raise ConfigError(
            f"a model with one output unit cannot use the loss {config.loss}",
            hint=Hint('pass {}, or end the model with Dense(2, activation="softmax")', loss="binary_crossentropy"),
        )


def _config_error(first: Any) -> ConfigError:
    """An error of pydantic about one setting, as an error of ours."""
    name = str(first["loc"][0])
    if isinstance(cause := first.get("ctx", {}).get("error"), ConfigError):
        return cause
    if name not in TrainingConfig.model_fields:
        return ConfigError(
            f'unknown setting: "{name}"; settings: {", ".join(TrainingConfig.model_fields)}',
            hint=_hint_for_unknown(name),
        )
    field, more = TrainingConfig.model_fields[name], ""
    if first["type"] == "finite_number":
        more = " that is finite"
    elif first["type"].startswith(("greater_than", "less_than")):
        # any other kind of error says no more than the description, such as "a valid number"
        more = f" {first['msg'].removeprefix('Input should be ')}"
    return ConfigError(
        f"{name} must be {field.description}{more}, not {shown(first['input'])}",
        hint=Hint("pass for example {}", **{name: _EXAMPLES.get(name, field.default)}),
    )


def _hint_for_unknown(name: str) -> str:
    """The next step for a setting that does not exist: the one that was meant, if it can be guessed."""
    if name in FORM:
        return f"pass it to the model: cutaway.mlp({name}=...)"
    if name in _OF_DATA:
        return f"it is about the data: pass cutaway.load_dataset(DATA, {name}=...) in place of their path"
    return meant(_OTHER_NAMES.get(name, name), TrainingConfig.model_fields, "leave it out")
