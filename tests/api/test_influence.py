"""Which training samples an answer is owed to: influences of a run on the digits."""

import json
import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cutaway as ct
from cutaway.errors import ModelError, RunError, UnknownNameError, UsageError
from cutaway.interpret import answers_at_once, influence
from cutaway.runs import RunFolder
from cutaway.topics.common.snapshots import snapshot_rates, spread, training_weights
from cutaway.topics.influence.reliability import LDS, kind_of


def rates_of(run):
    """The mean learning rate of each epoch, from those at its ends."""
    ends = [run.config["learning_rate"], *run.history["learning_rate"]]
    return {epoch: (ends[epoch - 1] + ends[epoch]) / 2 for epoch in range(1, len(ends))}


def gradients(run, epoch, ids, classes, *, smoothing):
    """Gradients of Keras' loss, sample by sample: float64 ``(sample, weight)``."""
    model = run.model(epoch)
    trainable = [jnp.asarray(v.value) for v in model.trainable_variables]
    fixed = [v.value for v in model.non_trainable_variables]

    def loss(trainable, row, label):
        out, _ = model.stateless_call(trainable, fixed, row[None], training=False)
        hot = jax.nn.one_hot(label[None], out.shape[1])
        return keras.losses.categorical_crossentropy(hot, out, label_smoothing=smoothing)[0]

    found = jax.jit(jax.vmap(jax.grad(loss), in_axes=(None, 0, 0)))(trainable, run.data.inputs(ids), classes)
    return np.concatenate([np.asarray(g, np.float64).reshape(len(ids), -1) for g in found], axis=1)


def preconditioned(run, epoch, flat):
    """Gradients with the inverse of the damped second moments of each layer's inputs before those of its weights."""
    train = run.split.train
    some = np.sort(np.random.default_rng(0).permutation(len(train))[: influence.MOMENT_SAMPLES])
    values, start, parts = run.data.inputs(train)[some], 0, []
    for layer in run.model(epoch).layers:
        if layer.weights:
            inputs = np.column_stack([values, np.ones(len(values))]).astype(np.float64)
            moments = inputs.T @ inputs
            moments += influence.DAMPING * np.trace(moments) / len(moments) * np.eye(len(moments))
            stop = start + len(moments) * layer.units
            part = flat[:, start:stop].reshape(len(flat), len(moments), layer.units)
            parts.append(np.linalg.solve(moments, part).reshape(len(flat), -1))
            start = stop
        values = np.asarray(layer(values, training=False))
    assert start == flat.shape[1]
    return np.concatenate(parts, axis=1)


@pytest.fixture(scope="module")
def expected(digits_run):
    """Influences of all training samples on three answers by snapshots of epochs 3 and 6, float64 ``(3, sample)``."""
    run, rates = digits_run, rates_of(digits_run)
    train, answers = run.split.train, run.split.test.take([3, 8, 100])
    targets = run.predictions(split="test")[[3, 8, 100]].argmax(axis=1)
    weights = {3: rates[1] + rates[2] + rates[3] + rates[4], 6: rates[5] + rates[6]}
    smoothing = run.config["label_smoothing"]
    assert smoothing > 0
    found = np.zeros((3, len(train)))
    for epoch, weight in weights.items():
        of_samples = gradients(run, epoch, train, run.data.y(train), smoothing=smoothing)
        of_answers = preconditioned(run, epoch, gradients(run, epoch, answers, targets, smoothing=0.0))
        found += weight * of_answers @ of_samples.T
    return found, weights


def test_the_most_influential_are_those_of_all_gradients(digits_run, expected):
    found, weights = expected
    names, labels = digits_run.split.train.names(), digits_run.labels(split="train")
    given = digits_run.influence(["test[3]", "test[8]", "test[100]"], 7, epochs=[6, 3])
    assert len(given) == 3
    for values, record in zip(found, given, strict=True):
        assert record.rates == pytest.approx(weights)
        assert record.epochs == (3, 6)
        assert record.samples == len(names)
        order = np.argsort(-values, kind="stable")
        for samples, wanted in ((record.supporting, order[:7]), (record.opposing, order[::-1][:7])):
            assert [each.sample for each in samples] == [names[i] for i in wanted]
            assert [each.label for each in samples] == [str(labels[i]) for i in wanted]
            np.testing.assert_allclose([each.influence for each in samples], values[wanted], rtol=1e-3)
    table = given[0].to_pandas()
    assert list(table.columns) == ["effect", "sample", "label", "influence"]
    assert table["effect"].tolist() == ["supporting"] * 7 + ["opposing"] * 7
    assert (table["influence"] > 0).tolist() == [True] * 7 + [False] * 7


