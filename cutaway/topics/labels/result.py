"""The list of suspect labels as a user holds it, and the files that it is written to."""

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cutaway._lazy import public
from cutaway.data import SampleIds, csv_row, read_decisions
from cutaway.errors import DataError, UsageError
from cutaway.findings import SUSPECT, CountEstimate
from cutaway.results.result import Result
from cutaway.results.table import Column, Table, column
from cutaway.results.units import COUNT_OF, NAME, TEXT, decimals, percent, share
from cutaway.runs import check_output, write_output
from cutaway.topics.common.identity import with_identity

if TYPE_CHECKING:
    from cutaway.plots import Figure

SUSPECTS = (
    column("given", "Label", NAME, "The label."),
    column("suggested", "Suggested", NAME, "The most probable other class."),
    column("score", "Score", decimals(3), "How suspect the label is, 0..1; above 0.5 the models prefer another class."),
    column("P(given)", "P(label)", share(1), "Out-of-sample probability of the label."),
    column("P(suggested)", "P(suggested)", share(1), "Out-of-sample probability of the suggested class."),
    Column(("neighbors of given",), "Neighbors with the label", share(1), "Share of the nearest other samples."),
    Column(("neighbors of suggested",), "Neighbors with the suggested label", share(1), "Likewise."),
)
"""Suspect labels, beside the names of the samples."""

DECISIONS = (
    column("decision", "Decision", TEXT, "Empty, for a person: keep, relabel or drop."),
    column("label", "New label", TEXT, "Empty: the new label."),
    column("by", "By", TEXT, "Empty: who decides."),
    column("when", "When", TEXT, "Empty: when that was."),
)
"""What a list of suspects has room for."""

_NEAR = "How many of the nearest other samples have the suggested label."
PRINTED = (*SUSPECTS[:5], column("near of", "Neighbors", COUNT_OF, _NEAR, explained=True))
"""What people read, beside the names of the samples."""

ENDINGS = (".csv", ".jsonl", ".parquet")


