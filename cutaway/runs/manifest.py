"""run.json as a typed record: the settings of a run, its data and model, and the outcome."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from cutaway.checks import required
from cutaway.errors import RunError, printable
from cutaway.image_shape import ImageShape
from cutaway.models import DENSE_KINDS, units_in_words
from cutaway.task import Task
from cutaway.words import listed, shown

from .process import ProcessRecord
from .reading import RESTORE

FORMAT, NUMBERS_FORMAT = 2, 3
"""Format numbers of the run folder, with classes and with numbers as answers; a reader refuses any other.

A field more in run.json needs no new number: readers leave it alone. What they would misread or call damaged does, such
as another kind of line in history.jsonl.
"""

MAX_LAYERS = 512
"""Layers of a model at most: Keras builds a model recursively, and 3,000 layers overflow its stack."""

SECTIONS = (
    "split", "model", "config", "seed", "versions", "device", "process", "kept_epoch", "best_epoch", "test", "cost",
)  # fmt: skip
"""Fields without which the rest of a run can still be shown."""

REQUIRED = ("split", "model", "config", "seed")
"""Those of them that every run writes."""

CONFIG_TYPES: dict[tuple[str, ...], tuple[type, ...]] = {
    ("learning_rate", "momentum", "weight_decay", "label_smoothing", "virtual_adversarial", "validation"): (float, int),
    ("epochs", "batch_size", "patience", "seed"): (int,),
    ("optimizer", "schedule", "loss", "precision", "augment"): (str,),
}
"""Types of the training settings that are shown."""

Status = Literal["running", "finished", "stopped", "failed"]
Origin = Literal["training", "keras fit", "model"]
Text = Annotated[str, Field(max_length=10_000)]
Name = Annotated[str, Field(max_length=1_000)]
Side = Annotated[int, Field(ge=1, le=2**31)]
Epoch = Annotated[int, Field(ge=0, le=2**31)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Plain = str | bool | int | Finite | None
"""One value in JSON."""


LISTED = 3
"""Maximum number of left-out columns that are named."""

COUNTS = ("no", "one", "two", "three", "four", "five", "six")


class LayerSpec(BaseModel):
    """A layer in run.json.

    Attributes:
        kind: Its class in Keras.
        name: Its name.
        inputs: Names of the layers that it takes.
        config: Its settings; `cutaway.models.model_from_spec` looks each up in its tables.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: Name
    name: Name
    inputs: Annotated[list[Name], Field(max_length=64)]
    config: Annotated[dict[Name, Any], Field(max_length=64)]

    @property
    def in_words(self) -> str:
        """Its kind and its main settings: "Dense 512 relu"."""
        units = units_in_words(self.config) if self.kind in DENSE_KINDS else None
        shown = (self.kind, units, self.config.get("activation"), self.config.get("rate"))
        return " ".join(str(value) for value in shown if isinstance(value, str | int | float))


class InputSpec(BaseModel):
    """The input of a model in run.json: its name, and the shape of one sample."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Name
    shape: Annotated[list[Side], Field(max_length=32)]


class ModelSpec(BaseModel):
    """A model in run.json.

    Attributes:
        name: Its name.
        kind: "Sequential" or "Functional".
        input: Its input.
        layers: Its layers, each after its inputs.
        output: Name of the layer whose output is the model's.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Name
    kind: Literal["Sequential", "Functional"]
    input: InputSpec
    layers: Annotated[list[LayerSpec], Field(min_length=1, max_length=MAX_LAYERS)]
    output: Name

    @property
    def in_words(self) -> str:
        """Its hidden layers: "two hidden layers of 128"."""
        units = self._units[:-1]
        if not units:
            return f"{self.name}, no hidden layer"
        sizes = units[0] if len(set(units)) == 1 else "-".join(units)
        count = COUNTS[len(units)] if len(units) < len(COUNTS) else str(len(units))
        return f"{count} hidden layer{'s' if len(units) > 1 else ''} of {sizes}"

    @property
    def sizes(self) -> str:
        """The shape of a sample, and the units of each layer with weights between all units: "28x28-512-512-10"."""
        return "-".join(["x".join(map(str, self.input.shape)), *self._units])

    @property
    def _units(self) -> list[str]:
        return [units_in_words(layer.config) for layer in self.layers if layer.kind in DENSE_KINDS]

    def to_record(self) -> dict[str, Any]:
        """The specification as plain data, as `cutaway.models.spec_of` writes it."""
        return self.model_dump(mode="json")


def _names_its_place(origin: dict[str, str]) -> dict[str, str]:
    if {"arrays": "kind", "named": "name", "path": "path"}.get(origin.get("kind", "")) not in origin:
        raise ValueError('must say in "origin" what its kind is, and its name or path')
    return origin


DataOrigin = Annotated[dict[Name, Text], Field(max_length=16), AfterValidator(_names_its_place)]
"""How data are loaded again: ``kind``, and ``name`` or ``path``."""


