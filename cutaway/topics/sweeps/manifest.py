"""sweep.json: what a sweep is, to continue it and to look at it years later."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from cutaway.checks import wrong_part
from cutaway.errors import Hint, RunError, UnknownNameError, UsageError, os_errors
from cutaway.models import FORM
from cutaway.runs import DataOrigin, read_bytes, read_json, write_atomic, writer_in_words
from cutaway.words import shown

FORMAT = 2
FILE = "sweep.json"

LARGEST = 4 << 20
"""Maximum size of a sweep.json, in bytes."""

Name = Annotated[str, Field(max_length=1_000)]
Whole = Annotated[int, Field(ge=0, lt=2**31)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class FixedSettings(BaseModel):
    """What is the same in every trial, as the user gave it.

    Attributes:
        recipe: Name of the recipe.
        hidden: Units of each hidden layer; None for the recipe's or the space's.
        dropout: See `cutaway.mlp`; None as there.
        batch_norm: See `cutaway.mlp`.
        activation: See `cutaway.mlp`.
        ensemble: See `cutaway.mlp`.
        class_weight: See `cutaway.train`; keys are text in JSON.
        settings: Fields of `cutaway.training.TrainingConfig`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: Name = "default"
    hidden: tuple[int, ...] | None = None
    dropout: float | None = None
    batch_norm: bool | None = None
    activation: Name | None = None
    ensemble: int | None = None
    class_weight: dict[str, float] | Name | None = None
    settings: dict[Name, Any] = Field(default_factory=dict)

    def form(self) -> dict[str, Any]:
        """The settings of the model that were given, by name."""
        return {name: value for name in FORM if (value := getattr(self, name)) is not None}

    def given(self) -> dict[str, Any]:
        """The settings that were given, by name."""
        weights = {} if self.class_weight is None else {"class_weight": self.class_weight}
        return self.form() | weights | self.settings


class _Data(BaseModel):
    """What must be in ``data``."""

    name: Name
    sha256: Name
    origin: DataOrigin


class _Default(BaseModel):
    """What must be in ``default`` in addition to other settings of the training."""

    hidden: Annotated[list[Whole], Field(max_length=1_000)]
    layers: Whole
    units: Whole
    dropout: Number
    activation: Name
    ensemble: Whole
    epochs: Annotated[int, Field(ge=1, le=1_000_000_000)]
    validation: Number
    loss: Name
    label_smoothing: Number


class SweepManifest(BaseModel):
    """Everything in sweep.json. The storage is not in it: its address may hold a password.

    Attributes:
        format: Format number of the sweep's folder.
        name: Name of the sweep.
        created: Date and time in UTC, ISO 8601.
        data: ``name``, ``sha256`` and ``origin`` of the dataset.
        space: Settings that are tried, as `Space.to_record` writes them.
        fixed: Settings that are not.
        default: The settings of trial 0, resolved.
        seed: Random seed of weights, split, order and draws from the space.
        trials: Number of trials when the file was written.
        versions: Versions of cutaway and Optuna.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    format: Annotated[int, Field(ge=FORMAT, le=FORMAT)] = FORMAT
    name: Name
    created: Name
    data: dict[Name, Any]
    space: dict[Name, Any]
    fixed: FixedSettings
    default: dict[Name, Any]
    seed: Whole
    trials: Whole
    versions: dict[Name, Name] = Field(default_factory=dict)

    @field_validator("data", "default")
    @classmethod
    def _holds_what_it_needs(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        (_Data if info.field_name == "data" else _Default).model_validate(value, strict=True)
        return value

    def identity(self) -> dict[str, Any]:
        """What must be equal for two sweeps to be the same one."""
        kept: dict[str, Any] = json.loads(self.model_dump_json(include={"space", "fixed", "default"}))
        kept["default"].pop("seed", None)
        settings = {"fixed": kept["fixed"], "default": kept["default"]}
        return {"data": self.data.get("sha256"), "space": kept["space"], "settings": settings, "seed": self.seed}

    @property
    def digest(self) -> str:
        """The SHA-256 of `identity`."""
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()

    def check_same(self, other: "SweepManifest", *, where: str) -> None:
        """Check that another sweep is this one.

        Raises:
            UsageError: It is another one.
        """
        mine, theirs = self.identity(), other.identity()
        if different := [name for name in mine if mine[name] != theirs[name]]:
            raise UsageError(
                f"{where} holds a sweep that differs in {', '.join(different)}",
                hint=Hint("begin another sweep with {}, or continue that one with the same arguments", name=...),
            )


def read_manifest(folder: Path) -> SweepManifest:
    """Read the sweep.json of a folder.

    Raises:
        UnknownNameError: There is none.
        RunError: It is damaged, or of another format.
    """
    try:
        data = read_bytes(folder / FILE, run=folder, limit=LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        raise UnknownNameError(
            f'"{folder}" is not the folder of a sweep: it has no {FILE}', hint="begin one with: cutaway sweep DATA"
        ) from None
    record, where = read_json(data, where=str(folder / FILE)), str(folder / FILE)
    fields = cast("dict[str, Any]", record if isinstance(record, dict) else {})
    if (number := fields.get("format")) != FORMAT:  # before its fields, which may differ in another format
        raise RunError(
            f"this version cannot read the sweep in {where}: it reads format {FORMAT}",
            got=f"format {shown(number)}{writer_in_words(fields)}",
            hint="use the version of cutaway that wrote it, or begin another sweep",
        )
    try:
        return SweepManifest.model_validate(record)
    except ValidationError as error:
        raise RunError(
            f"{FILE} in {where} is damaged: {wrong_part(error.errors()[0])}",
            hint="restore it from a copy of the sweep, or begin another one",
        ) from None


def write_manifest(folder: Path, manifest: SweepManifest) -> None:
    """Write the sweep.json of a folder, which is made.

    Raises:
        RunError: It cannot be written.
    """
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False, allow_nan=False)
    with os_errors(f"cannot write to {folder}", hint=Hint("name another folder with {}", runs=None)):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / FILE, text.encode() + b"\n")


def plain_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON has them.

    Raises:
        UsageError: A value is not a number, a text or a list of them.
    """
    try:
        return json.loads(json.dumps(dict(settings), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise UsageError(f"a setting cannot be saved: {error}", hint="pass numbers, text, or lists of them") from None
