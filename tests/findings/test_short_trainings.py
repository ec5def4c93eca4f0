"""Short trainings of a preflight: what they find, on records and on models, and that healthy ones stay without."""

import json

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs

import cutaway as ct
from cutaway.cli import main
from cutaway.errors import Canceled
from cutaway.findings import Evidence, ShortTrainings, run_checks
from cutaway.findings.short_trainings import WORDS
from cutaway.models import Setup
from cutaway.progress import ignore_progress
from cutaway.report.sections import SECTIONS
from cutaway.topics.common.source import ReportSource
from cutaway.topics.history.short_trainings import in_words, kept_trainings, short_trainings
from cutaway.topics.preflight import training

HEALTHY = {"first": 2.5, "given": 0.3, "best": 0.2, "blind": 2.3, "moved": 2.3, "batch": 0.1, "free": 0.1}
SICK = {
    "first-loss": [{"first": 12.0}, {"first": 1e30}],
    "poor-rate": [{"given": 2.2}],
    "unlearned-batch": [{"batch": 2.0, "given": 2.2, "best": 2.2}],
    "unused-inputs": [{"given": 2.28, "best": 2.28}, {"given": 2.5, "best": 2.4}],
    "shifted-labels": [{"moved": 0.2, "given": 1.9, "best": 1.9}],
    "leaking-split": [{"shuffled": 1.0, "unseen": 2.3}],
}
SOUND = [
    {},
    {"given": 1.0},  # saves a third of what the best rate saves
    {"batch": 2.0},  # what it learns of others shows that it can learn
    {"given": 2.2, "best": 2.2},
    {"moved": 0.2},
    {"shuffled": 2.4, "unseen": 2.3},
]
CLASSES, NUMBER = Setup(loss="sparse_categorical_crossentropy", output=(10,)), Setup(loss="mse", output=(1,))


def short(setup=CLASSES, spread=0.01, **means):
    random = np.random.default_rng(0)
    losses = {name: mean + spread * random.normal(size=200) for name, mean in (HEALTHY | means).items()}
    return Evidence(setup=setup, short_trainings=ShortTrainings(1e-5, 0.003, losses))


def kinds(evidence):
    return [each.kind for each in run_checks(evidence)]


@pytest.mark.parametrize("kind", SICK)
def test_each_kind_is_found_by_its_rule(kind):
    for change in SICK[kind]:
        (found,) = run_checks(short(**change))
        assert found.kind == kind
        json.dumps(found.record(), allow_nan=False)
    # not with as much chance in the losses as this, and not without all facts
    assert kinds(short(**SICK[kind][0], spread=40.0)) == []
    assert kinds(short(**SICK[kind][0], setup=None)) == []


def test_healthy_losses_are_silent():
    assert [kinds(short(**change)) for change in SOUND] == [[]] * len(SOUND)


def test_of_numbers_the_first_loss_is_compared_with_that_without_inputs():
    assert kinds(short(NUMBER, first=200.0)) == []
    assert kinds(short(NUMBER, first=300.0)) == ["first-loss"]


def test_what_follows_from_a_cause_only_tells():
    sick = short(given=2.28, best=2.28, batch=2.0, free=0.1)
    assert [(each.kind, each.cause) for each in run_checks(sick)] == [
        ("unlearned-batch", None), ("unused-inputs", "unlearned-batch")
    ]  # fmt: skip
    slow = run_checks(short(given=2.28, batch=2.0))
    assert [(each.kind, each.cause) for each in slow] == [("poor-rate", None), ("unlearned-batch", "poor-rate")]
    assert slow[0].evidence["rate"] == 1e-5
    assert "0.003" in slow[0].text


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
    return [each.kind for each in result.findings if each.kind in WORDS and each.cause is None], result


@pytest.fixture
def few_rates(monkeypatch):
    """Two learning rates: what is measured of inputs and targets needs no more."""
    monkeypatch.setattr(training, "RATES", (0.001, 0.01))


def test_a_healthy_model_is_without_findings_and_does_not_change():
    model = classifier(keras.layers.Dropout(0.3))
    before = [np.array(each) for each in (*model.variables, *model.optimizer.variables)]
    silent, result = found(model)
    assert silent == []
    after = [np.array(each) for each in (*model.variables, *model.optimizer.variables)]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    again = found(model)[1]
    assert again.measured == result.measured
    rates = {float(name.rpartition(" ")[2]) for name in result.measured if name.startswith("rate of")}
    assert (min(rates), max(rates)) == (1e-5, 1.0)
    assert len(rates) == 11
    first = f"{result.measured['first']:.4g}"
    assert {"Measured": "first", "Value": first} in in_words(result.measured)
    assert "shuffled" not in result.measured, "no two samples are equal"


