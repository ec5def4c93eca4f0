"""Proofs: the model of a run trained again from the same seed with a remedy, and both judged on the same samples."""

import copy
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.api.progress import ProgressOption
from cutaway.api.run import Run
from cutaway.api.train import train, train_like
from cutaway.data import Dataset, Decision, SampleIds, Source
from cutaway.errors import CutawayError
from cutaway.findings import Finding, Remedy
from cutaway.metrics import mcnemar

from .record import Proof

SUSPECT = 0.5
"""Score of a training label from which it is dropped."""


def prove(run: Run, finding: Finding, *, progress: ProgressOption = False) -> Proof:
    """Try the remedy of a finding.

    Args:
        run: The run that it was found in.
        finding: It has a remedy.
        progress: As of `cutaway.doctor`.

    Returns:
        What it changed; with the reason where it could not be tried.
    """
    remedy = finding.remedy
    assert remedy is not None
    if run.context.manifest.origin != "training":
        return Proof(finding.kind, remedy.words, why="only a run that cutaway trained can be trained again")
    start = time.perf_counter()
    try:
        split = "test" if len(run.split.test) else "val"
        ids = run.split.part(split)
        if remedy.change == "drop-repeated":
            return _without_repeated(run, finding, remedy, split)
        with tempfile.TemporaryDirectory(prefix="cutaway-proof-") as folder:
            again = _train(run, remedy, Path(folder), progress)
            after = _right(again, _same_samples(again, ids))
    except CutawayError as error:
        return Proof(finding.kind, remedy.words, why=f"{error.rule}; got {error.got}")
    before, labels = _right(run, ids), run.data.y(ids)
    balanced = (_balanced(before, labels), _balanced(after, labels)) if finding.kind == "class-imbalance" else None
    test = mcnemar(int((after & ~before).sum()), int((before & ~after).sum()))
    return Proof(
        kind=finding.kind,
        remedy=remedy.words,
        before=float(before.mean()),
        after=float(after.mean()),
        balanced=balanced,
        fixed=test.fixed,
        broken=test.broken,
        samples=len(ids),
        split=split,
        p_value=test.p_value,
        seconds=time.perf_counter() - start,
    )


def _train(run: Run, remedy: Remedy, folder: Path, progress: ProgressOption) -> Run:
    """Train the run's model again with a remedy."""
    settings: dict[str, Any] = dict(remedy.settings)
    if remedy.change is None and remedy.activation is None:
        return train_like(run, runs=folder, progress=progress, **settings)
    if remedy.change == "drop-suspects":
        return train_like(run, labels=_suspects(run, progress), runs=folder, progress=progress, **settings)
    data = run.data if remedy.change is None else _changed(run, remedy)
    model = _model(run, data, remedy)
    config = {name: value for name, value in run.config.items() if value is not None and name != "class_weight"}
    if run.config.get("class_weight") is not None:
        weights: tuple[float, ...] = tuple(run.config["class_weight"])
        config["class_weight"] = dict(enumerate(weights))
    return train(model, data, runs=folder, progress=progress, **(config | settings))


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


def _model(run: Run, data: Dataset, remedy: Remedy) -> Any:
    """The model of a run with new first weights from its seed, perhaps with another activation function."""
    from cutaway.models import initialize, model_from_spec

    spec = copy.deepcopy(dict(run.context.spec))
    if remedy.activation is not None:
        for layer in spec["layers"]:
            if layer["name"] != spec["output"] and layer["config"].get("activation") in ("sigmoid", "tanh", "softsign"):
                layer["config"]["activation"] = remedy.activation
                layer["config"].pop("kernel_initializer", None)
    model = model_from_spec(spec, initialize=False)
    initialize(model, run.config["seed"])
    return model


def _suspects(run: Run, progress: ProgressOption) -> list[Decision]:
    """Decisions to drop the training samples whose labels are suspect."""
    issues = run.label_issues(folds=3, seeds=1, progress=progress)
    wanted = issues.ids.take(issues.scores > SUSPECT)
    keys = _keys(run.split.train)
    return [Decision(place, "drop") for place, key in zip(wanted.places(), _keys(wanted), strict=True) if key in keys]


def _keys(ids: SampleIds) -> list[tuple[int, int]]:
    return list(zip(ids.source_index.tolist(), ids.index.tolist(), strict=True))


def _same_samples(run: Run, ids: SampleIds) -> SampleIds:
    """The same samples of a run whose data have the same sources."""
    return SampleIds(tuple(run.data.sources), ids.source_index, ids.index)


def _right(run: Run, ids: SampleIds) -> np.ndarray:
    """Whether each sample is predicted as it is labeled."""
    from cutaway.api.analyses import probabilities

    return probabilities(run.context, ids).argmax(axis=1) == run.data.y(ids)


def _balanced(right: np.ndarray, labels: np.ndarray) -> float:
    """The mean recall of the classes."""
    return float(np.mean([right[labels == label].mean() for label in np.unique(labels)]))


def _without_repeated(run: Run, finding: Finding, remedy: Remedy, split: str) -> Proof:
    """The accuracy without samples that the model was trained on; nothing is trained for it."""
    from cutaway.data import repeated_samples

    ids = run.split.part(split)
    right = _right(run, ids)
    new = repeated_samples(run.data.x(run.split.train), run.data.x(ids)) < 0
    return Proof(
        finding.kind,
        remedy.words,
        before=float(right.mean()),
        after=float(right[new].mean()) if new.any() else float("nan"),
        samples=int(new.sum()),
        split=split,
        why=None if new.any() else "every sample is a training sample",
    )
