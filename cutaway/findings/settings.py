"""Settings that are far from what is usual: one table of what is, with its sources, and the check that reads it."""

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cutaway.metrics import is_finite
from cutaway.words import percent

from .records import Evidence, Finding, Remedy, Rule, check
from .simpler_models import underperforms
from .steps import diverged_at

# Points that the accuracy on training samples loses from training to use, with BatchNormalization. That in training is
# a mean over an epoch in which the model becomes better, and dropout lowers it: in healthy runs it is below the other.
MODES_DIFFER = 0.1
# A gradient of 1e-4 in a kernel of a million weights is 1e-7 in each, the epsilon of Adam.
ADAM_CLIPS = 1e-4


class Usual(NamedTuple):
    """What a setting usually is.

    Attributes:
        words: The setting in a sentence, with "{:g}" for its value.
        usual: What is usual, and after a semicolon who says so.
        far: Beyond this value it is far from that: a note if the model is worse than it should be.
        extreme: Beyond this one it is a warning then. It is below `far` where small values are unusual.
        better: The value that a remedy gives it, or another remedy.
        kind: The kind of finding.
    """

    words: str
    usual: str
    far: float
    extreme: float
    better: Any
    kind: str = "unusual-setting"

    def distance(self, value: float) -> float:
        """How far a value is from what is usual: above 0 it is far, above 1 it is extreme."""
        return (value - self.far) / (self.extreme - self.far)


NO_REGULARIZATION = Remedy("train without dropout, noise and penalties of weights", change="no-regularization")
NO_WEIGHTS = Remedy("train without weights of classes", {"class_weight": None})
NO_CHANGES = Remedy("train without augmentation", {"augment": None})
_OWN = "only your own fit can change it"
CLIPPED = Remedy("clip gradients at a norm of 1, or not at all", untried=_OWN)
SCHEDULE = Remedy("let the schedule end with the training, or use a constant learning rate", untried=_OWN)
SHUFFLE = Remedy("leave shuffle=True in fit, or shuffle the rows before", untried=_OWN)

_HELD = NO_REGULARIZATION, "over-regularized"
_CLIP = "0.1 or more; Pascanu, Mikolov, Bengio 2013", 0.1, 0.05, CLIPPED
_EPSILON = "up to 0.01; Keras' default is 0.001", 0.01, 0.1, 0.001
_SLOPE = "up to 0.5; Xu et al. 2015: 0.01 to 0.2; Keras' default is 0.3", 0.5, 0.9, 0.3

