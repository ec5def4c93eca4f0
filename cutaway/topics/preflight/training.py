"""Short trainings before the training: what a model learns in seconds, measured against chance."""

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cutaway.data import are_ties
from cutaway.findings import FAR, FAR_OF_NUMBERS, HALF, LEARNED, SLOW
from cutaway.log import survive
from cutaway.metrics import mean_interval
from cutaway.models import compiled_setup
from cutaway.progress import Progress, ProgressCallback
from cutaway.row_keys import first_equal, row_keys

if TYPE_CHECKING:
    from cutaway.models import Model

TRAIN, HELD, LEAST = 2000, 1000, 20
"""Maximum numbers of samples to train on and to measure; with fewer than the last to measure, nothing is trained."""

STEPS = 500
"""Steps of each training, and half of those on one batch. Few samples are trained on for several epochs: in one epoch
of 40 steps, every learning rate that is right for a whole training looks too low."""

RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Learning rates over five powers of ten."""

POOL, BATCH, SPREAD = 500, 32, 0.1
"""Samples to choose a batch from, and its samples at most. Each is so far from all combinations of those before it,
relative to the first, that a linear model can learn them exactly."""

SURE = 0.998
"""Confidence of intervals: each end is on the wrong side once in 1,000 times."""


def measure_trainings(
    found: dict[str, Any],
    model: "Model",
    x: np.ndarray,
    y: np.ndarray,
    held: np.ndarray,
    *,
    batch_size: int,
    on_progress: ProgressCallback,
) -> None:
    """Train a model for some seconds in several ways, each time from its own first weights, and measure what it learns.

    The model does not change. At most 2,000 samples are trained on, and 1,000 others measured.

    Args:
        found: Gets what is measured, as soon as it is known; losses are means over samples that are not trained on.
        model: A compiled and built Keras model with one input and one output.
        x: Inputs ``(sample, ...)`` in their original order, as ``fit`` takes them; finite.
        y: Targets ``(sample, ...)``, as ``fit`` takes them; finite.
        held: bool ``(sample,)``, the samples that are not trained on.
        batch_size: Samples of a batch.
        on_progress: Told of every 50 steps.
    """
    from cutaway.training import CHUNK, ShortFits

    if held.sum() < LEAST:
        return
    setup, random, numbers = compiled_setup(model), np.random.default_rng(0), itertools.count()
    parts = (len(RATES) + 7) * STEPS // CHUNK  # without those that look for an obstacle

    def tell() -> None:
        on_progress(Progress("short trainings", min(next(numbers), parts - 1), parts, "parts"))

    drawn = [random.permutation(np.flatnonzero(rows))[:most] for rows, most in ((~held, TRAIN), (held, HELD))]
    train, held = np.split(np.arange(sum(map(len, drawn))), [len(drawn[0])])
    y = y[:, None] if y.ndim == 1 and setup.output == (1,) else y
    x, y, above, below = (each[np.concatenate(drawn)] for each in (x, y, np.roll(y, 1, axis=0), np.roll(y, -1, axis=0)))
    order, fits = random.choice(train, (STEPS, min(batch_size, len(train)))), ShortFits(model, tell, learning_rate=1.0)

    def lowest(x: np.ndarray, y: np.ndarray, rate: float) -> np.ndarray:
        return _lowest(fits.train(x, y, order, held, rate=rate))

    by_rate = dict[float, np.ndarray]()
    for rate in sorted({*RATES, setup.learning_rate or RATES[0]}):
        by_rate[rate] = lowest(x, y, rate)
        found[f"loss at a rate of {rate:g}"] = by_rate[rate].mean()
    best = min(by_rate, key=lambda rate: by_rate[rate].mean())
    rate, given, blind = setup.learning_rate or best, by_rate[best], lowest(np.zeros_like(x), y, best)
    equal = {"classes": math.log(max(setup.units, 2)), "yes-no": math.log(2)}.get(setup.family)
    mean = np.broadcast_to(y[held].mean(axis=0), y[held].shape)
    chance = equal or fits.losses(y[held], mean).mean()
    first = fits.train(x, y, order[:0], held)[0].mean()
    found |= {"first_loss": first, "chance": chance, "far": FAR if equal else FAR_OF_NUMBERS}
    found |= {"rate": rate, "loss": by_rate[rate].mean(), "best_rate": best, "best_loss": given.mean()}
    found |= {"rate_behind": _behind(by_rate[rate], given, blind, share=SLOW), "blind_loss": blind.mean()}
    found["gain"] = mean_interval(blind - given, confidence=SURE)[1]
    for side, moved in (("above", above), ("below", below)):
        losses = lowest(x, moved, best)
        found |= {f"loss_{side}": losses.mean(), f"{side}_behind": _behind(given, losses, blind, share=HALF)}
    firsts = first_equal(row_keys(x))
    distinct, group = np.unique(firsts, return_inverse=True)
    drawn, is_copy = y[random.permutation(distinct)][group], firsts[held] < len(train)
    others = np.arange(len(held)) + len(x)  # the same inputs with other random targets
    rows, drawn = np.concatenate([x, x[held]]), np.concatenate([drawn, drawn[random.permutation(held)]])
    own, other = np.split(fits.train(rows, drawn, order, np.concatenate([held, others]), rate=best)[-1], 2)
    copies, flat = int(is_copy.sum()), x.reshape(len(x), -1)
    found |= {"others": len(held), "copies": copies, "are_ties": are_ties(flat[train], flat[held])}
    found["memory"] = mean_interval((other - own)[is_copy], confidence=SURE)[0] if is_copy.any() else 0.0
    _learn_batch(found, model, x, y, _independent(x, train[:POOL]), tell)
    on_progress(Progress("short trainings", parts, parts, "parts"))


def _lowest(losses: Sequence[np.ndarray]) -> np.ndarray:
    """The losses at the time when their mean is lowest."""
    return min(losses, key=lambda each: np.nan_to_num(each.mean(), nan=math.inf))


def _behind(one: np.ndarray, other: np.ndarray, chance: np.ndarray, *, share: float) -> float:
    """By how much one surely gains less over chance than a share of what the other surely gains; above 0 if it does."""
    differences = chance - other, one - share * other - (1 - share) * chance
    return min(mean_interval(each, confidence=SURE)[0] for each in differences)


def _independent(x: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Rows of a pool whose inputs are far from all combinations of those of the others."""
    from scipy import linalg  # pyright: ignore[reportMissingTypeStubs]

    flat, of_scipy = x[pool].reshape(len(pool), -1), cast(Any, linalg)
    triangle, order = of_scipy.qr((flat - flat.mean(axis=0)).T, mode="r", pivoting=True)
    sizes = np.abs(np.diag(triangle))
    return pool[order[: np.clip((sizes > SPREAD * sizes[0]).sum(), 1, BATCH)]]


def _learn_batch(found: dict[str, Any], model: Any, x: np.ndarray, y: np.ndarray, batch: np.ndarray, tell: Any) -> None:
    """Train on a batch alone, as the model is set and, if the loss stays high, without each obstacle, and all."""
    from cutaway.training import OBSTACLES, ShortFits, copied_without

    order, found["batch"] = np.tile(batch, (2 * STEPS, 1)), len(batch)
    ways = {"": (), **{name: (mark,) for name, mark in OBSTACLES.items()}, "several of these": (*OBSTACLES.values(),)}
    with survive(__name__, "copying the model", ValueError):
        for name, marks in ways.items():
            fits = ShortFits(copied_without(model, marks) if name else model, tell)
            loss = _lowest(fits.train(x, y, order, batch)).mean()
            found[f"batch_loss{name and ' without '}{name}"] = loss
            if loss < LEARNED * found["chance"]:
                found["obstacle"] = name
                return
    found["obstacle"] = "something else"
