"""run.json as a typed record: what was asked for, what it was made of, and what became of it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cutaway.errors import RunError

FORMAT = 2
"""Format number of the run folder; a reader refuses a higher one and migrates a lower one."""

RESTORE = "restore the file from a copy of the run, or train again"

Status = Literal["running", "finished", "stopped", "failed"]
Origin = Literal["training", "keras fit", "model"]
Text = Annotated[str, Field(max_length=10_000)]


class DatasetRecord(BaseModel):
    """What run.json keeps of a dataset.

    Attributes:
        name: Its name.
        sha256: Digest of all samples and labels, hexadecimal.
        origin: How to load it again: ``kind``, and ``name`` or ``path``.
        shape: Shape of one sample.
        scale: The raw value that becomes 1.
        class_names: Names of the classes, in the order of their numbers.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Text
    sha256: Annotated[str, Field(max_length=64)]
    origin: dict[str, Any]
    shape: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(max_length=32)]
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    class_names: Annotated[tuple[Text, ...], Field(max_length=1_000_000)]


class Manifest(BaseModel):
    """Everything in run.json. Fields that this version does not know are kept as they are.

    Attributes:
        format: Format number of the run folder.
        name: Name of the folder.
        created: Date and time in UTC, ISO 8601.
        status: "running", "finished", "stopped" or "failed".
        why: The reason, where the training did not finish.
        origin: "training" by cutaway, a user's own "keras fit", or a ready-made "model".
        dataset: The dataset.
        split: Which sample is in train, val and test, as `cutaway.data.Split.to_record` writes it.
        model: Specification of the model, as `cutaway.models.spec_of` writes it.
        first_weights: Where the first weights came from.
        config: Every training setting, resolved; None for what is not known.
        seed: Random seed.
        versions: Versions of everything that affects the result.
        device: Backend, platform, device and number of threads.
        kept_epoch: Epoch of the weights that count as the result; None while there is none.
        best_epoch: Epoch of the lowest validation loss.
        test: Loss and accuracy on the test samples at the kept epoch.
        cost: Seconds spent, by stage.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    format: Annotated[int, Field(ge=1)] = FORMAT
    name: Text
    created: Annotated[str, Field(max_length=64)]
    status: Status
    why: Text | None = None
    origin: Origin = "training"
    dataset: DatasetRecord
    split: dict[str, Any]
    model: dict[str, Any]
    first_weights: Text | None = None
    config: dict[str, Any]
    seed: int
    versions: dict[str, Text] = Field(default_factory=dict)
    device: dict[str, Any] = Field(default_factory=dict)
    kept_epoch: Annotated[int, Field(ge=0)] | None = None
    best_epoch: Annotated[int, Field(ge=0)] | None = None
    test: dict[str, float | None] | None = None
    cost: dict[str, float] = Field(default_factory=dict)

    @classmethod
    def read(cls, record: Any, *, where: str) -> "Manifest":
        """Check a record, migrating it first if it is of an older format.

        Args:
            record: What run.json holds, parsed.
            where: The file, for the message.

        Raises:
            RunError: The record is of a newer format, or a field is missing or wrong; the message names the field.
        """
        if not isinstance(record, dict):
            raise RunError("run.json holds one JSON object", got=f"something else in {where}", hint=RESTORE)
        number = record.get("format")
        if isinstance(number, int) and number > FORMAT:
            raise RunError(
                f"this version reads run folders up to format {FORMAT}",
                got=f"format {number} in {where}",
                hint="upgrade cutaway",
            )
        try:
            return cls.model_validate(migrated(record))
        except ValidationError as error:
            raise _run_error(error, where) from None

    def to_record(self) -> dict[str, Any]:
        """The manifest as JSON-able data."""
        return self.model_dump(mode="json")


def migrated(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record of format 1 as format 2 writes it; any other record unchanged.

    The names of fields that changed are below; the seconds of a training had a field of their own.
    """
    new = dict(record)
    if new.get("format") != 1:
        return new
    for old, name in (("net", "model"), ("plan", "config")):  # format 1 -> format 2
        if old in new and name not in new:
            new[name] = new.pop(old)
    if "training_seconds" in new:
        new["cost"] = {"training": new.pop("training_seconds")}
    return new | {"format": FORMAT}


def _run_error(error: ValidationError, where: str) -> RunError:
    """The first thing that is wrong, as one line."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return RunError(f'run.json must hold "{field}"', got=f"no such field in {where}", hint=RESTORE)
    rule = first["msg"].replace("Input should be", "must be", 1)
    return RunError(f'"{field}" in run.json {rule}', got=f"{first['input']!r:.60} in {where}", hint=RESTORE)
