"""Short trainings before the training: what a model learns in seconds, in several ways."""

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.data import are_ties
from cutaway.findings import ShortTrainings
from cutaway.models import compiled_setup
from cutaway.progress import Progress, ProgressCallback
from cutaway.row_keys import first_equal, row_keys

if TYPE_CHECKING:
    from cutaway.models import Model

TRAIN, HELD, LEAST = 2000, 1000, 20
"""Maximum numbers of samples to train on and to measure; with fewer than the last to measure, nothing is trained."""

STEPS = 50
"""Steps in which a training goes over its samples once, drawn with replacement. It does so ten times: in one epoch of
40 steps, every learning rate that is right for a whole training would look too low."""

RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Learning rates over five powers of ten."""

BATCH = 32
"""Maximum number of samples of the one batch. There are at most two for each value of a sample: a linear model can tell
any two classes of so many (Cover 1965)."""


def measure_trainings(
    model: "Model", x: np.ndarray, y: np.ndarray, held: np.ndarray, *, batch_size: int, on_progress: ProgressCallback
) -> ShortTrainings | None:
    """Train a model for some seconds in several ways, each time from its own first weights, which it gets back.

    At most 2,000 samples are trained on, and 1,000 others measured. None if there are fewer than 20 to measure.

    Args:
        model: A compiled and built Keras model with one input and one output.
        x: Inputs ``(sample, ...)`` in their original order, as ``fit`` takes them; finite.
        y: Targets ``(sample, ...)``, as ``fit`` takes them, but at least of two axes; finite.
        held: bool ``(sample,)``, the samples that are not trained on.
        batch_size: Samples of a batch.
        on_progress: Told of every training.
    """
    from cutaway.training import WithoutRegularization, short_trainer

    random, setup, done = np.random.default_rng(0), compiled_setup(model), itertools.count(1)
    train, test = (random.permutation(np.flatnonzero(rows))[:most] for rows, most in ((~held, TRAIN), (held, HELD)))
    if len(test) < LEAST:
        return None
    flat, equal = x.reshape(len(x), -1), first_equal(row_keys(x))
    drawn, batch = random.choice(train, STEPS * batch_size), train[: min(BATCH, 2 * flat.shape[1])]
    copies = test[np.isin(equal[test], equal[train])]
    shows_leak = len(copies) > 0 and not are_ties(flat[train], flat[test])
    rates, fit = sorted({*RATES, setup.learning_rate or RATES[0]}), short_trainer(model, batch_size=batch_size)

    def losses(x: np.ndarray, y: np.ndarray, rows: np.ndarray = drawn, held: np.ndarray = test, **how: Any) -> Any:
        found = fit(x, y, rows, held, **how)
        on_progress(Progress("short trainings", next(done), len(rates) + 5 + 2 * shows_leak, "trainings"))
        return found

    by_rate = {rate: losses(x, y, rate=rate) for rate in rates}
    best = min(rates, key=lambda rate: by_rate[rate].mean())
    rate, blind, again = setup.learning_rate or best, np.zeros_like(x), np.resize(batch, 2 * len(drawn))
    free = short_trainer(model, WithoutRegularization, batch_size=batch_size)
    found = {
        "first": losses(x, y, rate=rate, rounds=0),
        "given": by_rate[rate],
        "best": by_rate[best],
        "blind": losses(blind, y, rate=best),
        "moved": min((losses(x, np.roll(y, by, axis=0), rate=best) for by in (1, -1)), key=np.mean),
        "free": free(x, y, again, batch, rate=rate),
        "batch": losses(x, y, again, batch, rate=rate),
    }
    if shows_leak:
        shuffled = random.permutation(y)[equal]
        found["unseen"] = losses(blind, shuffled, held=copies, rate=best)
        found["shuffled"] = losses(x, shuffled, held=copies, rate=best)
    return ShortTrainings(rate, best, found | {f"rate of {rate:g}": each for rate, each in by_rate.items()})
