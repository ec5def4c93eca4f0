"""The plan: every knob of training, explained once."""

import math
from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cutaway.errors import ConfigError
from cutaway.parallel.cpu import has_fast_bfloat16

Optimizer = Literal["sgd", "adam", "adamw"]
Loss = Literal["categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"]
Precision = Literal["float32", "bfloat16"]
Schedule = Literal["constant", "cosine", "one-cycle", "step"]

OPTIMIZERS: tuple[str, ...] = get_args(Optimizer)
LOSSES: tuple[str, ...] = get_args(Loss)
SCHEDULES: tuple[str, ...] = get_args(Schedule)

_AUTO_RATES = {"sgd": 0.01, "adam": 0.001, "adamw": 0.001}  # Keras' own defaults


class TrainingConfig(BaseModel):
    """Every setting of a training, resolved: plain data, and all that a worker needs besides model and data."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    epochs: int = Field(
        default=5, ge=1, le=1_000_000, description="epochs, passes over the training data, are a whole number"
    )
    batch_size: int = Field(
        default=128, ge=1, le=1_000_000, description="batch_size, samples a step, is a whole number"
    )
    optimizer: Optimizer = Field(default="adam", description=f"optimizer is one of {', '.join(OPTIMIZERS)}")
    learning_rate: float = Field(
        default=0.001, gt=0, le=1e6, description="learning_rate, the size of a step, is a number"
    )
    momentum: float = Field(default=0.0, ge=0, lt=1, description="momentum, of sgd only, is a number")
    weight_decay: float = Field(default=0.0, ge=0, le=1, description="weight_decay, of adamw only, is a number")
    schedule: Schedule = Field(default="constant", description=f"schedule is one of {', '.join(SCHEDULES)}")
    loss: Loss = Field(default="categorical_crossentropy", description=f"loss is one of {', '.join(LOSSES)}")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="label_smoothing, a share of the label, is a number"
    )
    precision: Precision = Field(
        default="float32", description="precision of the large products in training is float32 or bfloat16"
    )
    validation: float = Field(
        default=0.25, gt=0, lt=1, description="validation, share of training samples, is a number"
    )
    patience: int | None = Field(
        default=None, ge=1, description="patience, epochs without a better validation loss, is a number"
    )
    class_weight: tuple[float, ...] | None = Field(
        default=None, description="class_weight is a number of at least 0 for each class"
    )
    seed: int = Field(default=0, ge=0, lt=2**31, description="seed is a whole number")


def make_config(
    base: Mapping[str, Any] | None = None, *, samples: int | None = None, accelerator: bool = False, **settings: Any
) -> TrainingConfig:
    """Make a plan from the settings of a recipe and those that the user gives.

    Five settings may be "auto" and are reported back resolved. ``precision`` becomes bfloat16 on a processor that has
    instructions for it, else float32. ``learning_rate`` becomes Keras' default of the optimizer. ``batch_size`` becomes
    the power of two nearest to a 176th of the samples, in [32, 256], and ``epochs`` as many as 1,400 steps take, in
    [8, 60]: a small dataset gets smaller batches and more passes. ``validation`` becomes a tenth of 10,000 samples or
    more, and a quarter of fewer.

    Args:
        base: Settings of a recipe; Plan's own defaults stand for what is in neither.
        samples: Number of training samples, on which "auto" depends; 45,000 where they are not known yet.
        accelerator: Whether it is a GPU that computes, on which "auto" is float32: XLA takes its fast units for that.
        settings: Fields of `TrainingConfig`.

    Raises:
        ConfigError: A setting is unknown or outside its range, or does nothing with this optimizer or loss.
    """
    values = {**(base or {}), **settings}
    if settings.get("optimizer", values.get("optimizer")) != (base or {}).get("optimizer") and base:
        values["learning_rate"] = settings.get("learning_rate", "auto")  # the recipe's rate is for its own optimizer
    if "sparse" in str(values.get("loss")):
        values["label_smoothing"] = settings.get("label_smoothing", 0.0)  # the recipe's is for its own loss
    samples = samples or 45_000
    if values.get("validation") == "auto":
        values["validation"] = 0.1 if samples >= 10_000 else 0.25
    if values.get("precision") == "auto":
        values["precision"] = "bfloat16" if has_fast_bfloat16() and not accelerator else "float32"
    if values.get("learning_rate") == "auto":
        values["learning_rate"] = _AUTO_RATES.get(values.get("optimizer", "adam"), 0.001)
    if values.get("batch_size") == "auto":
        values["batch_size"] = 2 ** min(max(round(math.log2(max(samples, 1) / 176)), 5), 8)
    if values.get("epochs") == "auto":
        batch = values.get("batch_size", 128)
        batch = batch if isinstance(batch, int) and batch > 0 else 128  # what is wrong with it is said below
        values["epochs"] = min(max(math.ceil(1400 / math.ceil(samples / batch)), 8), 60)
    try:
        config = TrainingConfig.model_validate(values)
    except ValidationError as error:
        raise _config_error(error) from None
    idle = [
        ("momentum", config.momentum and config.optimizer != "sgd", "optimizer sgd"),
        ("weight_decay", config.weight_decay and config.optimizer != "adamw", "optimizer adamw"),
        ("label_smoothing", config.label_smoothing and "sparse" in config.loss, "a loss on one-hot labels"),
    ]
    for name, wrong, needs in idle:
        if wrong:
            raise ConfigError(
                f"{name} needs {needs}", got=f"{config.optimizer} and {config.loss}", hint=f"leave {name} at 0"
            )
    return config


def lowest_loss(label_smoothing: float, *, classes: int) -> float:
    """The loss of a model that knows every smoothed label: its entropy, in nats; 0 without smoothing.

    Args:
        label_smoothing: Share of a label that is spread over all classes, in [0, 1).
        classes: Number of them; 2 for binary_crossentropy, which takes each output for itself.

    Source:
        Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7.
    """
    rest = label_smoothing / classes
    shares = [1 - label_smoothing + rest, *[rest] * (classes - 1)]
    return -sum(share * math.log(share) for share in shares if share > 0)


def check_loss(config: TrainingConfig, *, outputs: int) -> None:
    """Check that a loss can be taken of the outputs of a model.

    Raises:
        ConfigError: One output unit, the probability of class 1 of 2, with a loss that needs a unit for each class.
    """
    if outputs == 1 and config.loss != "binary_crossentropy":
        raise ConfigError(
            "a model with one output unit needs the loss binary_crossentropy",
            got=config.loss,
            hint="pass loss='binary_crossentropy', or end the model with Dense(2, activation='softmax')",
        )


def _config_error(error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    name = str(first["loc"][0])
    if name not in TrainingConfig.model_fields:
        return ConfigError(
            f"settings of training are {', '.join(TrainingConfig.model_fields)}", got=f'"{name}"', hint="drop it"
        )
    rule = TrainingConfig.model_fields[name].description or name
    bound = first["msg"].removeprefix("Input should be ")
    if first["type"] != "literal_error":
        rule += f", {bound}"
    return ConfigError(rule, got=repr(first["input"]), hint=f"choose another {name}")
