"""A table of samples: a label, columns of every kind, and how they become a `Dataset` once they are split."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.cache import cached
from cutaway.checks import meant, warn_user
from cutaway.data.dataset import Dataset, Source
from cutaway.data.labels import check_count
from cutaway.data.npy import map_npy
from cutaway.data.preparation import Notes, Preparation, add_notes, row_count, warn_of
from cutaway.data.sample_names import RowNumbers, TextNames
from cutaway.data.samples import Naming, SampleIds
from cutaway.data.split import Split
from cutaway.data.splitting import Dividing, split_dataset
from cutaway.errors import DataError, UnknownNameError
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.task import Task
from cutaway.words import listed, quoted

from .cells import as_categories, python_values, read_cells
from .column import Column, decide, questions
from .fitting import fit_preparation
from .options import TableOptions
from .readers import Reader, compute, decimal_mark, open_any, reading
from .survey import Survey, survey

if TYPE_CHECKING:
    import pandas
    import pyarrow as pa

FIT_ROWS = 500_000
"""The most training samples that a preparation is fitted on; above that, they are drawn at random."""

IN_MEMORY = 1 << 30
"""Bytes of inputs up to which they are held in memory."""


@dataclass(frozen=True, eq=False)
class RowNames(TextNames):
    """The names of the rows, read when the first of them is needed.

    Attributes:
        readers: The tables by source.
        column: Name of the column of names.
    """

    readers: Mapping[str, Reader]
    column: str

    @property
    def by(self) -> str:
        """What holds the names."""
        return f'"{self.column}"'

    @property
    def several(self) -> str:
        """What has a name, in the plural."""
        return f'rows in "{self.column}"'

    def of(self, ids: SampleIds) -> list[str]:
        """What some samples are called: by their cell, followed by their place if other rows have the same name.

        A row without a name is called by its place. A name that reads like a place, such as "test[7]", is followed by
        the place as well, because "test[7]" always means the place.
        """
        found: list[str] = []
        for name, place in zip(self.texts(ids), ids.places(), strict=True):
            alone = name is not None and name not in self._repeated and not name.endswith("]")
            found.append(place if name is None else name if alone else f"{name} ({place})")
        return found

    @cached_property
    def _cells(self) -> "dict[str, pa.ChunkedArray]":  # pyright: ignore[reportIncompatibleVariableOverride]
        """The column of names by source."""
        import pyarrow as pa

        cells: dict[str, Any] = {}
        for source, reader in self.readers.items():
            read = [as_categories(chunk[self.column]) for chunk in reading(reader, [self.column], task="reading names")]
            cells[source] = pa.chunked_array([chunk for column in read for chunk in column.chunks], pa.string())
        return cells

    @cached_property
    def _repeated(self) -> frozenset[str]:
        import pyarrow as pa

        pc = compute()
        everything = pa.chunked_array([c for cells in self._cells.values() for c in cells.chunks], pa.string())
        counts: Any = everything.value_counts()
        return frozenset(counts.field(0).filter(pc.greater(counts.field(1), 1)).to_pylist())


@public
@dataclass(frozen=True, eq=False)
class Table:
    """Samples in a table, made by `load_dataset`: not yet split, so not yet prepared.

    Attributes:
        name: Name for reports and run folders.
        readers: The tables by source: "train", then "val" and "test" if they are there.
        options: What the user said.
        columns: What is done with each column.
        class_names: Name of each class number.
        labels: int64 (sample,) class numbers by source; of numbers float64 (sample, target).
        extras: By source, what `group`, `time` and `weight` hold, if requested.
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
        used = f"{used} of {len(self.columns)} columns used"
        return f"<Table {self.name!r}: {counts} rows, {used}, {self.task}>"

    @property
    def task(self) -> Task:
        """What the answers are."""
        return Task(self.class_names, self.options.target, self.options.log)

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @property
    def strata(self) -> Mapping[str, np.ndarray]:
        """Groups of samples with alike answers by source, see `Task.strata`."""
        return self._strata

    @cached_property
    def _strata(self) -> Mapping[str, np.ndarray]:
        return self.task.strata(self.labels)

    @property
    def weights(self) -> np.ndarray | None:
        """The weight of each sample of "train" in the loss, float64 (sample,), if a column holds them."""
        return self.extras["train"].get("weight")

    @cached_property
    def row_names(self) -> RowNames | None:
        """What the rows are called, if a column holds their names."""
        return RowNames(self.readers, self.options.id) if self.options.id else None

    @property
    def naming(self) -> Naming | None:
        """The names of the rows: from the column of names, or their numbers in a file."""
        in_file = any(reader.where is not None for reader in self.readers.values())
        return self.row_names or (RowNumbers() if in_file else None)

    def describe(self) -> "pandas.DataFrame":
        """The content of each column and how it is used, as a pandas DataFrame with one row per column.

        Returns:
            name; type ("number", "category", "date", "empty" or "unsupported"); use ("feature", "ignored", "label",
            ...); missing, the share of rows without a value, 0..1; values, their range or the most frequent ones;
            treatment, how the column is used, or why it is ignored.
        """
        import pandas

        return pandas.DataFrame([column.record() for column in self.columns])

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
            extras=self._extras_digest,
            targets=self.options.target,
            is_log=self.options.log,
        )

    @cached_property
    def _extras_digest(self) -> str | None:
        digest = hashlib.sha256()
        for source, extras in sorted(self.extras.items()):
            for name, values in sorted(extras.items()):
                digest.update(json.dumps([source, name, len(values)]).encode())
                digest.update(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())
        return digest.hexdigest() if any(self.extras.values()) else None

    def rows_of(self, ids: SampleIds) -> list[dict[str, Any]]:
        """Some rows as they are in the table, all columns, in the order of `ids`; the table is read up to the last."""
        found: dict[tuple[int, int], dict[str, Any]] = {}
        for number, source in enumerate(ids.sources):
            wanted = np.unique(ids.index[ids.source_index == number])
            first = 0
            for chunk in reading(self.readers[source], task="reading rows") if len(wanted) else ():
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
    """The cells of some samples, Arrow's, by column in order of source and row; errors as in `cell_chunks`.

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
    task: str = "reading",
    on_progress: ProgressCallback = ignore_progress,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read a table as typed cells: the number of each chunk's first row, and its cells by column.

    Args:
        reader: The table.
        kinds: What each column that is wanted is read as.
        formats: How the dates of a column are written in text.
        task: Name of the work in its progress.
        on_progress: Told after every chunk.

    Raises:
        DataError: A column is missing, a cell is of another kind, or the file has changed since it was opened.
    """
    where, known = str(reader.where or "the table"), set(reader.columns)
    if lacking := [column for column in kinds if column not in known]:
        raise DataError(
            f"{where} lacks columns that the model was trained on: {listed(list(map(quoted, lacking)), 5)}",
            hint=f"add the column{'s' if len(lacking) > 1 else ''}, empty where the value is not known",
        )
    first = 0
    decimal = decimal_mark(reader)
    for chunk in reading(reader, list(kinds), task=task, on_progress=on_progress):
        yield first, read_cells(chunk, kinds, formats=formats, decimal=decimal, first=first, where=where)
        first += len(chunk)


