"""The estimators: scikit-learn's own checks, its tools around it, pickles, and the run behind it."""

import copy
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import cutaway as ct
from cutaway.api.train import train_recipe
from cutaway.errors import RunError, TrainingError

pytestmark = pytest.mark.slow

SMALL = {"hidden": (16,), "epochs": 20, "batch_size": 8, "learning_rate": 0.01}

QUICK = SMALL | {"epochs": 1}

OTHER_SPLIT = "removed rows change the validation split and the order of samples"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": OTHER_SPLIT,
    "check_sample_weight_equivalence_on_sparse_data": OTHER_SPLIT,
}


@pytest.mark.exhaustive
@parametrize_with_checks(
    [each(**SMALL, validation=0.2) for each in (ct.Classifier, ct.Regressor)], expected_failed_checks=lambda _: EXPECTED
)
def test_checks_of_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of checks that pass odd data on purpose
        check(estimator)


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def fitted(iris):
    x, y = iris
    return ct.Classifier(**SMALL).fit(x, y.map({0: "setosa", 1: "versicolor", 2: "virginica"}))


def test_what_is_known_after_fit(fitted, iris):
    assert fitted.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert fitted.n_features_in_ == 4
    assert fitted.feature_names_in_.tolist() == iris[0].columns.tolist()
    assert fitted.score(iris[0], fitted.classes_[iris[1]]) > 0.9
    assert fitted.run_.class_names == ("setosa", "versicolor", "virginica")
    assert fitted.run_.test is None
    assert len(fitted.run_.split.test) == 0
    assert fitted.run_.data.feature_names == tuple(iris[0].columns)


def test_probabilities_are_those_of_the_run(fitted, iris):
    probabilities = fitted.predict_proba(iris[0])
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(150), abs=1e-5)
    assert np.array_equal(probabilities[fitted.run_.split.val.index], fitted.run_.predictions(split="val"))


@pytest.mark.exhaustive
def test_it_works_in_the_tools_of_scikit_learn(iris):
    x, y = iris[0].to_numpy(), iris[1].to_numpy()
    pipeline = make_pipeline(StandardScaler(), ct.Classifier(**SMALL))
    assert (cross_val_predict(pipeline, x, y, cv=2) == y).mean() > 0.85
    search = GridSearchCV(ct.Classifier(**SMALL), {"hidden": [(4,), (16,)]}, cv=2).fit(x, y)
    assert search.best_params_["hidden"] in [(4,), (16,)]
    calibrated = CalibratedClassifierCV(ct.Classifier(**SMALL), cv=2).fit(x, y)
    assert calibrated.score(x, y) > 0.85


@pytest.mark.exhaustive
def test_it_works_after_a_column_transformer():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=200), "c": random.choice(["u", "v"], 200)})
    y = (frame["a"] + (frame["c"] == "u") > 0.5).to_numpy()
    columns = make_column_transformer((StandardScaler(), ["a"]), (OneHotEncoder(), ["c"]))
    assert make_pipeline(columns, ct.Classifier(**SMALL)).fit(frame, y).score(frame, y) > 0.9


def test_a_frame_of_every_kind_of_column_needs_no_preparation():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"n": random.normal(1000, 300, 400), "c": random.choice(["u", "v"], 400), "the class": random.normal(size=400)}
    )
    y = ((frame["n"] > 1000) ^ (frame["c"] == "u")).to_numpy()
    frame.loc[::10, "n"] = np.nan
    fitted = ct.Classifier(hidden=(32, 16), epochs=20, batch_size=16, learning_rate=0.01).fit(frame, y)
    assert fitted.score(frame, y) > 0.85
    assert fitted.classes_.tolist() == [False, True]