@public
@dataclass(frozen=True, eq=False, repr=False)
class LabelIssues(Result):
    """Samples whose label is suspect, the worst first, made by `Run.label_issues` and `cutaway.label_issues`.

    Attributes:
        ids: The samples.
        given: int64 ``(suspect,)``, their labels.
        suggested: int64 ``(suspect,)``, the most probable other class.
        scores: float64 ``(suspect,)`` in 0..1, how suspect; above 0.5 the models prefer another class.
        probabilities: float32 ``(suspect, 2)``, out-of-sample probability of the label and of the suggested class.
        neighbors: int64 ``(suspect, k)``, the nearest other samples, as positions in `neighbor_ids`.
        neighbor_labels: int64 ``(suspect, k)``, their labels.
        neighbor_ids: The samples among which neighbors were searched: all, or above 70,000 a stratified sample by
            class.
        class_names: Names of the classes.
        count: Estimated number of wrong labels; None if they cannot be told from errors of the models.
        note: Why there is no estimate, or "".
        samples: Number of all samples.
        not_judged: Samples of classes with a single sample, about which nothing can be said.
        accuracy: Share of all samples whose label is the most probable class out of sample, 0..1.
        folds: Number of folds.
        seeds: Number of times that all folds were trained.
        epochs: Number of epochs of each training.
        images: float32 ``(at most 200 suspects, row, column)`` in 0..1, or None if samples are not images.
        surest: Among the 10% of samples the models are surest about: how many are labeled otherwise, and how many there
            are.
        recipe: Name of the recipe that the models were trained with; None if they had the model and the settings of a
            run.
        hidden: Units of the hidden dense layers of the models.
        can_judge: Whether the models predict labels better than always saying the largest class would. If not, they
            cannot judge labels, and the order of the suspects means nothing.
    """

    ids: SampleIds = field(repr=False)
    given: np.ndarray = field(repr=False)
    suggested: np.ndarray = field(repr=False)
    scores: np.ndarray = field(repr=False)
    probabilities: np.ndarray = field(repr=False)
    neighbors: np.ndarray = field(repr=False)
    neighbor_labels: np.ndarray = field(repr=False)
    neighbor_ids: SampleIds = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)
    count: CountEstimate | None
    note: str = field(repr=False)
    samples: int
    not_judged: int
    accuracy: float
    folds: int
    seeds: int
    epochs: int
    images: np.ndarray | None = field(repr=False)
    surest: tuple[int, int]
    recipe: str | None = None
    hidden: tuple[int, ...] = ()
    can_judge: bool = True

    def line(self) -> str:
        """A one-line summary."""
        if not self.can_judge:
            return f"LabelIssues: {self.note}"
        first = ""
        if len(self):
            given, suggested = self._names(self.given[:1])[0], self._names(self.suggested[:1])[0]
            first = f"; first {self.ids[0]}, labeled {given}, perhaps {suggested}"
        note = f"; {self.note}" if self.note else ""
        return f"LabelIssues: {self._known()}{first}{note}"

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def above_half(self) -> int:
        """Number of suspects whose score is above 0.5: the models prefer another class."""
        return int((self.scores > SUSPECT).sum())

    def records(self) -> Iterator[dict[str, Any]]:
        """A JSON-able record for each suspect: sample, given, suggested, score, probabilities and neighbors.

        Besides the sample, its file in a folder of images, or its row in the file of a table.
        """
        given, suggested = self._names(self.given), self._names(self.suggested)
        known, places = np.unique(self.neighbors, return_inverse=True)
        called, places = self.neighbor_ids.take(known).names(), places.reshape(self.neighbors.shape)
        for row, named in enumerate(self.ids.records()):
            near = [called[int(place)] for place in places[row].tolist()]
            labels = self._names(self.neighbor_labels[row])
            yield {
                **named,
                "given": given[row],
                "suggested": suggested[row],
                "score": float(self.scores[row]),
                "probability_given": float(self.probabilities[row, 0]),
                "probability_suggested": float(self.probabilities[row, 1]),
                "neighbors": [{"sample": n, "label": label} for n, label in zip(near, labels, strict=True)],
            }

    def table(self) -> Table:
        """One row for each suspect, the worst first, with empty columns for a person's decisions."""
        return Table(with_identity(self.ids, (*DECISIONS, *SUSPECTS)), self.columns())

    def tables(self, n: int | None = 20) -> tuple[Table, ...]:
        """The table shown in a terminal, without suspects if the models cannot judge labels.

        Args:
            n: Maximum number of suspects; all if None.
        """
        near = (self.neighbor_labels == self.suggested[:, None]).sum(axis=1)
        values = {**self.columns(), "near": near, "of": np.full(len(self), self.neighbor_labels.shape[1])}
        notes = tuple(self._sentences())
        known = self._known()
        title = f"{known[:1].upper()}{known[1:]}."
        if self.count is not None:
            title += " Begin at the top of the list, and go on as long as you find wrong ones."
        columns = PRINTED
        if not self.can_judge:
            title, columns, n = self.note, SUSPECTS[:5], 0
        listed = Table(with_identity(self.ids, columns), values, title=title, notes=notes)
        return (listed.take(range(len(self))[:n]),)

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway labels --json`` answers."""
        return {
            "samples": self.samples,
            "not_judged": self.not_judged,
            "surest": {"samples": self.surest[1], "labeled_otherwise": self.surest[0]},
            "estimate": {
                "wrong": None if self.count is None else self.count.count,
                "low": None if self.count is None else self.count.low,
                "high": None if self.count is None else self.count.high,
            },
            "note": self.note or None,
            "accuracy": self.accuracy,
            "folds": self.folds,
            "seeds": self.seeds,
            "epochs": self.epochs,
            "recipe": self.recipe,
            "hidden": list(self.hidden),
            "suspects": list(self.records()),
        }

    def _known(self) -> str:
        return known_of_labels(surest=self.surest, count=self.count, samples=self.samples)

    def _sentences(self) -> Iterator[str]:
        if not self.can_judge:
            yield self._models()
            return
        above = f"{self.above_half:,}" if self.above_half else "None"
        have = f"{above} of the {len(self):,} most suspect {'have' if self.above_half > 1 else 'has'} a score above 0.5"
        means = "which means that the models prefer another class: the label is wrong, or the models are"
        yield f"Some labels are always the most suspect. {have}, {means}."
        if self.count is not None:
            words = surest_in_words(self.surest)
            yield f"{words[:1].upper()}{words[1:]}."
        yield self._models()
        if self.note:
            yield f"Note: {self.note}"
        if self.not_judged:
            yield f"Not judged: {self.not_judged:,} samples that are the only one of their class."

    def _models(self) -> str:
        models = f"{self.folds * self.seeds} models ({self.epochs} epochs each)"
        agree = f"agree with {percent(self.accuracy)} of the labels"
        return f"{models} {agree}; none was trained on the samples it judged."

    def plot(self, n: int = 50, *, columns: int = 10) -> "Figure":
        """The images of the first suspects, with their names, labels and suggestions, a matplotlib figure.

        Args:
            n: Number of suspects, at most 200.
            columns: Images in a row.

        Raises:
            UsageError: The samples are not images.
        """
        from cutaway.plots import image_grid

        if self.images is None:
            raise UsageError(
                "a sheet shows images", got="samples that are no images", hint="use to_pandas(), or write a table"
            )
        shown = min(n, len(self.images))
        pairs = zip(self.ids.names(), self._names(self.given), self._names(self.suggested), strict=True)
        titles = [f"{name}\n{given} → {suggested}?" for name, given, suggested in list(pairs)[:shown]]
        return image_grid(self.images[:shown], titles, columns=columns)

    def _names(self, classes: np.ndarray) -> list[str]:
        return [self.class_names[number] for number in classes.tolist()]

    def columns(self) -> dict[str, Any]:
        """The columns of `to_pandas` by name, text or numbers ``(suspect,)``."""
        empty, called = [""] * len(self), self.ids.columns()
        return {
            "sample": called.pop("sample"),
            "decision": empty,
            "label": empty,
            "by": empty,
            "when": empty,
            **called,
            "given": self._names(self.given),
            "suggested": self._names(self.suggested),
            "score": self.scores,
            "P(given)": self.probabilities[:, 0],
            "P(suggested)": self.probabilities[:, 1],
            "neighbors of given": (self.neighbor_labels == self.given[:, None]).mean(axis=1),
            "neighbors of suggested": (self.neighbor_labels == self.suggested[:, None]).mean(axis=1),
        }


def known_of_labels(*, surest: tuple[int, int], count: CountEstimate | None, samples: int) -> str:
    """What is known of all labels, without a capital and a period.

    Args:
        surest: See `LabelIssues`.
        count: Estimate of how many of all labels are wrong, if there is one.
        samples: Number of all samples.
    """
    if count is None:
        return surest_in_words(surest)
    are = "are probably" if count.low else "may be"
    interval = f"95% interval {count.low:,} to {count.high:,}"
    return f"about {count.count:,} of {samples:,} labels {are} wrong ({interval})"


def surest_in_words(surest: tuple[int, int]) -> str:
    """How many of the labels that the models are most sure of are others, without a capital and a period."""
    wrong, sure = surest
    labeled = f"{wrong:,} of the {sure:,}" if wrong else f"none of the {sure:,}"
    are = "are" if wrong > 1 else "is"
    return f"{labeled} samples of which the models are most sure {are} labeled as another class"


def check_suspects_file(path: Path) -> None:
    """Refuse a file that a list of suspects is not written to, before anything is trained.

    Raises:
        UsageError: The ending is unknown, the folder does not exist, or the file holds decisions.
        DataError: The file holds something else, which is not overwritten.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(
            f"suspect labels are written to a file that ends in {', '.join(ENDINGS)}",
            got=str(path),
            hint="rename it, for example to suspects.csv",
        )
    check_output(path)
    if decided := _decisions_in(path):
        raise UsageError(
            "a file with decisions is never overwritten",
            got=f"{path} with {decided:,} of them",
            hint="write the new list to another file, such as suspects-2.csv",
        )


