"""The recorder: a Keras callback that records the user's own ``fit`` in a run folder."""

import dataclasses
import logging
import math
import shutil
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from cutaway.checks import check_path, warn_user
from cutaway.data import Dataset, SampleIds, Table, drop, load_dataset, split_dataset
from cutaway.errors import CutawayError, ModelError, RunError, UsageError
from cutaway.metrics import best_epoch, largest_share
from cutaway.models import WRAPPED, compiled_setup, fitting_shape, get_weights, spec_of
from cutaway.runs import Manifest, RunFolder, RunWriter, keeps_predictions
from cutaway.words import counted

from .config import GIVEN
from .feeding import Feeding, measure_test
from .manifest import known_config, new_manifest, split_record, warn_of_predictions

log = logging.getLogger(__name__)

OWN = ("kind", "epoch", "seconds", "samples_per_second")
"""Entries of a line of the history that are not Keras'."""

ONE_NUMBER = ("loss", "accuracy", "val_loss", "val_accuracy", "val_cross_entropy", "learning_rate")
"""Entries that views read as one number: a metric of each class of such a name is kept under another."""

CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")
"""Settings of Keras' optimizers that limit gradients; run.json has them only where they are set."""

_BEGUN: set[Path] = set()
"""Folders in which a fit of this process began and has not ended an epoch: the fit has failed if another recorder is
made for one of them, as when the cell of a notebook runs again.

Kept by the process, because no file can tell: Keras calls nothing when a fit fails, so run.json says "running" as in
the first epoch of a fit elsewhere, whose folder is locked only while something is written. Only the process that fits
knows that its fit is over. Where that is lost with the process, the next recorder takes another path.
"""


