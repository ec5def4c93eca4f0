"""Accuracy under corruption and compression, against Keras' own predictions of samples that are corrupted by hand."""

import json
import pickle
import shutil
import warnings

import keras
import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.cli import main
from cutaway.data import CORRUPTIONS, corrupt, corruption_generator, traits_of
from cutaway.errors import RunError, UnknownNameError, UsageError
from cutaway.metrics import paired_difference_interval, wilson_interval
from cutaway.models.compression import prune, quantize
from cutaway.topics.robustness import measuring

SETTINGS = {"batch_size": 32, "learning_rate": 0.01, "progress": False}
OF_PICTURES = ["noise", "shift", "rotation", "occlusion", "pruning", "quantization"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("robustness") / "runs"


@pytest.fixture(scope="module")
def other(runs):
    """Another model on the samples of `digits_run`."""
    return ct.train(ct.mlp((16,)), "digits", epochs=3, seed=0, runs=runs, **SETTINGS)


@pytest.fixture(scope="module")
def found(digits_run):
    return digits_run.robustness(progress=False)


@pytest.fixture(scope="module")
def both(digits_run, other):
    return digits_run.robustness(other, progress=False)


def corrupted(run, name, severity, *, seed=0):
    """The test samples, corrupted by hand."""
    corruption = next(each for each in CORRUPTIONS if each.name == name)
    x = run.data.x(run.split.test)
    rng = corruption_generator(corruption, seed=seed)
    return corrupt(corruption, x, severity, traits=traits_of(run.data, x), rng=rng)


def test_every_perturbation_that_applies_to_pictures_is_measured(found, digits_run):
    assert [curve.perturbation for curve in found.curves] == OF_PICTURES
    assert found.left_out == dict.fromkeys(("missing", "column_noise"), "samples are images, which have no columns")
    for curve in found.curves:
        assert curve.accuracy[0, 0] == pytest.approx(digits_run.test["accuracy"])
        assert curve.accuracy.shape == (1, len(curve.severities))
        assert curve.accuracy[0, -1] < 0.75 * curve.accuracy[0, 0], "the last severity is hard"
        assert curve.accuracy[0, 1] >= curve.accuracy[0, -1]
    assert (found.samples, found.split, found.epochs) == (360, "test", (6,))


@pytest.mark.parametrize("name", ["noise", "shift", "rotation", "occlusion"])
def test_accuracy_is_that_of_kerass_predictions_of_corrupted_samples(name, found, digits_run):
    curve, model, y = found.curve(name), digits_run.model(), digits_run.labels()
    for at in (2, 4):
        x = corrupted(digits_run, name, curve.severities[at]).reshape(-1, 64) / np.float32(16)
        assert curve.correct[0, at] == (model.predict(x, verbose=0).argmax(axis=1) == y).sum()


@pytest.mark.parametrize(("name", "function"), [("pruning", prune), ("quantization", quantize)])
def test_accuracy_is_that_of_a_model_with_the_changed_weights(name, function, found, digits_run):
    curve, model, y = found.curve(name), digits_run.model(), digits_run.labels()
    x = digits_run.data.inputs(digits_run.split.test)
    for at in (3, len(curve.severities) - 1):
        weights = function(digits_run.folder.snapshot(), curve.severities[at])
        for layer in ("dense_1", "dense_2", "output"):
            model.get_layer(layer).set_weights([weights[f"{layer}/kernel"], weights[f"{layer}/bias"]])
        assert curve.correct[0, at] == (model.predict(x, verbose=0).argmax(axis=1) == y).sum()


def test_intervals_and_rows_are_those_of_the_counts(found, digits_run):
    table = found.to_pandas()
    assert list(table.columns) == ["perturbation", "parameter", "severity", "run", "accuracy", "low", "high"]
    assert len(table) == sum(len(curve.severities) for curve in found.curves)
    noise = table[table["perturbation"] == "noise"]
    curve = found.curve("noise")
    assert list(noise["severity"]) == list(curve.severities)
    limits = [wilson_interval(int(k), 360) for k in curve.correct[0]]
    np.testing.assert_allclose(noise[["low", "high"]], limits)
    assert set(table["run"]) == {digits_run.path.name}
    assert curve.differences is None
    assert found.curve("quantization").positions == tuple(range(8))
    assert curve.positions == curve.severities


def test_a_second_run_sees_the_same_samples(both, found, other):
    alone = other.robustness(progress=False)
    for curve in both.curves:
        np.testing.assert_array_equal(curve.correct[0], found.curve(curve.perturbation).correct[0])
        np.testing.assert_array_equal(curve.correct[1], alone.curve(curve.perturbation).correct[0])
        np.testing.assert_array_equal(curve.gained - curve.lost, curve.correct[1] - curve.correct[0])
    noise = both.curve("noise")
    expected = [paired_difference_interval(int(b), int(c), 360) for b, c in zip(noise.gained, noise.lost, strict=True)]
    np.testing.assert_allclose(noise.differences[:, 1:], expected)
    np.testing.assert_allclose(noise.differences[:, 0], noise.accuracy[1] - noise.accuracy[0])
    table = both.to_pandas()
    assert table["difference"].notna().sum() == len(table) / 2
    second = table[table["run"] == other.path.name]
    first = table[table["run"] != other.path.name]
    np.testing.assert_allclose(second["difference"], second["accuracy"].to_numpy() - first["accuracy"].to_numpy())


def test_it_depends_on_the_seed_alone(digits_run, monkeypatch):
    about = {"perturbations": ["noise", "occlusion"], "progress": False}
    first, again = (digits_run.robustness(seed=3, samples=100, **about) for _ in range(2))
    assert first.summary() == again.summary()
    assert first.samples == 100
    assert digits_run.robustness(seed=4, samples=100, **about).summary() != first.summary()
    whole = digits_run.robustness(**about)
    monkeypatch.setattr(measuring, "CHUNK_BYTES", 4 * 64 * 100)
    assert digits_run.robustness(**about).summary() == whole.summary(), "in pieces as at once"


def test_samples_of_another_split_and_epoch(digits_run):
    about = {"perturbations": ["pruning"], "progress": False}
    found = digits_run.robustness(split="train", epoch=1, samples=None, **about)
    assert found.samples == len(digits_run.split.train)
    right = digits_run.predictions(split="train", epoch=1).argmax(axis=1) == digits_run.labels(split="train")
    assert found.curves[0].correct[0, 0] == right.sum()


def test_its_line_is_telling_and_it_can_be_pickled(found, both, digits_run, other):
    lowest = min(found.curves, key=lambda curve: curve.correct.min())
    at = int(lowest.correct[0].argmin())
    assert repr(found) == (
        f"<Robustness of {digits_run.path.name} on 360 test samples: accuracy {digits_run.test['accuracy']:.2%}, "
        f"lowest at {lowest.perturbation} {lowest.severities[at]:g}: {lowest.accuracy[0, at]:.2%}>"
    )
    assert f"of {digits_run.path.name} and {other.path.name} on" in repr(both)
    again = pickle.loads(pickle.dumps(both))
    assert again.summary() == both.summary() == json.loads(json.dumps(both.summary(), allow_nan=False))
    assert again.to_pandas().equals(both.to_pandas())


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"perturbations": ["nose"]}, UnknownNameError, 'got "nose"; next: try "noise"'),
        ({"perturbations": []}, UsageError, "at least one perturbation"),
        ({"samples": 0}, UsageError, "samples is a whole number"),
        ({"seed": -1}, UsageError, "seed is a whole number"),
        ({"split": "rest"}, UnknownNameError, "a split is one of"),
        ({"epoch": 99}, UnknownNameError, "snapshots of epochs 0 to 6"),
    ],
)
def test_wrong_settings_are_one_line(digits_run, wrong, error, says):
    with pytest.raises(error, match=says) as caught:
        digits_run.robustness(progress=False, **wrong)
    assert "\n" not in str(caught.value)


