"""Label issues of a run whose folds were all trained before: read, and never trained."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cutaway.cache import cached
from cutaway.context import RunContext
from cutaway.data import SampleIds, stratified_sample
from cutaway.findings import HeldOut
from cutaway.runs import FoldStore

from .cross_validation import CrossValidation, of_run
from .folds import kept_epochs, kept_held_out
from .options import MOST, LabelIssuesOptions
from .result import LabelIssues
from .search import SEARCHED, judge_labels, list_issues, nearest_samples

_FOLD = re.compile(r"([0-9a-f]{16})-(\d{1,2})-(\d{1,2})\.safetensors")


@dataclass(frozen=True, eq=False)
class CachedLabelIssues:
    """Label issues of a run, by folds that were trained before.

    Attributes:
        issues: The worst of them, without images.
        ids: All samples.
        scores: float64 ``(sample,)`` in 0..1, the score of each of them; 0 where a label cannot be judged.
    """

    issues: LabelIssues
    ids: SampleIds
    scores: np.ndarray


def cached_label_issues(context: RunContext, *, most: int) -> CachedLabelIssues | None:
    """The worst label issues of a run as `cutaway.Run.label_issues` has found them; None if it was not called.

    Args:
        context: The run.
        most: Maximum number of label issues.
    """
    kept = next(_kept(context), None)
    if kept is None:
        return None
    setup, found = kept
    judged = judge_labels(found[0])
    judged = replace(judged, listed=judged.listed[:most])
    searched = stratified_sample(found[0].labels, SEARCHED, seed=0)
    neighbors = _neighbors(context, setup, judged.listed, searched)
    issues = list_issues(setup, found, judged, searched, neighbors, images=None)
    return CachedLabelIssues(issues, setup.ids, judged.scores)


def _neighbors(context: RunContext, setup: CrossValidation, listed: np.ndarray, searched: np.ndarray) -> np.ndarray:
    """`LabelIssues.neighbors`; cached, since finding them needs a model."""
    kept = cached("near-label-issues", context.folder.identity(context.epoch()), setup.key, listed, method=2)
    return kept.get(lambda: nearest_samples(setup, context, listed, searched))


def _kept(context: RunContext) -> Iterator[tuple[CrossValidation, tuple[HeldOut, float, int]]]:
    """The cross-validations with every fold kept, the one with the most trainings first, and what `held_out` returns.

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