class CenteringRecord(BaseModel):
    """How images were made from ink on paper, in run.json, see `cutaway.data.Centering`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    rule: Literal["mass", "upright"]
    dark_ink: bool = False


class DatasetRecord(BaseModel):
    """A dataset in run.json.

    Attributes:
        name: Its name.
        sha256: Digest of all samples and labels, and of the groups, times and weights of a table, hexadecimal.
        origin: How to load it again: ``kind``, and ``name`` or ``path``.
        shape: Shape of one sample.
        scale: The raw value that becomes 1.
        class_names: Names of the classes, in the order of their numbers; none of numbers.
        feature_names: Names of the values of a sample, if known.
        preparation: How the columns of a table became these, as `cutaway.data.Preparation.to_record` writes it.
        relabeled: New class names by the place of the sample, as a person decided; digest and split include them.
        centering: How the images were made, if they show single digits or letters and this is known.
        targets: Names of the numbers that are predicted; none of classes.
        is_log: Whether their logarithm is learned.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Text
    sha256: Annotated[str, Field(max_length=64)]
    origin: DataOrigin
    shape: Annotated[tuple[Side, ...], Field(max_length=32)]
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    class_names: Annotated[tuple[Name, ...], Field(max_length=1_000_000)]
    feature_names: Annotated[tuple[Name, ...], Field(max_length=1_000_000)] | None = None
    preparation: Annotated[dict[Name, Any], Field(max_length=100)] | None = None
    relabeled: Annotated[dict[Name, Name], Field(max_length=1_000_000)] | None = None
    centering: CenteringRecord | None = None
    targets: Annotated[tuple[Name, ...], Field(max_length=10_000)] = ()
    is_log: bool = False

    @property
    def task(self) -> Task:
        """What the answers are."""
        return Task(self.class_names, self.targets, self.is_log)

    @property
    def image(self) -> ImageShape | None:
        """Rows, columns and channels of a sample that is an image; None if samples are not images."""
        return ImageShape.of(self.shape)

    @model_validator(mode="after")
    def _names_its_values(self) -> "DatasetRecord":
        if self.feature_names is not None and len(self.feature_names) != math.prod(self.shape):
            raise ValueError('must have as many "feature_names" as values in a sample, or null')
        if bool(self.class_names) == bool(self.targets):
            raise ValueError('must have either "class_names" or "targets"')
        return self


