"""What findings need to know about a run beyond its history: its layers, weights, inputs and samples."""

import dataclasses
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.context import RunContext
from cutaway.data import (
    PARTS,
    Dataset,
    NearDuplicates,
    SampleIds,
    Split,
    Table,
    column_facts,
    equal_by_chance,
    input_facts,
    join_ids,
    leaky_input,
    near_duplicates,
    one_of_each_group,
    repeated_samples,
    stratified_sample,
    tell_apart,
)
from cutaway.errors import Canceled, CutawayError
from cutaway.findings import (
    MANY_SATURATED,
    HeldOut,
    WeightFacts,
    bound_count,
    errors_of_the_surest,
    keep_highest,
)
from cutaway.metrics import confusion_counts, exact_interval
from cutaway.topics.common.predictions import probability_batches

from .concerned import concerned_layers, concerned_samples

if TYPE_CHECKING:
    from cutaway.interpret import LayerRecord

SAMPLES = 2000
"""Training samples on which layers, gradients and inputs are measured at most."""

BYTES = 8 * 2**20
"""Bytes of these samples as float32 at most: of wide ones there are fewer."""

REPEATED = 70_000
"""Samples of each part of a split that are compared with those of the others at most."""

COPIED, COPIED_VALUES, HELD = 20_000, 5_000_000, 2_000
"""Training samples, their values, and held-out samples that are compared in search of near copies, at most."""

FOUR_ERRORS = 0.99993666
"""Share of a normal distribution within four standard deviations."""

BINS = 15
"""Bins of equally many samples in which confidence and accuracy are compared."""


def facts_of(context: RunContext, *, layers: "Callable[[], Iterable[LayerRecord]]") -> tuple[dict[str, Any], bool]:
    """What is known about a run, as fields of `cutaway.findings.Evidence`.

    Args:
        context: The run.
        layers: Gives what its layers are.

    Returns:
        The facts without those that cannot be known, as where data are gone or the model has diverged; and whether none
        is missing. Of a model that does not open, its layers and weights are not among them.
    """
    found: dict[str, Any] = {}
    examples: dict[str, Any] = {}
    is_whole = True
    parts: list[Callable[[], dict[str, Any]]] = [
        partial(_of_samples, context),
        partial(_of_inputs, context),
        *((partial(_of_layers, layers), partial(_of_model, context)) if context.opens else ()),
        partial(_of_predictions, context),
    ]
    for part in parts:
        try:
            known = part()
        except Canceled:
            raise
        except CutawayError:
            is_whole = False
            continue
        examples |= known.pop("examples", {})
        is_whole = is_whole and bool(known)
        found |= known
    return found | {"examples": examples}, is_whole


def _of_samples(context: RunContext) -> dict[str, Any]:
    return sample_facts(context.loaded, context.data, context.split)


def _of_inputs(context: RunContext) -> dict[str, Any]:
    """The range of inputs after the layers of the model that only prepare them, instead of that of the data."""
    data = context.data
    ids = _measured(data, context.split)
    facts = input_facts(data.inputs(ids))
    if context.opens:
        from cutaway.interpret import prepared_inputs

        seen = prepared_inputs(context.model(), context.spec, data.x(ids), scale=data.scale)
        if seen is not None and np.isfinite(seen).all():
            facts = dataclasses.replace(input_facts(seen), constant=facts.constant)
    return {"inputs": facts}


