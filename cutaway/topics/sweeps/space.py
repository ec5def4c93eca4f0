"""The space of a sweep: which settings are tried, and between which values.

A space is a mapping of settings, in Python, TOML or JSON. A list holds choices; a mapping with ``low`` and ``high``
is a range, with ``log = true`` for numbers whose size matters and ``step`` for numbers on a grid:

    optimizer = ["adam", "adamw"]
    learning_rate = {low = 1e-4, high = 1e-1, log = true}
    layers = {low = 1, high = 3}
    units = {low = 32, high = 512, log = true}
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cutaway.augmentation import as_augmentation
from cutaway.checks import check_whole, meant
from cutaway.errors import CutawayError, Hint, UnknownNameError, UsageError, printable
from cutaway.models import FORM, ModelForm
from cutaway.training import check_setting
from cutaway.words import shown

_SMALL: dict[str, Any] = {
    "learning_rate": {"low": 0.0003, "high": 0.03, "log": True},
    "dropout": {"low": 0.0, "high": 0.5},
    "layers": {"low": 1, "high": 3},
    "units": {"low": 32, "high": 512, "log": True},
}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "small": _SMALL,
    "default": {
        "optimizer": ["adam", "adamw"],
        "weight_decay": {"low": 0.0001, "high": 0.5, "log": True},
        **_SMALL,
        "batch_size": [32, 64, 128, 256],
        "units": {"low": 32, "high": 1024, "log": True},
    },
    "optimizer": {
        "optimizer": ["sgd", "adam", "adamw"],
        "learning_rate": {"low": 0.0001, "high": 0.3, "log": True},
        "momentum": {"low": 0.0, "high": 0.98},
        "weight_decay": {"low": 0.0001, "high": 0.5, "log": True},
        "schedule": ["constant", "cosine", "one-cycle"],
        "batch_size": [32, 64, 128, 256],
    },
}
"""Name -> what `read_space` takes: "small" is about the model and its learning rate, "default" adds the batch size and
the weight decay, and "optimizer" leaves the model as it is. Each holds the default recipe, and a search begins with it.
"""

LARGEST = 1 << 20
"""Maximum size of a file with a space, in bytes."""

MOST = 1e300
"""Size of the ends of a range at most; a file may hold infinity, and whole numbers that no float holds."""

Number = Annotated[int | float, Field(ge=-MOST, le=MOST)]

MOST_LAYERS = 16

WHOLE = ("layers", "units", "ensemble", "batch_size", "patience")
"""Settings that are whole numbers."""

NUMBERS = (*WHOLE, "dropout", "learning_rate", "momentum", "weight_decay", "virtual_adversarial")
"""Settings that may have a range; the others have choices."""


_OF_TRAINING = (
    *("optimizer", "learning_rate", "momentum", "weight_decay", "schedule"),
    *("batch_size", "patience", "precision", "augment", "virtual_adversarial"),
)
SETTINGS = (*FORM, "layers", "units", *_OF_TRAINING)
"""Settings that a space may hold."""

_FIXED = {
    "epochs": "trials are stopped early by comparing their losses after the same epoch of the same number of epochs",
    "loss": "validation losses of different kinds cannot be compared",
    "label_smoothing": "it changes the validation loss itself, so trials could not be compared",
    "class_weight": "it is about what a mistake costs, which a sweep cannot know",
    "validation": "trials are compared on the same validation samples",
    "seed": "the best of several seeds is the luckiest one",
}
"""Settings of training that a space may not hold, and why."""

_NEEDS = {"momentum": "sgd", "weight_decay": "adamw"}
"""Settings that only one optimizer has."""


class Range(BaseModel):
    """Numbers from `low` to `high`.

    Attributes:
        low: The smallest.
        high: The largest.
        log: Whether they are drawn evenly on a logarithmic scale.
        step: Distance between two of them; None for every number, or every whole number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    low: Number
    high: Number
    log: bool = False
    step: Annotated[Number, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.low >= self.high or (self.step is not None and self.step > self.high - self.low):
            raise ValueError
        if self.log and (self.step is not None or self.low <= 0):
            raise ValueError
        return self

    def to_record(self) -> dict[str, Any]:
        """As plain data, as a file has it."""
        return self.model_dump(exclude_defaults=True)

    def holds(self, value: Any) -> bool:
        """Whether a value is in it."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        steps = (value - self.low) / self.step if self.step else 0.0
        return abs(steps - round(steps)) < 1e-9


@dataclass(frozen=True)
class Choices:
    """A few values.

    Attributes:
        values: The values; a tuple for the units of hidden layers.
    """

    values: tuple[Any, ...]

    def to_record(self) -> list[Any]:
        """As plain data, as a file has it."""
        return [list(cast("tuple[int, ...]", value)) if isinstance(value, tuple) else value for value in self.values]

    def holds(self, value: Any) -> bool:
        """Whether a value is among them."""
        return value in self.values


Space = Mapping[str, Range | Choices]
"""Settings to try and their values, in the order of drawing."""


def has_effect(name: str, settings: Mapping[str, Any]) -> bool:
    """Whether a setting changes anything with others: momentum is of SGD alone, and weight decay of AdamW."""
    return name not in _NEEDS or settings.get("optimizer") == _NEEDS[name]


def read_space(space: str | Path | Mapping[str, Any]) -> Space:
    """Read and check a space.

    Args:
        space: The name of one of `PRESETS`, a TOML or JSON file, or the mapping itself.

    Raises:
        UnknownNameError: There is no such preset, file or setting.
        UsageError: The file is damaged, or values are outside the range of the setting.
    """
    is_named = isinstance(space, str | Path)
    record = _load(str(space)) if is_named else space
    if not isinstance(record, Mapping) or not record:
        where = f'the space "{space}"' if is_named else "a space given in Python"
        raise UsageError(f"there are no settings in {where}", hint='try {"dropout": [0.0, 0.2]}')
    found = {str(name): _setting(str(name), values) for name, values in cast("Mapping[Any, Any]", record).items()}
    if "hidden" in found and {"layers", "units"} & {*found}:
        raise UsageError("hidden cannot be combined with layers or units in a space", hint="leave one of them out")
    # whether others have an effect depends on the optimizer
    return {name: found[name] for name in ("optimizer", *SETTINGS) if name in found}


def _load(name: str) -> Any:
    if name in PRESETS:
        return PRESETS[name]
    path = Path(name).expanduser()
    if not path.is_file():
        raise UnknownNameError(
            f'no such space: "{name}"; use {", ".join(PRESETS)}, or a TOML or JSON file',
            hint=meant(name, PRESETS, Hint("try {}", space="default")),
        )
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"more than {LARGEST:,} bytes")
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:  # both parsers raise kinds of ValueError
        raise UsageError(
            f"cannot read {path} as TOML, or as JSON if its name ends in .json: {error}",
            hint="fix it; a line is, for example: dropout = {low = 0.0, high = 0.5}",
        ) from None


def _setting(name: str, values: Any) -> Range | Choices:
    if name not in SETTINGS:
        why = _FIXED.get(name)
        hint = Hint("fix it outside the space: {}", **{name: ...}) if why else meant(name, SETTINGS, "leave it out")
        raise UnknownNameError(
            f'no such setting in a space: "{printable(name, 60)}"{f" ({why})" if why else ""}; '
            f"there are {', '.join(SETTINGS)}",
            hint=hint,
        )
    if isinstance(values, list | tuple) and values:
        return _choices(name, cast("list[Any]", values))
    try:
        found = Range.model_validate(values) if name in NUMBERS else None
    except ValidationError:
        found = None
    whole = found is None or name not in WHOLE or all(float(n).is_integer() for n in _numbers(found))
    if found is None or not whole:
        write = f"{name} = {{low = ..., high = ...}}, or " if name in NUMBERS else ""
        hint = f"write {write}{name} = [...], as the guide on sweeps shows"
        raise UsageError(f"cannot use these values for {name}: {shown(cast('object', values))}", hint=hint)
    for end in (found.low, found.high):
        _check(name, int(end) if name in WHOLE else float(end))
    return found


def _numbers(values: Range) -> list[float]:
    return [values.low, values.high, values.step or 1]


def _choices(name: str, values: list[Any]) -> Choices:
    plain = [_plain(name, value) for value in values]
    for place, value in enumerate(plain):
        _check(name, value)
        if value in plain[:place]:
            raise UsageError(f"{name} lists {shown(value)} twice", hint="leave one of them out")
    return Choices(tuple(plain))


def _plain(name: str, value: Any) -> Any:
    """A value as the folder of a sweep keeps it: two names of one augmentation are one value."""
    if name == "augment":
        try:
            return str(as_augmentation(value) or "none")
        except CutawayError:  # `_check` says what is wrong with it
            return value
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value


def _check(name: str, value: Any) -> None:
    """Check one value by the rules of the model or of the config.

    Raises:
        UsageError: It is not one that a training takes.
    """
    try:
        if name == "layers":
            check_whole(value, name=name, least=1, most=MOST_LAYERS)
        elif name in FORM:
            ModelForm(**{name: value})
        elif name == "units":
            ModelForm(hidden=(value,))
        else:
            check_setting(name, value)
    except CutawayError as error:
        raise UsageError(f"{error.fault} in the space of {name}", hint=error.hint) from None