class TrialRecord(BaseModel):
    """The sweep of a trial in run.json: its name, and the number of the trial."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Name
    trial: Annotated[int, Field(ge=0, lt=2**31)]


class LikeRecord(BaseModel):
    """The run that another one was trained like, in run.json: its name, and the columns that were left out."""

    model_config = ConfigDict(frozen=True, extra="allow")

    run: Name
    ignore: Annotated[tuple[Name, ...], Field(max_length=1_000_000)] = ()


class Manifest(BaseModel):
    """Everything in run.json. Fields that this version does not know are kept as they are.

    Attributes:
        format: Format number of the run folder.
        name: Name of the folder.
        created: Date and time in UTC, ISO 8601.
        status: "running", "finished", "stopped" or "failed".
        why: The reason, if the training did not finish.
        origin: "training" by cutaway, a user's own "keras fit", or a ready-made "model".
        dataset: The dataset.
        split: Which sample is in train, val and test, as `cutaway.data.Split.to_record` writes it.
        judged_on: Digest of the test samples and their labels, or of the validation samples if there is no test, as
            `cutaway.data.Dataset.digest_of` makes it: runs that share it may be compared. None if it is not known.
        model: Specification of the model, as `cutaway.models.spec_of` writes it.
        first_weights: Where the first weights came from.
        like: The run that it was trained like; None for most runs.
        sample_weight: SHA-256 of the sample weights that the user gave, hexadecimal; None without weights.
        config: Every training setting, resolved; None if not known.
        seed: Random seed.
        versions: Versions of everything that affects the result.
        device: Backend, platform, device and number of threads.
        process: The process that writes the run; None once it has ended the training.
        kept_epoch: Epoch of the weights that count as the result; None while there is none.
        best_epoch: Epoch of the lowest validation loss.
        test: ``loss``, ``accuracy`` and ``cross_entropy`` of the test samples at the kept epoch; of numbers ``loss``
            and what `cutaway.metrics.number_metrics` returns.
        baseline: Accuracy of always predicting the largest class of the test samples; None without any, or if unknown.
        cost: Seconds spent, by stage.
        sweep: The sweep that it is a trial of, whose test samples belong to no part of the split; None for most runs.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    format: Annotated[int, Field(ge=FORMAT, le=NUMBERS_FORMAT)] = FORMAT
    name: Text
    created: Annotated[str, Field(max_length=64)]
    status: Status
    why: Text | None = None
    origin: Origin = "training"
    dataset: DatasetRecord
    split: dict[Name, Any] = Field(default_factory=dict)
    judged_on: Annotated[str, Field(max_length=64)] | None = None
    model: ModelSpec | None = None
    first_weights: Text | None = None
    like: LikeRecord | None = None
    sample_weight: Annotated[str, Field(max_length=64)] | None = None
    config: Annotated[dict[Name, Plain | tuple[Finite, ...]], Field(max_length=1_000)] = Field(default_factory=dict)
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    versions: Annotated[dict[Name, Text], Field(max_length=100)] = Field(default_factory=dict)
    device: Annotated[dict[Name, Plain], Field(max_length=100)] = Field(default_factory=dict)
    process: ProcessRecord | None = None
    kept_epoch: Epoch | None = None
    best_epoch: Epoch | None = None
    test: Annotated[dict[Name, Finite], Field(max_length=1_000)] | None = None
    baseline: Annotated[float, Field(ge=0, le=1)] | None = None
    cost: Annotated[dict[Name, Finite], Field(max_length=100)] = Field(default_factory=dict)
    sweep: TrialRecord | None = None

    _damaged: dict[str, RunError] = PrivateAttr(default_factory=dict)

    @field_validator("config")
    @classmethod
    def _has_types(cls, config: dict[str, Any]) -> dict[str, Any]:
        for names, kinds in CONFIG_TYPES.items():
            for name in names:
                value = config.get(name)
                if value is not None and (isinstance(value, bool) or not isinstance(value, kinds)):
                    raise ValueError(f'must have a {kinds[0].__name__} or null as "{name}", not {shown(value)}')
        return config

    @field_validator("test")
    @classmethod
    def _has_all(cls, test: dict[str, float] | None, info: ValidationInfo) -> dict[str, float] | None:
        data = info.data.get("dataset")
        needed = ["loss"] if data is not None and data.targets else ["loss", "accuracy", "cross_entropy"]
        if test is not None and (missing := [name for name in needed if name not in test]):
            raise ValueError(f"must have {' and '.join(missing)}")
        if test is not None and not 0 <= test.get("accuracy", 0) <= 1:
            raise ValueError('must have an "accuracy" from 0 to 1')
        return test

    @property
    def in_words(self) -> str:
        """The data and the model."""
        model = "a model whose layers are not known" if self.model is None else self.model.in_words
        without = self.without and f" without {self.without}"
        return f"{self.dataset.name}{without}: {model}"

    @property
    def without(self) -> str:
        """The columns that it was trained without, unlike the run that it was trained like; "" for none."""
        return "" if self.like is None else listed(self.like.ignore, LISTED)

    @property
    def damaged(self) -> Mapping[str, RunError]:
        """For each of `SECTIONS` that was missing or wrong in the file, the error that says so."""
        return self._damaged

    def check(self, *sections: str) -> None:
        """Raise the error of the first of some sections that is damaged.

        Raises:
            RunError: One is.
        """
        for section in sections:
            if section in self._damaged:
                raise self._damaged[section]

    @classmethod
    def read(cls, record: Any, *, where: str) -> "Manifest":
        """Check a record.

        Args:
            record: The parsed content of run.json.
            where: The file, for the message.

        A field of `SECTIONS` that is missing or wrong is left out, and using it raises the error that says so: see
        `check`.

        Raises:
            RunError: The record is of another format, or a field is missing or wrong; the message names it.
        """
        if not isinstance(record, dict):
            raise RunError(f"{where} is not a JSON object", hint=RESTORE)
        number = record.get("format")
        if isinstance(number, int) and number not in (FORMAT, NUMBERS_FORMAT):
            formats = f"{FORMAT} and {NUMBERS_FORMAT}"
            raise RunError(
                f"{where} has format {number}{writer_in_words(record)} and this cutaway reads formats {formats}",
                hint="train again, or open it with the version that made it",
            )
        fields = dict(record)
        damaged = {section: _missing(section, where) for section in REQUIRED if section not in fields}
        while True:  # at most once for each section
            try:
                manifest = cls.model_validate(fields)
            except ValidationError as error:
                section = _section(error)
                if section not in fields:
                    raise _run_error(error, where) from None
                damaged[section] = _run_error(error, where)
                del fields[section]
            else:
                manifest._damaged.update(damaged)
                return manifest

    def to_record(self) -> dict[str, Any]:
        """The manifest as JSON-able data."""
        exclude = None if self.dataset.targets else {"dataset": {"targets", "is_log"}}
        return self.model_dump(mode="json", exclude=exclude)


def writer_in_words(record: Mapping[str, Any]) -> str:
    """Which version wrote a record that this one cannot read: ", written by cutaway 0.2.0"; "" if it does not say."""
    versions = record.get("versions")
    wrote = versions.get("cutaway") if isinstance(versions, dict) else None  # pyright: ignore[reportUnknownMemberType]
    return f", written by cutaway {printable(wrote, 64)}," if isinstance(wrote, str) else ""


def _section(error: ValidationError) -> str:
    """The section of the first error; "" if it is in none."""
    first = error.errors()[0]
    name = str(first["loc"][0])
    return name if name in SECTIONS else ""


def _missing(field: str, where: str) -> RunError:
    return RunError(f'{where} has no "{field}"', hint=RESTORE)


def _run_error(error: ValidationError, where: str) -> RunError:
    """The first thing that is wrong, as one line."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return _missing(field, where)
    return RunError(f'"{field}" in {where} {required(first)}, got {shown(first["input"])}', hint=RESTORE)