@pytest.mark.exhaustive
def test_a_pickle_travels_to_another_process(fitted, iris, tmp_path):
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(fitted))
    np.save(tmp_path / "expected.npy", fitted.predict_proba(iris[0]))
    code = (
        "import pickle, sys, numpy as np; from sklearn.datasets import load_iris\n"
        "folder = sys.argv[1]; model = pickle.load(open(folder + '/model.pickle', 'rb'))\n"
        "x = load_iris(return_X_y=True, as_frame=True)[0]\n"
        "assert np.allclose(model.predict_proba(x), np.load(folder + '/expected.npy'), atol=1e-6)\n"
        "print(len(model.run_.history), model.run_.confusion(split='val').sum())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["20", "38"]


def test_a_copy_keeps_its_own_run(iris):
    fitted = ct.Classifier(**QUICK).fit(*iris)
    copied, expected = copy.deepcopy(fitted), fitted.predict_proba(iris[0])
    assert copied.run_.path != fitted.run_.path
    first = fitted.run_.path
    del fitted
    assert not first.exists()  # a temporary folder goes with its estimator
    assert np.allclose(copied.predict_proba(iris[0]), expected, atol=1e-6)


def test_the_run_is_kept_where_it_is_asked_for(iris, tmp_path):
    fitted = ct.Classifier(**QUICK, runs=tmp_path).fit(*iris)
    assert fitted.run_.path.parent == tmp_path
    assert not hasattr(clone(fitted), "run_")


@pytest.mark.parametrize(
    ("error", "named", "left"),
    [
        (TrainingError("r", got="g", hint="try a; earlier epochs are kept"), "runs=", 0),
        (RunError("r", got="g", hint="then: resume PATH"), "runs=", 0),
        (KeyboardInterrupt(), "runs=", 0),
        (ct.Canceled("r", got="g", hint="go on with: resume PATH"), "resume PATH", 1),
    ],
)
def test_a_fit_that_fails_leaves_a_folder_only_to_go_on_with(error, named, left, iris, tmp_path, monkeypatch):
    def train_model(*_args, writer, **_settings):
        writer.begin()
        raise error

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("cutaway.training.loop.train_model", train_model)
    with pytest.raises(type(error), match=named):
        ct.Classifier(hidden=8, epochs=1).fit(*iris)
    assert len(list(tmp_path.glob("cutaway-estimator-*"))) == left


def test_images_are_scaled_and_not_standardized():
    x, y = load_digits(return_X_y=True)
    images = (x[:200].reshape(-1, 8, 8) * 15).astype(np.uint8)
    fitted = ct.Classifier(**QUICK, batch_norm=False).fit(images, y[:200])
    assert fitted.run_.data.scale == 255
    assert fitted.run_.data.preparation is None
    expected = fitted.run_.model().predict(images.reshape(200, 64) / 255, verbose=0)
    np.testing.assert_allclose(fitted.predict_proba(images), expected, atol=1e-5)


def test_weights_of_classes_and_samples(iris):
    x, y = iris
    labels = y.map({0: "a", 1: "b", 2: "c"})
    heavy = ct.Classifier(**SMALL, class_weight={"b": 50.0}).fit(x, labels).predict(x)
    light = ct.Classifier(**SMALL, class_weight={"b": 0.02}).fit(x, labels).predict(x)
    assert (heavy == "b").sum() > 60 > 40 > (light == "b").sum()
    weighted = ct.Classifier(**SMALL).fit(x, labels, sample_weight=np.where(labels == "b", 50.0, 1.0)).predict(x)
    assert np.array_equal(weighted, heavy)
    with pytest.raises(ct.CutawayError):
        ct.Classifier(**SMALL, class_weight={"z": 1.0}).fit(x, labels)


def test_stopping_early_does_not_undo_weights(iris):
    x, y = iris
    plain, weighted = (ct.Classifier(**QUICK, class_weight=each).fit(x, y) for each in (None, {0: 3.0}))
    assert plain.run_.config["patience"] == 10
    assert weighted.run_.config["patience"] is None


@pytest.mark.exhaustive
def test_the_default_is_good_at_a_table():
    x, y = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    train, test = order[:400], order[400:]
    fitted = ct.Classifier(hidden=(64,), random_state=1).fit(x[train], y[train])
    assert fitted.score(x[test], y[test]) > 0.94


def test_nothing_is_predicted_before_fit():
    with pytest.raises(NotFittedError):
        ct.Classifier().predict(np.zeros((2, 2)))


def test_a_run_without_test_samples_answers_or_says_so(fitted):
    run = fitted.run_
    views = (run.confusion, run.mistakes, run.per_class, run.calibration, run.coverage)
    for view in (*views, lambda: run.thresholds(positive="setosa")):
        with pytest.raises(ct.CutawayError, match='split="val"'):
            view()
    assert run.confusion(split="val").sum() == len(run.split.val)
    assert {finding.severity for finding in run.findings()} <= {"good", "note", "warning"}


def test_a_run_outlives_its_estimator(iris):
    run = ct.Classifier(**QUICK).fit(*iris).run_
    assert len(run.history) == 1
    assert run.path.is_dir()


def test_text_that_names_the_rows_is_left_out_and_numbers_are_used():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"name": [f"c-{n}" for n in range(200)], "order": range(200), "x": random.normal(size=200)})
    fitted = ct.Classifier(**QUICK).fit(frame, frame["x"] > 0)
    assert fitted.run_.data.feature_names == ("order", "x")
    assert fitted.n_features_in_ == 3