def test_a_model_that_does_not_open_is_refused(digits_run, tmp_path):
    shutil.copytree(digits_run.path, tmp_path / "unopened")
    record = json.loads((tmp_path / "unopened" / "run.json").read_text())
    (tmp_path / "unopened" / "run.json").write_text(json.dumps(record | {"model": None}))
    unopened = ct.open_run(tmp_path / "unopened")
    for call in (lambda: unopened.robustness(progress=False), lambda: digits_run.robustness(unopened, progress=False)):
        with pytest.raises(RunError, match="needs a model that opens; got unopened, of which only recorded pred"):
            call()


def test_other_samples_are_refused_or_shared(digits_run, runs):
    reseeded = ct.record(digits_run.model(), "digits", seed=1, runs=runs, progress=False)
    about = {"perturbations": ["noise"], "progress": False}
    with pytest.raises(UsageError, match="the same test samples"):
        digits_run.robustness(reseeded, **about)
    found = digits_run.robustness(reseeded, shared=True, **about)
    assert found.samples == len(set(digits_run.split.test.names()) & set(reseeded.split.test.names()))
    assert found.curves[0].correct.shape == (2, 7)


@pytest.fixture(scope="module")
def table(runs, tmp_path_factory):
    rng = np.random.default_rng(0)
    age, city = rng.normal(50, 15, 900).round(2), rng.choice(["Rome", "Oslo", "Bonn"], 900)
    left = (age - 50) / 15 + (city == "Oslo") * 1.5 > 0.5
    age[::9] = np.nan
    file = tmp_path_factory.mktemp("table") / "people.csv"
    pd.DataFrame({"age": age, "city": city, "left": np.where(left, "yes", "no")}).to_csv(file, index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ct.CutawayWarning)
        data = ct.load_dataset(file, label="left")
        return ct.train(ct.mlp((16,)), data, epochs=25, runs=runs, progress=False)


