import matplotlib
import numpy as np
import pytest

from cutaway.errors import DataError, UsageError
from cutaway.plots import Mark, learning_curves, learning_panels

HISTORY = [
    {"epoch": 1, "loss": 0.9, "accuracy": 0.70, "val_loss": 0.80, "val_accuracy": 0.72},
    {"epoch": 2, "loss": 0.5, "accuracy": 0.85, "val_loss": 0.60, "val_accuracy": 0.80},
    {"epoch": 3, "loss": 0.3, "accuracy": 0.92, "val_loss": 0.75, "val_accuracy": 0.79},
]


def _lines(axes):
    return {line.get_label(): line.get_ydata().tolist() for line in axes.get_lines() if len(line.get_xdata()) == 3}


def test_both_panels_show_the_values_of_the_history():
    figure = learning_curves(HISTORY, turned=2, title="a $run")
    loss, accuracy = figure.axes
    assert _lines(loss) == {"training": [0.9, 0.5, 0.3], "validation": [0.8, 0.6, 0.75]}
    assert _lines(accuracy) == {"training": [0.70, 0.85, 0.92], "validation": [0.72, 0.80, 0.79]}
    assert loss.get_lines()[0].get_xdata().tolist() == [1, 2, 3]
    assert [t.get_text() for t in loss.get_legend().get_texts()] == ["training", "validation"]
    assert figure.get_suptitle() == "a $run"


def test_the_epoch_of_the_lowest_validation_loss_is_marked():
    loss, accuracy = learning_curves(HISTORY, turned=2).axes
    assert loss.get_title(loc="right") == "lowest validation loss: epoch 2 (dashed)"
    for axes in (loss, accuracy):
        assert list(axes.get_lines()[-1].get_xdata()) == [2, 2]
    assert learning_curves(HISTORY).axes[0].get_title(loc="right") == ""


def test_ticks_are_whole_epochs_even_for_one_epoch():
    figure = learning_curves(HISTORY[:1])
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_xlim()
    assert (low, high) == (0.5, 1.5)
    assert [tick for tick in figure.axes[0].get_xticks() if low <= tick <= high] == [1]


def test_global_settings_are_not_changed(tmp_path):
    before = dict(matplotlib.rcParams)
    learning_curves(HISTORY, title="$\\broken{").savefig(tmp_path / "curves.png")
    assert dict(matplotlib.rcParams) == before


def test_series_that_were_not_measured_are_left_out():
    loss_only = [{"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": 0.5}]
    (axes,) = learning_curves(loss_only).axes
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["training"]


def test_the_kept_epoch_is_marked():
    loss, accuracy = learning_panels(HISTORY, turned=2, kept=3)
    kept = Mark(3, "kept: epoch 3 (dotted)", "dotted")
    assert loss.marks == [Mark(2, "lowest validation loss: epoch 2 (dashed)"), kept]
    assert accuracy.marks == [Mark(2, "epoch 2 (dashed)"), Mark(3, "epoch 3 (dotted)", "dotted")]
    same, _ = learning_panels(HISTORY, turned=2, kept=2)
    assert same.marks == [Mark(2, "lowest validation loss, kept: epoch 2 (dashed)")]
    axes = learning_curves(HISTORY, kept=3).axes[0]
    assert axes.get_title(loc="right") == "kept: epoch 3 (dotted)"
    assert axes.get_lines()[-1].get_xdata()[0] == 3


def test_a_diverged_loss_leaves_a_gap():
    history = [*HISTORY, {"epoch": 4, "loss": float("nan"), "accuracy": 0.1, "val_loss": 9.0, "val_accuracy": 0.1}]
    assert np.isnan(learning_curves(history).axes[0].get_lines()[0].get_ydata()[-1])


def test_an_epoch_without_a_value_leaves_a_gap():
    history = [{"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": None, "val_loss": 0.8}]
    (axes,) = learning_curves(history).axes
    training, validation = (line.get_ydata() for line in axes.get_lines())
    np.testing.assert_array_equal(training, [0.9, np.nan])
    np.testing.assert_array_equal(validation, [np.nan, 0.8])


def test_invalid_histories_are_refused():
    with pytest.raises(DataError):
        learning_panels([])
    with pytest.raises(DataError):
        learning_panels([{"epoch": 1}])
    with pytest.raises(UsageError):
        learning_panels(HISTORY, turned=7)
