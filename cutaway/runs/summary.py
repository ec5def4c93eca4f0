"""A run as a row, the same in all lists of runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median_low
from typing import Any, cast

from cutaway.errors import CutawayError, printable
from cutaway.metrics import NUMBER_MEASURES, Interval, wilson_interval
from cutaway.words import evenly_spaced

from .folder import DamagedRun, RunFolder, kept_so_far, list_runs, read_title
from .layout import HISTORY, MANIFEST, RUNS, TITLE
from .manifest import Manifest

SUMMARY = 10
"""Version of the fields of a summary and their computation: cached ones with another number are made again."""

WATCHED = (MANIFEST, HISTORY, TITLE)
"""The files that decide a summary, together with whether the process that trains the run is still there."""

SHOWN = ("model", "test", "cost", "split")
"""Sections of run.json that a list shows something of."""

CURVE = 40
"""Maximum number of points of a small curve."""

CURVES = ("loss", "val_loss")
"""Loss, since overfitting is seen there."""

RATED = 3
"""Epochs whose median time the next ones are expected to take: the first one has the compilation in it."""

LONG = 30.0
"""Seconds of a first epoch that says by itself how long the others take: the compilation is a small part of it."""

MOST_SAMPLES = 2**40
"""Samples of a run at most: more were not counted."""


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """A run as lists show it.

    Of one that cannot be read, ``id``, ``state``, ``why`` and ``title`` are known, and nothing else.

    Attributes:
        id: Name of the folder.
        state: "running", "finished", "stopped", "failed", "died" or "damaged".
        why: Why it failed or cannot be read, a line; None if there is nothing to explain.
        title: Its title, given by a person; may be empty.
        called: Its title, or else its data and its model in words.
        created: Date and time of its begin in UTC, ISO 8601.
        origin: "training" by cutaway, a user's own "keras fit", or a ready-made "model".
        data: Name of the dataset.
        model: The sizes of its layers, "28x28-512-10"; "layers not known" of a model that does not open.
        settings: What its training was given, by name, and "without", the columns that it was trained without.
        like: The run that it was trained like, if any.
        judged_on: Digest of the samples behind `accuracy`: runs that share it can be compared. None if not known.
        accuracy: Share of these samples that it predicts correctly, 0..1; None if not known yet.
        epochs: The last epoch that has ended, from 1; 0 before.
        planned: Requested number of epochs.
        val_accuracy: Share of the validation samples that the kept epoch predicts correctly; while it trains, the epoch
            that it would keep now.
        val_epoch: That epoch.
        tested: Number of test samples; None if it is not known.
        test: ``loss``, ``accuracy`` and ``cross_entropy`` of the test samples at the kept epoch, the last one without
            label smoothing; of numbers, ``loss`` and what `number_metrics` returns; None if it was not tested.
        r2: R2 of the samples behind `judged_on`, of numbers; None if not known yet.
        val_r2: R2 of the validation samples, as `val_accuracy`.
        targets: Names of the numbers that are predicted; none of classes.
        baseline: Accuracy of always predicting the largest class of the test samples.
        seconds: Seconds of the training.
        curves: `CURVES` by epoch, at most `CURVE` values each.
        progress: While it trains, how far it is: ``epoch`` (the one under way), ``share`` of all epochs that is done,
            0..1, ``rate`` in samples per second, and ``seconds_left``; None for values not known yet.
        folder: The run itself.
    """

    id: str
    state: str
    why: str | None = None
    title: str = ""
    called: str = ""
    created: str | None = None
    origin: str | None = None
    data: str | None = None
    model: str | None = None
    settings: dict[str, str | float | None] | None = None
    like: str | None = None
    judged_on: str | None = None
    accuracy: float | None = None
    epochs: int | None = None
    planned: int | None = None
    val_accuracy: float | None = None
    val_epoch: int | None = None
    tested: int | None = None
    test: dict[str, float] | None = None
    r2: float | None = None
    val_r2: float | None = None
    targets: list[str] = field(default_factory=list[str])
    baseline: float | None = None
    seconds: float | None = None
    curves: dict[str, list[float | None]] | None = None
    progress: dict[str, Any] | None = None
    folder: RunFolder | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, run: RunFolder | DamagedRun) -> "RunSummary":
        """The summary of a run; nothing but run.json, the history and the title is read."""
        title = read_title(run.path)
        try:
            if isinstance(run, RunFolder):
                return _summary(run, title)
            why = run.why
        except CutawayError as error:
            why = str(error)
        except OSError as error:
            why = error.strerror or str(error)
        return cls(id=run.path.name, state="damaged", why=printable(why), title=title, called=title)

    def row(self) -> dict[str, Any]:
        """All but the folder, JSON-able; only the known fields if the run cannot be read."""
        known = {name: value for name, value in vars(self).items() if name != "folder"}
        return known if self.folder is not None else {name: known[name] for name in ("id", "state", "why", "title")}

    @property
    def is_damaged(self) -> bool:
        """Whether a field for lists is unreadable; `why` gives the reason."""
        return self.state == "damaged" or any(name in self.manifest.damaged for name in SHOWN)

    @property
    def manifest(self) -> Manifest:
        """The content of run.json, of a run that can be read."""
        assert self.folder is not None
        return self.folder.manifest

    @property
    def interval(self) -> Interval | None:
        """Wilson's 95% interval of the test accuracy; None if it was not tested."""
        test, tested = self.test, self.tested
        if not test or not tested or "accuracy" not in test:
            return None
        return wilson_interval(round(test["accuracy"] * tested), tested)

    @property
    def parameters(self) -> int | None:
        """Number of values in the weights of the kept epoch, without reading them; None without a snapshot.

        Raises:
            RunError: The run or the snapshot is damaged.
        """
        return None if self.folder is None else self.folder.parameters()

    @property
    def dropped(self) -> int | None:
        """Number of samples that a person left out of the training; None if run.json does not say."""
        membership = self.manifest.split.get("membership")
        named = cast("dict[str, Any]", membership) if isinstance(membership, dict) else {}
        sizes: list[Any] = [each.get("samples") for each in named.values() if isinstance(each, dict)]
        whole = bool(sizes) and all(map(_is_count, sizes))
        return max(0, sum(sizes) - sum(sample_counts(self.manifest).values())) if whole else None


