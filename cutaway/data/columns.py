"""Facts about the columns of a split before anything is trained, also of those that no model sees."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from .dataset import Dataset
from .facts import (
    ColumnShift,
    EncodedTarget,
    LeakyInput,
    MixedUnits,
    PredictiveWords,
    Sentinels,
    WholeGroups,
    amounts,
    blocks_of_labels,
    codes_in_no_order,
    column_shifts,
    encoded_target,
    extreme_values,
    far_values,
    grouping_of,
    leaky_column,
    may_encode_target,
    mixed_units,
    periods,
    predictive_words,
    told_by,
    whole_groups,
    words_among_numbers,
)
from .samples import SampleIds
from .split import Split, join_ids
from .tables import WHY, Column, Reason, Table, has_owner_name, table_cells

ROWS, VALUES = 10_000, 4_000_000
"""Samples of each part that are looked at at most, and their values."""

MOST_COLUMNS = 2_000
"""Columns beyond which nothing is looked at: the inputs of such data are measurements of one kind."""

MOST_GROUPINGS = 4
"""Groupings by columns that are tried at most, those with the name of an identifier and those whose rows agree in their
label first, then those with the most groups: a model is trained ten times for each."""

MOST_DATED = 2
"""Maximum number of date columns to try."""

SHARED = 0.2
"""Groups are examined if at least this share of the held-out rows has a training row of the same group."""

TIMED = 3_000
"""Maximum number of samples to compare by time."""


@dataclass(frozen=True, eq=False)
class ColumnValues:
    """A column of some samples.

    Attributes:
        name: Its name.
        kind: "number", "category" or "date".
        use: "feature", "ignored", or what else it is for.
        values: float64 ``(sample,)``: numbers, seconds since 1970, or codes from 0; NaN if nothing is known.
        texts: ``(sample,)`` of a category, None if nothing is known; empty for other kinds.
        reason: Why it is left out, see `Column`.
    """

    name: str
    kind: str
    use: str
    values: np.ndarray
    texts: Sequence[str | None] = ()
    reason: Reason = ""


class _Grouping(NamedTuple):
    """Samples that a column groups, or their order.

    Attributes:
        name: The column; empty for the order.
        ids: Samples with a known value.
        groups: Their groups, from 0.
        is_input: Whether the column is one of the inputs.
        leave: Inputs that the quick model does not get.
        shared: Share of the held-out rows in a group of training rows; None of times and of the order.
        of_time: Whether groups are periods of time.
    """

    name: str
    ids: SampleIds
    groups: np.ndarray
    is_input: bool = False
    leave: Sequence[int] = ()
    shared: float | None = None
    of_time: bool = False


@dataclass(frozen=True)
class ColumnFacts:
    """What is noteworthy about a column.

    Attributes:
        name: Its name.
        left_out: Why no model sees it; empty if one does.
        sentinels: Values that stand for something else than a measurement.
        extremes: A few values that are far too large, such as typing errors.
        codes: Whole numbers in no order, which stand for categories.
        units: Values in two units.
        shift: How held-out samples differ from training samples.
        words: How well its words tell the class, of a text that is left out.
        encodes: How it was computed from the labels.
        amounts: One of its cells, if they are numbers that are read as text.
    """

    name: str
    left_out: str = ""
    sentinels: Sentinels | None = None
    extremes: Sentinels | None = None
    codes: LeakyInput | None = None
    units: MixedUnits | None = None
    shift: ColumnShift | None = None
    words: PredictiveWords | None = None
    encodes: EncodedTarget | None = None
    amounts: str | None = None


def column_facts(
    loaded: Dataset | Table, data: Dataset, split: Split
) -> tuple[tuple[ColumnFacts, ...], tuple[WholeGroups, ...], tuple[LeakyInput, ...] | None]:
    """Read the columns once, and find noteworthy facts in them, and samples that belong together.

    Args:
        loaded: What was loaded: a table, or a dataset, whose values are its columns.
        data: The inputs of a model, made of it.
        split: Training samples are judged, and compared with test samples, or validation samples if there are none.

    Returns:
        The columns with something to report; the accuracy of a quick model on whole groups of samples; and the columns
        of a table that tell the class alone, the best one first, or else the one that tells much of it, None if columns
        were not examined.

    Raises:
        DataError: A file has changed since it was opened, or the data have no sample of some id.
    """
    columns = len(loaded.columns) if isinstance(loaded, Table) else data.features
    if columns > MOST_COLUMNS or len(data.shape) > 1:
        return (), (), None
    train, held = (_drawn(part, columns) for part in (split.train, split.test if len(split.test) else split.val))
    both = join_ids([train, held]).ordered()
    of_train = both.isin(train)
    y = data.strata_of(both)  # first, since it refuses ids of a damaged split
    found = list(_values(loaded, data, both))
    shifts = _shifts(loaded, found, both, of_train)
    numbers = sum(each.use == "feature" and each.kind == "number" for each in found)
    encodings = _encodings(loaded, data, split, found, data.y(both))
    facts = [
        replace(
            _facts(each, y[of_train], of_train, shifts.get(each.name), numbers=numbers),
            encodes=encodings.get(each.name),
        )
        for each in found
        if each.use in ("feature", "ignored")
    ]
    if isinstance(loaded, Table):
        unread = [each for each in loaded.columns if each.use == "ignored" and each.type == "unsupported"]
        facts += [ColumnFacts(each.name, left_out=each.treatment) for each in unread]
    groups = _groups(data, split, found, both, of_train)
    leaky = _leaky(data, both, found, y, of_train) if isinstance(loaded, Table) else None
    return tuple(each for each in facts if each != ColumnFacts(each.name)), tuple(groups), leaky


def _leaky(
    data: Dataset, ids: SampleIds, found: Sequence[ColumnValues], y: np.ndarray, of_train: np.ndarray
) -> tuple[LeakyInput, ...]:
    """The columns that tell the class alone: a cell says more than an input, which of a category is one value."""
    of_inputs = () if data.preparation is None else data.preparation.columns_of_features
    judged = [
        leaky_column(each.values[of_train], y[of_train], place=of_inputs.index(each.name), codes=bool(each.texts))
        for each in found
        if each.use == "feature" and each.name in of_inputs
    ]
    x = data.inputs(ids.take(of_train))
    return told_by(judged, x, y[of_train], of_inputs=of_inputs, most=len(judged))


def _drawn(ids: SampleIds, columns: int) -> SampleIds:
    rows = min(ROWS, VALUES // max(columns, 1))
    return ids.take(np.sort(np.random.default_rng(0).permutation(len(ids))[:rows]))


def _encodings(
    loaded: Dataset | Table, data: Dataset, split: Split, found: Sequence[ColumnValues], y: np.ndarray
) -> dict[str, EncodedTarget]:
    """Columns that are means of the labels of all samples; nothing is known of those that are too many to be read."""
    numbers, parts = class_numbers(data.class_names), (split.train, split.val, split.test)
    likely = [
        each
        for each in found
        if each.use == "feature" and each.kind == "number" and may_encode_target(each.values, y, numbers)
    ]
    likely.sort(key=lambda each: bool(np.nanmax(each.values) > 1))  # shares before what may be percentages
    names = {each.name for each in likely[: VALUES // max(sum(map(len, parts)), 1)]}
    if not names:
        return {}
    ids = join_ids(parts).ordered()
    read, labels = _values(loaded, data, ids, wanted=names), data.y(ids)
    every = {each.name: encoded_target(each.values, labels, numbers) for each in read}
    return {name: encoding for name, encoding in every.items() if encoding is not None}


def class_numbers(names: Sequence[str]) -> np.ndarray | None:
    """Classes that are numbers, as numbers."""
    try:
        numbers = np.array([float(name) for name in names])
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _values(
    loaded: Dataset | Table, data: Dataset, ids: SampleIds, *, wanted: Container[str] | None = None
) -> Iterator[ColumnValues]:
    """The columns of some samples; all of them if it is not said which are wanted."""
    if not isinstance(loaded, Table):
        x = data.x(ids)
        for place in range(data.features):
            name = f"column {place + 1}" if data.feature_names is None else data.feature_names[place]
            if wanted is None or name in wanted:
                yield ColumnValues(name, "number", "feature", x[:, place].astype(np.float64))
        return
    columns = {
        column.name: column
        for column in loaded.columns
        if _is_read(column) and (wanted is None or column.name in wanted)
    }
    kinds = {name: _read_as(column) for name, column in columns.items()}
    for name, cells in table_cells(loaded, ids, kinds=kinds).items():
        column = columns[name]
        if kinds[name] != "category":
            values = cells.to_numpy().astype(np.float64)
            yield ColumnValues(name, kinds[name], column.use, values)
            continue
        codes = cells.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.float64)
        yield ColumnValues(name, "category", column.use, codes, cells.to_pylist(), column.reason)


def _is_read(column: Column) -> bool:
    """Whether a column holds what another does not."""
    if column.use not in ("feature", "ignored", "id"):
        return False
    return column.type not in ("empty", "unsupported") and column.reason != "copy"


def _read_as(column: Column) -> str:
    if column.use != "ignored":
        return column.kind
    is_date = column.type == "date" and not column.others
    return "date" if is_date else "category"  # as text, which any cell can be read as


def _facts(
    column: ColumnValues, y: np.ndarray, of_train: np.ndarray, shift: ColumnShift | None, *, numbers: int
) -> ColumnFacts:
    values = column.values[of_train]
    if column.use == "feature" and column.kind == "number":
        far = far_values(values, columns=numbers)
        measured = values if far is None else np.where((values >= far.low) & (values <= far.high), values, np.nan)
        return ColumnFacts(
            column.name,
            sentinels=far,
            extremes=extreme_values(measured),
            codes=codes_in_no_order(measured, y),
            units=mixed_units(measured, y),
            shift=shift,
        )
    texts = [text for text, is_train in zip(column.texts, of_train, strict=False) if is_train]
    if column.reason in ("requested", "constant", "row number") or not texts:
        return ColumnFacts(column.name)
    if (amount := amounts(texts)) is not None or column.use == "feature":
        return ColumnFacts(column.name, sentinels=words_among_numbers(texts), shift=shift, amounts=amount)
    return ColumnFacts(column.name, left_out=WHY[column.reason], words=predictive_words(texts, y))


def _shifts(
    loaded: Dataset | Table, columns: Sequence[ColumnValues], ids: SampleIds, of_train: np.ndarray
) -> dict[str, ColumnShift]:
    """Columns that differ between training and held-out samples; of samples of one group one is compared."""
    counted = ids.isin(one_of_each_group(loaded, ids))
    options = loaded.options if isinstance(loaded, Table) else None
    used = [each for each in columns if each.use == "feature"]
    if options is not None and options.time:  # later samples have later dates
        used = [each for each in used if each.kind != "date"]
    parts = {each.name: (each.values[of_train & counted], each.values[~of_train & counted]) for each in used}
    return column_shifts(parts, categories=frozenset(each.name for each in used if each.kind == "category"))


def one_of_each_group(loaded: Dataset | Table, ids: SampleIds) -> SampleIds:
    """The first sample of each group, where a table is divided by group; otherwise all samples.

    Samples of one group are alike: counted one by one they would make groups that differ by chance differ by more.
    """
    if not isinstance(loaded, Table) or not loaded.options.group:
        return ids
    numbers = np.stack([ids.source_index, ids.index]).astype(np.int64)
    for number, source in enumerate(ids.sources):
        rows = ids.source_index == number
        numbers[1, rows] = loaded.extras[source]["group"][ids.index[rows]]
    return ids.take(np.sort(np.unique(numbers, axis=1, return_index=True)[1]))


def _groups(
    data: Dataset,
    split: Split,
    columns: Sequence[ColumnValues],
    ids: SampleIds,
    of_train: np.ndarray,
) -> Iterator[WholeGroups]:
    """The accuracy of a quick model on whole groups, if samples of one group are in several parts of a split."""
    y, dated, shared = data.strata_of(ids), list[_Grouping](), dict[bytes, _Grouping]()
    of_inputs = () if data.preparation is None else data.preparation.columns_of_features
    for each in columns:
        known = np.flatnonzero(np.isfinite(each.values))
        if each.kind == "date" and split.stratified and "test" not in data.labels:
            rows = np.sort(np.random.default_rng(0).permutation(known)[:TIMED])
            groups = periods(each.values[rows]) if len(rows) else rows
            dated.append(_Grouping(each.name, ids.take(rows), groups, of_time=True))
        elif each.kind != "date" and not (each.values[known] % 1).any():
            leave: Sequence[int] = ()
            if grouping_of(each.values, y, ordered=each.kind == "number") is None:
                # a category that tells the class tells nothing of new groups: only what other inputs tell counts
                leave = [place for place, name in enumerate(of_inputs) if name == each.name]
                if len(leave) == data.features or not (each.kind == "category" or has_owner_name(each.name)):
                    continue
            trained = of_train[known]
            first, groups = np.unique(each.values[known], return_index=True, return_inverse=True)[1:]
            held = groups[~trained]
            share = np.isin(held, groups[trained]).sum() / max(len(held), 1)
            if share >= SHARED:  # columns that group samples alike are one; the first of them is named
                alike = first[groups].tobytes()
                grouping = _Grouping(each.name, ids.take(known), groups, each.use == "feature", leave, share)
                shared.setdefault(alike, grouping)
    likely = sorted(
        shared.values(), key=lambda each: (not has_owner_name(each.name), bool(each.leave), -each.groups.max())
    )
    blocks = blocks_of_labels(data.strata["train"]) if split.stratified else None
    order = [] if blocks is None else [_Grouping("", SampleIds.first("train", len(blocks[:ROWS])), blocks[:ROWS])]
    for each in (*dated[:MOST_DATED], *likely[:MOST_GROUPINGS], *order):
        found = whole_groups(
            partial(_inputs, data, each.ids, leave=each.leave),
            data.strata_of(each.ids),
            each.groups,
            name=each.name,
            features=data.features,
            of_time=each.of_time,
            is_input=each.is_input,
            shared=each.shared,
        )
        if found is not None:
            yield found


def _inputs(data: Dataset, ids: SampleIds, rows: np.ndarray, *, leave: Sequence[int] = ()) -> np.ndarray:
    return np.delete(data.inputs(ids.take(rows)), leave, axis=1)
