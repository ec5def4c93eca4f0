"""What a run and an embedding hand to their widgets."""

from dataclasses import replace

import numpy as np
import pytest

from cutaway.embedding import Quality
from cutaway.errors import CutawayWarning, UnknownNameError, UsageError
from cutaway.page import scale_layout
from cutaway.progress import ignore_progress
from cutaway.report.explorer import explore, shown_maps
from cutaway.report.explorer.section import left_out
from cutaway.topics.common.options import MapOptions
from cutaway.topics.common.source import ReportSource

ONE_MAP = MapOptions(split="all", samples=200, layers=(), epochs=())


@pytest.fixture(scope="module")
def widget(digits_run):
    made = digits_run.explore(progress=False)
    yield made
    made.close()


@pytest.mark.exhaustive
def test_the_table_of_a_run_agrees_with_its_predictions_at_every_epoch(digits_run, widget):
    assert widget.to_pandas().index.tolist() == digits_run.split.test.names()
    names = np.asarray(digits_run.context.class_names)
    labels = digits_run.labels()
    assert widget.epoch == digits_run.context.epoch()
    for epoch in (0, widget.epoch):
        widget.epoch = epoch
        table, probabilities = widget.to_pandas(), digits_run.predictions(epoch=epoch)
        assert table["label"].tolist() == names[labels].tolist()
        assert table["predicted"].tolist() == names[probabilities.argmax(axis=1)].tolist()
        assert table["right"].tolist() == (probabilities.argmax(axis=1) == labels).tolist()
        np.testing.assert_allclose(table["confidence"], probabilities.max(axis=1), rtol=1e-5)


@pytest.mark.exhaustive
def test_wrong_samples_are_selected_by_a_query(digits_run, widget):
    widget.epoch = None
    widget.selection = widget.to_pandas().query("not right")
    wrong = digits_run.predictions().argmax(axis=1) != digits_run.labels()
    assert widget.selected == tuple(np.flatnonzero(wrong))


def test_split_and_epochs_are_chosen_and_the_kept_epoch_is_always_there(digits_run):
    told = []
    made = digits_run.explore(split="val", epochs=0, samples=50, height=300, progress=told.append)
    assert {each.task for each in told} == {"report"}
    assert told[-1].done == told[-1].total
    assert made.record.epochs == tuple(sorted({0, digits_run.context.epoch()}))
    assert len(made.to_pandas()) == 50
    assert set(made.to_pandas().index) <= set(digits_run.split.val.names())
    assert set(made.selection.columns) >= {"label", "split", "confidence"}
    assert made.height == 300


@pytest.mark.exhaustive
def test_more_maps_than_an_hour_makes_are_refused(digits_run, monkeypatch):
    shown = {"split": "val", "samples": 50, "progress": False}
    monkeypatch.setattr("cutaway.report.explorer.section.MOST_ASKED", (1 + 3 * 3) * 50)
    assert len(digits_run.explore(epochs=[1, 2], **shown).record.epochs) <= 3
    with pytest.raises(UsageError):
        digits_run.explore(epochs=list(range(7)), **shown)


@pytest.mark.exhaustive
def test_many_samples_have_maps_of_fewer_epochs_which_a_note_and_the_page_say(digits_run, monkeypatch):
    source = ReportSource(digits_run.context, ignore_progress, MapOptions(split="val"))
    count = len(digits_run.split.val)
    layers, every = shown_maps(source)
    assert (len(layers), every, left_out(source)) == (4, list(range(7)), "")
    monkeypatch.setattr("cutaway.report.explorer.section.MOST_PLACED", 22 * count)  # one map, and 7 of 3 layers
    assert shown_maps(source) == (layers, every)
    monkeypatch.setattr("cutaway.report.explorer.section.MOST_PLACED", 22 * count - 1)
    assert shown_maps(source)[1] == [0, 1, 2, 4, 5, 6]
    monkeypatch.setattr("cutaway.report.explorer.section.MOST_PLACED", 1)
    kept = digits_run.context.epoch()
    assert shown_maps(source)[1] == sorted({0, kept, 6, *([3] if kept == 6 else [])})
    said = f"maps of {count} samples are of 3 of 7 epochs"
    with pytest.warns(CutawayWarning, match=said):
        record = digits_run.explore(split="val", progress=False).record
    assert said in record.caption
    assert len(record.epochs) == 3
    chosen = digits_run.explore(split="val", epochs=[1, 2], progress=False).record  # those are made, without a note
    assert chosen.epochs == tuple(sorted({1, 2, kept}))
    assert said not in chosen.caption
    monkeypatch.undo()
    monkeypatch.setattr("cutaway.report.explorer.section.MOST_PLACED", 22 * 50)
    fewer = digits_run.explore(split="val", samples=50, progress=False).record
    assert (fewer.count, fewer.epochs) == (50, tuple(every))
    assert fewer.python[1] == 'run.explore(split="val", samples=50)'