def write_suspects(issues: LabelIssues, path: Path) -> None:
    """Write the list to a file, in which a person then decides; see `cutaway.data.read_decisions`.

    Raises:
        UsageError: The ending is another one, the disk or the folder refuses, or the file holds decisions.
        DataError: The models cannot judge the labels.
    """
    check_suspects_file(path)
    check_judged(issues)
    write_output(path, _bytes(issues, path.suffix.lower()))


def check_judged(issues: LabelIssues) -> None:
    """Refuse a list or a sheet of suspects that mean nothing.

    Raises:
        DataError: The models cannot judge the labels.
    """
    if not issues.can_judge:
        raise DataError(
            "suspects are written where the models can judge labels",
            got=issues.note.rstrip("."),
            hint="look for the cause with cutaway doctor",
        )


def _decisions_in(path: Path) -> int:
    """The number of decisions in a file that is there."""
    if not path.exists():
        return 0
    if path.suffix.lower() != ".jsonl":
        return len(read_decisions(path))
    with open(path, encoding="utf-8", errors="replace") as file:
        rows = [_json_row(line, number, path) for number, line in enumerate(file, start=1) if line.strip()]
    return sum(bool(row.get("decision")) for row in rows)


def _json_row(line: str, number: int, path: Path) -> dict[str, Any]:
    row: dict[str, Any] = {}
    with contextlib.suppress(ValueError, RecursionError):  # refused below, with the number of the line
        found: Any = json.loads(line)
        row = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    if isinstance(row.get("sample"), str) and ("given" in row or "decision" in row):
        return row
    raise DataError(
        "only a list of suspect labels is replaced by another one",
        got=f"{path}, whose line {number:,} is none of one",
        hint="write the list to another file, such as suspects.jsonl",
    )


def _bytes(issues: LabelIssues, ending: str) -> bytes:
    if ending == ".parquet":
        buffer = io.BytesIO()
        issues.to_pandas().to_parquet(buffer, index=False)
        return buffer.getvalue()
    text = io.StringIO()
    if ending == ".jsonl":
        text.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in issues.records())
    else:
        columns = {name: _cells(values) for name, values in issues.columns().items()}
        text.writelines(csv_row(row) for row in (tuple(columns), *zip(*columns.values(), strict=True)))
    return text.getvalue().encode()


def _cells(values: Any) -> list[str]:
    if isinstance(values, np.ndarray):
        return [f"{value:.4g}" for value in values.tolist()]
    return list(map(str, values))