def test_an_array_is_predicted_by_the_run_as_by_the_estimator():
    x, y = load_iris(return_X_y=True)
    fitted = ct.Classifier(**QUICK).fit(x, y)
    np.testing.assert_array_equal(fitted.run_.predict(x), fitted.predict_proba(x))
    assert fitted.run_.data.feature_names == ("column 1", "column 2", "column 3", "column 4")


@pytest.mark.exhaustive
def test_batch_normalization_and_form_come_from_the_recipe_where_they_are_not_given():
    x, y = np.random.default_rng(0).normal(size=(80, 3)), np.arange(80) % 2
    names = [
        [layer.name for layer in ct.Classifier(epochs=1, **form).fit(x, y).run_.model().layers]
        for form in ({"hidden": 8, "batch_norm": True, "dropout": 0.0}, {"hidden": [8]}, {})
    ]
    assert names[0] == ["dense_1", "batch_norm_1", "activation_1", "output"]
    assert names[1] == ["dense_1", "dropout_1", "output"]
    assert names[2] == ["dense_1", "dropout_1", "dense_2", "dropout_2", "output"]


@pytest.mark.exhaustive
def test_bright_images_are_normalized_by_batch_where_nothing_else_is_asked_for(tmp_path):
    y = np.arange(80) % 2
    light = 255 - np.random.default_rng(0).integers(60, size=(80, 12, 12, 3)).astype(np.uint8)
    light[y == 1, :4] -= 60
    np.savez(tmp_path / "light.npz", x_train=light, y_train=y)
    quick = {"form": {"hidden": (8,)}, "epochs": 1, "runs": tmp_path, "progress": False}
    trained = [
        ct.Classifier(epochs=1, hidden=8).fit(light, y).run_.model(),
        train_recipe(str(tmp_path / "light.npz"), **quick).model(),
        train_recipe(str(tmp_path / "light.npz"), recipe="lesson", **quick).model(),
        ct.Classifier(epochs=1, hidden=8, batch_norm=False).fit(light, y).run_.model(),
        ct.Classifier(epochs=1, hidden=8, ensemble=2).fit(light, y).run_.model(),
    ]
    normalized = ["batch_norm_1" in [layer.name for layer in model.layers] for model in trained]
    assert normalized == [True, True, False, False, False]
    assert ct.label_issues(ct.load_dataset(tmp_path / "light.npz"), folds=2, seeds=1, progress=False).recipe == "photos"