@pytest.mark.parametrize(("options", "error"), [({"epochs": [99]}, UnknownNameError), ({"height": 10}, UsageError)])
def test_wrong_options_are_refused(digits_run, options, error):
    with pytest.raises(error):
        digits_run.explore(**options, progress=False)


def test_too_few_samples_are_no_map(digits_run, monkeypatch):
    monkeypatch.setattr("cutaway.report.explorer.section.FEWEST", 10_000)
    monkeypatch.setattr("cutaway.report.explorer.by_itself.FEWEST", 10_000)
    with pytest.raises(UsageError):
        digits_run.explore(progress=False)


def test_nothing_is_computed_where_the_widget_cannot_be_shown(digits_run, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cutaway.page.notebook.widget", None)
    monkeypatch.setattr("cutaway.report.run_explorer", lambda *_, **__: pytest.fail("computed"))
    with pytest.raises(UsageError):
        digits_run.explore()


def test_an_embedding_explores_its_layer_its_epoch_and_its_samples(digits_run):
    embedding = digits_run.embed("dense_1", split="val", method="pca", progress=False)
    made = embedding.explore()
    assert (made.layer, made.epoch) == ("dense_1", embedding.epoch)
    np.testing.assert_array_equal(made.record.layers[0].layouts[0], scale_layout(embedding.xy))
    table = made.to_pandas()
    assert table.index.tolist() == embedding.ids.names()
    assert table["predicted"].tolist() == embedding.to_pandas()["predicted"].tolist()
    assert made.record.images.shape == (len(embedding), 8, 8)
    near = made.record.neighbors
    h = embedding.activations()
    distances = np.linalg.norm(h[:, None] - h[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_allclose(
        np.take_along_axis(distances, near, axis=1),
        np.sort(distances, axis=1)[:, : near.shape[1]],
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.exhaustive
def test_the_density_of_all_samples_lies_below_the_points_of_some(digits_run, tmp_path):
    source = ReportSource(digits_run.context, ignore_progress, ONE_MAP)
    whole = digits_run.embed(progress=False)
    found = explore(source)
    assert found.count == 200
    assert "1,797" in found.caption
    density, root = found.density, found.layers[found.layer]
    assert (root.name, density.epoch) == (whole.layer, found.kept)
    assert density.layer == found.layer
    # the points are samples of the whole, so that their cells are not empty, and few samples lie beyond all points
    (grid,) = (grid for grid in density.grids if grid.side == 1024)
    held, size = dict(zip(grid.tiles.tolist(), grid.counts, strict=True)), grid.counts.shape[1]
    places = np.maximum(root.layouts[density.epoch].astype(int) * grid.side // 65536, 0)
    tiles = places[:, 1] // size * (grid.side // size) + places[:, 0] // size
    there = [t in held and held[t][y % size, x % size] > 0 for t, (x, y) in zip(tiles.tolist(), places, strict=True)]
    assert np.mean(there) > 0.9
    assert {0.8 * 1797 < each.counts.sum() <= 1797 for each in density.grids} == {True}
    train = explore(replace(source, options=replace(source.options, split="train")))
    assert 0.8 * len(digits_run.split.train) < train.density.grids[0].counts.sum() <= len(digits_run.split.train)
    assert explore(replace(source, options=replace(source.options, split=None))).density is None


def test_cautions_stand_first_below_the_map(digits_run, monkeypatch):
    source = ReportSource(digits_run.context, ignore_progress, ONE_MAP)
    monkeypatch.setattr(Quality, "cautions", ("One thing.", "Another."))
    found = explore(source)
    assert found.caption.index("One thing. Another.") < found.caption.index("200 of 1,797")
