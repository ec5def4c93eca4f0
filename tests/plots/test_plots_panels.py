import matplotlib
import numpy as np
import pytest
from bokeh.models import HoverTool, LogScale, Title, VArea

from cutaway.errors import DataError
from cutaway.plots import Panel, Series, panels, panels_bokeh

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
    names = Panel("names", "pair", "share", [Series("", np.arange(2), X[:2], points=True)], x_names=["a$", "b$" * 20])
    log = Panel("log", "samples", "loss", [Series("", X * 1000, X)], x_log=True, x_ticks=[100, 400])
    figure = panels([PANEL, names, log])
    figure.savefig(tmp_path / "panels.png")
    assert dict(matplotlib.rcParams) == before
    assert [label.get_text() for label in figure.axes[1].get_xticklabels()] == ["a$", "b$" * 20]
    assert [label.get_text() for label in figure.axes[2].get_xticklabels()] == ["100", "400"]
    assert figure.axes[1].get_legend() is None


def test_bokeh_shows_the_same():
    names = Panel("names", "pair", "share", [Series("", np.arange(2), X[:2], points=True)], x_names=["a", "b"])
    log = Panel("log", "samples", "loss", [Series("law", X * 1000, X)], x_log=True, x_ticks=[100, 400])
    first, second, third = panels_bokeh([PANEL, names, log]).children
    assert first.select({"type": VArea})
    assert [title.text for title in first.above if isinstance(title, Title)] == ["A $title"]
    assert [item.label.value for item in first.legend[0].items] == ["a $band", "points"]
    assert first.select({"type": HoverTool})[0].tooltips.count("to @low") == 0
    assert "(@low{0.[00]%} to @high{0.[00]%})" in first.select({"type": HoverTool})[0].tooltips
    assert second.xaxis[0].major_label_overrides == {0: "a", 1: "b"}
    assert not second.legend
    assert isinstance(third.x_scale, LogScale)
    assert third.xaxis[0].ticker.ticks == [100, 400]


def test_long_curves_are_thinned_and_keep_their_ends():
    x = np.linspace(0, 1, 50_000)
    (axes,) = panels([Panel("", "", "", [Series("", x, x)])]).axes
    drawn = axes.get_lines()[0].get_xdata()
    assert len(drawn) == 1000
    assert (drawn[0], drawn[-1]) == (0, 1)


@pytest.mark.parametrize("ends", [{"low": X}, {"low": X[:2], "high": X}, {"low": X, "high": X[:1]}])
def test_both_ends_of_intervals_are_needed(ends):
    with pytest.raises(DataError, match="both ends of its interval or none"):
        Series("", X, X, **ends)


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
        (drawn,) = panels_bokeh([panel]).children
        assert [axis.ticker.min_interval for axis in (drawn.xaxis[0], drawn.yaxis[0])] == [1, 1 if of_y else 0]


def test_ticks_stay_between_whole_numbers_where_numbers_do():
    shares = Panel("", "", "", [Series("", np.array([0.0, 1.0]), np.array([0.0, 1.0]))], x_percent=True, y_percent=True)
    figure = panels([shares])
    figure.draw_without_rendering()
    assert 0.2 in figure.axes[0].get_xticks().round(9)