class Recorder(keras.callbacks.Callback):
    """Record ``model.fit(..., callbacks=[recorder])`` in a run folder, as `cutaway.train` does.

    Works with every Keras backend that can fit, and does not change the training. `cutaway.open_run` opens the folder,
    during the fit or later, and all methods of a run work on it; those that compute need Keras on JAX.

    - There is a snapshot after each epoch; epoch 0 is the model before fit. The history has the names and values of
      Keras' own history, and learning_rate, seconds and samples_per_second. A metric of one of these names, or of
      "epoch", is kept as "metric_seconds" or the like.
    - A loss that becomes NaN or infinite is null in the history, and weights that are not finite are not saved.
    - When fit ends, the status becomes "finished", and the cross-entropy, loss and accuracy on the test samples are
      measured; of numbers the loss of the compiled model, R2, and errors in the unit of y. ``kept_epoch`` in run.json
      is the epoch whose weights the model has then, which may be an earlier one that EarlyStopping restored, and
      ``best_epoch`` the one of the lowest val_loss; if they differ, the finding "overfitting" says so. Put the recorder
      last in `callbacks`: it must see what the others did. A `CutawayWarning` says if weights are restored after it.
      Averages that an optimizer swaps in at the end (``use_ema``) replace the last snapshot.
    - A model of layers that cutaway does not open (Conv2D, Lambda, ...) is recorded all the same: its history, test
      metrics and the predictions of every epoch. Its layers cannot be analyzed.
    - Where fit sees another number of samples in an epoch than ``recorder.split.train`` has, as with
      ``validation_split``, they may be test samples: the recorded split has none then, nothing is judged on
      them, and a `CutawayWarning` says so.
    - When fit raises, or the process dies, the status stays "running", and everything up to the last epoch is saved.
    - Another fit with the same recorder continues in the same folder, with the next epoch numbers. With `initial_epoch`
      the numbers are those that Keras shows.

    Args:
        path: The run folder to make, such as "runs/mine". If a run is there, the new one is "runs/mine-2" and so on; a
            `CutawayWarning` says so. A run whose fit failed in this process before its first epoch ended is replaced.
        data: The `Dataset` that fit gets its samples from, what `load_dataset` takes, or the arrays ``(x, y)``, see
            `Dataset.from_arrays`.
        validation_data: The samples ``(x, y)`` that fit is validated on, in the form of `data` (before they are divided
            by its scale), if they are not in it. They become ``recorder.split.val``; ``recorder.data`` has them too:
            ``cutaway.open_run(recorder.path, data=recorder.data)``.
        validation: Share of training samples in ``recorder.split.val``, in (0, 1).
        seed: Random seed of the split; whole number from 0.
        predictions: Whether to save the predictions for each validation and test sample after each epoch. This takes
            one evaluation per epoch. Rows of training samples are NaN.
        inputs: What fit gets: "scaled", as from ``data.inputs``; "raw", as from ``data.x``, for a model that rescales
            its inputs itself. "auto" is "raw" if the model begins with a Rescaling by the scale of the data, else
            "scaled"; then val_loss, too, has to be the one that we measure.
        overwrite: Whether a run that is at `path` is deleted when fit starts.

    Attributes:
        path: The run folder.
        split: Its split: fit on ``data.inputs(recorder.split.train)`` and ``data.y(recorder.split.train)``. If fit sees
            as many samples, but other ones, the recorded test accuracy means nothing.

    Raises:
        CutawayError: The data, the share or the seed is wrong; see `load_dataset`, `Dataset.from_arrays` and
            `cutaway.train`.
        RunError: What is at `path` is not a run; on ``fit``: the folder cannot be created or written, or Keras'
            validation metrics differ from ours, which would make every result wrong.
        ModelError: On ``fit``: the model does not fit the data, or is not the model of the fit before; nothing has been
            written.
    """

    def __init__(
        self,
        path: str | Path,
        data: Dataset | str | Path | tuple[Any, Any],
        *,
        validation_data: tuple[Any, Any] | None = None,
        validation: float = 0.25,
        seed: int = 0,
        predictions: bool = False,
        inputs: Literal["auto", "scaled", "raw"] = "auto",
        overwrite: bool = False,
    ) -> None:
        super().__init__()
        if isinstance(path, Dataset):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(
                f"the path of the recorder is the dataset {path.name}",
                hint='swap them, for example: Recorder("runs/mine", data)',
            )
        where = check_path(path, name="path")
        data = Dataset.from_arrays(*data) if isinstance(data, tuple) else data
        found = data if isinstance(data, Dataset | Table) else load_dataset(data)
        if isinstance(found, Table):
            raise UsageError(
                f"the columns of the table {found.name} are not prepared yet",
                hint="prepare it first: data = table.prepare(table.split()), then Recorder(path, data)",
            )
        self._place = Place.find(where, overwrite=overwrite)
        self.path = self._place.path
        self._feeding = Feeding(found if validation_data is None else _validated_on(found, validation_data), inputs)
        self.split = split_dataset(self.data, validation=validation, seed=seed)
        self._save_predictions = predictions
        self._manifest: Manifest | None = None
        self._opens, self._why = True, ""
        self._epochs, self._lines = 0, b""
        self._batch_size: int | None = None
        self._seen: Any = None
        self._validated: Any = None
        self._fit: dict[str, Any] = {}
        self._checked = False
        self._start = self._epoch_start = 0.0
        self._stops = False

    def __repr__(self) -> str:
        epochs = counted(self._epochs, "epoch")
        done = f"{epochs}, {self._manifest.status}" if self._manifest else "not fitted yet"
        return f"<Recorder {str(self.path)!r}: {self.data.name}, {done}>"

    @property
    def data(self) -> Dataset:
        """The dataset, with the scale of the model's inputs: 1 if fit gets raw samples."""
        return self._feeding.data

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Create the run folder with the first snapshot, or open it again."""
        model = self._keras_model
        shape, spec = sample_shape(model, self.data), self._checked_spec()
        self._feeding.begin(model, shape)
        self._fit["inputs"] = self._feeding.inputs
        if compiled_setup(model).from_logits:
            self._fit["from_logits"] = True
        self._start, self._batch_size = time.perf_counter(), None
        self._stops = self._checked = False
        if self._manifest:
            with self._writing() as writer:
                # what the fit before has left is no longer the result of the run
                ended = {"kept_epoch": None, "best_epoch": None, "test": None}
                writer.update(status="running", why=None, model=spec, config=self._config(model), **ended)
            return
        if self._wants_predictions:
            warn_of_predictions(len(self.split.part("all")), self.data.outputs)
        manifest = new_manifest(
            origin="keras fit",
            data=self.data,
            split=self.split,
            model=model if self._opens else None,
            config=self._config(model),
            first_weights=GIVEN,
        )
        self._place.clear()
        more = {"fit": dict(self._fit), "unopened": self._why}
        writer = RunWriter.create_at(self.path, manifest=manifest | more)
        self._manifest = writer.manifest
        writer.close()
        self._place.begun()
        with self._writing() as writer:
            writer.snapshot(0, named_values(model, opens=self._opens))

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Number the epoch as Keras does if fit was given `initial_epoch`, and start its clock."""
        self._epochs = max(self._epochs, epoch)
        planned = self._epochs + (self.params or {}).get("epochs", epoch) - epoch
        if self._manifest and self._manifest.config["epochs"] != planned:
            with self._writing() as writer:
                writer.update(config={**writer.manifest.config, "epochs": planned})
        self._epoch_start, self._seen = time.perf_counter(), None

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Find out the batch size, which fit does not tell: samples counted after the first call / its batches."""
        if batch and self._batch_size is None:
            self._batch_size = int(on_host(self._count_samples())) // batch

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Save the count of the epoch's samples before validation starts its own."""
        self._seen = self._count_samples()

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Save the count of the samples that were validated on."""
        self._validated = self._count_samples()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Write the epoch to disk, its line in the history last: what the history lists is on disk."""
        seconds, model, logs = time.perf_counter() - self._epoch_start, self._keras_model, logs or {}
        weights = named_values(model, opens=self._opens)
        seen = int(on_host(self._count_samples() if self._seen is None else self._seen))
        if (self.params or {}).get("steps") == 1:  # no second batch tells its size
            self._batch_size = seen or None
        row = own_row(
            {name: plain(value) for name, value in logs.items()},
            epoch=self._epochs + 1,
            learning_rate=float(on_host(model.optimizer.learning_rate)),
            seconds=round(seconds, 4),
            samples_per_second=round(seen / seconds, 1),
        )
        first = not self._checked and "val_loss" in logs
        self._note(seen, validated="val_loss" in logs)
        with self._writing() as writer:
            if self._fit != (writer.manifest.model_extra or {}).get("fit"):
                # before predictions of test samples are recorded
                if self._fit["training"] == "unknown" and not self._epochs:
                    self.split = drop(self.split, self.split.test)
                writer.update(fit=dict(self._fit), **split_record(self.data, self.split))
            if is_finite(weights):
                writer.snapshot(self._epochs + 1, weights)
                self._record_predictions(writer, self._epochs + 1)
            if self._batch_size != writer.manifest.config["batch_size"]:
                writer.update(config={**writer.manifest.config, "batch_size": self._batch_size})
            writer.epoch(row)
        self._epochs += 1
        self._stops = bool(model.stop_training)  # a callback after this one may still ask for it
        if first and is_finite(weights):
            self._checked = True
            self._check(logs)
        self._place.recorded()  # until now, the folder of a fit that fails is in nobody's way

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Evaluate the test samples and write how the run ended."""
        seconds = time.perf_counter() - self._start
        if self._keras_model.stop_training and not self._stops:
            why = "if it restores the weights of its best epoch, the run keeps others than the model"
            warn_user(f"a callback after the recorder stopped fit: {why}; put the recorder last in callbacks")
        with self._writing() as writer:
            kept_epoch, found = self._kept_epoch(writer)
            before = writer.manifest.cost.get("training", 0.0)
            rows = RunFolder.open(self.path).history()
            best = best_epoch(rows)
            writer.update(kept_epoch=kept_epoch, best_epoch=best, cost={"training": round(before + seconds, 3)})
        if kept_epoch is not None and best not in (None, kept_epoch):
            log.info(
                "%s ends with the weights of epoch %s; val_loss was lowest in epoch %d", self.path, kept_epoch, best
            )
        row = next((row for row in rows if row["epoch"] == kept_epoch), {})
        if found and self._checked and "val_loss" in row:
            self._check(row)
        ids, test = self.split.test, None
        if len(ids) and self._fit.get("training") == "train":
            test = measure_test(self._keras_model, self._predict(ids), self.data.y(ids))
        with self._writing() as writer:
            writer.finish("finished", test=test, baseline=largest_share(self.data.y(ids)))

    @property
    def _keras_model(self) -> Any:
        """The model; on JAX, Keras' own property brings its weights up to date first."""
        return self.model

    def _checked_spec(self) -> dict[str, Any] | None:
        spec, self._why = specification(self._keras_model)
        if self._manifest:
            before = self._manifest.model and without_trainable(self._manifest.model.to_record())
            if before != (spec and without_trainable(spec)):
                name = self._manifest.model.name if self._manifest.model else "a model of other layers"
                raise ModelError(
                    f'the recorder of "{name}" cannot record another model, "{self._keras_model.name}"',
                    hint="make a Recorder with its own path for each model",
                )
        elif spec is None:
            kept = "the run keeps history, test metrics and predictions; its layers cannot be analyzed"
            warn_user(f"{self._why}, is not opened again: {kept}")
        self._opens = spec is not None
        return spec

    def _note(self, seen: int, *, validated: bool) -> None:
        """Note whether fit has as many samples as the split, in this epoch and all before it; nothing else is known."""
        known, count = self._fit.get("training", "train"), len(self.split.train)
        self._fit["training"] = known if seen == count else "unknown"
        if validated:
            same = int(on_host(self._validated)) == len(self.split.val)
            self._fit["validation"] = self._fit.get("validation", "val") if same else "unknown"
        if known != self._fit["training"]:
            saw = f"fit saw {seen or 'an unknown number of'} samples in an epoch, recorder.split.train has {count}"
            warn_user(f"{saw}: as they may be test samples, the run has no test accuracy; fit on recorder.split.train")

    def _check(self, logs: Mapping[str, Any]) -> None:
        """Compare Keras' validation metrics with ours; a run that shows something else has failed."""
        config = self._manifest.config if self._manifest else {}
        try:
            # where other samples are trained on, as with validation_split, those of this number are others as well
            val, validated = self.split.val, int(on_host(self._validated))
            same = self._fit["training"] == "train" and validated == len(val)
            self._feeding.check(self._keras_model, logs, val, validated=validated, same=same, config=config)
        except RunError as error:
            with self._writing() as writer:
                writer.update(status="failed", why=str(error))
            raise

    def _config(self, model: Any) -> dict[str, Any]:
        """The fields of a `TrainingConfig` as far as they are known; the others are None."""
        optimizer, setup = model.optimizer, compiled_setup(model)
        return known_config(
            **{name: limit for name in CLIPPING if (limit := getattr(optimizer, name, None)) is not None},
            epochs=self._epochs + (self.params or {}).get("epochs", 0),
            optimizer=setup.optimizer,
            learning_rate=setup.learning_rate,
            momentum=getattr(optimizer, "momentum", None),
            weight_decay=getattr(optimizer, "weight_decay", None),
            loss=setup.loss,
            label_smoothing=getattr(model.loss, "label_smoothing", None),
            validation=self.split.validation,
            seed=self.split.seed,
        )

    @contextmanager
    def _writing(self) -> Generator[RunWriter]:
        """The writer, open only while something is written: a fit that raises leaves nothing open."""
        assert self._manifest is not None  # made when fit began
        try:
            writer = RunWriter(self.path, self._manifest, lines=self._lines)
            try:
                yield writer
            finally:
                self._manifest, self._lines = writer.manifest, writer.lines
                writer.close()
        except OSError as error:
            raise RunError(
                f"cannot write into {error.filename or self.path}: {error.strerror or error}",
                hint="free some space and fit again, with another path if the folder is gone",
            ) from error

    def _count_samples(self) -> Any:
        """Samples since Keras last reset its metrics, the weights of its mean loss; a tensor: nothing waits."""
        tracker = next((metric for metric in self._keras_model.metrics if metric.name == "loss"), None)
        return np.zeros(()) if tracker is None else keras.ops.copy(tracker.count)

    def _predict(self, ids: SampleIds) -> Iterator[np.ndarray]:
        return self._feeding.predict(self._keras_model, ids)

    def _record_predictions(self, writer: RunWriter, epoch: int) -> None:
        """Save the predictions of an epoch if they are wanted, or needed for views, and not too large."""
        if not self._wants_predictions or not keeps_predictions(len(self.split.part("all")), self.data.outputs):
            return
        unseen = np.full((len(self.split.train), self.data.outputs), np.nan, np.float32)
        seen = [*self._predict(self.split.val), *self._predict(self.split.test)]
        writer.predictions(epoch, np.concatenate([unseen, *seen]), exact=not self._opens or self.data.task.is_numbers)

    @property
    def _wants_predictions(self) -> bool:
        return self._save_predictions or not self._opens

    def _kept_epoch(self, writer: RunWriter) -> tuple[int | None, bool]:
        """The epoch whose snapshot equals the weights of the model; if none does, the last one, which is replaced.

        Of several, the best one: with a learning rate of zero all are equal.

        Returns:
            The epoch, and whether its snapshot was equal.
        """
        weights, folder = named_values(self._keras_model, opens=self._opens), RunFolder.open(self.path)
        if not is_finite(weights):
            return None, False
        best = best_epoch(folder.history())
        for epoch in sorted(folder.epochs, key=lambda epoch: (epoch == best, epoch), reverse=True):
            snapshot = folder.snapshot(epoch)
            if all(np.array_equal(snapshot[name], value) for name, value in weights.items()):
                return epoch, True
        writer.snapshot(self._epochs, weights)
        self._record_predictions(writer, self._epochs)
        return self._epochs, False


