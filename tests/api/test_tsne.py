"""`cutaway.TSNE`: the checks of scikit-learn, values against the engine and scikit-learn, and broken input."""

import functools
import os
import pickle
import subprocess
import sys
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sklearn.manifold
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import kneighbors_graph
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import cutaway as ct
from cutaway.embedding import LayoutStep, TSNESettings, embed
from cutaway.embedding.tsne.affinities import kl_divergence
from cutaway.topics.embedding.options import EmbeddingOptions
from tests.embedding.exact_affinities import affinities_of

PLACES = "a new sample is placed by its neighbors: one that was laid out gets a place near its own, not the same one"
CHECKS: Any = list(estimator_checks_generator(ct.TSNE(), legacy=True))
LONG = functools.partial(pytest.param, marks=pytest.mark.exhaustive)
EXPECTED = {"check_transformer_general": PLACES, "check_transformer_data_not_an_array": PLACES}


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    data: Any = load_digits()
    return data.data[:600]


@pytest.fixture(scope="module")
def fitted(digits: np.ndarray) -> ct.TSNE:
    return ct.TSNE(random_state=0).fit(digits)


@pytest.mark.filterwarnings("ignore:.*expected to fail.*", "ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(estimator, check, id=getattr(check, "func", check).__name__)
        for estimator, check in CHECKS
        if getattr(check, "func", check).__name__ not in EXPECTED
    ],
)
def test_the_checks_of_scikit_learn(estimator: ct.TSNE, check) -> None:
    check(estimator)


def test_coordinates_are_those_of_the_engine(digits: np.ndarray, fitted: ct.TSNE) -> None:
    layout = embed(digits.astype(np.float32), seed=0)
    assert fitted.kl_divergence_ == pytest.approx(layout.kl_divergence, rel=0.01)
    assert fitted.quality_.neighbors_preserved == pytest.approx(layout.quality.neighbors_preserved, abs=0.02)
    assert fitted.n_iter_ == layout.settings["iterations"]
    assert (fitted.embedding_.shape, fitted.embedding_.dtype) == ((600, 2), np.float32)
    theirs = sklearn.manifold.TSNE(init="pca", perplexity=30, random_state=0).fit(digits)
    assert fitted.kl_divergence_ < 1.03 * theirs.kl_divergence_


@pytest.mark.parametrize("change", ["fortran", "threads", "sparse", "whole", *map(LONG, ["float32", "memmap", "list"])])
def test_the_form_of_the_input_and_the_number_of_threads_change_no_byte(
    change: str, digits: np.ndarray, fitted: ct.TSNE, tmp_path: Path
) -> None:
    x, jobs = digits, None
    if change == "fortran":
        x = np.asfortranarray(digits)
    elif change == "memmap":
        np.save(tmp_path / "x.npy", digits)
        x = np.load(tmp_path / "x.npy", mmap_mode="r")
    elif change == "list":
        x = digits.tolist()
    elif change == "whole":  # float32 would round them to 131,072
        x = digits.astype(np.int64) + 2**40
    elif change == "threads":
        jobs = 1
    elif change == "sparse":  # of more than 50 columns, principal components take their place
        x, fitted = scipy.sparse.csr_array(digits[:, :50]), ct.TSNE(random_state=0).fit(digits[:, :50])
    elif change == "float32":  # small whole numbers are the same in both, up to the origin
        x, fitted = digits.astype(np.float32), ct.TSNE(random_state=0).fit(digits.astype(np.float32))
    again = ct.TSNE(random_state=0, n_jobs=jobs).fit(x)
    assert again.embedding_.tobytes() == fitted.embedding_.tobytes()


@pytest.mark.parametrize(("fit", "new"), [(np.float64, np.float32), LONG(np.float32, np.float64)])
def test_new_samples_of_the_other_precision_have_the_same_places(fit, new, digits: np.ndarray) -> None:
    x = digits + 100
    model = ct.TSNE(quality=False).fit(x.astype(fit))
    same, other = model.transform(x[:20].astype(fit)), model.transform(x[:20].astype(new))
    np.testing.assert_allclose(same, other, atol=0.05 * model.embedding_.std())


def test_a_fit_that_fails_leaves_what_was_fitted(digits: np.ndarray) -> None:
    def fail(step):
        raise RuntimeError("a callback of somebody")

    model = ct.TSNE(perplexity=20).fit(digits)
    places = model.transform(digits[:9])
    with pytest.raises(RuntimeError, match="of somebody"):
        model.set_params(callback=fail).fit(digits[:, :50] + 1000)
    assert model.n_features_in_ == 64
    np.testing.assert_array_equal(model.transform(digits[:9]), places)


