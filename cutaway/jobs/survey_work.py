"""Looks at data before a training: their content, and their faults."""

import base64
import contextlib
import math
import os
import re
import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.data import (
    Dataset,
    SampleIds,
    Split,
    Table,
    TableLook,
    is_table_path,
    left_out,
    left_out_in_words,
    look_at_table,
    split_and_prepare,
    stratified_sample,
    table_cells,
)
from cutaway.errors import Canceled, CutawayError, CutawayWarning, Hint, UsageError
from cutaway.image_shape import smaller
from cutaway.page import render_fragment
from cutaway.progress import ProgressCallback
from cutaway.words import cut, listed

from .specifications import SURVEY_HINT, SURVEY_MEMORY, JobContext, Survey

ROWS = 500_000
"""Maximum number of rows of a table that is prepared, to look for faults of its samples."""

LEAST = 2 << 30
"""Minimum limit of memory in bytes."""

COLUMNS = 2_000
CLASSES = 200
IMAGES = 120
CHANGED, EPOCHS = 6, 3
"""Images that are shown as a training would see them, and the number of epochs."""

SIDE = 64
"""Maximum number of pixels of an image's longer side on the sheet."""

COUNTED = 20_000
"""Maximum number of training rows that are counted."""

SPREADS = 200
"""Columns at most, in the order of the table."""

BARS = 12
"""Bars of a column of numbers or dates, between the 1st and the 99th percentile of its values; values outside are
counted in the bars at the ends."""

VALUES = 6
"""Most frequent values of a column of categories."""

TOLD_APART = 6
"""Maximum number of separate classes, the largest ones; all others are one."""

USES = {
    "feature": "Learn from it",
    "category": "Learn from it as a category",
    "ignore": "Leave it out",
    "label": "Label: the class",
    "id": "Name of the row",
    "group": "Group: never in two splits",
    "time": "Time: the latest rows are the test",
    "weight": "Weight of the row",
}
"""What a column can be used for, in the words of a page; but for the first one, by the option for it."""

KEPT = ("problem", "columns", "guessed", "left_out", "counts", "split", "recipe", "kind")
"""What scripts of the page read of a survey; all else is in its HTML."""

OTHERS = "#8b949e"
"""Color of the classes that have none of their own."""

CHOOSE = "\0"
"""Stands for the verb before such an option."""


def survey_data(where: str, options: dict[str, Any], on_progress: ProgressCallback) -> dict[str, Any]:
    """Everything that the studio shows of some data.

    Returns:
        ``kind`` ("table", "images" or "arrays"), ``name``, ``recipe``, which "default" means, ``counts`` by source,
        ``classes``, ``columns``, those that are ``left_out`` in words and the first ``rows`` of a table, the
        ``options`` with the guessed ones, ``findings``, ``notes``, ``sheet`` of images, ``histograms`` of a table, as
        in `class_histograms`, and ``problem``, why it cannot be trained on as it is, or None.
    """
    notes: list[str] = []
    found: dict[str, Any] = {
        "problem": None,
        "columns": [],
        "rows": [],
        "options": options,
        "findings": [],
        "notes": notes,
    }
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CutawayWarning)
        path = Path(where)
        if path.is_absolute() and is_table_path(path):
            found |= _of_table(look_at_table(path, on_progress=on_progress, **options), options)
            options = found["options"]
        try:
            if found.get("kind") == "table" and not options["label"]:
                raise UsageError(
                    "no column of the table looks like the label",
                    hint='choose "Label" for it',
                )
            found |= _of_samples(where, options, on_progress, notes)
        except CutawayError as error:
            found["problem"] = str(_in_words_of_the_page(error, _paths(where, options)))
    said = dict.fromkeys(each.message.args[0] for each in caught if isinstance(each.message, CutawayWarning))
    notes[:0] = [_for_page(each, _paths(where, options)) for each in said]
    return found


def _paths(where: str, options: dict[str, Any]) -> list[str]:
    """The paths of some data and of the table that is the test, which no page shows."""
    test = options.get("test")
    return [where, str(test)] if test else [where]