USUAL = {
    "class_weight": Usual(
        "weights of classes that are up to {:.3g} times as large as the sizes of the classes call for",
        "5 times or less; King, Zeng 2001, balance the classes",
        *(5, 20, NO_WEIGHTS),
    ),
    "label_smoothing": Usual("label smoothing of {:g}", "up to 0.3; Szegedy et al. 2016: 0.1", 0.3, 0.5, 0.1),
    "momentum": Usual("a momentum of {:g}", "up to 0.99; Goodfellow et al. 2016, 8.3.2", 0.99, 0.995, 0.9),
    "weight_decay": Usual("a weight decay of {:g}", "up to 0.1; Keras' default is 0.004", 0.1, 0.3, 0.004),
    "virtual_adversarial": Usual("a virtual adversarial distance of {:g}", "up to 5; Miyato et al. 2018", 5, 10, 0.0),
    "dropout": Usual("a dropout rate of {:g}", "up to 0.6; Srivastava et al. 2014: 0.2 to 0.5", 0.6, 0.8, *_HELD),
    "noise": Usual(
        "Gaussian noise of {:g}", "a standard deviation up to 0.5; Rasmus et al. 2015: 0.3", 0.5, 0.8, *_HELD
    ),
    "l1": Usual("an L1 penalty of {:g}", "up to 0.02; Keras' default is 0.01", 0.02, 0.05, *_HELD),
    "l2": Usual("an L2 penalty of {:g}", "up to 0.03; Keras' default is 0.01", 0.03, 0.1, *_HELD),
    "clipnorm": Usual("gradients clipped to a norm of {:g}", *_CLIP),
    "global_clipnorm": Usual("gradients clipped to a common norm of {:g}", *_CLIP),
    "clipvalue": Usual("gradients clipped to {:g}", "0.01 or more; Pascanu et al. 2013", 0.01, 0.005, CLIPPED),
    "schedule": Usual(
        "a learning rate whose mean over the epochs is {:.1%} of its highest value",
        "a tenth or more; Loshchilov, Hutter 2017: a half",
        *(0.1, 0.05, SCHEDULE),
    ),
    "warm-up": Usual(
        "a learning rate that rises to the last epoch, to {:.2g}",
        "a rise in the first tenth of the epochs; Goyal et al. 2017: 5 of 90",
        *(0, 1e-12, SCHEDULE),
    ),
    "last class": Usual(
        "rows sorted by class (is shuffle on?) and a last class that is predicted {:.1f} times as often as it occurs",
        "twice at most; Bottou 2012, Stochastic gradient descent tricks: shuffled rows",
        *(2, 2 + 1e-9, SHUFFLE),
    ),
    "LeakyReLU.negative_slope": Usual("a negative slope of {:g} in LeakyReLU", *_SLOPE),
    "ReLU.negative_slope": Usual("a negative slope of {:g} in ReLU", *_SLOPE),
    "ReLU.max_value": Usual("a maximum of {:g} in ReLU", "1 or more; Krizhevsky 2010: 6", 1, 0.5, 6.0),
    "ReLU.threshold": Usual("a threshold of {:g} in ReLU", "0, Keras' default", 0.5, 1, 0.0),
    "LayerNormalization.epsilon": Usual("an epsilon of {:g} in LayerNormalization", *_EPSILON),
    "BatchNormalization.epsilon": Usual("an epsilon of {:g} in BatchNormalization", *_EPSILON),
    "BatchNormalization.momentum, too low": Usual(
        "a momentum of {:g} in BatchNormalization", "0.5 or more; Keras' default is 0.99", 0.5, 0.2, 0.9
    ),
    "BatchNormalization.momentum, after all steps": Usual(
        "a momentum in BatchNormalization that leaves {:.0%} of the first averages",
        "less than 5%; Ioffe, Szegedy 2015, whose averages are those of a whole training",
        *(0.05, 0.2, 0.9),
    ),
    "batch_size, with BatchNormalization": Usual(
        "batches of {:g} for BatchNormalization", "8 or more; Wu, He 2018, Group normalization", 8, 4, 32
    ),
    "BatchNormalization.momentum, as used": Usual(
        "BatchNormalization that predicts {:.1%} fewer of its training samples correctly in use than in training",
        "less than a tenth; Ioffe 2017, Batch renormalization: moving averages are used, not the values of the batch",
        *(MODES_DIFFER, MODES_DIFFER + 1e-9, 0.9, "batch-normalization"),
    ),
}
"""Settings of a training by their names, and of layers by kind and name; "dropout", "noise", "l1" and "l2" are those of
`Evidence.regularization`. After a comma stands what follows from a setting and others."""

_LISTED = "; ".join(f"{name}: {each.usual.partition(';')[0]}" for name, each in USUAL.items())

# A model that fits this share of its training samples is not held back, and neither is one that is so much better on
# them than on others: it overfits.
FITTED, FITTED_GAP = 0.97, 0.03
# The confidence of a model that fits in spite of an extreme setting is this far below its accuracy.
UNSURE = 0.15
_WORSE = (
    f"the model predicts fewer than {FITTED:.0%} of its own training samples correctly, as it is used, and no "
    f"more than {FITTED_GAP:.0%} more of them than of validation samples (up to 2,000); where that is unknown, "
    "it is nearer to always predicting one class than to no mistakes, or a simpler model is better; or the training "
    f"diverged. A note if the setting is not extreme, and if it is, also a warning where the mean confidence is more "
    f"than {UNSURE:.0%} below the accuracy."
)


