"""How images are changed at random: every setting, explained once."""

from collections.abc import Mapping
from inspect import signature
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cutaway._lazy import public
from cutaway.checks import check_seed, check_whole, meant, refuse_text
from cutaway.errors import ConfigError, DataError, Hint
from cutaway.words import shown

from .images import AugmentedRows, ImageFunction, check_images

Flip = Literal["none", "horizontal", "vertical", "both"]
FLIPS = "none, horizontal, vertical or both"

_FUNCTIONS: dict[str, ImageFunction] = {}
"""Functions of the user, by name: a run folder keeps the name, and never imports anything by it."""


@public
class Augmentation(BaseModel):
    """How images are changed at random in training, differently in every epoch; 0 leaves a property as it is.

    Shares are relative to the image's side: 0.05 of 28 pixels are 1.4 pixels. Beyond an image there are the values
    of its border.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    shift: float = Field(default=0.0, ge=0, le=0.5)
    """An image moves by up to this share in each direction, 0 to 0.5."""

    rotation: float = Field(default=0.0, ge=0, le=180)
    """It turns by up to this many degrees, either way, 0 to 180."""

    scale: float = Field(default=0.0, ge=0, le=1)
    """Width and height change by factors from exp(-scale) to exp(scale), each by its own, 0 to 1."""

    shear: float = Field(default=0.0, ge=0, le=1)
    """It slants: a row moves sideways by up to this share of its distance from the middle, 0 to 1."""

    elastic: float = Field(default=0.0, ge=0, le=0.2)
    """Parts of it move smoothly in different directions: the root mean square of the movement along each axis, as a
    share, 0 to 0.2."""

    crop: float = Field(default=0.0, ge=0, le=0.9)
    """Up to this share of width and height is cut off, at a random place, and the rest enlarged, 0 to 0.9."""

    flip: Flip = "none"
    """Half of the images are mirrored: "horizontal", left and right; "vertical"; "both", each by itself; or "none"."""

    brightness: float = Field(default=0.0, ge=0, le=1)
    """Values are multiplied by a factor from 1 - brightness to 1 + brightness, 0 to 1; bytes end at 255."""

    function: Any = None
    """A function of your own, ``function(image, random)``, which is called last: it gets an image as the data have it,
    before it is divided by their scale, and a `numpy.random.Generator`, and returns an image of the same shape and
    type. A run keeps its name; in a process that does not have it, it stays a name."""

    def __init__(self, **settings: Any) -> None:
        """Check the settings, and remember a function of the user by its name.

        Raises:
            ConfigError: One is unknown or outside its range.
        """
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise _config_error(error) from None

    @field_validator("shift", "rotation", "scale", "shear", "elastic", "crop", "brightness", mode="before")
    @classmethod
    def _is_number(cls, value: Any) -> Any:
        return refuse_text(value)

    @field_validator("function")
    @classmethod
    def _as_function(cls, value: Any) -> Any:
        if isinstance(value, str) and value.isidentifier():
            return _FUNCTIONS.get(value, value)
        return None if value is None else _remember(value)

    def __str__(self) -> str:
        """The settings as `as_augmentation` reads them; empty for no change."""
        changed = [(name, getattr(self, name)) for name in Augmentation.model_fields]
        parts = [f"{name}={_text(value)}" for name, value in changed if value not in (0, "none", None)]
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"Augmentation({self})"

    def rows(self, x: Any, *, seed: int, epoch: int) -> AugmentedRows:
        """Rows of `x` that are changed as they are read; see `AugmentedRows`."""
        flips = [float(self.flip in (name, "both")) for name in ("horizontal", "vertical")]
        moves = [self.shift, np.deg2rad(self.rotation), self.scale, self.shear, self.elastic, self.crop]
        limits = np.array([*moves, *flips, self.brightness], np.float32)
        return AugmentedRows(x, limits, seed=seed, epoch=epoch, function=self.find_function())

    def find_function(self) -> ImageFunction | None:
        """The function of the user; None without one.

        Raises:
            ConfigError: This process does not have it.
        """
        if isinstance(self.function, str):
            raise ConfigError(
                f'the function "{self.function:.60}" is not defined in this process',
                hint=f"define it in Python and call ct.Augmentation(function={self.function:.60}) first",
            )
        return self.function

    def apply(self, x: Any, *, seed: int = 0, epoch: int = 0) -> np.ndarray:
        """Change images at random, as a training does in an epoch.

        Args:
            x: ``(image, height, width)`` or ``(image, height, width, channel)`` with 1 or 3 channels: uint8, or real
                numbers that become float32.
            seed: Random seed, a whole number from 0.
            epoch: Another one gives other images.

        Returns:
            Images of the same shape, uint8 or float32.

        Raises:
            DataError: These are not images, or the user's function did not return one of the same shape and type.
            ConfigError: This process does not have that function.
            UsageError: The seed or the epoch is not a whole number from 0.
        """
        x, seed = np.asarray(x), check_seed(seed)
        if x.dtype.kind not in "biuf":
            raise DataError(f"images must be real numbers, got the type {x.dtype}", hint="convert them to float32")
        check_images(x.shape[1:])
        x = x if x.dtype == np.uint8 else x.astype(np.float32)
        return self.rows(x, seed=seed, epoch=check_whole(epoch, name="epoch", least=0))[np.arange(len(x))]


PRESETS: dict[str, Augmentation] = {
    "characters": Augmentation(shift=0.05, rotation=11, scale=0.15, shear=0.15, elastic=0.02),
    "photos": Augmentation(shift=0.05, rotation=10, crop=0.2, flip="horizontal", brightness=0.2),
}
"""Augmentations by name: of single characters, and of photographs of things that have no left and right."""


ALLOWED = f"{', '.join(PRESETS)}, none, or settings of an Augmentation"
"""What `augment` can be, for messages."""


def as_augmentation(value: Any) -> Augmentation | None:
    """The augmentation that a user passes as ``augment``.

    Args:
        value: The name of a preset, settings such as "rotation=10, flip=horizontal", a preset with settings that are
            changed, such as "photos, rotation=20", settings as a mapping, an `Augmentation`, a function as its
            `function`, or None or "none".

    Returns:
        The augmentation; None for one that changes nothing.

    Raises:
        ConfigError: It is none of these, or a setting is unknown or outside its range.
    """
    if isinstance(value, str):
        if value in PRESETS or value == "none":
            return PRESETS.get(value)
        value = _settings_of(value) if "=" in value else value
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        value = Augmentation(**value)
    if _is_function(value):
        value = Augmentation(function=value)
    if value is not None and not isinstance(value, Augmentation):
        raise ConfigError(
            f"augment must be {ALLOWED}, not {shown(value)}",
            hint=meant(
                value,
                PRESETS,
                Hint('pass for example {}, "rotation=10, shift=0.05", or "none"', augment="characters"),
            ),
        )
    if value is not None and callable(value.function):
        _remember(value.function)  # one that was unpickled is new to this process
    return value if str(value or "") else None


def _is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, type | Augmentation)


def _remember(function: Any) -> ImageFunction:
    """Keep a function by its name; one that is defined again, as by a notebook cell, is replaced.

    Raises:
        ConfigError: It has no usable name, or does not take an image and a random generator.
    """
    name = getattr(function, "__name__", "")
    where = getattr(function, "__qualname__", "")
    if not _is_function(function) or not name.isidentifier() or name != where:
        raise ConfigError(
            "the function of an augmentation must be defined with def at the top level of a module, script or notebook",
            got=shown(function) if not where or isinstance(function, type) else where[-60:],
            hint="write def change(image, random): ..., and pass function=change",
        )
    before = _FUNCTIONS.get(name)
    if before is not None and before.__module__ != function.__module__:
        raise ConfigError(
            f'two functions are named "{name}", in {before.__module__} and in {function.__module__}',
            hint="rename one of them",
        )
    try:
        signature(function).bind(None, None)
    except TypeError:
        fault = f"{name}{signature(function)} does not take an image and a random generator"
        raise ConfigError(fault, hint=f"write def {name}(image, random): ...") from None
    _FUNCTIONS[name] = function
    return function


def _text(value: Any) -> str:
    """The shortest text that is read back as the same value; the name of a function."""
    if callable(value):
        return value.__name__
    short = value if isinstance(value, str) else f"{value:g}"
    return short if isinstance(value, str) or float(short) == value else repr(value)


def _settings_of(text: str) -> dict[str, Any]:
    """The settings in "rotation=10, flip=horizontal", or in "photos, rotation=20"; text that is no number stays text.

    Raises:
        ConfigError: A setting is there twice.
    """
    settings, preset = dict[str, Any](), dict[str, Any]()
    for part in text.split(","):
        name, sign, value = (word.strip() for word in part.partition("="))
        if not sign and not settings and name in PRESETS:  # a preset with changes
            preset = PRESETS[name].model_dump(exclude_defaults=True)
            continue
        if name in settings:
            raise ConfigError(f'the setting "{name}" is given twice', hint="leave one out")
        try:
            settings[name] = value if name in ("flip", "function") else float(value)
        except ValueError:
            settings[name] = value
    return preset | settings


def _config_error(error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    if isinstance(cause := first.get("ctx", {}).get("error"), ConfigError):
        return cause
    name = str(first["loc"][0])
    if name not in Augmentation.model_fields:
        names = ", ".join(Augmentation.model_fields)
        hint = meant(name, Augmentation.model_fields, "leave it out")
        return ConfigError(f'unknown setting of an augmentation: "{name:.60}"; settings: {names}', hint=hint)
    schema = Augmentation.model_json_schema()["properties"][name]
    rule = FLIPS if name == "flip" else f"a number from {schema['minimum']:g} to {schema['maximum']:g}"
    example = getattr(PRESETS["characters"], name) or getattr(PRESETS["photos"], name)
    example = "horizontal" if name == "flip" else example
    return ConfigError(f"{name} must be {rule}, got {shown(first['input'])}", hint=f"try {name}={_text(example)}")
