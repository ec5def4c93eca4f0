from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from cutaway.plots import confusion_matrix
from cutaway.plots.theme import RIGHT_COLOR, WRONG_COLOR, shortened

MATRIX = np.array([[50, 0, 0], [2, 38, 10], [0, 1, 99]])
NAMES = ["cat", "dog", "owl"]
HOSTILE = ['<img src=x onerror="hacked=1">', "$$x$$", "$\\broken{ @{count} {{ 7*7 }}"]


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


def test_hostile_names_stay_text(tmp_path):
    figure = confusion_matrix(MATRIX, HOSTILE)
    figure.savefig(tmp_path / "confusion.png")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == [shortened(name, 22) for name in HOSTILE]


def test_many_classes_are_drawn_without_counts():
    names = [str(i) for i in range(26)]
    assert not confusion_matrix(np.eye(26, dtype=int), names).axes[0].texts


@pytest.mark.parametrize("size", [40, pytest.param(100, marks=pytest.mark.exhaustive)])
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
