"""Tests of remedies: the model of a run is trained with a remedy and without it, and both answer the same samples."""

import copy
import dataclasses
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.api.opening import open_run
from cutaway.api.run import Run
from cutaway.api.train import start
from cutaway.context import RunContext
from cutaway.data import Dataset, Decision, SampleIds, Source, Split, decide, drop
from cutaway.errors import Canceled, CutawayError, DataError, UnknownNameError, UsageError
from cutaway.execution import run_tasks
from cutaway.findings import ISSUE_SCORE, Finding, Remedy
from cutaway.metrics import (
    at_temperature,
    bootstrap_interval,
    compare_trainings,
    exchange_test_of,
    reliability,
    squared_errors,
)
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.topics.common.predictions import compute_probabilities, probability_batches
from cutaway.topics.common.sent_data import with_arrays, without_arrays
from cutaway.topics.confidence.calibration import fitted_temperature
from cutaway.training import DRAWN, Plan, check_same_weights, given_weights, plan, recorded_config

from .result import R2_WITHOUT, WITHOUT, Judgment, Measure, RemedyTest

MEASURES: dict[str, Measure] = {
    "class-imbalance": "balanced accuracy",
    "missed-class": "balanced accuracy",
    "baseline": "balanced accuracy",
    "overfitting": "loss",
    "oscillation": "loss",
    "miscalibration": "calibration error",
}
"""What the remedy of a kind of finding is judged by; others by the accuracy."""

NOTHING = Remedy("")
"""Changes nothing."""

LEAST = float(np.finfo(np.float32).tiny)

DRAWS = 1000
"""How often the answers of two models are exchanged for random samples: the smallest p-value is 0.001."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says of some samples; one that has diverged is right nowhere.

    Attributes:
        labels: int64 ``(sample,)``; 0 of numbers.
        correct: bool ``(sample,)``; of numbers 1 minus the loss, whose mean is R2, float64.
        confidence: float64 ``(sample,)``; NaN where the model has diverged, and of numbers.
        loss: float64 ``(sample,)``, minus the logarithm of the probability of the label, at most 87.3 nats; of numbers
            the squared error over the variance of the samples, 1 where the model has diverged.
    """

    labels: np.ndarray
    correct: np.ndarray
    confidence: np.ndarray
    loss: np.ndarray

    def take(self, rows: np.ndarray) -> "Answers":
        """The same of some samples."""
        return Answers(*(each[rows] for each in vars(self).values()))

    def exchanged(self, other: "Answers", which: np.ndarray) -> "Answers":
        """The same with the answers of another model to some samples, bool ``(sample,)``."""
        others: dict[str, np.ndarray] = vars(other)
        return Answers(**{name: np.where(which, others[name], own) for name, own in vars(self).items()})


Tried = dict[tuple[str, int], tuple[Answers, float]]
"""What models say that were trained with a remedy, or with "" without any, and a seed, and the seconds of each.

Models without the remedy of a leak get other inputs, so they have names of their own.
"""


@dataclass(frozen=True)
class RemedyTask:
    """Findings with one remedy.

    Attributes:
        path: The run folder, which workers read.
        data: The dataset without its arrays, which are in files next to the task; None if it is loaded from its file.
        findings: What the remedy is for.
        seeds: Trainings on each side.
    """

    path: str
    data: Dataset | None = field(repr=False)
    findings: tuple[Finding, ...]
    seeds: int = 1


