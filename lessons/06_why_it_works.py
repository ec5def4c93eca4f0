# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Why we do it this way: four controlled experiments
#
# The earlier lessons made choices and gave a reason for each in one sentence: ReLU instead of the sigmoid,
# cross-entropy instead of the squared error, dropout against overfitting, and categorical instead of binary
# cross-entropy. A reason that is not tested is only a story, so we test all four. Each experiment has a **control**:
# the same training without the one change that is tested. If two things change, nobody can tell which one made the
# difference. We also repeat each experiment with several **seeds**, because chance changes the result of every
# training. The first section measures by how much.
#
# The numbers in the text are those of our machine. Another CPU rounds differently, and a training then ends a
# little elsewhere.

# %% [markdown] tags=["goals"]
# After this lesson you can
#
# - design an experiment in which only one thing changes, and repeat it often enough to see a difference
# - explain why six layers of sigmoid units do not learn from the usual first weights, and name two ways to mend it
# - say when the squared error is slower than cross-entropy, and when it is not
# - say when dropout helps and when it hurts, and measure what it does to single units
# - find out whether a difference between two losses is only a difference in step length

# %% [markdown]
# You need lessons 1 to 5. All experiments run on parts of MNIST, with at most 25,000 images, so that each takes
# seconds. All results are on validation images. We do not use the results on the test set at all.

# %% [markdown] tags=["about-solutions"]
# The solution to each exercise is folded below it: try it yourself first, then click on "Solution". To run it, copy
# it into your cell.

# %%
import os

os.environ["KERAS_BACKEND"] = "jax"  # must be set before Keras is imported

import tempfile

import jax
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import layers

import cutaway as ct

# %matplotlib inline

BLUE, ORANGE, PURPLE, GRAY = "#3f90da", "#e76300", "#832db6", "#717581"

# %%
folder = tempfile.TemporaryDirectory()  # it goes with the notebook
mnist = ct.load_dataset("mnist")
images, labels = mnist.sources["train"].x, mnist.sources["train"].y
unused = mnist.sources["test"]  # a dataset needs a test set; we do not look at its results


def first_images(n):
    """Make a dataset of the first n training images of MNIST."""
    return ct.Dataset.from_arrays(
        *(images[:n], labels[:n]),
        x_test=unused.x[:1000],
        y_test=unused.y[:1000],
        scale=mnist.scale,
    )


# %% [markdown]
# The recipe `"lesson"` is plain SGD, as in lesson 3. Everything that an experiment does not change is here:

# %%
PLAIN = {
    "recipe": "lesson",
    "learning_rate": 0.1,
    "batch_size": 50,
    "epochs": 5,
    "validation": 0.5,  # the share of the images that is held out for validation
    "precision": "float32",
}


def train(model, data, seed, **changes):
    """Train a model with plain SGD. The only settings that differ are those in `changes`."""
    settings = PLAIN | changes
    return ct.train(model, data, seed=seed, runs=folder.name, progress=False, **settings)


def val_accuracy(run):
    """Return the validation accuracy after each epoch, in percent."""
    return 100 * np.array(run.history["val_accuracy"])


# %% [markdown]
# ## What one number is worth
#
# The **seed** starts the random number generator. It decides which images are held out, the first weights, and the
# order of the training images. We train the same model, 784-128-128-10, ten times on 5,000 images and validate it on
# 5,000 others. Nothing changes but the seed.
#
# **Before you run it:** how far apart will the best and the worst of the ten accuracies be: 0.2, 0.5 or 2 points? (A
# point is one percent of the images.)

# %%
ten_thousand = first_images(10_000)
SEEDS = range(10)

rate_010 = np.array(
    [val_accuracy(train(ct.mlp((128, 128)), ten_thousand, seed))[-1] for seed in SEEDS]
)
print("accuracies:        ", *np.round(rate_010, 1))
print(f"mean:               {rate_010.mean():.1f}%")
print(f"standard deviation: {rate_010.std(ddof=1):.2f} points")
print(f"lowest and highest: {rate_010.min():.1f}% and {rate_010.max():.1f}%")

# %% [markdown]
# With ten equal trainings, the best accuracy is 92.6% and the worst 90.8%: they differ by 1.8 points. The standard
# deviation is about 0.6 points. From one run of each, nobody could tell whether a change that is worth half a point
# helps.

# %% tags=["check"]
assert 91.7 < rate_010.mean() < 92.6
assert 0.35 < rate_010.std(ddof=1) < 0.75
assert 1.2 < np.ptp(rate_010) < 2.4

# %% [markdown]
# ### The same seed in both arms
#
# Now change one thing: a learning rate of 0.08 instead of 0.1. In an experiment, each version is called an **arm**.
# We use the same ten seeds in both arms, so each seed gives a **pair**: the same held-out images, the same first
# weights, the same order.
#
# **Before you run it:** is 0.08 better or worse? In how many of the ten pairs does the lower rate win? And in what
# share of *all* 100 combinations of a run with 0.08 and a run with 0.1, whatever their seeds?

# %%
rate_008 = np.array(
    [
        val_accuracy(train(ct.mlp((128, 128)), ten_thousand, seed, learning_rate=0.08))[-1]
        for seed in SEEDS
    ]
)
pairs = rate_008 - rate_010  # the same seed
combinations = rate_008[:, None] - rate_010  # every run with every run
print(f"0.08 wins in {(pairs > 0).sum()} of 10 pairs")
print(f"0.08 wins in a share of {(combinations > 0).mean():.2f} of all combinations")
print(f"mean difference:                      {pairs.mean():+.2f} points")
print(f"standard deviation, pairs:            {pairs.std(ddof=1):.2f} points")
print(f"standard deviation, all combinations: {combinations.std():.2f} points")

# %%
plt.figure(figsize=(6, 3.6), layout="constrained")
for low, high in zip(rate_008, rate_010, strict=True):
    plt.plot(["0.08", "0.1"], [low, high], color=GRAY, linewidth=1)
plt.plot(["0.08"] * 10, rate_008, "o", color=ORANGE)
plt.plot(["0.1"] * 10, rate_010, "o", color=BLUE)
plt.margins(x=0.3)
plt.title("Ten seeds: each line joins two runs with the same seed")
plt.xlabel("learning rate")
plt.ylabel("validation accuracy (%)")
plt.show()

# %% [markdown]
# With the same seed, 0.08 loses in all ten pairs, by 0.5 points on average. Among all combinations it wins in about a
# quarter (0.27). So with one run of each and different seeds, we would have got the wrong answer about one time in
# four.

# %% tags=["check"]
assert (pairs > 0).sum() <= 1
assert 15 <= (combinations > 0).sum() <= 45
assert -0.75 < pairs.mean() < -0.25
assert pairs.std(ddof=1) < 0.35 and combinations.std() > 0.5

