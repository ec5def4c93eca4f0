"""A layer of a run in the plane: kept, read back, watched, stopped, and open to new samples."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

import cutaway as ct
from cutaway.cli.output import print_result
from cutaway.data import stratified_sample
from cutaway.embedding import layout_to_npz
from cutaway.errors import CutawayWarning, DataError, UnknownNameError, UsageError
from cutaway.topics.embedding.embeddings import kept_layout


@pytest.fixture(scope="module")
def run(digits_run, tmp_path_factory):
    """A copy of the run on the digits, whose kept embeddings are damaged."""
    return ct.open_run(shutil.copytree(digits_run.path, tmp_path_factory.mktemp("embedded") / "run"))


def embed(run, **settings):
    return run.embed("dense_2", **{"split": "test", "progress": False, "perplexity": 20.0, **settings})


def test_all_samples_are_embedded_unless_fewer_are_wanted(run):
    everything = run.embed("dense_1", method="pca", progress=False)
    assert len(everything.xy) == len(run.split.part("all")) == 1797
    some = run.embed("dense_1", method="pca", points=100, progress=False)
    assert len(some.xy) == 100
    assert {some.ids[i] for i in range(100)} <= {everything.ids[i] for i in range(1797)}


def test_an_embedding_is_kept_and_read_back(run):
    first = embed(run)
    assert first.xy.shape == (len(run.split.test), 2)
    assert first.xy.dtype == np.float32
    assert first.quality.trustworthiness > 0.9
    assert first.quality.accuracy_layer > 0.9
    assert first.misplaced.shape == (len(first.xy),)
    stamp = first.file.stat().st_mtime_ns
    again = embed(run)
    np.testing.assert_array_equal(again.xy, first.xy)
    np.testing.assert_array_equal(again.misplaced, first.misplaced)
    assert again.file.stat().st_mtime_ns == stamp
    other = embed(run, epoch=0)
    assert other.file != first.file
    assert first.to_pandas()["sample"][0] == run.split.test[0]
    assert len(first.plot().axes) >= 1
    assert first.bokeh().output_backend == "webgl"


def test_quality_that_was_left_out_is_measured_when_asked_for(run):
    first = embed(run, perplexity=17.0, quality=False)
    assert first.layout.quality is None
    assert "quality" not in first.layout.seconds
    again = embed(run, perplexity=17.0, quality=False)
    assert again.layout.quality is None
    measured = embed(run, perplexity=17.0)
    assert measured.file == first.file
    assert measured.layout.quality == first.quality
    np.testing.assert_array_equal(measured.xy, first.xy)
    np.testing.assert_array_equal(measured.misplaced, first.misplaced)
    assert embed(run, perplexity=17.0, quality=False).layout.quality == first.quality


def test_cautions_are_shown_wherever_an_embedding_is(run):
    first = embed(run)
    assert first.quality.triplets > 0.55
    assert first.quality.cautions == first.notes() == ()
    assert first.to_json()["cautions"] == []
    quality = replace(first.quality, equal_rows=0.3, sizes_layer=4.0, sizes_plane=1.0)
    doubtful = replace(first, layout=replace(first.layout, quality=quality))
    one, other = doubtful.to_json()["cautions"]
    assert one.startswith("30.0%")
    assert "4.0 times" in other
    assert one in doubtful._repr_html_()
    assert other in doubtful.quality_table().notes[-1]
    left_out = replace(first, layout=replace(first.layout, quality=None))
    assert left_out.notes() == (), "showing an embedding measures nothing"


def test_kept_coordinates_that_are_not_finite_are_damaged_and_computed_again(run):
    first = embed(run)
    layout = replace(first.layout, xy=first.xy.copy())
    layout.xy[3] = np.nan
    first.file.write_bytes(layout_to_npz(layout, {"source": first.ids.source_index, "index": first.ids.index}))
    with pytest.warns(CutawayWarning):
        again = embed(run)
    np.testing.assert_array_equal(again.xy, first.xy)
    np.testing.assert_array_equal(embed(run).xy, first.xy)  # without a warning


def test_what_is_kept_asks_the_net_nothing(run, monkeypatch):
    first = embed(run)

    def asked(*_, **__):
        raise AssertionError("the model was asked")

    monkeypatch.setattr("cutaway.models.forward", asked)
    np.testing.assert_array_equal(embed(run).predicted, first.predicted)


@pytest.mark.parametrize("kept", [{}, {"predicted": 10}, {"predicted": -1}, {"predicted": 0.5}, {"predicted": "7"}])
def test_answers_in_a_file_are_classes_or_are_asked_for_again(run, kept):
    first = embed(run)
    n = len(first.xy)
    ids = {"source": first.ids.source_index, "index": first.ids.index}
    ids |= {name: np.full(n, value) for name, value in kept.items()}
    first.file.write_bytes(layout_to_npz(first.layout, ids))
    np.testing.assert_array_equal(embed(run).predicted, first.predicted)
    first.file.unlink()


def test_what_is_the_default_is_the_same_whether_said_or_not(run):
    assert embed(run, n_iter=750).file == embed(run).file


@pytest.mark.parametrize("damage", [lambda b: b[:100], lambda b: b"", lambda b: b[:-200] + bytes(200)])
def test_a_damaged_file_raises_a_warning_and_is_recomputed(run, damage):
    first = embed(run)
    first.file.write_bytes(damage(first.file.read_bytes()))
    with pytest.warns(CutawayWarning):
        rebuilt = embed(run)
    np.testing.assert_array_equal(rebuilt.xy, first.xy)
    assert rebuilt.file == first.file
    np.testing.assert_array_equal(embed(run).xy, first.xy)  # without a notice: warnings are errors


def test_the_callback_gets_iterates_from_the_start_and_can_end_it(run):
    iterates = []

    def watch(iterate):
        iterates.append(iterate)
        return iterate.iteration == 0

    stopped = embed(run, perplexity=19.0, callback=watch)
    assert [iterate.iteration for iterate in iterates[:1]] == [0]
    assert len(iterates) == 2
    assert stopped.canceled
    assert stopped.quality is None
    assert stopped.misplaced is None
    np.testing.assert_array_equal(stopped.xy, iterates[-1].xy)
    assert stopped.file is None, "what is not finished is not kept as if it were"
    whole = embed(run, perplexity=19.0)
    assert not whole.canceled
    assert whole.file.is_file()


def test_new_samples_are_placed_among_their_likes(run):
    embedding = embed(run)
    h = run.activations("dense_2", split="test")
    xy = embedding.transform(h[:50])
    assert xy.shape == (50, 2)
    radius = np.linalg.norm(embedding.xy - embedding.xy.mean(axis=0), axis=1).max()
    assert np.median(np.linalg.norm(xy - embedding.xy[:50], axis=1)) < 0.05 * radius
    held, labels = run.activations("dense_2", split="val"), run.labels(split="val")
    placed = embedding.transform(held)
    nearest = ((placed[:, None] - embedding.xy[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert np.mean(embedding.labels[nearest] == labels) > 0.85


def test_what_cannot_be_placed_or_embedded_says_why(run):
    plane = run.embed("dense_2", split="test", method="pca", progress=False)
    with pytest.raises(UsageError):
        plane.transform(np.zeros((1, 16), np.float32))
    with pytest.raises(DataError):
        embed(run).transform(np.zeros((1, 3), np.float32))
    with pytest.raises(UnknownNameError):
        run.embed(method="mds", progress=False)
    for wrong in ({"method": "pca"}, {"callback": 3}, {"perplexity": 200.0}):  # also where the embedding is kept
        with pytest.raises(UsageError):
            embed(run, **wrong)


def test_one_setting_in_two_types_is_one_result(run):
    settings = {"split": "test", "progress": False, "n_iter": 260}
    first = run.embed(perplexity=11, **settings)
    again = run.embed(perplexity=np.float32(11), **settings | {"n_iter": np.int64(260)})
    assert again.file == first.file
    assert again.layout.settings == first.layout.settings


def test_of_more_samples_than_a_map_shows_a_stratified_sample_is_embedded_and_said(run, monkeypatch, capsys):
    monkeypatch.setattr("cutaway.topics.embedding.embeddings.POINTS", 600)
    found = run.embed("dense_2", method="pca", seed=3, progress=False)
    rows = stratified_sample(run.labels(split="all"), 600, seed=3)
    assert found.ids.names() == run.split.part("all").take(rows).names()
    assert "600 of 1,797 samples" in found.notes()[0]
    answer = found.to_json()
    assert (answer["samples"], answer["total"]) == (600, 1797)
    assert answer["cautions"] == list(found.layout.quality.cautions)
    print_result(found)
    assert "600 of 1,797 samples" in capsys.readouterr().out
    few = run.embed("dense_2", method="pca", split="val", progress=False)
    assert (few.total, len(few), few.notes()) == (None, len(run.split.val), few.layout.quality.cautions)
    assert kept_layout(run.context, None) is None, "there is none of all samples"
    with pytest.raises(UsageError):
        run.embed("dense_2", points=601, progress=False)
    sequence = run.embed_epochs("dense_2", epochs=[5, 6], seed=3, perplexity=20.0, progress=False)
    assert sequence.ids.names() == found.ids.names()