def sample_facts(loaded: Dataset | Table, data: Dataset, split: Split) -> dict[str, Any]:
    """What shows in the samples of a split, as fields of `cutaway.findings.Evidence`.

    Args:
        loaded: What was loaded: a table, or the dataset.
        data: The inputs of a model, made of it.
        split: Its parts.
    """
    most, ids = sample_room(data), _measured(data, split)
    held = one_of_each_group(loaded, split.test if len(split.test) else split.val)
    compared = held.take(slice(0, None, max(1, -(-len(held) // most))))
    inputs = data.inputs(one_of_each_group(loaded, ids))
    counts = {name: np.bincount(data.y(split.part(name)), minlength=data.classes) for name in PARTS}
    shift = tell_apart(inputs, data.inputs(compared) if len(held) else inputs[:0])
    concerned = {"class-imbalance": split.train.take(_of_the_smallest_class(data.y(split.train)))}
    if shift is not None:
        concerned["shifted-test-samples"] = compared.take(np.array(shift.surest, np.int64))
    near, pairs = _near_duplicates(data, split)
    examples = {kind: data.named(found).names() for kind, found in concerned.items()}
    return {
        **leak_facts(loaded, data, split),
        "class_counts": {name: each.tolist() for name, each in counts.items() if each.sum()},
        "shift": shift,
        "near": near,
        "examples": examples | {"near-duplicates": data.named(pairs).names()},
    }


def leak_facts(loaded: Dataset | Table, data: Dataset, split: Split) -> dict[str, Any]:
    """Those of `sample_facts` that show where samples say more of their classes than new ones will."""
    ids = _measured(data, split)
    x = data.inputs(ids)
    columns, groups, leaky = column_facts(loaded, data, split)
    if leaky is None:
        best = leaky_input(x, data.y(ids), classes=data.classes)
        leaky = () if best is None else (best,)
    return {
        **_repeated(data, split.train, join_ids([split.val, split.test])),
        "inputs": input_facts(x),
        "columns": columns,
        "groups": groups,
        "leaky_inputs": leaky,
    }


def _measured(data: Dataset, split: Split) -> SampleIds:
    """The training samples whose inputs are measured."""
    return split.train.take(stratified_sample(data.y(split.train), sample_room(data), seed=0))


def _near_duplicates(data: Dataset, split: Split) -> tuple[NearDuplicates | None, SampleIds]:
    """Held-out samples with a near copy, and their names and those of the copies, by turns."""
    random = np.random.default_rng(0)
    train, held = (
        part.take(random.permutation(len(part))[: min(COPIED, COPIED_VALUES // max(data.features, 1))])
        for part in (split.train, join_ids([split.val, split.test]))
    )
    near = near_duplicates(data.inputs(train), data.inputs(held.take(slice(0, HELD))))
    if near is None:
        return None, held.take([])
    pairs = join_ids([held.take(np.array(near.surest, np.int64)), train.take(np.array(near.of, np.int64))])
    return near, pairs.take(np.arange(len(pairs)).reshape(2, -1).T.ravel())


def _of_the_smallest_class(labels: np.ndarray) -> np.ndarray:
    counts = np.bincount(labels)
    smallest = np.where(counts > 0, counts, len(labels) + 1).argmin()
    return np.flatnonzero(labels == smallest)[:20]


def sample_room(data: Dataset) -> int:
    """Maximum number of samples that are measured: at least two."""
    return max(2, min(SAMPLES, BYTES // (4 * max(data.features, 1))))


def _repeated(data: Dataset, train: SampleIds, others: SampleIds) -> dict[str, Any]:
    """The names of samples of others that are training samples as well, among the first of both.

    Where there are some, also how many training samples differ, different values of an input, and how many samples
    would be equal by chance, as fields of `cutaway.findings.Evidence`.
    """
    few = others.take(slice(0, REPEATED))
    known = repeated_samples(data.rows(train.take(slice(0, REPEATED))), data.rows(few))
    ids = few.take(known >= 0)
    names = data.named(ids).names()
    if not names:
        return {"repeated": names}
    some = train.take(slice(0, sample_room(data)))
    rows = data.x(some)
    distinct = repeated_samples(rows, rows) == np.arange(len(some))
    values = np.sort(rows.reshape(len(some), -1), axis=0)
    changes = (values[1:] != values[:-1]).sum(axis=0)
    return {
        "repeated": names,
        "distinct": (int(distinct.sum()), len(some)),
        "most_values": int(changes.max()) + 1,
        "equal_by_chance": _equal_by_chance(data, rows, among=min(len(train), REPEATED)),
    }


def _equal_by_chance(data: Dataset, rows: np.ndarray, *, among: int) -> float | None:
    """Of rows of a table; images are not equal by chance."""
    if rows.ndim > 2 or len(rows) < 2:
        return None
    columns = None if data.preparation is None else data.preparation.columns_of_features
    return equal_by_chance(rows, among=among, columns=columns)


def _of_layers(layers: "Callable[[], Iterable[LayerRecord]]") -> dict[str, Any]:
    records = tuple(layers())
    return {
        "dead_units": {each.name: (each.dead, each.units) for each in records if each.dead is not None},
        "examples": concerned_layers(records, {}),
    }


def _of_model(context: RunContext) -> dict[str, Any]:
    from cutaway.interpret import gradient_sizes, layer_health, preparing_layers, update_sizes
    from cutaway.models import ForwardPass, class_probabilities

    ids = context.ids("train", samples=sample_room(context.data))
    x, y, scale = context.data.x(ids), context.data.y(ids), context.data.scale
    model, kept = context.model(), context.epoch()
    layers = layer_health(model, x=x, scale=scale)
    (outputs,) = ForwardPass.of(model, scale=scale)(x).values()
    right = class_probabilities(model, outputs).argmax(axis=1) == y
    epochs = context.folder.epochs
    ends = [context.snapshot(epoch) for epoch in (epochs[0], kept)]
    # a training never saw the first moving averages of a layer that prepares inputs, which are those of no samples
    averages = {f"{name}/moving_{value}" for name in preparing_layers(context.spec) for value in ("mean", "variance")}
    ends[0] = ends[0] | {name: ends[1][name] for name in averages & ends[1].keys()}
    first, last = gradient_sizes(model, x=x, y=y, scale=scale, snapshots=ends)
    updates: dict[str, list[float]] = {}
    before = context.snapshot(epochs[0])
    for epoch in epochs[1:]:
        after = context.snapshot(epoch)
        for name, size in update_sizes(before, after).items():
            updates.setdefault(name, []).append(size)
        before = after
    is_saturated = any((each.saturated or 0) > MANY_SATURATED for each in layers.values())
    untrained = layer_health(context.model(epochs[0]), x=x, scale=scale) if is_saturated and epochs[0] == 0 else {}
    return {
        "examples": concerned_layers((), layers),
        "layers": {
            name: dataclasses.replace(each, saturated_first=untrained[name].saturated if name in untrained else None)
            for name, each in layers.items()
        },
        "weights": {name: WeightFacts(first[name], last[name], tuple(updates.get(name, ()))) for name in first},
        "trained": (int(right.sum()), len(right)),
    }


def _of_predictions(context: RunContext) -> dict[str, Any]:
    data, split = context.data, context.split
    others = join_ids([split.val, split.test])
    if not len(others):
        return {}
    y = data.y(others)
    confidence, predicted = np.zeros(len(y)), np.zeros(len(y), np.int64)
    kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for rows, p in probability_batches(context, others):
        if not np.isfinite(p).all():
            return {}
        confidence[rows], predicted[rows] = p.max(axis=1), p.argmax(axis=1)
        kept.append(keep_highest(p, y[rows]))
    given, highest, shares = (np.concatenate([each[part] for each in kept]) for part in range(3))
    held = HeldOut(y, given[None], highest[None], shares[None], None, data.classes)
    right, tested = predicted == y, slice(len(split.val), None) if len(split.test) else slice(None)
    validated = right[: len(split.val)]
    return {
        "confusion": confusion_counts(y[tested], predicted[tested], classes=data.classes),
        "val_accuracy": float(validated.mean()) if len(validated) else None,
        "examples": concerned_samples(context.named(others), held, predicted, confidence, tested=tested),
        "calibration": _calibration(confidence[tested], right[tested]),
        "wrong_labels": bound_count(held),
        "judged": len(y),
        "sure": errors_of_the_surest(confidence, right),
    }


def _calibration(confidence: np.ndarray, right: np.ndarray) -> tuple[float, float, float]:
    """Expected calibration error, confidence minus accuracy, and the standard error of a higher accuracy."""
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(BINS, len(order)))
    error = sum(len(part) * abs(confidence[part].mean() - right[part].mean()) for part in parts) / len(order)
    accuracy = float(right.mean())
    # a quarter of what the exact interval of four standard errors reaches up: of no or all samples it is not 0
    _, high = exact_interval(int(right.sum()), len(order), confidence=FOUR_ERRORS)
    return float(error), float(confidence.mean() - accuracy), (high - accuracy) / 4
