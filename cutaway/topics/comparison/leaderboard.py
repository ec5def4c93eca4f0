"""Many runs, one line each: those that were tested on the same samples share a table."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cutaway.checks import check_whole
from cutaway.context import RunContext
from cutaway.errors import CutawayError, UnknownNameError, UsageError, printable
from cutaway.metrics import Interval, wilson_interval
from cutaway.results.notebook import NotebookDisplay, declared_html
from cutaway.results.table import Table, column
from cutaway.results.units import COUNT, TEXT, Unit, decimals, interval, number, share
from cutaway.runs import RUNS, DamagedRun, Manifest, list_runs

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure

LINES = (
    column("run", "Run", TEXT, "The name of the run folder."),
    column("model", "Model", Unit("text", str, right=False, most=24), "Its layers in a few words."),
    column("epochs", "Epochs", COUNT, "Finished epochs."),
    column("accuracy", "Test acc.", share(), "Share of the test samples that is predicted correctly."),
    column("accuracy_low accuracy_high", "95% interval", interval(2), "The 95% interval of that share (Wilson)."),
    column("cross_entropy", "Cross-entropy", decimals(4), "Of the test samples, without label smoothing, in nats."),
    column("loss", "Loss", decimals(4), "Loss on the test samples, by the loss function of the run."),
    column("seconds", "Seconds", decimals(1), "Seconds of the training."),
    column("parameters", "Params", COUNT, "Values in the weights."),
    column("relabeled", "Relabeled", COUNT, "Samples that a person gave another label before the training."),
    column("dropped", "Left out", COUNT, "Samples that a person left out of the training."),
)
"""Runs that were tested on the same samples."""

FURTHER = (
    column("table", "Table", COUNT, "Number of the table, from 1: runs in one were tested on the same samples."),
    column("dataset", "Dataset", TEXT, "The name of the dataset."),
    column("status", "Status", TEXT, "Running, finished, stopped or failed."),
)
"""What programs see as well."""

NAMES = (
    *("table", "dataset", "run", "status", "model", "epochs", "accuracy", "loss", "seconds", "parameters"),
    *("relabeled", "dropped", "cross_entropy", "accuracy_low", "accuracy_high"),
)
"""The order that programs see."""


@dataclass(frozen=True)
class RunLine:
    """A run in a table.

    Attributes:
        run: Name of its folder.
        status: "running", "finished", "stopped" or "failed".
        model: Its layers in a few words.
        epochs: Number of finished epochs.
        accuracy: Share of the test samples that it predicts correctly; None where it was not tested.
        interval: Wilson's 95% interval of it.
        loss: Loss on the test samples as it was recorded, by the run's own loss function: with label smoothing, if so.
        seconds: Seconds of the training; None where they are not known.
        parameters: Number of values in its weights; None where there are none.
        relabeled: Number of samples that a person gave another label before the training.
        dropped: Number of samples that a person left out of it.
        cross_entropy: Cross-entropy of the test samples without label smoothing, in nats; None where it was not tested.
    """

    run: str
    status: str
    model: str
    epochs: int
    accuracy: float | None
    interval: Interval | None
    loss: float | None
    seconds: float | None
    parameters: int | None
    relabeled: int = 0
    dropped: int = 0
    cross_entropy: float | None = None


@dataclass(frozen=True)
class RunTable:
    """Runs that were tested on the same samples, the most accurate first; those that were not tested come last.

    Attributes:
        dataset: Name of their dataset.
        sha256: Its digest, hexadecimal.
        test_samples: Number of test samples.
        split_seed: Random seed of the split in the first run; it decides the test samples of data without their own.
        lines: The runs.
    """

    dataset: str
    sha256: str
    test_samples: int
    split_seed: int
    lines: tuple[RunLine, ...]


@dataclass(frozen=True)
class Leaderboard(NotebookDisplay):
    """All runs of a folder.

    Attributes:
        folder: The folder.
        tables: Tables of runs that can be compared with each other, those with the most runs first.
        damaged: Runs that cannot be read, with the reason.
    """

    folder: Path
    tables: tuple[RunTable, ...] = field(repr=False)
    damaged: tuple[DamagedRun, ...] = field(repr=False)

    def __repr__(self) -> str:
        runs, tables = sum(len(table.lines) for table in self.tables), len(self.tables)
        first = self.tables[0].lines[0] if self.tables else None
        best = f", best {first.run} with {first.accuracy:.2%}" if first and first.accuracy is not None else ""
        return (
            f'<Leaderboard of "{self.folder}": {runs} {"run" if runs == 1 else "runs"} in {tables} '
            f"{'table' if tables == 1 else 'tables'}, {len(self.damaged)} damaged{best}>"
        )

    def summary(self) -> dict[str, Any]:
        """Everything as one JSON-able mapping."""
        return {
            "folder": str(self.folder),
            "tables": [
                {
                    "dataset": table.dataset,
                    "sha256": table.sha256,
                    "test_samples": table.test_samples,
                    "split_seed": table.split_seed,
                    "runs": [{**vars(line), "interval": line.interval and list(line.interval)} for line in table.lines],
                }
                for table in self.tables
            ],
            "damaged": [{"run": run.path.name, "why": run.why} for run in self.damaged],
        }

    def plot(self, n: int = 20) -> "Figure":
        """Draw the test accuracy of runs with 95% intervals, a panel for each table, as a matplotlib Figure.

        Args:
            n: Runs of a table at most, from 1.

        Raises:
            UsageError: No run was tested, or `n` is below 1.
        """
        from cutaway.plots import Bars, bars

        n, panels = check_whole(n, name="n", least=1), list[Bars]()
        for table in self.tables:
            tested = [(line, line.accuracy, line.interval) for line in table.lines if line.accuracy is not None][:n]
            if tested:
                value = [accuracy for _, accuracy, _ in tested]
                ends = [interval or (accuracy, accuracy) for _, accuracy, interval in tested]
                title = f"{table.dataset}: accuracy on {table.test_samples:,} test samples"
                names = [line.run for line, _, _ in tested]
                low, high = zip(*ends, strict=True)
                panels.append(Bars(title, names, value, low, high, percent=True, limits=(0, 1)))
        if not panels:
            raise UsageError("runs are drawn that were tested", got="none", hint="train with test samples")
        return bars(panels, columns=2)

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row per run, table by table; ``table`` counts the tables from 1."""
        rows = [
            {"table": number, "dataset": table.dataset, **_values(line)}
            for number, table in enumerate(self.tables, 1)
            for line in table.lines
        ]
        return Table((*FURTHER, *LINES), {name: [row[name] for row in rows] for name in NAMES}).to_pandas()

    def declared(self) -> list[Table]:
        """The tables shown in a terminal."""
        return [self._declared(table) for table in self.tables]

    def _declared(self, table: RunTable) -> Table:
        title = f"{printable(table.dataset, 40)} ({table.sha256[:12]}), {table.test_samples:,} test samples"
        if sum(other.sha256 == table.sha256 for other in self.tables) > 1:
            title += f", split with seed {table.split_seed}"
        shown = Table.of(LINES, [_values(line) for line in table.lines], title=title)
        # losses differ for runs with label smoothing
        if all(number(line.loss, 4) == number(line.cross_entropy, 4) for line in table.lines):
            shown = shown.without("Loss")
        if any(line.relabeled or line.dropped for line in table.lines):
            return shown
        return shown.without("Relabeled", "Left out")

    def _shown_table(self) -> str:
        return "".join(map(declared_html, self.declared()))


