import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.plots import CLASS_COLORS, class_style
from cutaway.plots.theme import point_alpha, point_size


def _rgb(color):
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def test_the_ten_colors_are_the_published_ones():
    import matplotlib.style

    published = matplotlib.style.library["petroff10"]["axes.prop_cycle"].by_key()["color"]
    assert list(CLASS_COLORS) == published


def test_any_two_colors_differ():
    nearest = min(np.abs(_rgb(a) - _rgb(b)).sum() for a, b in combinations(CLASS_COLORS, 2))
    assert nearest > 0.3


@given(st.integers(0, 59), st.integers(0, 59))
def test_sixty_classes_look_different(a, b):
    assert (class_style(a) == class_style(b)) == (a == b)


def test_the_eleventh_class_has_the_first_color_with_another_marker():
    assert (class_style(0).color, class_style(0).marker) == ("#3f90da", "circle")
    assert (class_style(10).color, class_style(10).marker) == ("#3f90da", "triangle")
    assert class_style(60) == class_style(0)


def test_every_marker_is_known_to_both_libraries():
    from bokeh.core.enums import MarkerType
    from matplotlib.markers import MarkerStyle

    for index in range(0, 60, 10):
        assert class_style(index).marker in MarkerType
        assert class_style(index).matplotlib_marker in MarkerStyle.markers


@pytest.mark.parametrize(("count", "size", "alpha"), [(3, 10.0, 0.9), (200, 10.0, 0.9), (70_000, 2.312, 0.45)])
def test_points_become_smaller_and_more_transparent_with_their_number(count, size, alpha):
    assert point_size(count) == pytest.approx(size, abs=1e-3)
    assert point_alpha(count) == pytest.approx(alpha)


@pytest.mark.parametrize("room", ["cutaway.plots", "cutaway.page"])
def test_importing_the_room_does_not_import_the_figure_libraries(room):
    code = f"import sys, {room}; print([m for m in ('bokeh', 'matplotlib', 'PIL', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_types_of_figures_are_loaded_when_they_are_asked_for():
    import bokeh.plotting
    import matplotlib.figure

    import cutaway.plots

    assert cutaway.plots.Figure is matplotlib.figure.Figure
    assert cutaway.plots.BokehFigure is bokeh.plotting.figure
