"""Remedies that help: sick runs are trained again from their seed, and what the finding is about becomes better.

What else of the findings must train is here as well.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

import keras
import numpy as np
import pytest
from sick_runs import PLAIN, digits, model_of, table, train

import cutaway as ct
from cutaway.api.train import start
from cutaway.data import Split
from cutaway.findings import Finding, Remedy
from cutaway.metrics import compare_trainings
from cutaway.models import build_model, get_weights, spec_of
from cutaway.progress import Progress
from cutaway.topics.doctor import remedy_tests
from cutaway.topics.doctor.remedy_tests import Tried, _spec, answers, remedy_key, try_remedy
from cutaway.topics.doctor.result import Judgment, RemedyTest
from cutaway.topics.findings.evidence import _has_default_initializers
from cutaway.training import DRAWN, Plan
from cutaway.training.config import GIVEN
from cutaway.training.loop.order import epoch_order

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")]


def overfitted(runs: Path) -> ct.Run:
    """As that of sick_runs.py, with enough test samples to show a difference of losses."""
    x, y = table(860, classes=3, inputs=20)
    x = x * 0.5 + np.random.default_rng(7).normal(size=x.shape).astype(np.float32)
    held = {"x_test": x[260:], "y_test": y[260:]}
    return train(ct.mlp((256, 256)), x[:260], y[:260], runs, epochs=60, **held, **PLAIN)


def imbalanced(runs: Path) -> ct.Run:
    x, y = table(24000)  # with less noise than this the small class is found
    keep = (y == 0) | (np.random.default_rng(1).random(len(y)) < 0.05)
    return train(ct.mlp((32,)), (x + 2 * np.random.default_rng(7).normal(size=x.shape))[keep], y[keep], runs)


def alike_from_the_start(runs: Path) -> ct.Run:
    layers = keras.layers.Dense(64, "relu", kernel_initializer="ones"), keras.layers.Dense(32, "relu")
    return train(model_of(*layers), *digits(), runs, epochs=6)


def oscillating(runs: Path) -> ct.Run:
    settings = {"optimizer": "sgd", "learning_rate": 0.3, "momentum": 0.9, "batch_size": 16}
    x, y = table(3000, classes=3)
    held = {"x_test": x[900:], "y_test": y[900:]}
    return train(ct.mlp((64,)), x[:900], y[:900], runs, **held, **settings, **PLAIN)


PROVABLE: dict[str, str | Callable[[Path], ct.Run]] = {
    "learning-rate-too-high": "rate too high, images",
    "learning-rate-too-low": "rate too low, images",
    "unscaled-inputs": "unscaled images",
    "double-scaling": "scaled twice",
    "uncentered-inputs": "light images",
    "class-imbalance": imbalanced,
    "dead-units": "dead units",
    "saturated-units": "saturated units",
    "vanishing-gradients": "vanishing gradients",
    "exploding-gradients": "exploding gradients",
    "redundant-units": "units alike",
    "batch-too-large": "large batches",
    "overfitting": overfitted,
    "miscalibration": "underconfident",
    "stalled": "frozen",
    "low-rank": alike_from_the_start,
    "oscillation": oscillating,
    "divergence": "not finite",
    "too-few-epochs": "one epoch",
    "over-regularized": "dropout of 0.95",
    "unusual-setting": "averages not reached",
    "frozen-layers": "frozen, he_normal",
    "class-changing-augmentation": "mirrored digits",
}
"""Kind of finding -> a run that has it, as its name in SICK or a function; its remedy, or that of its cause, helps."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", PROVABLE)
def test_the_remedy_makes_better_what_the_finding_is_about(
    kind: str, sick_run: Callable[[str], ct.Run], tmp_path: Path
) -> None:
    made = PROVABLE[kind]
    run = sick_run(made) if isinstance(made, str) else made(tmp_path)
    warnings = {each.kind: each for each in run.findings() if each.severity == "warning"}
    assert kind in warnings, list(warnings)
    finding = warnings[kind]
    while finding.cause:  # what another finding explains has no remedy of its own
        finding = warnings[finding.cause]
    tested = try_remedy(run, finding)
    assert tested.helped, tested.words