# %% [markdown]
# This is why we pair. What the seed does to both arms in the same way, such as an easy set of held-out images,
# cancels in the difference of a pair. The difference of two runs with different seeds has a standard deviation of 0.8
# points, that of a pair only 0.15.
#
# ### What a mean is worth
#
# The **standard error** of a mean says how far the mean itself would move if we repeated everything with new seeds.
# It is the standard deviation divided by the square root of the number of seeds, $s / \sqrt{n}$. From here on we
# report the mean difference of the pairs ± its standard error. As a rough rule, a difference is visible when it is
# more than twice its standard error. With only four seeds, the standard deviation itself is uncertain, and a test at
# the usual 5% asks for 3.2 times. (This is Student's t distribution with 3 degrees of freedom.)
#
# One limit remains: all of this says what happens for *this* model on *these* data. More seeds do not change that.

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 1.** One run with setting A reaches 92.2%, one run with setting B and another seed 91.9%. What follows?
#
# - a: A is better than B, because its validation accuracy is higher.
# - b: Nothing yet: two seeds of one setting differ by more than that.
# - c: A and B are equally good, because they differ by so little.
#
# **Question 2.** Why does it help to use the same seeds in both arms?
#
# - a: What a seed does to both arms alike drops out of their difference.
# - b: Two runs with one seed end with the same weights in both arms.
# - c: A good seed can be chosen for both, so both reach their best.
#
# **Question 3.** Ten seeds have a standard deviation of 0.6 points. What do you expect with forty?
#
# - a: About 0.3 points, and the standard error stays the same.
# - b: About 0.3 points, and half of the standard error as well.
# - c: About 0.6 points again, but half of the standard error.

# %% tags=["answer"]
ct.check("6.q1", "")
ct.check("6.q2", "")
ct.check("6.q3", "")

# %% [markdown]
# ### Exercise 1: the standard error
#
# Write a function `standard_error(values)` that returns the standard error of the mean of a list of numbers.
#
# *Hint: the standard deviation of a sample divides by n - 1: `ddof=1` in NumPy.*

# %% tags=["exercise"]
# your code here

ct.check("6.1", None)


# %% tags=["solution"]
def standard_error(values):
    """Return the standard error of the mean."""
    return np.std(values, ddof=1) / np.sqrt(len(values))


assert np.isclose(standard_error([1.0, 2.0, 3.0, 4.0]), 0.6455, atol=1e-4)
print(f"mean of the pairs: {pairs.mean():.2f} ± {standard_error(pairs):.2f} points")

# %% [markdown]
# ### Exercise 2: how many seeds?
#
# Suppose that two settings differ by 0.2 points. How many seeds do you need in each arm until this is at least twice
# the standard error of the mean difference? Answer with two whole numbers: without pairs, where the difference of two
# runs has a standard deviation of 0.77 points, and with pairs, where it is 0.15 points.

# %% tags=["exercise"]
# your code here

ct.check("6.2", None)

# %% tags=["solution"]
deviations = np.array([0.77, 0.15])
seeds_needed = np.ceil((2 * deviations / 0.2) ** 2)
print("seeds without and with pairs:", *seeds_needed.astype(int))
assert seeds_needed.tolist() == [60, 3]

# %% [markdown]
# ## Sigmoid against ReLU
#
# The **sigmoid** is the logistic function $\sigma(z) = 1 / (1 + e^{-z})$, the standard activation function of the
# 1980s and 1990s. The usual reason against it: **the gradient vanishes.** In backpropagation, each layer multiplies
# the gradient by the slope of its activation function. The slope of the sigmoid is $\sigma'(z) = \sigma(z)\,(1 -
# \sigma(z))$, which is at most 1/4, at $z = 0$. The slope of ReLU is 1 for every unit that is active.
#
# *Sources: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks"; Nair
# and Hinton 2010, "Rectified linear units improve restricted Boltzmann machines"; Glorot, Bordes and Bengio 2011,
# "Deep sparse rectifier neural networks".*
#
# We take six hidden layers of 64 units. All arms begin with the **same** random weights, those that Keras draws by
# default (Glorot and Bengio 2010: uniform, with a variance of 2 / (inputs + outputs of the layer)). The biases are 0.
# The third arm is there to be fair to the sigmoid: the weights of its hidden layers are four times as large, to make
# up for the slope of 1/4.


# %%
def make_deep(activation, seed, gain=1):
    """Build 784-64-64-64-64-64-64-10; first weights of the hidden layers are multiplied by `gain`."""
    keras.utils.set_random_seed(seed)
    hidden = [
        layers.Dense(64, activation=activation, name=f"dense_{number}")
        for number in range(1, 7)
    ]
    output = layers.Dense(10, activation="softmax", name="output")
    model = keras.Sequential([keras.Input((784,)), *hidden, output])
    for layer in hidden:
        weights, biases = layer.get_weights()
        layer.set_weights([gain * weights, biases])
    return model


DEEP = {"sigmoid": ("sigmoid", 1), "ReLU": ("relu", 1), "sigmoid, weights x 4": ("sigmoid", 4)}
COLORS = dict(zip(DEEP, (ORANGE, BLUE, PURPLE), strict=True))
FOUR = range(4)  # the seeds of the experiments from here on

same_start = [make_deep(*DEEP[arm][:1], seed=0).get_weights() for arm in ("sigmoid", "ReLU")]
print("same first weights:", all(map(np.array_equal, *same_start)))

# %% [markdown]
# To measure, we need the gradient of the loss with respect to each layer's parameters. `jax.grad` computes it, as
# `fit` does in each step. We take the mean loss of 1,000 images, and look at the gradient with respect to the
# **biases**: this is the gradient at the inputs of the layer's units, averaged over the images. The **norm** of a
# gradient is its length as a vector.

# %%
x_1000 = images[:1000].reshape(-1, 784) / np.float32(255)
targets_1000 = keras.utils.to_categorical(labels[:1000], 10)


def gradient_norms(model):
    """Return the norm of the loss's gradient for each layer's biases, from first to last."""

    def loss(parameters):
        predicted, _ = model.stateless_call(parameters, [], x_1000)
        return keras.losses.categorical_crossentropy(targets_1000, predicted).mean()

    gradients = jax.grad(loss)([variable.value for variable in model.trainable_variables])
    return np.array([np.linalg.norm(g) for g in gradients[1::2]])


# %% [markdown]
# The path from the sixth hidden layer back to the first goes through five layers. If every slope were 1/4 and the
# weights kept lengths as they are, the norm would shrink by the factor $(1/4)^5 = 1/1024$.
#
# **Before you run it:** how much smaller is the measured gradient in the first hidden layer than in the sixth, for
# the sigmoid and for ReLU? And how much of it do the larger weights repair: nothing, half of it, or everything?

# %%
at_start = {
    arm: np.array([gradient_norms(make_deep(activation, seed, gain)) for seed in FOUR])
    for arm, (activation, gain) in DEEP.items()
}
first_by_sixth = {arm: norms[:, 0] / norms[:, 5] for arm, norms in at_start.items()}
pd.DataFrame(
    {
        "first layer": {arm: norms[:, 0].mean() for arm, norms in at_start.items()},
        "sixth layer": {arm: norms[:, 5].mean() for arm, norms in at_start.items()},
        "first / sixth": {arm: ratio.mean() for arm, ratio in first_by_sixth.items()},
        "1 in": {arm: 1 / ratio.mean() for arm, ratio in first_by_sixth.items()},
    }
).round({"first layer": 5, "sixth layer": 4, "first / sixth": 5, "1 in": 1})

# %%
mean_slope = {}
for arm in ("sigmoid", "sigmoid, weights x 4"):
    model = make_deep(*DEEP[arm][:1], seed=0, gain=DEEP[arm][1])
    hidden_layers = keras.Model(model.inputs, [layer.output for layer in model.layers[:-1]])
    outputs = np.array(hidden_layers.predict(x_1000, verbose=0))
    mean_slope[arm] = (outputs * (1 - outputs)).mean()
    print(f"{arm}: mean slope {mean_slope[arm]:.2f}")

