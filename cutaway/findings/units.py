"""What the layers and their units do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from cutaway.models import DENSE_KINDS
from cutaway.words import listed, percent

from .classes import missed_class
from .records import DEFAULT_WEIGHTS, RELU, Evidence, Finding, Remedy, Rule, check
from .settings import FITTED
from .simpler_models import is_beaten, underperforms

# With a tenth of its units a layer still learns: fewer dead ones are a symptom, as of inputs that are averaged (34%) or
# hold a few extreme values (29%), and healthy models of the digits have up to 17% (tests/findings/sick_runs.py).
MANY_DEAD = 0.9
POOLING = "GlobalAveragePooling1D"
LEAKY = Remedy("use leaky_relu in the hidden layers", activation="leaky_relu")


@check(
    Rule(
        "dead-units",
        words=(
            "{MANY_DEAD:.0%} of the units of a layer or more have the output 0 for every sample of the whole "
            "dataset; a smaller share is a note.{IF_WORSE}"
        ),
        source='Lu, Shin, Su, Karniadakis 2020, "Dying ReLU and initialization: theory and numerical examples"',
        known_as="dead ReLU, dying ReLU; DeadRelu in SageMaker Debugger",
        about=(
            "A unit that is 0 for every sample has no gradient: it never learns again, and the layer is smaller than "
            "it looks."
        ),
        advice=(
            "Use a smaller learning rate or one that rises first (one-cycle), scaled inputs, batch normalization, or "
            "leaky_relu."
        ),
        title="Nearly all units of {layer} are dead",
    ),
)
def dead_units(evidence: Evidence) -> Iterable[Finding]:
    """Report the layers that have dead units, or that none has."""
    layers = evidence.dead_units
    if not layers:
        return
    if not any(dead for dead, _ in layers.values()):
        text = f"Every unit of {listed(list(layers))} fires on at least one sample of the whole dataset."
        record = {layer: {"dead": 0, "units": units} for layer, (_, units) in layers.items()}
        yield Finding("dead-units", "good", "No dead units", text, {"layers": record})
    for layer, (dead, units) in layers.items():
        if dead:
            yield _dead_units_in(evidence, layer, dead=dead, units=units)


def _dead_units_in(evidence: Evidence, layer: str, *, dead: int, units: int) -> Finding:
    share, weights = dead / units, evidence.weights.get(layer)
    text = (
        f"Of the {units:,} units of {layer}, {dead:,} ({percent(share)}) are 0 for every sample of the whole dataset."
    )
    record = {"layer": layer, "dead": dead, "units": units, "share": share}
    if share < MANY_DEAD:
        return Finding("dead-units", "note", f"Dead units in {layer}", text, record)
    remedy, advice, title = LEAKY, "", ""
    if dead == units and weights is not None and weights.first == 0:  # a single living unit would have a gradient
        text += " They were dead at the first weights already, before any step."
        advice = "Draw first weights and biases by Keras' default initializers, and look at the range of the inputs."
        remedy = evidence.other_weights or LEAKY
        if weights.bias < 0:
            title = f"First biases below 0 switch off all units of {layer}"
            text += f" Its largest first bias is {weights.bias:g}: no sum of inputs is above 0 with it."
    return Finding("dead-units", "warning", title, text, record, remedy, advice=advice)


# At the initialization that Glorot and Bengio propose, less than a tenth of the outputs of tanh are beyond 0.9.
MANY_SATURATED = 0.6


@check(
    Rule(
        "saturated-units",
        words=(
            "More than {MANY_SATURATED:.0%} of the outputs of a layer are within 5% of an end of the range "
            "of its "
            "activation function; on up to 2,000 training samples. A note where this came with training and the model "
            "predicts well: at the first weights it was less, the accuracy is nearer to that of no mistakes than to "
            "that of always predicting one class, and no simpler model is right more often."
        ),
        source=(
            'Glorot, Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", '
            "section 3"
        ),
        known_as="saturated activation; SaturatedActivation in SageMaker Debugger",
        about="At the ends of sigmoid or tanh the gradient is nearly 0, so the layers before them learn slowly.",
        advice="Use smaller first weights, scaled inputs, or relu, which has no upper end.",
        title="Saturated units in {layer}",
        text=(
            "{saturated:.1%} of the outputs of {layer} are within 5% of an end of the range of {activation}, where its "
            "gradient is nearly 0."
        ),
    ),
)
def saturated_units(evidence: Evidence) -> Iterable[Finding]:
    """Name the layers most of whose activations are at an end of the range."""
    is_poor = evidence.confusion is None or underperforms(evidence)
    # relu with first weights as large is no better
    remedy = DEFAULT_WEIGHTS if evidence.default_weights is False else RELU
    for name, layer in evidence.layers.items():
        if layer.saturated is not None and layer.saturated > MANY_SATURATED:
            record = {"layer": name, "saturated": layer.saturated, "activation": layer.activation}
            if not is_poor and layer.saturated_first is not None and layer.saturated_first <= MANY_SATURATED:
                text = f"It was {percent(layer.saturated_first, 1)} at the first weights, and the model predicts well."
                yield Finding("saturated-units", "note", "", text, record)
            else:
                yield Finding("saturated-units", "warning", evidence=record, remedy=remedy)


# A layer this narrow is rarely wanted, except in front of an image; a remedy gives it as many as a small model has.
NARROW, ENOUGH = 2, 32


@check(
    Rule(
        "bottleneck",
        words=(
            "A hidden layer has 1 unit for 3 classes or more, or {NARROW} units for 4 or more, and the accuracy is "
            "nearer to that of always predicting one class than to that of no mistakes, or a class is missed, or a "
            "simpler model is right more often. Or the model averages its inputs over all positions "
            "(GlobalAveragePooling1D) before the first Dense layer, and a simpler model, which sees each position, is "
            "right more often."
        ),
        source='Tishby, Zaslavsky 2015, "Deep learning and the information bottleneck principle"',
        known_as="information bottleneck, underfitting",
        about="All that the following layers know passes through so few numbers, which cannot keep many classes apart.",
        advice="Give the layer more units.",
        title="{layer} is too narrow",
        text="All later layers depend on {layer} alone (units: {units}), and there are {classes:,} classes.",
    ),
)
def bottleneck(evidence: Evidence) -> Iterable[Finding]:
    """Name the narrowest layer of a model that predicts poorly, or the one that averages its inputs."""
    layers, classes = evidence.layers, evidence.classes
    if not layers:
        return
    pooling = averages_inputs(evidence.model)
    if pooling in layers and is_beaten(evidence):
        record = {"layer": pooling, "units": layers[pooling].units, "classes": classes}
        text = "It averages over all positions of the inputs, and a model that sees each position is right more often."
        advice = "Put Flatten in its place."
        yield Finding("bottleneck", "warning", f"{pooling} averages away positions", text, record, advice=advice)
        return
    name = min(layers, key=lambda each: layers[each].units)
    units = layers[name].units
    if units > NARROW or classes <= units + 1:
        return
    if not (underperforms(evidence) or missed_class(evidence)):
        return
    record = {"layer": name, "units": units, "classes": classes}
    yield Finding("bottleneck", "warning", evidence=record, remedy=widened(name))


def averages_inputs(layers: Sequence[Mapping[str, Any]]) -> str:
    """The name of a layer that averages inputs over their positions before a Dense layer sees them; "" if none does.

    Args:
        layers: See `Evidence.model`.
    """
    first = next((each for each in layers if each["kind"] in (*DENSE_KINDS, POOLING)), {"kind": ""})
    return first["name"] if first["kind"] == POOLING else ""


def widened(name: str) -> Remedy:
    """More units in a narrow layer."""
    return Remedy(f"give {name} {ENOUGH} units", layers={name: {"units": ENOUGH}})


LEAST_UNITS = 16
# Healthy layers of 16 to 512 units use a tenth of them or more (tests/findings/test_sick_runs.py).
FEW_DIRECTIONS = 0.04
# What hardly more than one direction holds.
ONE_DIRECTION = 1.8
# Layers on fewer inputs always span few directions, and if they have more units than that, many say the same: of 256
# units of a healthy model of the 4 inputs of iris four in five.
LEAST_INPUTS, MOST_UNITS = 4, 16


@check(
    Rule(
        "low-rank",
        words=(
            "The effective rank of the activations of a layer of {LEAST_UNITS} units or more is below "
            "{ONE_DIRECTION:g}, or, with up to {MOST_UNITS} units for each input that varies, below "
            "{FEW_DIRECTIONS:.0%} of its units; on up to 2,000 training samples. Not judged with fewer than "
            "{LEAST_INPUTS} inputs that vary.{IF_WORSE}"
        ),
        source='Roy, Vetterli 2007, "The effective rank: a measure of effective dimensionality"',
        known_as="rank collapse, dimensional collapse",
        about="All units of the layer say nearly the same, so the following layers see only a few different values.",
        advice=(
            "Look whether most of its units are dead, its first weights are all alike, or a layer before it is too "
            "narrow."
        ),
        title="{layer} has little content",
        text=(
            "The {units:,} units of {layer} span {rank:.1f} directions (effective rank): later layers get hardly more "
            "numbers of a sample than that."
        ),
    ),
)
def low_rank(evidence: Evidence) -> Iterable[Finding]:
    """Name the layers whose effective rank is a small share of their units."""
    if has_few_inputs(evidence):
        return
    for name, layer in evidence.layers.items():
        few = 0.0 if has_few_inputs(evidence, layer.units) else FEW_DIRECTIONS * layer.units
        if layer.units >= LEAST_UNITS and layer.rank < max(few, ONE_DIRECTION):
            record = {"layer": name, "rank": layer.rank, "units": layer.units}
            yield Finding("low-rank", "warning", evidence=record, remedy=wider_or_drawn(evidence, name))


def has_few_inputs(evidence: Evidence, units: int = 0) -> bool:
    """Whether so few inputs vary that units of a layer, or of any, say the same as others."""
    inputs = evidence.inputs
    return inputs is not None and inputs.inputs - len(inputs.constant) < max(LEAST_INPUTS, units / MOST_UNITS)


def wider_or_drawn(evidence: Evidence, name: str) -> Remedy | None:
    """More units in a narrow layer before it, or else other first weights if they are not the default ones."""
    layers = evidence.layers
    before = list(layers)[: list(layers).index(name)]
    narrow = min(before, key=lambda each: layers[each].units, default=None)
    if narrow is not None and layers[narrow].units <= NARROW:
        return widened(narrow)
    return evidence.other_weights


# A healthy model of iris, whose 4 inputs nearly say 2 things, has 44%; units that are alike from the start have 87%.
MANY_REDUNDANT, NEARLY_ALL_REDUNDANT = 0.5, 0.9


@check(
    Rule(
        "redundant-units",
        words=(
            "More than {MANY_REDUNDANT:.0%} of the units of a layer correlate with an earlier one by 0.98 "
            "or more, "
            "either way; more than {NEARLY_ALL_REDUNDANT:.0%} if there are more than {MOST_UNITS} units "
            "for each "
            "input that varies; on up to 2,000 training samples. Not judged with fewer than 4 inputs that vary."
            "{IF_WORSE}"
        ),
        source=(
            'Cogswell, Ahmed, Girshick, Zitnick, Batra 2016, "Reducing overfitting in deep networks by decorrelating '
            'representations"'
        ),
        known_as="duplicate neurons, co-adaptation",
        about="Several units do the work of one, which costs time and memory and helps nothing.",
        advice="Make the layer smaller; if its units were alike from the start, draw first weights at random.",
        title="Redundant units in {layer}",
        text=(
            "{redundant:,} of the {units:,} units of {layer} ({share:.1%}) correlate with an earlier one by 0.98 or "
            "more."
        ),
    ),
)
def redundant_units(evidence: Evidence) -> Iterable[Finding]:
    """Name the layers with many units that correlate with an earlier one by 0.98 or more."""
    if has_few_inputs(evidence):
        return
    for name, layer in evidence.layers.items():
        share = layer.redundant / layer.units
        if share > (NEARLY_ALL_REDUNDANT if has_few_inputs(evidence, layer.units) else MANY_REDUNDANT):
            record = {"layer": name, "redundant": layer.redundant, "units": layer.units, "share": share}
            yield Finding("redundant-units", "warning", evidence=record, remedy=wider_or_drawn(evidence, name))


# p-value above which weights count as untrained; misses one untrained layer in a hundred. Number of weights to compare.
DRAWN_LEVEL, DRAWN_COMPARED = 0.01, 10_000


@check(
    Rule(
        "frozen-layers",
        words=(
            "A Dense layer is not trained (trainable=False), and its weights are distributed as its initializer draws "
            "them. A note where the accuracy is nearer to that of no mistakes than to that of always predicting one "
            "class, no simpler model is right more often, and {FITTED:.0%} of the training samples are "
            "predicted correctly, or it is unknown how many."
        ),
        source='Rahimi, Recht 2008, "Random features for large-scale kernel machines", on what such layers do',
        known_as="frozen weights, untrained layers",
        about="The layer keeps its random first weights, so later layers get a random function of the inputs.",
        advice="Set trainable=True, or give the model trained weights.",
        title="Layers are not trained",
    ),
)
def frozen_layers(evidence: Evidence) -> Iterable[Finding]:
    """Name the layers that stay as they were drawn."""
    if frozen := evidence.frozen:
        is_poor = underperforms(evidence) or (evidence.accuracies.in_use or 1.0) < FITTED
        remedy = Remedy("train these layers (trainable=True)", layers={name: {"trainable": True} for name in frozen})
        text = f"The weights of {listed(frozen)} stay as they were drawn at random (trainable=False)."
        yield Finding("frozen-layers", "warning" if is_poor else "note", "", text, {"layers": list(frozen)}, remedy)


def looks_drawn(kernel: np.ndarray, drawn: np.ndarray) -> bool:
    """Whether weights are distributed as their initializer draws them, by a Kolmogorov-Smirnov test.

    A model comes with weights whether they were trained or not.

    Args:
        kernel: float ``(input, unit)``.
        drawn: Weights of the same shape from the initializer of the layer.
    """
    from scipy.stats import ks_2samp

    if not kernel.size:
        return False
    test = ks_2samp(kernel.ravel()[:DRAWN_COMPARED], drawn.ravel()[:DRAWN_COMPARED])
    return bool(np.asarray(test)[1] > DRAWN_LEVEL)
