"""Proofs: the model of a run is trained with a remedy and without it, and judged on the same samples."""

import copy
import dataclasses
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.api.run import Run
from cutaway.api.train import start
from cutaway.data import Dataset, Decision, SampleIds, Source, Split, decide, drop
from cutaway.errors import Canceled, CutawayError
from cutaway.findings import SUSPECT, Finding, Remedy
from cutaway.results.progress import ProgressOption
from cutaway.topics.confidence.calibration import fitted_temperature
from cutaway.training import DRAWN, check_same_weights, given_weights, plan, recorded_config

from .judging import MEASURES, Answers, answers, judge_trainings
from .result import Proof

Tried = dict[tuple[str, int], tuple[Answers, float]]
"""What models say that were trained with a remedy, or with "" without any, and a seed, and the seconds of each."""


def prove(
    run: Run, finding: Finding, *, seeds: int = 1, tried: Tried | None = None, progress: ProgressOption = False
) -> Proof:
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
        return Proof(finding.kind, remedy.words, why=remedy.untried)
    if remedy.change != "temperature" and run.context.manifest.origin != "training":
        return Proof(finding.kind, remedy.words, why="only a run that cutaway trained can be trained again")
    try:
        split = "test" if len(run.split.test) else "val"
        ids = run.split.part(split)
        if not len(ids):
            return Proof(finding.kind, remedy.words, why="no samples were held out, on which models could be compared")
        tried = {} if tried is None else tried
        befores, afters, seconds = _tried(run, remedy, ids, seeds=seeds, tried=tried, progress=progress)
        before, after = befores[0], afters[0]
    except Canceled:
        raise
    except CutawayError as error:
        return Proof(finding.kind, remedy.words, why=f"{error.rule}; got {error.got}")
    measure = MEASURES.get(finding.kind, "accuracy")
    # a temperature changes no answer
    shown = ("calibration error", "loss") if measure == "calibration error" else dict.fromkeys((measure, "accuracy"))
    return Proof(
        kind=finding.kind,
        remedy=remedy.words,
        before=float(before.correct.mean()),
        after=float(after.correct.mean()),
        judgments=tuple(judge_trainings(each, befores, afters) for each in shown),
        fixed=int((after.correct & ~before.correct).sum()),
        broken=int((before.correct & ~after.correct).sum()),
        samples=len(ids),
        split=split,
        seconds=seconds,
    )


def _tried(
    run: Run, remedy: Remedy, ids: SampleIds, *, seeds: int, tried: Tried, progress: ProgressOption
) -> tuple[list[Answers], list[Answers], float]:
    """What models say that were trained without a remedy and with it, that of the run first, and the seconds of all."""
    own = answers(run.context, ids)
    if remedy.change == "temperature":
        return [own], [answers(run.context, ids, temperature=fitted_temperature(run.context).value)], 0.0
    key = remedy_key(remedy)
    with_it, without = [(key, n) for n in range(seeds)], [("", n) for n in range(1, seeds)]
    if missing := [each for each in (*with_it, *without) if each not in tried]:
        changed = _material(run, remedy, progress)
        for name, number in missing:
            start = time.perf_counter()
            data, split = changed if name else (run.data, run.split)
            of, seed = remedy if name else Remedy(""), run.config["seed"] + number
            with tempfile.TemporaryDirectory(prefix="cutaway-proof-") as folder:
                again = train_on(run, data, split, of, seed, Path(folder), progress)
                found = answers(again.context, _same_samples(again, ids))
            tried[name, number] = found, time.perf_counter() - start
    before, after = ([tried[each] for each in side] for side in (without, with_it))
    seconds = sum(duration for _, duration in (*before, *after))
    return [own, *(found for found, _ in before)], [found for found, _ in after], seconds


def remedy_key(remedy: Remedy) -> str:
    """All that a remedy changes: findings whose remedies have the same key share a training."""
    return repr(dataclasses.replace(remedy, words=""))


