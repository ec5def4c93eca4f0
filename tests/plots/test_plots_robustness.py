import numpy as np
import pytest
from bokeh.models import ColumnDataSource, HoverTool, Title

from cutaway.errors import DataError
from cutaway.plots import robustness_curves, robustness_curves_bokeh


def panel(title="column_noise", runs=2, **more):
    accuracy = np.array([[0.9, 0.7, 0.3], [0.8, 0.75, 0.5]])[:runs]
    about = {"title": title, "parameter": "bits", "positions": (0.0, 1.0, 2.0), "labels": ["32", "8", "2"]}
    return {**about, "accuracy": accuracy, "low": accuracy - 0.1, "high": accuracy + 0.05, **more}


@pytest.mark.parametrize("runs", [("a $run",), ("a $run", "b")])
def test_each_perturbation_has_a_panel_with_a_curve_and_an_interval_for_each_run(runs):
    figure = robustness_curves([panel(runs=len(runs)), panel("noise", runs=len(runs))] * 2, runs=runs)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == ["Column noise", "Noise"] * 2
    for number, line in enumerate(shown[0].get_lines()):
        np.testing.assert_allclose(line.get_ydata(), panel()["accuracy"][number])
        band = shown[0].collections[number].get_paths()[0].vertices
        assert band[:, 1].min() == pytest.approx(panel()["low"][number].min())
        assert band[:, 1].max() == pytest.approx(panel()["high"][number].max())
    assert [tick.get_text() for tick in shown[0].get_xticklabels()] == ["32", "8", "2"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(runs)
    figure.draw_without_rendering()
    close = panel(runs=len(runs), positions=(0.0, 0.9, 0.95), labels=["0", "0.9", "0.95"])
    ticks = robustness_curves([close], runs=runs).axes[0].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["0", "", "0.95"], "labels do not overlap"


def test_the_bokeh_layout_holds_the_same_numbers_and_wraps_where_space_is_narrow():
    layout = robustness_curves_bokeh([panel(), panel("noise")], runs=("a", "b"))
    assert layout.styles["flex-wrap"] == "wrap"
    first, second = layout.children
    assert first.y_range is second.y_range
    data = first.select(ColumnDataSource)
    columns = next(iter(data)).data
    np.testing.assert_allclose(columns["accuracy_1"], panel()["accuracy"][1])
    np.testing.assert_allclose(columns["low_0"], panel()["low"][0])
    assert columns["label"] == ["32", "8", "2"]
    assert first.xaxis[0].major_label_overrides == {0.0: "32", 1.0: "8", 2.0: "2"}
    assert "@accuracy_1{0.0%}" in first.select_one(HoverTool).tooltips
    assert [title.text for title in first.above if isinstance(title, Title)] == ["Column noise"]
    alone = robustness_curves_bokeh([panel(runs=1)], runs=("a",)).children[0]
    assert "accuracy: @accuracy_0" in alone.select_one(HoverTool).tooltips


@pytest.mark.parametrize(("panels", "runs"), [([], ("a",)), ([panel()], ()), ([panel()], ("a", "b", "c"))])
def test_what_cannot_be_drawn_is_refused(panels, runs):
    with pytest.raises(DataError, match="one or two models"):
        robustness_curves(panels, runs=runs)
