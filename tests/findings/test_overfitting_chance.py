"""A loss that rose in few validation samples, against the loss of 20,000 other samples, and against chance."""

from pathlib import Path

import numpy as np
import pytest

import cutaway as ct
from cutaway.findings import Evidence, Finding
from cutaway.findings.overfitting import is_clear, overfitting
from cutaway.metrics import watch_overfitting

LOSSES = ((1, 0.9, 0.8), (2, 0.6, 0.6), (3, 0.4, 0.7), (4, 0.3, 0.75))


def found(error: float | None, *, kept: int = 4) -> Finding:
    """What is found in a history whose cross-entropy rose by 0.15, with this standard error."""
    history = [
        {"epoch": epoch, "loss": loss, "val_loss": val_loss + 0.5, "val_cross_entropy": val_loss, "rise_error": error}
        for epoch, loss, val_loss in LOSSES
    ]
    (finding,) = overfitting(Evidence(history=history, val_samples=100, kept_epoch=kept))
    return finding


def test_a_rise_within_its_error_is_not_called_overfitting() -> None:
    unclear = found(0.15)
    assert unclear.severity == "note"
    assert unclear.remedy is None


def test_a_rise_beyond_its_error_is_overfitting_and_one_whose_error_is_not_known_says_so() -> None:
    clear, unknown = found(0.05), found(None)
    assert {each.severity for each in (clear, unknown)} == {"warning"}


def test_where_the_best_epoch_is_kept_all_is_well_and_only_a_clear_rise_is_called_overfitting() -> None:
    clear, unclear = found(0.05, kept=2), found(0.15, kept=2)
    assert (clear.severity, unclear.severity) == ("good", "good")
    assert clear.title != unclear.title


def test_a_loss_that_did_not_rise_is_called_risen_in_5_of_100_draws() -> None:
    random = np.random.default_rng(0)
    rises = random.exponential(1.0, (4000, 200)) - random.exponential(1.0, (4000, 200))
    errors = rises.std(axis=1, ddof=1) / np.sqrt(rises.shape[1])
    claims = np.mean([is_clear(rise, error) for rise, error in zip(rises.mean(axis=1), errors, strict=True)])
    assert 0.04 < claims < 0.06


def drawn(random: np.random.Generator, slope: np.ndarray, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Twenty inputs, and a class whose logit is a line and a product of them."""
    x = random.normal(size=(samples, len(slope))).astype(np.float32)
    logits = 3 * x @ slope + x[:, 0] * x[:, 1]
    return x, (random.random(samples) < 1 / (1 + np.exp(-logits))).astype(int)


def trained(seed: int, samples: int, hidden: tuple[int, ...], rate: float, runs: Path) -> ct.Run:
    random = np.random.default_rng(seed)
    slope = random.normal(size=20) / 20**0.5
    (x, y), (x_test, y_test) = drawn(random, slope, samples), drawn(random, slope, 20_000)
    data = ct.Dataset.from_arrays(x, y, x_test=x_test, y_test=y_test, name="drawn")
    settings = {"epochs": 25, "learning_rate": rate, "optimizer": "sgd", "batch_size": 32}
    return ct.train(ct.mlp(hidden), data, recipe="lesson", seed=seed, progress=False, runs=runs, **settings)


def risen(run: ct.Run) -> float:
    """By how much the loss of the 20,000 samples rose from the best epoch to the last one."""
    labels = run.data.y(run.split.test)
    losses = [
        -np.log(run.predictions(epoch=epoch)[np.arange(len(labels)), labels]).mean()
        for epoch in (run.history.rows[-1]["epoch"], watch_overfitting(run.history.rows).best_epoch)
    ]
    return float(losses[0] - losses[1])


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(4))
def test_of_drawn_data_large_rises_are_found_and_none_is_claimed_that_is_not_there(seed: int, tmp_path: Path) -> None:
    small = trained(seed, 450, (), 0.05, tmp_path)  # does not overfit
    large = trained(seed, 1600, (64, 64), 0.1, tmp_path)
    titles = [next(each for each in run.findings() if each.kind == "overfitting").title for run in (small, large)]
    assert not titles[0].startswith("Overfitting since") or risen(small) > 0
    assert risen(large) > 0.05
    assert titles[1].startswith("Overfitting since")
