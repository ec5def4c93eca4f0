"""Whether a network is the right tool: simpler models on the same samples, their finding, and when it is made."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sick_runs import table, train
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

import cutaway as ct
from cutaway.data import simple_predictions
from cutaway.findings import Evidence, SimplerModel, run_checks
from cutaway.findings.simpler_models import predicts_poorly, simpler_model
from cutaway.metrics import paired_difference_interval
from cutaway.progress import ignore_progress
from cutaway.task import Task
from cutaway.topics.findings.simpler_models import compare_simpler_models, known_simpler_models, why_not_compared

LINEAR = SimplerModel("a linear model", 1200, 400, correct=330, won=12, lost=32)
TREES = SimplerModel("boosted trees", 1200, 400, correct=372, won=34, lost=12)


def test_a_model_that_is_better_by_more_than_chance_is_named() -> None:
    (found,) = simpler_model(Evidence(simpler_models=(LINEAR, TREES), test_samples=400, train_samples=1200))
    assert found.severity == "warning"
    assert found.evidence["models"] == {"a linear model": 0.825, "boosted trees": 0.93}
    low, high = paired_difference_interval(34, 12, 400)
    assert found.evidence["interval"] == [low, high]
    assert 0 < low < found.evidence["difference"] < high


def test_what_chance_explains_is_no_warning_and_what_cannot_be_told_is_not_good() -> None:
    by_chance = replace(TREES, correct=350, won=22, lost=22)
    (unclear,) = simpler_model(Evidence(simpler_models=(LINEAR, by_chance), test_samples=400))
    assert unclear.severity == "note"
    many = [replace(each, samples=20_000) for each in (LINEAR, by_chance)]
    assert [each.severity for each in simpler_model(Evidence(simpler_models=tuple(many), test_samples=20_000))] == [
        "good"
    ]
    assert list(simpler_model(Evidence())) == []


@pytest.mark.parametrize(("right", "trees", "overlap"), [(140, 22, True), (195, 22, False), (140, 2, False)])
def test_classes_may_overlap_where_three_kinds_of_models_are_wrong_as_often(right: int, trees: int, overlap: bool):
    models = (replace(LINEAR, won=22, lost=24), replace(TREES, won=trees, lost=24))
    confusion = np.array([[right, 200 - right], [200 - right, right]])
    (found,) = simpler_model(Evidence(simpler_models=models, confusion=confusion, test_samples=400))
    assert (found.severity, found.kind == "overlapping-classes", bool(found.help)) == ("note", overlap, overlap)


def test_class_weights_trade_accuracy_so_that_nothing_is_compared() -> None:
    assert list(simpler_model(Evidence(simpler_models=(LINEAR, TREES), config={"class_weight": "balanced"}))) == []


def test_of_images_other_models_are_compared_only_where_the_model_averages_them() -> None:
    known: dict[str, Any] = {"knows_training_samples": True, "opens": True, "loaded": None, "task": Task(("a", "b"))}
    known["manifest"] = SimpleNamespace(dataset=SimpleNamespace(image=object()), sample_weight=False, config={})
    for first, compared in (("GlobalAveragePooling1D", True), ("Flatten", False)):
        layers = [{"kind": first, "name": "a"}, {"kind": "Dense", "name": "b"}]
        context: Any = SimpleNamespace(spec={"layers": layers}, **known)
        assert bool(why_not_compared(context)) is not compared


def test_it_explains_a_network_that_is_no_better_than_one_answer() -> None:
    confusion = np.array([[200, 0], [200, 0]])
    better = replace(TREES, correct=360, won=170, lost=10)
    found = run_checks(Evidence(simpler_models=(better,), confusion=confusion, test_samples=400))
    assert found[0].kind == "simpler-model"
    assert {each.kind: each.cause for each in found}["baseline"] == "simpler-model"


def test_two_models_that_are_equally_good_are_told_apart_in_one_of_a_hundred_cases() -> None:
    random, warnings = np.random.default_rng(0), 0
    for _ in range(600):
        right = random.random((3, 400)) < 0.85
        models = tuple(
            SimplerModel(
                str(i),
                1200,
                400,
                int(right[i].sum()),
                int((right[i] & ~right[0]).sum()),
                int((right[0] & ~right[i]).sum()),
            )
            for i in (1, 2)
        )
        warnings += any(
            each.severity == "warning" for each in simpler_model(Evidence(simpler_models=models, test_samples=400))
        )
    # of two-sided 5%, half is a network that is worse
    assert warnings <= 24


@pytest.mark.parametrize(
    ("losses", "p", "interval", "severity"),
    [
        ((0.2, 0.1), 0.001, (0.05, 0.15), "warning"),
        ((0.2, 0.1), 0.2, (-0.05, 0.25), "note"),
        ((0.2, 0.19), 0.001, (0.005, 0.015), "good"),  # a twentieth of the error is no reason to change
        ((0.2, 0.3), 0.001, (-0.15, -0.05), "good"),
        ((1.1, 1.2), 0.5, (-0.3, 0.1), None),  # the mean is better still
    ],
)
def test_models_of_numbers_are_compared_by_r2(losses: Any, p: float, interval: Any, severity: str | None) -> None:
    other = SimplerModel("boosted trees", 300, 100, losses=losses, p_value=p, of_numbers=interval)
    found = list(simpler_model(Evidence(simpler_models=(other,), test_samples=100)))
    assert [each.severity for each in found] == ([severity] if severity else [])
    for each in found:
        assert each.evidence["r2"] == pytest.approx(1 - losses[0])
        assert each.evidence["models"]["boosted trees"] == pytest.approx(1 - losses[1])
        assert f"{1 - losses[1]:.1%}" in each.text


def test_r2_is_no_accuracy() -> None:
    poor, good = ({"epoch": 1, "loss": 0.5, "r2": 0.9, "val_r2": r2} for r2 in (0.3, 0.7))
    assert (predicts_poorly(Evidence(history=[poor])), predicts_poorly(Evidence(history=[good]))) == (True, False)
    assert Evidence(history=[good]).accuracies == (None, None, None)


@pytest.mark.parametrize("is_log", [False, True])
@pytest.mark.parametrize(("rows", "targets"), [(36, ("a",)), (400, ("a", "b"))])
def test_simple_models_predict_numbers(rows: int, targets: tuple[str, ...], is_log: bool) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(rows + 200, 4)).astype(np.float32)
    y = np.stack([x @ [1, 0.5, 0, 0], x @ [0, 0, 1, -1]], axis=1)[:, : len(targets)] * 0.5
    y = np.exp(y) if is_log else 1e6 + 1e3 * y
    task = Task(targets=targets, is_log=is_log)
    found = dict(simple_predictions(x[:rows], y[:rows], x[rows:], task=task))
    least = {"a linear model": 0.99, "boosted trees": 0.3 if rows < 100 else 0.8}
    if is_log:
        least["a linear model"] = 0.8  # it goes no further than what it learned from
    for name, predicted in found.items():
        assert predicted.shape == (200, len(targets))
        assert r2_score(y[rows:], predicted) > least[name]
    assert np.isfinite(next(simple_predictions(x[:rows], y[:rows], 1e6 * x, task=task))[1]).all()


def test_simple_models_are_judged_on_the_samples_of_a_run_of_numbers(ready_run: Any, own_cache: Path) -> None:
    run = ready_run("homes")
    compare_simpler_models(run.context, on_progress=ignore_progress)
    found = known_simpler_models(run.context)
    assert found is not None
    linear, trees = found
    train_ids, held = run.split.train, run.split.test
    y_train, y_test = run.data.y(train_ids), run.data.y(held)
    fitted = LinearRegression().fit(run.data.inputs(train_ids), y_train)
    other = r2_score(y_test, fitted.predict(run.data.inputs(held)))
    assert linear.losses is not None
    assert 1 - linear.losses[1] == pytest.approx(other, abs=0.01)
    assert 1 - linear.losses[0] == pytest.approx(run.test["r2"], abs=1e-5)
    assert linear.difference == pytest.approx(linear.losses[0] - linear.losses[1])
    assert linear.interval[0] < linear.difference < linear.interval[1]
    assert (trees.samples, trees.trained, trees.won) == (len(y_test), len(y_train), 0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")
def test_the_doctor_compares_once_and_reading_a_run_never_trains(
    ready_run: Any, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    run = ready_run("wine")
    assert run.findings().to_pandas() is not None
    assert not list(own_cache.glob("simpler-models*"))
    told: list[str] = []
    ct.doctor(run, progress=lambda each: told.append(each.task))
    assert "comparing with other models" in told
    (kept,) = own_cache.glob("simpler-models*")
    from cutaway.topics.findings.evidence import evidence_of

    again = ct.open_run(run.path, data=run.data)
    models = evidence_of(again.context, layers=again.layers).simpler_models
    assert models is not None
    train_ids, held = run.split.train, run.split.test
    scaler = StandardScaler().fit(run.data.inputs(train_ids))
    linear = LogisticRegression(max_iter=1000).fit(scaler.transform(run.data.inputs(train_ids)), run.data.y(train_ids))
    right = linear.predict(scaler.transform(run.data.inputs(held))) == run.data.y(held)
    ours = run.predictions().argmax(axis=1) == run.labels()
    assert (models[0].correct, models[0].samples) == (right.sum(), len(held))
    assert (models[0].won, models[0].lost) == ((right & ~ours).sum(), (ours & ~right).sum())

    def fail(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("cutaway.topics.findings.simpler_models.simple_predictions", fail)
    ct.doctor(again, progress=False)
    again.verdict()
    kept.unlink()
    again.verdict()
    again.findings()


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")
def test_a_run_with_weights_is_not_compared(tmp_path: Path, own_cache: Path) -> None:
    x, y = table(400)
    frame = pd.DataFrame(x).rename(columns=str).assign(target=y, importance=1.0 + y)
    data = ct.load_dataset(frame, label="target", weight="importance")
    run = ct.train(ct.mlp((8,)), data, runs=tmp_path, progress=False, epochs=1)
    ct.doctor(run, progress=False)
    assert not list(own_cache.glob("simpler-models*"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")
def test_images_are_not_compared_with_models_of_tables(digits_run: Any, own_cache: Path) -> None:
    run = digits_run
    ct.doctor(run, progress=False)
    assert not list(own_cache.glob("simpler-models*"))


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")
def test_a_network_that_learned_noise_is_told_by_a_linear_model(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 3000)
    x = random.normal(size=(3000, 40)).astype(np.float32)
    x[:, :3] += 0.7 * y[:, None]
    plain = {"schedule": "constant", "label_smoothing": 0.0}
    run = train(ct.mlp((256, 256)), x[:800], y[:800], tmp_path, epochs=30, x_test=x[800:], y_test=y[800:], **plain)
    found = {each.kind: each for each in ct.doctor(run, progress=False).findings}
    assert found["simpler-model"].severity == "warning"
    assert (
        found["simpler-model"].evidence["models"]["a linear model"] > found["simpler-model"].evidence["accuracy"] + 0.03
    )
