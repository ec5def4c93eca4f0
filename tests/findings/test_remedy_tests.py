"""Remedies that help: sick runs are trained again from their seed, and what the finding is about becomes better.

What else of the findings must train is here as well.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sick_runs import PLAIN, digits, model_of, table, train

import cutaway as ct
from cutaway.api.train import start
from cutaway.data import Split
from cutaway.findings import Finding, Remedy
from cutaway.metrics import compare_trainings
from cutaway.progress import Progress
from cutaway.topics.doctor.remedy_tests import Tried, answers, remedy_key, try_remedy
from cutaway.training import Plan

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")]


def overfitted(runs: Path) -> ct.Run:
    """As that of sick_runs.py, with enough test samples to show a difference of losses."""
    x, y = table(860, classes=3, inputs=20)
    x = x * 0.5 + np.random.default_rng(7).normal(size=x.shape).astype(np.float32)
    held = {"x_test": x[260:], "y_test": y[260:]}
    return train(ct.mlp((256, 256)), x[:260], y[:260], runs, epochs=60, **held, **PLAIN)


def imbalanced(runs: Path) -> ct.Run:
    x, y = table(24000)
    keep = (y == 0) | (np.random.default_rng(1).random(len(y)) < 0.05)
    return train(ct.mlp((32,)), x[keep], y[keep], runs)


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
