"""The schedule of a descent: its phases, and the rules of each."""

from dataclasses import dataclass, replace

from cutaway.checks import check_whole

from .affinities import neighbors_for
from .settings import TSNESettings, perplexities

# With fewer than 240 points the early phase would hardly move them; with 200, the minimum of some implementations, 100
# points on a line lose their order.
MIN_LEARNING_RATE = 20.0
EARLY_ITERATIONS = 250
# For many points: on a hidden layer and the pixels of MNIST, from 5,000 to 280,000 samples, 60 iterations end within 1%
# of the KL divergence that 100 reach, 50 iterations sooner. With 40 it is 0.8% higher at 70,000 samples, with 30 3.5%.
# Curves, which take time to unfold, end higher: a line, a helix and a random walk of 6,000 points by 5% to 7%.
FEW_EARLY_ITERATIONS = 60
# Where early exaggeration begins with a subsample, its last iterations are done with all points.
JOINT_ITERATIONS = 10
# Least number of points in a subsample, and about how many of its neighbors a point finds in it: with five, KL is 1%
# higher. Of approximate neighbors, which are fewer, it finds seven: at 280,000 points KL is then 0.35% higher in all.
LEAST_SAMPLE = 10_000
NEIGHBORS_IN_SAMPLE = 11
EARLY_MOMENTUM = 0.5
# A high momentum moves points far and keeps them in motion; at a lower one they settle: at 280,000 points of a hidden
# layer of MNIST KL falls from 2.11 to 1.97 in the last 25 iterations.
FINAL_ITERATIONS = 25
FINAL_MOMENTUM = 0.8
# Up to this many points, summing over all pairs is faster than a grid.
EXACT = 4000
# Beyond this many points a higher momentum pays, see `phases_for`.
MANY = 10_000


@dataclass(frozen=True)
class Phase:
    """A part of the descent with the same rules.

    Attributes:
        name: "early", "main" or "final"; in a warm start "arrange" or "hold".
        iterations: Most iterations.
        exaggeration: Factor of the attractive forces, 1 or more.
        learning_rate: Factor of the gradient in a step.
        momentum: Share of the previous step that is added to a step, from 0 up to, but not including, 1.
        tolerance: The phase ends when KL falls by less than this share in 50 iterations; 0 means never.
        samples: Number of points that take part, chosen at random, see `Subsample`; 0 means all. Only the first phase
            of a descent may have another number.
    """

    name: str
    iterations: int
    exaggeration: float
    learning_rate: float
    momentum: float
    tolerance: float = 0.0
    samples: int = 0


def phases_for(samples: int, settings: TSNESettings) -> tuple[Phase, ...]:
    """Resolve the settings that are "auto" and return the phases: one or two early ones, the main one, and a final one.

    Few points, whose forces are summed over all pairs, follow van der Maaten: 250 early iterations, then a learning
    rate of n and momentum 0.8 until KL falls by less than 0.2% in 50 iterations. For many points that wastes most of
    the iterations: 60 early iterations, a learning rate of 2 n and a momentum of 0.966 or more, which averages out the
    errors of the grid, and 25 final iterations at momentum 0.8. A layout of 250 points becomes worse by it (KL 0.31
    instead of 0.27).

    The more points there are, the farther they have to move: beyond 10,000 momentum grows slowly with their number. On
    a hidden layer of MNIST KL is 0.935, 1.262, 2.212 and 2.074 at 5,000, 10,000, 70,000 and 280,000 points, after 275,
    275, 225 and 325 iterations. With momentum 0.95 it would be 0.961 and 1.302 at the first two; with 0.98 and 0.984 at
    the others it would be no lower, and fewer neighbors would be preserved. A curve takes longer to unfold: a random
    walk of 6,000 points ends at 0.190 after 425 iterations, and at 0.177 after 650.

    Args:
        samples: Number of points.
        settings: Checked settings.

    Raises:
        UsageError: ``max_iter`` is not more than the requested early and final iterations.

    Source: van der Maaten 2014, section 5 (exaggeration 12, momenta 0.5 and 0.8); Belkina et al. 2019 (a learning rate
    of n over the exaggeration); the subsample, learning rate, momentum and end for many points are our own.
    """
    early, final = _early_iterations(samples, settings), settings.final_iter
    asked = 0 if final == "auto" else final
    max_iter = check_whole(settings.max_iter, name="max_iter", least=early + asked + 1)
    if final == "auto":
        final = 0 if samples <= EXACT else min(FINAL_ITERATIONS, (max_iter - early) // 2)
    early_rate, rate = _learning_rates(samples, settings)
    left, exaggeration = max_iter - early - final, float(settings.exaggeration)
    main = Phase("main", left, exaggeration, rate, *_momentum_and_tolerance(samples, settings))
    momentum = min(main.momentum, FINAL_MOMENTUM)
    last = (replace(main, name="final", iterations=final, momentum=momentum, tolerance=0.0),) if final else ()
    whole = Phase("early", early, float(settings.early_exaggeration), early_rate, EARLY_MOMENTUM)
    return (*_begun_with_a_subsample(whole, samples, settings), main, *last)


def _early_iterations(samples: int, settings: TSNESettings) -> int:
    if settings.early_exaggeration_iter != "auto":
        return settings.early_exaggeration_iter
    return EARLY_ITERATIONS if samples <= EXACT else FEW_EARLY_ITERATIONS


def _learning_rates(samples: int, settings: TSNESettings) -> tuple[float, float]:
    """Learning rates of the early and of the main phase."""
    if settings.learning_rate != "auto":
        return float(settings.learning_rate), float(settings.learning_rate)
    rate = float(samples) if samples <= EXACT else 2.0 * samples
    rate = max(rate, MIN_LEARNING_RATE) / settings.exaggeration
    return max(samples / settings.early_exaggeration, MIN_LEARNING_RATE), max(rate, MIN_LEARNING_RATE)


def _momentum_and_tolerance(samples: int, settings: TSNESettings) -> tuple[float, float]:
    momentum, tolerance = settings.momentum, settings.tolerance
    if momentum == "auto":
        momentum = 0.8 if samples <= EXACT else 1 - 0.034 / max(1.0, samples / MANY) ** 0.125
    if tolerance == "auto":
        tolerance = 0.002 if samples <= EXACT else 0.02 if samples <= MANY else 0.04
    return float(momentum), float(tolerance)


def _begun_with_a_subsample(early: Phase, samples: int, settings: TSNESettings) -> tuple[Phase, ...]:
    """Do early exaggeration with a subsample, if there are enough points, and its last iterations with all of them."""
    chosen = settings.early_samples
    if chosen == "auto":
        perplexity = max(perplexities(settings.perplexity))
        one_in = min(samples // LEAST_SAMPLE, neighbors_for(perplexity, samples) // NEIGHBORS_IN_SAMPLE)
        chosen = samples // max(one_in, 1)
    first = early.iterations - JOINT_ITERATIONS
    if chosen >= samples or first <= 0:
        return (early,)
    rate = early.learning_rate * chosen / samples
    return (
        replace(early, iterations=first, learning_rate=rate, samples=chosen),
        replace(early, iterations=JOINT_ITERATIONS),
    )
