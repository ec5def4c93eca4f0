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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from cutaway.augmentation import as_augmentation
from cutaway.checks import meant, similar_name
from cutaway.errors import CutawayError, UnknownNameError, UsageError, printable
from cutaway.models import FORM, ModelForm
from cutaway.training import check_setting

from .presets import PRESETS

LARGEST = 1 << 20
"""Bytes of a file with a space at most."""

MOST = 1e300
"""Size of the ends of a range at most; a file may hold infinity, and whole numbers that no float holds."""

MOST_LAYERS = 16

WHOLE = ("layers", "units", "ensemble", "batch_size", "patience")
"""Settings that are whole numbers."""

NUMBERS = (*WHOLE, "dropout", "learning_rate", "momentum", "weight_decay", "virtual_adversarial")
"""Settings that may have a range; the others have choices."""


def _check_form(name: str, value: Any) -> None:
    ModelForm(**{name: value})


_OF_THE_MODEL: dict[str, Callable[[Any], Any]] = {
    **{name: partial(_check_form, name) for name in FORM},
    "layers": lambda value: _check_layers(value),
    "units": lambda value: _check_form("hidden", (value,)),
}
_OF_TRAINING = (
    *("optimizer", "learning_rate", "momentum", "weight_decay", "schedule"),
    *("batch_size", "patience", "precision", "augment", "virtual_adversarial"),
)
SETTINGS = (*_OF_THE_MODEL, *_OF_TRAINING)
"""Settings that a space may hold."""

_FIXED = {
    "epochs": "trials are stopped early by comparing their losses after the same epoch of the same number of epochs",
    "loss": "validation losses of different kinds cannot be compared",
    "label_smoothing": "it changes the validation loss itself, so that trials could not be compared",
    "class_weight": "it is about what a mistake costs, which a sweep cannot know",
    "validation": "trials are compared on the same validation samples",
    "seed": "the best of several seeds is the luckiest one",
}
"""Settings of training that a space may not hold, and why."""

