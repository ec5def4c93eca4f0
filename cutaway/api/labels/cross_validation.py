"""Cross-validation over all samples: what is trained, and the result of each fold, kept as soon as it is there."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.api.context import RunContext
from cutaway.cache import private_folder
from cutaway.checks import warn_user
from cutaway.data import Dataset, SampleIds, Split, Table, all_ids, first_equal
from cutaway.errors import Canceled
from cutaway.findings import HeldOut, deal_folds, keep_highest
from cutaway.progress import Progress, ProgressCallback, ignore_progress
from cutaway.runs import ResultStore, file_name

if TYPE_CHECKING:
    from cutaway.models import Model
    from cutaway.training import FoldTrainer, TrainingConfig, TrainingData

METHOD = 2
"""Number of the way in which folds are trained and kept; results of another one are computed again."""


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Which model is trained on which folds of which samples.

    Attributes:
        data: The dataset.
        ids: The samples, in order of source and row.
        spec: Specification of the model.
        config: Every setting; the number of epochs is `epochs` unless it is to be found.
        patience: Epochs without a lower held-out loss after which the first fold ends, which decides the number of
            epochs for all; None where the config has it.
        folds: Number of folds.
        seeds: Number of times that all folds are trained, each with other folds and other first weights.
        groups: int64 ``(sample,)``, samples that stay together in a fold, or None.
        store: Where results are kept; None where nothing can be.
        recipe: Name of the recipe that model and settings are from; None where they are those of a run.
    """

    data: Dataset = field(repr=False)
    ids: SampleIds
    spec: Mapping[str, Any] = field(repr=False)
    config: "TrainingConfig"
    patience: int | None
    folds: int
    seeds: int
    groups: np.ndarray | None = field(repr=False)
    store: ResultStore | None = field(repr=False)
    recipe: str | None = None

    @property
    def key(self) -> str:
        """A digest of everything that decides the result of one fold of one seed."""
        digest = hashlib.sha256(self.ids.source_index.tobytes() + self.ids.index.tobytes())
        settings = [METHOD, self.data.sha256, self.spec, self.config.model_dump(), self.patience, self.folds]
        digest.update(json.dumps(settings, sort_keys=True).encode())
        if self.groups is not None:
            digest.update(self.groups.tobytes())
        return digest.hexdigest()[:16]


