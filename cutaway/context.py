"""The inputs of every analysis of a run, read once: its folder, its data, its split, and its model after an epoch."""

import dataclasses
import shlex
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cutaway.checks import check_whole
from cutaway.data import (
    Dataset,
    Preparation,
    SampleIds,
    Split,
    Table,
    find_sample,
    join_ids,
    load_again,
    origin_options,
    relabel,
    stratified_sample,
)
from cutaway.errors import DataError, Hint, RunError, UsageError
from cutaway.runs import DatasetRecord, Manifest, RunFolder, kept_so_far
from cutaway.task import Task
from cutaway.words import quoted

if TYPE_CHECKING:
    from cutaway.interpret import Outline
    from cutaway.models import Model

MODELS = 2
"""Models with weights that are held at a time, each for one epoch."""


class RunContext:
    """A run as the analyses see it. Can be pickled: another process reads the folder again.

    Attributes:
        folder: The run folder.
    """

    def __init__(
        self, folder: RunFolder, *, data: Dataset | None = None, loaded: Dataset | Table | None = None
    ) -> None:
        self.folder = folder
        self._models: dict[int, Model] = {}
        if data is not None:
            self.data = self.loaded = data
        if loaded is not None:
            self.loaded = loaded

    def __reduce__(self) -> tuple[Any, ...]:
        # a dataset that can be loaded again does not travel
        data = self.loaded if self.manifest.dataset.origin.get("kind") == "arrays" else None
        return _reopen, (self.folder, data)

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.folder.path

    @property
    def manifest(self) -> Manifest:
        """The content of run.json."""
        return self.folder.manifest

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their numbers.

        Raises:
            UsageError: The model predicts numbers.
        """
        self.task.need_classes("this")
        return self.manifest.dataset.class_names

    @property
    def task(self) -> Task:
        """What the answers are: classes or numbers."""
        return self.manifest.dataset.task

    @property
    def spec(self) -> dict[str, Any]:
        """The specification of the model, as `cutaway.models.model_from_spec` takes it.

        Raises:
            RunError: The run folder does not hold it.
        """
        self.manifest.check("model")
        if self.manifest.model is None:
            unopened = (self.manifest.model_extra or {}).get("unopened")
            raise RunError(
                f"the layers of {self.path.name} are unknown: {unopened or 'it was recorded without them'}",
                hint="use its history, test metrics and predictions, which are there",
            )
        return self.manifest.model.to_record()

    @property
    def opens(self) -> bool:
        """Whether the model can be built; of others there are history, test metrics and recorded predictions.

        Raises:
            RunError: Its specification is damaged.
        """
        self.manifest.check("model")
        return self.manifest.model is not None

    @property
    def knows_training_samples(self) -> bool:
        """Whether the samples of the split "train" are those that the model was trained on."""
        origin = self.manifest.origin
        return origin == "training" or (origin == "keras fit" and self.known_of_fit("training") == "train")

    @property
    def knows_validation_samples(self) -> bool:
        """Whether the metrics of the history were measured on the samples of the split "val"."""
        return self.manifest.origin != "keras fit" or self.known_of_fit("validation") == "val"

    def known_of_fit(self, name: str) -> Any:
        """What the recorder of a user's own fit has noted under a name; None if nothing."""
        fit = (self.manifest.model_extra or {}).get("fit")
        return cast("dict[str, Any]", fit).get(name) if isinstance(fit, dict) else None

    def train_like(self, where: str | None = None, *, labels: str | None = None) -> str | None:
        """The command that trains again as this run was trained; None for a run that was recorded.

        Args:
            where: How to name the run: its path, or by default the name of its folder.
            labels: A file with decisions on labels to apply; none if None.
        """
        record = self.manifest
        if record.origin != "training":
            return None
        where = self.path.name if where is None else where
        needed = {"data": record.dataset.origin["kind"] == "arrays", "sample_weight": bool(record.sample_weight)}
        needed["augment"] = "function=" in str(record.config.get("augment"))
        if any(needed.values()):  # a run folder keeps no arrays and no functions, and the command line takes none
            given = [quoted(where), *(f"{name}=..." for name, is_needed in needed.items() if is_needed)]
            return f"cutaway.train_like({', '.join(given + ([] if labels is None else [f'labels={quoted(labels)}']))})"
        return shlex.join(["cutaway", "train", "--like", where, *([] if labels is None else ["--labels", labels])])

    @cached_property
    def split(self) -> Split:
        """Which sample belongs to train, val and test."""
        self.manifest.check("split")
        return Split.from_record(self.manifest.split)

    @cached_property
    def loaded(self) -> Dataset | Table:
        """The dataset, loaded again from where it came; a table is not prepared yet.

        Raises:
            DataError: It cannot be loaded again.
        """
        record = self.manifest.dataset
        if record.origin["kind"] == "arrays":
            raise DataError(
                f'the run was trained on arrays ("{record.name}"), which a run folder does not hold',
                hint=Hint("open the run with {} and the same arrays, or with a file of them", data=None),
            )
        places = (record.origin.get("path"), origin_options(record.origin).get("test"))
        if lacking := [place for place in places if place and not Path(place).exists()]:
            raise DataError(
                f"the data of the run is missing: {lacking[0]}",
                hint=Hint("move it back, or open the run with {} and its new place", data=None),
            )
        return relabel(load_again(record.origin), record.relabeled or {})

    @cached_property
    def data(self) -> Dataset:
        """The dataset, as the model was trained on it.

        Raises:
            DataError: It cannot be loaded again, or has changed since.
        """
        return same_data(self.loaded, self.manifest.dataset)

    @cached_property
    def preparation(self) -> Preparation | None:
        """How the columns of a table became inputs; None if the model takes the dataset as it is.

        Raises:
            DataError: The record of it is damaged.
        """
        record = self.manifest.dataset.preparation
        if record is None:
            return None
        preparation, shape = Preparation.from_record(record), self.manifest.dataset.shape
        if shape != (len(preparation.features),):
            raise RunError(
                f"{self.path.name} prepares {len(preparation.features):,} inputs for samples of the shape {shape}",
                hint="restore run.json or train again",
            )
        return preparation

    def row(self, epoch: int | None = None, *, rows: Sequence[dict[str, Any]] | None = None) -> dict[str, Any] | None:
        """The line of an epoch in the history; None if there is none, as for epoch 0.

        Args:
            epoch: Its number; if None, the kept one, or during training the one that would be kept now.
            rows: The history, if it has been read already.
        """
        rows = self.folder.history() if rows is None else rows
        wanted = kept_so_far(self.manifest, rows) if epoch is None else epoch
        return next((row for row in rows if row["epoch"] == wanted), None)

    def epoch(self, epoch: int | None = None) -> int:
        """The number of an epoch with a snapshot; None is the kept epoch; negative numbers count from the last.

        Raises:
            UnknownNameError: There is no snapshot of that epoch.
        """
        return self.folder.resolve_epoch(epoch)

    def build_model(self, epoch: int | None = None) -> "Model":
        """Build a Keras model with the weights after an epoch, for a caller who may change it.

        Raises:
            UnknownNameError: There is no snapshot of that epoch.
        """
        from cutaway.models import import_lean_keras

        import_lean_keras()  # refuses another backend before the names below import it
        from cutaway.models import check_fit, model_from_spec, set_weights

        spec = self.spec
        weights = self.snapshot(self.epoch(epoch))
        model = model_from_spec(spec, initialize=False)
        set_weights(model, weights)
        check_fit(model, shape=self.manifest.dataset.shape, classes=len(self.task.names))
        return model

    def snapshot(self, epoch: int | None = None) -> dict[str, np.ndarray]:
        """The weights after an epoch by name, in the shapes of the model.

        Raises:
            UnknownNameError: There is no snapshot of that epoch.
            RunError: The file is damaged.
            ModelError: The specification or the snapshot does not fit.
        """
        self.check_sizes(epoch)
        return self.folder.snapshot(epoch)

    def check_sizes(self, epoch: int | None) -> None:
        """Compare the sizes that the specification asks for with those in a snapshot, before memory is taken for them.

        Raises:
            UnknownNameError, RunError, ModelError: See `snapshot`.
        """
        from cutaway.models import check_snapshot, spec_weights

        check_snapshot(spec_weights(self.spec), self.folder.snapshot_shapes(epoch))

    def model(self, epoch: int | None = None) -> "Model":
        """The Keras model with the weights after an epoch, built once and shared: nobody may change it.

        Raises:
            UnknownNameError: There is no snapshot of that epoch.
        """
        number = self.epoch(epoch)
        if number not in self._models:
            while len(self._models) >= MODELS:
                del self._models[next(iter(self._models))]
            self._models[number] = self.build_model(number)
        return self._models[number]

    @cached_property
    def outline(self) -> "Outline":
        """The layers of the model, from its specification: Keras is not loaded. Errors are as for `spec`."""
        from cutaway.interpret import Outline

        return Outline.of(self.spec)

    def layer(self, name: str | None, *, epoch: int | None = None) -> str:
        """The name of a layer; None is the last hidden one.

        Raises:
            UnknownNameError: The model has no layer of that name.
        """
        if name is None:
            return self.outline.default
        if not isinstance(name, str) or name not in self.outline.kinds:  # pyright: ignore[reportUnnecessaryIsInstance]
            from cutaway.interpret import find_layer

            find_layer(self.model(epoch), name)
        return name

    def part(self, split: str) -> SampleIds:
        """The samples of a split that is not empty.

        Raises:
            UnknownNameError: There is no such split.
            UsageError: It is empty.
        """
        ids = self.split.part(split)
        if not len(ids):
            raise UsageError(
                f'the split "{split}" is empty',
                hint=Hint("try {}", split="val" if len(self.split.val) else "all"),
            )
        return ids

    def ids(self, split: str, *, samples: int | None = None, seed: int = 0) -> SampleIds:
        """Samples of a split: all of them, or a stratified sample of at most N.

        Args:
            split: "train", "val", "test" or "all".
            samples: Maximum number of samples; all of them if None.
            seed: Random seed of the sample.

        Raises:
            UnknownNameError: There is no such split.
            UsageError: ``samples`` is below 1, or the split is empty.
        """
        if samples is not None:
            check_whole(samples, name="samples", least=1)
        ids = self.part(split)
        if samples is None:
            return ids
        return ids.take(stratified_sample(self.data.strata_of(ids), samples, seed=seed))

    def sample(self, name: str) -> SampleIds:
        """The identity of one sample by its name: its place, such as "test[7]", or the name of its row in a table.

        Raises:
            UnknownNameError: There is no such sample, or there are several.
        """
        sizes = {source: len(labels) for source, labels in self.data.labels.items()}
        return find_sample(name, sizes, split=self.split, loaded=self.loaded)

    def samples(self, names: Sequence[str]) -> SampleIds:
        """The identities of samples by their names, at least one, in their order. Errors are as for `sample`."""
        return self.named(join_ids([self.sample(name) for name in names]))

    def named(self, ids: SampleIds) -> SampleIds:
        """The same samples, with the names used in the data."""
        return dataclasses.replace(ids, naming=self.loaded.naming)