@pytest.fixture(scope="module")
def homes():
    """Rows with a price and an age, which area and city explain."""
    random = np.random.default_rng(0)
    x = pd.DataFrame({"area": random.uniform(30, 200, 300), "city": random.choice(["Oslo", "Rome"], 300)})
    price = 2_000 * x["area"] * np.where(x["city"] == "Oslo", 1.5, 1.0) + random.normal(0, 5_000, 300)
    return x, pd.DataFrame({"price": price, "age": x["area"] / 10})


def test_numbers_are_predicted_in_their_unit_as_by_the_run(homes):
    x, y = homes
    fitted = ct.Regressor(**SMALL).fit(x, y["price"])
    predicted = fitted.predict(x)
    assert fitted.score(x, y["price"]) == r2_score(y["price"], predicted)
    assert fitted.score(x, y["price"]) > 0.9
    np.testing.assert_array_equal(predicted, fitted.run_.predict(x))
    assert (predicted.shape, predicted.dtype) == ((300,), np.float64)
    assert fitted.run_.context.task.targets == ("price",)
    assert len(fitted.run_.split.test) == 0
    copied = copy.deepcopy(fitted)
    assert copied.run_.path != fitted.run_.path
    np.testing.assert_allclose(copied.predict(x), predicted, rtol=1e-6)


def test_several_targets_have_the_names_of_a_frame_and_a_column_is_one(homes):
    x, y = homes
    both = ct.Regressor(**QUICK).fit(x, y)
    assert both.run_.context.task.targets == ("price", "age")
    assert both.predict(x).shape == (300, 2)
    assert ct.Regressor(**QUICK).fit(x, y.to_numpy()).run_.context.task.targets == ("y1", "y2")
    with pytest.warns(DataConversionWarning):
        column = ct.Regressor(**QUICK).fit(x, y[["price"]])
    np.testing.assert_array_equal(column.predict(x), ct.Regressor(**QUICK).fit(x, y["price"]).predict(x))


def test_whole_numbers_are_numbers_and_a_logarithm_is_learned_where_it_is_asked_for():
    x = np.random.default_rng(0).normal(size=(200, 2))
    y = np.round(np.exp(2 * x[:, 0]) * 50 + 1).astype(int)
    plain, log = (ct.Regressor(**SMALL, log=log).fit(x, y) for log in (False, True))
    assert (log.predict(x) > 0).all()
    assert np.corrcoef(np.log(log.predict(x)), 2 * x[:, 0])[0, 1] > 0.98
    np.testing.assert_array_equal(plain.predict(x), ct.Regressor(**SMALL).fit(x, y.astype(float)).predict(x))
    with pytest.raises(ct.CutawayError, match="log"):
        ct.Regressor(log=True).fit(x, y - 1)


def test_weights_of_numbers_and_their_loss(homes):
    x = homes[0]
    area = x["area"].to_numpy()
    target = np.where(np.arange(300) % 4 == 0, 1_000.0, 0.0) + area  # a quarter of the rows is far above the others
    median = ct.Regressor(**SMALL, loss="mean_absolute_error").fit(x, target).predict(x) - area
    mean = ct.Regressor(**SMALL).fit(x, target).predict(x) - area
    light = ct.Regressor(**SMALL).fit(x, target, sample_weight=(np.arange(300) % 4 > 0).astype(float)).predict(x) - area
    assert median.mean() < 100 < mean.mean()
    assert abs(light).mean() < 100


def test_images_are_scaled_where_numbers_are_predicted():
    images = np.random.default_rng(0).integers(0, 255, (80, 4, 4)).astype(np.uint8)
    fitted = ct.Regressor(**QUICK).fit(images, images.mean(axis=(1, 2)))
    assert (fitted.run_.data.scale, fitted.run_.data.preparation) == (255, None)
    np.testing.assert_allclose(fitted.predict(images), fitted.run_.predict(images), rtol=1e-6)


def test_a_column_of_the_name_of_the_target_stays_an_input(homes):
    x, y = homes
    fitted = ct.Regressor(**QUICK).fit(x.rename(columns={"area": "price"}), y["price"])
    assert "price" in fitted.run_.data.preparation.columns
