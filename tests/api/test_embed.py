"""A layer of a run in the plane: kept, read back, watched, stopped, and open to new samples."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

import cutaway as ct


@pytest.fixture(scope="module")
def run(digits_run, tmp_path_factory):
    """A copy of the run on the digits, whose kept embeddings are damaged."""
    return ct.open_run(shutil.copytree(digits_run.path, tmp_path_factory.mktemp("embedded") / "run"))


def embed(run, **settings):
    return run.embed("dense_2", **{"split": "test", "progress": False, "perplexity": 20.0, **settings})


def test_all_samples_are_embedded_unless_fewer_are_wanted(run):
    everything = run.embed("dense_1", method="pca", progress=False)
    assert len(everything.xy) == len(run.split.part("all")) == 1797
    some = run.embed("dense_1", method="pca", samples=100, progress=False)
    assert len(some.xy) == 100
    assert {some.ids[i] for i in range(100)} <= {everything.ids[i] for i in range(1797)}


def test_an_embedding_is_kept_and_read_back_without_the_net(run, monkeypatch):
    first = embed(run)
    assert first.xy.shape == (len(run.split.test), 2)
    assert first.xy.dtype == np.float32
    assert first.quality.trustworthiness > 0.9
    assert first.quality.accuracy_layer > 0.9
    assert first.misplaced.shape == (len(first.xy),)
    number = first.file.stat().st_ino
    with monkeypatch.context() as patched:
        patched.setattr("cutaway.models.forward", None)
        again = embed(run)
    for name in ("xy", "misplaced", "predicted"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert again.file.stat().st_ino == number
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