# %% [markdown]
# In the plain sigmoid network, the gradient in the first layer is about 1/1270 of that in the sixth. This is close to
# $(1/4)^5 = 1/1024$, and closer still to $0.24^5 = 1/1256$, with the mean slope that was measured. With ReLU, the
# first layer gets about a quarter (0.27), and with the larger sigmoid weights about a tenth (0.10). So the larger
# weights repair most of it, but not everything: the mean slope is only 0.13 there, because larger inputs lie where
# the sigmoid is flatter.

# %% tags=["check"]
assert all(map(np.array_equal, *same_start))
assert 1000 < 1 / first_by_sixth["sigmoid"].mean() < 1600
assert 0.15 < first_by_sixth["ReLU"].mean() < 0.4
assert 0.07 < first_by_sixth["sigmoid, weights x 4"].mean() < 0.14
assert 1100 < 1 / mean_slope["sigmoid"] ** 5 < 1400
assert 0.11 < mean_slope["sigmoid, weights x 4"] < 0.15

# %% [markdown]
# ### A learning rate for each arm
#
# A small gradient could be made up for by a high learning rate. If we gave all arms the same rate, we would favor the
# arm that this rate happens to suit. So each arm gets the best of four rates, from the same list. We choose with a
# seed of its own, 9, by the mean validation accuracy over all ten epochs, so that speed counts.
#
# **Before you run it:** will some learning rate make the plain sigmoid network learn?

# %%
RATES = (0.01, 0.1, 1.0, 10.0)
search = pd.DataFrame(
    index=pd.Index(RATES, name="learning rate"), columns=list(DEEP), dtype=float
)
for arm, (activation, gain) in DEEP.items():
    for rate in RATES:
        model = make_deep(activation, 9, gain)
        tried = train(model, ten_thousand, 9, learning_rate=rate, epochs=10)
        search.loc[rate, arm] = val_accuracy(tried).mean()
chosen = search.idxmax()
search.round(1)

# %% [markdown]
# The plain sigmoid network stays near 10%, which is guessing, with every rate. ReLU is best at 0.1, and the sigmoid
# with larger weights at 1.0. For both, the list also has a rate that is too low and one that is too high, so it is
# long enough.

# %% tags=["check"]
assert search["sigmoid"].max() < 12
assert chosen["ReLU"] == 0.1 and chosen["sigmoid, weights x 4"] == 1.0

# %% [markdown]
# ### After training
#
# Now the experiment itself, with four other seeds, and ten epochs for all arms. The plain sigmoid network gets 0.1,
# like ReLU.
#
# **Before you run it:** which of the two arms that learn will be ahead after the first epoch, and by how much after
# the tenth?

# %%
deep_rates = {"sigmoid": 0.1, "ReLU": 0.1, "sigmoid, weights x 4": 1.0}
deep_accuracy = {arm: [] for arm in DEEP}
after_training = {arm: [] for arm in DEEP}
for arm, (activation, gain) in DEEP.items():
    for seed in FOUR:
        model = make_deep(activation, seed, gain)
        trained = train(model, ten_thousand, seed, learning_rate=deep_rates[arm], epochs=10)
        deep_accuracy[arm].append(val_accuracy(trained))
        after_training[arm].append(gradient_norms(model))  # it has the trained weights now
deep_accuracy = {arm: np.array(values) for arm, values in deep_accuracy.items()}
after_training = {arm: np.array(values) for arm, values in after_training.items()}


def compare(first, second):
    """Return the mean difference of pairs and its standard error, in points."""
    difference = np.asarray(first) - np.asarray(second)
    return difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))


for arm, accuracy in deep_accuracy.items():
    print(f"{arm:21}", *[f"{value:5.1f}%" for value in accuracy.mean(axis=0)[[0, 2, 4, 9]]])
print("(means after epochs 1, 3, 5 and 10)")
deep_gain = compare(deep_accuracy["ReLU"][:, 9], deep_accuracy["sigmoid, weights x 4"][:, 9])
print("ReLU minus sigmoid x 4 after epoch 10: {:+.1f} ± {:.1f} points".format(*deep_gain))

# %%
figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
depth = np.arange(1, 7)
for axis, norms, when in zip(
    axes, (at_start, after_training), ("before training", "after 10 epochs"), strict=False
):
    for arm in DEEP:
        axis.plot(depth, norms[arm][:, :6].mean(axis=0), "o-", color=COLORS[arm], label=arm)
    axis.set_yscale("log")
    axis.set_ylim(5e-6, 0.5)
    axis.set_title(f"Gradient by layer, {when}")
    axis.set_xlabel("hidden layer")
    axis.set_ylabel("norm of the biases' gradient")
sixth = at_start["sigmoid"][:, 5].mean()
axes[0].plot(depth, sixth / 4.0 ** (6 - depth), ":", color=GRAY, label="1/4 per layer")
axes[0].legend(fontsize=8, loc="lower right")


def draw_curves(axis, accuracies, colors):
    """Draw the mean over the seeds after each epoch, and a band from the lowest to the highest."""
    for arm, values in accuracies.items():
        epochs = np.arange(1, values.shape[1] + 1)
        axis.fill_between(
            epochs, values.min(0), values.max(0), color=colors[arm], alpha=0.2, lw=0
        )
        axis.plot(epochs, values.mean(axis=0), color=colors[arm], label=arm)
    axis.set_xlabel("epoch")


draw_curves(axes[2], deep_accuracy, COLORS)
axes[2].set_title("Four seeds: mean and range")
axes[2].set_ylabel("validation accuracy (%)")
plt.show()

# %% [markdown]
# The plain sigmoid network still guesses after ten epochs, and the gradient in its first layer is still more than
# 1,000 times smaller than in its sixth. The other two arms learn. ReLU is far ahead at first: 61% against 29% after
# one epoch. After ten epochs it has 92.8% against 92.1%. The difference of 0.7 ± 0.5 points is less than twice its
# standard error, so four seeds do not tell it from 0. In both, the gradient is now larger in the first layer than in
# the sixth, 3.4 times with ReLU and 1.5 times with the sigmoid.
#
# So the usual reason is right for the usual first weights: the gradient vanishes, at the predicted rate. But the
# sigmoid alone is not to blame. With other first weights and a rate of its own, the same sigmoid network comes close
# to ReLU; it only starts more slowly.

# %% tags=["check"]
assert deep_accuracy["sigmoid"].max() < 15
assert -0.5 < deep_gain[0] < 2
assert 91.5 < deep_accuracy["ReLU"][:, 9].mean() < 94
assert 90.5 < deep_accuracy["sigmoid, weights x 4"][:, 9].mean() < 93.3
first_epoch = {arm: accuracy[:, 0].mean() for arm, accuracy in deep_accuracy.items()}
assert first_epoch["ReLU"] > first_epoch["sigmoid, weights x 4"] + 15
last_ratio = {arm: (n[:, 0] / n[:, 5]).mean() for arm, n in after_training.items()}
assert 1 / last_ratio["sigmoid"] > 700
assert 2 < last_ratio["ReLU"] < 5.5 and 1 < last_ratio["sigmoid, weights x 4"] < 2.2

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 4.** Why is the gradient of the plain sigmoid network so small in the first layer?
#
# - a: The outputs of a sigmoid are below 1, so the activations shrink to 0 layer by layer.
# - b: The first layer has by far the most weights, and each gets a small share of the loss.
# - c: On the way back, each layer multiplies the gradient by a slope of at most 1/4.
#
# **Question 5.** Weights four times as large let the sigmoid network learn. What does this show?
#
# - a: What counts is slope times weights; the slope alone does not decide.
# - b: Larger weights make the slope of each sigmoid larger than it was.
# - c: Larger weights start closer to the values that training would find.
#
# **Question 6.** Why did each arm get a learning rate of its own?
#
# - a: The rate belongs to no model, so changing it is not a change at all.
# - b: One rate for all would favor the arm that it happens to suit.
# - c: All arms must make steps of the same length to be comparable.

