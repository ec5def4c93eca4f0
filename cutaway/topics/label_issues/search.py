"""Label issues of a run's data, or of a dataset."""

from dataclasses import dataclass

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds, input_facts, stratified_sample
from cutaway.errors import DataError, Hint
from cutaway.findings import (
    ISSUE_SCORE,
    CountEstimate,
    Evidence,
    HeldOut,
    bound_count,
    can_judge,
    errors_of_the_surest,
    label_scores,
    run_checks,
    suggest,
    why_withheld,
)
from cutaway.progress import Progress, ProgressCallback, ignore_progress
from cutaway.topics.common.nearest import nearest_others
from cutaway.words import counted

from .cross_validation import CrossValidation
from .folds import held_out
from .result import LabelIssues

LEAST_LISTED, SHARE_LISTED = 100, 0.02
"""Minimum number of label issues to list, also as a share of the samples; all above 0.5 are listed as well."""

NEIGHBORS = 10
"""Number of nearest neighbors of each label issue."""

SCALED = 2_000
"""Maximum number of samples for measuring the scale of inputs, if the models have learned nothing."""

SEARCHED = 70_000
"""Samples among which they are looked for at most: of more, a stratified sample by class."""


def find_label_issues(
    setup: CrossValidation,
    *,
    context: RunContext | None = None,
    engine: str | None = None,
    on_progress: ProgressCallback,
) -> LabelIssues:
    """Find label issues by models that were not trained on them.

    Args:
        setup: What is trained.
        context: The run, whose last hidden layer neighbors are looked for in; without one, they are in the inputs.
        engine: See `held_out`.
        on_progress: Told of the folds, the estimate, and the search for neighbors; cancels the work between two
            compiled calls.

    Raises:
        UsageError: The answers are numbers.
        DataError: There are too few samples of every class.
        TrainingError: A training diverged.
        Canceled: `on_progress` raised it; folds that were finished are kept, and the same call goes on from there.
    """
    setup.data.task.need_classes("a search for label issues")
    counts = np.bincount(setup.data.y(setup.ids), minlength=setup.data.classes)
    if (counts >= setup.folds).sum() < 2:
        second = int(np.sort(counts)[-2])
        raise DataError(
            f"{setup.folds} folds need at least {setup.folds} samples of each of 2 classes",
            got=f"{counted(second, 'sample')} of the second largest class",
            hint=Hint("use fewer folds, such as {}", folds=second) if second > 1 else "add samples of that class",
        )
    found = held_out(setup, engine=engine, on_progress=on_progress)
    on_progress(Progress("estimate", 0, 1, "step", "how many labels are wrong"))
    judged = judge_labels(found[0])
    on_progress(Progress("estimate", 1, 1, "step", "how many labels are wrong"))
    searched = stratified_sample(found[0].labels, SEARCHED, seed=0)
    neighbors = nearest_samples(setup, context, judged.listed, searched, on_progress=on_progress)
    images = setup.data.images(setup.ids.take(judged.listed[:200]))
    return list_issues(setup, found, judged, searched, neighbors, images=images)


def list_issues(
    setup: CrossValidation,
    found: tuple[HeldOut, float, int],
    judged: "JudgedLabels",
    searched: np.ndarray,
    neighbors: np.ndarray,
    *,
    images: np.ndarray | None,
) -> LabelIssues:
    """The label issues that were listed, as a user holds them.

    Args:
        setup: What was trained.
        found: What `held_out` returns.
        judged: What it says of labels.
        searched: int64 ``(searched,)``, the samples among which neighbors were looked for.
        neighbors: See `LabelIssues`.
        images: See `LabelIssues`.
    """
    held, accuracy, epochs = found
    listed = judged.listed
    return LabelIssues(
        ids=setup.ids.take(listed),
        given=held.labels[listed],
        suggested=judged.suggested[listed],
        scores=judged.scores[listed],
        probabilities=np.stack([held.given.mean(axis=0)[listed], judged.probability[listed]], axis=1),
        neighbors=neighbors,
        neighbor_labels=held.labels[searched][neighbors],
        neighbor_ids=setup.ids.take(searched),
        class_names=setup.data.class_names,
        count=judged.count,
        surest=judged.surest,
        note=judged.note if judged.can_judge else f"{judged.note} {likely_cause(setup)}",
        samples=len(held.labels),
        not_judged=judged.not_judged,
        accuracy=accuracy,
        folds=setup.folds,
        seeds=setup.seeds,
        epochs=epochs,
        images=images,
        recipe=setup.recipe,
        hidden=_hidden(setup),
        can_judge=judged.can_judge,
    )