@pytest.mark.exhaustive
def test_the_first_loss_is_that_of_keras_and_the_best_rate_learns():
    model = classifier()
    measured = found(model)[1].measured
    held = np.random.default_rng(0).permutation(len(X)) < len(X) // 4
    assert measured["first"] == pytest.approx(model.evaluate(X[held], Y[held], verbose=0), abs=1e-5)
    assert measured["best"] < 0.3 < measured["rate of 1e-05"]


@pytest.mark.exhaustive
def test_models_that_cutaway_does_not_open_are_trained_with_a_loss_of_their_own(few_rates):
    def far(true, given):
        return keras.losses.sparse_categorical_crossentropy(true, given) * 2

    keras.utils.set_random_seed(0)
    ends = [keras.layers.Lambda(lambda x: x * 2), keras.layers.Dense(16, "relu"), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential([keras.Input((8,)), *ends])
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 100)), far)
    causes, result = found(model)
    assert causes == []
    assert result.measured["rate"] == pytest.approx(0.01)
    assert result.measured["best"] < 0.5 * result.measured["blind"]


@pytest.mark.parametrize(
    ("layers", "optimizer", "is_free"),
    [
        ([keras.layers.Dropout(0.99)], "adam", True),
        long([keras.layers.Dense(16, "relu", kernel_regularizer=L2)], keras.optimizers.Adam(0.01), True),
        long([keras.layers.Dense(1, "relu", kernel_initializer="zeros", trainable=False)], "adam", False),
    ],
)
def test_a_batch_that_is_not_learned_is_found_and_trained_on_without_regularization(
    layers, optimizer, is_free, few_rates
):
    result = found(classifier(*layers, optimizer=optimizer))[1]
    assert "unlearned-batch" in [each.kind for each in result.findings]
    assert (result.measured["free"] < 0.5 * np.log(3)) == is_free


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


@pytest.mark.parametrize("by", [1, pytest.param(-1, marks=pytest.mark.exhaustive)])
def test_targets_that_are_a_row_off_are_found(by, few_rates):
    causes, result = found(classifier(), y=np.roll(Y, by))
    assert causes == ["shifted-labels"]
    assert result.measured["moved"] < 0.5 < result.measured["best"]


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
    assert "shuffled" not in result.measured, "they are equal by chance"


@pytest.mark.exhaustive
def test_a_first_loss_far_above_chance_is_found(few_rates):
    assert "first-loss" in [each.kind for each in found(classifier(), X * 1e4)[1].findings]
    assert "first-loss" in [each.kind for each in found(regression(), X * 1e4, y=NUMBERS)[1].findings]


@pytest.mark.exhaustive
def test_numbers_are_measured_as_well(few_rates):
    causes, result = found(regression("mae"), y=NUMBERS)
    assert causes == []
    assert result.measured["best"] < result.measured["blind"] < 2
    assert found(regression(), y=np.roll(X[:, 2], 1))[0] == ["shifted-labels"]


def test_a_stop_ends_the_trainings_and_restores_the_model(few_rates):
    model, seen = classifier(), []
    before = [np.array(each) for each in model.variables]

    def end(now):
        seen.append(now)
        if now.done > 1:
            raise Canceled("stopped", hint="again")

    with pytest.raises(Canceled):
        ct.preflight(model, X, Y, train=True, progress=end)
    assert all(np.array_equal(a, np.array(b)) for a, b in zip(before, model.variables, strict=True))
    assert all(0 <= each.done < each.total for each in seen)


def test_nothing_is_trained_where_no_loss_can_be_computed():
    assert found(classifier(), y=Y + 5)[1].measured == {}
    assert ct.preflight(classifier(), X, Y).measured == {}


def section_of(run):
    return short_trainings(ReportSource(run.context, ignore_progress))


def test_the_report_shows_what_was_measured_for_its_plan_and_trains_nothing(ready_run, own_cache):
    run, measured = ready_run("digits"), {"best_rate": 0.003, "first": 2.5}
    assert short_trainings in SECTIONS
    assert section_of(run) is None
    kept = kept_trainings(run.context.spec, run.context.manifest.config, judged_on=run.context.manifest.judged_on)
    kept.write(measured)
    rows = [{"Measured": "best rate", "Value": "0.003"}, {"Measured": "first", "Value": "2.5"}]
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
    assert document["measured"]["best"] < document["measured"]["blind"]
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