def try_all(
    run: Run,
    findings: Sequence[Finding],
    *,
    seeds: int,
    budget: float | None = None,
    engine: str | None,
    progress: ProgressOption,
) -> tuple[RemedyTest, ...]:
    """Try the remedies of findings, each once, and return a test for each finding in order.

    Args:
        run: The run that they were found in.
        findings: Each has a remedy.
        seeds: See `cutaway.doctor`.
        budget: See `cutaway.doctor`.
        engine: Where models are trained, as in `cutaway.doctor`.
        progress: See `cutaway.doctor`.

    Raises:
        UsageError: The run's table came from memory, and an engine is to read it.
        ExecutionError: The engine cannot be reached, has other versions, or lost its workers.
    """
    if engine is None:
        return tuple(_tried_here(run, findings, seeds=seeds, budget=budget, progress=progress))
    by_remedy: dict[str, list[int]] = {}
    for place, finding in enumerate(findings):
        remedy = finding.remedy
        if finding.can_be_tried(trained=_was_trained(run)) and remedy is not None and remedy.change != "temperature":
            by_remedy.setdefault(remedy_key(remedy), []).append(place)
    groups, found = list(by_remedy.values()), dict[int, RemedyTest]()
    if groups:
        header, arrays = _data_of(run)
        tasks = [RemedyTask(str(run.path), header, tuple(findings[n] for n in group), seeds) for group in groups]
        with show_progress(progress) as on_progress:
            options: dict[str, Any] = {"name": "trying remedies", "unit": "remedies", "on_progress": on_progress}
            tests = run_tasks(try_together, tasks, arrays=arrays, engine=engine, **options)
        for group, of_group in zip(groups, tests, strict=True):
            found |= dict(zip(group, of_group, strict=True))
    return tuple(
        found.get(place) or try_remedy(run, each, seeds=seeds, progress=progress) for place, each in enumerate(findings)
    )


def _tried_here(
    run: Run, findings: Sequence[Finding], *, seeds: int, budget: float | None, progress: ProgressOption
) -> Iterator[RemedyTest]:
    tried: Tried = {}
    began = time.monotonic()
    for each in findings:
        assert each.remedy is not None
        if budget is not None and time.monotonic() - began >= budget:
            yield RemedyTest(each.kind, each.remedy.words, why=f"the {budget:g} seconds for remedies were used up")
        else:
            yield try_remedy(run, each, seeds=seeds, tried=tried, progress=progress)


def try_together(task: RemedyTask, arrays: Mapping[str, np.ndarray]) -> list[RemedyTest]:
    """Try one remedy in a worker.

    Raises:
        DataError: The worker cannot read the run.
    """
    data = None if task.data is None else with_arrays(task.data, arrays)
    try:
        run = open_run(task.path, data=data)
    except UnknownNameError:
        raise DataError(
            f"no such run folder on {socket.gethostname()}: {task.path}",
            hint="put the runs into a folder that all machines mount under the same path",
        ) from None
    tried: Tried = {}
    return [try_remedy(run, finding, seeds=task.seeds, tried=tried) for finding in task.findings]


def _was_trained(run: Run) -> bool:
    """Whether cutaway trained it and can train it again."""
    return run.context.manifest.origin == "training"


def _data_of(run: Run) -> tuple[Dataset | None, dict[str, np.ndarray]]:
    """The dataset of a run without its arrays, and these; None and no arrays of a table in a file."""
    loaded = run.context.loaded
    if isinstance(loaded, Dataset):
        return without_arrays(loaded)
    path = run.context.manifest.dataset.origin.get("path")
    if path is not None and Path(path).exists():
        return None, {}
    raise UsageError(
        "an engine needs the file that the run's table came from",
        got="a table from memory" if path is None else f"nothing at {path}",
        hint="train on a file, such as one of DataFrame.to_parquet, or leave out the engine",
    )