def test_an_explanation_knows_the_samples_behind_it(digits_run):
    explanation = digits_run.explain("test[3]")
    found, (again,) = explanation.influence(3), digits_run.influence("test[3]", 3)
    assert found.epochs == again.epochs == (1, 2, 3, 4, 5, 6), "auto takes all snapshots of so small a run"
    assert found.supporting == again.supporting
    assert found.opposing == again.opposing
    assert found.target == explanation.winner
    assert found.sample == digits_run.split.test[3]
    assert found.probability == pytest.approx(digits_run.predictions()[3].max(), rel=1e-4)
    row = digits_run.data.x(digits_run.split.test)[3]
    by_values = digits_run.explain(row).influence(3)
    assert by_values.supporting == found.supporting
    assert digits_run.influence(row[None], 3)[0].supporting == found.supporting
    with pytest.raises(UsageError):
        digits_run.explain(row).influence(target="label")


def test_a_wrong_answer_can_be_asked_for_its_label(digits_run):
    wrong = digits_run.mistakes(1)
    name, label = wrong.ids[0], str(wrong.label[0])
    predicted, (given,) = digits_run.influence([name])[0], digits_run.influence([name], target="label")
    assert (predicted.target, given.target) == (str(wrong.predicted[0]), label)
    assert given.probability < predicted.probability
    # what supports one class opposes another
    supporting = {each.sample for each in given.supporting}
    assert not supporting & {each.sample for each in predicted.supporting}
    assert sum(each.label == label for each in given.supporting) > 5


def test_many_answers_are_found_in_several_passes(digits_run, monkeypatch, own_cache):
    names = [f"test[{i}]" for i in range(5)]
    at_once = digits_run.influence(names, 3, epochs=6)
    shutil.rmtree(own_cache)
    monkeypatch.setattr("cutaway.interpret.influence.MOST_ANSWERS", 2)
    told = []
    for one, other in zip(at_once, digits_run.influence(names, 3, epochs=6, progress=told.append), strict=True):
        assert [each.sample for each in one.supporting] == [each.sample for each in other.supporting]
        assert (one.sample, one.target, one.probability) == (other.sample, other.target, other.probability)
    assert [now.done for now in told].count(0) == 3


def test_of_many_training_samples_fewer_answers_are_asked_about_at_once():
    assert answers_at_once(60_000) == 128
    assert 4 * 10_000_000 * answers_at_once(10_000_000) < 2**28
    assert answers_at_once(10**12) == 1


def test_an_earlier_answer_is_owed_to_earlier_snapshots(digits_run):
    found = digits_run.explain("test[3]", epoch=2).influence()
    assert (found.epoch, found.epochs) == (2, (1, 2))
    assert digits_run.influence("test[3]", epochs=4)[0].epochs == (4,)
    assert digits_run.influence("test[3]", epochs=None)[0].epochs == (1, 2, 3, 4, 5, 6)
    with pytest.raises(UsageError):
        digits_run.influence("test[3]", epoch=2, epochs=[1, 4])
    with pytest.raises(UsageError):
        digits_run.influence("test[3]", epoch=0)


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        (("test[9999]",), {}, UnknownNameError),
        (("test[3]", 0), {}, UsageError),
        (("test[3]",), {"target": "other"}, UnknownNameError),
        (("test[3]",), {"epochs": []}, UsageError),
        (("test[3]",), {"epoch": 77}, UnknownNameError),
        ((np.zeros((0, 8, 8), np.float32),), {}, UsageError),
        (([],), {}, UsageError),
        ((np.zeros((2, 3), np.float32),), {}, ct.CutawayError),
    ],
)
def test_what_cannot_be_asked(digits_run, arguments, options, error):
    with pytest.raises(error):
        digits_run.influence(*arguments, **options)


def test_snapshots_are_spread_by_their_rates():
    assert spread(dict.fromkeys(range(1, 9), 0.1), 2) == [2, 6]
    assert spread(dict.fromkeys(range(1, 10), 0.1), 3) == [2, 5, 8]
    assert spread({1: 0.4, 2: 0.3, 3: 0.2, 4: 0.1}, 2) == [1, 3]
    assert spread({1: 0.1, 2: 0.1}, 5) == [1, 2]
    assert spread({2: 0.0, 9: 1.0}, 1) == [9]
    assert spread({2: 9.0, 4: 0.0, 9: 1.0}, 2) == [2], "one stands for most of the training"
    assert spread({1: 0.0, 2: 0.0}, 1) == [1]


def test_rates_add_up_to_those_of_all_epochs(digits_run):
    rates = rates_of(digits_run)
    for epochs in (None, [2, 5, 6], [6], 6):
        found = snapshot_rates(digits_run.context, epoch=6, epochs=epochs)
        assert sum(found.values()) == pytest.approx(sum(rates.values()))
    assert snapshot_rates(digits_run.context, epoch=6, epochs=[2, 5]) == pytest.approx(
        {2: rates[1] + rates[2] + rates[3], 5: rates[4] + rates[5] + rates[6]}
    )
    found = snapshot_rates(digits_run.context, epoch=6, epochs=[2, 6])
    assert found[6] == pytest.approx(rates[4] + rates[5] + rates[6]), "of two that are equally near, the later one"