def _material(run: Run, remedy: Remedy, progress: ProgressOption) -> tuple[Dataset, Split]:
    """The data and the split of a run with what a remedy changes about them, for trainings from any seed."""
    if remedy.change == "drop-suspects":
        return run.data, drop(run.split, decide(run.context.loaded, _suspects(run, progress)).dropped)
    if remedy.change in ("standardize", "drop-inputs"):
        return _changed(run, remedy), run.split
    return run.data, run.split


def train_on(
    run: Run, data: Dataset, split: Split, remedy: Remedy, seed: int, folder: Path, progress: ProgressOption
) -> Run:
    """Train the run's model, with what a remedy changes about it, on these data and this split."""
    sample_weight = given_weights(run.context.loaded, None)
    check_same_weights(sample_weight, run.context.manifest.sample_weight)
    spec, weights = _model(run, remedy)
    settings: dict[str, Any] = {**remedy.settings, "seed": seed}
    planned = plan(
        data,
        like=recorded_config(run.config).model_dump(),
        spec=spec,
        weights=weights,
        divide=(split, data),
        sample_weight=sample_weight,
        **settings,
    )
    return start(planned, loaded=data, runs=folder, name=None, progress=progress)


def _changed(run: Run, remedy: Remedy) -> Dataset:
    """The data of a run with standardized inputs, or without some of them."""
    data = run.data
    train_x = data.inputs(run.split.train)
    mean, deviation = train_x.mean(axis=0), train_x.std(axis=0)
    sources: dict[str, Source] = {}
    for name, source in data.sources.items():
        x = np.divide(source.x, np.float32(data.scale), dtype=np.float32).reshape(len(source.x), -1)
        if remedy.change == "standardize":
            x = (x - mean) / np.where(deviation > 0, deviation, 1)
        else:  # what is left out says the same of every sample
            x[:, list(remedy.inputs)] = 0
        sources[name] = Source(x.reshape(source.x.shape).astype(np.float32), source.y)
    return Dataset(data.name, sources, data.class_names, 1.0, {"kind": "arrays"}, data.feature_names)


SQUASHING = ("sigmoid", "tanh", "softsign")


def _model(run: Run, remedy: Remedy) -> tuple[dict[str, Any], dict[str, np.ndarray] | None]:
    """The model of a run with what a remedy changes about its layers, and its first weights.

    They are drawn, but where the run began with given weights that still fit.
    """
    drawn = run.context.manifest.first_weights == DRAWN
    drawn = drawn or remedy.activation is not None or remedy.change == "default-weights" or bool(remedy.units)
    spec = copy.deepcopy(dict(run.context.spec))
    replaced = SQUASHING if remedy.activation == "relu" else ("relu", "relu6")
    for layer in spec["layers"]:
        config = layer["config"]
        if layer["name"] != spec["output"] and remedy.activation and config.get("activation") in replaced:
            config["activation"] = remedy.activation
            config.pop("kernel_initializer", None)
        if remedy.change == "default-weights":
            config.pop("kernel_initializer", None)
            config.pop("bias_initializer", None)
        if remedy.change == "no-regularization":
            config |= {name: None for name in config if name.endswith("_regularizer")}
            config |= {"rate": 0.0} if layer["kind"] == "Dropout" else {}
        config |= {"units": remedy.units[layer["name"]]} if layer["name"] in remedy.units else {}
    return spec, None if drawn else run.context.snapshot(0)


def _suspects(run: Run, progress: ProgressOption) -> list[Decision]:
    """Decisions to drop the training samples whose labels are suspect."""
    issues = run.label_issues(folds=3, seeds=1, progress=progress)
    wanted = issues.ids.take(issues.scores > SUSPECT)
    return [Decision(place, "drop") for place in wanted.take(wanted.isin(run.split.train)).places()]


def _same_samples(run: Run, ids: SampleIds) -> SampleIds:
    """The same samples of a run whose data have the same sources."""
    return SampleIds(tuple(run.data.sources), ids.source_index, ids.index)
