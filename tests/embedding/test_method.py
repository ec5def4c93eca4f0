import json

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.manifold import TSNE
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from cutaway.embedding import embed, inspect_quality, measure_quality, pca
from cutaway.embedding.tsne.affinities import kl_divergence
from cutaway.embedding.tsne.descent import descend
from cutaway.errors import Canceled, DataError, UsageError
from cutaway.neighbors import principal_scores
from cutaway.progress import CancelToken
from tests.embedding.exact_affinities import affinities_of

IRIS = load_iris(return_X_y=True)
DIGITS = tuple(array[:500] for array in load_digits(return_X_y=True))


def neighbor_accuracy(xy, labels):
    return cross_val_score(KNeighborsClassifier(5), xy, labels, cv=5).mean()


@pytest.fixture(scope="module")
def digits():
    return embed(DIGITS[0], max_iter=500)


def test_tsne_keeps_the_species_of_iris_together():
    layout = embed(IRIS[0], max_iter=500)
    assert neighbor_accuracy(layout.xy, IRIS[1]) > 0.95
    assert layout.quality.trustworthiness > 0.98


def test_tsne_keeps_the_digits_together(digits):
    assert neighbor_accuracy(digits.xy, DIGITS[1]) > 0.94
    assert digits.quality.trustworthiness > 0.97
    assert digits.quality.neighbors_preserved > 0.5


def test_tsne_reaches_the_kl_of_scikit_learn(digits):
    points = principal_scores(DIGITS[0].astype(np.float32), 50)
    points /= points[:, 0].std()
    start = (points[:, :2] * 1e-4).astype(np.float32)
    reference = TSNE(init=start, learning_rate=50.0, max_iter=500).fit_transform(points.astype(np.float32))
    graph = affinities_of(points, 30.0)
    assert digits.kl_divergence == pytest.approx(kl_divergence(graph, digits.xy), rel=1e-6)
    assert digits.kl_divergence < kl_divergence(graph, reference) + 0.01


def test_the_layout_reports_all_settings(digits):
    settings = dict(digits.settings)
    assert 300 <= settings.pop("iterations") <= 500
    assert settings.pop("stopped") in ("converged", "iterations")
    assert settings.pop("threads") >= 1
    assert settings == {
        "perplexity": 30.0,
        "neighbors": "exact",
        "neighbors_recall": None,
        "max_iter": 500,
        "tolerance": 0.002,
        "early_exaggeration_iter": 250,
        "early_exaggeration": 12.0,
        "early_samples": 500,
        "final_iter": 0,
        "exaggeration": 1.0,
        "early_learning_rate": pytest.approx(500 / 12),
        "early_momentum": 0.5,
        "learning_rate": 500.0,
        "momentum": 0.8,
        "repulsion": "exact",
        "grid_nodes": 0,
        "grid_spacing": 0.0,
        "init": "pca",
        "pca_components": 50,
        "seed": 0,
        "engine": "cutaway",
    }
    assert json.loads(json.dumps(digits.settings)) == digits.settings
    assert digits.method == "tsne"
    assert (digits.xy.dtype, digits.xy.shape) == (np.float32, (500, 2))
    assert set(digits.seconds) == {"pca", "neighbors", "affinities", "optimize", "quality", "total"}
    assert sum(digits.seconds.values()) <= 2 * digits.seconds["total"]
    assert digits.quality == measure_quality(DIGITS[0], digits.xy, seed=0)


