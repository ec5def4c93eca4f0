"""A table of samples: a label, columns of every kind, and how they become a `Dataset` once they are split."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.checks import warn_user
from cutaway.data.dataset import Dataset, Source
from cutaway.data.preparation import Notes, Preparation, add_notes, row_count, warn_of
from cutaway.data.sample_names import RowNumbers
from cutaway.data.samples import Naming, SampleIds
from cutaway.data.split import Split
from cutaway.data.splitting import Dividing, split_dataset
from cutaway.errors import DataError, UsageError
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.words import listed

from .cells import python_values, read_cells
from .column import Column, decide, questions
from .fitting import fit_preparation
from .inputs import make_inputs
from .options import TableOptions
from .readers import Reader, decimal_mark, reading
from .row_names import RowNames
from .survey import Survey, survey

if TYPE_CHECKING:
    import pandas

FIT_ROWS = 500_000
"""The most training samples that a preparation is fitted on; above that, they are drawn at random."""


@public
@dataclass(frozen=True, eq=False)
class Table:
    """Samples in a table, made by `load_dataset`: not yet split, so not yet prepared.

    Attributes:
        name: Name for reports and run folders.
        readers: The tables by source: "train", then "test" if there is one.
        options: What the user said.
        columns: What is done with each column.
        class_names: Name of each class number.
        labels: int64 (sample,) class numbers by source.
        extras: By source, what `group`, `time` and `weight` hold, if they are asked for.
        origin: How to load it again, for JSON.
        relabeled: New class names by the place of the sample, if a person decided so.
    """

    name: str
    readers: Mapping[str, Reader]
    options: TableOptions
    columns: tuple[Column, ...]
    class_names: tuple[str, ...]
    labels: Mapping[str, np.ndarray]
    extras: Mapping[str, Mapping[str, np.ndarray]]
    origin: Mapping[str, str]
    relabeled: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {len(labels):,}" for name, labels in self.labels.items())
        used = sum(column.use == "feature" for column in self.columns)
        return (
            f"<Table {self.name!r}: {counts} rows, {used} of {len(self.columns)} columns used, {self.classes} classes>"
        )

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @property
    def weights(self) -> np.ndarray | None:
        """The weight of each sample of "train" in the loss, float64 (sample,), if a column holds them."""
        return self.extras["train"].get("weight")

    @cached_property
    def row_names(self) -> RowNames | None:
        """What the rows are called, if a column holds their names."""
        rows = {source: len(labels) for source, labels in self.labels.items()}
        return RowNames(self.readers, self.options.id, rows) if self.options.id else None

    @property
    def naming(self) -> Naming | None:
        """The names of the rows: from the column of names, or their numbers in a file."""
        in_file = any(reader.where is not None for reader in self.readers.values())
        return self.row_names or (RowNumbers() if in_file else None)

    def describe(self) -> "pandas.DataFrame":
        """What is in each column and what is done with it, as a pandas DataFrame with one row per column.

        Returns:
            name; type ("number", "category", "date", "empty" or "unsupported"); use ("feature", "ignored", "label",
            ...); missing, the share of rows without a value, 0..1; values, their range or the most frequent ones;
            treatment, how the column is used, or why it is ignored.
        """
        import pandas

        return pandas.DataFrame(
            {
                "name": [column.name for column in self.columns],
                "type": [column.type for column in self.columns],
                "use": [column.use for column in self.columns],
                "missing": [column.missing / max(column.rows, 1) for column in self.columns],
                "values": [column.summary for column in self.columns],
                "treatment": [column.treatment for column in self.columns],
            }
        )

    def split(self, *, validation: float = 0.25, seed: int = 0) -> Split:
        """Split the samples as the options say: by class, by group, or by time.

        Raises:
            ConfigError, DataError: See `split_dataset`.
        """
        return split_dataset(self, validation=validation, seed=seed)

    @property
    def dividing(self) -> Dividing:
        """How the rows are divided: the options say the share, the groups and the times."""
        extras = self.extras["train"]
        return Dividing(self.options.test_share, extras.get("group"), extras.get("time"))

    def prepare(self, split: Split, *, warn: bool = True, on_progress: ProgressCallback = ignore_progress) -> Dataset:
        """Fit the preparation on the training samples of a split, and apply it to all samples.

        Args:
            split: Which samples the preparation is fitted on.
            warn: Whether to warn of labels that look measured, of numbers that look like identifiers, and of ambiguous
                dates.
            on_progress: Told while the table is read.

        Raises:
            DataError: A value is missing although that is refused, or a file has changed since it was opened.
        """
        drawn = split.train
        if len(drawn) > FIT_ROWS:
            keep = np.sort(np.random.default_rng(split.seed).choice(len(drawn), FIT_ROWS, replace=False))
            drawn = drawn.take(keep)
        cells = table_cells(self, drawn, on_progress=on_progress)
        preparation = fit_preparation(self.columns, cells, numbers=self.options.numbers)
        data = self.apply(preparation, on_progress=on_progress)
        if warn:
            for text in questions(self.columns, self.options):
                warn_user(text)
            for name, column in preparation.renamed.items():
                warn_user(f'an input of "{column}" is called "{name}", because another input has its usual name')
        return data

    def apply(self, preparation: Preparation, *, on_progress: ProgressCallback = ignore_progress) -> Dataset:
        """Prepare all samples.

        Raises:
            DataError: A column is missing, or a file has changed since it was opened.
        """
        sources = {}
        for source, labels in self.labels.items():
            reader = self.readers[source]
            fill = partial(self._fill, source, preparation, on_progress)
            sources[source] = Source(make_inputs(len(labels), preparation, reader=reader, fill=fill), labels)
        return Dataset(
            name=self.name,
            sources=sources,
            class_names=self.class_names,
            scale=1.0,
            origin=dict(self.origin),
            feature_names=preparation.features,
            preparation=preparation,
            relabeled=self.relabeled,
            naming=self.naming,
            dividing=self.dividing,
        )

    def rows_of(self, ids: SampleIds) -> list[dict[str, Any]]:
        """Some rows as they are in the table, all columns, in the order of `ids`; the table is read up to the last."""
        found: dict[tuple[int, int], dict[str, Any]] = {}
        for number, source in enumerate(ids.sources):
            wanted = np.unique(ids.index[ids.source_index == number])
            first = 0
            for chunk in self.readers[source].chunks() if len(wanted) else ():
                inside = wanted[(wanted >= first) & (wanted < first + len(chunk))]
                cells = [python_values(column, inside - first) for column in chunk.columns]
                for row, *values in zip(inside, *cells, strict=True):
                    found[number, int(row)] = dict(zip(chunk.column_names, values, strict=True))
                first += len(chunk)
                if first > wanted[-1]:
                    break
        return [found[int(source), int(row)] for source, row in zip(ids.source_index, ids.index, strict=True)]

    def numbers_of(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
        """The number columns of some rows from `rows_of`: by column, float64 ``(row,)``, NaN if missing.

        Raises:
            DataError: A cell is not a number.
        """
        import pyarrow as pa

        kinds: dict[str, Any] = {c.name: "number" for c in self.columns if c.use == "feature" and c.kind == "number"}
        chunk = pa.table({name: [row[name] for row in rows] for name in kinds})
        decimal = decimal_mark(next(iter(self.readers.values())))
        cells = read_cells(chunk, kinds, formats={}, decimal=decimal, first=0, where="the table")
        return {name: column.to_numpy() for name, column in cells.items()}

    def _fill(self, source: str, preparation: Preparation, on_progress: ProgressCallback, inputs: np.ndarray) -> None:
        notes: Notes = {}
        chunks = cell_chunks(
            self.readers[source],
            preparation.columns,
            formats=preparation.date_formats,
            rows=len(self.labels[source]),
            task="preparing the table",
            on_progress=on_progress,
        )
        for first, cells in chunks:
            _, found = preparation.apply(cells, out=inputs[first : first + row_count(cells)])
            notes = add_notes(notes, found)
        if source == "test":
            warn_of(notes, what="test samples")


def table_cells(
    table: Table,
    ids: SampleIds,
    *,
    kinds: Mapping[str, Any] | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> dict[str, Any]:
    """The cells of some samples, Arrow's, by column in order of source and row; errors are those of `cell_chunks`.

    Args:
        table: The table.
        ids: The samples.
        kinds: What each column that is wanted is read as; None for all columns that are used.
        on_progress: Told while the table is read.
    """
    import pyarrow as pa

    used = {column.name: column.kind for column in table.columns if column.use == "feature"}
    formats = {column.name: column.date_format for column in table.columns}
    parts: dict[str, list[Any]] = {}
    for number, source in enumerate(ids.sources):
        wanted = np.zeros(len(table.labels[source]), bool)
        wanted[ids.index[ids.source_index == number]] = True
        if not wanted.any():
            continue
        chunks = cell_chunks(
            table.readers[source],
            used if kinds is None else kinds,
            formats=formats,
            rows=len(table.labels[source]),
            task="fitting the preparation" if kinds is None else "reading columns",
            on_progress=on_progress,
        )
        for first, cells in chunks:
            mask = pa.array(wanted[first : first + row_count(cells)])
            for name, column in cells.items():
                parts.setdefault(name, []).extend(column.filter(mask).chunks)
    return {name: pa.chunked_array(chunks) for name, chunks in parts.items()}


def hashed_values(table: Table, ids: SampleIds, preparation: Preparation) -> dict[str, tuple[list[str], np.ndarray]]:
    """The values that some samples have in the columns that are hashed, and their inputs, float32 (value, input)."""
    import pyarrow as pa

    steps = {step.column: step for step in preparation.steps if step.kind == "hash"}
    found: dict[str, tuple[list[str], np.ndarray]] = {}
    for name, cells in table_cells(table, ids, kinds=dict.fromkeys(steps, "category")).items():
        values = cells.unique().drop_null()
        inputs = np.empty((len(values), steps[name].inputs), np.float32)
        steps[name].apply(pa.chunked_array([values]), inputs)
        found[name] = values.to_pylist(), inputs
    return found


def cell_chunks(
    reader: Reader,
    kinds: Mapping[str, Any],
    *,
    formats: Mapping[str, str],
    rows: int | None = None,
    task: str = "reading",
    on_progress: ProgressCallback = ignore_progress,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read a table as typed cells: the number of each chunk's first row, and its cells by column.

    Args:
        reader: The table.
        kinds: What each column that is wanted is read as.
        formats: How the dates of a column are written in text.
        rows: Number of rows that are expected, or None.
        task: Name of the work in its progress.
        on_progress: Told after every chunk.

    Raises:
        DataError: A column is missing, a cell is of another kind, or the table has another number of rows than `rows`.
    """
    where, known = str(reader.where or "the table"), set(reader.columns)
    if lacking := [column for column in kinds if column not in known]:
        raise DataError(
            "new samples have the columns that the model was trained on",
            got=f"no {listed(list(map(repr, lacking)), 5)} in {where}",
            hint=f"add the column{'s' if len(lacking) > 1 else ''}, empty where the value is not known",
        )
    first = 0
    decimal = decimal_mark(reader)
    for chunk in reading(reader, list(kinds), task=task, on_progress=on_progress):
        yield first, read_cells(chunk, kinds, formats=formats, decimal=decimal, first=first, where=where)
        first += len(chunk)
        if rows is not None and first > rows:
            break
    if rows is not None and first != rows:
        raise DataError(
            "a table does not change while it is in use",
            got=f"{first:,} rows for {rows:,} in {where}",
            hint="load it again",
        )