_NEEDS = {"momentum": "sgd", "weight_decay": "adamw"}
"""Settings that only one optimizer has."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`.

    Attributes:
        low: The smallest.
        high: The largest.
        log: Whether they are drawn evenly on a logarithmic scale.
        step: Distance between two of them; None for every number, or every whole number.
        whole: Whether they are whole numbers.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False

    def to_record(self) -> dict[str, Any]:
        """As plain data, as a file has it."""
        record: dict[str, Any] = {"low": self.low, "high": self.high}
        return record | ({"log": True} if self.log else {}) | ({"step": self.step} if self.step else {})

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


@dataclass(frozen=True)
class Space:
    """Settings that are tried.

    Attributes:
        settings: Name -> its values, in the order in which they are drawn.
    """

    settings: Mapping[str, Range | Choices]

    def to_record(self) -> dict[str, Any]:
        """As plain data, as a file has it."""
        return {name: values.to_record() for name, values in self.settings.items()}

    def has_effect(self, name: str, settings: Mapping[str, Any]) -> bool:
        """Whether a setting changes anything beside others: momentum is of SGD alone, and weight decay of AdamW."""
        return name not in _NEEDS or settings.get("optimizer") == _NEEDS[name]


def read_space(space: str | Path | Mapping[str, Any]) -> Space:
    """Read and check a space.

    Args:
        space: The name of one of `PRESETS`, a TOML or JSON file, or the mapping itself.

    Raises:
        UnknownNameError: There is no such preset, file or setting.
        UsageError: The file is damaged, or values are outside the range of the setting.
    """
    record = space if isinstance(space, Mapping) else _load(str(space))
    where = "a space given in Python" if isinstance(space, Mapping) else f'the space "{space}"'
    if not isinstance(record, Mapping) or not record:
        raise UsageError(
            "a space maps settings to their values", got=f"nothing in {where}", hint='try {"dropout": [0.0, 0.2]}'
        )
    found = {str(name): _setting(str(name), values) for name, values in cast("Mapping[Any, Any]", record).items()}
    if "hidden" in found and {"layers", "units"} & {*found}:
        raise UsageError(
            "a space has hidden, or layers and units, which say the same", got="both", hint="leave one of them out"
        )
    first = ("optimizer",)  # others have an effect or none by the optimizer
    ordered = sorted(found, key=lambda name: (name not in first, SETTINGS.index(name)))
    return Space({name: found[name] for name in ordered})


def _load(name: str) -> Any:
    if name in PRESETS:
        return PRESETS[name]
    path = Path(name).expanduser()
    if not path.is_file():
        raise UnknownNameError(
            f"a space is {', '.join(PRESETS)}, or a TOML or JSON file",
            got=f'"{name}"',
            hint=f'try space="{similar_name(name, PRESETS) or "default"}"',
        )
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"more than {LARGEST:,} bytes")
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:  # both parsers raise kinds of ValueError
        raise UsageError(
            "a space is a TOML file, or a JSON file whose name ends in .json",
            got=f"{error} in {path}",
            hint="fix it; a line is, for example: dropout = {low = 0.0, high = 0.5}",
        ) from None


def _setting(name: str, values: Any) -> Range | Choices:
    if name not in SETTINGS:
        why = _FIXED.get(name)
        hint = f"fix it beside the space: {name}=..." if why else meant(name, SETTINGS, "leave it out", quote="")
        raise UnknownNameError(
            f"settings of a space are {', '.join(SETTINGS)}",
            got=f'"{printable(name, 60)}"{f", but {why}" if why else ""}',
            hint=hint,
        )
    if isinstance(values, list | tuple) and values:
        return _choices(name, cast("list[Any]", values))
    ends = cast("Mapping[str, Any]", values if isinstance(values, Mapping) else {})
    if not _is_range(name, ends):
        write = f"{name} = {{low = ..., high = ...}}, or " if name in NUMBERS else ""
        raise UsageError(
            f"{name} has no such values",
            got=printable(repr(values), 80),
            hint=f"write {write}{name} = [...], as the guide on sweeps shows",
        )
    low, high = ends["low"], ends["high"]
    for end in (low, high):
        _check(name, int(end) if name in WHOLE else float(end))
    return Range(low, high, ends.get("log", False), ends.get("step"), name in WHOLE)


def _choices(name: str, values: list[Any]) -> Choices:
    plain = [_plain(name, value) for value in values]
    for place, value in enumerate(plain):
        _check(name, value)
        if value in plain[:place]:
            raise UsageError(f"choices of {name} are different values", got=repr(value), hint="leave one of them out")
    return Choices(tuple(plain))


def _plain(name: str, value: Any) -> Any:
    """A value as the folder of a sweep keeps it: two names of one augmentation are one value."""
    if name == "augment":
        try:
            return str(as_augmentation(value) or "none")
        except CutawayError:  # `_check` says what is wrong with it
            return value
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value


def _is_range(name: str, values: Mapping[str, Any]) -> bool:
    """Whether a mapping is a range of a setting: low and high, a step within it, or log of positive numbers."""
    low, high, step, log = values.get("low"), values.get("high"), values.get("step"), values.get("log", False)
    numbers = [low, high, *([] if step is None else [step])]
    real = all(isinstance(n, int | float) and not isinstance(n, bool) and abs(n) <= MOST for n in numbers)
    if name not in NUMBERS or not real or not isinstance(log, bool) or {*values} - {"low", "high", "log", "step"}:
        return False
    assert low is not None
    assert high is not None
    fits = low < high and (step is None or 0 < step <= high - low) and not (log and (step is not None or low <= 0))
    return fits and (name not in WHOLE or all(float(n).is_integer() for n in numbers if n is not None))


def _check(name: str, value: Any) -> None:
    """Check one value by the rules of the model or of the config.

    Raises:
        UsageError: It is not one that a training takes.
    """
    try:
        if name in _OF_THE_MODEL:
            _OF_THE_MODEL[name](value)
        else:
            check_setting(name, value)
    except CutawayError as error:
        raise UsageError(error.rule, got=f"{error.got} in the space of {name}", hint=error.hint) from None


def _check_layers(value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_LAYERS:
        raise UsageError(
            f"layers is a number of hidden layers, from 1 to {MOST_LAYERS}", got=repr(value), hint="try layers=2"
        )