def _in_words_of_the_page(error: CutawayError, paths: Sequence[str]) -> UsageError:
    rule, got, hint = (_for_page(text, paths) for text in (error.rule, error.got, error.hint))
    return UsageError(rule, got=got, hint=hint)


def _for_page(message: str, paths: Sequence[str]) -> str:
    """A message with the name of the data instead of their path, and with choices of the page instead of options."""
    said = message.written(_chosen) if isinstance(message, Hint) else message
    said = re.sub(f"(pass (for example )?)?{CHOOSE}", "choose ", said)
    for path in paths:
        said = said.replace(path, Path(path).name)
    return said


def _chosen(name: str, value: Any) -> str:
    """An option as a choice of the page, if it has one."""
    use = USES.get("feature" if name == "use" else name, "").partition(":")[0]
    if not use:
        return Hint("{}", **{name: value})
    if value is None or value is ...:
        return f'"{use}"'
    columns = [f'"{each}"' for each in ([value] if isinstance(value, str) else value)]
    return f'{CHOOSE}"{use}" for {listed(columns)}'


def _of_table(look: TableLook, options: dict[str, Any]) -> dict[str, Any]:
    first, hidden = cut(look.columns, COLUMNS)
    columns = [each.record() | {"kind": each.kind, "wrong": look.wrong.get(each.name)} for each in first]
    return {
        "kind": "table",
        "columns": columns,
        "left_out": left_out_in_words(left_out(look.columns)),
        "more_columns": hidden,
        "rows": [list(row[: len(first)]) for row in look.rows],
        "options": {**options, "label": look.options.label or None},
        "counts": {"train": look.count},
        "guessed": options.get("label") is None and bool(look.options.label),
    }


def _of_samples(where: str, options: dict[str, Any], on_progress: ProgressCallback, notes: list[str]) -> dict[str, Any]:
    from cutaway.api.given_data import as_dataset
    from cutaway.topics.common.data_words import class_counts
    from cutaway.topics.findings.evidence import data_findings
    from cutaway.training import recipe_for, validation_share

    given = as_dataset(where, None, verb="train", on_progress=on_progress, **options)
    labels = given.labels
    named, hidden = cut(class_counts(given), CLASSES)
    known: dict[str, Any] = {
        "kind": "table" if isinstance(given, Table) else "arrays" if given.image is None else "images",
        "name": given.name,
        "recipe": recipe_for("default", given),
        "counts": {source: len(each) for source, each in labels.items()},
        "classes": named,
        "more_classes": hidden,
    }
    rows = sum(known["counts"].values())
    if isinstance(given, Table) and rows > ROWS:
        notes.append(
            f"{rows:,} rows are too many to look at their samples here; a training does, and its findings say so"
        )
        known["histograms"] = class_histograms(given, given.split().train, on_progress=on_progress)
        return known
    split, data = split_and_prepare(given, validation=validation_share(len(labels["train"])))
    known["split"] = {part: len(split.part(part)) for part in ("train", "val", "test")}
    known["inputs"], known["shape"] = data.features, list(data.shape)
    known["findings"] = [
        {
            "severity": each.severity,
            "title": each.title,
            "text": _for_page(each.text, _paths(where, options)),
        }
        for each in data_findings(given, data, split)
        if each.severity != "good"
    ]
    if isinstance(given, Table):
        known["histograms"] = class_histograms(given, split.train, on_progress=on_progress)
    if data.image is not None:
        known["sheet"] = _sheet(data, split)
    return known


def _sheet(data: Dataset, split: Split) -> dict[str, Any]:
    """Some training samples of every class on one image."""
    labels = data.y(split.train)
    chosen = stratified_sample(labels, min(IMAGES, len(labels)), seed=0)
    chosen = chosen[np.argsort(labels[chosen], kind="stable")]
    ids = split.train.take(chosen)
    images = data.images(ids)
    assert images is not None
    small = smaller(images, SIDE)
    return {
        **_packed(small),
        "height": small.shape[1],
        "width": small.shape[2],
        "names": data.named(ids).names(),
        "classes": [data.class_names[int(k)] for k in data.y(ids)],
    }


