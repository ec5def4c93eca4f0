import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import DataError
from cutaway.metrics import Overfitting, watch_overfitting


def rows(val_losses, loss=0.1):
    return [{"epoch": epoch, "loss": loss, "val_loss": value} for epoch, value in enumerate(val_losses, 1)]


def test_overfitting_is_measured():
    measured = watch_overfitting(rows([0.5, 0.25, 0.3, 0.375], loss=0.125))
    assert measured == Overfitting(best_epoch=2, best_val_loss=0.25, turned=True, gap=0.25, rise=0.125)


@pytest.mark.parametrize(
    ("val_losses", "turned"),
    [
        ([0.5, 0.4, 0.3], False),
        ([0.5], False),
        ([0.4, 0.5], False),  # one epoch without improvement is not enough
        ([0.4, 0.5, 0.5], True),
        ([100.0, 101.0, 101.9], False),  # below 2%
        ([100.0, 101.0, 102.0], True),  # at 2%
        ([100.0, 150.0, 100.0], False),  # back at the best
        ([0.4, 0.5, 0.6, 0.39], False),  # a better epoch ends the rise
        ([0.0, 0.0, 0.0], False),
        ([0.0, 0.1, 0.1], True),
        ([-100.0, -99.0, -97.0], True),
    ],
)
def test_overfitting_needs_two_epochs_and_a_rise_of_two_percent(val_losses, turned):
    assert watch_overfitting(rows(val_losses)).turned is turned


def test_the_first_of_equally_good_epochs_is_the_best():
    assert watch_overfitting(rows([0.5, 0.3, 0.3])).best_epoch == 2


def test_a_resumed_history_keeps_its_epoch_numbers():
    assert watch_overfitting(rows([0.5, 0.4, 0.3, 0.4, 0.5])[2:]).best_epoch == 3


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_the_best_epoch_has_the_lowest_loss_and_the_rise_starts_there(val_losses):
    measured = watch_overfitting(rows(val_losses))
    assert measured.best_val_loss == min(val_losses) == val_losses[measured.best_epoch - 1]
    assert measured.rise == val_losses[-1] - min(val_losses) >= 0
    if measured.turned:
        assert measured.best_epoch <= len(val_losses) - 2


@pytest.mark.parametrize(
    "history",
    [[], [{"epoch": 1, "loss": 0.1}], rows([0.5, float("nan")]), rows([0.5, None]), rows([0.5], loss=float("inf"))],
)
def test_a_history_without_finite_losses_is_refused(history):
    with pytest.raises(DataError):
        watch_overfitting(history)