def of_run(context: RunContext, *, folds: int, seeds: int, epochs: int | None) -> CrossValidation:
    """Cross-validation with the model and the settings of a run, and as many epochs as it kept."""
    from cutaway.training import TrainingConfig, recorded_config

    data, whole = context.data, context.named(context.split.part("all"))
    ids = whole.take(np.lexsort((whole.index, whole.source_index)))
    recipe = None
    if context.manifest.origin == "training" and context.opens:
        config, spec = recorded_config(context.manifest.config), context.spec
        kept = context.manifest.kept_epoch or config.epochs
        config = config.model_copy(update={"epochs": epochs or kept, "patience": None, "class_weight": None})
        config, patience = TrainingConfig.model_validate(config.model_dump()), None
    else:
        spec, config, patience, recipe = _default(data, samples=len(ids) * (folds - 1) // folds, epochs=epochs)
    store = context.folder.results
    groups = _groups(context.loaded, data, ids, store)
    return CrossValidation(data, ids, spec, config, patience, folds, seeds, groups, store, recipe)


def of_data(
    given: Dataset | Table, *, folds: int, seeds: int, epochs: int | None, on_progress: ProgressCallback
) -> CrossValidation:
    """Cross-validation with the default model for some data."""
    ids = all_ids(given)
    if isinstance(given, Table):
        ids = dataclasses.replace(ids, naming=given.row_names)
    nothing = ids.take(slice(0))
    everything = Split(train=ids, val=nothing, test=nothing, validation=0.25, seed=0)
    # what a preparation learns has nothing to do with labels, so that it may be fitted on all samples
    data = given.prepare(everything, on_progress=on_progress) if isinstance(given, Table) else given
    spec, config, patience, recipe = _default(data, samples=len(ids) * (folds - 1) // folds, epochs=epochs)
    store = _user_store()
    groups = _groups(given, data, ids, store)
    return CrossValidation(data, ids, spec, config, patience, folds, seeds, groups, store, recipe)


def held_out(setup: CrossValidation, *, on_progress: ProgressCallback) -> tuple[HeldOut, float, int]:
    """Train the folds that are not kept yet, and put together what they say.

    Returns:
        The probabilities, the accuracy out of sample, and the number of epochs.

    Raises:
        TrainingError: The loss became NaN or infinite.
        Canceled: `on_progress` raised it; folds that were finished are kept.
    """
    work = _Folds(setup, on_progress)
    held, accuracy = _put_together(work)
    return held, accuracy, work.epochs


def kept_held_out(setup: CrossValidation) -> HeldOut | None:
    """The probabilities, where all folds were trained before; nothing is trained."""
    work = _Folds(setup, ignore_progress, only_kept=True)
    held, _ = _put_together(work)
    return held if work.is_complete else None


def _put_together(work: "_Folds") -> tuple[HeldOut, float]:
    setup, labels = work.setup, work.labels
    classes, samples = setup.data.classes, len(labels)
    count = len(keep_highest(np.zeros((1, classes), np.float32), np.zeros(1, np.int64))[1][0])
    given = np.zeros((setup.seeds, samples), np.float32)
    others = np.zeros((setup.seeds, samples, count), np.int32)
    shares = np.zeros((setup.seeds, samples, count), np.float32)
    margins, trained, has_margins = np.zeros(samples, np.float64), np.zeros(samples, np.int64), True
    for seed, held, rest, kept in work:
        given[seed, held], others[seed, held], shares[seed, held] = kept["given"], kept["others"], kept["shares"]
        has_margins = has_margins and "margins" in kept
        if has_margins:
            margins[rest] += kept["margins"]
            trained[rest] += 1
    mean = (margins / np.maximum(trained, 1)).astype(np.float32) if has_margins else None
    right = given > shares[:, :, 0]
    return HeldOut(labels, given, others, shares, mean, classes), float(right.mean())


class _Folds:
    """The folds of all seeds, one after the other: each is read if it is kept, and trained and kept if not.

    Where only kept ones are asked for, they end before the first one that is not.
    """

    def __init__(self, setup: CrossValidation, on_progress: ProgressCallback, *, only_kept: bool = False) -> None:
        self.setup, self.on_progress, self.only_kept = setup, on_progress, only_kept
        self.labels = setup.data.y(setup.ids)
        self.epochs = setup.config.epochs
        self._trainer: FoldTrainer | None = None
        self._folds, self._trained = 0, 0  # folds done, and samples trained on in the one under way

    @property
    def is_complete(self) -> bool:
        """Whether all folds are done."""
        return self._folds == self.setup.folds * self.setup.seeds

    def __iter__(self) -> Iterator[tuple[int, np.ndarray, np.ndarray, dict[str, np.ndarray]]]:
        setup = self.setup
        for seed in range(setup.seeds):
            folds = deal_folds(self.labels, setup.folds, seed=seed, groups=setup.groups)
            for fold in range(setup.folds):
                held, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
                name = file_name("labels", setup.key, str(seed), f"{fold}.safetensors")
                kept = self._read(name, len(held), len(rest))
                if kept is None and self.only_kept:
                    return
                kept = kept or self._train(name, seed, fold, held, rest)
                self._folds, self._trained = self._folds + 1, 0
                self._report(0)
                yield seed, held, rest, kept

    def _train(self, name: str, seed: int, fold: int, held: np.ndarray, rest: np.ndarray) -> dict[str, np.ndarray]:
        data = self._data(rest, held)
        self._report(0)
        if self._trainer is None:
            self._trainer = self._make_trainer(data)
        found = self._trainer.train(data, seed=1000 * seed + fold, on_samples=self._report)
        given, others, shares = keep_highest(found.probabilities, self.labels[held])
        kept = {"given": given, "others": others, "shares": shares, "epochs": np.array([self.epochs])}
        if found.margins is not None:
            kept["margins"] = found.margins
        self._keep(name, kept)
        return kept

    def _make_trainer(self, data: "TrainingData") -> "FoldTrainer":
        from cutaway import models, training

        models.require_jax()
        training.keep_compiled_programs()
        setup, config = self.setup, self.setup.config
        model: Model = models.model_from_spec(dict(setup.spec), initialize=False)
        if setup.patience is not None:
            search = training.FoldTrainer(model, data, config=config)
            self.epochs = search.best_epochs(
                data, seed=0, patience=setup.patience, on_samples=lambda _: self._report(0)
            )
            config = config.model_copy(update={"epochs": self.epochs})
        return training.FoldTrainer(model, data, config=config)

    def _data(self, rest: np.ndarray, held: np.ndarray) -> "TrainingData":
        from cutaway.training import TrainingData

        setup, order = self.setup, np.concatenate([rest, held])
        ids = setup.ids.take(order)
        rows = setup.data.rows(ids)
        return TrainingData(
            x=setup.data.x(ids) if setup.data.in_memory else rows,
            y=self.labels[order],
            train=len(rest),
            val=len(held),
            scale=setup.data.scale,
            classes=setup.data.classes,
        )

    def _report(self, samples: int) -> None:
        """Report that so many more samples were trained on; cancels the work where that is asked for."""
        setup, self._trained = self.setup, self._trained + samples
        total = setup.folds * setup.seeds
        size = self.epochs * (len(self.labels) - len(self.labels) // setup.folds)  # of a fold, all epochs
        # the last fold ends when its result is kept, not with its last step
        done = total * size if self._folds == total else min(self._folds * size + self._trained, total * size - 1)
        note = f"fold {min(self._folds + 1, total)} of {total}"
        try:
            self.on_progress(Progress("cross-validation", done, total * size, "samples", note))
        except Canceled as error:
            kept = "" if setup.store is None else f"; {self._folds:,} of {total:,} folds are kept"
            rule = "labels are judged by the models of all folds"
            raise Canceled(rule, got=error.got, hint=f"run it again{kept}") from error

    def _read(self, name: str, held: int, rest: int) -> dict[str, np.ndarray] | None:
        from safetensors import SafetensorError
        from safetensors.numpy import load

        data = None if self.setup.store is None else self.setup.store.read(name)
        if data is None:
            return None
        try:
            kept = load(data)
            classes = self.setup.data.classes
            fits = kept["given"].shape == (held,) and kept["others"].shape == kept["shares"].shape
            fits = fits and kept["others"].shape[0] == held and kept.get("margins", np.zeros(rest)).shape == (rest,)
            fits = fits and kept["others"].min() >= 0 and kept["others"].max() < classes
            fits = fits and all(np.isfinite(kept[part]).all() for part in ("given", "shares"))
            self.epochs = int(kept["epochs"][0])
        except (SafetensorError, KeyError, ValueError, TypeError, IndexError):
            fits, kept = False, {}
        if not fits:
            warn_user(f"the result of a fold, {name}, is damaged and is computed again")
            return None
        return kept

    def _keep(self, name: str, kept: dict[str, np.ndarray]) -> None:
        from safetensors.numpy import save

        if self.setup.store is not None:
            self.setup.store.write(name, save(kept))


def kept_epochs(store: ResultStore, key: str) -> int | None:
    """The number of epochs of the trainings with a key, from their first fold; None where it is not kept."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = store.read(file_name("labels", key, "0", "0.safetensors"))
    try:
        return None if data is None else int(load(data)["epochs"][0])
    except (SafetensorError, KeyError, ValueError, TypeError, IndexError):
        return None


def _default(data: Dataset, *, samples: int, epochs: int | None) -> tuple[Mapping[str, Any], Any, int | None, str]:
    """Specification, config, patience and name of the default recipe for some data."""
    from cutaway import models, training

    recipe = training.find_recipe(training.recipe_for("default", table=data.preparation is not None))
    settings = {} if epochs is None else {"epochs": epochs}
    config = training.make_config(recipe.settings, samples=samples, accelerator=training.has_accelerator(), **settings)
    patience = None if epochs is not None else config.patience
    models.require_jax()
    model = models.mlp(recipe.hidden, dropout=recipe.dropout)
    models.build_model(model, shape=data.shape, classes=data.classes, seed=0)
    return models.spec_of(model), config.model_copy(update={"patience": None}), patience, recipe.name


def _groups(loaded: Dataset | Table, data: Dataset, ids: SampleIds, store: ResultStore | None) -> np.ndarray | None:
    """The group of each sample, int64 ``(sample,)``; None where each sample is its own.

    Where a column says which samples belong together it is this, and samples of "test" are their own groups. Otherwise
    equal samples are one group: a model would know the label of a sample from a copy that it was trained on.
    """
    column = loaded.extras["train"].get("group") if isinstance(loaded, Table) else None
    if column is None:
        first = _first_equal(data, ids, store)
        return None if (first == np.arange(len(ids))).all() else first
    first = int(column.max(initial=0)) + 1
    groups = first + np.arange(len(ids))
    train = ids.source_index == ids.sources.index("train")
    groups[train] = column[ids.index[train]]
    return groups


def _first_equal(data: Dataset, ids: SampleIds, store: ResultStore | None) -> np.ndarray:
    """For each sample the first one that equals it, int64 ``(sample,)``, kept so that rows are compared once."""
    from safetensors import SafetensorError
    from safetensors.numpy import load, save

    digest = hashlib.sha256(data.sha256.encode() + ids.source_index.tobytes() + ids.index.tobytes()).hexdigest()
    name = file_name("labels", "equal", f"{digest[:16]}.safetensors")
    kept = None if store is None else store.read(name)
    if kept is not None:
        try:
            first = load(kept)["first"]
            if first.shape == (len(ids),) and first.dtype == np.int64 and (first <= np.arange(len(ids))).all():
                return first
        except (SafetensorError, KeyError, ValueError, TypeError):
            pass
        warn_user(f"the list of equal samples, {name}, is damaged and is made again")
    first = first_equal(data.rows(ids)).astype(np.int64)
    if store is not None:
        store.write(name, save({"first": first}))
    return first


def _user_store() -> ResultStore | None:
    """The store in the user's cache, for data without a run."""
    try:
        return ResultStore(Path(os.fspath(private_folder("labels"))))
    except OSError as error:
        warn_user(f"results of folds are not kept, since the user's cache cannot be written: {error.strerror or error}")
        return None
