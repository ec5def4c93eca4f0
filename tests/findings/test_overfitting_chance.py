"""A loss that rose in few validation samples, against the loss of 20,000 other samples, and against chance."""

from pathlib import Path

import numpy as np
import pytest

import cutaway as ct
from cutaway.findings import Evidence, Finding
from cutaway.findings.overfitting import check, is_clear
from cutaway.metrics import watch_overfitting

HISTORY = [
    {"epoch": epoch, "loss": loss, "val_loss": val_loss}
    for epoch, loss, val_loss in ((1, 0.9, 0.8), (2, 0.6, 0.6), (3, 0.4, 0.7), (4, 0.3, 0.75))
]


def found(rise: tuple[float, float] | None) -> Finding:
    (finding,) = check(Evidence(history=HISTORY, rise=rise, val_samples=100, kept_epoch=4))
    return finding


def test_a_rise_within_its_error_is_not_called_overfitting() -> None:
    unclear = found((0.15, 0.15))
    assert (unclear.severity, unclear.title) == ("note", "Whether it overfits is not clear")
    assert "of the 100 validation samples was lowest in epoch 2 (0.6000) and 0.7500 in epoch 4" in unclear.text
    assert "0.1500 more on average, with a standard error of 0.1500" in unclear.text
    assert unclear.remedy is None


@pytest.mark.parametrize("rise", [(0.15, 0.05), None])
def test_a_rise_beyond_its_error_is_overfitting_and_so_is_one_whose_error_is_not_known(
    rise: tuple[float, float] | None,
) -> None:
    clear = found(rise)
    assert (clear.severity, clear.title) == ("warning", "Overfitting since epoch 2")


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