@check(
    Rule(
        "over-regularized",
        words="Dropout, noise or a penalty of weights is stronger than usual, and {_WORSE}",
        source='Goodfellow, Bengio, Courville 2016, "Deep learning", sections 5.2 and 7.1',
        known_as="underfitting, too much regularization",
        about=(
            "Dropout, noise or penalties keep the model from learning even its training samples. Reduce them until "
            "the training accuracy is high, and add them again only if the model overfits."
        ),
    ),
    Rule(
        "unusual-setting",
        words="A setting is far from what is usual, and {_WORSE} Usual is {_LISTED}.",
        source='Bengio 2012, "Practical recommendations for gradient-based training of deep architectures"',
        known_as="hyperparameter out of range, misconfiguration",
        about=(
            "A setting has a value that hardly anybody uses, and the model is worse than it should be. Train with the "
            "usual value and compare: if it makes no difference, the cause is another one."
        ),
    ),
    Rule(
        "batch-normalization",
        words=(
            "With BatchNormalization, the accuracy on training samples falls by more than "
            "{MODES_DIFFER:.0%} from training to use, and {_WORSE}"
        ),
        source=('Ioffe 2017, "Batch renormalization"; Wu, Johnson 2021, "Rethinking \'batch\' in BatchNorm"'),
        known_as="train-test discrepancy of batch normalization; model.train() and model.eval() differ in PyTorch",
        about=(
            "In training the layer takes the mean and the variance of each batch, in use moving averages of them, and "
            "these do not match. Use a lower momentum, which reaches them sooner, or larger batches."
        ),
    ),
)
def unusual_settings(evidence: Evidence) -> Iterable[Finding]:
    """Name the settings that are far from what is usual if the model is worse than it should be."""
    for name, value in far_settings(evidence).items():
        usual, remedy = USUAL[name], remedy_of(name, evidence)
        words, is_extreme = usual.words.format(value), usual.distance(value) > 1
        if why := held_back(evidence, is_extreme=is_extreme):
            text = f"This training has {words}; usual is {usual.usual}. {why}."
            severity, record = "warning" if is_extreme else "note", {"setting": name, "value": value}
            title = f"{words[:1].upper()}{words[1:]}"
            yield Finding(usual.kind, severity, title, text, record, remedy, advice=f"Try this: {remedy.words}.")


def held_back(evidence: Evidence, *, is_extreme: bool) -> str:
    """What shows that a model is worse than it should be, a sentence without its end; empty if nothing does."""
    _, in_use, held_out = evidence.accuracies
    if diverged_at(evidence):
        return "The training diverged"
    if in_use is None and underperforms(evidence):
        return "The model predicts poorly"
    if in_use is not None and in_use < FITTED and in_use - (held_out or in_use) <= FITTED_GAP:
        return f"As it is used, the model predicts only {percent(in_use, 1)} of its training samples correctly"
    unsure = -evidence.calibration[1] if evidence.calibration else 0.0
    return f"The mean confidence is {percent(unsure, 1)} below the accuracy" if is_extreme and unsure > UNSURE else ""


def far_settings(evidence: Evidence) -> dict[str, float]:
    """The settings that are far from what is usual, each with its farthest value."""
    found: dict[str, float] = {}
    for name, value in _given(evidence):
        if name in USUAL and isinstance(value, int | float) and USUAL[name].distance(value) > 0:
            found[name] = max(value, found.get(name, value), key=USUAL[name].distance)
    return found


