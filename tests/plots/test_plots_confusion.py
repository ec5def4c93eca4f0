from itertools import pairwise

import numpy as np
import pytest
from bokeh.models import ColumnDataSource, HoverTool, NoOverlap, PlainText
from bokeh.models.glyphs import Text
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.colors import to_rgb

from cutaway.errors import DataError
from cutaway.plots import confusion_matrix, confusion_matrix_bokeh
from cutaway.plots.theme import RIGHT_COLOR, WRONG_COLOR, shortened

MATRIX = np.array([[50, 0, 0], [2, 38, 10], [0, 1, 99]])
NAMES = ["cat", "dog", "owl"]
HOSTILE = ['<img src=x onerror="hacked=1">', "$$x$$", "$\\broken{ @{count} {{ 7*7 }}"]


def _source(plot):
    return plot.select_one(ColumnDataSource).data


def test_cells_hold_the_counts():
    axes = confusion_matrix(MATRIX, NAMES).axes[0]
    written = {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in axes.texts}
    assert written == {(0, 0): "50", (1, 0): "2", (1, 1): "38", (1, 2): "10", (2, 1): "1", (2, 2): "99"}
    assert [t.get_text() for t in axes.get_xticklabels()] == NAMES
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")


def test_errors_are_more_opaque_than_the_diagonal():
    cells = np.asarray(confusion_matrix(MATRIX, NAMES).axes[0].images[0].get_array())
    # as on white, so that dark numbers are legible on every page; cells without samples show the page
    right, wrong = ((1 - cells[..., :3]) / (1 - np.array(to_rgb(color))) for color in (RIGHT_COLOR, WRONG_COLOR))
    assert wrong[1, 2] == pytest.approx([0.65] * 3)  # 20% of its row, the worst share
    assert wrong[1, 0] == pytest.approx([0.65 * np.sqrt(0.04 / 0.2)] * 3)
    assert right[0, 0] == pytest.approx([0.22] * 3)
    assert (cells[..., 3] == (MATRIX > 0)).all()


def test_the_tooltip_is_a_sentence():
    plot = confusion_matrix_bokeh(MATRIX, NAMES)
    template = plot.select_one(HoverTool).tooltips
    data = _source(plot)
    cell = list(zip(data["true"], data["predicted"], strict=True)).index((1, 2))
    for column, values in data.items():
        template = template.replace(f"@{{{column}}}", str(values[cell]))
    assert template == "<div>true dog predicted as owl: 10 of 50 (20.0%)</div>"


def test_the_first_row_is_on_top_and_zeros_are_blank():
    plot = confusion_matrix_bokeh(MATRIX, NAMES)
    assert (plot.y_range.start, plot.y_range.end) == (2.5, -0.5)
    assert _source(plot)["cell_text"] == ["50", "", "", "2", "38", "10", "", "1", "99"]


@settings(deadline=None)
@given(st.integers(1, 6).flatmap(lambda n: arrays(np.int64, (n, n), elements=st.integers(0, 10**6))))
def test_percentages_are_shares_of_rows(matrix):
    names = [str(i) for i in range(len(matrix))]
    data = _source(confusion_matrix_bokeh(matrix, names))
    for true, predicted, percent, opacity in zip(
        data["true"], data["predicted"], data["percent"], data["opacity"], strict=True
    ):
        row = matrix[true].sum()
        assert float(percent) == pytest.approx(100 * matrix[true, predicted] / row if row else 0, abs=0.051)
        assert 0 <= opacity <= 0.65
        assert (opacity > 0) == (matrix[true, predicted] > 0)


def test_hostile_names_stay_text(tmp_path):
    confusion_matrix(MATRIX, HOSTILE).savefig(tmp_path / "confusion.png")
    plot = confusion_matrix_bokeh(MATRIX, HOSTILE)
    labels = plot.xaxis[0].major_label_overrides
    assert all(isinstance(label, PlainText) for label in labels.values())
    assert [label.text for label in labels.values()] == [shortened(name, 22) for name in HOSTILE]
    assert HOSTILE[0] not in plot.select_one(HoverTool).tooltips


def test_many_classes_are_drawn_without_counts():
    names = [str(i) for i in range(26)]
    assert not confusion_matrix(np.eye(26, dtype=int), names).axes[0].texts
    assert confusion_matrix_bokeh(np.eye(26, dtype=int), names).select_one(Text) is None


@pytest.mark.parametrize("draw", [confusion_matrix, confusion_matrix_bokeh])
@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (MATRIX[:2], r"each of the 3 class names; got int64 of shape \(2, 3\)"),
        (MATRIX / 2, "got float64 of shape"),
        (-MATRIX, "some below 0"),
        (np.zeros((0, 0), int), r"shape \(0, 0\)"),
    ],
)
def test_invalid_matrices_are_refused(draw, matrix, message):
    with pytest.raises(DataError, match=message):
        draw(matrix, NAMES)


@pytest.mark.parametrize("size", [2, 40, 100])
def test_names_of_many_classes_do_not_overlap(size):
    names = [f"{['ocean', 'Northern bird of paradise'][i % 2]} number {i}" for i in range(size)]
    figure = confusion_matrix(np.eye(size, dtype=int), names)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    for labels, side in ((axes.get_xticklabels(), 0), (axes.get_yticklabels(), 1)):
        ends = sorted([label.get_window_extent().get_points()[:, side].tolist() for label in labels])
        assert all(first[1] <= second[0] + 1 for first, second in pairwise(ends))
        assert len(ends) >= min(size, 30)
    cells = axes.get_window_extent()
    assert cells.width > 0.5 * figure.get_window_extent().width
    plot = confusion_matrix_bokeh(np.eye(size, dtype=int), names)
    assert all(isinstance(axis.major_label_policy, NoOverlap) for axis in plot.axis)
