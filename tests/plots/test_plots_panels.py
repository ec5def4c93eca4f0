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
    (hover,) = first.select({"type": HoverTool})
    assert hover.mode == "vline", "one tooltip for series at the same x"
    assert "a &#36;band @y0{0.[00]%} (@low0{0.[00]%} to @high0{0.[00]%})" in hover.tooltips
    assert "points @y1{0.[00]%} (@low1{0.[00]%} to @high1{0.[00]%})" in hover.tooltips
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


def severities(runs, **more):
    """A panel as that of a perturbation: severities at places of their own, with names."""
    x = np.array([0.0, 1.0, 2.0])
    accuracy = np.array([[0.9, 0.7, 0.3], [0.8, 0.75, 0.5]])
    series = [
        Series(run, x, a, a - 0.1, a + 0.05, color=n) for n, (run, a) in enumerate(zip(runs, accuracy, strict=False))
    ]
    about = {"x_ticks": x.tolist(), "tick_names": ["32", "8", "2"], "y_percent": True, "y_limits": (0, 1.02), **more}
    return Panel("Noise", "bits", "accuracy", series, **about)


@pytest.mark.parametrize("runs", [("a $run",), ("a $run", "b")])
def test_many_panels_are_in_rows_with_one_legend(runs):
    figure = panels([severities(runs)] * 4)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == 4
    assert [tick.get_text() for tick in shown[0].get_xticklabels()] == ["32", "8", "2"]
    assert shown[0].get_ylim() == (0, 1.02)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(runs)
    assert not any(axes.get_legend() for axes in shown)
    figure.draw_without_rendering()
    close = severities(runs, x_ticks=[0.0, 0.9, 0.95], tick_names=["0", "0.9", "0.95"])
    ticks = panels([close]).axes[0].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["0", "", "0.95"], "labels do not overlap"


def test_bokeh_panels_with_the_same_axes_share_them():
    layout = panels_bokeh([severities(("a", "b"))] * 2)
    first, second = layout.children
    assert layout.styles["flex-wrap"] == "wrap"
    assert first.y_range is second.y_range
    columns = first.select_one(HoverTool).renderers[0].data_source.data
    np.testing.assert_allclose(columns["y1"], [0.8, 0.75, 0.5])
    np.testing.assert_allclose(columns["low0"], [0.8, 0.6, 0.2])
    assert columns["name"] == ["32", "8", "2"]
    assert first.xaxis[0].major_label_overrides == {0.0: "32", 1.0: "8", 2.0: "2"}
    assert "<b>@name</b>" in first.select_one(HoverTool).tooltips


def test_names_in_tooltips_are_no_markup_and_no_columns():
    panel = Panel("t", "<x>", "y", [Series("<b>@x", X, X), Series("", X, X)])
    tooltips = panels_bokeh([panel]).children[0].select_one(HoverTool).tooltips
    assert "&lt;b&gt;&#64;x @y0" in tooltips
    assert "&lt;x&gt; @x" in tooltips
    assert "<div>y @y1" in tooltips