def test_small_differences_of_large_numbers_are_kept(digits: np.ndarray, fitted: ct.TSNE) -> None:
    moved = ct.TSNE(random_state=0).fit(digits / 1000 + 1.7e9)
    assert moved.kl_divergence_ == pytest.approx(fitted.kl_divergence_, rel=0.02)
    assert moved.quality_.neighbors_preserved == pytest.approx(fitted.quality_.neighbors_preserved, abs=0.03)


def test_a_wide_sparse_matrix_is_laid_out_by_its_principal_components() -> None:
    matrix = scipy.sparse.random_array((300, 5000), density=0.01, rng=0, format="csr")
    model = ct.TSNE(perplexity=20).fit(matrix)
    assert model.embedding_.shape == (300, 2)
    assert model.transform(matrix[:5]).shape == (5, 2)
    np.testing.assert_allclose(model.transform(matrix[:5].toarray()), model.transform(matrix[:5]), atol=1e-4)
    cosine = ct.TSNE(perplexity=20, metric="cosine").fit(matrix)
    scaled = ct.TSNE(perplexity=20, metric="cosine").fit(matrix * 2)  # lengths do not count
    assert scaled.kl_divergence_ == pytest.approx(cosine.kl_divergence_, rel=0.02)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_sparse_samples_are_placed_among_dense_ones(metric: str, digits: np.ndarray) -> None:
    model = ct.TSNE(metric=metric, quality=False).fit(digits[:300])
    found = model.transform(scipy.sparse.csr_array(digits[300:320]))
    np.testing.assert_allclose(found, model.transform(digits[300:320]), atol=1e-4)


def test_new_samples_have_the_same_place_whatever_comes_with_them(digits: np.ndarray) -> None:
    model = ct.TSNE(random_state=0).fit(digits[:500])
    together = model.transform(digits[500:])
    alone = np.concatenate([model.transform(digits[i : i + 1]) for i in range(500, 520)])
    assert alone.tobytes() == together[:20].tobytes()
    assert model.transform(digits[500:][::-1])[::-1].tobytes() == together.tobytes()
    again = model.transform(digits[:500])
    spread = model.embedding_.std()
    assert np.median(np.linalg.norm(again - model.embedding_, axis=1)) < 0.1 * spread
    assert pickle.loads(pickle.dumps(model)).transform(digits[500:]).tobytes() == together.tobytes()


@pytest.mark.parametrize("kind", ["unsorted", "dense", *map(LONG, ["sparse", "asymmetric"])])
def test_precomputed_distances_are_laid_out_as_the_columns_they_are_of(
    kind: str, digits: np.ndarray, fitted: ct.TSNE
) -> None:
    matrix = kneighbors_graph(digits, 95, mode="distance")
    if kind == "dense":
        matrix = pairwise_distances(digits)
    elif kind == "unsorted":
        order = np.random.default_rng(0).permutation(95)
        matrix.data = matrix.data.reshape(-1, 95)[:, order].ravel()
        matrix.indices = matrix.indices.reshape(-1, 95)[:, order].ravel()
        matrix.has_sorted_indices = False
    elif kind == "asymmetric":
        matrix = matrix * 3.0  # the unit does not count; a graph of nearest neighbors never is symmetric
    model = ct.TSNE(metric="precomputed", init=1e-4 * fitted.embedding_ / fitted.embedding_.std()).fit(matrix)
    assert model.kl_divergence_ == pytest.approx(fitted.kl_divergence_, rel=0.03)
    assert model.quality_ is None
    with pytest.raises(ct.CutawayError):
        model.transform(digits[:3])


@pytest.mark.parametrize("init", ["spectral", *map(LONG, ["pca", "random", "array"])])
def test_any_start_ends_near_the_same_divergence(init: str, digits: np.ndarray, fitted: ct.TSNE) -> None:
    start = np.random.default_rng(1).normal(size=(600, 2)) * 1e-4 if init == "array" else init
    model = ct.TSNE(init=start, random_state=3).fit(digits)
    assert model.kl_divergence_ < 1.1 * fitted.kl_divergence_


