"""What is suspicious about a table: columns that give the label away, samples in two splits, the future in the past."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cutaway.data.dataset import Dataset
from cutaway.data.facts import LEAST, Grouping, grouping_of, halves, repeated_samples, tells_alone, told_alone
from cutaway.data.split import Split
from cutaway.row_keys import first_equal, row_keys

from .options import TableOptions
from .schema import Column

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE = 10_000
"""Training samples on which single columns are tried."""

IDENTIFIERS = ("id", "uuid", "guid", "key", "number", "no", "nr")

DISTINCT = 0.9
"""Share of different training rows below which equal rows are no surprise: a few categories have few combinations."""

SHARED = 0.2
"""Share of test rows with a training row of their group from which the group is asked for."""

CLASSES = 20
"""Whole numbers in a label column that are questioned: more than this, and than twice the root of the rows."""


@dataclass(frozen=True)
class Suspicion:
    """Something suspicious about a table.

    Attributes:
        text: One line.
        finding: See `cutaway.errors.CutawayWarning`.
        column: See `cutaway.errors.CutawayWarning`.
    """

    text: str
    finding: str = ""
    column: str = ""


def question_columns(columns: Sequence[Column], options: TableOptions) -> Iterator[Suspicion]:
    """What the columns themselves give reason to ask."""
    label = next(column for column in columns if column.use == "label").profile
    spread = label.high - label.low + 1
    if label.kind == "number" and spread > max(CLASSES, 2 * label.rows**0.5):
        yield Suspicion(
            f'the label "{label.name}" holds whole numbers from {label.low:g} to {label.high:g}, and cutaway is for '
            "classification: if they measure something, make classes of it, for example with pandas.cut(labels, 5)"
        )
    for column in columns:
        if column.use == "ignored" and column.treatment == "free text":
            yield Suspicion(
                f'"{column.name}" is free text that differs in nearly every row, and is left out: cutaway does not '
                "learn from words. If the label depends on it, make columns of its words first, for example with "
                "scikit-learn's TfidfVectorizer",
                "left-out-columns",
                column.name,
            )
    features = [column for column in columns if column.use == "feature"]
    for column in features:
        last = column.name.lower().replace("-", "_").split("_")[-1].split()[-1:]
        if column.kind == "number" and column.profile.whole and last and last[0] in IDENTIFIERS:
            yield Suspicion(
                f'"{column.name}" is named as an identifier is, and used as a number: ignore it if it is one'
            )
    for column in features:
        if column.kind == "date" and column.profile.month_first and not options.month_first:
            yield Suspicion(
                f'the dates of "{column.name}" are ambiguous and are read with the day first: pass '
                "month_first=True if the month comes first"
            )
    dates = [column.name for column in features if column.kind == "date"]
    if dates and options.time is None and options.group is None and options.test is None:
        yield Suspicion(
            f'the rows have dates ("{dates[0]}") and are split at random, so the model is tested on rows older than '
            f'some that it was trained on: pass time="{dates[0]}" to test it on the latest',
            "group-leakage",
            dates[0],
        )


def telling_columns(
    columns: Sequence[Column], cells: "Mapping[str, pa.ChunkedArray]", labels: np.ndarray, *, seed: int
) -> Iterator[Suspicion]:
    """Columns that alone predict the label almost without error, as something does that is known only afterwards.

    `cutaway.data.facts.told_alone` says of how many samples; the upper limit of Wilson's interval counts, so that a few
    samples without an error are not enough. Where there is a single column, it is all that the model can know.

    Args:
        columns: All columns of the table.
        cells: The training samples by column, as what they are.
        labels: int64 (sample,), their class numbers.
        seed: Random seed of the samples that are tried.
    """
    drawn = np.random.default_rng(seed).permutation(len(labels))[:SAMPLE]
    fitted, tried = (drawn[half] for half in halves(len(drawn), seed=seed))
    features = [column for column in columns if column.use == "feature"]
    if len(drawn) < LEAST or len(features) < 2 or len(np.unique(labels[fitted])) < 2:
        return
    baseline = float(np.bincount(labels[tried]).max() / len(tried))
    for column in features:
        values = _numbers(cells[column.name], column.kind)
        right = told_alone(values, labels, fitted, tried, codes=column.kind == "category")
        if tells_alone(right, len(tried), baseline=baseline):
            yield Suspicion(
                f'"{column.name}" alone tells the label in {right / len(tried):.1%} of {len(tried):,} rows looked '
                f"at (always saying the most frequent class: {baseline:.1%}): ignore it if it is known only once the "
                "label is",
                "target-leakage",
                column.name,
            )


def grouped_columns(
    columns: Sequence[Column], cells: "Mapping[str, pa.ChunkedArray]", labels: np.ndarray, *, seed: int
) -> Iterator[tuple[str, Grouping]]:
    """Columns whose values say which rows belong together; arguments as in `telling_columns`."""
    for column in columns:
        numbers = column.kind == "number" and column.profile.whole
        if column.use == "feature" and (numbers or column.kind == "category"):
            values = _numbers(cells[column.name], column.kind)
            if found := grouping_of(values, labels, ordered=numbers, seed=seed):
                yield column.name, found


def shared_group(name: str, found: Grouping, trained: Sequence[object], held: Sequence[object]) -> Iterator[Suspicion]:
    """What to say of a column that looks like a group, by its values in training and in test rows."""
    known = set(trained) - {None}
    share = sum(value in known for value in held) / max(len(held), 1)
    if share >= SHARED:
        yield Suspicion(
            f'{share:.0%} of the test rows share their "{name}" with a training row, and two rows that share '
            f"it have the same label in {found.agreement:.0%} of cases ({found.chance:.0%} by chance), so "
            f'accuracies may be too good: if it says which rows belong together, pass group="{name}"',
            "group-leakage",
            name,
        )


def repeated_rows(data: Dataset, split: Split) -> Suspicion | None:
    """What to say of val and test samples that equal a training sample, if there are any."""
    rows = data.rows(split.train)
    if len(np.unique(first_equal(row_keys(rows)))) < DISTINCT * len(split.train):
        return None
    counts = {part: int((repeated_samples(rows, data.rows(split.part(part))) >= 0).sum()) for part in ("val", "test")}
    if not any(counts.values()):
        return None
    parts = [f"{count:,} of {len(split.part(part)):,} {part} samples" for part, count in counts.items() if count]
    text = f"{' and '.join(parts)} equal a training sample in every input: accuracies may be too good"
    return Suspicion(text, "duplicates")


def _numbers(cells: "pa.ChunkedArray", kind: str) -> np.ndarray:
    """Cells as float64 (row,): codes for the values of a category, and NaN where they are not known."""
    if kind != "category":
        return cells.to_numpy().astype(np.float64)
    encoded = cells.combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.float64)  # NaN where null
