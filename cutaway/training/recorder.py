"""The recorder: a Keras callback that records the user's own ``fit`` in a run folder."""

import json
import math
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cutaway.data import Dataset, SampleIds, load_dataset, split_dataset
from cutaway.errors import ModelError, RunError
from cutaway.metrics import classification_metrics
from cutaway.models import check_fit, class_probabilities, get_weights, spec_of
from cutaway.runs import Manifest, RunFolder, RunWriter

from .manifest import known_config, new_manifest

BATCH = 2048
"""Samples of a batch of ``predict``."""


class Recorder(keras.callbacks.Callback):
    """Record ``model.fit(..., callbacks=[recorder])`` in a run folder, as `cutaway.train` does.

    Works with every Keras backend that can fit, and does not change the training. `cutaway.open_run` opens the folder,
    during the fit or later, and everything that a run offers works on it; what computes needs Keras on JAX.

    - There is a snapshot after each epoch; epoch 0 is the model before fit. The history has the names and values of
      Keras' own history, and learning_rate, seconds and samples_per_second.
    - A loss that becomes NaN or infinite is null in the history, and weights that are not finite are not saved.
    - When fit ends, the status becomes "finished", and the loss (cross-entropy) and accuracy on the test samples are
      measured. ``kept_epoch`` in run.json is the epoch whose weights the model has then, which may be an earlier one
      that EarlyStopping restored. Put the recorder last in `callbacks`, so that it sees what the others did. Averages
      that an optimizer swaps in at the end (``use_ema``) replace the last snapshot.
    - When fit raises, or the process dies, the status stays "running", and everything up to the last epoch is saved.
    - Another fit with the same recorder continues in the same folder, with the next epoch numbers.

    Args:
        path: The run folder to make, such as "runs/mine"; it must not exist yet.
        data: The `Dataset` that fit gets its samples from, or what `load_dataset` takes.
        validation: Share of training samples in ``recorder.split.val``, in (0, 1).
        seed: Random seed of the split; whole number from 0.
        predictions: Whether to save the predictions for each validation and test sample after each epoch. This takes
            one evaluation per epoch. Rows of training samples are NaN.

    Attributes:
        path: The run folder.
        data: The dataset.
        split: Its split: fit on ``data.inputs(recorder.split.train)`` and ``data.y(recorder.split.train)``. If fit sees
            test samples, the recorded test accuracy means nothing.

    Raises:
        CutawayError: The data, the share or the seed is wrong; see `load_dataset` and `cutaway.train`.
        ModelError: On ``fit``: the model is not of allow-listed layers, does not fit the data, or is not the model of
            the fit before; nothing has been written.
        RunError: On ``fit``: the folder cannot be created or written.
    """

    def __init__(
        self,
        path: str | Path,
        data: Dataset | str | Path,
        *,
        validation: float = 0.25,
        seed: int = 0,
        predictions: bool = False,
    ) -> None:
        super().__init__()
        self.path = Path(path)
        self.data = data if isinstance(data, Dataset) else load_dataset(data)
        self.split = split_dataset(self.data, validation=validation, seed=seed)
        self._save_predictions = predictions
        self._manifest: Manifest | None = None
        self._epochs = 0
        self._batch_size: int | None = None
        self._seen: Any = None
        self._start = self._epoch_start = 0.0

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Create the run folder with the first snapshot, or open it again."""
        model, spec = self._keras_model, self._checked_spec()
        self._start, self._batch_size = time.perf_counter(), None
        if self._manifest:
            with self._writing() as writer:
                writer.update(status="running", model=spec, config=self._config(model))
            return
        manifest = new_manifest(
            origin="keras fit",
            data=self.data,
            split=self.split,
            model=model,
            config=self._config(model),
            first_weights="as the model had them",
        )
        writer = RunWriter.create_at(self.path, manifest=manifest)
        self._manifest = writer.manifest
        writer.close()
        with self._writing() as writer:
            writer.snapshot(0, get_weights(model))

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Start the epoch's clock."""
        self._epoch_start, self._seen = time.perf_counter(), None

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Find out the batch size, which fit does not tell: samples counted after the first call / its batches."""
        if batch and self._batch_size is None:
            self._batch_size = int(_on_host(self._count_samples())) // batch

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Save the count of the epoch's samples before validation starts its own."""
        self._seen = self._count_samples()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Write the epoch to disk, its line in the history last: what the history lists is on disk."""
        seconds, model = time.perf_counter() - self._epoch_start, self._keras_model
        weights = get_weights(model)
        seen = int(_on_host(self._count_samples() if self._seen is None else self._seen))
        row = {"epoch": self._epochs + 1, **{name: plain(value) for name, value in (logs or {}).items()}}
        row.setdefault("learning_rate", _learning_rate(model))  # callbacks that change it report it themselves
        row |= {"seconds": round(seconds, 4), "samples_per_second": round(seen / seconds, 1)}
        with self._writing() as writer:
            if _finite(weights):
                writer.snapshot(self._epochs + 1, weights)
                if self._save_predictions:
                    writer.predictions(self._epochs + 1, self._predictions())
            if self._batch_size != writer.manifest.config["batch_size"]:
                writer.update(config={**writer.manifest.config, "batch_size": self._batch_size})
            writer.epoch(row)
        self._epochs += 1

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Evaluate the test samples and write how the run ended."""
        seconds = time.perf_counter() - self._start
        test = classification_metrics(self._predict(self.split.test), self.data.y(self.split.test))
        with self._writing() as writer:
            kept_epoch = self._kept_epoch(writer)
            before = writer.manifest.cost.get("training", 0.0)
            cost = {"training": round(before + seconds, 3)}
            writer.finish("finished", test=test, kept_epoch=kept_epoch, cost=cost)

    @property
    def _keras_model(self) -> Any:
        """The model; on JAX, Keras' own property brings its weights up to date first."""
        return self.model

    def _checked_spec(self) -> dict[str, Any]:
        spec = spec_of(self._keras_model)
        check_fit(self._keras_model, shape=self.data.shape, classes=self.data.classes)
        before = self._manifest and self._manifest.model
        if before and _without_trainable(spec) != _without_trainable(before.to_record()):
            raise ModelError(
                "a recorder records a single model",
                got=f'"{spec["name"]}" after "{before.name}", with other layers or another name',
                hint="make a Recorder with its own path for each model",
            )
        return spec

    def _config(self, model: Any) -> dict[str, Any]:
        """The fields of a `TrainingConfig` as far as they are known; the others are None."""
        optimizer, loss = model.optimizer, model.loss
        return known_config(
            epochs=self._epochs + (self.params or {}).get("epochs", 0),
            optimizer=type(optimizer).__name__.lower(),
            learning_rate=_learning_rate(model),
            momentum=getattr(optimizer, "momentum", None),
            weight_decay=getattr(optimizer, "weight_decay", None),
            loss=loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", str(loss))),
            label_smoothing=getattr(loss, "label_smoothing", None),
            validation=self.split.validation,
            seed=self.split.seed,
        )

    @contextmanager
    def _writing(self) -> Generator[RunWriter]:
        """The writer, open only while something is written: a fit that raises leaves nothing open."""
        assert self._manifest is not None  # made when fit began
        try:
            writer = RunWriter(self.path, self._manifest)
            try:
                yield writer
            finally:
                self._manifest = writer.manifest
                writer.close()
        except OSError as error:
            raise RunError(
                "a recorder must be able to write its run folder",
                got=f"{error.strerror or error} at {error.filename or self.path}",
                hint="free some space and fit again, with another path if the folder is gone",
            ) from error

    def _count_samples(self) -> Any:
        """Samples since Keras last reset its metrics, the weights of its mean loss; a tensor, so that nothing waits."""
        tracker = next(metric for metric in self._keras_model.metrics if metric.name == "loss")
        return keras.ops.copy(tracker.count)

    def _predict(self, ids: SampleIds) -> np.ndarray:
        """Predictions for some samples, float32 ``(sample, class)``."""
        model = self._keras_model
        rows = self.data.inputs(ids).reshape(len(ids), *model.inputs[0].shape[1:])
        return class_probabilities(model, model.predict(rows, batch_size=BATCH, verbose=0))

    def _predictions(self) -> np.ndarray:
        unseen = np.full((len(self.split.train), self.data.classes), np.nan, np.float32)
        return np.concatenate([unseen, self._predict(self.split.val), self._predict(self.split.test)])

    def _kept_epoch(self, writer: RunWriter) -> int | None:
        """The epoch whose snapshot equals the weights of the model; if none does, the last one, which is replaced."""
        weights, folder = get_weights(self._keras_model), RunFolder.open(self.path)
        if not _finite(weights):
            return None
        for epoch in reversed(folder.epochs):
            snapshot = folder.snapshot(epoch)
            if all(np.array_equal(snapshot[name], value) for name, value in weights.items()):
                return epoch
        writer.snapshot(self._epochs, weights)
        return self._epochs


def plain(value: Any) -> Any:
    """A metric as JSON: a number, or lists of numbers, with None for NaN and infinities."""
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    return [plain(entry) for entry in value] if isinstance(value, list) else plain(_on_host(value).tolist())


def _finite(weights: Mapping[str, np.ndarray]) -> bool:
    return all(bool(np.isfinite(value).all()) for value in weights.values())


def _learning_rate(model: Any) -> float:
    return float(_on_host(model.optimizer.learning_rate))


def _on_host(tensor: Any) -> Any:
    """A tensor of any backend as a NumPy array."""
    return keras.ops.convert_to_numpy(tensor)


def _without_trainable(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A specification without the ``trainable`` of its layers, which may change from one fit to the next."""
    layers = [{**layer, "config": {**layer["config"], "trainable": None}} for layer in spec["layers"]]
    return json.loads(json.dumps({**spec, "layers": layers}))  # as a file has it, with lists for tuples