def test_several_perplexities_show_near_and_far(digits: np.ndarray) -> None:
    several = ct.TSNE(perplexity=[5, 100], random_state=0).fit(digits)
    assert several.settings_["perplexity"] == (5.0, 100.0)
    one = ct.TSNE(perplexity=5, random_state=0).fit(digits)
    assert several.quality_.distance_correlation > one.quality_.distance_correlation


@pytest.mark.exhaustive
def test_a_line_is_one_coordinate(digits: np.ndarray) -> None:
    model = ct.TSNE(1, perplexity=10, random_state=0).fit(digits)
    assert model.embedding_.shape == (600, 1)
    assert model.transform(digits[:4]).shape == (4, 1)
    assert list(model.get_feature_names_out()) == ["tsne0"]
    theirs = sklearn.manifold.TSNE(1, init="pca", perplexity=10, method="exact", random_state=0).fit(digits)
    assert model.kl_divergence_ < 1.15 * theirs.kl_divergence_
    with pytest.raises(ct.CutawayError):
        ct.TSNE(1).fit(np.random.default_rng(0).normal(size=(5000, 3)))


def test_in_a_pipeline_with_names_and_frames(digits: np.ndarray) -> None:
    made = make_pipeline(StandardScaler(), ct.TSNE(perplexity=20)).set_output(transform="pandas").fit_transform(digits)
    assert list(made.columns) == ["tsne0", "tsne1"]


def test_the_estimator_and_embed_have_the_same_settings() -> None:
    ours, embed = (signature(function).parameters for function in (ct.TSNE, ct.Run.embed))
    settings = {field.name: field.default for field in fields(TSNESettings)}
    assert settings == {name: ours[name].default for name in settings}
    assert {"callback", "quality", "progress"} == ours.keys() & embed.keys()
    assert {field.name for field in fields(EmbeddingOptions)} <= settings.keys() | embed.keys()


@pytest.mark.parametrize("components", [2, 1])
def test_a_callback_of_embed_sees_and_ends_the_descent_of_the_estimator(components: int, digits: np.ndarray) -> None:
    seen: list[LayoutStep] = []

    def look(step: LayoutStep) -> bool:
        seen.append(step)
        return step.iteration > 0

    model = ct.TSNE(components, callback=look).fit(digits)
    assert (seen[0].iteration, seen[0].kl_divergence, seen[0].xy.shape) == (0, None, (600, components))
    assert model.quality_ is None
    for settings in (model.settings_, embed(digits.astype(np.float32), callback=look).settings):
        assert settings["stopped"] == "canceled"
        assert 0 < settings["iterations"] < 750


def test_approximate_neighbors_give_about_the_same_divergence_and_say_what_they_are(digits: np.ndarray) -> None:
    exact, approximate = (ct.TSNE(neighbors=how).fit(digits) for how in ("exact", "approximate"))
    assert (exact.settings_["neighbors"], exact.settings_["neighbors_recall"]) == ("exact", None)
    assert (approximate.settings_["neighbors"], approximate.settings_["neighbors_recall"]) == ("approximate", 1.0)
    affinities = affinities_of(digits.astype(np.float32), 30.0)
    divergences = [kl_divergence(affinities, model.embedding_) for model in (exact, approximate)]
    assert divergences[1] < 1.03 * divergences[0]
    alone = ct.TSNE(neighbors="approximate", quality=False).fit(digits)
    np.testing.assert_array_equal(alone.embedding_, approximate.embedding_)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"n_components": 3}, "n_components .*3"),
        ({"callback": "watch"}, "callback "),
        ({"metric": "manhattan"}, 'metric .*"manhattan".*kneighbors_gra'),
        ({"metric": lambda a, b: 0.0}, "metric "),
        ({"perplexity": 300}, "600 samples .*perplexity 300"),
        ({"init": np.zeros((600, 2))}, None),
        ({"max_iter": 10}, "max_iter .*251 .*10"),
        ({"random_state": -1}, "random_state"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"init": None}, "init .*600, 2.*()"),
        ({"init": [[1.0], [1.0, 2.0]]}, "init "),
        ({"init": 5, "n_components": 1}, "init .*600, 1.*()"),
        ({"init": np.zeros((600, 2)), "n_components": 1}, "init .*600, 1.*600, 2"),
        ({"metric": np.array(["euclidean", "cosine"])}, "metric "),
        ({"n_components": np.array([1, 2])}, "n_components "),
        ({"progress": "x"}, 'progress.*"x"'),
        ({"quality": np.array([True, False])}, "quality "),
    ],
)
def test_parameters_outside_their_range_are_one_line(digits: np.ndarray, given, named: str | None) -> None:
    with pytest.raises(ct.CutawayError, match=named) as caught:
        ct.TSNE(**given).fit(digits)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


