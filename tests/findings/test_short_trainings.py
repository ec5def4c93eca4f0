"""Short trainings of a preflight: what they find, on records and on models, and that healthy ones stay without."""

import json

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs

import cutaway as ct
from cutaway.cli import main
from cutaway.errors import Canceled
from cutaway.findings import SHORT_TRAININGS, Evidence, run_checks
from cutaway.progress import ignore_progress
from cutaway.report.sections import SECTIONS
from cutaway.topics.common.source import ReportSource
from cutaway.topics.history.short_trainings import in_words, kept_trainings, short_trainings
from cutaway.topics.preflight import training

HEALTHY = {
    "first_loss": 2.5, "chance": 2.3, "far": 5.0,
    "batch": 32, "batch_loss": 0.1, "obstacle": "",
    "rate": 0.001, "loss": 0.3, "best_rate": 0.003, "best_loss": 0.2, "rate_behind": -0.8,
    "blind_loss": 2.3, "gain": 2.2,
    "loss_above": 2.4, "above_behind": -2.0, "loss_below": 2.3, "below_behind": -2.0,
    "others": 400, "copies": 0, "are_ties": 0.0, "memory": 0.0,
}  # fmt: skip

SICK = {
    "first-loss": [{"first_loss": 12.0}, {"first_loss": float("nan")}],
    "unlearned-batch": [{"obstacle": "dropout", "batch_loss": 2.0, "loss": 2.2}],
    "poor-rate": [{"rate_behind": 0.1, "rate": 1e-5}, {"rate_behind": 0.1, "rate": 1.0}],
    "unused-inputs": [{"gain": 0.04}, {"gain": -1.0}],
    "shifted-labels": [{"above_behind": 0.1}, {"below_behind": 0.1}],
    "leaking-split": [{"memory": 0.5, "copies": 90}],
}

SOUND = [
    {},
    {"rate_behind": 0.1},  # within a factor of three of the best
    {"rate": 1e-5},  # not surely worse
    {"memory": 0.5, "copies": 90, "are_ties": 1.0},
    {"copies": 90},
    {"obstacle": "dropout", "batch_loss": 2.0},  # what it learns of others shows that it can learn
    {"gain": 0.05},
]


def kinds(**measured):
    return [each.kind for each in run_checks(Evidence(short_trainings=measured))]


@pytest.mark.parametrize("kind", SICK)
def test_each_kind_is_found_by_its_rule_and_needs_all_of_its_values(kind):
    for change in SICK[kind]:
        (found,) = run_checks(Evidence(short_trainings=HEALTHY | change))
        assert found.kind == kind
        json.dumps(found.record(), allow_nan=False)
    last = SHORT_TRAININGS[kind].last
    assert kinds(**{name: each for name, each in (HEALTHY | SICK[kind][0]).items() if name != last}) == []


def test_healthy_values_are_silent():
    assert [kinds(**HEALTHY | change) for change in SOUND] == [[]] * len(SOUND)


def test_what_follows_from_a_cause_only_tells():
    sick = HEALTHY | SICK["unlearned-batch"][0] | SICK["poor-rate"][0] | SICK["unused-inputs"][0]
    found = run_checks(Evidence(short_trainings=sick))
    assert [(each.kind, each.cause) for each in found] == [
        ("unlearned-batch", None), ("poor-rate", "unlearned-batch"), ("unused-inputs", "unlearned-batch")
    ]  # fmt: skip
    assert "dropout" in found[0].text
    assert found[0].evidence == {"batch": 32, "batch_loss": 2.0, "chance": 2.3, "obstacle": "dropout"}


RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(600, 8)).astype(np.float32)
Y = (X @ RANDOM.normal(size=(8, 3))).argmax(axis=1)
L2 = keras.regularizers.L2(1e4)
NUMBERS = (X[:, 0] * X[:, 1] + X[:, 2]).astype(np.float32)


def long(*values):
    return pytest.param(*values, marks=pytest.mark.exhaustive)


def classifier(*layers, optimizer="adam", features=8, classes=3):
    keras.utils.set_random_seed(0)
    ends = [keras.layers.Dense(16, "relu"), *layers, keras.layers.Dense(classes, "softmax")]
    model = keras.Sequential([keras.Input((features,)), *ends])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def regression(loss="mse"):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
    model.compile("adam", loss)
    return model


