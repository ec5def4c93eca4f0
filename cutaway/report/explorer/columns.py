"""What is known of each sample in the explorer: labels, predictions, how it was learned, the user's own columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.data import Column, Table, date_seconds
from cutaway.errors import CutawayError
from cutaway.log import survive
from cutaway.metrics import DIFFICULTIES, NEVER, DynamicsTracker
from cutaway.page import SampleColumn
from cutaway.topics.common.predictions import probabilities
from cutaway.topics.common.source import ReportSource
from cutaway.topics.embedding.explorer import class_columns, misplaced_column, number_columns
from cutaway.topics.label_issues.section import label_issues_of

from .compared import compared_columns

if TYPE_CHECKING:
    from cutaway.topics.embedding.embedding import Embedding

COLUMNS = 40
"""Columns of the user's table at most; each adds its cells to the page."""

CATEGORIES = 50
"""A column with at most this many different texts can color the map."""

FEWEST_EPOCHS = 2
"""How samples were learned needs this many epochs."""


def sample_columns(source: ReportSource, epochs: Sequence[int], embedding: "Embedding") -> tuple[SampleColumn, ...]:
    """The columns of the explorer; "label" is the first, or "target"."""
    columns = _predictions(source, source.context.data.y(source.shown), epochs)
    if source.options.split is not None:
        columns.insert(1, _split(source))
    if embedding.misplaced is not None:
        columns.append(misplaced_column(embedding.misplaced))
    return (*columns, *label_issue_columns(source), *compared_columns(source), *_table_columns(source))


def _split(source: ReportSource) -> SampleColumn:
    """Which part of the data each sample belongs to."""
    split = source.context.split
    names = ("training", "validation", "test")
    values = split.parts[source.shown.positions_in(split.part("all"))]
    return SampleColumn(key="split", title="Split", kind="category", values=(values,), names=names)


def label_issue_columns(source: ReportSource) -> list[SampleColumn]:
    """The label issue score of each sample; nothing if it has not been measured."""
    found = None
    with survive(__name__, "coloring samples by label issues", CutawayError):  # the section of the label issues says so
        found = label_issues_of(source)
    if found is None:
        return []
    scores = found.scores[source.shown.positions_in(found.ids)]
    return [SampleColumn(key="label-issue", title="Label issue", kind="number", values=(scores,))]


def _predictions(source: ReportSource, labels: np.ndarray, epochs: Sequence[int]) -> list[SampleColumn]:
    """Labels, predictions after each epoch, and how each sample was learned, if it has a class."""
    context = source.context
    if context.task.is_numbers:
        answers = [probabilities(context, source.shown, epoch=e, on_progress=source.on_progress) for e in epochs]
        return number_columns(context.task, labels, answers, kept=epochs.index(context.epoch()))
    tracker = DynamicsTracker(labels)
    predicted: list[np.ndarray] = []
    confidence: list[np.ndarray] = []
    for epoch in epochs:
        found = probabilities(context, source.shown, epoch=epoch, on_progress=source.on_progress)
        predicted.append(found.argmax(axis=1))
        confidence.append(found.max(axis=1))
        if epoch > 0:
            tracker.add(epoch, iter([found]))
    columns = class_columns(labels, context.class_names, predicted, confidence)
    if sum(epoch > 0 for epoch in epochs) < FEWEST_EPOCHS:
        return columns
    learned = tracker.result()
    first = np.where(learned.first_learned == NEVER, np.nan, learned.first_learned).astype(np.float32)
    return [
        *columns,
        SampleColumn(
            key="difficulty",
            title="How it was learned",
            kind="category",
            values=(learned.difficulty,),
            names=tuple(DIFFICULTIES),
        ),
        SampleColumn(key="learned", title="Epoch first learned", kind="number", values=(first,)),
        SampleColumn(key="forgotten", title="Times forgotten", kind="number", values=(learned.forgotten,)),
        SampleColumn(key="margin", title="Mean margin", kind="number", values=(learned.margin,)),
    ]


def _table_columns(source: ReportSource) -> list[SampleColumn]:
    """The columns of the user's table; or the values of samples that are neither rows of a table nor images."""
    context = source.context
    if isinstance(context.loaded, Table):
        rows = context.loaded.rows_of(source.shown)
        used = [column for column in context.loaded.columns if column.use == "feature"][:COLUMNS]
        numbers = context.loaded.numbers_of(rows)
        return [
            _numbers(f"column{k}", column.name, numbers[column.name])
            if column.name in numbers
            else _texts_or_dates(f"column{k}", column, [row[column.name] for row in rows])
            for k, column in enumerate(used)
        ]
    names = context.manifest.dataset.feature_names
    if context.data.image is not None or names is None:
        return []
    x = context.data.x(source.shown).reshape(len(source.shown), -1)
    return [_numbers(f"column{k}", name, x[:, k].astype(np.float32)) for k, name in enumerate(names[:COLUMNS])]


def _numbers(key: str, title: str, values: np.ndarray) -> SampleColumn:
    return SampleColumn(key=key, title=title, own=True, kind="number", values=(values,))


def _texts_or_dates(key: str, column: Column, cells: list[Any]) -> SampleColumn:
    """A column of a table without numbers; dates may be written in any way."""
    if column.kind != "date":
        return _column(key, column.name, cells)
    seconds = date_seconds(cells, column.date_format)
    return SampleColumn(key=key, title=column.name, own=True, kind="date", values=(seconds,))


def _column(key: str, title: str, cells: list[Any]) -> SampleColumn:
    """A column of a table that holds a few texts, or many."""
    texts = ["" if cell is None else _text(cell) for cell in cells]
    names = sorted({text for text in texts if text})
    if len(names) > CATEGORIES:
        return SampleColumn(key=key, title=title, own=True, kind="text", values=(tuple(texts),))
    codes = {name: code for code, name in enumerate(names)}
    values = np.array([codes.get(text, -1) for text in texts])
    return SampleColumn(key=key, title=title, own=True, kind="category", values=(values,), names=tuple(names))


def _text(cell: Any) -> str:
    """A cell in words; booleans as the lists of the page have them."""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)