BROKEN = {
    "NaN": np.full((50, 3), np.nan),
    "infinite": np.full((50, 3), np.inf),
    "two samples": np.eye(2),
    "equal rows": np.ones((10_000, 5)),
    "text": np.array([["a", "b"]] * 50),
    "objects": np.array([[object(), 1.0]] * 50, dtype=object),
    "too large": np.full((50, 3), 1e300) * np.arange(50)[:, None],
    "one dimension": np.arange(50.0),
    "three dimensions": np.zeros((50, 3, 3)),
    "empty": np.zeros((0, 3)),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_input_is_refused(kind: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        ct.TSNE().fit(BROKEN[kind])


@pytest.mark.parametrize(
    ("matrix", "named"),
    [
        (np.zeros((50, 40)), "50.*40"),
        (-np.ones((50, 50)), "-1"),
        (np.ones((50, 50)), "1 in row 0"),
        (kneighbors_graph(np.random.default_rng(0).normal(size=(100, 3)), 90), "1 for all pairs"),
        (np.triu(pairwise_distances(np.eye(50))), "1.4.* rows 0 and 1"),
        (scipy.sparse.csr_array(np.triu(np.ones((50, 50)))), "0 in row 49"),
        (scipy.sparse.csr_array((np.arange(16.0), np.arange(16) // 2 ^ 1, np.arange(0, 17, 2))), "row 0 .* sample 1"),
        (kneighbors_graph(np.random.default_rng(0).normal(size=(100, 3)), 20, mode="distance"), "90 neighbors"),
    ],
)
def test_distances_that_do_not_fit_are_refused(matrix, named: str) -> None:
    with pytest.raises(ct.CutawayError, match=named):
        ct.TSNE(metric="precomputed", init="random").fit(matrix)


def test_distances_that_differ_by_their_rounding_alone_are_taken() -> None:
    rows = np.random.default_rng(0).normal(size=(120, 5)).astype(np.float32) + 300
    distances = np.abs(pairwise_distances(rows) + np.random.default_rng(1).uniform(-1e-4, 1e-4, (120, 120)))
    np.fill_diagonal(distances, 0)
    assert np.isfinite(ct.TSNE(metric="precomputed", init="random").fit_transform(distances)).all()


def test_of_distances_there_are_no_principal_components_and_no_cosine_of_zeros(digits: np.ndarray) -> None:
    with pytest.raises(ct.CutawayError):
        ct.TSNE(metric="precomputed").fit(pairwise_distances(digits))
    with pytest.raises(ct.CutawayError):
        ct.TSNE(metric="precomputed", init="random", neighbors="exact").fit(pairwise_distances(digits))
    rows = digits.copy()
    rows[7] = 0
    with pytest.raises(ct.CutawayError):
        ct.TSNE(metric="cosine").fit(rows)


@pytest.mark.parametrize("constant", [LONG(0), 3])
def test_constant_columns_and_copies_are_laid_out(constant: int, digits: np.ndarray) -> None:
    x = np.concatenate([digits[:200], digits[:200]])
    x[:, :constant] = 5.0
    model = ct.TSNE(perplexity=20).fit(x)
    assert np.isfinite(model.embedding_).all()
    assert any("equal to another one" in caution for caution in model.quality_.cautions)


def test_before_fit_there_is_no_layout(digits: np.ndarray) -> None:
    with pytest.raises(NotFittedError):
        ct.TSNE().transform(digits)
    with pytest.raises(ValueError, match="features"):
        ct.TSNE(perplexity=20).fit(digits).transform(digits[:, :9])


IMPORTS = """
import sys
import cutaway
cutaway.TSNE(perplexity=5).fit([[float(i * i % 17), float(i)] for i in range(40)])
loaded = {"keras", "jax", "pandas"} & set(sys.modules)
assert not loaded - set(sys.argv[1:]), loaded
"""


@pytest.mark.exhaustive
def test_neither_keras_nor_jax_is_loaded() -> None:
    # scikit-learn itself may load pandas
    known = subprocess.run(
        [sys.executable, "-c", "import sys, sklearn.utils.validation, numba; print(*{'pandas'} & set(sys.modules))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    subprocess.run([sys.executable, "-c", IMPORTS, *known], check=True, env=os.environ)