# %% tags=["answer"]
ct.check("6.q4", "")
ct.check("6.q5", "")
ct.check("6.q6", "")

# %% [markdown]
# ### Exercise 3: predict, then measure tanh
#
# The **hyperbolic tangent**, `"tanh"`, is a sigmoid that was stretched to run from -1 to 1. Its slope at 0 is 1.
# Predict on paper: will the gradient at the first hidden layer be about as large as at the sixth, a tenth of it, or a
# thousandth? Then measure `first / sixth` before training, as the mean over the seeds 0 to 3, and the accuracy after
# ten epochs with a learning rate of 0.1.

# %% tags=["exercise"]
# your code here

ct.check("6.3", None)

# %% tags=["solution"]
tanh_norms = np.array([gradient_norms(make_deep("tanh", k)) for k in FOUR])
tanh_ratio = (tanh_norms[:, 0] / tanh_norms[:, 5]).mean()
tanh_accuracy = [
    val_accuracy(train(make_deep("tanh", k), ten_thousand, k, epochs=10))[-1] for k in FOUR
]
print(f"first / sixth: {tanh_ratio:.2f}")
print(f"accuracy: {np.mean(tanh_accuracy):.1f}%")
tanh_gain = compare(tanh_accuracy, deep_accuracy["ReLU"][:, 9])
print("tanh minus ReLU: {:+.1f} ± {:.1f} points".format(*tanh_gain))
# The gradient hardly shrinks, and tanh is level with ReLU: at this depth, not every bend is a problem.
assert 0.7 < tanh_ratio < 1
assert 91.5 < np.mean(tanh_accuracy) < 94

# %% [markdown]
# ## Squared error against cross-entropy
#
# Both losses compare the ten probabilities $p$ with the one-hot target $t$. Cross-entropy is $-\log p$ of the correct
# digit. The **squared error** is the mean of the ten values $(p_j - t_j)^2$. The usual reason for cross-entropy is
# about samples for which the model is **confidently wrong**.
#
# A **logit** is the value of an output unit before softmax. With respect to the logits $z$, the gradient of
# cross-entropy is simply $p - t$. That of the squared error has to pass through softmax: a gradient $g$ with respect
# to $p$ becomes $p\,(g - \sum_j p_j g_j)$. Here are both, and a check by small differences:


# %%
def softmax(z):
    """Return the probabilities for a vector of logits."""
    powers = np.exp(z - z.max())
    return powers / powers.sum()


def through_softmax(p, g):
    """Turn a gradient with respect to the probabilities into one with respect to the logits."""
    return p * (g - (p * g).sum())


def cross_entropy_gradient(p, t):
    """Return the gradient of the cross-entropy with respect to the logits."""
    return p - t


def squared_error_gradient(p, t):
    """Return the gradient of the mean squared error with respect to the logits."""
    return through_softmax(p, 2 * (p - t) / len(p))


z, t = np.random.default_rng(0).normal(size=10), np.eye(10)[3]
small = 1e-6 * np.eye(10)
numeric = [
    (((softmax(z + s) - t) ** 2).mean() - ((softmax(z - s) - t) ** 2).mean()) / 2e-6
    for s in small
]
np.allclose(numeric, squared_error_gradient(softmax(z), t))

# %% [markdown]
# The image shows a 3. The model gives the digit 7 a logit of 10, and all other digits a logit of 0: it is confidently
# wrong.
#
# **Before you run it:** cross-entropy is large here, about 10. Is the gradient of the squared error a tenth as long
# as that of cross-entropy, a hundredth, or far less?

# %%
logits = np.zeros(10)
rows = {}
for name, logit in (("undecided", 0), ("wrong", 3), ("confidently wrong", 10)):
    logits[7] = logit
    p = softmax(logits)
    rows[name] = {
        "p of the 7": p[7],
        "cross-entropy (CE)": -np.log(p[3]),
        "gradient of CE": np.linalg.norm(cross_entropy_gradient(p, t)),
        "squared error (SE)": ((p - t) ** 2).mean(),
        "gradient of SE": np.linalg.norm(squared_error_gradient(p, t)),
    }
pd.DataFrame(rows).T.round(5)

# %%
wrong_logits = np.linspace(0, 12, 121)
curves = {"cross-entropy": [], "squared error": []}
for logit in wrong_logits:
    logits[7] = logit
    p = softmax(logits)
    curves["cross-entropy"].append(np.linalg.norm(cross_entropy_gradient(p, t)))
    curves["squared error"].append(np.linalg.norm(squared_error_gradient(p, t)))
LOSS_COLORS = {"cross-entropy": BLUE, "squared error": ORANGE}
plt.figure(figsize=(6, 3.4), layout="constrained")
for name, values in curves.items():
    plt.semilogy(wrong_logits, values, color=LOSS_COLORS[name], label=name)
plt.title("Confidently wrong: cross-entropy still has a gradient")
plt.xlabel("logit of the wrong digit (all others 0)")
plt.ylabel("norm of the gradient")
plt.legend()
plt.show()

# %% [markdown]
# The gradient of cross-entropy is 1.41, as large as it can be. That of the squared error is 0.0001: about 14,000
# times smaller, and 200 times smaller than for the undecided model. As the model becomes more confident in its
# mistake, the squared error grows up to 0.2, but its gradient rises only at first and then falls. The sample that
# needs the largest correction gets the smallest.

# %% tags=["check"]
assert np.allclose(numeric, squared_error_gradient(softmax(z), t))
wrong = rows["confidently wrong"]
assert 1.41 < wrong["gradient of CE"] < 1.415
assert 9e-5 < wrong["gradient of SE"] < 1.1e-4
assert 13_000 < wrong["gradient of CE"] / wrong["gradient of SE"] < 15_500
assert 180 < rows["undecided"]["gradient of SE"] / wrong["gradient of SE"] < 215
assert np.argmax(curves["squared error"]) > 10

# %% [markdown]
# ### The training
#
# Does this matter in a real training? We train 784-128-10 with ReLU on 5,000 images for ten epochs, with Keras, since
# `ct.train` does not offer the squared error. These 5,000 training images and 5,000 validation images are the same
# for all seeds; the seed decides first weights and order. The gradient of the squared error is smaller by nature, so
# each loss chooses its learning rate from the same list, by the same rule as before and again with seed 9.


# %%
def make_shallow():
    """Build 784-128-10."""
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


x_10000 = images[:10_000].reshape(-1, 784) / np.float32(255)
targets_10000 = keras.utils.to_categorical(labels[:10_000], 10)


def compiled(loss, optimizer=None):
    """Build 784-128-10 and compile it with a loss, and with SGD if no optimizer is given."""
    model = make_shallow()
    model.compile(
        loss=loss, optimizer=optimizer or keras.optimizers.SGD(), metrics=["accuracy"]
    )
    # the first fit draws one more random order than later ones, so make it here, on one batch
    model.fit(x_10000[:50], targets_10000[:50], batch_size=50, verbose=0)
    return model