def remedy_of(name: str, evidence: Evidence) -> Remedy:
    """What to do about a setting that is far from what is usual; in all layers of its kind."""
    better, (kind, _, setting) = USUAL[name].better, name.partition(",")[0].rpartition(".")
    if isinstance(better, Remedy):
        return better
    layers = {each["name"]: {setting: better} for each in evidence.model if each["kind"] == kind}
    words = f"use {setting}={better:g}"
    return Remedy(f"{words} in {kind}", layers=layers) if kind else Remedy(words, {setting: better})


def _given(evidence: Evidence) -> Iterator[tuple[str, Any]]:
    """Name and value of every setting, and of what follows from several."""
    config, history = evidence.config, evidence.history
    rates: list[float] = [row["learning_rate"] for row in history if is_finite(row.get("learning_rate"))]
    yield from (evidence.regularization or {}).items()
    for name, value in config.items():
        # Adam divides a gradient by its own size: clipping makes its steps smaller only if it ends near its epsilon
        if "clip" not in name or config.get("optimizer") == "sgd" or value < ADAM_CLIPS:
            yield name, value
    for layer in evidence.model:
        for setting, value in layer["config"].items():
            yield f"{layer['kind']}.{setting}", value
        if layer["kind"] == "BatchNormalization" and layer["config"].get("trainable") is not False:
            yield from _of_averages(evidence, layer["config"].get("momentum"))
    weights, counts = config.get("class_weight"), evidence.class_counts.get("train")
    if isinstance(weights, list | tuple) and counts:
        largest = max(map(math.prod, zip(weights, counts, strict=False)))
        # weights that balance classes give the least to the most frequent one
        yield "class_weight", largest / max(min(weights) * max(counts), largest / 1000, 1e-9)
    last, measured = evidence.last_class, evidence.measured
    # a class is forgotten while the next one is learned: what is right in training is not right after it
    if evidence.recorded and measured and last is not None and (evidence.accuracies.fall or 0.0) > MODES_DIFFER:
        yield "last class", measured.predicted[last] / max(measured.samples[last], 1)
    # schedules of our own end with the training
    if not config.get("schedule") and 1 < len(rates) == len(history):
        yield "schedule", sum(rates) / len(rates) / max(*rates, config.get("learning_rate") or 0, 1e-30)
        if evidence.ended and rates == sorted(set(rates)):
            yield "warm-up", rates[-1]


def _of_averages(evidence: Evidence, momentum: Any) -> Iterator[tuple[str, Any]]:
    """What the moving averages of a BatchNormalization depend on, unless the accuracies show that they are right."""
    differ = evidence.accuracies.fall
    steps = (evidence.epoch_steps or 0) * (evidence.kept_epoch or len(evidence.history))
    yield "batch_size, with BatchNormalization", evidence.config.get("batch_size")
    if steps and isinstance(momentum, float) and 0 <= momentum <= 1 and (differ is None or differ > MODES_DIFFER):
        yield "BatchNormalization.momentum, too low", momentum
        yield "BatchNormalization.momentum, after all steps", momentum**steps
    yield "BatchNormalization.momentum, as used", differ  # last: what is far from usual explains it


@check(
    Rule(
        "class-changing-augmentation",
        words=(
            "After mirroring, turning by more than 45 degrees, or a function of your own, at least 10 of 100 training "
            "images more, and by four standard errors or more, are nearest to an image of another class."
        ),
        source='Shorten, Khoshgoftaar 2019, "A survey on image data augmentation for deep learning"',
        known_as="augmentation that does not preserve labels",
        about=("A changed image looks like one of another class, such as a 6 that is turned, but keeps its label."),
        advice="Leave out the change that does this, and keep shifts and small rotations.",
        title="Augmentation changes the class of images",
    ),
)
def augmentation(evidence: Evidence) -> Iterable[Finding]:
    """Warn of augmentation that turns images into some of other classes."""
    if evidence.class_change is not None:
        text = f"Augmentation may change the class of an image: {evidence.class_change}."
        record = {"augment": evidence.config.get("augment")}
        yield Finding("class-changing-augmentation", "warning", "", text, record, NO_CHANGES)