def found(model, x=X, y=Y, **given):
    result = ct.preflight(model, x, y, train=True, progress=False, **given)
    return [each.kind for each in result.findings if each.kind in SHORT_TRAININGS and each.cause is None], result


@pytest.fixture
def few_rates(monkeypatch):
    """Two learning rates: what is measured of inputs and targets needs no more."""
    monkeypatch.setattr(training, "RATES", (0.001, 0.01))


def test_a_healthy_model_is_without_findings_and_does_not_change():
    model = classifier(keras.layers.Dropout(0.3))
    before = [np.array(each) for each in (*model.variables, *model.optimizer.variables)]
    silent, result = found(model)
    assert silent == []
    assert {of.checked for of in SHORT_TRAININGS.values()} <= {*result.passed}
    after = [np.array(each) for each in (*model.variables, *model.optimizer.variables)]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    again = found(model)[1]
    assert again.measured == result.measured
    rates = {float(name.rpartition(" ")[2]) for name in result.measured if name.startswith("loss at a rate")}
    assert (min(rates), max(rates)) == (1e-5, 1.0)
    assert len(rates) == 11
    assert result.to_json()["measured"]["chance"] == pytest.approx(np.log(3))
    first = f"{result.measured['first_loss']:.4g}"
    assert {"Measured": "first loss", "Value": first} in in_words(result.measured)


@pytest.mark.exhaustive
def test_the_first_loss_is_that_of_keras_and_the_best_rate_learns():
    model = classifier()
    measured = found(model, validation_data=(X[:200] + 0.01, Y[:200]))[1].measured
    assert measured["first_loss"] == pytest.approx(model.evaluate(X[:200] + 0.01, Y[:200], verbose=0), abs=1e-5)
    assert measured["best_loss"] < 0.3 < measured["loss at a rate of 1e-05"]


@pytest.mark.parametrize(
    ("layers", "optimizer", "obstacle"),
    [
        ([keras.layers.Dropout(0.99)], "adam", "dropout"),
        long([keras.layers.Dense(16, "relu", kernel_regularizer=L2)], keras.optimizers.Adam(0.01), "weight penalties"),
        long([], keras.optimizers.SGD(1e-6), "the settings of the optimizer"),
        long([keras.layers.Dense(1, "relu", kernel_initializer="zeros", trainable=False)], "adam", "something else"),
    ],
)
def test_the_obstacle_that_keeps_a_batch_from_being_learned_is_named(layers, optimizer, obstacle, few_rates):
    result = found(classifier(*layers, optimizer=optimizer))[1]
    assert "unlearned-batch" in [each.kind for each in result.findings]
    assert result.measured["obstacle"] == obstacle


@pytest.mark.exhaustive
@pytest.mark.parametrize("rate", [1e-6, 30.0])
def test_a_rate_that_learns_little_is_found(rate):
    model = classifier(optimizer=keras.optimizers.Adam(rate))
    result = found(model)[1]
    assert "poor-rate" in [each.kind for each in result.findings]
    assert result.measured["rate"] == pytest.approx(rate)


@pytest.mark.exhaustive
def test_inputs_that_tell_nothing_are_found(few_rates):
    assert found(classifier(), RANDOM.normal(size=(4000, 8)), RANDOM.integers(0, 3, 4000))[0] == ["unused-inputs"]


@pytest.mark.parametrize(("by", "side"), [(1, "below"), (-1, "above")])
def test_targets_that_are_a_row_off_are_found(by, side, few_rates):
    causes, result = found(classifier(), y=np.roll(Y, by))
    assert causes == ["shifted-labels"]
    assert result.measured[f"loss_{side}"] < 0.5 < result.measured["best_loss"]


@pytest.mark.exhaustive
def test_a_sequence_of_labels_is_not_shifted(few_rates):
    """In digits the next digit mostly follows, so moved targets are learned nearly as well."""
    sequence = np.sort(Y)
    order = np.argsort(Y, kind="stable")
    assert found(classifier(), X[order], sequence)[0] == []


@pytest.mark.exhaustive
def test_copies_in_both_parts_are_found(few_rates):
    repeated = np.tile(np.arange(150), 4)
    assert "leaking-split" in found(classifier(keras.layers.Dense(64, "relu")), X[repeated], Y[repeated])[0]
    few_values = RANDOM.integers(0, 2, (600, 8)).astype(np.float32)
    causes, result = found(classifier(), few_values, (few_values.sum(axis=1) > 4).astype(int))
    assert causes == []
    assert result.measured["copies"] > 50


