"""sweep.json: what a sweep is, so that workers can join it and it can be looked at years later."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from cutaway.checks import wrong_part
from cutaway.errors import RunError, UnknownNameError, UsageError
from cutaway.models import FORM
from cutaway.runs import DataOrigin, read_bytes, read_json, write_atomic, writer_in_words

FORMAT = 1
FILE = "sweep.json"

LARGEST = 4 << 20
"""Bytes of a sweep.json at most."""

Name = Annotated[str, Field(max_length=1_000)]
Whole = Annotated[int, Field(ge=0, lt=2**31)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class FixedSettings(BaseModel):
    """What is the same in every trial, as the user gave it.

    Attributes:
        recipe: Name of the recipe.
        hidden: Units of each hidden layer; None for the recipe's or those of the space.
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
    """What must be in ``default`` beside other settings of the training."""

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
    """Everything in sweep.json. Fields that this version does not know are kept as they are.

    Attributes:
        format: Format number of the sweep's folder.
        name: Name of the sweep.
        created: Date and time in UTC, ISO 8601.
        data: ``name``, ``sha256`` and ``origin`` of the dataset.
        space: Settings that are tried, as `cutaway.execution.Space.to_record` writes them.
        fixed: Settings that are not.
        default: The settings of trial 0, resolved.
        seed: Random seed of weights, split, order and of what is drawn from the space.
        trials: Number of trials when the file was written.
        storage: URL of the database without its password; None for the journal in the folder.
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
    storage: Annotated[str, Field(max_length=10_000)] | None = None
    versions: dict[Name, Name] = Field(default_factory=dict)

    @field_validator("data", "default")
    @classmethod
    def _holds_what_it_needs(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        (_Data if info.field_name == "data" else _Default).model_validate(value, strict=True)
        return value

    def identity(self) -> dict[str, Any]:
        """What must be equal for two sweeps to be the same one."""
        plain = self.model_dump(mode="json")
        kept = {name: plain[name] for name in ("space", "fixed", "default", "seed")}
        return {"data": self.data.get("sha256"), **json.loads(json.dumps(kept))}

    def check_same(self, other: "SweepManifest", *, where: str) -> None:
        """Check that another sweep is this one.

        Args:
            other: What is there already.
            where: Where it is.

        Raises:
            UsageError: It is another one.
        """
        mine, theirs = self.identity(), other.identity()
        words = {"data": "other data", "space": "another space", "seed": "another seed"}
        others = f"other fixed settings ({'; '.join(self._changed(other))})"
        different = [words.get(name, others) for name in mine if mine[name] != theirs[name]]
        if mine["seed"] != theirs["seed"]:  # it decides the split of the data, and the default settings contain it
            different = ["another seed"]
        if different:
            raise UsageError(
                "a sweep is continued with the same data, space, settings and seed",
                got=f"{', '.join(dict.fromkeys(different))} in {where}",
                hint="begin another sweep with name=..., or continue that one as it is: "
                f"cutaway sweep --attach {where}",
            )

    def _changed(self, other: "SweepManifest") -> list[str]:
        """The fixed settings in which this sweep differs from another one, in words."""
        mine, theirs = ({"recipe": each.fixed.recipe} | each.default | each.fixed.given() for each in (self, other))
        return [
            f"{name} {mine.get(name)!s:.40} instead of {theirs.get(name)!s:.40}"
            for name in mine | theirs
            if json.dumps(mine.get(name)) != json.dumps(theirs.get(name))  # as in the file, a tuple is a list
        ]


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
            f"a sweep is a folder with a {FILE}", got=f'"{folder}"', hint="begin one with: cutaway sweep DATA"
        ) from None
    return as_manifest(read_json(data, where=str(folder / FILE)), where=str(folder / FILE))


def as_manifest(record: Any, *, where: str) -> SweepManifest:
    """A manifest from plain data.

    Raises:
        RunError: It is damaged, or of another format.
    """
    fields = cast("dict[str, Any]", record if isinstance(record, dict) else {})
    number = fields.get("format")
    if isinstance(number, int) and number != FORMAT:  # before its fields, which may be others
        raise RunError(
            f"this version of cutaway reads sweeps of format {FORMAT}",
            got=f"format {number}{writer_in_words(fields)} in {where}",
            hint="begin another sweep, or open it with the version that made it",
        )
    try:
        return SweepManifest.model_validate(record)
    except ValidationError as error:
        raise RunError(
            f"a {FILE} says what a sweep is",
            got=f"{wrong_part(error.errors()[0])} in {where}",
            hint="restore it from a copy of the sweep, or begin another one",
        ) from None


def write_manifest(folder: Path, manifest: SweepManifest) -> None:
    """Write the sweep.json of a folder, which is made; one that names a database is for the user alone.

    Raises:
        RunError: It cannot be written.
    """
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False, allow_nan=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / FILE, text.encode() + b"\n", mode=0o666 if manifest.storage is None else 0o600)
    except OSError as error:
        raise RunError(
            "the folder of a sweep must be one that can be written",
            got=f"{error.strerror or error} at {error.filename or folder}",
            hint="name another folder with runs=",
        ) from error


def plain_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON has them.

    Raises:
        UsageError: A value is not a number, a text or a list of them.
    """
    try:
        return json.loads(json.dumps(dict(settings), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise UsageError(
            "settings are numbers, text, or lists of them", got=str(error), hint="pass plain values"
        ) from None
