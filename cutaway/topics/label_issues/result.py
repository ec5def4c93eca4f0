"""The list of label issues as a user holds it, and the files that it is written to."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.data import SampleIds, count_decisions
from cutaway.errors import DataError, UsageError
from cutaway.findings import ISSUE_SCORE, CountEstimate
from cutaway.results.table import Column, Table, columns_of, value
from cutaway.results.units import COUNT_OF, NAME, TEXT, decimals, share
from cutaway.runs import check_output
from cutaway.topics.common.rows_file import ENDINGS, write_rows
from cutaway.topics.common.sample_list import SampleList
from cutaway.words import percent

if TYPE_CHECKING:
    from cutaway.plots import Figure


@dataclass(frozen=True, eq=False)
class LabelIssueRows:
    """Label issues, and room for what a person decides about each."""

    decision: list[str] = value("Decision", TEXT, "Empty, for a person: keep, relabel or drop.", shown=False)
    label: list[str] = value("New label", TEXT, "Empty: the new label.", shown=False)
    by: list[str] = value("By", TEXT, "Empty: who decides.", shown=False)
    when: list[str] = value("When", TEXT, "Empty: when that was.", shown=False)
    given: list[str] = value("Label", NAME, "The label.")
    suggested: list[str] = value("Suggested", NAME, "The most probable other class.")
    score: np.ndarray = value("Score", decimals(3), "From 0 to 1; above 0.5 the models prefer another class.")
    of_given: np.ndarray = value("P(label)", share(1), "Out-of-sample probability of the label.", names=("P(given)",))
    of_suggested: np.ndarray = value(
        "P(suggested)", share(1), "Out-of-sample probability of the suggested class.", names=("P(suggested)",)
    )
    near_given: np.ndarray = value(
        "Neighbors with the label",
        share(1),
        "Share of the nearest other samples.",
        names=("neighbors of given",),
        shown=False,
    )
    near_suggested: np.ndarray = value(
        "Neighbors with the suggested label", share(1), "Likewise.", names=("neighbors of suggested",), shown=False
    )


NEIGHBORS = Column(
    ("near", "of"),
    "Neighbors",
    COUNT_OF,
    "How many of the nearest other samples have the suggested label.",
    explained=True,
)
"""What people read in place of the shares of neighbors."""


@public
@dataclass(frozen=True, eq=False, repr=False)
class LabelIssues(SampleList):
    """Samples whose label is probably wrong, the worst first, made by `Run.label_issues` and `cutaway.label_issues`.

    Attributes:
        ids: The samples.
        given: int64 ``(issue,)``, their labels.
        suggested: int64 ``(issue,)``, the most probable other class.
        scores: float64 ``(issue,)`` in 0..1; above 0.5 the models prefer another class.
        probabilities: float32 ``(issue, 2)``, out-of-sample probability of the label and of the suggested class.
        neighbors: int64 ``(issue, k)``, the nearest other samples, as positions in `neighbor_ids`.
        neighbor_labels: int64 ``(issue, k)``, their labels.
        neighbor_ids: The samples among which neighbors were searched: all, or above 70,000 a stratified sample by
            class.
        class_names: Names of the classes.
        count: Estimated number of wrong labels; None if wrong labels and errors of the models look alike.
        note: Why there is no estimate, or "".
        samples: Number of all samples.
        not_judged: Samples of classes with a single sample, about which nothing can be said.
        accuracy: Share of all samples whose label is the most probable class out of sample, 0..1.
        folds: Number of folds.
        seeds: Number of times that all folds were trained.
        epochs: Number of epochs of each training.
        images: float32 ``(at most 200 issues, row, column)`` in 0..1, or None if samples are not images.
        surest: Among the 10% of samples the models are surest about: how many are labeled otherwise, and how many there
            are.
        recipe: Name of the recipe that the models were trained with; None if they had the model and the settings of a
            run.
        hidden: Units of the hidden dense layers of the models.
        can_judge: Whether the models predict labels better than always saying the largest class would. If not, they
            cannot judge labels, and the order of the label issues means nothing.
    """

    ids: SampleIds
    given: np.ndarray
    suggested: np.ndarray
    scores: np.ndarray
    probabilities: np.ndarray
    neighbors: np.ndarray
    neighbor_labels: np.ndarray
    neighbor_ids: SampleIds
    class_names: tuple[str, ...]
    count: CountEstimate | None
    note: str
    samples: int
    not_judged: int
    accuracy: float
    folds: int
    seeds: int
    epochs: int
    images: np.ndarray | None
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
            given, suggested = self.names_of(self.given[:1])[0], self.names_of(self.suggested[:1])[0]
            first = f"; first {self.ids[0]}, labeled {given}, perhaps {suggested}"
        note = f"; {self.note}" if self.note else ""
        return f"LabelIssues: {known_of_labels(self)}{first}{note}"

    @property
    def above_half(self) -> int:
        """Number of label issues whose score is above 0.5: the models prefer another class."""
        return int((self.scores > ISSUE_SCORE).sum())

    def records(self) -> Iterator[dict[str, Any]]:
        """A JSON-able record for each label issue: sample, given, suggested, score, probabilities and neighbors.

        Besides the sample, its file in a folder of images, or its row in the file of a table.
        """
        given, suggested = self.names_of(self.given), self.names_of(self.suggested)
        known, places = np.unique(self.neighbors, return_inverse=True)
        called, places = self.neighbor_ids.take(known).names(), places.reshape(self.neighbors.shape)
        for row, named in enumerate(self.ids.records()):
            near = [called[int(place)] for place in places[row].tolist()]
            labels = self.names_of(self.neighbor_labels[row])
            yield {
                **named,
                "given": given[row],
                "suggested": suggested[row],
                "score": float(self.scores[row]),
                "probability_given": float(self.probabilities[row, 0]),
                "probability_suggested": float(self.probabilities[row, 1]),
                "neighbors": [{"sample": n, "label": label} for n, label in zip(near, labels, strict=True)],
            }

    def rows(self) -> LabelIssueRows:
        """The label, the suggestion and the measures of each, the worst first, with empty columns for decisions."""
        empty, near = [""] * len(self), self.neighbor_labels
        return LabelIssueRows(
            *(empty, empty, empty, empty),
            self.names_of(self.given),
            self.names_of(self.suggested),
            self.scores,
            *self.probabilities.T,
            *((near == classes[:, None]).mean(axis=1) for classes in (self.given, self.suggested)),
        )

    def tables(self, n: int | None = 20) -> tuple[Table, ...]:
        """The table shown in a terminal, without label issues if the models cannot judge labels.

        Args:
            n: Maximum number of label issues; all if None.
        """
        table, notes = self.table(), tuple(self._sentences())
        if not self.can_judge:
            return (replace(table, title=self.note, notes=notes).take(()),)
        near = (self.neighbor_labels == self.suggested[:, None]).sum(axis=1)
        values = {**table.values, "near": near, "of": np.full(len(self), self.neighbor_labels.shape[1])}
        first, *others = table.columns
        declared = len(columns_of(LabelIssueRows))
        columns = (first, *others[:declared], NEIGHBORS, *others[declared:])
        begin = "Begin at the top of the list, and go on as long as you find wrong ones."
        title = self.note or f"{capitalized(known_of_labels(self))}. {begin}"
        return (Table(columns, values, title, notes).take(range(len(self))[:n]),)

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway label-issues --json`` answers."""
        return self._plain("samples", "not_judged", "accuracy", "folds", "seeds", "epochs", "recipe", "hidden") | {
            "surest": {"samples": self.surest[1], "labeled_otherwise": self.surest[0]},
            "estimate": {
                "wrong": None if self.count is None else self.count.count,
                "low": None if self.count is None else self.count.low,
                "high": None if self.count is None else self.count.high,
            },
            "note": self.note or None,
            "label_issues": list(self.records()),
        }

    def _sentences(self) -> Iterator[str]:
        if not self.can_judge:
            yield self._models()
            return
        above = f"{self.above_half:,}" if self.above_half else "None"
        have = f"{above} of the {len(self):,} listed {'have' if self.above_half > 1 else 'has'} a score above 0.5"
        means = "which means that the models prefer another class: the label is wrong, or the models are"
        yield f"The list is never empty: it has the highest scores. {have}, {means}."
        yield f"{capitalized(surest_in_words(self.surest))}."
        yield self._models()
        if self.not_judged:
            yield f"Not judged: {self.not_judged:,} samples that are the only one of their class."

    def _models(self) -> str:
        models = f"{self.folds * self.seeds} models ({self.epochs} epochs each)"
        agree = f"agree with {percent(self.accuracy)} of the labels"
        return f"{models} {agree}; none was trained on the samples it judged."

    def plot(self, n: int = 50, *, columns: int = 10) -> "Figure":
        """The images of the first label issues, with their names, labels and suggestions, a matplotlib figure.

        Args:
            n: Number of label issues, at most 200.
            columns: Images in a row.

        Raises:
            UsageError: The samples are not images.
        """
        from cutaway.plots import image_grid

        if self.images is None:
            raise UsageError(
                "these samples are not images, so there is nothing to draw", hint="use to_pandas(), or write a table"
            )
        shown = min(n, len(self.images))
        pairs = zip(self.ids.names(), self.names_of(self.given), self.names_of(self.suggested), strict=True)
        titles = [f"{name}\n{given} → {suggested}?" for name, given, suggested in list(pairs)[:shown]]
        return image_grid(self.images[:shown], titles, columns=columns)