def try_remedy(
    run: Run, finding: Finding, *, seeds: int = 1, tried: Tried | None = None, progress: ProgressOption = False
) -> RemedyTest:
    """Try the remedy of a finding.

    Args:
        run: The run that it was found in.
        finding: It has a remedy.
        seeds: Trainings on each side, as in `cutaway.doctor`.
        tried: What was trained for other findings of the run, which is not trained again; what is trained is added.
        progress: See `cutaway.doctor`.

    Returns:
        What it changed; with the reason where it could not be tried.

    Raises:
        Canceled: It was canceled.
    """
    remedy = finding.remedy
    assert remedy is not None
    if remedy.untried:
        return RemedyTest(finding.kind, remedy.words, why=remedy.untried)
    if remedy.change != "temperature" and not _was_trained(run):
        return RemedyTest(finding.kind, remedy.words, why="only a run that cutaway trained can be trained again")
    try:
        split = run.split.held_out
        ids = run.split.part(split)
        if not len(ids):
            return RemedyTest(finding.kind, remedy.words, why="no samples were held out to compare models on")
        tried = {} if tried is None else tried
        leaks = remedy.change == "drop-inputs" and finding.kind != "constant-inputs"
        befores, afters, seconds = _tried(run, remedy, ids, leaks=leaks, seeds=seeds, tried=tried, progress=progress)
        before, after = befores[0], afters[0]
    except Canceled:
        raise
    except CutawayError as error:
        return RemedyTest(finding.kind, remedy.words, why=error.fault)
    is_numbers = run.context.task.is_numbers
    usual: Measure = "R2" if is_numbers else "accuracy"
    without: Measure = R2_WITHOUT if is_numbers else WITHOUT
    measure = without if leaks else MEASURES.get(finding.kind, usual)
    # a temperature changes no answer
    shown: tuple[Measure, ...] = (measure, "loss" if measure == "calibration error" else usual)
    shown = shown[:1] if leaks else shown
    return RemedyTest(
        kind=finding.kind,
        remedy=remedy.words,
        before=float(before.correct.mean()),
        after=float(after.correct.mean()),
        judgments=tuple(judge_trainings(each, befores, afters) for each in dict.fromkeys(shown)),
        fixed=int((after.correct > before.correct).sum()),
        broken=int((before.correct > after.correct).sum()),
        samples=len(ids),
        split=split,
        seconds=seconds,
    )


def _tried(
    run: Run, remedy: Remedy, ids: SampleIds, *, leaks: bool, seeds: int, tried: Tried, progress: ProgressOption
) -> tuple[list[Answers], list[Answers], float]:
    """The answers of models trained without and with a remedy, the run's own first, and the seconds for all.

    What tells the class and will be left out makes the answers of a model too good, so it does not get that.
    """
    asked = _changed(run, remedy) if leaks else None
    own = answers(run.context, ids, data=asked)
    if remedy.change == "temperature":
        return [own], [answers(run.context, ids, temperature=fitted_temperature(run.context).value)], 0.0
    key = remedy_key(remedy)
    base = "without " + key if leaks else ""
    with_it, without = [(key, n) for n in range(seeds)], [(base, n) for n in range(1, seeds)]
    if missing := [each for each in (*with_it, *without) if each not in tried]:
        changed = _material(run, remedy, progress)
        for name, number in missing:
            began = time.perf_counter()
            (data, split), of = (changed, remedy) if name == key else ((run.data, run.split), NOTHING)
            planned = planned_with(run, of, data, split, seed=run.config["seed"] + number)
            with tempfile.TemporaryDirectory(prefix="cutaway-remedy-") as folder:
                again = start(planned, loaded=data, runs=folder, name=None, progress=progress)
                same = SampleIds(tuple(again.data.sources), ids.source_index, ids.index)
                found = answers(again.context, same, data=asked)
            tried[name, number] = found, time.perf_counter() - began
    before, after = ([tried[each] for each in side] for side in (without, with_it))
    seconds = sum(duration for _, duration in (*before, *after))
    return [own, *(found for found, _ in before)], [found for found, _ in after], seconds


def remedy_key(remedy: Remedy) -> str:
    """All that a remedy changes: findings whose remedies have the same key share a training."""
    return repr(dataclasses.replace(remedy, words=""))