def fit(model, rate, seed, bias_of_zero=0.0):
    """Train from the first weights of a seed; return the validation accuracy after each epoch, in percent."""
    keras.utils.set_random_seed(seed)
    first_weights = make_shallow().get_weights()
    first_weights[-1][0] = bias_of_zero  # the bias of the output unit for the digit 0
    model.set_weights(first_weights)
    for variable in model.optimizer.variables:  # forget the steps of the last training
        variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
    model.optimizer.learning_rate = rate
    history = model.fit(
        *(x_10000[:5000], targets_10000[:5000]),
        batch_size=50,
        epochs=10,
        validation_data=(x_10000[5000:], targets_10000[5000:]),
        verbose=0,
    )
    return 100 * np.array(history.history["val_accuracy"])


# %% [markdown]
# **Before you run it:** by what factor will the best learning rates of the two losses differ?

# %%
LOSSES = {
    "cross-entropy": compiled("categorical_crossentropy"),
    "squared error": compiled("mean_squared_error"),
}
loss_search = pd.DataFrame(
    {
        name: {rate: fit(model, rate, 9).mean() for rate in (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)}
        for name, model in LOSSES.items()
    }
).rename_axis("learning rate")
loss_rates = loss_search.idxmax()
print("best learning rates:", loss_rates.to_dict())
loss_search.round(1)

# %% [markdown]
# Cross-entropy is best at 0.3 and the squared error at 10, a rate 33 times as high. With 0.1 for both, a mean
# accuracy of 90% would have faced one of 67%, and we would have praised cross-entropy for the scale of its gradient.

# %% tags=["check"]
assert loss_rates.to_dict() == {"cross-entropy": 0.3, "squared error": 10.0}
assert 5 < loss_search.loc[0.1, "cross-entropy"] - loss_search.loc[0.1, "squared error"] < 40

# %% [markdown]
# **Before you run it:** with its own learning rate, will the squared error be slower? Will it end lower?

# %%
loss_accuracy = {
    name: np.array([fit(model, loss_rates[name], seed) for seed in FOUR])
    for name, model in LOSSES.items()
}
for name, accuracy in loss_accuracy.items():
    print(f"{name}:", *[f"{value:5.1f}%" for value in accuracy.mean(axis=0)[[0, 1, 4, 9]]])
print("(means after epochs 1, 2, 5 and 10)")
for epoch in (1, 10):
    gain = compare(*[accuracy[:, epoch - 1] for accuracy in loss_accuracy.values()])
    print("cross-entropy minus squared error, epoch {}: {:+.1f} ± {:.1f}".format(epoch, *gain))

# %% [markdown]
# With a rate of its own for each loss, we cannot show that the squared error is slower. After the first epoch it has
# 86.0% against 88.9%, but the difference of 2.9 ± 1.6 points is less than twice its standard error. It does not end
# lower either. It ends 0.4 ± 0.1 points **higher**. That is the opposite of what is usually said, but we should not
# make too much of it: the steps in our list of rates are coarse, and a rate between two of them could be worth as
# much.

# %% tags=["check"]
ends = {name: accuracy[:, 9].mean() for name, accuracy in loss_accuracy.items()}
assert 92.7 < ends["cross-entropy"] < 94 and 92.9 < ends["squared error"] < 94.3
assert abs(ends["cross-entropy"] - ends["squared error"]) < 1
starts = {name: accuracy[:, 0].mean() for name, accuracy in loss_accuracy.items()}
assert 1 < starts["cross-entropy"] - starts["squared error"] < 5

# %% [markdown]
# ### A start that is confidently wrong
#
# The first weights are small, so an untrained model is undecided, not confidently wrong. Now we change one thing: the
# output unit of the digit 0 starts with a bias of 10. The model then answers "0" to every image, with a probability
# above 99%. This is a start like that of the table above.
#
# **Before you run it:** how many epochs will each loss need to get over this start?

# %%
wrong_start = {
    name: np.array([fit(model, loss_rates[name], seed, bias_of_zero=10.0) for seed in FOUR])
    for name, model in LOSSES.items()
}
for name, accuracy in wrong_start.items():
    print(f"{name}:", *[f"{value:5.1f}%" for value in accuracy.mean(axis=0)[[0, 1, 4, 9]]])
print("(means after epochs 1, 2, 5 and 10)")

# %%
figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for axis, accuracies, title in zip(
    axes, (loss_accuracy, wrong_start), ("Usual start", "Confidently wrong start"), strict=True
):
    draw_curves(axis, accuracies, LOSS_COLORS)
    axis.set_title(f"{title}, four seeds")
    axis.set_ylabel("validation accuracy (%)")
axes[0].set_ylim(80, 95)
axes[0].legend(loc="lower right")
plt.show()

# %% [markdown]
# Cross-entropy hardly notices the start: 88% after the first epoch, where it had 89% before. The squared error has
# about 24% after the first epoch and 57% after the second, and the four seeds differ widely. After five epochs it is
# at 89%, where it had 93% before. After ten it has caught up (93.5%). So the reason for cross-entropy is right: the
# squared error cannot quickly leave a state that is confidently wrong. But a model with small first weights is not in
# such a state, and then we saw no harm.

# %% tags=["check"]
keras.utils.set_random_seed(0)
untrained = make_shallow()
untrained.layers[-1].bias.assign([10.0] + [0.0] * 9)
assert untrained.predict(x_10000, verbose=0)[:, 0].min() > 0.99
untrained.layers[-1].bias.assign([0.0] * 10)  # the usual start is undecided
assert untrained.predict(x_10000, verbose=0).max(axis=1).mean() < 0.4
assert wrong_start["cross-entropy"][:, 0].mean() > 86
assert wrong_start["squared error"][:, 0].mean() < 50
assert wrong_start["squared error"][:, 1].mean() < wrong_start["cross-entropy"][:, 1].mean() - 8
assert wrong_start["squared error"][:, 9].mean() > 92.3

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 7.** Why is the squared error's gradient so small for a confidently wrong sample?
#
# - a: Softmax is flat where one probability is almost 1, and its slope is a factor.
# - b: The squared error itself is small there, since every difference is below 1.
# - c: The mean over the ten outputs divides the loss and its gradient by ten.
#
# **Question 8.** Suppose that we had trained both losses with a learning rate of 0.1 only. What would we have
# reported?
#
# - a: The same as now, since only the loss was changed between the two arms.
# - b: That both are equally slow, since 0.1 is the best rate for neither of them.
# - c: A large lead of cross-entropy that comes from the scale of the gradients.
#
# **Question 9.** Which conclusion do these experiments support?
#
# - a: Cross-entropy reaches a higher accuracy, whatever the learning rate.
# - b: The squared error's weak point is being confidently wrong, not its end.
# - c: The two losses are one and the same, up to a factor in the learning rate.

# %% tags=["answer"]
ct.check("6.q7", "")
ct.check("6.q8", "")
ct.check("6.q9", "")

# %% [markdown]
# ### Exercise 4: other losses and optimizers
#
# The 2017 lesson ended with the task to try other optimizers and losses. Do it under control: use `fit` with the
# seeds 0 to 2 and compare with cross-entropy and SGD at 0.3. Losses: `"kl_divergence"` with SGD at 0.3, and
# `"categorical_hinge"` with the best of 0.1, 0.3 and 1. Optimizers: `keras.optimizers.Adam()` and
# `keras.optimizers.RMSprop()` with cross-entropy at 0.001. Predict first: one of the four is the control under
# another name. Which one, and why? Hand in the mean difference between the Kullback-Leibler divergence and
# cross-entropy after ten epochs, in points.
#
# *Hint: the Kullback-Leibler divergence is* $\sum_j t_j \log (t_j / p_j)$, *with* $0 \log 0 = 0$. *What is left of it
# for one-hot targets?*

