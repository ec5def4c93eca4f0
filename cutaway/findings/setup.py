"""What a compiled model and its arrays show before the first step; `cutaway.models.setup_faults` decides it."""

from collections.abc import Iterable, Mapping

from cutaway.models import setup_faults

from .records import Evidence, Finding, Rule, check
from .simpler_models import underperforms
from .steps import diverged_at

FITTING = {
    "classes": "End the model with a unit for each class and softmax, and use sparse_categorical_crossentropy.",
    "two": "End the model with one unit and sigmoid, and use binary_crossentropy.",
    "one-hot": "End the model with a unit for each class and softmax, and use categorical_crossentropy.",
    "several": "End the model with a unit for each class and sigmoid, and use binary_crossentropy.",
    "numbers": "End the model with a unit for each number and no activation, and use mse.",
    "shares": "End the model with a unit for each number and sigmoid, and use mse.",
}
"""What fits targets of a kind."""

ANY = "End the model with a unit for each class and softmax, and use a categorical cross-entropy."

KERAS = "https://keras.io/api/losses/probabilistic_losses/"
BISHOP = 'Bishop 2006, "Pattern recognition and machine learning", section 5.2: matching activations and losses'

FAULTS: Mapping[str, tuple[str, ...]] = {
    "missing-values": (
        "Values are missing",
        "{setup.missing:,} values of x and y are NaN or infinite, and the loss of every batch with one of them is NaN.",
        "Fill these values in, or leave their samples out.",
        "A value of x or y is NaN or infinite.",
        'Goodfellow, Bengio, Courville 2016, "Deep learning", section 8.2.4',
        "NaN loss, missing data",
        "One NaN in a batch makes the loss and then all weights NaN. Fill missing values in, for example with the "
        "median of the column, or leave these samples out, and divide by nothing that can be 0.",
    ),
    "constant-targets": (
        "All targets are equal",
        "Every target is {targets.low:g}, so there is nothing to learn. They may have been scaled or sliced along the "
        "wrong axis.",
        "Look at y right before fit.",
        "All targets are equal.",
        'Kuhn, Johnson 2013, "Applied predictive modeling", section 3.5',
        "zero-variance target",
        "A model that learns one number for everything is right, and knows nothing. Usually a scaler was fitted "
        "on one row in place of a column, or the wrong column was taken.",
    ),
    "one-unit-softmax": (
        "Softmax over a single unit",
        "Softmax over one unit is 1 for every sample, so the output never changes and nothing is learned.",
        "{fitting}",
        "The last layer has one unit, and the last activation is softmax.",
        'Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs"',
        "wrong output activation; incorrect softmax in NeuraLint",
        "Softmax divides each output by the sum of all outputs, so a single one is always 1, whatever the weights "
        "are. One unit needs sigmoid for two classes, and no activation for a number; several classes need a unit "
        "each.",
    ),
    "one-output": (
        "A categorical cross-entropy of one output",
        "{setup.loss} compares the outputs of a sample with each other. Of a single output it is the same for all "
        "weights, so nothing is learned.",
        "{fitting}",
        "The loss is a categorical cross-entropy, and the model has one output.",
        KERAS,
        "wrong loss function, wrong number of outputs",
        "A categorical cross-entropy compares the outputs of the classes with each other, and with one output "
        "there is nothing to compare. Give each class a unit with softmax, or use binary_crossentropy with one "
        "sigmoid for two classes.",
    ),
    "not-probabilities": (
        "The loss takes probabilities, and the outputs are none",
        "{setup.loss} without from_logits=True takes the outputs for probabilities, and the last activation is "
        "{setup.activation}: values outside of 0..1 are clipped, and get no gradient.",
        "{fitting} A last layer without an activation also fits a loss with from_logits=True.",
        "The loss is a cross-entropy without from_logits=True, and the last activation is neither softmax nor sigmoid.",
        KERAS,
        "missing softmax, missing from_logits; missing activation in UMLAUT",
        "Without from_logits=True, a cross-entropy takes the logarithm of the outputs as probabilities. Numbers "
        "outside of 0..1 are clipped, and clipped outputs learn nothing. Add softmax or sigmoid to the last "
        "layer, or pass from_logits=True with a last layer without an activation.",
    ),
    "numbers-as-classes": (
        "A loss of classes, and targets that are numbers",
        "The targets are numbers from {targets.low:g} to {targets.high:g}, and {setup.loss} is for classes.",
        "{fitting}",
        "The loss is a cross-entropy, and the targets are neither classes nor numbers within 0..1.",
        BISHOP,
        "regression with a classification loss, wrong loss function",
        "A cross-entropy asks for the probability of a class, and measured numbers are none. Use mse or mae and a "
        "last layer without an activation, or make classes of the numbers first.",
    ),
    "labels-out-of-range": (
        "Labels outside of the range of the loss",
        "The labels are whole numbers from {targets.low:g} to {targets.high:g}, and {setup.loss} takes 0 to "
        "{setup.highest_label}.",
        "Number the classes from 0. {fitting}",
        "A class number is below 0 or, with binary_crossentropy, above 1, or not below the number of outputs.",
        KERAS,
        "label out of range, wrong label encoding",
        "Class numbers count from 0, and each needs an output; binary_crossentropy knows 0 and 1 only. Number the "
        "classes from 0, and take one unit with softmax for each if there are more than two.",
    ),
    "target-shape": (
        "The targets have another shape than the loss takes",
        "The target of a sample has the shape {targets.shape}, its output {setup.output}, and {setup.loss} takes "
        "{setup.target_shape}.",
        "Change the last layer or the targets: np.argmax(y, axis=1) makes class numbers of one-hot rows, "
        "keras.utils.to_categorical the reverse, and a Flatten before the last layers takes an axis away.",
        "The shape of the targets is not the one that the loss compares with the outputs, axes of 1 aside.",
        KERAS,
        "label encoding, missing one-hot encoding, shape mismatch, missing Flatten",
        "The loss compares targets and outputs value by value, or takes one class number in place of a row. In "
        "another shape it fails, or compares values that do not belong together. Change the encoding of the "
        "labels or the last layer.",
    ),
    "unreachable-targets": (
        "The output cannot reach the targets",
        "The targets are numbers from {targets.low:g} to {targets.high:g}, and the last activation, "
        "{setup.activation}, gives {setup.reach[0]:g} to {setup.reach[1]:g}.",
        "{fitting}",
        "The targets are numbers, and some are outside of what the last activation gives, by 1% of their "
        "range or more.",
        BISHOP,
        "wrong output activation for regression",
        "sigmoid and softmax end at 1, tanh is within -1..1, and relu is never negative, so a target beyond that "
        "is never reached and the loss stays high. Leave the activation of the last layer out, or scale the "
        "targets to its range.",
    ),
    "double-activation": (
        "The last activation is applied twice",
        "The last activation is {setup.activation}, and {setup.loss} with from_logits=True applies it again: sure "
        "answers become unsure ones, and the loss cannot become small.",
        "Leave out from_logits=True, or the last activation.",
        "The loss has from_logits=True, and the last activation is softmax or sigmoid.",
        KERAS,
        "double softmax",
        "Probabilities are within 0..1, and a second softmax of such numbers makes them nearly equal, so the loss "
        "cannot become small and gradients are weak. Use either the activation or from_logits=True.",
    ),
    "sigmoid-output": (
        "The output layer has sigmoids",
        "Each of the {setup.units:,} outputs has a sigmoid of its own, so they do not sum to 1, while the loss takes "
        "them for the probabilities of exclusive classes.",
        "End the model with the activation softmax; for samples of several classes, use binary_crossentropy.",
        "The output layer of three or more classes has the activation sigmoid, and the loss is a categorical "
        "cross-entropy, which is made for probabilities that sum to 1.",
        'Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs" (softmax)',
        "wrong output activation",
        "The outputs do not sum to 1, as a categorical cross-entropy expects, so gradients and probabilities are "
        "wrong. End the model with softmax, or use binary_crossentropy if a sample can have several classes.",
    ),
    "softmax-of-several": (
        "A softmax for samples of several classes",
        "Some samples belong to several classes or to none, and softmax gives the probabilities of exclusive classes.",
        "{fitting}",
        "The last activation is softmax, and a row of the targets has not exactly one 1.",
        BISHOP,
        "multi-label classification with softmax",
        "Softmax shares one probability among all classes, so two classes of one sample get half of it each at "
        "most. Use a sigmoid for each class and binary_crossentropy.",
    ),
    "inputs-are-targets": (
        "The targets are the inputs",
        "x and y hold the same values, and no layer has fewer units than there are inputs, so the model learns to "
        "copy.",
        "Pass the labels as y; an autoencoder needs a layer with fewer units than inputs.",
        "x and y are equal, and no layer has fewer units than x has values.",
        'Goodfellow, Bengio, Courville 2016, "Deep learning", section 14.1',
        "wrong variable passed to fit, identity mapping",
        "The model only has to return its inputs, which it can do without learning anything about the data. "
        "If that is an autoencoder, make a layer narrower than the inputs; otherwise pass the labels as y.",
    ),
    "loss-of-numbers": (
        "A loss of numbers, and targets that are classes",
        "The targets are {targets.classes:,} classes, and {setup.loss} is for numbers: a cross-entropy learns classes "
        "faster.",
        "{fitting}",
        "The targets are classes, the loss is a distance, and the last activation is not linear or the targets are "
        "one-hot rows. A note if the model predicts well or the training diverged.",
        'Golik, Doetsch, Ney 2013, "Cross-entropy vs. squared error training"',
        "wrong loss function, classification with a regression loss",
        "A squared error of softmax or sigmoid hardly has a gradient where the model is sure and wrong, and "
        "treats class numbers as amounts. A cross-entropy does not have this problem.",
    ),
    "linear-hidden": (
        "No hidden layer has an activation",
        "Without activation functions between them, all layers together are one linear layer.",
        "Give the hidden layers an activation, such as relu.",
        "There are hidden layers, and none has an activation function. A note if the model predicts well or the "
        "training diverged.",
        'Goodfellow, Bengio, Courville 2016, "Deep learning", section 6.1',
        "missing activation; missing non-linearity in NeuraLint and UMLAUT",
        "A linear function of a linear function is linear, so hidden layers without an activation add nothing "
        "that one layer could not do. Put relu or another activation after each hidden layer.",
    ),
    "unscaled-targets": (
        "Targets are not scaled",
        "The targets are numbers from {targets.low:g} to {targets.high:g} with a standard deviation of "
        "{targets.std:g}, while the first outputs are near 0 and each step changes them little.",
        "Standardize the targets, and undo that after predict.",
        "Before a training: the standard deviation of targets that are numbers is above 20.",
        'LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.5',
        "unnormalized targets",
        "The first outputs are near 0, and steps have the size of the learning rate, so far targets take very "
        "many steps, and their squared error has very large gradients. Standardize the targets, and undo that "
        "after predict.",
    ),
    "few-steps": (
        "Few steps are planned",
        "{setup.samples:,} samples in batches of {setup.batch_size:,} and {setup.epochs:,} epochs are {setup.steps:,} "
        "steps, too few for the weights to move far.",
        "Plan more epochs, or smaller batches.",
        "Before a training: fewer than 100 steps are planned.",
        'Smith 2017, "Cyclical learning rates for training neural networks", section 3.3',
        "too few epochs, batch size too large",
        "The weights change a little in each step, and so few steps do not lead far from the first weights. Plan "
        "more epochs, or smaller batches, until the validation loss does not fall any more.",
    ),
    "unusual-rate": (
        "The learning rate is far from the usual one",
        "The learning rate of {setup.optimizer} is {setup.learning_rate:g}, {setup.times:g} times Keras' default.",
        "Begin with the default, and change it by factors of 3.",
        "Before a training: the learning rate is 100 times Keras' default of the optimizer or more, or a "
        "100th or less.",
        'Bengio 2012, "Practical recommendations for gradient-based training of deep architectures", 3.1',
        "learning rate out of range in UMLAUT",
        "A learning rate that is much too high makes the loss jump or NaN, and one that is much too low changes "
        "next to nothing. Begin with the default of the optimizer, and try three times and a third of it.",
    ),
}
"""Kind -> a title, what is wrong, and what to do, with facts of the setup and of its targets in braces, and what fits
these; the rule, its source, names elsewhere, and what it means."""

LESSER = ("loss-of-numbers", "linear-hidden")
"""With these many models predict well."""


@check(*(Rule(kind, *words[3:]) for kind, words in FAULTS.items()))
def setup(evidence: Evidence) -> Iterable[Finding]:
    """Say what is wrong with a model and its arrays; a note of what does a model no harm that predicts well."""
    known = evidence.setup
    if known is None:
        return
    is_trained = bool(evidence.history) or evidence.ready_made
    # a model of any kind can diverge, which shows nothing about these faults
    works = diverged_at(evidence) or (is_trained and not underperforms(evidence))
    targets, record = known.targets, {"loss": known.loss, "activation": known.activation, "outputs": known.units}
    fits = "two" if (targets.kind, targets.classes) == ("classes", 2) else targets.kind
    for kind in setup_faults(known):
        title, text, advice = (
            each.format(setup=known, targets=targets, fitting=FITTING.get(fits, ANY)) for each in FAULTS[kind][:3]
        )
        severity = "note" if works and kind in LESSER else "warning"
        yield Finding(kind, severity, title, text, record, advice=advice)
