"""What is known of samples and of a run: facts that take long are properties, measured on first use."""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np

from cutaway.augmentation import as_augmentation, class_change
from cutaway.cache import CachedResult, cached
from cutaway.checks import warn_user
from cutaway.context import RunContext
from cutaway.data import (
    PARTS,
    ColumnFacts,
    Dataset,
    InputFacts,
    LeakyInput,
    NearDuplicates,
    Preparation,
    Repeats,
    SampleIds,
    Shift,
    Split,
    Table,
    TargetFacts,
    WholeGroups,
    are_ties,
    column_facts,
    input_facts,
    join_ids,
    leaky_inputs,
    near_duplicates,
    one_of_each_group,
    repeated_samples,
    stratified_sample,
    target_facts,
    tell_apart,
)
from cutaway.errors import CutawayError
from cutaway.findings import (
    ISSUE_SCORE,
    MANY_SATURATED,
    Evidence,
    Finding,
    HeldOut,
    WeightFacts,
    alike_units,
    bound_count,
    errors_of_the_surest,
    keep_highest,
    label_scores,
    looks_drawn,
    run_checks,
)
from cutaway.image_shape import input_names
from cutaway.log import survive
from cutaway.metrics import ErrorFacts, confusion_counts, error_facts, exact_interval, number_metrics, reliability
from cutaway.models import Setup, setup_of_spec
from cutaway.runs import kept_so_far
from cutaway.topics.common.predictions import predict_numbers, probability_batches
from cutaway.topics.common.scoring import scored_samples
from cutaway.topics.common.snapshots import training_weights
from cutaway.topics.learning_curve.learning_curve import said_of_more_data

from .simpler_models import LEAST_NUMBERS, known_simpler_models

if TYPE_CHECKING:
    from cutaway.interpret import LayerRecord

SAMPLES = 2000
"""Maximum number of training samples for measuring layers, gradients and inputs."""

BYTES = 8 * 2**20
"""Bytes of these samples as float32 at most: of wide ones there are fewer."""

COMPARED = 70_000
"""Maximum number of samples of each part of a split to compare with the other parts."""

COPIED, COPIED_VALUES, HELD = 20_000, 5_000_000, 2_000
"""Maximum number of training samples, of their values, and of held-out samples to search for near duplicates."""

ALIKE = (1e-6, 1e-3)
"""Relative difference of an accuracy in float32, and of a loss that was measured in batches."""

TIED = 50
"""Maximum number of inputs of samples that may be equal by chance."""

FOUR_ERRORS = 0.99993666
"""Share of a normal distribution within four standard deviations."""

LEAKS = ("target-leakage", "target-encoding", "left-out-columns", "group-leakage", "duplicates", "numbers-as-text")
"""Kinds of findings that call for a change of the table before training."""

NAMED = 20
"""Maximum number of samples or units to name for one finding."""

CLASSES, LEAST = 3, 3
"""Number of classes with the lowest recall to name missed samples of, and minimum test samples of such a class."""

Value = TypeVar("Value")
Examples = Mapping[str, tuple[str, ...]]

NOTHING = Evidence()


def fact(measure: Callable[[Any], Value]) -> Value:
    """A property that is measured on first use, in the place of a field of `Evidence`.

    Without the data or the model that it needs it is what `Evidence` has by default.
    """
    name = measure.__name__

    def measured(evidence: "SampleEvidence") -> Any:
        with survive(__name__, f"measuring {name}", CutawayError):
            return measure(evidence)
        evidence.lacking.add(name)
        return getattr(NOTHING, name, {})

    return cast("Value", cached_property(measured))


class Samples(NamedTuple):
    """Samples that no model was trained on yet.

    Attributes:
        loaded: What was loaded: a table, or the dataset.
        data: The samples, prepared.
        split: Which of them a model is to be trained, validated and tested on.
    """

    loaded: Dataset | Table
    data: Dataset
    split: Split