# %% tags=["exercise"]
# your code here

ct.check("6.4", None)

# %% tags=["solution"]
others = {
    "Kullback-Leibler": (compiled("kl_divergence"), 0.3),
    "hinge, 0.1": (compiled("categorical_hinge"), 0.1),
    "hinge, 0.3": (compiled("categorical_hinge"), 0.3),
    "hinge, 1.0": (compiled("categorical_hinge"), 1.0),
    "Adam": (compiled("categorical_crossentropy", keras.optimizers.Adam()), 0.001),
    "RMSprop": (compiled("categorical_crossentropy", keras.optimizers.RMSprop()), 0.001),
}
control_ends = loss_accuracy["cross-entropy"][:3, 9]
other_ends = {}
for other, (other_model, other_rate) in others.items():
    other_ends[other] = [fit(other_model, other_rate, k)[9] for k in range(3)]
    print("{:17} {:+.1f} ± {:.1f}".format(other, *compare(other_ends[other], control_ends)))
kl_difference = compare(other_ends["Kullback-Leibler"], control_ends)[0]
# For one-hot targets, only -log p of the correct digit is left: the Kullback-Leibler divergence is cross-entropy.
assert abs(kl_difference) < 0.3

# %% [markdown]
# ## Dropout on few images and on many
#
# **Dropout** sets a random half of the hidden units to 0 in each training step (with rate 0.5) and doubles the
# others. After training, all units are used. Srivastava et al. explain it this way: a unit cannot rely on particular
# other units, so the work is spread.
#
# *Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, "Dropout: a simple way to prevent neural
# networks from overfitting".*
#
# First, few images and many epochs: 784-256-256-10 on 2,000 images for 60 epochs, validated on 5,000 images. There is
# no early stopping. Four seeds, each with a choice of images, first weights and order that both arms share.

# %%
seven_thousand = first_images(7000)
FEW = {"validation": 5 / 7, "epochs": 60}
few = {0.0: [train(ct.mlp((256, 256)), seven_thousand, seed, **FEW) for seed in FOUR]}
without = few[0.0][0].history
print("training images:", len(few[0.0][0].split.train))
print(f"seed 0, after 60 epochs: training accuracy {without['accuracy'][-1]:.1%}")

# %% [markdown]
# Without dropout the model has memorized its 2,000 images. Now the same with dropout, in a cell of its own, because
# each takes a few seconds.
#
# **Before you run it:** will dropout change the accuracy after 60 epochs by more than its standard error? And will
# the validation loss still rise in the late epochs?

# %%
few[0.5] = [
    train(ct.mlp((256, 256), dropout=0.5), seven_thousand, seed, **FEW) for seed in FOUR
]

few_loss = {p: np.array([run.history["val_loss"] for run in runs]) for p, runs in few.items()}
few_accuracy = {p: np.array([val_accuracy(run) for run in runs]) for p, runs in few.items()}
for p in few:
    print(
        f"dropout {p}: accuracy {few_accuracy[p][:, -1].mean():.1f}%, "
        f"loss {few_loss[p][:, -1].mean():.3f}, "
        f"lowest mean loss {few_loss[p].mean(axis=0).min():.3f}"
    )
few_gain = compare(few_accuracy[0.5][:, -1], few_accuracy[0.0][:, -1])
print("accuracy with dropout minus without: {:+.2f} ± {:.2f} points".format(*few_gain))

# %%
DROPOUT_COLORS = {0.0: ORANGE, 0.5: BLUE}
figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
draw_curves(axes[0], few_loss, DROPOUT_COLORS)
draw_curves(axes[1], few_accuracy, DROPOUT_COLORS)
axes[0].set_title("2,000 images: loss, four seeds")
axes[0].set_ylabel("validation loss (nats)")
axes[0].set_ylim(0.2, 0.6)
axes[1].set_title("2,000 images: accuracy, four seeds")
axes[1].set_ylabel("validation accuracy (%)")
axes[1].set_ylim(84, 95)
axes[1].legend(title="dropout", loc="lower right")
plt.show()

# %% [markdown]
# On 2,000 images, dropout raises the accuracy from 92.3% to 93.4%, by 1.1 points in every pair (the standard error is
# below 0.1). The validation loss still rises in the late epochs, with dropout too: from 0.26 to 0.29, without it from
# 0.29 to 0.34. So dropout weakens overfitting and does not remove it. Even the lowest loss is lower with dropout,
# 0.26 against 0.29, so stopping early would not have reached it.

# %% tags=["check"]
assert all(run.history["accuracy"][-1] > 0.995 for run in few[0.0])
assert 0.6 < few_gain[0] < 1.9 and few_gain[0] > 3.2 * few_gain[1]
end_loss = {p: loss[:, -1].mean() for p, loss in few_loss.items()}
low_loss = {p: loss.mean(axis=0).min() for p, loss in few_loss.items()}
assert 0.31 < end_loss[0.0] < 0.38 and 0.26 < end_loss[0.5] < 0.32
assert low_loss[0.5] < low_loss[0.0] - 0.015
assert all(end_loss[p] > low_loss[p] + 0.02 for p in few)

# %% [markdown]
# ### Many images, few epochs
#
# Now the same two models on 20,000 images for 4 epochs, in batches of 100, validated on 5,000 images. Images, epochs
# and batches all change here, so we also look at the 2,000 images after 4 of their 60 epochs.
#
# **Before you run it:** will dropout help here as well, make no difference, or hurt?

# %%
many_thousand = first_images(25_000)
MANY = {"validation": 0.2, "epochs": 4, "batch_size": 100}
many_accuracy = {
    p: np.array(
        [
            val_accuracy(train(ct.mlp((256, 256), dropout=p), many_thousand, seed, **MANY))
            for seed in FOUR
        ]
    )
    for p in (0.0, 0.5)
}
for p, accuracy in many_accuracy.items():
    print(f"dropout {p}:", *[f"{value:.1f}%" for value in accuracy.mean(axis=0)])
many_gain = compare(many_accuracy[0.5][:, -1], many_accuracy[0.0][:, -1])
print("20,000 images, epoch 4, with dropout minus without: {:+.1f} ± {:.1f}".format(*many_gain))
early_gain = compare(few_accuracy[0.5][:, 3], few_accuracy[0.0][:, 3])
print(
    "2,000 images, epoch 4, with dropout minus without:  {:+.1f} ± {:.1f}".format(*early_gain)
)

# %% [markdown]
# Here dropout hurts: 93.9% against 94.6% after the fourth epoch, a loss of 0.7 ± 0.1 points. It is behind after every
# epoch. And it was behind on the 2,000 images as well, by 0.9 ± 0.4 points after four epochs. So the same images and
# the same model give both answers: dropout slows training down at first, and it pays when there is time to memorize
# the images. (We gave both arms the same learning rate. Dropout may prefer another one.)

# %% tags=["check"]
assert early_gain[0] < -0.3
assert (many_accuracy[0.5].mean(axis=0) < many_accuracy[0.0].mean(axis=0)).all()
assert -1.2 < many_gain[0] < -0.2 and -many_gain[0] > 3.2 * many_gain[1]
assert 94 < many_accuracy[0.0][:, -1].mean() < 95.2

