import numpy as np
import pytest
from bokeh.models import HoverTool
from matplotlib.colors import to_hex

from cutaway.errors import DataError
from cutaway.plots import data_map, data_map_bokeh
from cutaway.plots.data_map import COLORS

X, Y, KINDS = np.array([0.0, 0.4, 0.1, 0.05]), np.array([0.99, 0.5, 0.9, 0.1]), np.array([0, 1, 0, 2])
NAMES = ("easy", "ambiguous", "hard")


def test_points_are_at_their_variability_and_confidence_in_the_color_of_their_kind():
    figure = data_map(X, Y, KINDS, NAMES, title="map $")
    (axes,) = figure.axes
    for number, points in enumerate(axes.collections):
        np.testing.assert_allclose(points.get_offsets(), np.stack([X, Y], axis=1)[number == KINDS], rtol=1e-6)
        assert to_hex(points.get_facecolors()[0]) == COLORS[number]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["easy (2)", "ambiguous (1)", "hard (1)"]
    assert axes.get_title(loc="left") == "map $"
    assert axes.get_xlabel().startswith("variability")


def test_the_bokeh_map_tells_of_each_sample():
    details = {"label": ["a", "b", "<c>", "d"], "forgotten": np.array([0, 2, 0, 1])}
    plot = data_map_bokeh(X, Y, KINDS, NAMES, names=["t[0]", "t[1]", "t[2]", "t[3]"], details=details)
    columns = {renderer.name: renderer.data_source.data for renderer in plot.renderers}
    assert list(columns) == ["easy (2)", "ambiguous (1)", "hard (1)"]
    assert columns["easy (2)"]["told_0"] == ["t[0]", "t[2]"]
    assert columns["easy (2)"]["told_1"] == ["a", "<c>"]
    assert columns["hard (1)"]["told_2"] == [1]
    np.testing.assert_allclose(columns["ambiguous (1)"]["x"], [0.4])
    tooltips = plot.select_one(HoverTool).tooltips
    assert "<b>@{told_0}</b>" in tooltips
    assert "forgotten @{told_2}" in tooltips
    assert plot.legend[0].click_policy == "hide"
    assert "sheet" in data_map_bokeh(X, Y, KINDS, NAMES, pictures=np.zeros((4, 2, 2))).renderers[0].data_source.data


def test_kinds_without_a_sample_are_left_out():
    assert len(data_map_bokeh(X[:1], Y[:1], KINDS[:1], NAMES).renderers) == 1
    assert len(data_map(X[:1], Y[:1], KINDS[:1], NAMES).axes[0].collections) == 1


@pytest.mark.parametrize(
    ("arrays", "got"),
    [((X[:2], Y, KINDS), r"\(2,\), \(4,\)"), ((X[:0],) * 3, r"\(0,\)"), ((X * np.nan, Y, KINDS), "NaN or infinity")],
)
def test_arrays_that_do_not_fit_are_refused(arrays, got):
    with pytest.raises(DataError, match=f"at least one; got .*{got}"):
        data_map(*arrays, NAMES)


def test_names_of_other_samples_are_refused():
    with pytest.raises(DataError, match="got 1 entries"):
        data_map_bokeh(X, Y, KINDS, NAMES, names=["t[0]"])
