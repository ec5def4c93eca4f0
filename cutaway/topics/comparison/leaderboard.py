"""Many runs, one line each: those that were judged on the same samples share a table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cutaway.errors import CutawayError, UnknownNameError, printable
from cutaway.results.table import Interval, Table, value
from cutaway.results.units import COUNT, TEXT, Unit, decimals, share
from cutaway.runs import RunSummary, sample_counts, summaries

LISTED = ("Run", "Status", "Dataset", "Epochs", "Val acc.", "Test acc.", "Val R2", "Test R2")
"""The columns of a list of runs, known without looking at their weights."""


@dataclass(frozen=True)
class RunRow:
    """A run in a table."""

    dataset: str = value("Dataset", TEXT, "The name of the dataset.")
    run: str = value("Run", TEXT, "The name of the run folder.")
    status: str = value("Status", TEXT, "Running, finished, stopped, failed or died.")
    model: str = value("Model", Unit("text", str, right=False, most=24), "The sizes of its layers.")
    epochs: int | None = value("Epochs", COUNT, "Finished epochs.")
    val_accuracy: float | None = value("Val acc.", share(), "Share of the validation samples predicted correctly.")
    accuracy: Interval | None = value(
        "Test acc.",
        share(),
        "Share of the test samples predicted correctly.",
        limits=("95% interval", "The 95% interval of that share (Wilson)."),
        digits=2,
    )
    val_r2: float | None = value("Val R2", decimals(3), "Share of the variance of validation targets explained.")
    r2: float | None = value("Test R2", decimals(3), "Share of the variance of the test targets that is explained.")
    cross_entropy: float | None = value("Cross-entropy", decimals(4), "Of the test samples, in nats.")
    loss: float | None = value("Loss", decimals(4), "Loss on the test samples, by the loss function of the run.")
    seconds: float | None = value("Seconds", decimals(1), "Seconds of the training.")
    parameters: int | None = value("Params", COUNT, "Values in the weights.")
    relabeled: int | None = value("Relabeled", COUNT, "Samples that a person gave another label before the training.")
    dropped: int | None = value("Left out", COUNT, "Samples that a person left out of the training.")

    @classmethod
    def of(cls, run: RunSummary, *, weighed: bool = True) -> "RunRow":
        """The row of a run that can be read.

        Args:
            run: The run.
            weighed: Whether to look at its weights.

        Raises:
            RunError: The snapshot of the kept epoch is damaged.
        """
        test = run.test or {}
        return cls(
            dataset=printable(run.data or ""),
            run=run.id,
            status=run.state,
            model=printable(run.model or ""),
            epochs=run.epochs,
            val_accuracy=run.val_accuracy,
            accuracy=Interval(test["accuracy"], *(run.interval or (None, None))) if "accuracy" in test else None,
            val_r2=run.val_r2,
            r2=test.get("r2"),
            cross_entropy=test.get("cross_entropy"),
            loss=test.get("loss"),
            seconds=run.seconds,
            parameters=run.parameters if weighed else None,
            relabeled=len(run.manifest.dataset.relabeled or {}),
            dropped=run.dropped,
        )


@dataclass(frozen=True)
class Leaderboard:
    """All runs of a folder.

    Attributes:
        folder: The folder.
        tables: Tables of runs that can be compared with each other, those with the most runs first: in each the most
            accurate on the test samples first, and those that were not tested last.
        damaged: Runs that cannot be read.
    """

    folder: Path
    tables: tuple[tuple[RunSummary, ...], ...]
    damaged: tuple[RunSummary, ...]

    def summary(self) -> dict[str, Any]:
        """Everything as one JSON-able mapping."""
        return {
            "folder": str(self.folder),
            "tables": [
                {
                    "dataset": runs[0].data,
                    "sha256": runs[0].manifest.dataset.sha256,
                    "test_samples": _test_samples(runs),
                    "split_seed": runs[0].manifest.split.get("seed"),
                    "runs": [
                        {
                            **row,
                            "interval": None
                            if row["accuracy_low"] is None
                            else [row["accuracy_low"], row["accuracy_high"]],
                        }
                        for row in _table(runs).records()
                    ],
                }
                for runs in self.tables
            ],
            "damaged": [{"run": run.id, "why": run.why} for run in self.damaged],
        }

    def declared(self) -> list[Table]:
        """The tables shown in a terminal."""
        return [self._declared(runs) for runs in self.tables]

    def _declared(self, runs: Sequence[RunSummary]) -> Table:
        sha256, table = runs[0].manifest.dataset.sha256, _table(runs)
        title = f"{printable(runs[0].data or '', 40)} ({sha256[:12]}), {_test_samples(runs):,} test samples"
        if sum(other[0].manifest.dataset.sha256 == sha256 for other in self.tables) > 1:
            title += f", split with seed {runs[0].manifest.split.get('seed')}"
        left_out = ["Dataset", "Status", "Val acc.", "Val R2", *_of_another_task(runs)]
        # losses differ for runs with label smoothing
        if all(text["Loss"] == text["Cross-entropy"] for text in table.texts()):
            left_out.append("Loss")
        if not any(table.values["relabeled"]) and not any(table.values["dropped"]):
            left_out += ["Relabeled", "Left out"]
        return replace(table.without(*left_out), title=title)


def leaderboard_of(folder: str | Path) -> Leaderboard:
    """Read all runs of a folder, without Keras.

    Raises:
        UnknownNameError: There is no such folder.
    """
    tables, damaged = dict[str, list[RunSummary]](), list[RunSummary]()
    for run in runs_in(folder):
        if run.is_damaged:
            damaged.append(run)
            continue
        try:
            RunRow.of(run)
        except CutawayError as error:
            damaged.append(replace(run, state="damaged", why=str(error)))
        else:
            tables.setdefault(run.judged_on or run.id, []).append(run)
    ordered = [tuple(sorted(runs, key=_rank)) for runs in tables.values()]
    return Leaderboard(Path(folder), tuple(sorted(ordered, key=len, reverse=True)), tuple(damaged))


def runs_in(folder: str | Path) -> list[RunSummary]:
    """All runs of a folder, oldest first, then those that are damaged.

    Raises:
        UnknownNameError: There is no such folder.
    """
    if not Path(folder).is_dir():
        raise UnknownNameError(f'no such folder: "{folder}"', hint="name a folder of runs")
    return summaries(folder)


def listed(runs: Sequence[RunSummary]) -> Table:
    """Runs in one table, in their order, with the facts known without looking at their weights."""
    columns = [name for name in LISTED if name not in _of_another_task(runs)]
    return Table.of(RunRow, [RunRow.of(run, weighed=False) for run in runs]).only(*columns)


def _of_another_task(runs: Sequence[RunSummary]) -> tuple[str, ...]:
    """Columns that none of some runs has: of numbers if all predict classes, and the other way round."""
    if not any(run.targets for run in runs):
        return "Val R2", "Test R2"
    return ("Val acc.", "Test acc.", "95% interval", "Cross-entropy") if all(run.targets for run in runs) else ()


def _table(runs: Sequence[RunSummary]) -> Table:
    return Table.of(RunRow, [RunRow.of(run) for run in runs])


def _rank(run: RunSummary) -> tuple[bool, float, float, str]:
    """What runs are sorted by: test accuracy or R2, then cross-entropy; those that were not tested come last."""
    if run.test is None:
        return True, 0.0, 0.0, run.id
    score = run.r2 if run.targets else run.test["accuracy"]
    return False, -(score or 0.0), run.test.get("cross_entropy", run.test["loss"]), run.id


def _test_samples(runs: Sequence[RunSummary]) -> int:
    return sample_counts(runs[0].manifest).get("test", 0)