# %% [markdown]
# ### Is the work spread over the units?
#
# The classic lesson said that with dropout no single unit matters much. It showed this for a model *with* dropout
# only, so there was no control. Here it is. The **ablation cost** of a unit is the rise of the loss when this unit is
# removed, that is, set to 0. `run.units` measures it for each unit.
#
# A loss in nats also grows when a model is more confident, so we measure two things in addition that do not depend on
# confidence: what share of the validation images changes its predicted digit when the most costly unit is removed,
# and the accuracy when a random half of `dense_1` is removed and the other half doubled, as in training with dropout.
#
# **Before you run it:** by what factor will dropout lower the cost of the most important unit: none, 2, or 10?


# %%
def ablation(run, seed):
    """Measure what happens when units of dense_1 are removed, on the validation images."""
    hidden = run.activations("dense_1", split="val")
    truth = run.labels(split="val")
    w2, b2, w3, b3 = run.model().get_weights()[2:]

    def predict(h):
        return (np.maximum(0, h @ w2 + b2) @ w3 + b3).argmax(axis=1)

    costs = run.units("dense_1", split="val", progress=False).to_pandas("ablation_cost")
    kept = np.ones(256, np.float32)
    kept[costs["unit"].iloc[0]] = 0
    rng = np.random.default_rng(seed)
    halves = [rng.permutation(256) < 128 for _ in range(10)]
    return {
        "largest cost (nats)": costs["ablation_cost"].max(),
        "changed digits (%)": 100 * (predict(hidden * kept) != predict(hidden)).mean(),
        "accuracy, all units (%)": 100 * (predict(hidden) == truth).mean(),
        "accuracy, half (%)": 100
        * np.mean([(predict(2 * hidden * half) == truth).mean() for half in halves]),
    }


removed = {
    p: pd.DataFrame([ablation(run, seed) for seed, run in enumerate(runs)])
    for p, runs in few.items()
}
pd.DataFrame({f"dropout {p}": table.mean() for p, table in removed.items()}).round(4)

# %%
for p, table in removed.items():
    print(f"dropout {p}, largest cost by seed:", *table["largest cost (nats)"].round(4))

# %% [markdown]
# The claim holds in this test. Without dropout the largest cost is 0.020 nats on average, with dropout 0.0024, about
# 8 times less. The changed digits say the same: 2.0% against 0.2%. With half of `dense_1` removed, the model with
# dropout still has 92%, the other one 82%.
#
# But look at the size, too. Even without dropout, the most important of 256 units changes only one digit in 50, and
# the loss rises by about 6% of its value on average (0.020 of 0.34). That no single unit matters much was not due to
# dropout alone, which only a control could show.

# %% tags=["check"]
costly = {p: table["largest cost (nats)"] for p, table in removed.items()}
assert costly[0.0].min() > 2.5 * costly[0.5].max()
assert 4 < costly[0.0].mean() / costly[0.5].mean() < 14
assert removed[0.0]["changed digits (%)"].mean() > 4 * removed[0.5]["changed digits (%)"].mean()
assert 0.04 < costly[0.0].mean() / end_loss[0.0] < 0.08
half = {p: table["accuracy, half (%)"].mean() for p, table in removed.items()}
assert 79 < half[0.0] < 85 and 90.5 < half[0.5] < 93

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 10.** For which of these trainings would you try dropout first?
#
# - a: Two epochs on a million images, where the training loss is still falling.
# - b: A hundred epochs on 3,000 images, where training accuracy reaches 100%.
# - c: Ten epochs with a network so small that it misreads the training images.
#
# **Question 11.** Why did we count changed digits and not only the rise of the loss?
#
# - a: A more confident model pays more nats for the same wrong digits.
# - b: The loss is computed with dropout, so half of the units are missing.
# - c: The loss is noisy from seed to seed, and the predicted digits are not.
#
# **Question 12.** The model with dropout keeps 92% with half of `dense_1` removed. What follows from that?
#
# - a: Half of its units are superfluous, so 128 units would do as well in training.
# - b: It keeps its accuracy with any damage to the network, also in other layers.
# - c: It withstands what it was trained with; whether it is better is another matter.

# %% tags=["answer"]
ct.check("6.q10", "")
ct.check("6.q11", "")
ct.check("6.q12", "")

# %% [markdown]
# ## Ten questions and a tenth of a step
#
# Lesson 3 trained with *binary* cross-entropy over ten softmax outputs, and it was slow. The reason given there: the
# loss is the mean over ten questions, so its gradient is smaller. One would think of a tenth. If this is the whole
# story, then a learning rate ten times as high must make up for it. The 2017 lesson gave a second reason: the ten
# probabilities depend on each other, while the loss treats the ten questions as independent. If that matters,
# something must be left of the difference. We can test both.
#
# First on paper. For one sample with target $t$, binary cross-entropy is $-\frac{1}{10} \sum_j [t_j \log p_j + (1 -
# t_j) \log (1 - p_j)]$. We give the correct digit the probability $p$ and share the rest equally among the nine
# others.
#
# **Before you run it:** will the gradient be exactly a tenth of that of categorical cross-entropy, wherever the model
# is in its training?


# %%
def binary_gradient(p, t):
    """Return the gradient of the mean of ten binary cross-entropies with respect to the logits."""
    return through_softmax(p, ((1 - t) / (1 - p) - t / p) / len(p))


ratios = {}
for correct in (0.1, 0.3, 0.5, 0.9, 0.99):
    p = np.where(t == 1, correct, (1 - correct) / 9)
    ratios[correct] = np.linalg.norm(binary_gradient(p, t)) / np.linalg.norm(
        cross_entropy_gradient(p, t)
    )
p = softmax(np.where(np.arange(10) == 7, 10.0, 0.0))
ratios["confidently wrong"] = np.linalg.norm(binary_gradient(p, t)) / np.linalg.norm(
    cross_entropy_gradient(p, t)
)
pd.Series(ratios, name="binary / categorical").rename_axis("p of the correct digit").round(3)

# %% [markdown]
# Not exactly, and not everywhere. For an undecided model it is a ninth (0.111), and for a model that is nearly sure
# of the correct digit almost a fifth (0.199). With ten times the learning rate, the steps are therefore between 1.1
# and 2 times as long as those of the control.

# %% tags=["check"]
assert np.isclose(ratios[0.1], 1 / 9)
assert 0.15 < ratios[0.5] < 0.16 and 0.18 < ratios[0.9] < 0.2
assert 0.19 < ratios[0.99] < 0.2 and 1 / 9 < ratios["confidently wrong"] < 1 / 5

# %% [markdown]
# ### The test
#
# We train 784-128-128-10 on 5,000 images for ten epochs. The control is categorical cross-entropy with a learning
# rate of 0.05 ("1x"). There are three other arms: binary cross-entropy at 1x and at 10x, and categorical
# cross-entropy at 1.5x, in the middle of what the table suggests.
#
# **Before you run it:** will binary cross-entropy at 10x end behind categorical cross-entropy at 1x, level with it,
# or ahead of it?

# %%
ARMS = {
    "categorical, 1x": {"loss": "categorical_crossentropy", "learning_rate": 0.05},
    "binary, 1x": {"loss": "binary_crossentropy", "learning_rate": 0.05},
    "binary, 10x": {"loss": "binary_crossentropy", "learning_rate": 0.5},
    "categorical, 1.5x": {"loss": "categorical_crossentropy", "learning_rate": 0.075},
}
step_accuracy = {
    arm: np.array(
        [
            val_accuracy(train(ct.mlp((128, 128)), ten_thousand, seed, epochs=10, **change))
            for seed in FOUR
        ]
    )
    for arm, change in ARMS.items()
}
for arm, accuracy in step_accuracy.items():
    print(f"{arm:18}", *[f"{value:.1f}%" for value in accuracy.mean(axis=0)[[0, 1, 4, 9]]])
