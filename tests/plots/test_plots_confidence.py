import numpy as np
import pytest

from cutaway.errors import DataError
from cutaway.plots import confidence_scatter

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


@pytest.mark.parametrize(
    "wrong",
    [(FIRST[:3], SECOND, CHANGES), (FIRST * np.nan, SECOND, CHANGES), (FIRST, SECOND, CHANGES + 1)],
)
def test_arrays_that_do_not_fit_are_refused(wrong):
    with pytest.raises(DataError):
        confidence_scatter(*wrong, runs=("a", "b"))
