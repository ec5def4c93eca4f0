"""Label issues of a run whose folds were all trained before: read, and never trained."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cutaway.cache import cached
from cutaway.context import RunContext
from cutaway.data import SampleIds, stratified_sample
from cutaway.findings import CountEstimate, HeldOut
from cutaway.runs import FoldStore

from .cross_validation import CrossValidation, of_run
from .folds import kept_epochs, kept_held_out
from .options import MOST, LabelIssuesOptions
from .search import SEARCHED, judge_labels, likely_cause, nearest_samples

_FOLD = re.compile(r"([0-9a-f]{16})-(\d{1,2})-(\d{1,2})\.safetensors")


@dataclass(frozen=True, eq=False)
class CachedLabelIssues:
    """The worst label issues of a run, by folds that were trained before.

    Attributes:
        ids: The samples, the worst first.
        given: int64 ``(issue,)``, their labels.
        suggested: int64 ``(issue,)``, the most probable other class.
        scores: float64 ``(issue,)`` in 0..1; above 0.5 the models prefer another class.
        probabilities: float32 ``(issue, 2)``, out-of-sample probability of the label and of the suggested class.
        neighbors: The nearest other samples of each, as in `LabelIssues`, the nearest first.
        surest: See `JudgedLabels`.
        count: Estimate of how many of all labels are wrong, or None.
        note: Why there is none, or "".
        can_judge: See `JudgedLabels`.
        samples: Number of all samples.
        all_ids: All samples.
        all_scores: float64 ``(sample,)``, the score of each of them; 0 where a label cannot be judged.
    """

    ids: SampleIds
    given: np.ndarray
    suggested: np.ndarray
    scores: np.ndarray
    probabilities: np.ndarray
    neighbors: tuple[SampleIds, ...]
    surest: tuple[int, int]
    count: CountEstimate | None
    note: str
    can_judge: bool
    samples: int
    all_ids: SampleIds
    all_scores: np.ndarray

    def take(self, chosen: np.ndarray) -> "CachedLabelIssues":
        """Some of the label issues, by a bool for each."""
        arrays = {name: getattr(self, name)[chosen] for name in ("given", "suggested", "scores", "probabilities")}
        neighbors = tuple(each for each, is_chosen in zip(self.neighbors, chosen, strict=True) if is_chosen)
        return replace(self, ids=self.ids.take(chosen), neighbors=neighbors, **arrays)


def cached_label_issues(context: RunContext, *, most: int) -> CachedLabelIssues | None:
    """The worst label issues of a run as `cutaway.Run.label_issues` has found them; None if it was not called.

    Args:
        context: The run.
        most: Maximum number of label issues.
    """
    found = next(_kept(context), None)
    if found is None:
        return None
    setup, held = found
    judged = judge_labels(held)
    listed = judged.listed[:most]
    searched = stratified_sample(held.labels, SEARCHED, seed=0)
    neighbors = _neighbors(context, setup, listed, searched)
    return CachedLabelIssues(
        ids=setup.ids.take(listed),
        given=held.labels[listed],
        suggested=judged.suggested[listed],
        scores=judged.scores[listed],
        probabilities=np.stack([held.given.mean(axis=0)[listed], judged.probability[listed]], axis=1),
        neighbors=tuple(setup.ids.take(each) for each in neighbors),
        surest=judged.surest,
        count=judged.count,
        note=judged.note if judged.can_judge else f"{judged.note} {likely_cause(setup)}",
        can_judge=judged.can_judge,
        samples=len(held.labels),
        all_ids=setup.ids,
        all_scores=judged.scores,
    )


def _neighbors(context: RunContext, setup: CrossValidation, listed: np.ndarray, searched: np.ndarray) -> np.ndarray:
    """The nearest other samples of each label issue, int64 ``(issue, k)``; cached, since finding them needs a model."""
    kept = cached("near-label-issues", context.folder.identity(context.epoch()), setup.key, listed, method=1)
    return kept.get(lambda: searched[nearest_samples(setup, context, listed, searched)])


def _kept(context: RunContext) -> Iterator[tuple[CrossValidation, HeldOut]]:
    """The cross-validations with every fold kept, the one with the most trainings first, and their results.

    The name of a file holds a digest of all settings. Those that a person chooses, the numbers of folds, seeds and
    epochs, follow from the files, and the digest says whether they are right.
    """
    store = FoldStore(context.path)
    for key, folds, seeds in _complete(store):
        for epochs in (None, kept_epochs(store, key)):
            setup = of_run(context, LabelIssuesOptions(folds=folds, seeds=seeds, epochs=epochs))
            if setup.key == key:
                held = kept_held_out(setup)
                if held is not None:
                    yield setup, held
                break


def _complete(store: FoldStore) -> Iterator[tuple[str, int, int]]:
    """Key, folds and seeds of the cross-validations with every fold kept, by the names of their files."""
    found: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for name in store.names():
        if match := _FOLD.fullmatch(name):
            key, seed, fold = match.groups()
            found[key][int(seed)].add(int(fold))
    for key, trained in sorted(found.items(), key=lambda each: (-sum(map(len, each[1].values())), each[0])):
        folds = max(max(each) for each in trained.values()) + 1
        seeds = next(k for k in range(len(trained) + 1) if len(trained.get(k, ())) < folds)
        if 2 <= folds <= MOST and 0 < seeds <= MOST:
            yield key, folds, seeds


def are_judged(context: RunContext) -> bool:
    """Whether the labels of a run have been judged: looks for the cached files without reading them."""
    return any(True for _ in _complete(FoldStore(context.path)))