@dataclass(frozen=True, eq=False)
class JudgedLabels:
    """What models say of labels that they were not trained on.

    Attributes:
        scores: float64 ``(sample,)`` in 0..1, the score of each label; 0 if it has none.
        suggested: int64 ``(sample,)``, the most probable other class.
        probability: float32 ``(sample,)``, its probability.
        not_judged: Samples of classes with a single sample, about which nothing can be said.
        surest: Among the 10% of samples the models are surest about: how many are labeled otherwise, and their number.
        count: Estimate of how many labels are wrong; None if wrong labels and errors of the models look alike.
        note: Why there is no estimate, or "".
        can_judge: Whether the models predict labels better than always saying the largest class would; if not, nothing
            that they say of single labels means anything.
        listed: int64 ``(issue,)``, the samples that are listed, the highest score first.
    """

    scores: np.ndarray
    suggested: np.ndarray
    probability: np.ndarray
    not_judged: int
    surest: tuple[int, int]
    count: CountEstimate | None
    note: str
    can_judge: bool
    listed: np.ndarray


def judge_labels(held: HeldOut) -> JudgedLabels:
    """Score all labels, and list those with the highest scores."""
    # a class with a single sample is unknown to the models that are to judge it
    judged = np.bincount(held.labels, minlength=held.classes)[held.labels] > 1
    scores = np.where(judged, label_scores(held), 0)
    suggested, probability = suggest(held)
    given = held.given.mean(axis=0, dtype=np.float64)[judged]
    other = probability[judged]
    known = held if judged.all() else held.take(judged)
    bounds = bound_count(known)
    note = why_withheld(bounds, known.labels)
    return JudgedLabels(
        scores=scores,
        suggested=suggested,
        probability=probability,
        not_judged=int((~judged).sum()),
        surest=errors_of_the_surest(np.maximum(given, other), given >= other),
        count=None if note else bounds,
        note=note,
        can_judge=can_judge(bounds, known.labels),
        listed=_listed(scores, judged),
    )


def likely_cause(setup: CrossValidation) -> str:
    """Why the models of a cross-validation may have learned nothing, a sentence or two."""
    ids = setup.ids.take(stratified_sample(setup.data.y(setup.ids), SCALED, seed=0))
    found = run_checks(Evidence(inputs=input_facts(_as_seen(setup, ids)), images=setup.data.image is not None))
    if unscaled := [each.text for each in found if each.severity == "warning"]:
        return f"The likely cause: {unscaled[0]}"
    few = f", or {setup.config.epochs:,} epochs are too few" if setup.patience is None else ""
    if setup.recipe is None:
        return f"The likely cause: the run's model and settings learn too little from these samples{few}."
    return f"The likely cause: labels that belong to other samples, or inputs that do not tell the classes apart{few}."


def _as_seen(setup: CrossValidation, ids: SampleIds) -> np.ndarray:
    """Inputs after the layers of the models that only prepare them, float32 ``(sample, input)``."""
    from cutaway import models
    from cutaway.interpret import prepared_inputs

    model: models.Model = models.model_from_spec(dict(setup.spec))
    seen = prepared_inputs(model, setup.spec, setup.data.x(ids), scale=setup.data.scale)
    return setup.data.inputs(ids) if seen is None else seen


def _hidden(setup: CrossValidation) -> tuple[int, ...]:
    """Units of the hidden dense layers of the models."""
    output = setup.spec["output"]
    dense = (layer for layer in setup.spec["layers"] if layer["name"] != output and layer["kind"] == "Dense")
    return tuple(int(layer["config"]["units"]) for layer in dense)


def _listed(scores: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """The samples to list, the highest score first; ties in order."""
    issues = int((scores > ISSUE_SCORE).sum())
    count = min(int(judged.sum()), max(LEAST_LISTED, round(SHARE_LISTED * len(scores)), issues))
    return np.argsort(-scores, kind="stable")[:count]


def nearest_samples(
    setup: CrossValidation,
    context: RunContext | None,
    rows: np.ndarray,
    searched: np.ndarray,
    *,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """The nearest other samples of some, in the last hidden layer of a run or else in the inputs.

    Args:
        setup: What was trained.
        context: The run, if there is one.
        rows: int64 ``(issue,)``, the samples.
        searched: int64 ``(searched,)``, ascending, the samples among which neighbors are looked for.
        on_progress: Told in samples.

    Returns:
        int64 ``(issue, k)``, places in `searched`.
    """
    points = _points(setup, context, setup.ids.take(searched), on_progress=on_progress)
    place = np.minimum(np.searchsorted(searched, rows), len(searched) - 1)
    own = np.where(searched[place] == rows, place, -1)
    wanted = _points(setup, context, setup.ids.take(rows))
    return nearest_others(points, wanted, own, NEIGHBORS, on_progress=on_progress)


def _points(
    setup: CrossValidation,
    context: RunContext | None,
    ids: SampleIds,
    *,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Where samples lie among which neighbors are looked for, finite float32 ``(sample, value)``."""
    if context is not None and context.opens:
        from cutaway.interpret import activations

        layer = context.layer(None)
        on_progress(Progress("activations", 0, len(ids), "samples", layer))  # reading the model takes seconds
        rows = setup.data.rows(ids)
        points = activations(context.model(), layer, x=rows, scale=setup.data.scale, on_progress=on_progress)
    else:
        points = _as_seen(setup, ids)
    return np.nan_to_num(points.reshape(len(points), -1), posinf=1e12, neginf=-1e12)
