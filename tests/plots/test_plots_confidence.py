import numpy as np
import pytest
from bokeh.models import HoverTool

from cutaway.errors import DataError
from cutaway.plots import confidence_scatter, confidence_scatter_bokeh

FIRST = np.array([0.9, 0.2, 0.8, 0.1, 0.95])
SECOND = np.array([0.8, 0.7, 0.3, 0.2, 0.9])
CHANGES = np.array([0, 1, 2, 3, 0])
EXPECTED = {
    "right in both (2)": [[0.9, 0.8], [0.95, 0.9]],
    "fixed (1)": [[0.2, 0.7]],
    "broken (1)": [[0.8, 0.3]],
    "wrong in both (1)": [[0.1, 0.2]],
}


def test_every_point_is_drawn_in_the_look_of_what_became_of_it():
    figure = confidence_scatter(FIRST, SECOND, CHANGES, runs=("a $run", "b"))
    (axes,) = figure.axes
    for points in axes.collections:
        np.testing.assert_allclose(points.get_offsets(), EXPECTED[points.get_label()], atol=1e-6)
    assert len(axes.collections) == 4
    assert "a $run" in axes.get_xlabel()
    figure.draw_without_rendering()


def test_the_bokeh_figure_shows_the_same_and_names_in_tooltips():
    names, labels = [f"test[{i}]" for i in range(5)], list("abcde")
    about = {"names": names, "labels": labels, "predicted": (labels, labels[::-1])}
    figure = confidence_scatter_bokeh(FIRST, SECOND, CHANGES, runs=("a", "b"), **about)
    drawn = {item.label.value: item.renderers[0].data_source.data for legend in figure.legend for item in legend.items}
    assert drawn.keys() == EXPECTED.keys()
    for label, data in drawn.items():
        np.testing.assert_allclose(np.stack([data["x"], data["y"]], axis=1), EXPECTED[label], atol=1e-6)
    assert drawn["fixed (1)"]["name"] == ["test[1]"]
    assert (drawn["fixed (1)"]["a"], drawn["fixed (1)"]["b"]) == (["b"], ["d"])
    assert "@{name}" in figure.select_one(HoverTool).tooltips
    plain = confidence_scatter_bokeh(FIRST, SECOND, CHANGES, runs=("a", "b"))
    assert "@{name}" not in plain.select_one(HoverTool).tooltips


@pytest.mark.parametrize(
    "wrong",
    [(FIRST[:3], SECOND, CHANGES), (FIRST * np.nan, SECOND, CHANGES), (FIRST, SECOND, CHANGES + 1)],
)
def test_arrays_that_do_not_fit_are_refused(wrong):
    with pytest.raises(DataError):
        confidence_scatter(*wrong, runs=("a", "b"))