def test_a_table_loses_values_and_gets_noise(table):
    found = table.robustness(progress=False)
    assert [curve.perturbation for curve in found.curves] == ["missing", "column_noise", "pruning", "quantization"]
    width = len(table.data.feature_names)
    assert found.left_out["noise"] == f"samples of the shape ({width},) are no images"
    for name in ("missing", "column_noise"):
        accuracy = found.curve(name).accuracy[0]
        assert accuracy[0] > 0.9
        assert accuracy[-1] < accuracy[0] - 0.1


@pytest.mark.filterwarnings("ignore:.*unusually far from the training samples")
def test_a_row_without_values_is_predicted_as_the_file_without_them(table):
    """All cells missing: what the preparation makes of them is what `predict` makes of empty cells."""
    corruption = next(each for each in CORRUPTIONS if each.name == "missing")
    x = table.data.x(table.split.test)
    rng = corruption_generator(corruption, seed=0)
    empty = corrupt(corruption, x, 1.0, traits=traits_of(table.data, x), rng=rng)
    ours = table.model().predict(empty[:1], verbose=0)
    theirs = table.predict(pd.DataFrame({"age": [None], "city": [None]}))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_what_does_not_apply_to_arrays_is_said(runs):
    x = np.random.default_rng(0).normal(size=(60, 3))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(2, "softmax")])
    run = ct.record(model, x, np.arange(60) % 2, runs=runs, progress=False)
    found = run.robustness(split="val", progress=False)
    assert [curve.perturbation for curve in found.curves] == ["column_noise", "pruning", "quantization"]
    assert "no preparation" in found.left_out["missing"]
    with pytest.raises(UnknownNameError, match='got "noise" \\(samples of the shape'):
        found.curve("noise")
    none = run.robustness(split="val", perturbations="shift", progress=False)
    assert repr(none).endswith("no perturbation applies>")
    assert len(none.to_pandas()) == 0


def test_its_figures_show_every_curve(both):
    axes = [each for each in both.plot().axes if each.get_visible()]
    assert [each.get_title(loc="left").lower() for each in axes] == [curve.perturbation for curve in both.curves]
    np.testing.assert_allclose(axes[0].get_lines()[1].get_ydata(), both.curve("noise").accuracy[1])
    assert len(both.bokeh().children) == len(both.curves)


def printed(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    out = capsys.readouterr()
    assert ended.value.code == 0, out.err
    return out.out


def test_the_command_prints_what_python_gives(digits_run, other, both, table, capsys):
    document = json.loads(printed(capsys, "robustness", digits_run.path, other.path, "--json"))
    assert document == both.summary()
    out = printed(capsys, "robustness", digits_run.path, "--perturbation", "noise", "--perturbation", "pruning")
    assert "noise: standard deviation / range" in out
    assert "shift" not in out
    assert f"{digits_run.test['accuracy']:.2%}" in out
    assert max(map(len, out.splitlines())) <= 80
    out = printed(capsys, "robustness", digits_run.path, other.path, "--perturbation", "noise")
    assert f"B  {other.path.name}, epoch 3" in out
    assert "B - A" in out
    out = printed(capsys, "robustness", table.path, "--samples", "50")
    assert "shift does not apply: samples of the shape" in out
    assert "50 test samples" in out


def test_the_other_run_may_be_named_by_its_path(digits_run):
    given = {"perturbations": ["pruning"], "samples": 20, "progress": False}
    named, itself = (digits_run.robustness(each, **given) for each in (str(digits_run.path), digits_run))
    assert named.summary() == itself.summary()
    with pytest.raises(UnknownNameError):
        digits_run.robustness("no-such-run")
    with pytest.raises(UsageError, match="the other run is a Run"):
        digits_run.robustness(7)
