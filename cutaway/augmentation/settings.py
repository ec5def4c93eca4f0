"""How images are changed at random: every setting, explained once."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cutaway._lazy import public
from cutaway.checks import meant, similar_name
from cutaway.errors import ConfigError

from .images import AugmentedRows, check_images

Flip = Literal["none", "horizontal", "vertical", "both"]


@public
class Augmentation(BaseModel):
    """How images are changed at random for training, new for every epoch; 0 leaves a property as it is.

    Shares are those of the image's side: 0.05 of 28 pixels are 1.4 pixels. Outside an image, its border goes on.
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
    """Values are multiplied by a factor from 1 - brightness to 1 + brightness, 0 to 1; those of bytes end at 255."""

    @field_validator("shift", "rotation", "scale", "shear", "elastic", "crop", "brightness", mode="before")
    @classmethod
    def _is_number(cls, value: Any) -> Any:
        """Refuse text and True, which pydantic would convert to numbers."""
        if isinstance(value, str | bytes | bool | np.bool_):
            raise ValueError("not text or a truth value")
        return value

    def __str__(self) -> str:
        """What is changed, as `as_augmentation` reads it."""
        changed = [(name, getattr(self, name)) for name in Augmentation.model_fields]
        parts = [f"{name}={_text(value)}" for name, value in changed if value not in (0, "none")]
        return ", ".join(parts) or "shift=0"

    def rows(self, x: Any, *, seed: int, epoch: int) -> AugmentedRows:
        """Rows of `x` that are changed as they are read; see `AugmentedRows`."""
        flips = [float(self.flip in (name, "both")) for name in ("horizontal", "vertical")]
        moves = [self.shift, np.deg2rad(self.rotation), self.scale, self.shear, self.elastic, self.crop]
        return AugmentedRows(x, np.array([*moves, *flips, self.brightness], np.float32), seed=seed, epoch=epoch)

    def apply(self, x: Any, *, seed: int = 0, epoch: int = 0) -> np.ndarray:
        """Change images at random, as a training does in an epoch.

        Args:
            x: ``(image, height, width)`` or ``(image, height, width, channel)`` with 1, 3 or 4 channels: uint8, or
                numbers that become float32.
            seed: Random seed, a whole number from 0.
            epoch: Another one gives other images.

        Returns:
            Images of the same shape, uint8 or float32.

        Raises:
            DataError: These are no images.
        """
        x = np.asarray(x)
        check_images(x.shape[1:])
        x = x if x.dtype == np.uint8 else x.astype(np.float32)
        return self.rows(x, seed=seed, epoch=epoch)[np.arange(len(x))]


PRESETS: dict[str, Augmentation] = {
    "characters": Augmentation(shift=0.05, rotation=11, scale=0.15, shear=0.15, elastic=0.02),
    "photos": Augmentation(shift=0.05, rotation=10, crop=0.2, flip="horizontal", brightness=0.2),
}
"""Augmentations by name: of single characters, and of photographs of things that have no left and right."""


RULE = f"augment is {', '.join(PRESETS)}, none, or settings of an Augmentation"


def as_augmentation(given: Any) -> Augmentation | None:
    """What a user passes as ``augment``.

    Args:
        given: The name of a preset, settings such as "rotation=10, flip=horizontal", the same as a mapping, an
            `Augmentation`, or None or "none".

    Raises:
        ConfigError: It is none of these, or a setting is unknown or outside its range.
    """
    if isinstance(given, str) and given in PRESETS:
        return PRESETS[given]
    if given is None or given == "none" or isinstance(given, Augmentation):
        return given if isinstance(given, Augmentation) else None
    if isinstance(given, str) and "=" in given:
        given = _settings_of(given)
    if not isinstance(given, Mapping):
        name = similar_name(given, PRESETS) if isinstance(given, str) else None
        raise ConfigError(
            RULE,
            got=f"{given!r:.60}",
            hint=f'pass for example augment="{name or "characters"}", or augment="rotation=10, shift=0.05"',
        )
    try:
        return Augmentation.model_validate(dict(given))
    except ValidationError as error:
        raise _config_error(error) from None


def _text(value: float | str) -> str:
    """A value as short as it can be written so that it is read again as it was."""
    short = value if isinstance(value, str) else f"{value:g}"
    return short if isinstance(value, str) or float(short) == value else repr(value)


def _settings_of(text: str) -> dict[str, Any]:
    """The settings in "rotation=10, flip=horizontal"; numbers that are none stay text, which is refused by name."""
    found: dict[str, Any] = {}
    for part in text.split(","):
        name, _, value = (each.strip() for each in part.partition("="))
        try:
            found[name] = value if name == "flip" else float(value)
        except ValueError:
            found[name] = value
    return found


def _config_error(error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    name = str(first["loc"][0])
    if name not in Augmentation.model_fields:
        names = ", ".join(Augmentation.model_fields)
        hint = meant(name, Augmentation.model_fields, "leave it out", quote="")
        return ConfigError(f"settings of an augmentation are {names}", got=f'"{name}"', hint=hint)
    rule = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    example = getattr(PRESETS["characters"], name) or getattr(PRESETS["photos"], name)
    return ConfigError(
        f"{name} of an augmentation is {rule}", got=f"{first['input']!r:.60}", hint=f"try {name}={_text(example)}"
    )
