"""How each sample of a run was learned, as the user holds it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.checks import check_whole
from cutaway.context import RunContext
from cutaway.data import PARTS, SampleIds
from cutaway.errors import Hint, RunError
from cutaway.metrics import DIFFICULTIES, NEVER, Dynamics, DynamicsTracker
from cutaway.progress import Progress, ProgressCallback
from cutaway.results.notebook import ROWS
from cutaway.results.table import Table, columns_of, value
from cutaway.results.units import COUNT, NAME, TEXT, decimals, share
from cutaway.topics.common.predictions import labels as labels_of
from cutaway.topics.common.predictions import recorded_predictions
from cutaway.topics.common.sample_list import SampleList
from cutaway.words import number, percent

from .options import SamplesOptions

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure

"""Where predictions are from: recorded by training, or computed now from the snapshots."""

VALUES = 2**22
"""Values of predictions that are judged at a time: 32 MiB as float64."""

IMAGES = 10_000
"""The most points that carry their image to the page, as in an embedding."""


@dataclass(frozen=True, eq=False)
class DynamicsRows:
    """How each sample was learned."""

    split: list[str] = value("Split", TEXT, "The split that it is in.", shown=False)
    label: list[str] = value("Label", NAME, "Its label.")
    predicted: list[str] = value("Predicted", NAME, "The class that is predicted in the last epoch.")
    difficulty: list[str] = value("Difficulty", TEXT, "Whether it was easy, ambiguous or hard to learn.", shown=False)
    first_learned: np.ma.MaskedArray[Any, Any] = value(
        "First", COUNT, "The first epoch that predicted the label; –: none did.", explained=True
    )
    forgotten: np.ndarray = value(
        "Forgot", COUNT, "How often it was right in one epoch and wrong in the next.", explained=True
    )
    correctness: np.ndarray = value("Right", share(0), "Share of the epochs that predicted it.", explained=True)
    confidence: np.ndarray = value("Conf.", decimals(2), "Mean probability of the label.", explained=True)
    variability: np.ndarray = value("Var.", decimals(2), "Standard deviation of that probability.", explained=True)
    margin: np.ndarray = value(
        "Margin", decimals(2), "Mean probability of the label minus the largest of another class.", shown=False
    )
    area_under_margin: np.ndarray = value(
        "AUM",
        decimals(2),
        "Area under the margin: mean log of its probability over the largest other.",
        explained=True,
    )


@public
@dataclass(frozen=True, eq=False, repr=False)
class SampleDynamics(SampleList):
    """How each sample was learned, from its predictions in every epoch, made by `Run.dynamics`.

    Recorded predictions of training samples are those made while the model was trained on them: in training mode, with
    dropout, and in the middle of the epoch. Those of validation and test samples, and all that were computed from
    snapshots, are of the model after the epoch, in evaluation. So compare training samples only with one another.

    Attributes:
        split: The split whose samples these are.
        predictions: "recorded" or "computed": where the predictions are from.
        measures: The numbers, arrays along the samples, such as ``measures.forgotten``.
        ids: Identity of each sample.
        parts: uint8 ``(sample,)``, 0 for training, 1 for validation and 2 for test samples.
        labels: int64 ``(sample,)``, the class of each sample.
        class_names: Names of the classes, in the order of their numbers.
        context: The run it is of.
    """

    split: str
    predictions: str
    measures: Dynamics
    ids: SampleIds
    parts: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    context: RunContext

    def line(self) -> str:
        """A one-line summary."""
        forgotten, never = int((self.measures.forgotten > 0).sum()), int(self.measures.never_learned.sum())
        return f"{self._title()}: {self.difficulties()}; {forgotten:,} forgotten, {never:,} never learned"

    def _title(self) -> str:
        return f"SampleDynamics of {len(self):,} {self._kind} in {len(self.epochs)} epochs"

    @property
    def _kind(self) -> str:
        return "samples" if self.split == "all" else f"{self.split} samples"

    def difficulties(self, digits: int = 1) -> str:
        """The shares of easy, ambiguous and hard samples, in words."""
        counts = np.bincount(self.measures.difficulty, minlength=len(DIFFICULTIES)) / max(len(self), 1)
        shares = zip(counts.tolist(), DIFFICULTIES, strict=True)
        return ", ".join(f"{percent(each, digits)} {name}" for each, name in shares)

    @property
    def epochs(self) -> tuple[int, ...]:
        """Numbers of the epochs whose predictions were used."""
        return self.measures.epochs

    @property
    def difficulty(self) -> list[str]:
        """For each sample: "easy", "ambiguous" or "hard", by the limits of `cutaway.metrics.Dynamics.difficulty`."""
        return [DIFFICULTIES[number] for number in self.measures.difficulty.tolist()]

    def take(self, selection: Any) -> "SampleDynamics":
        """The same for some of the samples, selected as in NumPy by an integer array, a slice or a boolean mask."""
        return replace(
            self,
            measures=self.measures.take(selection),
            ids=self.ids.take(selection),
            parts=self.parts[selection],
            labels=self.labels[selection],
        )

    def hardest(self, n: int | None = None, *, sort: str = "area_under_margin") -> "SampleDynamics":
        """The samples that were hardest to learn, the hardest first.

        Args:
            n: Maximum number of samples; all if None.
            sort: What to sort by: "area_under_margin", "margin", "confidence" or "correctness", the smallest first;
                "variability", the largest first; "forgotten" or "first_learned", with those never learned first, then
                the most often forgotten, or the last learned.

        Raises:
            UnknownNameError: ``sort`` is not one of these.
            UsageError: ``n`` is not a whole number from 1 up.
        """
        return self.take(self.measures.order(sort)[: None if n is None else check_whole(n, name="n", least=1)])

    def rows(self) -> DynamicsRows:
        """The split, the label and all measures of each; ``first_learned`` is masked if it was never learned."""
        m = self.measures
        return DynamicsRows(
            split=[PARTS[number] for number in self.parts.tolist()],
            label=self.names_of(self.labels),
            predicted=self.names_of(m.predicted),
            difficulty=self.difficulty,
            first_learned=np.ma.masked_equal(m.first_learned, NEVER),
            forgotten=m.forgotten,
            correctness=m.correctness,
            confidence=m.confidence,
            variability=m.variability,
            margin=m.margin,
            area_under_margin=m.area_under_margin,
        )

    def tables(self, sort: str = "area_under_margin", limit: int = ROWS) -> tuple[Table, ...]:
        """The table shown in a terminal: the hardest samples.

        Args:
            sort: See `hardest`.
            limit: Maximum number of samples; 0 for all.
        """
        shown = self.take(self.measures.order(sort)[: limit or None])
        by = next(each.heading for each in columns_of(DynamicsRows) if each.names == (sort,))
        title = f"{len(shown):,} of {len(self):,} {self._kind}, by {by}, in {len(self.epochs)} epochs"
        above = number(self.measures.ambiguous_from, 2)
        notes = [
            f"{self.difficulties()}; {int(self.measures.never_learned.sum()):,} were never predicted as labeled.",
            f"Ambiguous: var. above {above}. Hard: another class was more probable on average.",
            "Wrong labels are often among the hardest, and so are unusual samples.",
        ]
        if self.predictions == "recorded":
            changed = " and after images were changed at random" if self.context.manifest.config.get("augment") else ""
            notes.append(f"Training samples were predicted during training, with any dropout on{changed}.")
        return (replace(shown.table(), title=title, notes=tuple(notes)),)

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row for each sample, with the columns of `columns`."""
        table: Any = self.table().to_pandas()
        return table.astype({"first_learned": "Int64"})

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway samples --json`` answers about the run."""
        return {
            "split": self.split,
            "epochs": list(self.epochs),
            "predictions": self.predictions,
            "ambiguous_from": self.measures.ambiguous_from,
            "samples": list(self.records()),
        }

    def plot(self) -> "Figure":
        """Draw the data map with matplotlib: confidence against variability, colored by difficulty.

        Source:
            Swayamdipta et al. 2020, "Dataset cartography", figure 1.
        """
        from cutaway.plots import data_map

        m = self.measures
        return data_map(m.variability, m.confidence, m.difficulty, DIFFICULTIES, title=self._title())


def compute(context: RunContext, options: SamplesOptions, *, on_progress: ProgressCallback) -> SampleDynamics:
    """Gather how each sample was learned, the hardest first.

    Raises:
        CutawayError: See `sample_dynamics`.
    """
    return sample_dynamics(context, options, on_progress=on_progress).hardest(sort=options.sort)


def sample_dynamics(context: RunContext, options: SamplesOptions, *, on_progress: ProgressCallback) -> SampleDynamics:
    """Gather how each sample of a split was learned; see `cutaway.Run.dynamics`."""
    split = options.split or _recorded_split(context)
    ids, y = context.named(context.part(split)), labels_of(context, split)
    epochs, predictions = _source(context, split, options.predictions)
    parts = _recorded_parts if predictions == "recorded" else _computed_parts
    tracker = DynamicsTracker(y)
    on_progress(Progress("samples", 0, len(epochs), "epochs"))
    for done, epoch in enumerate(epochs, start=1):
        tracker.add(epoch, parts(context, split, epoch))
        on_progress(Progress("samples", done, len(epochs), "epochs"))
    return SampleDynamics(
        split=split,
        predictions=predictions,
        measures=tracker.result(),
        ids=ids,
        parts=context.split.parts[context.split.rows(split)],
        labels=y,
        class_names=context.class_names,
        context=context,
    )


def _recorded(context: RunContext, split: str, epoch: int) -> np.ndarray:
    """The predictions that were recorded of a split after an epoch, float16 ``(sample, class)``."""
    return recorded_predictions(context, epoch)[context.split.rows(split)]


def _lacks_some(context: RunContext, split: str, epoch: int) -> bool:
    """Whether predictions of some samples are missing, such as training samples in a user's own fit."""
    return bool(np.isnan(_recorded(context, split, epoch)[:, 0]).any())