@pytest.mark.exhaustive
def test_a_first_loss_far_above_chance_is_found(few_rates):
    assert "first-loss" in [each.kind for each in found(classifier(), X * 1e4)[1].findings]
    assert "first-loss" in [each.kind for each in found(regression(), y=NUMBERS + 1e4)[1].findings]


@pytest.mark.exhaustive
def test_numbers_are_measured_as_well(few_rates):
    causes, result = found(regression("mae"), y=NUMBERS)
    assert causes == []
    assert result.measured["best_loss"] < result.measured["chance"] < 2
    assert found(regression(), y=np.roll(X[:, 2], 1))[0] == ["shifted-labels"]


@pytest.mark.parametrize("stop", [Canceled("stopped", hint="again"), KeyboardInterrupt()])
def test_what_was_measured_before_a_stop_is_kept(stop, few_rates):
    seen = []

    def end(now):
        seen.append(now)
        if now.done > 12:
            raise stop

    result = ct.preflight(classifier(), X, Y, train=True, progress=end)
    assert "stopped" in result.to_json()["measured"]
    assert "loss at a rate of 0.001" in result.measured
    assert "rate_behind" not in result.measured
    assert [each.kind for each in result.findings] == []
    assert all(0 <= each.done < each.total for each in seen)


def test_nothing_is_trained_where_no_loss_can_be_computed():
    assert found(classifier(), y=Y + 5)[1].measured == {}
    assert ct.preflight(classifier(), X, Y).measured == {}


def section_of(run):
    return short_trainings(ReportSource(run.context, ignore_progress))


def test_the_report_shows_what_was_measured_for_its_plan_and_trains_nothing(ready_run, own_cache):
    run, measured = ready_run("digits"), {"best_loss": 0.25, "obstacle": "dropout"}
    assert short_trainings in SECTIONS
    assert section_of(run) is None
    kept = kept_trainings(run.context.spec, run.context.manifest.config, judged_on=run.context.manifest.judged_on)
    kept.write(measured)
    rows = [{"Measured": "best loss", "Value": "0.25"}, {"Measured": "obstacle", "Value": "dropout"}]
    assert [*section_of(run).rows] == rows
    assert section_of(ready_run("other")) is None


@pytest.mark.exhaustive
def test_the_command_trains_too_and_keeps_it_for_the_run_of_its_plan(tmp_path, few_rates, capsys):
    rows = ["a,b,c,label", *(f"{a},{b},{c},{'yes' if a + b > 0 else 'no'}" for a, b, c in X[:400, :3])]
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n")
    table, runs = [str(tmp_path / "table.csv"), "--label", "label", "--epochs", "2"], str(tmp_path / "runs")
    with pytest.raises(SystemExit) as ended:
        main(["preflight", *table, "--train", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["measured"]["best_loss"] < document["measured"]["blind_loss"]
    assert ended.value.code == (3 if any(each["severity"] == "warning" for each in document["findings"]) else 0)
    for seed, is_shown in (("0", True), ("1", False)):
        with pytest.raises(SystemExit):
            main(["train", *table, "--seed", seed, "--runs", runs])
        section = section_of(ct.open_run("latest", runs=runs))
        assert (section is not None) == is_shown
        if is_shown:
            assert section.rows == in_words(document["measured"])


@pytest.mark.exhaustive
@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop"])
@pytest.mark.parametrize("name", ["digits", "blobs", "wine", "breast_cancer", "diabetes"])
def test_healthy_data_is_without_findings(name, optimizer):
    import sklearn.datasets

    if name == "digits":
        x, y = load_digits(return_X_y=True)
        x = x / 16
    elif name == "blobs":
        x, y = make_blobs(600, centers=3, cluster_std=3.0, random_state=0)[:2]
    else:
        x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    x = x if name == "digits" else (x - x.mean(axis=0)) / x.std(axis=0)
    numbers = name == "diabetes"
    y = (y - y.mean()) / y.std() if numbers else y
    keras.utils.set_random_seed(0)
    last = keras.layers.Dense(1) if numbers else keras.layers.Dense(int(y.max()) + 1, "softmax")
    model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Dense(32, "relu"), last])
    model.compile(optimizer, "mse" if numbers else "sparse_categorical_crossentropy")
    assert found(model, x.astype(np.float32), y)[0] == []