class SampleEvidence(Evidence):
    """What shows in samples alone, before any training.

    Attributes:
        of: The samples, or the run.
        lacking: Names of facts that could not be measured.
    """

    def __init__(self, of: Samples | RunContext, **given: Any) -> None:
        self.of, self.lacking = of, set[str]()
        # `Evidence.__init__` would put its defaults in the place of the properties
        vars(self).update({name: value for name, value in vars(NOTHING).items() if not hasattr(type(self), name)})
        vars(self).update(given)

    @fact
    def class_counts(self) -> dict[str, list[int]]:
        """Samples of each class, by split."""
        data = self.of.data
        if data.task.is_numbers:
            return {}
        counts = {name: np.bincount(data.y(ids), minlength=data.classes) for name, ids in self._parts.items()}
        return {name: each.tolist() for name, each in counts.items() if each.sum()}

    @fact
    def inputs(self) -> InputFacts:
        """Their range, after the layers of a model that only prepare them."""
        facts, seen = input_facts(self._x), self._prepared.get("x")
        return facts if seen is None else dataclasses.replace(input_facts(seen), constant=facts.constant)

    @fact
    def leaky_inputs(self) -> tuple[LeakyInput, ...]:
        """Columns of a table, or inputs of other data, that tell the class alone, or the one that tells it best."""
        if (found := self._columns[2]) is not None:
            return found
        groups = self.of.data.strata_of(self._measured)
        return leaky_inputs(self._x, groups, classes=int(groups.max(initial=0)) + 1)

    @fact
    def targets(self) -> tuple[TargetFacts, ...]:
        """What training targets that are numbers show."""
        task, y = self.of.data.task, self.of.data.y(self.of.split.train)
        return tuple(target_facts(name, y[:, k], is_log=task.is_log) for k, name in enumerate(task.targets))

    @fact
    def repeated(self) -> list[str]:
        """Names of validation and test samples that are training samples as well, among the first of both."""
        return self.of.data.named(self._held_out.take(np.flatnonzero(self._originals >= 0))).names()

    @fact
    def repeats(self) -> Repeats | None:
        """Their labels, how many of them differ, and whether they are ties."""
        data, train, known = self.of.data, self.of.split.train, self._originals
        held = np.flatnonzero(known >= 0)
        if not len(held):
            return None
        copies = self._held_out.take(held)
        equal = data.y(train.take(known[held])) == data.y(copies)
        agree = int(equal.reshape(len(held), -1).all(axis=1).sum())
        few, asked = train.take(slice(0, COMPARED)), self._compared
        ties = data.features <= TIED and len(asked) > 0 and are_ties(data.inputs(few), data.inputs(asked))
        return Repeats(agree, len(np.unique(known[held])), ties)

    @fact
    def shift(self) -> Shift | None:
        """How well a classifier tells held-out samples from training samples."""
        x = self.of.data.inputs(one_of_each_group(self.of.loaded, self._measured))
        return tell_apart(x, self.of.data.inputs(self._compared) if len(self._compared) else x[:0])

    @fact
    def columns(self) -> tuple[ColumnFacts, ...]:
        """What is noteworthy of columns."""
        return self._columns[0]

    @fact
    def groups(self) -> tuple[WholeGroups, ...]:
        """What a quick model is worth on whole groups."""
        return self._columns[1]

    @fact
    def near(self) -> NearDuplicates | None:
        """Held-out samples with a near duplicate."""
        train, held = self._searched
        return near_duplicates(self.of.data.inputs(train), self.of.data.inputs(held.take(slice(0, HELD))))

    @fact
    def examples(self) -> Examples:
        """Names of samples that findings are about."""
        data, train, near = self.of.data, self.of.split.train, self.near
        found = {} if data.task.is_numbers else {"class-imbalance": train.take(_of_the_smallest_class(data.y(train)))}
        if self.shift is not None:
            found["shifted-test-samples"] = self._compared.take(np.array(self.shift.surest, np.int64))
        if near is not None:  # a held-out sample and its duplicate by turns
            ids = zip(self._searched[::-1], (near.surest, near.of), strict=True)
            pairs = join_ids([each.take(np.array(rows, np.int64)) for each, rows in ids])
            found["near-duplicates"] = pairs.take(np.arange(len(pairs)).reshape(2, -1).T.ravel())
        return {kind: tuple(data.named(ids).names()) for kind, ids in found.items()}

    @fact
    def _prepared(self) -> dict[str, np.ndarray]:
        return {}

    @cached_property
    def _parts(self) -> dict[str, SampleIds]:
        """The samples of each split."""
        return {name: self.of.split.part(name) for name in PARTS}

    @cached_property
    def _measured(self) -> SampleIds:
        """The training samples whose inputs are measured."""
        data, train = self.of.data, self.of.split.train
        return train.take(stratified_sample(data.strata_of(train), sample_room(data), seed=0))

    @cached_property
    def _x(self) -> np.ndarray:
        return self.of.data.inputs(self._measured)

    @cached_property
    def _held_out(self) -> SampleIds:
        return join_ids([self.of.split.val, self.of.split.test])

    @cached_property
    def _originals(self) -> np.ndarray:
        """int64 (sample,), of the first held-out samples: the training sample that each equals, or -1."""
        train, held = (each.take(slice(0, COMPARED)) for each in (self.of.split.train, self._held_out))
        return repeated_samples(self.of.data.rows(train), self.of.data.rows(held))

    @cached_property
    def _compared(self) -> SampleIds:
        """Test samples that are compared with training samples; validation samples without any."""
        split = self.of.split
        held = one_of_each_group(self.of.loaded, split.test if len(split.test) else split.val)
        return held.take(slice(0, None, max(1, -(-len(held) // sample_room(self.of.data)))))

    @cached_property
    def _columns(self) -> tuple[tuple[ColumnFacts, ...], tuple[WholeGroups, ...], tuple[LeakyInput, ...] | None]:
        return column_facts(self.of.loaded, self.of.data, self.of.split)

    @cached_property
    def _searched(self) -> tuple[SampleIds, SampleIds]:
        """Training and held-out samples to search for near duplicates."""
        random, most = np.random.default_rng(0), min(COPIED, COPIED_VALUES // max(self.of.data.features, 1))
        train, held = (
            part.take(random.permutation(len(part))[:most]) for part in (self.of.split.train, self._held_out)
        )
        return train, held


OF_SAMPLES = tuple(name for name in vars(SampleEvidence) if name in vars(NOTHING))
"""The facts that are measured of samples alone."""


class RunEvidence(SampleEvidence):
    """What is known of a run.

    Attributes:
        of: The run.
        layer_records: Gives what its layers are.
    """

    of: RunContext

    def __init__(self, context: RunContext, layer_records: "Callable[[], Iterable[LayerRecord]]") -> None:
        super().__init__(context)
        self.layer_records = layer_records

    def measure(self) -> dict[str, Any]:
        """All facts, by the names of the fields of `Evidence`."""
        of_classes = () if self.of.task.is_numbers else ("class_change", "class_weights", "last_class")
        of_data = {name: getattr(self, name) for name in (*OF_SAMPLES, *of_classes)}
        parts = [of_data, self._records, self._model, self._predictions]
        found = {name: value for part in parts for name, value in part.items()}
        return found | {"examples": {kind: names for part in parts for kind, names in part.get("examples", {}).items()}}

    @fact
    def _prepared(self) -> dict[str, np.ndarray]:
        """Inputs of training samples after the layers that only prepare them, if they are numbers."""
        from cutaway.interpret import prepared_inputs

        context, data = self.of, self.of.data
        if not context.opens:
            return {}
        seen = prepared_inputs(context.model(), context.spec, data.x(self._measured), scale=data.scale)
        return {} if seen is None or not np.isfinite(seen).all() else {"x": seen}

    @fact
    def _records(self) -> dict[str, Any]:
        records = tuple(self.layer_records()) if self.of.opens else ()
        return {
            "dead_units": {each.name: (each.dead, each.units) for each in records if each.dead is not None},
            "examples": _named_units({f"dead-units/{each.name}": (each.name, each.dead_units) for each in records}),
        }

    @cached_property
    def _parts(self) -> dict[str, SampleIds]:
        """Also the last rows, as Keras' validation_split takes them, if their accuracy and loss equal the history's."""
        context, row = self.of, self.of.row() or {}
        rows = SampleIds.first("train", len(context.data.labels["train"]))
        if context.known_of_fit("validation") == "unknown" and context.opens and not context.task.is_numbers:
            (found,) = scored_samples(context, rows, epoch=None)
            means = np.cumsum([found.correct[::-1], found.log_loss[::-1]], axis=1) / (rows.index + 1)
            known = [row.get(name, np.nan) for name in ("val_accuracy", "val_loss")]
            sizes = np.flatnonzero(np.all(np.isclose(means.T, known, rtol=ALIKE), 1))
            if len(sizes) == 1:
                last = -1 - int(sizes[0])
                return {"train": rows[:last], "val": rows[last:]}
        return super()._parts

    @fact
    def class_change(self) -> str | None:
        """How augmentation turns images into some of other classes; a function of the user must be known here."""
        data, train, manifest = self.of.data, self.of.split.train, self.of.manifest
        changes = as_augmentation(manifest.config.get("augment"))
        if changes is None or isinstance(changes.function, str):
            return None
        return class_change(data.rows(train), data.y(train), changes, seed=manifest.seed)

    @fact
    def class_weights(self) -> list[float]:
        """What the training samples of each class weigh together, if they do not all weigh 1."""
        labels = self.of.data.y(self.of.split.train)
        weights = training_weights(self.of, labels)
        return [] if weights is None else np.bincount(labels, weights, minlength=self.of.data.classes).tolist()

    @fact
    def last_class(self) -> int | None:
        """The class of the last training rows, if these are sorted by class, but for as many changes as classes."""
        labels = self.of.data.y(self.of.split.train.ordered())
        is_sorted = (np.diff(labels) != 0).sum() < 2 * len(np.unique(labels))
        return int(labels[-1]) if is_sorted else None

    @fact
    def _model(self) -> dict[str, Any]:
        from cutaway.interpret import gradient_sizes, layer_health, preparing_layers, update_sizes
        from cutaway.models import ForwardPass, class_probabilities

        context, data = self.of, self.of.data
        if not context.opens:
            return {}
        x, y, scale = data.x(self._measured), data.y(self._measured), data.scale
        model, epochs = context.model(), context.folder.epochs
        layers = layer_health(model, x=x, scale=scale)
        (outputs,) = ForwardPass.of(model, scale=scale)(x).values()
        is_numbers = context.task.is_numbers
        right = np.zeros(0, bool) if is_numbers else class_probabilities(model, outputs).argmax(axis=1) == y
        before, kept = context.snapshot(epochs[0]), context.snapshot(context.epoch())
        # a training never saw the first moving averages of a layer that prepares inputs, which are those of no samples
        averages = {
            f"{name}/moving_{value}" for name in preparing_layers(context.spec) for value in ("mean", "variance")
        }
        began = before | {name: kept[name] for name in averages & kept.keys()}
        (first,) = gradient_sizes(model, x=x, y=y, scale=scale, snapshots=[began])
        updates: dict[str, list[float]] = {}
        for epoch in epochs[1:]:
            after = context.snapshot(epoch)
            for name, size in update_sizes(before, after).items():
                updates.setdefault(name, []).append(size)
            before = after
        kernels = context.snapshot(0) if epochs[0] == 0 else {}
        nothing = np.zeros(1)
        weights = {
            name: WeightFacts(
                size,
                tuple(updates.get(name, ())),
                alike_units(kernels.get(f"{name}/kernel", nothing)),
                float(kernels.get(f"{name}/bias", nothing).max()),
            )
            for name, size in first.items()
        }
        if epochs[0] == 0 and any((each.saturated or 0) > MANY_SATURATED for each in layers.values()):
            for name, each in layer_health(context.model(0), x=x, scale=scale).items():
                layers[name] = dataclasses.replace(layers[name], saturated_first=each.saturated)
        named = {
            f"{kind}-units/{name}": (name, units)
            for name, each in layers.items()
            for kind, units in (("redundant", each.redundant_units), ("saturated", each.saturated_units))
        }
        return {
            "layers": layers,
            # nothing is known about layers with NaN weights in some epoch
            "weights": {name: w for name, w in weights.items() if np.isfinite([*w.updates, w.first]).all()},
            "trained": None if is_numbers else (int(right.sum()), len(right)),
            "trained_r2": number_metrics(y, outputs).get("r2") if is_numbers else None,
            "examples": _named_units(named),
        }

    @fact
    def _predictions(self) -> dict[str, Any]:
        data, split, others = self.of.data, self.of.split, self._held_out
        if data.task.is_numbers:
            return {"errors": self._errors, "judged": len(others)}
        y = data.y(others)
        confidence, predicted = np.zeros(len(y)), np.zeros(len(y), np.int64)
        expected, is_tested = np.zeros(data.classes), np.arange(len(y)) >= (len(split.val) if len(split.test) else 0)
        parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for rows, p in probability_batches(self.of, others) if len(others) else ():
            if not np.isfinite(p).all():
                parts.clear()
                break
            confidence[rows], predicted[rows] = p.max(axis=1), p.argmax(axis=1)
            expected += p[is_tested[rows]].sum(axis=0, dtype=np.float64)
            parts.append(keep_highest(p, y[rows]))
        if not parts:
            self.lacking.add("_predictions")
            return {}
        given, highest, shares = (np.concatenate([each[part] for each in parts]) for part in range(3))
        held = HeldOut(y, given[None], highest[None], shares[None], None, data.classes)
        right = predicted == y
        validated = right[: len(split.val)]
        is_seen = self._originals >= 0
        seen = [(int(right[: len(rows)][rows].sum()), int(rows.sum())) for rows in (is_seen, ~is_seen)]
        return {
            "seen": tuple(seen) if is_seen.any() else None,
            "confusion": confusion_counts(y[is_tested], predicted[is_tested], classes=data.classes),
            "expected": expected.tolist(),
            "val_accuracy": float(validated.mean()) if len(validated) else None,
            "examples": _named_predictions(self.of.named(others), held, predicted, confidence, is_tested=is_tested),
            "calibration": _calibration(confidence[is_tested], right[is_tested]),
            "wrong_labels": bound_count(held),
            "judged": len(y),
            "sure": errors_of_the_surest(confidence, right),
        }

    @property
    def _errors(self) -> tuple[ErrorFacts, ...]:
        """The errors of each target on validation and test samples, in the order of the file."""
        ids, task = self._held_out.ordered(), self.of.task
        y = self.of.data.y(ids)
        if len(ids) < LEAST_NUMBERS or not np.ptp(y, axis=0).all():
            return ()
        predicted = predict_numbers(self.of, ids)
        return tuple(error_facts(*each, is_log=task.is_log) for each in zip(y.T, predicted.T, strict=True))


def evidence_of(context: RunContext, *, layers: "Callable[[], Iterable[LayerRecord]]") -> Evidence:
    """Collect the facts about a run; those that take long to measure are kept in the cache.

    Args:
        context: The run.
        layers: Gives what its layers are; it is called if that is not known already.
    """
    if (known := kept_evidence(context)) is not None:
        return known
    evidence, place = RunEvidence(context, layers), _place(context)
    facts = evidence.measure()
    if place is not None and not evidence.lacking:
        place.write(facts)
    return Evidence(**facts | recorded_facts(context))


def kept_evidence(context: RunContext) -> Evidence | None:
    """All that is known of a run, if everything was measured before; otherwise None."""
    place = _place(context)
    kept = None if place is None else place.read()
    return None if kept is None else Evidence(**kept | recorded_facts(context))


def kept_findings(context: RunContext) -> tuple[Finding, ...] | None:
    """Findings that need no further measurement, since everything was measured before; otherwise None."""
    evidence = kept_evidence(context)
    return None if evidence is None else run_checks(evidence)


def recorded_evidence(context: RunContext) -> Evidence:
    """What the history and run.json record: nothing is measured for it."""
    return Evidence(**recorded_facts(context))


def findings(
    context: RunContext, *, layers: "Callable[[], Iterable[LayerRecord]]", muted: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Run all checks on a run; see `cutaway.Run.findings`, and `run_checks` for what is muted."""
    context.manifest.check("model")
    return run_checks(evidence_of(context, layers=layers), muted=muted)


def data_findings(
    loaded: Dataset | Table, data: Dataset, split: Split, *, muted: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Run the checks that look at samples alone: their columns, inputs, classes and splits.

    Args:
        loaded: What was loaded: a table, or the dataset.
        data: The samples, prepared.
        split: Which of them the model is to be trained, validated and tested on.
        muted: See `run_checks`.
    """
    return run_checks(sample_evidence(loaded, data, split), muted=muted)


def warn_of_leaks(loaded: Dataset | Table, data: Dataset, split: Split) -> None:
    """Warn of what makes the accuracies of a table too good, before a model is trained on it; arguments as above."""
    if isinstance(loaded, Table):
        for each in run_checks(sample_evidence(loaded, data, split), kinds=LEAKS):
            has_text = each.kind == "left-out-columns" and "free text" in each.evidence["columns"].values()
            if each.severity == "warning" or each.kind == "target-leakage" or has_text:
                warn_user(each.text)


def sample_evidence(loaded: Dataset | Table, data: Dataset, split: Split, **known: Any) -> SampleEvidence:
    """What shows in samples before a training, and what else is known; arguments as above."""
    return SampleEvidence(
        Samples(loaded, data, split),
        class_names=data.class_names,
        test_samples=len(split.test),
        val_samples=len(split.val),
        train_samples=len(split.train),
        **_of_inputs(data, data.preparation),
        **known,
    )


def _of_inputs(data: Any, preparation: Preparation | None) -> dict[str, Any]:
    """What is known of the inputs of a dataset, or of the record of one, as fields of `Evidence`."""
    return {
        "input_names": input_names(data.feature_names, data.shape),
        "input_columns": None if preparation is None else preparation.columns_of_features,
        "images": data.image is not None,
    }


def recorded_facts(context: RunContext) -> dict[str, Any]:
    """What the run folder records, as fields of `Evidence`."""
    from cutaway.training import DRAWN

    rows, manifest, epochs = context.folder.history(), context.manifest, context.folder.epochs
    test, record = manifest.test or {}, manifest.dataset
    kept = context.row(rows=rows) or {} if context.knows_validation_samples else {}
    facts: dict[str, Any] = {}
    if context.opens:
        facts = {
            "model": context.spec["layers"],
            "regularization": _regularization(context),
            "frozen": frozen_layers(context.spec, lambda: context.snapshot(epochs[0])) if epochs else (),
            "setup": _setup(context),
            "default_weights": manifest.first_weights == DRAWN and _has_default_initializers(context),
        }
    if manifest.origin != "model":
        facts["val_accuracy"] = as_share(kept.get("val_accuracy"))
    return facts | {
        "history": rows,
        "class_names": context.task.class_names,
        "kept_epoch": kept_so_far(manifest, rows),
        "diverged": _diverged(context, epochs=len(rows)),
        "ended": manifest.status == "finished",
        "recorded": manifest.origin == "keras fit",
        "ready_made": manifest.origin == "model",
        "test_accuracy": as_share(test.get("accuracy")),
        "test_samples": len(context.split.test),
        "val_samples": len(context.split.val),
        "train_samples": len(context.split.train),
        "config": {name: value for name, value in manifest.config.items() if value is not None},
        **_of_inputs(record, context.preparation),
        "simpler_models": known_simpler_models(context) or (),
        "more_data": _more_data(context),
    }


def _more_data(context: RunContext) -> str:
    with survive(__name__, "looking for a learning curve", CutawayError):
        return said_of_more_data(context).read() or ""
    return ""


def as_share(accuracy: float | None) -> float | None:
    """A recorded accuracy; None for anything else, such as a user's own metric of that name."""
    return accuracy if accuracy is not None and 0 <= accuracy <= 1 else None


def _place(context: RunContext) -> CachedResult | None:
    """Where the facts of a run are kept; None of a run without weights.

    All epochs decide them, since how far weights moved is measured.
    """
    with survive(__name__, "looking for kept facts", CutawayError):
        return cached("facts", context.folder.identity(*context.folder.epochs), context.epoch(), method=23)
    return None


def _diverged(context: RunContext, *, epochs: int) -> tuple[int, str] | None:
    """The epoch that a training of ours did not end because a loss was not finite, and that loss."""
    from cutaway.training import FINITE

    why = (context.manifest.why or "") if context.manifest.status == "failed" else ""
    return next(((epochs + 1, metric) for metric, rule in FINITE.items() if why.startswith(rule)), None)


def _layers(spec: Mapping[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, kind and settings of each layer."""
    return [(each["name"], each["kind"], each.get("config") or {}) for each in spec["layers"]]


def _has_default_initializers(context: RunContext) -> bool:
    """Whether all layers have the initializers that Keras takes by default."""
    for _, kind, config in _layers(context.spec):
        # of an ensemble, as `mlp` makes it
        kernel = "VarianceScaling" if kind == "EinsumDense" else "GlorotUniform"
        for key, name in (("kernel_initializer", kernel), ("bias_initializer", "Zeros")):
            if config.get(key) and _class_name(config[key]) != name:
                return False
    return True


def _class_name(initializer: Any) -> Any:
    """The class of an initializer in a specification; None of a damaged one, which is no object."""
    return cast("dict[str, Any]", initializer).get("class_name") if isinstance(initializer, dict) else None


def _regularization(context: RunContext) -> dict[str, float]:
    """The highest dropout rate, and the largest penalties of weights and noise, of all layers of a model."""
    strengths: dict[str, float] = {}

    def take(name: str, value: Any) -> None:
        if isinstance(value, int | float):
            strengths[name] = max(strengths.get(name, 0.0), float(value))

    for layer in context.spec["layers"]:
        config: dict[str, Any] = layer.get("config") or {}
        take("dropout", config.get("rate"))
        take("noise", config.get("stddev"))
        for setting, regularizer in config.items():
            if setting.endswith("_regularizer") and isinstance(regularizer, dict):
                penalties: dict[str, Any] = cast("dict[str, Any]", regularizer).get("config") or {}
                take("l1", penalties.get("l1"))
                take("l2", penalties.get("l2"))
    return strengths


def frozen_layers(spec: dict[str, Any], first: "Callable[[], Mapping[str, np.ndarray]]") -> tuple[str, ...]:
    """Names of the Dense layers that are not trained although their first weights were drawn.

    Args:
        spec: The specification of the model.
        first: Returns its first weights by name; called if there are layers that are not trained.
    """
    named = [name for name, _, config in _layers(spec) if config.get("trainable") is False]
    if not named:
        return ()
    from cutaway.models import get_weights, initialize, model_from_spec

    weights, again = first(), model_from_spec(spec, initialize=False)
    initialize(again, seed=1)
    drawn = {name: kernel for name, kernel in get_weights(again).items() if name.endswith("/kernel")}
    return tuple(name for name in named if (key := f"{name}/kernel") in drawn and looks_drawn(weights[key], drawn[key]))


def _setup(context: RunContext) -> Setup:
    """The loss, the layers and the answers of a run; the form of the targets that its fit got is not known."""
    loss, logits = str(context.manifest.config.get("loss")), context.known_of_fit("from_logits") is True
    task = context.task
    return setup_of_spec(
        context.spec, classes=len(task.names), is_numbers=task.is_numbers, loss=loss, from_logits=logits
    )


def _of_the_smallest_class(labels: np.ndarray) -> np.ndarray:
    counts = np.bincount(labels)
    smallest = np.where(counts > 0, counts, len(labels) + 1).argmin()
    return np.flatnonzero(labels == smallest)[:20]


def sample_room(data: Dataset) -> int:
    """Maximum number of samples that are measured: at least two."""
    return max(2, min(SAMPLES, BYTES // (4 * max(data.features, 1))))


def _named_predictions(
    ids: SampleIds, held: HeldOut, predicted: np.ndarray, confidence: np.ndarray, *, is_tested: np.ndarray
) -> Examples:
    """Samples with label issues, confident mistakes, hesitant answers, and mistakes by class.

    Args:
        ids: Validation and test samples.
        held: What is kept of their probabilities.
        predicted: int64 ``(sample,)``.
        confidence: float ``(sample,)``, the probabilities of these classes.
        is_tested: Whether they are test samples.
    """
    labels, scores = held.labels, label_scores(held)
    wrong = is_tested & (predicted != labels)
    found = {
        "label-issues": _first(scores > ISSUE_SCORE, by=-scores),
        "miscalibration/over": _first(wrong, by=-confidence),
        "miscalibration/under": _first(is_tested & ~wrong, by=confidence),
    }
    counts = np.bincount(labels[is_tested], minlength=held.classes)
    recall = np.bincount(labels[is_tested & ~wrong], minlength=held.classes) / np.maximum(counts, 1)
    recall[counts < LEAST] = np.inf
    for label in np.argsort(recall, kind="stable")[:CLASSES].tolist():
        found[f"missed-class/{label}"] = _first(wrong & (labels == label), by=-confidence)
    if wrong.any():
        pairs = labels[wrong] * held.classes + predicted[wrong]
        kinds, times = np.unique(pairs, return_counts=True)
        true, mistaken = divmod(int(kinds[times.argmax()]), held.classes)
        found["confusion"] = _first(wrong & (labels == true) & (predicted == mistaken), by=-confidence)
    return {name: tuple(ids.take(rows).names()) for name, rows in found.items() if len(rows)}


def _first(chosen: np.ndarray, *, by: np.ndarray) -> np.ndarray:
    """Numbers of the chosen samples with the smallest values, at most `NAMED`."""
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(by[rows], kind="stable")[:NAMED]]


def _named_units(found: Mapping[str, tuple[str, tuple[int, ...]]]) -> Examples:
    """For each kind of finding and layer, the names of its units, from the layer and their numbers."""
    return {
        about: tuple(f"{layer}[{unit}]" for unit in units[:NAMED]) for about, (layer, units) in found.items() if units
    }


def _calibration(confidence: np.ndarray, right: np.ndarray) -> tuple[float, float, float]:
    """Expected calibration error, confidence minus accuracy, and the standard error of a higher accuracy."""
    accuracy = float(right.mean())
    # a quarter of what the exact interval of four standard errors reaches up: of no or all samples it is not 0
    _, high = exact_interval(int(right.sum()), len(right), confidence=FOUR_ERRORS)
    return reliability(confidence, right).error, float(confidence.mean()) - accuracy, (high - accuracy) / 4