def _material(run: Run, remedy: Remedy, progress: ProgressOption) -> tuple[Dataset, Split]:
    """The data and the split of a run with what a remedy changes about them, for trainings from any seed."""
    if remedy.change == "drop-label-issues":
        return run.data, drop(run.split, decide(run.context.loaded, _label_issues(run, progress)).dropped)
    if remedy.change in ("standardize", "drop-inputs"):
        return _changed(run, remedy), run.split
    return run.data, run.split


def planned_with(run: Run, remedy: Remedy, data: Dataset, split: Split, *, seed: int) -> Plan:
    """The training of a run again, with what a remedy changes about it and nothing else.

    Args:
        run: The run.
        remedy: The remedy; `NOTHING` trains as the run was trained.
        data: The data, with what the remedy changes about them.
        split: The split, with what it changes about that.
        seed: Of the order of the samples, of dropout, and of first weights that are drawn.
    """
    sample_weight = given_weights(run.context.loaded, None)
    check_same_weights(sample_weight, run.context.manifest.sample_weight)
    spec = _spec(run, remedy)
    settings: dict[str, Any] = {**remedy.settings, "seed": seed}
    return plan(
        data,
        like=recorded_config(run.config).model_dump(),
        spec=spec,
        weights=_first_weights(run, remedy, spec, seed),
        divide=(split, data),
        sample_weight=sample_weight,
        **settings,
    )


def _changed(run: Run, remedy: Remedy) -> Dataset:
    """The data of a run with standardized inputs, or with the mean of the training samples in some of them."""
    data = run.data
    train_x = data.inputs(run.split.train)
    mean, deviation = train_x.mean(axis=0), train_x.std(axis=0)
    sources: dict[str, Source] = {}
    for name, source in data.sources.items():
        x = np.divide(source.x, np.float32(data.scale), dtype=np.float32).reshape(len(source.x), -1)
        if remedy.change == "standardize":
            x = (x - mean) / np.where(deviation > 0, deviation, 1)
        else:  # one that is the same everywhere is left out as 0
            x[:, list(remedy.inputs)] = np.where(deviation > 0, mean, 0)[list(remedy.inputs)]
        sources[name] = Source(x.reshape(source.x.shape).astype(np.float32), source.y)
    return Dataset(
        data.name,
        sources,
        data.class_names,
        1.0,
        {"kind": "arrays"},
        data.feature_names,
        targets=data.targets,
        is_log=data.is_log,
    )


SQUASHING = ("sigmoid", "tanh", "softsign")


def _spec(run: Run, remedy: Remedy) -> dict[str, Any]:
    """The model of a run with what a remedy changes about its layers."""
    spec = copy.deepcopy(dict(run.context.spec))
    replaced = SQUASHING if remedy.activation == "relu" else ("relu", "relu6")
    for layer in spec["layers"]:
        config = layer["config"]
        if layer["name"] != spec["output"] and remedy.activation and config.get("activation") in replaced:
            config["activation"] = remedy.activation
        if layer["kind"] == "ReLU" and remedy.activation == "leaky_relu":
            config["negative_slope"] = 0.2  # the slope of leaky_relu by default
        if remedy.change == "default-weights":
            config.pop("kernel_initializer", None)
            config.pop("bias_initializer", None)
            if layer["kind"] == "EinsumDense":  # of an ensemble, as `mlp` makes it
                scaled = {"scale": config["output_shape"][0], "mode": "fan_avg", "distribution": "uniform"}
                config["kernel_initializer"] = {"class_name": "VarianceScaling", "config": scaled}
        if remedy.change == "no-regularization":
            config |= {name: None for name in config if name.endswith("_regularizer")}
            config |= {name: 0.0 for name in ("rate", "stddev") if name in config}
        config |= remedy.layers.get(layer["name"], {})
    return spec