def _values(line: RunLine) -> dict[str, Any]:
    low, high = line.interval or (None, None)
    return {**vars(line), "accuracy_low": low, "accuracy_high": high}


def leaderboard_of(folder: str | Path = RUNS) -> Leaderboard:
    """Read all runs of a folder, without Keras.

    Raises:
        UnknownNameError: There is no such folder.
    """
    if not Path(folder).is_dir():
        raise UnknownNameError("runs are kept in a folder", got=f'"{folder}"', hint="name a folder that exists")
    lines: dict[str, list[tuple[RunContext, RunLine]]] = {}
    damaged: list[DamagedRun] = []
    for found in list_runs(folder):
        if isinstance(found, DamagedRun):
            damaged.append(found)
            continue
        try:
            context = RunContext(found)
            line = _line(context)
            lines.setdefault(_test_samples(context), []).append((context, line))
        except CutawayError as error:
            damaged.append(DamagedRun(found.path, str(error)))
    tables = [_table(runs) for runs in lines.values()]
    return Leaderboard(Path(folder), tuple(sorted(tables, key=lambda table: -len(table.lines))), tuple(damaged))


def _table(runs: Sequence[tuple[RunContext, RunLine]]) -> RunTable:
    record, split = runs[0][0].manifest.dataset, runs[0][0].split
    ordered = sorted((line for _, line in runs), key=_rank)
    return RunTable(record.name, record.sha256, len(split.test), split.seed, tuple(ordered))


def _rank(line: RunLine) -> tuple[bool, float, float, str]:
    """What runs are sorted by: accuracy, then cross-entropy; those that were not tested come last."""
    if line.accuracy is None or line.cross_entropy is None:
        return True, 0.0, 0.0, line.run
    return False, -line.accuracy, line.cross_entropy, line.run


def _test_samples(context: RunContext) -> str:
    """A digest of which samples a run was tested on, of which data.

    Raises:
        RunError, DataError: The split in run.json is damaged.
    """
    record, test = context.manifest.dataset, context.split.test
    digest = hashlib.sha256(json.dumps([record.sha256, record.class_names, test.sources]).encode())
    digest.update(test.source_index.tobytes())
    digest.update(test.index.tobytes())
    return digest.hexdigest()


def _line(context: RunContext) -> RunLine:
    """A run in a table.

    Raises:
        RunError, DataError: What the table shows is damaged.
    """
    manifest, folder = context.manifest, context.folder
    manifest.check("model", "test", "cost")
    if folder.damage is not None:
        raise folder.damage
    test, samples = manifest.test, len(context.split.test)
    interval = wilson_interval(round(test["accuracy"] * samples), samples) if test and samples else None
    return RunLine(
        run=context.path.name,
        status=manifest.status,
        model=_model(manifest),
        epochs=len(folder.history()),
        accuracy=None if test is None else test["accuracy"],
        interval=interval,
        loss=None if test is None else test["loss"],
        seconds=manifest.cost.get("training"),
        parameters=folder.parameters(),
        relabeled=len(manifest.dataset.relabeled or {}),
        dropped=0 if context.split.dropped is None else len(context.split.dropped),
        cross_entropy=None if test is None else test["cross_entropy"],
    )


def _model(manifest: Manifest) -> str:
    """The sizes of the input and of the layers with weights between all units, such as "28x28-512-512-10"."""
    if manifest.model is None:
        return "layers not known"
    sizes: list[tuple[Any, ...]] = [tuple(manifest.model.input.shape)]
    for layer in manifest.model.layers:
        units = layer.config.get("units" if layer.kind == "Dense" else "output_shape")
        if layer.kind in ("Dense", "EinsumDense"):
            sizes.append(tuple(cast("list[Any]", units)) if isinstance(units, list) else (units,))
    return "-".join("x".join(map(str, size)) for size in sizes)