def _validated_on(data: Dataset, pair: tuple[Any, Any]) -> Dataset:
    """A dataset with the samples that fit is validated on.

    Raises:
        UsageError: It has some already, or no samples and labels are given.
        DataError: They do not fit the dataset.
    """
    if "val" in data.sources or len(pair) != 2:
        raise UsageError(
            "validation_data must be a pair (x, y), of data without validation samples of their own",
            got=f"{len(pair)} entries and {data!r}",
            hint="leave it out, or give only the samples and their labels",
        )
    more = {f"{axis}_test": getattr(source, axis) for axis in "xy" if (source := data.sources.get("test")) is not None}
    train = data.sources["train"]
    held: dict[str, Any] = {"x_val": pair[0], "y_val": pair[1], "scale": data.scale}
    named: dict[str, Any] = {"class_names": data.class_names or None, "targets": data.targets or None}
    sources = Dataset.from_arrays(train.x, train.y, **held, **named, **more).sources
    return dataclasses.replace(data, sources=sources, origin={"kind": "arrays"}, naming=None)


@dataclass(frozen=True)
class Place:
    """A run folder to be made.

    Attributes:
        path: Where.
        replaces: Whether the run that is there is deleted first.
    """

    path: Path
    replaces: bool = False

    @classmethod
    def find(cls, path: Path, *, overwrite: bool) -> "Place":
        """Find a place for a new run.

        Raises:
            RunError: What is at the path is not a run.
        """
        if not path.exists():
            return cls(path)
        if not _is_run(path):
            raise RunError(
                f'"{path}" exists and is not a run folder',
                hint="choose another path",
            )
        if overwrite or path.absolute() in _BEGUN:
            return cls(path, replaces=True)
        free = next(each for each in _numbered(path) if not each.exists() or _failed(each))
        warn_user(f'a run is at "{path}" already: this one is recorded at "{free}"; pass overwrite=True to replace it')
        return cls(free, replaces=free.exists())

    def clear(self) -> None:
        """Delete the run that is replaced, unless another process is writing it.

        Raises:
            RunError: It is being written, or cannot be deleted.
        """
        if not self.replaces or not self.path.exists():
            return
        if not _is_run(self.path):
            raise RunError(f'"{self.path}" exists and is not a run folder, so it is not replaced', hint="move it away")
        RunWriter(self.path, RunFolder.open(self.path).manifest).close()  # raises where another process writes it
        try:
            shutil.rmtree(self.path)
        except OSError as error:
            raise RunError(
                f"cannot delete {error.filename or self.path}: {error.strerror or error}",
                hint="choose another path",
            ) from error

    def begun(self) -> None:
        """Remember that the folder holds no epoch yet."""
        _BEGUN.add(self.path.absolute())

    def recorded(self) -> None:
        """Forget it: the folder holds an epoch."""
        _BEGUN.discard(self.path.absolute())