def capitalized(text: str) -> str:
    """A text with a capital at its beginning, and the rest as it is."""
    return text[:1].upper() + text[1:]


def known_of_labels(issues: LabelIssues) -> str:
    """What is known of all labels, without a capital and a period."""
    count = issues.count
    if count is None:
        return surest_in_words(issues.surest)
    are = "are probably" if count.low else "may be"
    interval = f"95% interval {count.low:,} to {count.high:,}"
    return f"about {count.count:,} of {issues.samples:,} labels {are} wrong ({interval})"


def surest_in_words(surest: tuple[int, int]) -> str:
    """How many of the labels that the models are most sure of are others, without a capital and a period."""
    wrong, sure = surest
    labeled = f"{wrong:,} of the {sure:,}" if wrong else f"none of the {sure:,}"
    are = "are" if wrong > 1 else "is"
    return f"{labeled} samples that the models are most sure about {are} labeled as another class"


def check_label_issues_file(path: Path) -> None:
    """Refuse a file that a list of label issues is not written to, before anything is trained.

    Raises:
        UsageError: The ending is unknown, the folder does not exist, or the file holds decisions.
        DataError: The file holds something else, which is not overwritten.
    """
    check_output(path, ENDINGS)
    if decided := count_decisions(path):
        raise UsageError(
            f"{path} is not overwritten: it holds {decided:,} decisions",
            hint="write the new list to another file, such as label-issues-2.csv",
        )


def write_label_issues(issues: LabelIssues, path: Path) -> None:
    """Write the list to a file for a person to decide in; see `cutaway.data.read_decisions`.

    Raises:
        UsageError: The ending is another one, the disk or the folder refuses, or the file holds decisions.
        DataError: The models cannot judge the labels.
    """
    check_label_issues_file(path)
    check_judged(issues)
    write_rows([issues], path, what="label-issues")


def check_judged(issues: LabelIssues) -> None:
    """Refuse a list or a sheet of label issues that mean nothing.

    Raises:
        DataError: The models cannot judge the labels.
    """
    if not issues.can_judge:
        raise DataError(
            f"the models cannot judge these labels: {issues.note.rstrip('.')}",
            hint="look for the cause with cutaway doctor",
        )