def make_table(
    readers: Mapping[str, Reader],
    options: TableOptions,
    *,
    name: str,
    origin: Mapping[str, str],
    on_progress: ProgressCallback = ignore_progress,
) -> Table:
    """Survey tables and decide what is done with their columns.

    Args:
        readers: The tables by source: "train", then "test" if there is one.
        options: What the user says.
        name: Name for reports and run folders.
        origin: How to load it again.
        on_progress: Told while the tables are read.

    Raises:
        UnknownNameError, DataError: See `decide`; or a label of the test table is not one of the classes.
    """
    surveys: dict[str, Survey] = {}
    columns: tuple[Column, ...] = ()
    for source, reader in readers.items():
        surveys[source] = survey(reader, options, on_progress=on_progress)
        if source == "train":
            where = str(reader.where or "the table")
            columns = decide(surveys[source].columns, options, where=where)
        if options.missing == "refuse":
            surveys[source].check_known([column.name for column in columns if column.use == "feature"])
    train = surveys["train"]
    for source, found in surveys.items():
        if source != "train" and (shared := train.groups & found.groups):
            warn_user(
                f"{len(shared):,} of {len(found.groups):,} groups of {source} are among the training samples as well"
            )
    names = options.class_names or train.class_names
    if len(names) != len(train.class_names):
        raise UsageError(
            f"class_names are one for each of the {len(train.class_names):,} labels",
            got=f"{len(names):,}",
            hint=f"the labels are {', '.join(train.class_names[:10])}",
        )
    return Table(
        name=name,
        readers=readers,
        options=options,
        columns=columns,
        class_names=names,
        labels={source: found.labels(train.class_names) for source, found in surveys.items()},
        extras={source: found.extras for source, found in surveys.items()},
        origin=origin,
    )