def _numbered(path: Path) -> Iterator[Path]:
    """A path, and others that end with a number from 2."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.name}-{number}")


def _failed(path: Path) -> bool:
    return path.absolute() in _BEGUN and _is_run(path)


def _is_run(path: Path) -> bool:
    try:
        RunFolder.open(path)
    except (CutawayError, OSError):  # it is no run that can be replaced
        return False
    return not path.is_symlink()


def own_row(logs: Mapping[str, Any], **own: Any) -> dict[str, Any]:
    """A line of the history: what Keras logged, and our own entries under their own names.

    Args:
        logs: Metrics by name, as JSON has them.
        own: Our entries. A learning rate that Keras logged, as its callbacks do that change it, comes first.
    """
    row: dict[str, Any] = {"epoch": own["epoch"]}
    for name, value in logs.items():
        kept = name
        while kept in OWN or (kept in ONE_NUMBER and isinstance(value, list)) or (kept != name and kept in logs):
            kept = f"metric_{kept}"
        if kept != name:
            warn_user(f'the metric "{name}" has the name of an entry of every history: it is kept as "{kept}"')
        row[kept] = value
    row.setdefault("loss", None)
    row.setdefault("learning_rate", own["learning_rate"])
    return row | {name: value for name, value in own.items() if name in OWN}


def specification(model: keras.Model) -> tuple[dict[str, Any] | None, str]:
    """The specification of a model; if there is none, None and the reason."""
    try:
        return spec_of(model), ""
    except ModelError as error:
        return None, error.fault


def sample_shape(model: Any, data: Dataset) -> tuple[int, ...]:
    """The shape of one sample of the data as a model takes it.

    Raises:
        ModelError: It has not one input and one output, or they do not fit the data.
    """
    inputs, outputs = (getattr(model, name, None) or () for name in ("inputs", "outputs"))
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(
            f"the model must have one input and one output of known shape, got {len(inputs)} and {len(outputs)}",
            hint="fit a model with one of each" if inputs else f"compile and fit {WRAPPED}",
        )
    return fitting_shape(model, shape=data.shape, classes=data.outputs, numbers=data.task.is_numbers)


def on_host(tensor: Any) -> Any:
    """A tensor of any backend as a NumPy array."""
    return keras.ops.convert_to_numpy(tensor)


def plain(value: Any) -> Any:
    """A metric as JSON: a number, or lists of numbers, with None for NaN and infinities."""
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    return [plain(entry) for entry in value] if isinstance(value, list) else plain(on_host(value).tolist())


def named_values(model: keras.Model, *, opens: bool) -> dict[str, np.ndarray]:
    """The weights of a model by name: as snapshots have them where it can be opened again, else by their paths."""
    if opens:
        return get_weights(model)
    paths = [variable.path for variable in model.weights]
    if len(set(paths)) < len(paths):  # of layers inside layers, which may have equal names
        paths = [f"{number:04d}/{path}" for number, path in enumerate(paths)]
    values = [np.array(on_host(variable.value)) for variable in model.weights]
    # safetensors takes the kinds of numbers that NumPy has, bfloat16 is none of them
    return {p: v if v.dtype.kind in "fiub" else v.astype(np.float32) for p, v in zip(paths, values, strict=True)}


def is_finite(weights: Mapping[str, np.ndarray]) -> bool:
    """Whether all weights are finite numbers."""
    return all(bool(np.isfinite(value).all()) for value in weights.values())


def without_trainable(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A specification without the ``trainable`` of its layers, which may change from one fit to the next."""
    return {**spec, "layers": [{**x, "config": {**x["config"], "trainable": None}} for x in spec["layers"]]}
