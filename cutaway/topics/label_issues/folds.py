"""The folds of a cross-validation: each is read if it is kept, and trained and kept as soon as it is there if not."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from cutaway.cache import CachedResult, cached
from cutaway.checks import warn_user
from cutaway.errors import Canceled
from cutaway.execution import run_tasks
from cutaway.findings import HeldOut, deal_folds, keep_highest
from cutaway.progress import Progress, ProgressCallback, ignore_progress
from cutaway.runs import FoldStore

from .cross_validation import METHOD, CrossValidation
from .fold_tasks import FoldTask, find_epochs, forget_trainer, held_and_rest, train_fold


def held_out(
    setup: CrossValidation, *, engine: str | None = None, on_progress: ProgressCallback
) -> tuple[HeldOut, float, int]:
    """Train the folds that are not kept yet, and put together what they say.

    Args:
        setup: What is trained.
        engine: Where folds are trained, as `cutaway.execution.ENGINES` says; here, one after the other, if None.
        on_progress: Told how far it is.

    Returns:
        The probabilities, the accuracy out of sample, and the number of epochs.

    Raises:
        TrainingError: The loss became NaN or infinite.
        Canceled: `on_progress` raised it; folds that were finished are kept.
        ExecutionError: The engine cannot be reached or lost its workers; folds that were finished are kept.
    """
    work = _Folds(setup, on_progress)
    try:
        if engine is not None:
            work.train_elsewhere(engine)
        return _put_together(work)
    finally:
        forget_trainer()


def kept_held_out(setup: CrossValidation) -> tuple[HeldOut, float, int] | None:
    """What `held_out` returns, where all folds were trained before; nothing is trained."""
    work = _Folds(setup, ignore_progress, only_kept=True)
    found = _put_together(work)
    return found if work.is_complete else None


def _put_together(work: "_Folds") -> tuple[HeldOut, float, int]:
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
    return HeldOut(labels, given, others, shares, mean, classes), float(right.mean()), work.epochs


class _Folds:
    """The folds of all seeds, one after the other: each is read if it is kept, and trained and kept if not.

    If only kept ones are requested, they end before the first one that is not kept.
    """

    def __init__(self, setup: CrossValidation, on_progress: ProgressCallback, *, only_kept: bool = False) -> None:
        self.setup, self.on_progress, self.only_kept = setup, on_progress, only_kept
        self.labels = setup.data.y(setup.ids)
        self.epochs = setup.config.epochs
        self._is_found = setup.patience is None  # whether the number of epochs is known
        self._is_here = True  # whether folds are trained in this process
        self._keeps = True  # whether folds can be kept
        self._folds, self._trained = 0, 0  # folds done, and samples trained on in the one under way
        self._from_cache = 0  # folds read from the cache
        self._results: dict[tuple[int, int], dict[str, np.ndarray]] = {}  # of folds that were trained elsewhere

    @property
    def is_complete(self) -> bool:
        """Whether all folds are done."""
        return self._folds == self.setup.folds * self.setup.seeds

    @cached_property
    def _dealt(self) -> np.ndarray:
        """The fold of each sample, uint8 ``(seed, sample)``."""
        setup = self.setup
        deal = (deal_folds(self.labels, setup.folds, seed=s, groups=setup.groups) for s in range(setup.seeds))
        return np.stack([folds.astype(np.uint8) for folds in deal])

    @cached_property
    def _arrays(self) -> dict[str, np.ndarray]:
        """What all tasks read."""
        rows = self.setup.data.rows(self.setup.ids)
        inputs = {f"x{number:03}": source for number, source in enumerate(rows.sources)}
        places = {"source_index": rows.source_index, "index": rows.index}
        return {"labels": self.labels, "folds": self._dealt, **places, **inputs}

    @cached_property
    def _key(self) -> str:
        return self.setup.key

    def _task(self, seed: int = 0, fold: int = 0) -> FoldTask:
        data, config = self.setup.data, self.setup.config.model_copy(update={"epochs": self.epochs})
        return FoldTask(
            key=self._key,
            spec=self.setup.spec,
            config=config,
            scale=data.scale,
            classes=data.classes,
            in_memory=data.in_memory,
            seed=seed,
            fold=fold,
        )

    def _cached(self, seed: int, fold: int) -> CachedResult:
        """The place of a fold of data without a run."""
        return cached("fold", self._key, seed, fold, method=METHOD)

    def __iter__(self) -> Iterator[tuple[int, np.ndarray, np.ndarray, dict[str, np.ndarray]]]:
        for seed, fold in self._places():
            held, rest = held_and_rest(seed, fold, self._dealt)
            elsewhere = self._results.pop((seed, fold), None)
            read = None if elsewhere else self._read(seed, fold)
            if elsewhere is None and read is None and self.only_kept:
                return
            kept = elsewhere or read or self._train(seed, fold)
            self._folds, self._trained, self._from_cache = self._folds + 1, 0, self._from_cache + (read is not None)
            if read is None or self.is_complete:  # the bar counts the folds trained now
                self._report(0)
            yield seed, held, rest, kept

    def _places(self) -> list[tuple[int, int]]:
        return [(seed, fold) for seed in range(self.setup.seeds) for fold in range(self.setup.folds)]

    def _train(self, seed: int, fold: int) -> dict[str, np.ndarray]:
        self._report(0)
        if (patience := self.setup.patience) is not None and not self._is_found:
            self._found(find_epochs((self._task(), patience), self._arrays, lambda _: self._report(0)))
        kept = train_fold(self._task(seed, fold), self._arrays, self._report)
        self._keep(seed, fold, kept)
        return kept

    def _found(self, epochs: int) -> None:
        self.epochs, self._is_found = epochs, True

    def train_elsewhere(self, engine: str) -> None:
        """Train the folds that are not kept yet on an engine; what each says is kept as soon as it is there."""
        # from the first on, since a kept one has the number of epochs
        missing = [place for place in self._places() if self._read(*place) is None]
        if not missing:
            return
        common: dict[str, Any] = {"arrays": self._arrays, "engine": engine}
        self._is_here = False
        if (patience := self.setup.patience) is not None and not self._is_found:
            said: dict[str, Any] = {"name": "number of epochs", "unit": "training", "on_progress": self.on_progress}
            self._found(run_tasks(find_epochs, [(self._task(), patience)], **common, **said)[0])

        def on_result(place: int, kept: dict[str, np.ndarray]) -> None:
            self._results[missing[place]] = kept
            self._keep(*missing[place], kept)

        before, total = len(self._places()) - len(missing), len(self._places())

        def on_progress(now: Progress) -> None:
            if not now.ended:  # reported once the results are put together
                self._tell(Progress("cross-validation", before + now.done, total, "folds", now.note))

        tasks = [self._task(*place) for place in missing]
        run_tasks(train_fold, tasks, **common, on_result=on_result, on_progress=on_progress)

    def _report(self, samples: int) -> None:
        """Report that N more samples were trained on; cancels the work on request."""
        setup, self._trained = self.setup, self._trained + samples
        total = setup.folds * setup.seeds
        if self._from_cache == total:
            self._tell(Progress("cross-validation", 0, total, "folds"))
            self._tell(Progress("cross-validation", total, total, "folds", "from the cache"))
            return
        if not self._is_here:
            if self._folds == total:
                self._tell(Progress("cross-validation", total, total, "folds"))
            return
        size = self.epochs * (len(self.labels) - len(self.labels) // setup.folds)  # of a fold, all epochs
        # the last fold ends when its result is kept, not with its last step
        done = total * size if self._folds == total else min(self._folds * size + self._trained, total * size - 1)
        note = f"fold {min(self._folds + 1, total)} of {total}"
        note += f", {self._from_cache} from the cache" if self._from_cache else ""
        self._tell(Progress("cross-validation", done, total * size, "samples", note))

    def _tell(self, now: Progress) -> None:
        try:
            self.on_progress(now)
        except Canceled as error:
            total = self.setup.folds * self.setup.seeds
            count = self._folds + len(self._results)
            kept = f"; {count:,} of {total:,} folds are kept" if self._keeps else ""
            rule = "the check of the labels was canceled"
            raise Canceled(rule, got=error.got, hint=f"run it again{kept}") from error

    def _read(self, seed: int, fold: int) -> dict[str, np.ndarray] | None:
        if self.setup.store is None:
            kept = self._cached(seed, fold).read()
        else:
            kept = self._read_of_run(self.setup.store, seed, fold)
        if kept is not None:
            self._found(int(kept["epochs"][0]))
        return kept

    def _read_of_run(self, store: FoldStore, seed: int, fold: int) -> dict[str, np.ndarray] | None:
        """A fold from the folder of a run, which may come from a stranger."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        name, held = fold_name(self._key, seed, fold), int((self._dealt[seed] == fold).sum())
        rest = len(self.labels) - held
        data = store.read(name)
        if data is None:
            return None
        try:
            kept = load(data)
            classes = self.setup.data.classes
            fits = kept["given"].shape == (held,) and kept["others"].shape == kept["shares"].shape
            fits = fits and kept["others"].shape[0] == held and kept.get("margins", np.zeros(rest)).shape == (rest,)
            fits = fits and kept["others"].min() >= 0 and kept["others"].max() < classes
            fits = fits and all(np.isfinite(kept[part]).all() for part in ("given", "shares"))
            int(kept["epochs"][0])
        except (SafetensorError, KeyError, ValueError, TypeError, IndexError):
            fits, kept = False, {}
        if not fits:
            warn_user(f"the fold {name} is damaged and is trained again")
            return None
        return kept

    def _keep(self, seed: int, fold: int, kept: dict[str, np.ndarray]) -> None:
        from safetensors.numpy import save

        if self.setup.store is None:
            self._keeps = self._cached(seed, fold).write(kept)
        else:
            self._keeps = self.setup.store.write(fold_name(self._key, seed, fold), save(kept))


def fold_name(key: str, seed: int, fold: int) -> str:
    """Name of the file of a fold in the folder of a run."""
    return f"{key}-{seed}-{fold}.safetensors"


def kept_epochs(store: FoldStore, key: str) -> int | None:
    """The number of epochs of the trainings with a key, from their first fold; None if it is not kept."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = store.read(fold_name(key, 0, 0))
    try:
        return None if data is None else int(load(data)["epochs"][0])
    except (SafetensorError, KeyError, ValueError, TypeError, IndexError):
        return None