def changed_images(where: str, options: dict[str, Any], augment: str, on_progress: ProgressCallback) -> dict[str, Any]:
    """Some training images as they are, and below each as a training with an augmentation would see it.

    Returns:
        ``options``, and ``changed``: ``png`` with a column for each image, and a row for it as it is and for each of
        some epochs; ``columns``, ``rows`` and ``names`` of the columns. None of it where images are not changed.

    Raises:
        ConfigError: There is no such augmentation.
        DataError: The data cannot be read, or are not images.
    """
    from cutaway.api.given_data import as_dataset
    from cutaway.augmentation import as_augmentation
    from cutaway.training import validation_share

    augmentation = as_augmentation(augment)
    if augmentation is None:
        return {"options": options, "changed": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CutawayWarning)  # the survey without `augment` says them
        given = as_dataset(where, None, verb="train", on_progress=on_progress, **options)
        split, data = split_and_prepare(given, validation=validation_share(len(given.labels["train"])))
    train = split.train
    rows = stratified_sample(data.y(train), min(CHANGED, len(train)), seed=0)
    ids, images = train.take(rows), data.rows(train)
    seen = [images[rows], *(augmentation.rows(images, seed=0, epoch=epoch)[rows] for epoch in range(1, EPOCHS + 1))]
    small = smaller(data.shown(np.concatenate(seen)), SIDE)
    framed = np.pad(small, [(0, 0), (1, 1), (1, 1), (0, 0)][: small.ndim], constant_values=0.5)
    sheet = {**_packed(framed, columns=len(rows)), "rows": len(seen)}
    return {"options": options, "changed": {**sheet, "names": data.named(ids).names()}}


def _packed(images: np.ndarray, *, columns: int | None = None) -> dict[str, Any]:
    from cutaway.plots import sprite_sheet

    content, columns = sprite_sheet(images, columns=columns)
    return {"png": base64.b64encode(content).decode(), "columns": columns}


def class_histograms(table: Table, ids: SampleIds, *, on_progress: ProgressCallback) -> dict[str, Any]:
    """Count the values of each column that is used, by class.

    Args:
        table: The table.
        ids: Training samples.
        on_progress: Told while the table is read.

    Returns:
        ``classes``, their names, the largest first, with "others" if there are more; ``colors``, one for each;
        ``rows``, how many were counted, ``of`` how many; and ``columns``: for each by its name ``names``, of the bars,
        and ``counts``, rows by bar and class. Columns of a single value are left out.
    """
    from cutaway.plots import CLASS_COLORS

    drawn = ids.take(stratified_sample(_labels(table, ids), COUNTED, seed=0)) if len(ids) > COUNTED else ids
    drawn = drawn.take(np.argsort(drawn.keys(), kind="stable"))  # as the cells come
    labels = _labels(table, drawn)
    order = np.argsort(-np.bincount(labels, minlength=table.classes), kind="stable")
    place = np.full(table.classes, TOLD_APART)
    place[order[:TOLD_APART]] = np.arange(min(TOLD_APART, table.classes))
    of_row = np.minimum(place[labels], TOLD_APART)
    names = [table.class_names[k] for k in order[:TOLD_APART].tolist()]
    names += ["others"] if table.classes > TOLD_APART else []
    used = [column for column in table.columns if column.use == "feature"][:SPREADS]
    kinds: dict[str, Any] = {column.name: column.kind for column in used}
    cells = table_cells(table, drawn, kinds=kinds, on_progress=on_progress) if kinds else {}
    found: dict[str, Any] = {}
    for column in used:
        count = _categories if column.kind == "category" else _numbers
        if (counted := count(cells[column.name], of_row, len(names))) is not None:
            bars, counts = counted
            if column.kind == "date":
                bars = [f"bar {bar + 1} of {BARS}" for bar in range(BARS)]
            found[column.name] = {"names": bars, "counts": counts}
    colors = [CLASS_COLORS[k % len(CLASS_COLORS)] for k in order[:TOLD_APART].tolist()]
    return {"classes": names, "colors": [*colors, OTHERS], "rows": len(drawn), "of": len(ids), "columns": found}