def test_the_same_call_gives_the_same_coordinates():
    one, two = (embed(IRIS[0], max_iter=300, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.xy, two.xy)
    assert one.quality == two.quality


@pytest.mark.parametrize("scale", [1e-36, 1e28])
def test_tsne_does_not_depend_on_the_scale(scale):
    layout = embed(IRIS[0] * scale, max_iter=300)
    assert neighbor_accuracy(layout.xy, IRIS[1]) > 0.93


def test_a_single_unit_is_laid_out_on_a_line():
    h = np.concatenate([np.linspace(0, 1, 50), np.linspace(5, 6, 50)])[:, None]
    layout = embed(h, perplexity=10, max_iter=300)
    assert (layout.xy[:, 1] == 0).all()
    assert neighbor_accuracy(layout.xy, np.repeat([0, 1], 50)) == 1


def test_pca_is_the_first_two_components():
    layout = embed(IRIS[0], method="pca", seed=5)
    np.testing.assert_array_equal(layout.xy, pca(IRIS[0], 2))
    assert layout.settings == {"pca_components": 2, "seed": 5}
    assert layout.kl_divergence is None
    assert set(layout.seconds) == {"pca", "quality", "total"}


def test_quality_is_left_out_if_it_cannot_be_measured():
    assert embed(IRIS[0][:30], method="pca").quality is None
    assert embed(IRIS[0][:31], method="pca").quality.samples == 31


def test_progress_reports_the_start_and_the_end_of_each_stage():
    reports = []
    layout = embed(IRIS[0], max_iter=251, on_progress=reports.append)
    parts = {}
    for each in reports:
        if each.task != "compiling":  # of kernels that no test has needed before
            parts.setdefault(each.task, []).append(each)
    assert list(parts) == ["principal components", "neighbors", "affinities", "t-SNE", "quality"]
    for task, told in parts.items():
        done = [each.done for each in told]
        assert done == sorted(done)
        assert (told[-1].done, {each.total for each in told}) == ((251, {251}) if task == "t-SNE" else (150, {150}))
    assert layout.settings["iterations"] == 251


@pytest.mark.exhaustive  # umap-learn compiles for half a minute
def test_umap_is_behind_the_same_call():
    pytest.importorskip("umap")
    layout = embed(IRIS[0], method="umap", seed=1)
    assert (layout.xy.shape, layout.xy.dtype) == ((150, 2), np.float32)
    assert layout.settings == {"neighbors": 15, "min_dist": 0.1, "seed": 1, "engine": "umap-learn"}
    assert neighbor_accuracy(layout.xy, IRIS[1]) > 0.9


@pytest.mark.parametrize(("big", "exact"), [(1e4, 0), (1e15, 4000), (1e25, 0)])
def test_an_outlier_does_not_affect_the_others(big, exact, monkeypatch):
    monkeypatch.setattr("cutaway.embedding.tsne.schedule.EXACT", exact)
    monkeypatch.setitem(descend.__kwdefaults__, "exact", exact)
    h = IRIS[0].copy()
    h[7] = big
    layout = embed(h, max_iter=400)
    assert np.isfinite(layout.xy).all()
    # beyond 1e18 squares leave float32, and the order of neighbors by distance is lost
    accuracy, preserved = (0.9, 0.7) if big < 1e20 else (0.85, 0.4)
    assert neighbor_accuracy(np.delete(layout.xy, 7, axis=0), np.delete(IRIS[1], 7)) > accuracy
    assert layout.quality.neighbors_preserved > preserved


def plain(h):
    return h.astype(np.float32)


def read_only(h):
    h = plain(h)
    h.setflags(write=False)
    return h


KINDS = [lambda h: np.asfortranarray(read_only(h)), lambda h: np.repeat(h, 2, axis=1)[:, ::2], lambda h: h[::-1][::-1]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_memory_layout_of_activations_changes_nothing(kind):
    one, other = (embed(h, max_iter=300, labels=IRIS[1]) for h in (IRIS[0], kind(IRIS[0])))
    np.testing.assert_allclose(one.xy, other.xy, atol=0.05 * np.ptp(one.xy))
    assert one.quality.accuracy_layer == other.quality.accuracy_layer


def test_whole_numbers_are_laid_out_as_their_floats_are():
    h = DIGITS[0][:200]
    np.testing.assert_array_equal(*(embed(h.astype(t), perplexity=20, max_iter=251).xy for t in ("u1", "i8")))


def ctrl_c(*_, **__):
    raise KeyboardInterrupt


def cancel(*_, **__):
    raise Canceled("the work went on until it was canceled", got="a request to stop", hint="call it again")


def test_quality_can_be_left_out():
    whole, layout = embed(IRIS[0], max_iter=251), embed(IRIS[0], max_iter=251, quality=False)
    np.testing.assert_array_equal(layout.xy, whole.xy)
    assert (layout.quality, layout.misplaced) == (None, None)
    assert "quality" not in layout.seconds


@pytest.mark.parametrize("perplexity", [5, pytest.param(40, marks=pytest.mark.exhaustive)])
def test_the_quality_of_many_samples_uses_the_neighbors_of_t_sne(perplexity, monkeypatch):
    """The same coordinates and quality as without them, whether t-SNE needs more or fewer for its affinities."""
    h = np.random.default_rng(0).normal(size=(2100, 60))
    settings = {"perplexity": perplexity, "max_iter": 20, "early_exaggeration_iter": 10}
    bare, whole = embed(h, quality=False, **settings), embed(h, **settings)
    np.testing.assert_array_equal(bare.xy, whole.xy)
    quality, misplaced = inspect_quality(h, whole.xy, seed=0)
    assert whole.quality == quality
    np.testing.assert_array_equal(whole.misplaced, misplaced)
    monkeypatch.setattr("cutaway.embedding.quality.Surroundings", None)
    assert embed(h, **settings).quality == quality


def test_of_many_samples_whose_neighbors_are_not_known_none_is_called_misplaced(monkeypatch):
    h = np.random.default_rng(0).normal(size=(2400, 12))
    whole = embed(h, method="pca")
    monkeypatch.setattr("cutaway.embedding.quality.MANY", 2000)
    found = embed(h, method="pca")
    assert (found.quality, found.misplaced) == (whole.quality, None)
    assert whole.misplaced is not None


@pytest.mark.parametrize("place", ["tsne.descent.kl_divergence", "method.inspect_quality"])
def test_a_cancellation_after_the_descent_keeps_the_layout(place, monkeypatch):
    whole = embed(IRIS[0], max_iter=251)
    monkeypatch.setattr(f"cutaway.embedding.{place}", cancel)
    layout = embed(IRIS[0], max_iter=251)
    np.testing.assert_array_equal(layout.xy, whole.xy)
    assert layout.settings["stopped"] == "canceled"
    assert (layout.kl_divergence is None) == (place == "tsne.descent.kl_divergence")
    assert layout.quality is None
    assert layout.misplaced is None


@pytest.mark.parametrize("task", ["t-SNE", "quality"])
def test_ctrl_c_is_raised_even_when_there_are_coordinates(task):
    def on_progress(progress):
        if progress.task == task and progress.done > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed(IRIS[0], max_iter=251, on_progress=on_progress)


@pytest.mark.parametrize(("stop", "error"), [(ctrl_c, KeyboardInterrupt), (cancel, Canceled)])
@pytest.mark.parametrize("task", ["principal components", "neighbors", "affinities"])
def test_a_cancellation_before_the_descent_is_raised(task, stop, error):
    def on_progress(progress):
        if progress.task == task:
            stop()

    with pytest.raises(error):
        embed(IRIS[0], on_progress=on_progress)
    assert embed(IRIS[0], max_iter=251).settings["iterations"] == 251


def test_a_token_canceled_during_the_descent_gives_the_layout_so_far():
    token = CancelToken()

    def on_progress(progress):
        if progress.task == "t-SNE" and progress.done > 0:
            token.cancel()
        token.raise_if_canceled()

    layout = embed(IRIS[0], on_progress=on_progress)
    assert layout.settings["stopped"] == "canceled"
    assert layout.settings["iterations"] == 1
    assert np.isfinite(layout.kl_divergence)
    assert layout.quality is None


@pytest.mark.parametrize(("samples", "perplexity", "largest"), [(90, 30, 29.9), (4, 2, 1.3), (10, 30.0, 3.3)])
def test_too_few_samples_for_the_perplexity_are_refused(samples, perplexity, largest):
    h = IRIS[0][:samples]
    with pytest.raises(UsageError, match=f"perplexity={largest:g} "):
        embed(h, perplexity=perplexity)
    assert np.isfinite(embed(h, perplexity=largest, max_iter=251).xy).all()


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("h", [IRIS[0][:3], np.ones((100, 5)), np.full((100, 5), np.nan), np.ones((100, 28, 28))])
def test_activations_that_cannot_be_laid_out_are_refused(h, method):
    with pytest.raises(DataError):
        embed(h, method=method)


def test_pca_refuses_a_single_unit():
    with pytest.raises(DataError):
        embed(IRIS[0][:, :1], method="pca")


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_a_callback_that_would_never_be_called_is_refused(method):
    with pytest.raises(UsageError):
        embed(IRIS[0], method=method, labels=IRIS[1], callback=lambda step: None)


def test_a_callback_that_cannot_be_called_is_refused_before_any_work():
    with pytest.raises(UsageError):
        embed(IRIS[0], callback="watch", on_progress=ctrl_c)
