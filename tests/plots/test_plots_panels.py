import json

import matplotlib
import numpy as np
import pytest

from cutaway.plots import Mark, Panel, Series, panels
from cutaway.plots.theme import LINE_COLORS

X = np.array([0.1, 0.5, 0.9])
BAND = Series("a $band", X, X**2, X**2 - 0.1, X**2 + 0.1)
POINTS = Series("points", X, X, X - 0.05, X + 0.05, color=1, points=True, line=False)
PANEL = Panel("A $title", "share", "accuracy", [BAND, POINTS], x_percent=True, y_percent=True, diagonal=True)


def test_curves_have_bands_and_points_have_bars():
    (axes,) = panels([PANEL], title="all $of").axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    np.testing.assert_allclose(lines["a $band"].get_ydata(), X**2)
    assert lines["points"].get_linestyle() == "None"
    assert axes.get_title(loc="left") == "A $title"
    assert len(axes.collections) == 2  # a band, and bars
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a $band", "points"]


def test_a_figure_is_drawn_and_changes_no_global_setting(tmp_path):
    before = dict(matplotlib.rcParams)
    log = Panel("log", "samples", "loss", [Series("", X * 1000, X)], x_log=True, x_ticks=[100, 400])
    figure = panels([PANEL, log])
    figure.savefig(tmp_path / "panels.png")
    assert dict(matplotlib.rcParams) == before
    assert [label.get_text() for label in figure.axes[1].get_xticklabels()] == ["100", "400"]
    assert figure.axes[1].get_legend() is None


def test_long_curves_are_thinned_and_keep_their_ends():
    x = np.linspace(0, 1, 50_000)
    (axes,) = panels([Panel("", "", "", [Series("", x, x)])]).axes
    drawn = axes.get_lines()[0].get_xdata()
    assert len(drawn) == 1000
    assert (drawn[0], drawn[-1]) == (0, 1)


@pytest.mark.parametrize("epochs", [1, 2, 3, 12])
def test_what_is_counted_has_ticks_at_whole_numbers_only(epochs):
    x = np.arange(1, epochs + 1)
    shares, counts = Series("share", x, x / 100), Series("count", x, x % 2)
    for panel, of_y in ((Panel("", "epoch", "", [shares]), False), (Panel("", "epoch", "", [counts, counts]), True)):
        figure = panels([panel])
        figure.draw_without_rendering()
        (axes,) = figure.axes
        ticks = axes.get_xticks()
        assert len(ticks)
        assert (ticks == np.rint(ticks)).all()
        assert (axes.get_yticks() == np.rint(axes.get_yticks())).all() == of_y
        assert (panel.x_whole, panel.y_whole) == (True, of_y)


def test_ticks_stay_between_whole_numbers_where_numbers_do():
    shares = Panel("", "", "", [Series("", np.array([0.0, 1.0]), np.array([0.0, 1.0]))], x_percent=True, y_percent=True)
    figure = panels([shares])
    figure.draw_without_rendering()
    assert 0.2 in figure.axes[0].get_xticks().round(9)


def by_epoch(runs):
    """A panel with a curve and its interval for each run."""
    x = np.array([0.0, 1.0, 2.0])
    accuracy = np.array([[0.9, 0.7, 0.3], [0.8, 0.75, 0.5]])
    series = [
        Series(run, x, a, a - 0.1, a + 0.05, color=n) for n, (run, a) in enumerate(zip(runs, accuracy, strict=False))
    ]
    return Panel("Accuracy", "epoch", "accuracy", series, y_percent=True)


@pytest.mark.parametrize("runs", [("a $run",), ("a $run", "b")])
def test_many_panels_are_in_rows_with_one_legend(runs):
    figure = panels([by_epoch(runs)] * 4)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == 4
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(runs)
    assert not any(axes.get_legend() for axes in shown)
    figure.draw_without_rendering()


def test_the_document_of_a_panel_is_what_is_drawn_as_plain_data():
    gap = Series("law", np.array([1, 10, 100]), np.array([0.5, np.nan, np.inf]), color=5, dashed=True)
    marks = [Mark(10, "here", "dotted")]
    log = Panel("log", "samples", "loss", [gap], x_log=True, x_ticks=[1, 100], marks=marks)
    assert json.loads(json.dumps(log.document(), allow_nan=False)) == {
        "title": "log",
        "x": {
            "label": "samples",
            "isPercent": False,
            "isWhole": False,
            "isLog": True,
            "ticks": [[1, "1"], [100, "100"]],
        },
        "y": {"label": "loss", "isPercent": False, "isWhole": False, "ends": []},
        "curves": [
            {
                "name": "law",
                "color": LINE_COLORS[1],
                "points": [[1, 0.5], [10, None], [100, None]],
                "spans": [],
                "hasLine": True,
                "hasPoints": False,
                "dashed": True,
                "bars": 0,
            }
        ],
        "marks": [{"x": 10, "words": "here", "dash": "dotted"}],
        "diagonal": False,
        "sharesX": True,
    }


def test_the_document_of_a_panel_has_its_intervals():
    document = PANEL.document()
    assert document["diagonal"]
    assert document["sharesX"]
    np.testing.assert_allclose(document["curves"][1]["spans"], np.stack([X - 0.05, X + 0.05], axis=1))


def test_bars_stand_on_zero_at_names():
    bars = Series("", np.arange(3), np.array([4, 1, 2]), bars=1)
    panel = Panel("", "class", "samples", [bars], x_ticks=[0, 1, 2], x_names=["a", "$b", "c"], y_ends=(0, 8))
    (axes,) = panels([panel]).axes
    assert [(bar.get_y(), bar.get_height(), round(bar.get_width(), 9)) for bar in axes.patches] == [
        (0, 4, 0.88), (0, 1, 0.88), (0, 2, 0.88)
    ]  # fmt: skip
    assert axes.get_ylim()[1] >= 8
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "$b", "c"]
    document = panel.document()
    assert document["x"]["ticks"] == [(0, "a"), (1, "$b"), (2, "c")]
    assert document["y"]["ends"] == [0, 8]
    assert document["curves"][0]["bars"] == 1