def _labels(table: Table, ids: SampleIds) -> np.ndarray:
    (source,) = {ids.sources[number] for number in np.unique(ids.source_index)}
    return table.labels[source][ids.index]


def _numbers(cells: Any, of_row: np.ndarray, classes: int) -> tuple[list[str], list[list[int]]] | None:
    values = cells.to_numpy().astype(np.float64)
    known = np.isfinite(values)
    low, high = np.quantile(values[known], (0.01, 0.99)) if known.any() else (0.0, 0.0)
    if known.any() and not high > low:  # nearly all values are the same, and the others may tell most
        low, high = values[known].min(), values[known].max()
    if not 0 < float(high) - float(low) < math.inf:  # the difference of two numbers may overflow
        return None
    bars = np.clip(((values[known] - low) / (high - low) * BARS).astype(np.int64), 0, BARS - 1)
    # digits that tell one end from the next, also of years and of large numbers
    digits = max(3, 1 + math.ceil(math.log10(max(abs(low), abs(high)) / (high - low) * BARS)))
    ends = [f"{float(f'{end:.{digits}g}'):.12g}" for end in np.linspace(low, high, BARS + 1)[1:-1]]
    names = [f"up to {ends[0]}", *map("{} to {}".format, ends, ends[1:]), f"from {ends[-1]}"]
    return names, _counts(bars, of_row[known], BARS, classes)


def _categories(cells: Any, of_row: np.ndarray, classes: int) -> tuple[list[str], list[list[int]]] | None:
    texts = ["missing" if cell is None else str(cell) for cell in cells.to_pylist()]
    values, codes = np.unique(texts, return_inverse=True)
    if len(values) < 2:
        return None
    most = np.argsort(-np.bincount(codes), kind="stable")[:VALUES]
    bar = np.full(len(values), -1)
    bar[most] = np.arange(len(most))
    shown = bar[codes] >= 0
    names = [str(value)[:40] for value in values[most].tolist()]
    return names, _counts(bar[codes][shown], of_row[shown], len(names), classes)


def _counts(bars: np.ndarray, of_row: np.ndarray, length: int, classes: int) -> list[list[int]]:
    counts = np.zeros((length, classes), np.int64)
    np.add.at(counts, (bars, of_row), 1)
    return counts.tolist()


def load() -> None:
    """Leave half of the machine's memory to others: a file of 2 MB may hold hundreds of millions of rows."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows, or a system that does not say
        import resource

        most = max(LEAST, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    with contextlib.suppress(OSError):  # if memory runs out all the same, this process is the first to go
        Path("/proc/self/oom_score_adj").write_text("1000")


def run(survey: Survey, context: JobContext) -> dict[str, Any]:
    """Look at the data of a survey, for `survey_data` or `changed_images`; without the path of test data.

    Returns:
        Of `survey_data`, ``html``, which shows everything, and what scripts read, `KEPT`.

    Raises:
        UsageError: They cannot be read, in the words of a page.
    """
    given = (survey.data, dict(survey.options))
    try:
        if survey.augment is None:
            result = survey_data(*given, context.on_progress)
        else:
            result = changed_images(*given, survey.augment, context.on_progress)
    except Canceled:
        raise
    except CutawayError as error:
        raise _in_words_of_the_page(error, _paths(*given)) from error
    except MemoryError:
        raise UsageError(SURVEY_MEMORY, got=Path(survey.data).name, hint=SURVEY_HINT) from None
    options = {name: value for name, value in result["options"].items() if name != "test"}
    if survey.augment is not None:
        return {**result, "options": options}
    known = defaultdict[str, Any](type(None), result, options=defaultdict[str, Any](type(None), options))
    shown = {"found": known, "uses": [*USES.items()], "bundled": not Path(survey.data).is_absolute()}
    html = render_fragment("survey.html", **shown)
    return {**{name: known[name] for name in KEPT}, "options": options, "html": html}