def summaries(runs: Path | str = RUNS) -> list[RunSummary]:
    """All runs of a folder, in the order of `list_runs`."""
    return [RunSummary.of(each) for each in list_runs(runs)]


def sample_counts(manifest: Manifest) -> dict[str, int]:
    """How many samples of a run are in "train", "val" and "test", as far as it says so."""
    counts: Any = manifest.split.get("counts")
    known = cast("dict[str, Any]", counts).items() if isinstance(counts, dict) else ()
    return {part: count for part, count in known if _is_count(count)}


def _summary(folder: RunFolder, title: str) -> RunSummary:
    manifest, rows, state = folder.manifest, folder.history(), folder.state
    planned = manifest.config.get("epochs")
    damage = folder.damage or next((manifest.damaged[name] for name in SHOWN if name in manifest.damaged), None)
    why, kept = str(damage) if damage else manifest.why, kept_so_far(manifest, rows)
    val_accuracy = next((_number(row, "val_accuracy") for row in rows if row["epoch"] == kept), None)
    val_r2 = next((_number(row, "val_r2") for row in rows if row["epoch"] == kept), None)
    measured = ("loss", "accuracy", "cross_entropy") if not manifest.dataset.targets else NUMBER_MEASURES
    test = manifest.test and {name: manifest.test[name] for name in measured if name in manifest.test}
    tested = sample_counts(manifest).get("test")
    held = None if tested or state == "running" else (val_accuracy, val_r2)
    given = {"without": manifest.without, **manifest.config}
    return RunSummary(
        id=folder.path.name,
        state=state,
        why=why and printable(why),
        title=title,
        called=title or manifest.in_words,
        created=manifest.created,
        origin=manifest.origin,
        data=manifest.dataset.name,
        model="layers not known" if manifest.model is None else manifest.model.sizes,
        settings={name: each for name, each in given.items() if isinstance(each, str | int | float | None)},
        like=manifest.like and manifest.like.run,
        judged_on=manifest.judged_on,
        accuracy=test.get("accuracy") if test else held and held[0],
        r2=test.get("r2") if test else held and held[1],
        val_r2=val_r2,
        targets=[*manifest.dataset.targets],
        epochs=rows[-1]["epoch"] if rows else 0,
        planned=planned if isinstance(planned, int) else None,
        val_accuracy=val_accuracy,
        val_epoch=kept,
        tested=tested,
        test=test,
        baseline=manifest.baseline,
        seconds=manifest.cost.get("training"),
        curves={name: [_rounded(_number(row, name)) for row in evenly_spaced(rows, CURVE)] for name in CURVES},
        progress=_progress(folder, rows) if state == "running" else None,
        folder=folder,
    )


def _progress(folder: RunFolder, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How far a training is; see `RunSummary.progress`."""
    planned = folder.manifest.config.get("epochs")
    planned = planned if isinstance(planned, int) and planned > 0 else None
    done = rows[-1]["epoch"] if rows else 0
    seconds = [_number(row, "seconds") or 0.0 for row in rows[-RATED:]]
    rate = _number(rows[-1], "samples_per_second") if rows else None
    within = 0.0
    between = folder.history(kind="progress")
    if between and between[-1]["epoch"] == done + 1 and rate and seconds[-1]:
        within = min(1.0, (_number(between[-1], "samples") or 0.0) / (rate * seconds[-1]))
    left = None
    if planned is not None and all(seconds) and (len(seconds) > 1 or sum(seconds) >= LONG):
        left = max(0.0, planned - done - within) * median_low(seconds)
    return {
        "epoch": done + 1 if planned is None else min(done + 1, planned),
        "share": None if planned is None else min(1.0, (done + within) / planned),
        "rate": rate or None,
        "seconds_left": left,
    }


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < MOST_SAMPLES


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _rounded(value: float | None) -> float | None:
    """With four digits, which is more than a small curve shows."""
    return None if value is None else float(f"{value:.4g}")
