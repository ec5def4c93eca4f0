"""Figures of single results: what they draw is what they were given, and hostile names stay text."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from cutaway.errors import DataError
from cutaway.plots import (
    CLASS_COLORS,
    Bars,
    DrawnUnit,
    ExplainedAnswer,
    bars,
    drawn_unit,
    embedding_film,
    embedding_steps,
    explained_answer,
    finding_list,
    heat_map,
    weight_grid,
)
from cutaway.plots.theme import BLUE, ORANGE, shortened

HOSTILE = ["<img src=x onerror=alert(1)>", "$\\frac{", "a\nb", "}} {{ 7*7", "x" * 200]


def _widths(axes):
    return [bar.get_width() for bar in axes.patches]


def test_bars_have_the_values_their_intervals_and_their_names():
    values = np.array([0.2, -0.1, np.nan])
    figure = bars([Bars("A", ["one", "two", "three"], values, values - 0.05, values + 0.1, signed=True)], title="all")
    (axes,) = figure.axes
    np.testing.assert_allclose(_widths(axes), values)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["one", "two", "three"]
    assert [to_hex(bar.get_facecolor()) for bar in axes.patches[:2]] == [ORANGE, BLUE]
    (ends,) = axes.containers[1].lines[2]
    np.testing.assert_allclose([segment[:, 0] for segment in ends.get_segments()[:2]], [[0.15, 0.3], [-0.15, 0.0]])
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first bar is on top


def test_bars_stand_in_three_columns_and_without_a_sign_they_are_blue():
    figure = bars([Bars(str(k), ["a"], [k - 1.0]) for k in range(4)])
    assert [axes.get_visible() for axes in figure.axes] == [True] * 4 + [False] * 2
    assert {to_hex(axes.patches[0].get_facecolor()) for axes in figure.axes[:4]} == {BLUE}


def test_a_heat_map_shows_the_matrix_with_its_numbers_and_names():
    values = np.array([[1, 0.25], [np.nan, 0.5]])
    axes = heat_map(values, rows=["a", "b"], columns=["c", "d"], title="t", x_label="x").axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array().filled(np.nan), values)
    assert [text.get_text() for text in axes.texts] == ["1.00", "0.25", "–", "0.50"]
    assert axes.images[0].get_clim() == (0, 1)


def test_names_of_a_large_heat_map_are_spaced():
    axes = heat_map(np.zeros((100, 100)), rows=list(map(str, range(100))), columns=["c"] * 100).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()][:3] == ["0", "3", "6"]
    assert not axes.texts


def _answer(**changed):
    fields = {
        "sentence": "why",
        "image": np.full((2, 2), 0.5),
        "inputs": np.array([[1.0, -2.0], [0, 0]]),
        "input_names": (),
        "probabilities": np.array([0.1, 0.7, 0.2]),
        "class_names": ["a", "b", "c"],
        "winner": 1,
        "runner_up": 2,
        "units": {"dense": np.arange(-10.0, 10.0)},
    }
    return ExplainedAnswer(**(fields | changed))


def test_an_explanation_shows_the_sample_its_probabilities_and_the_largest_contributions():
    figure = explained_answer(_answer())
    sample, inputs, chances, units = figure.axes
    np.testing.assert_array_equal(sample.images[0].get_array(), np.full((2, 2), 0.5))
    np.testing.assert_array_equal(inputs.images[0].get_array(), [[1, -2], [0, 0]])
    assert inputs.images[0].get_clim() == (-2, 2)
    np.testing.assert_allclose(_widths(chances), [0.7, 0.2, 0.1])
    assert [text.get_text() for text in chances.get_yticklabels()] == ["b", "c", "a"]
    assert [to_hex(bar.get_facecolor()) for bar in chances.patches[:2]] == [ORANGE, BLUE]
    assert _widths(units) == [9, 8, 7, 6, -5, -6, -7, -8, -9, -10]
    assert figure.get_suptitle() == "why"


def test_an_explanation_of_a_row_shows_its_columns():
    rows = explained_answer(_answer(image=None, inputs=np.array([1.0, -3.0]), input_names=["age", "$pay"])).axes[0]
    assert _widths(rows) == [1, -3]
    assert [text.get_text() for text in rows.get_yticklabels()] == ["age", "$pay"]


def test_weights_of_units_are_drawn_around_zero():
    weights = np.array([[[1.0, -4.0]], [[0.0, 0.0]], [[2.0, 2.0]]])
    figure = weight_grid(weights, ["a", "b", "$c"], title="units")
    for axes, image, title in zip(figure.axes, weights, ["a", "b", "$c"], strict=False):
        np.testing.assert_array_equal(axes.images[0].get_array(), image)
        assert axes.get_title(loc="left") == title
        assert axes.images[0].get_clim()[0] == -axes.images[0].get_clim()[1]


def test_a_unit_shows_its_class_means_in_the_colors_of_the_classes():
    unit = DrawnUnit("u", None, np.array([0.5, np.nan]), ["a", "b"], None, np.array([3.0]), ["test[1]"])
    means, top = drawn_unit(unit).axes
    np.testing.assert_array_equal(_widths(means), [0.5, np.nan])
    assert to_hex(means.patches[0].get_facecolor()) == CLASS_COLORS[0]
    assert _widths(top) == [3]
    images = np.arange(8.0).reshape(2, 2, 2) / 8
    imaged = DrawnUnit("u", images[0], np.ones(2), ["a", "b"], images, np.array([3.0, 2.0]), ["s", "t"])
    weights, _, first, second, *_ = drawn_unit(imaged).axes
    np.testing.assert_array_equal(weights.images[0].get_array(), images[0])
    np.testing.assert_array_equal(second.images[0].get_array(), images[1])
    assert first.get_title(loc="left") == "3"


def test_findings_are_listed_with_their_texts():
    (axes,) = finding_list(["warning", "good"], ["Too $long", "Fine"], ["word " * 60, "short"]).axes
    shown = [text.get_text() for text in axes.texts]
    assert shown[0] == "warning: Too $long"
    assert shown[1].replace("\n", " ") == ("word " * 60).strip()
    assert shown[2:] == ["good: Fine", "short"]
    assert [line.get_marker() for line in axes.lines] == ["^", "s"]
    assert [text.get_text() for text in finding_list([], [], []).axes[0].texts] == ["no findings"]


XY = np.random.default_rng(0).normal(size=(3, 40, 2)).astype(np.float32) * [[[1, 1]], [[5, 2]], [[2, 2]]]
LABELS = np.arange(40) % 4
NAMES = ["a", "b", "c", "d"]


def test_all_steps_have_the_same_axes():
    figure = embedding_steps(XY, LABELS, NAMES, titles=["one", "two", "$three"], columns=2)
    first, second, third, empty = figure.axes
    assert first.get_xlim() == second.get_xlim() == third.get_xlim()
    assert first.get_ylim() == second.get_ylim() == third.get_ylim()
    assert np.ptp(first.get_xlim()) == pytest.approx(np.ptp(first.get_ylim()))
    assert first.get_xlim()[0] < XY[..., 0].min() < XY[..., 0].max() < first.get_xlim()[1]
    for axes, step in zip((first, second, third), XY, strict=True):
        np.testing.assert_allclose(axes.collections[0].get_offsets(), step, rtol=1e-6)
        assert axes.get_aspect() == 1
    assert not empty.get_visible()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == NAMES


def test_a_film_stands_still_at_each_step_and_moves_between():
    data = embedding_film(XY, LABELS, NAMES, titles=["one", "two", "three"])
    with Image.open(io.BytesIO(data)) as film:
        assert (film.format, film.n_frames, film.info.get("loop")) == ("WEBP", 3 + 2 * 7, 0)
        durations = []
        for frame in range(film.n_frames):
            film.seek(frame)
            film.load()
            durations.append(film.info["duration"])
    assert [frame for frame, duration in enumerate(durations) if duration > 1000] == [0, 8, 16]


@pytest.mark.parametrize(("steps", "columns"), [(0, 4), (3, 0), (3, -1)])
def test_a_figure_needs_something_to_draw_and_a_column(steps, columns):
    with pytest.raises(DataError):
        embedding_steps(XY[:steps], LABELS, NAMES, titles=["one", "two", "three"][:steps], columns=columns)


def test_hostile_names_stay_text_in_every_figure(tmp_path):
    names = HOSTILE[:4]
    figures = [
        bars([Bars(HOSTILE[1], HOSTILE, np.ones(5), x_label=HOSTILE[1])], title=HOSTILE[1]),
        heat_map(np.eye(5), rows=HOSTILE, columns=HOSTILE, title=HOSTILE[1], x_label=HOSTILE[1]),
        explained_answer(_answer(sentence=HOSTILE[1], class_names=HOSTILE[:3], units={HOSTILE[1]: np.ones(2)})),
        weight_grid(np.ones((1, 2, 2)), [HOSTILE[1]], title=HOSTILE[1]),
        drawn_unit(DrawnUnit(HOSTILE[1], None, np.ones(5), HOSTILE, None, np.ones(5), HOSTILE)),
        finding_list(["note"], [HOSTILE[1]], [HOSTILE[1]]),
        embedding_steps(XY, LABELS, names, titles=HOSTILE[:3]),
    ]
    for number, figure in enumerate(figures):
        figure.savefig(tmp_path / f"{number}.png")
    shown = [text.get_text() for text in figures[0].axes[0].get_yticklabels()]
    assert shown == [shortened(name) for name in HOSTILE]
    assert max(map(len, shown)) == 28
    embedding_film(XY, LABELS, names, titles=HOSTILE[:3])