@pytest.mark.exhaustive
def test_weights_of_samples_and_classes_count(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 5)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    weight = rng.uniform(0.5, 2, 120).astype(np.float32)
    settings = {"epochs": 2, "learning_rate": 0.1, "optimizer": "sgd", "schedule": "constant", "progress": False}
    plain = ct.train(ct.mlp((4,)), x, y, runs=tmp_path, **settings)
    assert training_weights(plain.context, plain.labels(split="train")) is None
    assert plain.influence("test[0]")[0].approximation == ""
    by_class = ct.train(ct.mlp((4,)), x, y, class_weight={1: 3.0}, runs=tmp_path, **settings)
    labels = by_class.labels(split="train")
    np.testing.assert_array_equal(training_weights(by_class.context, labels), np.where(labels == 1, 3, 1))
    both = ct.train(ct.mlp((4,)), x, y, class_weight={1: 3.0}, sample_weight=weight, runs=tmp_path, **settings)
    labels, ids = both.labels(split="train"), both.split.train
    expected = weight[ids.index] * np.where(labels == 1, 3, 1)
    np.testing.assert_allclose(training_weights(both.context, labels), expected, rtol=1e-6)

    def by_sample(run):
        (found,) = run.influence("test[0]", n=len(labels))
        return {(each.sample, each.label): each.influence for each in (*found.supporting, *found.opposing)}

    # the model of the plain run as if it had been trained with weights: gradients of samples grow by them
    before = by_sample(plain)
    plain.context.manifest.config["class_weight"] = (1.0, 3.0)
    grown = {(name, label): value * (3 if label == "1" else 1) for (name, label), value in before.items()}
    assert len(grown) > len(labels) // 2
    assert by_sample(plain) == pytest.approx(grown, rel=1e-4)
    (both.path / "checkpoint.safetensors").unlink()
    with pytest.raises(RunError):
        both.influence("test[0]")


def test_a_ready_made_model_has_one_snapshot(digits_run, tmp_path):
    run = ct.record(digits_run.model(), "digits", runs=tmp_path, progress=False)
    (found,) = run.influence(["test[3]"])
    assert found.rates == {0: 1.0}
    assert found.approximation


def test_runs_that_cannot_be_asked_say_why(digits_run, tmp_path):
    shutil.copytree(digits_run.path, tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    record["config"]["loss"] = "hinge"
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    with pytest.raises(ModelError, match="hinge"):
        ct.open_run(tmp_path / "run").influence("test[3]")
    shutil.copy(digits_run.path / "run.json", tmp_path / "run")
    rows = (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    kept = [row.replace('"learning_rate"', '"rate"') if '"epoch": 3' in row else row for row in rows]
    (tmp_path / "run" / "history.jsonl").write_text("\n".join(kept) + "\n")
    assert RunFolder.open(tmp_path / "run").history()
    with pytest.raises(RunError, match="epoch 3"):
        ct.open_run(tmp_path / "run").influence("test[3]")


@pytest.mark.exhaustive
def test_a_model_that_is_not_piecewise_linear_can_be_asked(tmp_path):
    run = ct.train(ct.mlp((8,), activation="tanh"), "digits", epochs=2, runs=tmp_path, progress=False)
    (found,) = run.influence("test[3]", 2)
    assert len(found.supporting) == 2
    assert found.approximation == "it ignores how adam scales each weight"


def test_reliability_is_that_of_the_kind_of_training(digits_run):
    (found,) = digits_run.influence(["test[3]"], 3)
    digits, table = LDS["Adam in batches with dropout"]
    assert f"{digits:.2f} on digits and {table:.2f} on a table" in found.reliability
    assert found.reliability == found.to_json()["reliability"]
    assert found.reliability in found.notes()
    assert found.reliability in found._repr_html_()


@pytest.mark.parametrize(
    ("config", "kinds", "expected"),
    [
        ({"optimizer": "adamw", "batch_size": 32}, ["Dense", "Dense"], "Adam in batches"),
        ({"optimizer": "adam", "batch_size": 32}, ["Dense", "Dropout", "Dense"], "Adam in batches with dropout"),
        ({"optimizer": "sgd", "batch_size": 32}, ["Dense"], "SGD in batches"),
        ({"optimizer": "sgd", "batch_size": 100}, ["Flatten", "Dense"], "a linear model on the full batch"),
        ({"optimizer": "sgd", "batch_size": 128}, ["Dense", "Dense"], "gradient descent on the full batch"),
        ({"optimizer": "none"}, ["Dense"], None),
        ({}, [], None),
    ],
)
def test_kinds_of_training_are_told_apart(config, kinds, expected):
    assert kind_of(config, kinds, samples=100) == expected


def test_scores_are_those_of_the_benchmark():
    kept = json.loads((Path(__file__).parents[2] / "benchmarks" / "results" / "influence_lds.json").read_text())
    names = {"a linear model": "linear, full batch", "gradient descent": "full batch", "SGD": "SGD"}
    for kind, (digits, table) in LDS.items():
        start = next((name for name in names if kind.startswith(name)), None)
        name = names[start] if start else "Adam, dropout" if "dropout" in kind else "Adam"
        assert (digits, table) == tuple(round(found["LDS"], 2) for found in kept[name].values()), kind
