import numpy as np
from matplotlib.colors import to_hex

from cutaway.plots import confidence_scatter, data_map
from cutaway.plots.kinds import COLORS

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


def test_kinds_without_a_sample_are_left_out():
    assert len(data_map(X[:1], Y[:1], KINDS[:1], NAMES).axes[0].collections) == 1


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
