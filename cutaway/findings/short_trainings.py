"""What short trainings show before the training; `cutaway.topics.preflight.training` trains."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from cutaway.metrics import mean_interval

from .records import Evidence, Finding, Rule, check

FAR, FAR_OF_NUMBERS = 5.0, 100.0
"""First losses that are far above chance. Of classes: outputs of variance 2, as He's first weights give for inputs of
variance 1, cost at most 1 nat more than equal probabilities. Of numbers: 10 standard deviations."""

LEARNED = 0.5
"""Share of the loss of chance below which a batch is learned; label smoothing of 0.1 alone leaves up to 0.29."""

USED = 0.02
"""Share of the loss that inputs save at least."""

SLOW, HALF = 0.25, 0.5
"""Shares of what the best learning rate saves of the loss, below which another one is slow: SGD with Keras' default
saves 0.4 on digits in 500 steps, and learns them well in more; and of what moved targets save."""

SURE = 0.998
"""Confidence of intervals: each end is on the wrong side once in 1,000 times."""

ABOVE_ZERO: Mapping[str, Sequence[Mapping[str, float]]] = {
    "first-loss": [{"first": 1, "far": -1}],
    "poor-rate": [{"blind": 1, "best": -1}, {"given": 1, "best": -SLOW, "blind": SLOW - 1}],
    "unlearned-batch": [{"batch": 1, "chance": -LEARNED}, {"given": 1, "chance": -LEARNED}],
    "unused-inputs": [{"best": 1, "blind": USED - 1}],
    "shifted-labels": [{"blind": 1, "moved": -1}, {"best": 1, "moved": -HALF, "blind": HALF - 1}],
    "leaking-split": [{"unseen": 1, "shuffled": -1}],
}
"""A kind is found if all its sums of shares of losses are surely above 0. One training saves less of the loss without
inputs, "blind", than a share s of what another saves if its own loss - s * the other - (1 - s) * blind is above 0."""

KARPATHY = 'Karpathy 2019, "A recipe for training neural networks"'

WORDS = {
    "first-loss": (
        "The first loss is far above chance",
        "Before the first step the loss is {first:.4g}, and that of chance {chance:.4g}.",
        "Scale the inputs, and targets that are numbers, to a mean of 0 and a standard deviation of 1, or draw smaller "
        "first weights.",
        "The loss before the first step is more than {FAR:g} times that of equal probabilities or, for other losses, "
        "{FAR_OF_NUMBERS:g} times that of a model whose inputs are 0, or it is not a number.",
        KARPATHY,
        "verify loss at init",
        "The first answers of the model are far off, so its first steps only undo its first weights.",
    ),
    "poor-rate": (
        "Another learning rate learns much faster",
        "In 500 steps the learning rate of {rate:g} brings the loss on other samples to {given:.4g}, and {best_rate:g} "
        "to {best:.4g}.",
        "Try the rates between the two.",
        "In 500 steps the learning rate saves less than {SLOW:.0%} of the loss that the best of five powers of ten "
        "saves, by a 99.9% bound.",
        'Smith 2017, "Cyclical learning rates for training neural networks", section 3.3',
        "learning rate range test, LR finder",
        "The steps are so small, or so large, that the model learns little where others learn much.",
    ),
    "unlearned-batch": (
        "One batch is not learned",
        "Trained on one batch alone, the model still has a loss of {batch:.4g} on it, and of {free:.4g} without any "
        "regularization. That of chance is {chance:.4g}.",
        "If the second loss is much lower, use less dropout, noise, augmentation or penalties of weights. Otherwise "
        "look at the activations and the first weights.",
        "In 1,000 steps on up to 32 samples, at most two for each input, their loss does not fall below "
        "{LEARNED:.0%} of that of chance. Not found where the model learns as much of other samples.",
        KARPATHY,
        "overfit a single batch",
        "A model that can learn memorizes a few samples: something keeps it from that, and it learns no more of many.",
    ),
    "unused-inputs": (
        "The inputs do not help",
        "At the best of 11 learning rates the loss on other samples falls to {best:.4g} in 500 steps, and to "
        "{blind:.4g} if all inputs are 0.",
        "Look at the inputs and the targets right before fit, and whether they belong together.",
        "What the inputs save of the loss on other samples, compared with inputs of 0, is below {USED:.0%} by a 99.9% "
        "bound.",
        KARPATHY,
        "input-independent baseline",
        "The model predicts new samples no better than one that never sees its inputs.",
    ),
    "shifted-labels": (
        "Targets are shifted by a row",
        "The loss on other samples falls to {best:.4g} with the targets as they are, and to {moved:.4g} with those of "
        "the row above or below.",
        "Look at how inputs and targets are read and joined: a header or a dropped row moves one against the other.",
        "With the target of the row above or below, the model saves more than twice as much of the loss on other "
        "samples, by a 99.9% bound.",
        'Ojala, Garriga 2010, "Permutation tests for studying classifier performance"',
        "misaligned labels",
        "Each target belongs to the row before it or after it, so the model learns wrong answers.",
    ),
    "leaking-split": (
        "Random targets are predicted",
        "Some samples that were not trained on equal a training sample. With random targets, the same for equal "
        "samples, the loss on them falls to {shuffled:.4g}, and to {unseen:.4g} if all inputs are 0.",
        "Keep equal samples in one part of the split, or leave all but one out.",
        "Different samples get each other's targets at random, and copies of training samples are predicted better "
        "than without inputs, by a 99.9% bound. Not found where samples may be equal by chance, as where inputs have "
        "few values.",
        'Zhang et al. 2017, "Understanding deep learning requires rethinking generalization" (random labels)',
        "label shuffling, y-randomization",
        "The model remembers the targets of training samples that are held out as well: accuracies are too good.",
    ),
}
"""Kind -> a title, what is found, with means of losses in braces, and what to do; the rule, its source, names
elsewhere, and what it means."""


@check(*(Rule(kind, *words[3:6], f"{words[6]} {words[2]}") for kind, words in WORDS.items()))
def short_trainings(evidence: Evidence) -> Iterable[Finding]:
    """Compare the losses of short trainings with each other and with chance."""
    trained, setup = evidence.short_trainings, evidence.setup
    if not (trained and setup):
        return
    means = trained.means
    chance, times = (setup.chance, FAR) if setup.chance else (means["blind"], FAR_OF_NUMBERS)
    # of the batch all samples are known: its mean has no interval
    losses = {**trained.losses, "batch": means["batch"], "chance": chance, "far": times * chance}
    means["chance"] = chance
    for kind, (title, text, advice, *_) in WORDS.items():
        if all(_is_above_zero(losses, shares) for shares in ABOVE_ZERO[kind]):
            yield Finding(kind, "warning", title, text.format(**means), means, advice=advice)


def _is_above_zero(losses: Mapping[str, Any], shares: Mapping[str, float]) -> bool:
    """Whether a sum of shares of losses is above 0, of samples by a 99.9% bound; False if one is not known."""
    if not shares.keys() <= losses.keys():
        return False
    values = sum(share * losses[name] for name, share in shares.items())
    return (mean_interval(values, confidence=SURE)[0] if isinstance(values, np.ndarray) else values) > 0
