"""What short trainings show before the training; `cutaway.topics.preflight.training` measures it."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from .records import Check, Evidence, Finding, Rule

FAR, FAR_OF_NUMBERS = 5.0, 100.0
"""First losses that are far above chance. Of classes: outputs of variance 2, as He's first weights give for inputs of
variance 1, cost at most 1 nat more than equal probabilities. Of numbers: a mean of 10 standard deviations."""

LEARNED = 0.5
"""Share of the loss of chance below which a batch is learned; label smoothing of 0.1 alone leaves up to 0.29."""

USED = 0.02
"""Share of the loss that inputs save at least."""

SLOW, HALF = 0.25, 0.5
"""Shares of what the best learning rate saves of the loss, below which another one is slow: SGD with Keras' default
saves 0.4 on digits in 500 steps, and learns them well in more; and of what moved targets save."""

NEAR = 3.5
"""Two neighbors among half powers of ten differ by 3.16."""

KARPATHY = 'Karpathy 2019, "A recipe for training neural networks"'


class _Kind(NamedTuple):
    """A kind of finding.

    Attributes:
        checked: What is checked, a short phrase.
        last: The value that is measured last of those that it needs.
    """

    checked: str
    last: str
    is_found: Callable[[Mapping[str, Any]], bool]
    title: str
    text: str
    advice: str
    rule: str
    source: str
    known_as: str
    meaning: str


SHORT_TRAININGS = {
    "first-loss": _Kind(
        "loss before the first step",
        "far",
        lambda each: not each["first_loss"] <= each["far"] * each["chance"],
        "The first loss is far above chance",
        "Before the first step the loss is {first_loss:.4g}, and that of chance {chance:.4g}.",
        "Scale the inputs, and targets that are numbers, to a mean of 0 and a standard deviation of 1, or draw smaller "
        "first weights.",
        f"The loss before the first step is more than {FAR:g} times that of equal probabilities or, for losses of "
        f"numbers, {FAR_OF_NUMBERS:g} times that of the mean of the targets, or it is not a number.",
        KARPATHY,
        "verify loss at init",
        "The first answers of the model are far off, so its first steps only undo its first weights.",
    ),
    "unlearned-batch": _Kind(
        "one batch",
        "obstacle",
        lambda each: bool(each["obstacle"]) and not each["loss"] < LEARNED * each["chance"],
        "One batch is not learned",
        "Trained on {batch:,.0f} samples alone, the model still has a loss of {batch_loss:.4g} on them, and that "
        "of chance is {chance:.4g}. What keeps it from learning them is {obstacle}.",
        "Change what keeps it from learning first: it learns no more of many samples than of a batch.",
        "In 1,000 steps on up to 32 samples, so different that a linear model can learn them, their loss does not fall "
        f"below {LEARNED:.0%} of that of chance. Each kind of regularization is then left out, and the optimizer "
        "replaced, to see which is the obstacle. Not found where the model learns as much of other samples.",
        KARPATHY,
        "overfit a single batch",
        "A model that can learn memorizes a few very different samples: something keeps it from that.",
    ),
    "poor-rate": _Kind(
        "learning rates over five powers of ten",
        "rate_behind",
        lambda each: each["rate_behind"] > 0 and not 1 / NEAR < each["rate"] / each["best_rate"] < NEAR,
        "Another learning rate learns much faster",
        "In 500 steps the learning rate of {rate:g} brings the loss on other samples to {loss:.4g}, and {best_rate:g} "
        "to {best_loss:.4g}.",
        "Try the rates between the two.",
        f"In 500 steps the learning rate saves less than {SLOW:.0%} of the loss that the best of five powers of ten "
        "saves, by a 99.9% bound, and the two differ by a factor of more than {NEAR:g}.",
        'Smith 2017, "Cyclical learning rates for training neural networks", section 3.3',
        "learning rate range test, LR finder",
        "The steps are so small, or so large, that the model learns little where others learn much.",
    ),
    "unused-inputs": _Kind(
        "use of the inputs",
        "gain",
        lambda each: each["gain"] < USED * each["blind_loss"],
        "The inputs do not help",
        "At the best of 11 learning rates the loss on other samples falls to {best_loss:.4g} in 500 steps, and to "
        "{blind_loss:.4g} if all inputs are 0.",
        "Look at the inputs and the targets right before fit, and whether they belong together.",
        f"What the inputs save of the loss on other samples, compared with inputs of 0, is below {USED:.0%} by a 99.9% "
        "bound.",
        KARPATHY,
        "input-independent baseline",
        "The model predicts new samples no better than one that never sees its inputs.",
    ),
    "shifted-labels": _Kind(
        "rows and targets",
        "below_behind",
        lambda each: max(each["above_behind"], each["below_behind"]) > 0,
        "Targets are shifted by a row",
        "The loss on other samples falls to {best_loss:.4g} with the targets as they are, to {loss_above:.4g} with "
        "those of the row above, and to {loss_below:.4g} with those of the row below.",
        "Look at how inputs and targets are read and joined: a header or a dropped row moves one against the other.",
        "With the target of the row above or below, the model saves more than twice as much of the loss on other "
        "samples, by a 99.9% bound.",
        'Ojala, Garriga 2010, "Permutation tests for studying classifier performance"',
        "misaligned labels",
        "Each target belongs to the row before it or after it, so the model learns wrong answers.",
    ),
    "leaking-split": _Kind(
        "random targets",
        "memory",
        lambda each: each["memory"] > 0 and not each["are_ties"],
        "Random targets are predicted",
        "{copies:,.0f} of {others:,.0f} samples that were not trained on equal a training sample. With random targets, "
        "the same for equal samples, the model predicts theirs better than chance.",
        "Keep equal samples in one part of the split, or leave all but one out.",
        "Different samples get each other's targets at random, and copies of training samples are predicted better "
        "than with still other targets, by a 99.9% bound. Not found where samples may be equal by chance, as where "
        "inputs have few values.",
        'Zhang et al. 2017, "Understanding deep learning requires rethinking generalization" (random labels)',
        "label shuffling, y-randomization",
        "The model remembers the targets of training samples that are held out as well: accuracies are too good.",
    ),
}


def _judge(evidence: Evidence) -> Iterable[Finding]:
    for kind, of in SHORT_TRAININGS.items():
        if of.last in evidence.short_trainings and of.is_found(evidence.short_trainings):
            text, measured = of.text.format(**evidence.short_trainings), evidence.short_trainings.items()
            named = {name: each for name, each in measured if f"{{{name}" in of.text}
            record = {name: each for name, each in named.items() if isinstance(each, str) or math.isfinite(each)}
            yield Finding(kind, "warning", of.title, text, record, advice=of.advice)


short_trainings = Check(
    _judge,
    tuple(
        Rule(kind, of.rule, of.source, of.known_as, f"{of.meaning} {of.advice}") for kind, of in SHORT_TRAININGS.items()
    ),
)