@pytest.fixture(scope="module")
def slow_run(tmp_path_factory: pytest.TempPathFactory) -> ct.Run:
    """A run whose learning rate is too low."""
    plain = {"schedule": "constant", "label_smoothing": 0.0}
    runs = tmp_path_factory.mktemp("slow")
    return train(ct.mlp((16,)), *table(400), runs, epochs=4, optimizer="sgd", learning_rate=1e-3, **plain)


def test_a_remedy_is_tried_from_the_same_seed_and_judged_on_the_same_samples(slow_run: ct.Run) -> None:
    before = sorted(path.name for path in slow_run.path.parent.iterdir())
    found = ct.doctor(slow_run, try_remedies=True, seeds=1, progress=False)
    assert found.findings[0].kind == "learning-rate-too-low"
    tested = next(each for each in found.remedy_tests if each.kind == "learning-rate-too-low")
    again = ct.train_like(slow_run, learning_rate=0.03, runs=slow_run.path.parent.parent, progress=False)
    ours, theirs = (run.predictions().argmax(axis=1) == run.labels() for run in (slow_run, again))
    assert (tested.before, tested.after) == (ours.mean(), theirs.mean())
    assert (tested.fixed, tested.broken) == ((theirs & ~ours).sum(), (ours & ~theirs).sum())
    assert tested.samples == len(ours)
    assert tested.after > tested.before
    assert sorted(path.name for path in slow_run.path.parent.iterdir()) == before
    record = next(each for each in found.records() if each["kind"] == "learning-rate-too-low")
    assert json.loads(json.dumps(record)) == record
    assert record["remedy_test"]["fixed"] == tested.fixed


def test_several_trainings_on_each_side_are_compared(slow_run: ct.Run) -> None:
    (finding,) = [each for each in slow_run.findings() if each.kind == "learning-rate-too-low"]
    tried: Tried = {}
    tested = try_remedy(slow_run, finding, seeds=3, tried=tried)
    first = tested.judgments[0]
    assert first.trainings == 3
    before = [answers(slow_run.context, slow_run.split.test), *(tried["", seed][0] for seed in (1, 2))]
    after = [tried[remedy_key(finding.remedy), seed][0] for seed in range(3)]
    found = compare_trainings(*(np.array([each.correct.mean() for each in side]) for side in (before, after)))
    assert (first.before, first.after) == pytest.approx((found.before, found.after))
    assert first.p_value == pytest.approx(found.p_value)
    assert len({each.loss.sum() for each in after}) == 3, "each from a seed of its own"
    assert tested.after == after[0].correct.mean()
    again = try_remedy(slow_run, finding, seeds=3, tried=tried)
    assert again.judgments == tested.judgments, "nothing is trained twice"


