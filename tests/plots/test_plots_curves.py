import numpy as np
import pytest

from cutaway.errors import DataError
from cutaway.plots import Mark, learning_curves, learning_panels

HISTORY = [
    {"epoch": 1, "loss": 0.9, "accuracy": 0.70, "val_loss": 0.80, "val_accuracy": 0.72},
    {"epoch": 2, "loss": 0.5, "accuracy": 0.85, "val_loss": 0.60, "val_accuracy": 0.80},
    {"epoch": 3, "loss": 0.3, "accuracy": 0.92, "val_loss": 0.75, "val_accuracy": 0.79},
]


def values(panel):
    return {series.name: np.asarray(series.y).tolist() for series in panel.series}


def test_both_panels_have_the_values_of_the_history():
    loss, accuracy = learning_panels(HISTORY, turned=2)
    assert values(loss) == {"training": [0.9, 0.5, 0.3], "validation": [0.8, 0.6, 0.75]}
    assert values(accuracy) == {"training": [0.70, 0.85, 0.92], "validation": [0.72, 0.80, 0.79]}
    assert np.asarray(loss.series[0].x).tolist() == [1, 2, 3]
    (only,) = learning_panels([{"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": 0.5}])
    assert values(only) == {"training": [0.9, 0.5]}, "what was not measured is left out"


def test_the_epochs_of_the_lowest_validation_loss_and_of_what_is_kept_are_marked():
    loss, accuracy = learning_panels(HISTORY, turned=2, kept=3)
    kept = Mark(3, "kept: epoch 3 (dotted)", "dotted")
    assert loss.marks == [Mark(2, "lowest validation loss: epoch 2 (dashed)"), kept]
    assert accuracy.marks == [Mark(2, "epoch 2 (dashed)"), Mark(3, "epoch 3 (dotted)", "dotted")]
    same, _ = learning_panels(HISTORY, turned=2, kept=2)
    assert [mark.x for mark in same.marks] == [2]


def test_a_figure_shows_both_panels(tmp_path):
    figure = learning_curves(HISTORY, kept=3, title="$\\broken{")
    figure.savefig(tmp_path / "curves.png")
    assert figure.get_suptitle() == "$\\broken{"
    assert [axes.get_lines()[0].get_ydata().tolist() for axes in figure.axes] == [[0.9, 0.5, 0.3], [0.70, 0.85, 0.92]]
    assert figure.axes[0].get_lines()[-1].get_xdata()[0] == 3


def test_ticks_are_whole_epochs_even_for_one_epoch():
    figure = learning_curves(HISTORY[:1])
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_xlim()
    assert (low, high) == (0.5, 1.5)
    assert [tick for tick in figure.axes[0].get_xticks() if low <= tick <= high] == [1]


def test_what_is_no_number_leaves_a_gap():
    history = [{"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": None, "val_loss": 0.8}, {"epoch": 3, "loss": np.nan}]
    (panel,) = learning_panels(history)
    np.testing.assert_array_equal(panel.series[0].y, [0.9, np.nan, np.nan])
    np.testing.assert_array_equal(panel.series[1].y, [np.nan, 0.8, np.nan])


def test_invalid_histories_are_refused():
    for history in ([], [{"epoch": 1}]):
        with pytest.raises(DataError):
            learning_panels(history)