class OtherDataError(DataError):
    """Data are not those that a run was trained on."""


def _reopen(folder: RunFolder, data: Dataset | Table | None) -> RunContext:
    return RunContext(folder, loaded=data)


def same_data(data: Dataset | Table, record: DatasetRecord) -> Dataset:
    """Return a dataset if it is the one a run was trained on, with the scale of its inputs in the training.

    A table is prepared as in the run.

    Raises:
        DataError: Its digest, its scale or its classes are others.
    """
    data = same_form(data, record)
    if data.class_names != record.class_names:
        named = dataclasses.replace(data, class_names=record.class_names)
        if named.sha256 == record.sha256:
            raise DataError(
                f"{data.name} has the class_names {list(data.class_names)!s:.60}, not {list(record.class_names)!s:.60}",
                hint="pass the same class_names",
            )
    for what, ours, theirs in (
        ("SHA-256", record.sha256, data.sha256),
        ("the shape", record.shape, data.shape),
        ("scale", record.scale, data.scale),
        ("the classes", record.class_names, data.class_names),
        ("the targets", record.targets, data.targets),
    ):
        if ours != theirs:
            most = 12 if what == "SHA-256" else 60  # as `cutaway show` prints it
            raise OtherDataError(
                f"the run was trained on other data: {what} {ours!s:.{most}}, and {data.name} has {theirs!s:.{most}}",
                hint="open it with the data it was trained on, loaded with the same options",
            )
    return data


def same_form(data: Dataset | Table, record: DatasetRecord) -> Dataset:
    """A dataset with the preparation and the scale of the one that a run was trained on.

    Raises:
        DataError: It is a table, and the run was trained on arrays.
    """
    if isinstance(data, Table):
        if record.preparation is None:
            raise DataError(
                f"the run was trained on arrays, and {data.name} is a table", hint="open it with the same arrays"
            )
        data = data.apply(Preparation.from_record(record.preparation))
    # a model that rescales its inputs itself is fed raw samples
    return dataclasses.replace(data, scale=record.scale) if record.scale == 1 != data.scale else data