def make_table(
    readers: Mapping[str, Reader],
    options: TableOptions,
    *,
    name: str,
    origin: Mapping[str, str],
    on_progress: ProgressCallback,
) -> Table:
    """Survey tables and decide how their columns are used.

    Args:
        readers: The tables by source: "train", then "val" and "test" if they are there.
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
    names = () if options.target else options.class_names or train.class_names
    if not options.target:
        check_count(names, train.class_names)
    return Table(
        name=name,
        readers=readers,
        options=options,
        columns=columns,
        class_names=names,
        labels={
            source: found.targets if options.target else found.labels(train.class_names)
            for source, found in surveys.items()
        },
        extras={source: found.extras for source, found in surveys.items()},
        origin=origin,
    )


def make_inputs(
    rows: int, preparation: Preparation, *, reader: Reader, fill: Callable[[np.ndarray], None]
) -> np.ndarray:
    """Make the inputs of a table: in memory, or as a memory map of a file in the user's cache.

    The table's files (name, size, date) and the preparation decide it: opening the same table again takes no time.

    Args:
        rows: Number of rows.
        preparation: How they are prepared.
        reader: The table.
        fill: Writes all inputs into a float32 (row, input) array.

    Returns:
        float32 (row, input), read-only.

    Raises:
        DataError: The inputs are too large for memory, and the cache has no room for them.
    """
    shape = (rows, len(preparation.features))
    size = 4 * shape[0] * shape[1]
    if size <= IN_MEMORY or reader.where is None:
        inputs = np.empty(shape, np.float32)
        fill(inputs)
        inputs.flags.writeable = False
        return inputs
    states = [(file.name, *state[:2]) for file, state in reader.states.items()]

    def write(path: Path) -> None:
        free = shutil.disk_usage(path.parent).free
        if free < size:
            raise _no_room(size, f"{free / 1e9:.1f} GB free in {path.parent}")
        inputs = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        fill(inputs)
        inputs.flush()

    try:
        record = preparation.to_record()
        return map_npy(cached("inputs", states, record, method=1, rows_of=[record]).get_file(write))
    except OSError as error:
        raise _no_room(size, f"a cache folder that cannot be used ({error.strerror or error})") from None


def _no_room(size: int, got: str) -> DataError:
    return DataError(
        f"no room in the user's cache folder for the inputs of this table, {size / 1e9:.1f} GB: {got}",
        hint="make room, set XDG_CACHE_HOME to a folder on another disk, or ignore some columns",
    )


def prepare_new_rows(
    preparation: Preparation, table: Any, options: Mapping[str, Any] = {}, *, warn: bool = True
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Prepare new rows chunk by chunk: a file may be larger than memory.

    Args:
        preparation: Fitted on the training samples.
        table: A path, or a frame; its columns may be in any order, and further ones are left out.
        options: Those of the training samples, see `open_reader`; a row without a name in the column ``id`` is called
            by its number, from 1.
        warn: Warn, at the end, of what no training sample had.

    Yields:
        The names of some rows and their inputs, float32 (row, input), in order.

    Raises:
        UsageError: There is no such file.
        DataError: A column is missing, or there twice, or a cell is of another kind.
    """
    kinds, formats = preparation.columns, preparation.date_formats
    id_column = options.get("id")
    reader = open_any(table, options, what="a table of new samples", wanted={*kinds, id_column})
    notes: Notes = {}
    named = id_column in reader.columns
    wanted = kinds | ({id_column: "category"} if named else {})
    for first, cells in cell_chunks(reader, wanted, formats=formats):
        inputs, found = preparation.apply(cells)
        notes = add_notes(notes, found)
        numbers = [str(first + row) for row in range(1, len(inputs) + 1)]
        given = cells[id_column].to_pylist() if named else numbers
        yield [name or number for name, number in zip(given, numbers, strict=True)], inputs
    if warn:
        warn_of(notes, what="rows")


