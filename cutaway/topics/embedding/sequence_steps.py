"""The embeddings of a sequence: computed one after the other, or read from the cache."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from cutaway.cache import CachedResult
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.embedding import Layout, PreviousEmbedding, drift, embed, embed_next, layer_neighbors
from cutaway.errors import Canceled, CutawayError
from cutaway.progress import Pace, Progress, ProgressCallback
from cutaway.topics.common.predictions import predict_classes

from .embeddings import KeptLayout, layout_place
from .passes import SharedPasses
from .result import Embedding
from .sequence import EmbeddingSequence

WARM_START = 5
"""Part of the cache key of a later embedding: another way to start gives other coordinates."""

SHARED = ("perplexity", "seed")
"""Settings that the later embeddings of a sequence have in common with the first."""


@dataclass(frozen=True)
class Step:
    """One embedding among several.

    Attributes:
        layer: Name of the layer.
        epoch: Number of the epoch.
        name: What it is called.
        after: Place among the steps of the one that it starts from; None for the first.
    """

    layer: str
    epoch: int
    name: str
    after: int | None = None


@dataclass(frozen=True, eq=False)
class SequenceTask:
    """What all embeddings of a sequence share.

    Attributes:
        context: The run.
        ids: The samples.
        settings: The resolved settings.
        passes: Where activations come from.
        total: See `Embedding.total`.
    """

    context: RunContext
    ids: SampleIds
    settings: dict[str, Any]
    passes: SharedPasses
    total: int | None = None

    @property
    def shared(self) -> dict[str, Any]:
        """The settings that later embeddings take."""
        return {name: self.settings[name] for name in SHARED}

    def place(self, step: Step, before: str | None) -> CachedResult:
        """The place in the cache: of the first one that of any embedding, of a later one by the key it started from."""
        settings = self.settings
        if before is not None:
            settings = {**self.shared, "method": "tsne", "warm_start": WARM_START, "before": before}
        return layout_place(self.context, step.layer, epoch=step.epoch, ids=self.ids, settings=settings)


@dataclass(frozen=True, eq=False)
class _Result:
    """One embedding. The first one has no ``preserved``; one that was read has no ``nearest``."""

    layout: Layout
    preserved: np.ndarray | None = None
    nearest: np.ndarray | None = None
    predicted: np.ndarray | None = None


def make_sequence(task: SequenceTask, steps: Sequence[Step], on_progress: ProgressCallback) -> EmbeddingSequence:
    """Make the embeddings of a sequence in order, each from the one before.

    Raises:
        Canceled: It was canceled; finished embeddings are cached, and the same call continues from there.
    """
    chain = [replace(step, after=k - 1 if k else None) for k, step in enumerate(steps)]
    embeddings, preserved = make_embeddings(task, chain, on_progress)
    moved = [drift(a.xy, b.xy) for a, b in pairwise(embeddings)]
    kept = [each for each in preserved[1:] if each is not None]
    return EmbeddingSequence(tuple(embeddings), tuple(step.name for step in steps), np.stack(moved), np.stack(kept))


def make_embeddings(
    task: SequenceTask, steps: Sequence[Step], on_progress: ProgressCallback, *, first: Embedding | None = None
) -> tuple[list[Embedding], list[np.ndarray | None]]:
    """Make embeddings in order, each from an earlier one.

    Args:
        task: What they share.
        steps: The first has no ``after``, all others have one.
        on_progress: Called with the progress of each.
        first: The embedding of the first step, if it is there already.

    Returns:
        The embeddings, and of each but the first the share of neighbors preserved, by sample.

    Raises:
        Canceled: It was canceled; finished embeddings are cached, and the same call continues from there.
    """
    clock = _Clock(on_progress, [step.name for step in steps])
    embeddings: list[Embedding] = []
    results: list[_Result] = []
    keys: list[str] = []
    last_use = {step.after: number for number, step in enumerate(steps)}
    try:
        for number, step in enumerate(steps):
            if first is not None and not number and first.file is not None:
                keys.append(first.file.name)
                results.append(_Result(first.layout, predicted=first.predicted))
                embeddings.append(first)
                clock.finish(computed=False)
                continue
            before = None if step.after is None else (embeddings[step.after], results[step.after])
            place = task.place(step, None if step.after is None else keys[step.after])
            keys.append(place.name)
            result = _read(place)
            computed = result is None
            if result is None:
                if step.after is not None and results[step.after].nearest is None:
                    results[step.after] = _with_neighbors(task, steps[step.after], results[step.after], clock.inner)
                    before = embeddings[step.after], results[step.after]
                result = _compute(task, step, before, on_progress=clock.inner)
            result = _with_predictions(task, step, result, embeddings)
            is_kept = not computed or _write(place, result)
            embeddings.append(_embedding(task, step, result, place.path if is_kept else None))
            results.append(result)
            if step.after is not None and last_use[step.after] == number:
                results[step.after] = replace(results[step.after], nearest=None)  # 25 MB of 70,000 samples each
            clock.finish(computed=computed)
    except Canceled as error:
        raise Canceled(
            f"a sequence of {len(steps)} embeddings runs until the last one",
            got=f"a request to cancel it, {_finished(len(embeddings))}",
            hint="make the same call again, which continues from there" if embeddings else "make the same call again",
        ) from error
    return embeddings, [result.preserved for result in results]


def _finished(count: int) -> str:
    """What a canceled sequence leaves in the cache."""
    if not count:
        return "before the first one was finished"
    return "after the first one, which is cached" if count == 1 else f"after the first {count}, which are cached"


def _embedding(task: SequenceTask, step: Step, result: _Result, file: Path | None) -> Embedding:
    assert result.predicted is not None
    context, labels = task.context, task.context.data.y(task.ids)
    return Embedding(
        step.layer, step.epoch, result.layout, task.ids, labels, result.predicted, file, context, task.total
    )


def _with_predictions(task: SequenceTask, step: Step, result: _Result, before: list[Embedding]) -> _Result:
    """A result with the predicted classes of its epoch, which embeddings of one epoch share."""
    for embedding in before:
        if embedding.epoch == step.epoch:
            return replace(result, predicted=embedding.predicted)
    if result.predicted is not None:
        return result
    return replace(result, predicted=predict_classes(task.context, task.ids, epoch=step.epoch).predicted)


def _with_neighbors(task: SequenceTask, step: Step, result: _Result, on_progress: ProgressCallback) -> _Result:
    """A result with the neighbors that later embeddings are compared with."""
    h = task.passes.activations(step.layer, step.epoch, on_progress=on_progress)
    return replace(result, nearest=layer_neighbors(h, on_progress=on_progress))


def _compute(
    task: SequenceTask,
    step: Step,
    before: tuple[Embedding, _Result] | None,
    *,
    on_progress: ProgressCallback,
) -> _Result:
    """Embed one step, from where the step before it lies if there is one."""
    labels = task.context.data.y(task.ids)
    try:
        h = task.passes.activations(step.layer, step.epoch, on_progress=on_progress)
        if before is None:
            layout = embed(h, labels=labels, on_progress=on_progress, **task.settings)
            _check_converged(layout)
            return _Result(layout)
        embedding, result = before
        assert result.nearest is not None
        start = PreviousEmbedding(embedding.xy, result.nearest)
        done = embed_next(h, start, on_progress=on_progress, **task.shared)
        _check_converged(done.layout)
        return _Result(done.layout, done.preserved, done.neighbors)
    except Canceled:
        raise
    except CutawayError as error:
        raise type(error)(error.rule, got=f"{error.got} in the embedding {step.name}", hint=error.hint) from error


def _check_converged(layout: Layout) -> None:
    """Raise for a layout that was canceled on its way: the next one must not start from it."""
    if layout.settings.get("stopped") == "canceled":
        raise Canceled("an embedding runs until it converges", got="a request to cancel it", hint="run it again")


def _write(place: CachedResult, result: _Result) -> bool:
    assert result.predicted is not None
    return place.write(KeptLayout(result.layout, result.predicted, result.preserved))


def _read(place: CachedResult) -> _Result | None:
    kept: KeptLayout | None = place.read()
    return None if kept is None else _Result(kept.layout, kept.preserved, predicted=kept.predicted)


class _Clock:
    """Reports which embedding is being made, and how long the rest will take."""

    def __init__(self, on_progress: ProgressCallback, names: Sequence[str]) -> None:
        self.on_progress, self.names, self.done = on_progress, names, 0
        self.begun, self.usual = perf_counter(), inf
        self.computed, self.spent, self.pace = 0, 0.0, Pace(0, 0)

    def inner(self, now: Progress) -> None:
        """Pass on what a part of the embedding in hand reports."""
        share = f" {100 * now.done // now.total}%" if now.total else ""
        self._report(f"{self._name(self.done)}: {now.task}{share}")

    def finish(self, *, computed: bool) -> None:
        """Count an embedding, whether it was computed now or read from the cache."""
        seconds = perf_counter() - self.begun
        if computed:
            self.computed, self.spent = self.computed + 1, self.spent + seconds
            self.pace.take(self.computed, self.spent)
            rate = self.pace.rate(len(self.names))
            self.usual = inf if rate is None else 1 / rate
        self.done += 1
        self.begun = perf_counter()
        self._report(self._name(self.done - 1))

    def _name(self, position: int) -> str:
        return f"embedding {position + 1} of {len(self.names)}, {self.names[position]}"

    def _left(self) -> float | None:
        """Seconds that the rest will take, at the pace of those computed of late: cached ones take no time."""
        if self.done == len(self.names):
            return None
        if self.usual == inf:
            return inf
        rest = self.usual * (len(self.names) - self.done - 1)
        return max(self.usual - (perf_counter() - self.begun), 0) + rest

    def _report(self, note: str) -> None:
        self.on_progress(Progress("embeddings", self.done, len(self.names), "embeddings", note, self._left()))
