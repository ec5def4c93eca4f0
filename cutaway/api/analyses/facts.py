"""What findings need to know about a run beyond its history: its layers, weights, inputs and samples."""

import dataclasses
from typing import Any

import numpy as np

from cutaway.api.context import RunContext
from cutaway.data import SampleIds, input_facts, repeated_samples, tell_apart, telling_input
from cutaway.errors import CutawayError
from cutaway.findings import HeldOut, LayerFacts, WeightFacts, estimate_count, keep_highest

from .predictions import probabilities

SAMPLES = 2000
"""Training samples on which layers, gradients and inputs are measured at most."""

REPEATED = 70_000
"""Training samples among which equal ones are looked for at most."""

BINS = 15
"""Bins of equally many samples in which confidence and accuracy are compared."""


def facts_of(context: RunContext) -> dict[str, Any]:
    """What is known about a run, as fields of `cutaway.findings.Evidence`; what cannot be known is left out."""
    config, record = context.manifest.config, context.manifest.dataset
    found: dict[str, Any] = {
        "config": {name: value for name, value in config.items() if value is not None},
        "train_samples": len(context.split.train),
        "input_names": record.feature_names,
        "pictures": len(record.shape) > 1,
    }
    for part in (_of_samples, _of_model, _of_predictions):
        try:
            found |= part(context)
        except CutawayError:  # data that are gone, a model that has diverged: what it would say stays unknown
            continue
    return found


def _of_samples(context: RunContext) -> dict[str, Any]:
    data, split = context.data, context.split
    ids = context.ids("train", samples=SAMPLES)
    x, y = data.inputs(ids), data.y(ids)
    held = split.test if len(split.test) else split.val
    counts = {name: np.bincount(data.y(split.part(name)), minlength=data.classes) for name in ("train", "val", "test")}
    others = _join(split.val, split.test)
    few = others.take(slice(0, REPEATED))
    known = repeated_samples(data.x(split.train.take(slice(0, REPEATED))), data.x(few))
    return {
        "inputs": input_facts(x),
        "class_counts": {name: each.tolist() for name, each in counts.items() if each.sum()},
        "telling": telling_input(x, y, classes=data.classes),
        "repeated": context.named(few.take(known >= 0)).names(),
        "shift": tell_apart(x, data.inputs(held.take(slice(0, None, max(1, len(held) // SAMPLES)))))
        if len(held)
        else None,
    }


def _of_model(context: RunContext) -> dict[str, Any]:
    if not context.opens:
        return {}
    from cutaway.interpret import gradient_sizes, layer_health, update_sizes

    ids = context.ids("train", samples=SAMPLES)
    x, y, scale = context.data.x(ids), context.data.y(ids), context.data.scale
    model, kept = context.model(), context.epoch()
    layers = layer_health(model, x=x, scale=scale)
    epochs = context.folder.epochs
    first, last = (gradient_sizes(model, x=x, y=y, scale=scale, weights=context.snapshot(e)) for e in (epochs[0], kept))
    updates: dict[str, list[float]] = {}
    before = context.snapshot(epochs[0])
    for epoch in epochs[1:]:
        after = context.snapshot(epoch)
        for name, size in update_sizes(before, after).items():
            updates.setdefault(name, []).append(size)
        before = after
    return {
        "layers": {name: LayerFacts(**dataclasses.asdict(each)) for name, each in layers.items()},
        "weights": {name: WeightFacts(first[name], last[name], tuple(updates.get(name, ()))) for name in first},
    }


def _of_predictions(context: RunContext) -> dict[str, Any]:
    data, split = context.data, context.split
    others = _join(split.val, split.test)
    p, y = probabilities(context, others), data.y(others)
    if not np.isfinite(p).all():
        return {}
    held = p[len(split.val) :] if len(split.test) else p
    given, highest, shares = keep_highest(p, y)
    kept = HeldOut(y, given[None], highest[None], shares[None], None, data.classes)
    return {
        "calibration": _calibration(held, y[-len(held) :]),
        "wrong_labels": estimate_count(kept),
        "judged": len(y),
        "sure": _of_the_surest(p, y),
    }


def _of_the_surest(p: np.ndarray, y: np.ndarray) -> tuple[int, int]:
    """Of the third of samples with the highest confidence, how many are wrong, and their number."""
    surest = np.argsort(-p.max(axis=1), kind="stable")[: -(-len(y) // 3)]
    return int((p[surest].argmax(axis=1) != y[surest]).sum()), len(surest)


def _calibration(p: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Expected calibration error, confidence minus accuracy, and the standard error of the accuracy."""
    confidence, right = p.max(axis=1).astype(np.float64), p.argmax(axis=1) == y
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(BINS, len(order)))
    error = sum(len(part) * abs(confidence[part].mean() - right[part].mean()) for part in parts) / len(order)
    accuracy = float(right.mean())
    deviation = float(np.sqrt(accuracy * (1 - accuracy) / len(order)))
    return float(error), float(confidence.mean() - accuracy), deviation


def _join(first: SampleIds, second: SampleIds) -> SampleIds:
    source_index = np.concatenate([first.source_index, second.source_index])
    return SampleIds(first.sources, source_index, np.concatenate([first.index, second.index]), first.naming)