def leave_out(table: Table, columns: Sequence[str]) -> Table:
    """The same rows with further columns left out, as the option `ignore` does.

    Raises:
        UnknownNameError: A name is not a column that the model learns from.
        DataError: No column would be left.
    """
    used = [column.name for column in table.columns if column.use == "feature"]
    for name in columns:
        if name not in used:
            raise UnknownNameError(
                f'cannot leave out "{name}", {_what_it_is(table, name)}',
                hint=meant(name, used, f"{table.name} has {listed(used, 12)}"),
            )
    if set(used) <= set(columns):
        raise DataError(f"there is no column to learn from: none left in {table.name}", hint="leave fewer out")
    options = replace(table.options, ignore=(*table.options.ignore, *columns))
    return replace(
        table,
        options=options,
        columns=tuple(each.ignored("requested") if each.name in columns else each for each in table.columns),
        origin={**table.origin, **({"options": options.to_json()} if "options" in table.origin else {})},
    )


def _what_it_is(table: Table, name: str) -> str:
    """What a name stands for that is not one of the columns that a model learns from."""
    column = next((each for each in table.columns if each.name == name), None)
    if column is None:
        return f"which is no column of {table.name}"
    return f"which is left out already ({column.treatment})" if column.use == "ignored" else f"its {column.use}"
