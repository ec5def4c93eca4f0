"""How the robustness of a run is measured: its samples and weights are made worse by degrees, and predicted again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from cutaway.checks import check_seed, check_whole, similar_name
from cutaway.context import RunContext
from cutaway.data import (
    CORRUPTIONS,
    Corruption,
    SampleIds,
    SampleTraits,
    corrupt,
    corruption_generator,
    stratified_sample,
    traits_of,
)
from cutaway.errors import RunError, UnknownNameError, UsageError
from cutaway.metrics import PredictedClasses
from cutaway.progress import Progress, ProgressCallback
from cutaway.topics.common.pairing import pair_samples

from .options import RobustnessOptions
from .result import Robustness, RobustnessCurve

CHUNK_BYTES = 64 * 2**20
"""Bytes of samples that are corrupted at a time, as float32."""

Weights = Mapping[str, np.ndarray]

Measure = Callable[[float], list[np.ndarray]]
"""Takes a severity; returns which samples each run predicts correctly, bool ``(sample,)``."""


def measure_robustness(
    context: RunContext, against: RunContext | None, options: RobustnessOptions, *, on_progress: ProgressCallback
) -> Robustness:
    """Measure the accuracy of one or two runs under increasing perturbations; see `cutaway.Run.robustness`."""
    from cutaway.models import COMPRESSIONS

    check_seed(options.seed)
    if options.samples is not None:
        options = replace(options, samples=check_whole(options.samples, name="samples", least=1))
    wanted = _wanted(options.perturbations, [each.name for each in (*CORRUPTIONS, *COMPRESSIONS)])
    for each in (context, against):
        if each is not None and not each.opens:
            raise RunError(
                "robustness is measured by predicting other samples, which needs a model that opens",
                got=f"{each.path.name}, of which only recorded predictions are known",
                hint="train or record a model of the layers that cutaway opens",
            )
    subjects = _subjects(context, against, options)
    measured, left_out = _applicable(subjects, wanted, seed=options.seed)
    curves: list[RobustnessCurve] = []
    done, total = 0, sum(len(each.severities) for each, _ in measured)
    plain = [subject.correct(subject.x) for subject in subjects]
    for each, measure in measured:
        correct: list[list[np.ndarray]] = []
        for severity in each.severities:
            on_progress(Progress("robustness", done, total, "severities", f"{each.name} {severity:g}"))
            correct.append(measure(severity) if correct else plain)  # at the first severity nothing is changed
            done += 1
        curves.append(_curve(each.name, each.parameter, each.severities, np.array(correct)))
    on_progress(Progress("robustness", total, total, "severities"))
    return Robustness(
        runs=tuple(subject.context.path.name for subject in subjects),
        epochs=tuple(subject.epoch for subject in subjects),
        split=options.split,
        samples=len(subjects[0].labels),
        seed=options.seed,
        curves=tuple(curves),
        left_out=left_out,
    )


@dataclass(frozen=True, eq=False)
class _Subject:
    """A run whose robustness is measured.

    Attributes:
        context: The run, with its data.
        epoch: Number of the epoch.
        ids: The samples that are predicted.
        labels: int64 ``(sample,)``, their classes.
    """

    context: RunContext
    epoch: int
    ids: SampleIds
    labels: np.ndarray

    @cached_property
    def x(self) -> np.ndarray:
        """``(sample, *shape)``, raw samples."""
        return self.context.data.x(self.ids)

    @cached_property
    def traits(self) -> SampleTraits:
        """What corruptions need to know of the samples."""
        return traits_of(self.context.data, self.x)

    @cached_property
    def weights(self) -> Weights:
        """The weights by name."""
        return self.context.snapshot(self.epoch)

    def correct(self, x: np.ndarray, *, first: int = 0, weights: Weights | None = None) -> np.ndarray:
        """Which samples are predicted correctly, bool ``(sample,)``.

        Args:
            x: ``(sample, *shape)``, raw samples, or what became of them.
            first: Number of the first of them.
            weights: Weights to use; None for those of the run.

        Raises:
            DataError: A prediction is not a number: the model has diverged.
        """
        from cutaway.models import ForwardPass, class_probabilities

        model = self.context.model(self.epoch)
        (outputs,) = ForwardPass.of(model, scale=self.context.data.scale)(x, weights=weights).values()
        predicted = PredictedClasses.of(class_probabilities(model, outputs), first=first).predicted
        return predicted == self.labels[first : first + len(x)]


def _wanted(perturbations: Sequence[str] | None, known: list[str]) -> set[str]:
    """The names of the perturbations that are asked for.

    Raises:
        UnknownNameError: There is no such perturbation.
        UsageError: There are none.
    """
    if perturbations is None:
        return set(known)
    given = [perturbations] if isinstance(perturbations, str) else list(perturbations)
    if not given:
        raise UsageError("at least one perturbation is measured", got="none", hint="leave perturbations out for all")
    for name in given:
        if name not in known:
            similar = similar_name(str(name), known) or known[0]
            raise UnknownNameError(f"perturbations are {', '.join(known)}", got=f'"{name}"', hint=f'try "{similar}"')
    return set(given)


def _subjects(context: RunContext, against: RunContext | None, options: RobustnessOptions) -> list[_Subject]:
    """The run, or both, with the same samples."""
    if against is None:
        ids = context.ids(options.split, samples=options.samples, seed=options.seed)
        return [_Subject(context, context.epoch(options.epoch), ids, context.data.y(ids))]
    paired = pair_samples(context, against, split=options.split, shared=options.shared)
    rows = np.arange(len(paired.labels))
    if options.samples is not None:
        rows = stratified_sample(paired.labels, options.samples, seed=options.seed)
    epochs = paired.contexts[0].epoch(options.epoch), paired.contexts[1].epoch()
    chosen = [ids.take(rows) for ids in paired.ids]
    return [
        _Subject(each, number, ids, each.data.y(ids))
        for each, number, ids in zip(paired.contexts, epochs, chosen, strict=True)
    ]


def _applicable(
    subjects: Sequence[_Subject], wanted: set[str], *, seed: int
) -> tuple[list[tuple[Any, Measure]], dict[str, str]]:
    """The perturbations that apply, each with how it is measured; and why others do not, by name."""
    from cutaway.models import COMPRESSIONS

    measured: list[tuple[Any, Measure]] = []
    left_out: dict[str, str] = {}
    for corruption in (each for each in CORRUPTIONS if each.name in wanted):
        why = next(filter(None, (corruption.refusal(subject.traits) for subject in subjects)), "")
        if why:
            left_out[corruption.name] = why
        else:
            measured.append((corruption, _under_corruption(subjects, corruption, seed=seed)))
    for compression in (each for each in COMPRESSIONS if each.name in wanted):
        why = next(filter(None, (compression.refusal(subject.weights) for subject in subjects)), "")
        if why:
            left_out[compression.name] = why
        else:
            measured.append((compression, _under_compression(subjects, compression.function)))
    return measured, left_out


def _under_corruption(subjects: Sequence[_Subject], corruption: Corruption, *, seed: int) -> Measure:
    """How a corruption is measured."""
    same = len({subject.context.manifest.dataset.sha256 for subject in subjects}) == 1

    def measure(severity: float) -> list[np.ndarray]:
        generators = [corruption_generator(corruption, seed=seed) for _ in subjects]
        found: list[list[np.ndarray]] = [[] for _ in subjects]
        for rows in _chunks(subjects[0].x):
            x: np.ndarray | None = None
            for subject, rng, correct in zip(subjects, generators, found, strict=True):
                if x is None or not same:
                    x = corrupt(corruption, subject.x[rows], severity, traits=subject.traits, rng=rng)
                correct.append(subject.correct(x, first=rows.start))
        return [np.concatenate(parts) for parts in found]

    return measure


def _under_compression(
    subjects: Sequence[_Subject], function: Callable[[Weights, float], dict[str, np.ndarray]]
) -> Measure:
    """How a compression is measured."""

    def measure(severity: float) -> list[np.ndarray]:
        return [subject.correct(subject.x, weights=function(subject.weights, severity)) for subject in subjects]

    return measure


def _chunks(x: np.ndarray) -> Iterator[slice]:
    """Cut samples into pieces of at most `CHUNK_BYTES`."""
    step = max(1, CHUNK_BYTES // max(4 * x[:1].size, 1))
    for start in range(0, len(x), step):
        yield slice(start, min(start + step, len(x)))


def _curve(name: str, parameter: str, severities: tuple[float, ...], correct: np.ndarray) -> RobustnessCurve:
    """Count what is predicted correctly, bool ``(severity, run, sample)``."""
    gained = lost = None
    if correct.shape[1] == 2:
        first, second = correct[:, 0], correct[:, 1]
        gained, lost = (second & ~first).sum(axis=1), (first & ~second).sum(axis=1)
    return RobustnessCurve(name, parameter, severities, correct.shape[2], correct.sum(axis=2).T, gained, lost)