def _recorded_parts(context: RunContext, split: str, epoch: int) -> Iterator[np.ndarray]:
    """The predictions that were recorded of a split after an epoch, in chunks."""
    kept = _recorded(context, split, epoch)
    step = max(1, VALUES // max(kept.shape[1], 1))
    yield from (kept[first : first + step] for first in range(0, len(kept), step))


def _computed_parts(context: RunContext, split: str, epoch: int) -> Iterator[np.ndarray]:
    """The predictions of a snapshot for a split, batch by batch."""
    from cutaway.models import ForwardPass, class_probabilities

    model, data = context.model(), context.data
    rows, weights = data.rows(context.part(split)), context.snapshot(epoch)
    for _, found in ForwardPass.of(model, scale=data.scale).batches(rows, weights=weights):
        for outputs in found.values():
            yield class_probabilities(model, outputs)


def _recorded_split(context: RunContext) -> str:
    """The split that is followed if none is named: "all", unless a part of it is all that can be known."""
    epochs = [epoch for epoch in context.folder.predicted_epochs if epoch > 0]
    if context.opens or not epochs or not _lacks_some(context, "all", epochs[0]):
        return "all"
    return context.split.held_out


def _source(context: RunContext, split: str, predictions: str) -> tuple[list[int], str]:
    """The epochs that can be followed, and where their predictions are from, "recorded" or "computed"."""
    epochs = [epoch for epoch in context.folder.predicted_epochs if epoch > 0]
    # training samples are predicted as changed images: a deformation that is misread is nothing forgotten
    changed = context.manifest.config.get("augment") and split in ("train", "all") and context.opens
    wanted = "computed" if predictions == "auto" and changed else predictions
    if wanted != "computed" and epochs and not _lacks_some(context, split, epochs[0]):
        return epochs, "recorded"
    if predictions == "recorded" or not context.opens:
        computes = Hint("use {}, which takes them from the snapshots", predictions="computed")
        whose = Hint("use {}, whose predictions are recorded", split="test")
        others = whose if epochs else "record them while it is trained"
        raise RunError(
            f'{context.path.name} has no recorded predictions for split="{split}"',
            hint=computes if context.opens else others,
        )
    epochs = [epoch for epoch in context.folder.epochs if epoch > 0]
    if not epochs:
        raise RunError(
            f"{context.path.name} has no recorded epochs",
            hint="train with cutaway.train, or fit with a cutaway.Recorder",
        )
    return epochs, "computed"
