import re
import subprocess
import sys
from importlib.resources import files
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.plots import CLASS_COLORS, class_style
from cutaway.plots.theme import INK, LINE_COLORS, MUTED, ON_LIGHT, point_alpha, point_size
from cutaway.topics.embedding.explorer import explorer_colors

from .color_difference import DEFICIENCIES, ciede2000, contrast, lab, oklab_chroma

PAGES = ("#ffffff", "#1b1e22")
CONFUSED = [(4, 9), (3, 8), (3, 5), (7, 9)]
"""The digits of MNIST that are most often confused."""


def test_any_two_colors_differ_for_normal_eyes_and_for_each_deficiency():
    nearest = {eyes: _differences(eyes).min() for eyes in DEFICIENCIES}
    assert nearest["normal"] >= 25.7
    assert min(nearest.values()) >= 15.4


def test_the_digits_that_are_confused_most_differ_most():
    pairs = list(combinations(range(10), 2))
    for eyes in DEFICIENCIES:
        between = dict(zip(pairs, _differences(eyes), strict=True))
        assert min(between[pair] for pair in CONFUSED) >= 36


@pytest.mark.parametrize("page", PAGES)
def test_every_color_stands_out_on_light_and_dark_pages(page):
    assert min(contrast(color, page) for color in CLASS_COLORS) >= 2.0
    assert min(contrast(color, page) for color in LINE_COLORS) >= 2.3


@pytest.mark.parametrize("page", [*PAGES, "#111111"])  # the last one is JupyterLab's
def test_text_is_legible_on_light_and_dark_pages(page):
    assert min(contrast(INK, page), contrast(MUTED, page)) >= 4.05
    assert contrast(ON_LIGHT, "#ffffff") >= 7


@pytest.mark.parametrize("scheme", [0, -1], ids=["light", "dark"])
def test_colors_of_the_map_stand_out_and_none_has_two_meanings(scheme):
    found = {
        key: re.findall("#[0-9a-f]{6}", str(value)) for key, value in explorer_colors().items() if key != "sequential"
    }
    classes = found["classes"][scheme % 2 :: 2]
    assert len(classes) == len(CLASS_COLORS)
    tones = re.findall(
        r"--(\w+): light-dark\((#\w+), (#\w+)\)", files("cutaway.page").joinpath("templates/page.css").read_text()
    )
    page = {name: colors[scheme] for name, *colors in tones}
    others = [
        found["right"][scheme],
        found["wrong"][scheme],
        *(page[name] for name in ("wrong", "warning", "good", "accent")),
    ]
    compared = [re.findall("#[0-9a-f]{6}", color)[scheme] for color in explorer_colors()["compared"]]
    assert min(contrast(color, page["surface"]) for color in [*classes, *compared, *others[:2]]) >= 3
    for eyes, most in {"normal": 18, "protanopia": 11, "deuteranopia": 11, "tritanopia": 11}.items():
        seen = [lab(color, eyes) for color in classes]
        assert min(ciede2000(a, b) for a, b in combinations(seen, 2)) >= most
    assert min(ciede2000(lab(a), lab(b)) for a in classes for b in others) >= 13


def test_no_color_is_gray_or_glaring():
    for color in CLASS_COLORS:
        assert 0.08 <= oklab_chroma(color) <= 0.17


def _differences(eyes):
    seen = [lab(color, eyes) for color in CLASS_COLORS]
    return np.array([ciede2000(a, b) for a, b in combinations(seen, 2)])


@given(st.integers(0, 59), st.integers(0, 59))
def test_sixty_classes_look_different(a, b):
    assert (class_style(a) == class_style(b)) == (a == b)


def test_the_eleventh_class_has_the_first_color_with_another_marker():
    assert (class_style(0).color, class_style(0).marker) == (CLASS_COLORS[0], "circle")
    assert (class_style(10).color, class_style(10).marker) == (CLASS_COLORS[0], "triangle")
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


def test_importing_the_rooms_does_not_import_the_figure_libraries():
    names = "('bokeh', 'matplotlib', 'PIL', 'pandas')"
    code = f"import sys, cutaway.plots, cutaway.page; print([m for m in {names} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_types_of_figures_are_loaded_when_they_are_asked_for():
    import bokeh.plotting
    import matplotlib.figure

    import cutaway.plots

    assert cutaway.plots.Figure is matplotlib.figure.Figure
    assert cutaway.plots.BokehFigure is bokeh.plotting.figure