print("(means after epochs 1, 2, 5 and 10)")

# %% [markdown]
# **Before you run it:** which of these differences of pairs will be visible, that is, more than twice its standard
# error?

# %%
ends = {arm: accuracy[:, 9] for arm, accuracy in step_accuracy.items()}
late = {arm: accuracy[:, 4:].mean(axis=1) for arm, accuracy in step_accuracy.items()}
step_gains = {}
for first, second in (
    ("binary, 1x", "categorical, 1x"),
    ("binary, 10x", "categorical, 1x"),
    ("binary, 10x", "categorical, 1.5x"),
):
    step_gains[first, second] = compare(late[first], late[second])
    values = "{:+.2f} ± {:.2f} points".format(*step_gains[first, second])
    print(f"{first} minus {second}, mean of epochs 5 to 10: {values}")

# %%
STEP_COLORS = dict(zip(ARMS, (BLUE, GRAY, ORANGE, PURPLE), strict=True))
plt.figure(figsize=(7, 3.8), layout="constrained")
draw_curves(plt.gca(), step_accuracy, STEP_COLORS)
plt.ylim(80, 95)
plt.title("Binary cross-entropy catches up with ten times the rate (four seeds)")
plt.ylabel("validation accuracy (%)")
plt.legend(loc="lower right")
plt.show()

# %% [markdown]
# At the same rate, binary cross-entropy is 7.0 points behind. At 10x it is not only level, it is ahead of the control
# by about 0.6 points, many times the standard error. But this lead does not come from the loss: categorical
# cross-entropy with 1.5 times the learning rate is level with it. So the short steps are the main cause, as lesson 3
# said. Once they are made up for, we see no difference between the two losses here. The second reason may matter
# elsewhere; in this experiment there is nothing left for it to explain.

# %% tags=["check"]
slow, ahead, level = step_gains.values()
assert -8.5 < slow[0] < -5.5
assert 0.2 < ahead[0] < 1.0 and ahead[0] > 3.2 * ahead[1]
assert abs(level[0]) < 0.3

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 13.** Why is binary cross-entropy slower at the same learning rate?
#
# - a: Its gradient is between a ninth and a fifth as long, so its steps are short.
# - b: It does not tell the model which of the ten digits is the correct one.
# - c: It asks ten questions of each image, so it needs ten times the parameters.
#
# **Question 14.** Binary cross-entropy at 10x was ahead of the control. What shows that the loss is not better for it?
#
# - a: The binary arm at 1x, which falls behind although it has the same loss.
# - b: The standard error, which is too large for a difference of this size.
# - c: The categorical arm at 1.5x, which is level with it with the old loss.
#
# **Question 15.** Somebody reports that loss A beats loss B at a learning rate of 0.01. What do you ask first?
#
# - a: Whether B was tried at its own best rate, from the same list.
# - b: Whether A is the loss that most other people use for this task.
# - c: Whether both losses end at the same number on the training set.

# %% tags=["answer"]
ct.check("6.q13", "")
ct.check("6.q14", "")
ct.check("6.q15", "")

# %% [markdown]
# ### Exercise 5: batches of 32 and of 512
#
# Does a large batch train better? Train `ct.mlp((128, 128))` on `ten_thousand` with a learning rate of 0.1 and the
# seeds 0 to 2: batches of 32 for 5 epochs (785 steps), batches of 512 for 5 epochs (50 steps), and batches of 512 for
# 78 epochs (780 steps). Predict first: which differences to the first arm will be visible? Hand in the mean
# difference in the final accuracy for **the same number of steps**, 512 minus 32, in points.

# %% tags=["exercise"]
# your code here

ct.check("6.5", None)

# %% tags=["solution"]
batch_arms = {"32": (32, 5), "512, same epochs": (512, 5), "512, same steps": (512, 78)}
batch_ends = {}
for batch_arm, (size, passes) in batch_arms.items():
    batch_ends[batch_arm] = [
        val_accuracy(
            train(ct.mlp((128, 128)), ten_thousand, k, batch_size=size, epochs=passes)
        )[-1]
        for k in range(3)
    ]
    print(f"{batch_arm:17} {np.mean(batch_ends[batch_arm]):.1f}%")
same_epochs = compare(batch_ends["512, same epochs"], batch_ends["32"])
same_steps = compare(batch_ends["512, same steps"], batch_ends["32"])
print("same epochs: {:+.1f} ± {:.1f} points".format(*same_epochs))
print("same steps:  {:+.1f} ± {:.1f} points".format(*same_steps))
# What counts here is the number of steps. The large batches saw 16 times as many images for the same result.
assert -10 < same_epochs[0] < -5.5 and abs(same_steps[0]) < 0.8

# %% [markdown]
# ### Exercise 6: momentum
#
# **Momentum** of 0.9 adds 0.9 times the last step to each new step. So each gradient acts once in full, then times
# 0.9, then times 0.81, and so on. Which learning rate of plain SGD makes steps that are as long in the long run as a
# rate of 0.01 with momentum 0.9? Work it out, then test it: `ct.mlp((128, 128))` on `ten_thousand`, seeds 0 to 3,
# five epochs, against plain SGD at 0.01 and at your rate.
#
# *Hint: `train(..., learning_rate=0.01, momentum=0.9)`.*

# %% tags=["exercise"]
# your code here

ct.check("6.6", None)

# %% tags=["solution"]
equal_rate = 0.01 / (1 - 0.9)
momentum_arms = {
    "momentum": {"learning_rate": 0.01, "momentum": 0.9},
    "plain, 0.01": {"learning_rate": 0.01},
    "plain, 0.1": {"learning_rate": equal_rate},
}
momentum_ends = {
    momentum_arm: [
        val_accuracy(train(ct.mlp((128, 128)), ten_thousand, k, **momentum_change))[-1]
        for k in FOUR
    ]
    for momentum_arm, momentum_change in momentum_arms.items()
}
for plain_arm in ("plain, 0.01", "plain, 0.1"):
    momentum_gain = compare(momentum_ends["momentum"], momentum_ends[plain_arm])
    print("momentum minus {}: {:+.1f} ± {:.1f} points".format(plain_arm, *momentum_gain))
# Here momentum is worth a learning rate ten times as high, and not visibly more.
assert np.isclose(equal_rate, 0.1) and abs(momentum_gain[0]) < 0.8

# %% [markdown]
# ## In short
#
# | Claim | What came out |
# |---|---|
# | The gradient vanishes in deep sigmoid networks. | Yes, with the usual first weights, by about (1/4)^5. |
# | So deep sigmoid networks cannot be trained. | No: with weights four times as large they reach 92%, ReLU 93%. |
# | The squared error hardly corrects what is confidently wrong. | Yes: its gradient is 14,000 times smaller there. |
# | So it is slower and ends lower. | Not here, with a rate of its own. Only after a confidently wrong start. |
# | Dropout helps against overfitting. | +1.1 points: 2,000 images, 60 epochs. -0.7 points: 20,000 images, 4 epochs. |
# | Dropout spreads work over the units. | Yes: the largest ablation cost is about 8 times smaller. |
# | Binary cross-entropy is slow because its steps are short. | Yes: with ten times the rate it is level or better. |
#
# All of this holds for small networks on MNIST and for plain SGD. The method holds everywhere: change one thing, use
# the same seeds in both arms, give each arm a fair learning rate, and report the spread.
#
# Next: [follow one digit](07_follow_one_digit.ipynb) through a trained network.