def _first_weights(run: Run, remedy: Remedy, spec: dict[str, Any], seed: int) -> dict[str, np.ndarray] | None:
    """The first weights that a model was given with, others where their shape changes; None if they are drawn."""
    from cutaway.models import get_weights, initialize, model_from_spec

    if run.context.manifest.first_weights == DRAWN or remedy.change == "default-weights":
        return None
    initialize(model := model_from_spec(spec, initialize=False), seed)
    given, drawn = run.context.snapshot(0), get_weights(model)
    return drawn | {name: each for name, each in given.items() if each.shape == drawn[name].shape}


def _label_issues(run: Run, progress: ProgressOption) -> list[Decision]:
    """Decisions to drop the training samples whose label has an issue."""
    issues = run.label_issues(folds=3, seeds=1, progress=progress)
    wanted = issues.ids.take(issues.scores > ISSUE_SCORE)
    return [Decision(place, "drop") for place in wanted.take(wanted.isin(run.split.train)).places()]


def answers(context: RunContext, ids: SampleIds, *, temperature: float = 1.0, data: Dataset | None = None) -> Answers:
    """Ask a model about samples, at least one, at its kept epoch; of other data than its own if they are given."""
    labels = context.data.y(ids)
    correct, confidence, loss = np.zeros(len(labels), bool), np.empty(len(labels)), np.empty(len(labels))
    if data is None:
        batches = probability_batches(context, ids)
    else:  # probabilities that are kept are of its own data
        batches = [(slice(None), compute_probabilities(RunContext(context.folder, data=data), ids))]
    is_numbers, variance = context.task.is_numbers, labels.var(axis=0)
    for rows, found in batches:
        is_number = np.isfinite(found).all(axis=1)
        if is_numbers:
            loss[rows] = np.where(is_number, squared_errors(labels[rows], found, variance), 1.0)
            continue
        p = found if temperature == 1 else at_temperature(found, temperature)
        correct[rows] = is_number & (p.argmax(axis=1) == labels[rows])
        confidence[rows] = np.where(is_number, p.max(axis=1), np.nan)
        own = np.where(is_number, np.take_along_axis(p, labels[rows][:, None], axis=1)[:, 0], 0)
        loss[rows] = -np.log(np.maximum(own.astype(np.float64), LEAST))
    if is_numbers:
        return Answers(np.zeros(len(loss), np.int64), 1 - loss, np.full(len(loss), np.nan), loss)
    return Answers(labels, correct, confidence, loss)


def judge_trainings(measure: Measure, before: Sequence[Answers], after: Sequence[Answers]) -> Judgment:
    """Compare trainings without and with a remedy, which differ by their seeds, on the same samples.

    Of one training on each side the answers are exchanged for random samples, which knows nothing of other seeds: two
    trainings of the same kind that differ by their seed alone are often told apart, the more by their loss.
    """
    if len(before) > 1 or len(after) > 1:
        sides = (np.array([value(measure, each) for each in side]) for side in (before, after))
        found = compare_trainings(*sides)
        return Judgment(measure, found.before, found.after, found.interval, found.p_value, len(after))
    first, second, samples = before[0], after[0], len(before[0].labels)

    def change(one: Answers, other: Answers) -> float:
        return value(measure, other) - value(measure, one)

    def exchanged(which: np.ndarray) -> float:
        return change(first.exchanged(second, which), second.exchanged(first, which))

    interval = bootstrap_interval(lambda rows: change(first.take(rows), second.take(rows)), samples)
    p_value = exchange_test_of(exchanged, samples, draws=DRAWS)
    return Judgment(measure, value(measure, first), value(measure, second), interval, p_value)


def value(measure: Measure, answers: Answers) -> float:
    """What a model is worth on some samples."""
    if measure == "calibration error":
        return reliability(answers.confidence, answers.correct).error
    if measure == "loss":
        return float(answers.loss.mean())
    if measure == "balanced accuracy":
        counts, right = np.bincount(answers.labels), np.bincount(answers.labels, answers.correct)
        return float((right[counts > 0] / counts[counts > 0]).mean())
    return float(answers.correct.mean())