def test_what_was_tried_in_vain_is_no_next_step(slow_run: ct.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    step = ct.doctor(slow_run, progress=False).next_step
    assert "learning rate" in step
    same = Judgment("accuracy", 0.5, 0.5, (-0.1, 0.1), 1.0)
    for gain, is_next in ((0.0, False), (0.2, True)):
        judged = replace(same, after=0.5 + gain, p_value=1.0 - 4.9 * gain)

        def tried(run: ct.Run, wanted: Sequence[Finding], judged: Judgment = judged, **_: Any) -> Any:
            return tuple(
                RemedyTest(each.kind, each.remedy.words if each.remedy else "", 0.5, judged.after, (judged,), seconds=1)
                for each in wanted
            )

        monkeypatch.setattr("cutaway.topics.doctor.doctor.try_all", tried)
        found = ct.doctor(slow_run, try_remedies=True, progress=False)
        assert ("learning rate" in found.next_step) is is_next
        assert "--try" not in found.next_step


def test_no_proof_begins_after_the_budget(slow_run: ct.Run) -> None:
    (tested, *_) = ct.doctor(slow_run, try_remedies=True, budget=0, progress=False).remedy_tests
    assert tested.why
    assert not tested.judgments


def test_a_proof_that_is_canceled_says_nothing_of_the_remedy(slow_run: ct.Run) -> None:
    finding = next(each for each in ct.doctor(slow_run, progress=False).findings if each.remedy is not None)
    token = ct.CancelToken()

    def cancel(progress: Progress) -> None:
        if progress.task == "training":
            token.cancel()

    with token, pytest.raises(ct.Canceled):
        try_remedy(slow_run, finding, progress=cancel)
    assert token.canceled


def test_a_remedy_is_tried_on_the_split_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas

    x, y = table(240, inputs=5)
    frame = pandas.DataFrame(x * 300 + 2000, columns=list("abcde")).assign(label=y, house=np.arange(240) // 6)
    data = ct.load_dataset(frame, label="label", group="house")
    run = ct.train(ct.mlp((8,)), data, epochs=2, runs=tmp_path, progress=False)
    splits: list[Split] = []

    def noted(planned: Plan, **settings: Any) -> ct.Run:
        splits.append(planned.split)
        return start(planned, **settings)

    monkeypatch.setattr("cutaway.topics.doctor.remedy_tests.start", noted)
    weights = Remedy("draw first weights by Keras' default initializers", change="default-weights")
    tested = try_remedy(run, Finding("low-rank", "warning", "", "", {}, weights))
    assert splits == [run.split], "houses are in one part only"
    assert tested.samples == len(run.split.test)


HIDDEN = {"dense_1.activation", "dense_2.activation"}
NARROWER = {"dense_1.units", "weights dense_1/kernel", "weights dense_1/bias", "weights dense_2/kernel"}
DRAWN_WIDE = {"dense_1.kernel_initializer", "weights dense_1/kernel"}

TRIALS: dict[str, tuple[Remedy, set[str]]] = {
    "nothing": (Remedy(""), set()),
    "rate": (Remedy("", {"learning_rate": 0.03}), {"learning_rate"}),
    "epochs": (Remedy("", {"epochs": 60}), {"epochs"}),
    "batch": (Remedy("", {"batch_size": 8}), {"batch_size", "order"}),
    "patience": (Remedy("", {"patience": 3}), {"patience"}),
    "smoothing": (Remedy("", {"label_smoothing": 0.3}), {"label_smoothing"}),
    "class weights": (Remedy("", {"class_weight": "balanced"}), {"class_weight", "sample weights"}),
    "activation": (Remedy("", activation="leaky_relu"), HIDDEN),
    "units": (Remedy("", layers={"dense_1": {"units": 8}}), NARROWER),
    "trainable": (Remedy("", layers={"dense_1": {"trainable": False}}), {"dense_1.trainable"}),
    "default-weights": (Remedy("", change="default-weights"), DRAWN_WIDE),
    "no-regularization": (
        Remedy("", change="no-regularization"),
        {"dropout_1.rate", "dropout_2.rate", "random layers"},
    ),
    "standardize": (Remedy("", change="standardize"), {"x"}),
    "drop-inputs": (Remedy("", change="drop-inputs", inputs=(20, 21)), {"x"}),
    "drop-label-issues": (Remedy("", change="drop-label-issues"), {"train", "x", "y", "order"}),
}
"""One remedy of each kind, and what its trial changes of a run with wide first weights in its first layer."""


def fields_of(planned: Plan) -> dict[str, Any]:
    """All that decides a training, by name."""
    config, samples = planned.config, planned.samples()
    found: dict[str, Any] = dict(config.model_dump())
    for layer in planned.spec["layers"]:
        found |= {
            f"{layer['name']}.{key}": value for key, value in (layer | layer["config"]).items() if key != "config"
        }
    found |= {f"weights {name}": value.tolist() for name, value in get_weights(planned.model).items()}
    drawing = [layer.seed_generator for layer in planned.model.layers if hasattr(layer, "seed_generator")]
    seeds = [np.asarray(each.state).tolist() for each in drawing]
    found |= {part: planned.split.part(part).keys().tolist() for part in ("train", "val", "test")}
    found["x"] = planned.data.inputs(planned.split.part("all")).tolist()
    found["y"] = samples.y.tolist()
    found["sample weights"] = None if samples.weight is None else samples.weight.tolist()
    epochs = [epoch_order(samples.train, batch_size=config.batch_size, seed=config.seed, epoch=k) for k in (1, 2)]
    return found | {
        "order": [each.tolist() for each in epochs],
        "random layers": seeds,
        "origin": planned.first_weights,
    }


def test_there_is_a_trial_of_every_change() -> None:
    changes = {each for kind in get_args(get_type_hints(Remedy)["change"]) for each in get_args(kind)}
    assert changes - {"temperature"} <= TRIALS.keys(), "a temperature is tried without a training"


@pytest.fixture(scope="module")
def wide_runs(ready_run: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ct.Run]:
    """The digits as if its first layer had wide first weights: drawn, and given."""
    runs: dict[str, ct.Run] = {}
    for origin in (DRAWN, GIVEN):
        path = shutil.copytree(ready_run("digits").path, tmp_path_factory.mktemp("wide") / "run")
        record = json.loads((path / "run.json").read_text())
        record["first_weights"] = origin
        wide = {"class_name": "RandomNormal", "config": {"mean": 0.0, "stddev": 3.0}}
        record["model"]["layers"][0]["config"]["kernel_initializer"] = wide
        (path / "run.json").write_text(json.dumps(record))
        runs[origin] = ct.open_run(path)
    return runs


@pytest.mark.parametrize("origin", [DRAWN, GIVEN])
@pytest.mark.parametrize("name", TRIALS)
def test_a_trial_changes_what_its_remedy_names_and_nothing_else(
    wide_runs: dict[str, ct.Run], name: str, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, (remedy, named) = wide_runs[origin], TRIALS[name]
    dropped = [ct.Decision(place, "drop") for place in run.split.train.places()[:3]]
    monkeypatch.setattr(remedy_tests, "_label_issues", lambda *_: dropped)
    trained: list[Plan] = []

    def noted(planned: Plan, **_: Any) -> ct.Run:
        trained.append(planned)
        return run

    monkeypatch.setattr(remedy_tests, "start", noted)
    try_remedy(run, Finding("low-rank", "warning", "", "", {}, remedy), seeds=2)
    trials, others = trained[:2], trained[2:]
    assert [each.config.seed for each in trained] == [0, 1, 1]
    before, after = (fields_of(each) for each in (others[0], trials[1]))
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    if name == "default-weights" and origin == GIVEN:  # all of them are drawn then
        named = {*named, "origin", *(key for key in changed if key.startswith("weights "))}
    if name == "drop-inputs":
        columns = (np.array(before["x"]) != np.array(after["x"])).any(axis=0).nonzero()[0]
        assert columns.tolist() == [20, 21]
        assert len({tuple(row) for row in np.array(after["x"])[:, 20:22].tolist()}) == 1
    assert changed == named
    first = fields_of(trials[0])
    recorded = {**run.config, **{f"weights {n}": w.tolist() for n, w in run.context.snapshot(0).items()}}
    if name == "nothing":  # with the seed of the run it is the training of the run
        assert origin == DRAWN or {key: first[key] for key in recorded} == recorded
        assert (first["origin"], trials[0].spec) == (origin, run.context.spec)


def test_leaky_relu_and_default_weights_reach_layers_of_every_kind() -> None:
    """ReLU layers have no activation to change, and Keras' default is too small for the members of an ensemble."""
    ensemble = ct.mlp((8,), ensemble=3)
    build_model(ensemble, shape=(5,), classes=2, seed=0)
    spec = spec_of(ensemble)
    first = spec["layers"][0]
    wide = {"class_name": "RandomNormal", "config": {"mean": 0.0, "stddev": 3.0}}
    layers = [{**first, "config": first["config"] | {"kernel_initializer": wide}}]
    layers += [{"kind": "ReLU", "name": "re_lu", "inputs": [first["name"]], "config": {"negative_slope": 0.0}}]
    run: Any = SimpleNamespace(context=SimpleNamespace(spec={**spec, "layers": layers}))
    drawn, relu = (each["config"] for each in _spec(run, Remedy("", change="default-weights"))["layers"])
    assert (drawn["kernel_initializer"]["class_name"], relu["negative_slope"]) == ("VarianceScaling", 0.0)
    default = first["config"]["kernel_initializer"]["config"]
    assert drawn["kernel_initializer"]["config"].items() <= default.items()
    leaky = _spec(run, Remedy("", activation="leaky_relu"))["layers"]
    assert (leaky[0]["config"]["activation"], leaky[1]["config"]["negative_slope"]) == ("leaky_relu", 0.2)
    for changed, is_default in ((spec, True), (run.context.spec, False)):
        assert _has_default_initializers(SimpleNamespace(spec=changed)) is is_default  # pyright: ignore[reportArgumentType]


def test_the_remedy_of_a_leak_counts_by_the_accuracy_without_it(tmp_path: Path) -> None:
    x, y = table(2000)
    x += np.random.default_rng(3).normal(size=x.shape).astype(np.float32) * 2
    x[:, 4] = 3 * y
    run = train(ct.mlp((8,)), x, y, tmp_path, epochs=5, learning_rate=0.01, **PLAIN)
    leak = Remedy("leave out column 5", change="drop-inputs", inputs=(4,))
    tested = try_remedy(run, Finding("target-leakage", "warning", "", "", {}, leak), seeds=2)
    (honest,) = tested.judgments
    ids = run.split.test
    blank = run.data.inputs(ids)
    blank[:, 4] = run.data.inputs(run.split.train)[:, 4].mean()
    without = (np.asarray(run.model()(blank)).argmax(axis=1) == run.data.y(ids)).mean()
    assert tested.before == pytest.approx(without)
    assert run.test is not None
    assert run.test["accuracy"] > tested.after > tested.before
    assert (honest.trainings, tested.worse) == (2, ())
    assert honest.after > honest.before
    kept = try_remedy(run, Finding("constant-inputs", "warning", "", "", {}, leak))
    assert [each.measure for each in kept.judgments] == ["accuracy"]


def test_the_standard_error_in_the_history_is_that_of_the_recorded_predictions(tmp_path: Path) -> None:
    x, y = table(260, classes=3, inputs=20)
    x = x * 0.5 + np.random.default_rng(7).normal(size=x.shape).astype(np.float32)
    run = train(ct.mlp((16,)), x, y, tmp_path, epochs=6, learning_rate=0.01, **PLAIN)
    first, labels = len(run.split.train), run.data.y(run.split.val)

    def losses(epoch: int) -> np.ndarray:
        recorded = run.folder.predictions(epoch)[first : first + len(labels)].astype(np.float64)
        return -np.log(np.maximum(recorded[np.arange(len(labels)), labels], 1e-7))

    best = {row["epoch"]: row["best_epoch"] for row in run.history.rows}
    assert len(set(best.values())) > 1
    assert run.history.rows[-1]["rise_error"] > 0
    for row in run.history.rows:
        rises = losses(row["epoch"]) - losses(best[row["epoch"]])
        assert row["rise_error"] == pytest.approx(rises.std(ddof=1) / len(labels) ** 0.5, abs=1e-9)
