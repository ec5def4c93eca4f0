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
# # A fully connected network on handwritten digits
#
# In this lesson we build a small neural network in Keras, train it to read digits, and learn what its curves say. In
# the [next lesson](04_inside_the_network.ipynb) we look inside it.
#
# All you need is a little Python, and an idea of what a weight, a gradient and a loss are; lessons
# [1](01_one_neuron.ipynb) and [2](02_backpropagation.ipynb) build them from nothing. Run the cells from top to bottom.
# The whole lesson takes a few minutes on a laptop and works offline. There are seven exercises along the way.
#
# This lesson and the next follow "Hidden Layer Representation and Embeddings" from
# [Deep Learning with Keras and Tensorflow](https://github.com/leriomaggio/deep-learning-keras-tensorflow) (EuroSciPy
# 2017, MIT license). Author: Valerio Maggio, PostDoc Data Scientist @ FBK/MPBA.
#
# The numbers in the text are those of our machine. Another CPU rounds differently, and a training then ends a
# little elsewhere.

# %% [markdown] tags=["goals"]
# After this lesson you can
#
# - build the same network in two ways and count its parameters,
# - choose a loss that fits the question, and say why,
# - read learning curves: underfitting, overfitting, and when to stop,
# - say what dropout does, and test whether it helps,
# - keep the test set for one honest number at the end.

# %% [markdown] tags=["about-solutions"]
# The solution to each exercise is folded below it: try it yourself first, then click on "Solution". To run it, copy it
# into your cell.

# %% [markdown]
# `ct.check("3.1", answer)` tells you whether an answer is right, and gives a hint if it is not. The answers are those
# for MNIST.

# %% [markdown]
# The first cell makes every run reproducible: it chooses JAX as the Keras backend and sets one seed for everything
# random.

# %%
import os

os.environ["KERAS_BACKEND"] = "jax"  # must be set before Keras is imported

import inspect
import tempfile

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import layers
from sklearn.model_selection import train_test_split

import cutaway as ct

# %matplotlib inline

SEED = 0
keras.utils.clear_session()
keras.utils.set_random_seed(SEED)

# %% [markdown]
# ## The problem and the data
#
# **Given an image of a handwritten digit, say which digit it is.** Our dataset is MNIST: 60,000 images for training
# and 10,000 for testing. It comes with `cutaway`, so nothing is downloaded. (Some call it "digits". That name usually
# means another dataset, which also comes with `cutaway`: 1,797 smaller images.)
#
# On a slow machine, write `"digits", 8` instead: 1,797 images of 8 by 8 pixels, in batches of eight. Each training
# then takes a second or two, and the numbers are others than those in the text.

# %% tags=["file"]
DATASET, BATCH_SIZE = "mnist", 128

data = ct.load_dataset(DATASET)
if "test" not in data.sources:  # "digits" has one part: keep a fifth of it for the test
    everything = data.sources["train"]
    x, x_test, y, y_test = train_test_split(
        everything.x, everything.y, test_size=0.2, random_state=SEED, stratify=everything.y
    )
    data = ct.Dataset.from_arrays(
        x, y, x_test=x_test, y_test=y_test, scale=data.scale, name=DATASET
    )

X_train, y_train = data.sources["train"].x, data.sources["train"].y
X_test, y_test = data.sources["test"].x, data.sources["test"].y
PIXELS = X_train[0].size  # 784

# %%
print("training images:", X_train.shape, X_train.dtype)
print("test images:    ", X_test.shape, X_test.dtype)
print("training labels:", y_train.shape, y_train[:10])

# %% [markdown]
# An image is a grid of 28 rows by 28 columns. Each number says how much ink there is, from 0 (none) to 255.


# %%
def show_digits(images, titles, rows=2):
    """Draw images in a grid, each with a title above it."""
    columns = -(-len(images) // rows)
    _, axes = plt.subplots(
        rows, columns, figsize=(1.1 * columns, 1.35 * rows), layout="constrained"
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, title in zip(axes.flat, images, titles, strict=False):
        axis.imshow(image, cmap="gray")
        axis.set_title(title, fontsize=10)
    plt.show()


show_digits(X_train[:20], y_train[:20])

# %% [markdown]
# ### Where the digits come from
#
# The digits were written in the United States and collected by the National Institute of Standards and Technology
# (NIST) in two batches: one from employees of the Census Bureau (Special Database 3) and one from high-school students
# (Special Database 1), whose digits are harder to read. Training on one batch and testing on the other would not have
# been fair, so Yann LeCun, Corinna Cortes and Christopher Burges mixed them: half of the training set and half of the
# test set come from each batch, and nobody who wrote digits for the training set also wrote digits for the test set.
#
# Each digit was scaled down to fit into 20 by 20 pixels, which produced the gray levels. It was then placed in a 28 by
# 28 image so that its center of mass is at the center of the image.
#
# *Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", yann.lecun.com/exdb/mnist.*

# %% [markdown]
# ### How well can a fully connected network do?
#
# Here are published results, as the percentage of test digits that are misclassified. "784-300-10" is a network with
# 784 inputs, 300 hidden units and 10 outputs.
#
# | Model | Error (%) | Reference |
# |---|---|---|
# | 784-10, no hidden layer | 12.0 | LeCun et al. 1998 |
# | 784-300-10, squared error | 4.7 | LeCun et al. 1998 |
# | 784-300-100-10 | 3.05 | LeCun et al. 1998 |
# | 784-500-150-10 | 2.95 | LeCun et al. 1998 |
# | 784-800-10, cross-entropy | 1.6 | Simard et al. 2003 |
# | 784-500-300-10, softmax, cross-entropy, weight decay | 1.53 | Hinton 2005, unpublished |
# | 784-1024-1024-1024-10, ReLU and dropout | 1.25 | Srivastava et al. 2014 |
# | 784-8192-8192-10, ReLU, dropout and a max-norm constraint | 0.95 | Srivastava et al. 2014 |
# | 784-800-10, trained on distorted digits as well | 0.7 | Simard et al. 2003 |
# | 784-2500-2000-1500-1000-500-10, trained on distorted digits as well | 0.35 | Cireşan et al. 2010 |
#
# *Sources: the table on the [page of MNIST](http://yann.lecun.com/exdb/mnist/), which cites LeCun, Bottou, Bengio and
# Haffner 1998; Simard, Steinkraus and Platt 2003; Hinton 2005; Cireşan, Meier, Gambardella and Schmidhuber 2010. For
# the two rows with dropout: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout", JMLR 15, 2014.*
#
# Our model will be 784-512-512-10. After two passes over the data it will still misclassify about one digit in nine.
# The reason is its small learning rate, as exercise 5 shows. That is fine here: a model that makes mistakes has more
# to show us.

# %% [markdown]
# ### Exercise 1: count the digits
#
# How many images of each digit are there in the training set and in the test set? Are all ten digits equally
# common? Check the number of fives in the training set.
#
# *Hint: `np.bincount`, and all labels of a part are `data.sources["train"].y` and `data.sources["test"].y`.*

# %% tags=["exercise"]
# your code here

ct.check("3.1", None)

# %% tags=["solution"]
counts = pd.DataFrame({part: np.bincount(data.sources[part].y) for part in ("train", "test")})
counts.index.name = "digit"
print(counts)

if DATASET == "mnist":
    assert counts["train"].sum() == 60_000 and counts["test"].sum() == 10_000
    # ones are the most common, fives the least
    assert counts["train"].idxmax() == 1 and counts["train"].idxmin() == 5

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 1.** The test set was written by other people than the training set. What would be wrong if the same
# people had written both?
#
# - a: The test set would be easier to read than the training set.
# - b: The test would say how well the model reads these people, not how well it reads strangers.
# - c: The model could not be trained, because images would appear twice.
#
# **Question 2.** Two published models have errors of 1.6% and 1.53% on the same 10,000 test digits. What may you
# conclude?
#
# - a: The second model is better: it is right on 7 digits more.
# - b: The first model is better, because it has fewer layers.
# - c: Hardly anything: with 10,000 digits, chance alone moves such an error by about 0.12 points.
#
# **Question 3.** A model that always says "1", the most common digit, is right on about 11% of the test digits. What
# is this number good for?
#
# - a: It is the accuracy to beat: less means that the model has learned nothing of use.
# - b: It is the best that a model without hidden layers can reach.
# - c: It is how many digits are too hard to read.

# %% tags=["answer"]
ct.check("3.q1", "")
ct.check("3.q2", "")
ct.check("3.q3", "")

# %% [markdown]
# ## ReLU and softplus
#
# A fully connected layer takes the output $h_{i-1}$ of the previous layer, multiplies it by a matrix of weights, adds
# a bias, and applies an activation function:
#
# $$h_i = \sigma(W_i\,h_{i-1} + b_i)$$
#
# Without a nonlinear $\sigma$, two layers would be no better than one: the product of two matrices is just another
# matrix.

# %% [markdown]
# Our activation function is the **rectifier**, or ReLU: $\max(0, x)$. Negative values become 0, and everything else
# stays the same. **Softplus**, $\ln(1 + e^x)$, is ReLU without the corner, and its derivative is the **logistic
# function** $1 / (1 + e^{-x})$.
#
# *Sources: Nair and Hinton 2010,
# [Rectified linear units improve restricted Boltzmann machines](https://www.cs.toronto.edu/~fritz/absps/reluICML.pdf);
# Glorot, Bordes and Bengio 2011, "Deep sparse rectifier neural networks"; Dugas et al. 2001 for softplus.*

# %%
x = np.linspace(-6, 6, 601)
relu, softplus, logistic = np.maximum(0, x), np.log1p(np.exp(x)), 1 / (1 + np.exp(-x))

plt.figure(figsize=(6, 3.6), layout="constrained")
plt.plot(x, relu, color="#3f90da", label="ReLU: max(0, x)")
plt.plot(x, softplus, color="#e76300", label="softplus: ln(1 + exp x)")
plt.plot(
    x, logistic, color="#832db6", linestyle="--", label="logistic: the derivative of softplus"
)
plt.title("ReLU and its smooth version")
plt.xlabel("input of the unit, x")
plt.ylabel("output of the unit")
plt.legend()
plt.show()

# %% [markdown]
# Softplus is never below ReLU, and never more than ln 2 above it. And the logistic function really is its derivative:

# %%
derivative = np.gradient(softplus, x)
assert np.all(softplus >= relu) and np.max(softplus - relu) <= np.log(2) + 1e-12
assert np.allclose(derivative[1:-1], logistic[1:-1], atol=1e-4)

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 4.** What happens to a network whose hidden layers have no activation function, however many there are?
#
# - a: It cannot be trained.
# - b: It can only say what a network without hidden layers can say.
# - c: It needs more units, and then does the same as with ReLU.
#
# **Question 5.** A ReLU unit has the input -0.3 for one image. What is its output, and what is the derivative of the
# output with respect to the input?
#
# - a: The output is 0 and the derivative is 0.
# - b: The output is 0 and the derivative is 1.
# - c: The output is -0.3 and the derivative is 0.
#
# **Question 6.** Softplus is smooth and hardly differs from ReLU away from 0. What is the same for both?
#
# - a: Both are exactly 0 for negative inputs.
# - b: Both have a derivative that is never larger than 1.
# - c: Both have a derivative that is never 0.

# %% tags=["answer"]
ct.check("3.q4", "")
ct.check("3.q5", "")
ct.check("3.q6", "")

# %% [markdown]
# ## Building the model by hand
#
# Keras has two ways to define a model. `Sequential` is a list of layers, where each layer feeds the next.
#
# The last layer has ten units, one for each digit, and **softmax** turns their values, the **logits**, into
# probabilities: they are all positive and add up to 1.


# %%
def make_model():
    """Build 784-512-512-10 as a list of layers."""
    return keras.Sequential(
        [
            keras.Input((PIXELS,)),
            layers.Dense(512, activation="relu"),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


plain = make_model()
plain.count_params()

# %% [markdown]
# The other way is a **graph**: you call each layer like a function on its input. This is the only way to build models
# with branches. (Keras calls it the functional API; the 2017 lesson called it the `Graph` model.)

# %%
inputs = keras.Input((PIXELS,))
hidden = layers.Dense(512, activation="relu")(inputs)
hidden = layers.Dense(512, activation="relu")(hidden)
outputs = layers.Dense(10, activation="softmax")(hidden)
graph = keras.Model(inputs, outputs)
graph.count_params()

# %% [markdown]
# Both define the same model. Give them the same weights, and they make the same predictions:

# %%
graph.set_weights(plain.get_weights())
noise = np.random.default_rng(SEED).random((5, PIXELS), dtype=np.float32)
np.allclose(plain.predict(noise, verbose=0), graph.predict(noise, verbose=0))

# %% tags=["check"]
assert plain.count_params() == graph.count_params() == 513 * 512 + (PIXELS + 1) * 512 + 513 * 10
assert np.allclose(plain.predict(noise, verbose=0), graph.predict(noise, verbose=0))
assert np.allclose(plain.predict(noise, verbose=0).sum(axis=1), 1)  # probabilities add up to 1

# %% [markdown]
# ### Exercise 2: build a model
#
# Build the 784-300-100-10 model from the table in both ways. Work out by hand how many parameters it has, and let
# Keras confirm it.
#
# *Hint: a layer from `a` units to `b` units has `a * b` weights and `b` biases.*

# %% tags=["exercise"]
# your code here

ct.check("3.2", None)

# %% tags=["solution"]
small = keras.Sequential(
    [
        keras.Input((PIXELS,)),
        layers.Dense(300, activation="relu"),
        layers.Dense(100, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
small_inputs = keras.Input((PIXELS,))
small_hidden = layers.Dense(300, activation="relu")(small_inputs)
small_hidden = layers.Dense(100, activation="relu")(small_hidden)
small_graph = keras.Model(small_inputs, layers.Dense(10, activation="softmax")(small_hidden))

by_hand = (PIXELS * 300 + 300) + (300 * 100 + 100) + (100 * 10 + 10)
print(by_hand, small.count_params(), small_graph.count_params())
assert by_hand == small.count_params() == small_graph.count_params()

# %% [markdown]
# ### Compiling: a loss and an optimizer
#
# To learn, a model needs a **loss**, a single number that says how wrong it is, and an **optimizer** that adjusts the
# weights a little at a time so that this number goes down. Our optimizer is SGD, stochastic gradient descent: look at
# 128 images, take a step downhill, look at the next 128, and so on.
#
# The loss is **categorical cross-entropy**: minus the logarithm of the probability that the model gave to the correct
# digit. It is 0 if the model was certain and right, and large if it was confident and wrong. Its unit is the **nat**,
# because the logarithm is the natural one: guessing among ten digits costs ln 10, about 2.3 nats.

# %%
plain.compile(
    loss="categorical_crossentropy",
    optimizer=keras.optimizers.SGD(learning_rate=0.01),
    metrics=["accuracy"],
)

# %% [markdown]
# ### Preparing the data
#
# The model expects rows of 784 numbers, not grids, and it learns best from small numbers. So we **reshape** the images
# and **scale** the pixels to the range from 0 to 1.

# %%
X_train = X_train.reshape(-1, PIXELS).astype("float32") / data.scale  # 255
X_test = X_test.reshape(-1, PIXELS).astype("float32") / data.scale
X_train.shape, X_train.min(), X_train.max()

# %% [markdown]
# The correct answers are **one-hot encoded**: ten numbers, all 0 except for a 1 at the position of the digit.
# `to_categorical` does this.

# %%
Y_train = keras.utils.to_categorical(y_train, 10)
Y_test = keras.utils.to_categorical(y_test, 10)
print("digit:    ", y_train[0])
print("positions:", np.arange(10))
print("target:   ", Y_train[0].astype(int))

# %% [markdown]
# Finally, we **split** the data and set aside a quarter of the training images. The model never learns from these
# 15,000; they tell us how well it does on digits it has not seen. (The test set stays locked away until the end. Once
# you look at it while you are still making decisions, it is no longer a test.)

# %%
rows_train, rows_val = train_test_split(
    np.arange(len(y_train)), test_size=0.25, random_state=SEED, stratify=y_train
)
X_train, X_val = X_train[rows_train], X_train[rows_val]
Y_train, Y_val = Y_train[rows_train], Y_train[rows_val]
y_train, y_val = y_train[rows_train], y_train[rows_val]
X_train.shape, X_val.shape

# %%
show_digits(
    [X_train[0].reshape(data.shape), X_val[0].reshape(data.shape)],
    ["training", "validation"],
    rows=1,
)

# %% tags=["check"]
assert len(X_train) + len(X_val) == len(data.sources["train"].y)
assert X_train.shape[1] == X_val.shape[1] == PIXELS
assert not set(rows_train) & set(rows_val)  # no image is in both
assert np.array_equal(Y_train.argmax(axis=1), y_train)

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 7.** A layer from 512 to 10 units has 512 weights for each of 10 units. Why does it have 5,130 parameters
# and not 5,120?
#
# - a: Each of the 10 units has a bias as well.
# - b: The softmax has ten parameters.
# - c: The optimizer keeps ten numbers.
#
# **Question 8.** The logits of a model are 2, 1 and 0. You add 100 to each of them. What happens to the probabilities
# after softmax?
#
# - a: They all come closer to one third.
# - b: The largest comes closer to 1.
# - c: Nothing: only the differences between logits matter.
#
# **Question 9.** Why do we set aside validation images, if there is a test set?
#
# - a: Because we make choices by what they show, and the test set must not have taken part in any choice.
# - b: Because the test set is too large to be used after each epoch.
# - c: Because the model also learns from the validation images, a little later.

# %% tags=["answer"]
ct.check("3.q7", "")
ct.check("3.q8", "")
ct.check("3.q9", "")

# %% [markdown]
# ## Training
#
# `fit` goes through the training images in batches of 128; one pass through all of them is an **epoch**. It returns a
# `History`: the loss and accuracy after each epoch, on the training data and on the validation data (`val_`).
#
# **Before you run it:** guessing is right on one digit in ten. How many of ten will be right after two epochs?

# %%
history = plain.fit(
    X_train, Y_train, batch_size=BATCH_SIZE, epochs=2, validation_data=(X_val, Y_val), verbose=0
)


def table(history):
    """Turn a History into a table with one row per epoch."""
    metrics = pd.DataFrame(history.history).round(4)
    metrics.index = pd.Index(history.epoch, name="epoch") + 1  # Keras counts from 0
    return metrics


table(history)

# %% [markdown]
# **After two epochs, the model correctly reads about 89% of digits that it has never seen.** Guessing would give 10%.

# %% tags=["check"]
if DATASET == "mnist":
    assert 0.87 <= history.history["val_accuracy"][-1] <= 0.90

# %% [markdown]
# ### Why not binary cross-entropy?
#
# *Binary* cross-entropy asks ten separate questions ("Is it a 0, yes or no?", "Is it a 1?" and so on) and takes the
# mean of the ten losses. It runs without an error. Let's see what happens.
#
# **Before you run it:** the model says "no" to all ten questions about an image. How many of its ten answers are
# right?

# %%
keras.utils.set_random_seed(SEED)
binary = make_model()
binary.compile(
    loss="binary_crossentropy",
    optimizer=keras.optimizers.SGD(learning_rate=0.01),
    metrics=["binary_accuracy", "categorical_accuracy"],
)
before = binary.evaluate(X_val, Y_val, verbose=0, return_dict=True)
binary_history = binary.fit(
    X_train, Y_train, batch_size=BATCH_SIZE, epochs=2, validation_data=(X_val, Y_val), verbose=0
)
after = binary.evaluate(X_val, Y_val, verbose=0, return_dict=True)
pd.DataFrame({"untrained": before, "after 2 epochs": after}).round(3)

# %% [markdown]
# There are two problems with it.
#
# - **It looks better than it is.** Nine of the ten answers should be "no", so a model that says "no" to everything is
#   right nine times out of ten. That is why *binary accuracy* is about 90% before anything is learned. What we want to
#   know is *categorical accuracy*, the share of digits that are classified correctly.
# - **It learns slowly here.** The loss is the mean over ten questions, so its gradient is smaller. After the same two
#   epochs the model is right on about 72% of the digits, not on 89%. Whether that is all of the reason, lesson 6 tests
#   with a learning rate ten times as large.
#
# A digit is exactly one of ten classes, and that is what categorical cross-entropy assumes. Binary cross-entropy is
# the right choice when several answers can be true at once ("there is a cat", "there is a dog").

# %% tags=["check"]
if DATASET == "mnist":
    assert before["binary_accuracy"] > 0.85 and before["categorical_accuracy"] < 0.25
    assert after["categorical_accuracy"] < history.history["val_accuracy"][-1] - 0.05

# %% [markdown]
# ### Learning curves
#
# Training is easier to follow in a plot.
#
# **Before you run it:** look at the table above. In which epoch is the model better on the validation images than on
# the training images, and how can that be?


# %%
from cutaway.plots import learning_curves


def plot_history(history, title):
    """Plot loss and accuracy by epoch, for training and validation."""
    rows = pd.DataFrame(history.history).assign(epoch=np.array(history.epoch) + 1)
    return learning_curves(rows.to_dict("records"), title=title)


plot_history(history, "Two epochs")

# %% [markdown]
# Validation is ahead of training in both epochs. The training values are averages over the epoch, while the model was
# still improving; validation is measured at the end of the epoch.

# %% [markdown]
# ### More epochs
#
# `fit` picks up where the model left off. Let's train for two more epochs, the third and the fourth:

# %%
more = plain.fit(
    X_train,
    Y_train,
    batch_size=BATCH_SIZE,
    initial_epoch=2,
    epochs=4,
    validation_data=(X_val, Y_val),
    verbose=0,
)
table(more)

# %% tags=["check"]
assert more.history["val_accuracy"][-1] > history.history["val_accuracy"][-1]
assert more.history["val_loss"][-1] < history.history["val_loss"][-1]

# %% [markdown]
# ### Exercise 3: train longer
#
# Train `plain` for four more epochs, and plot the validation accuracy of all eight. Does each epoch help as much as
# the one before? Check the accuracy after the eighth.

# %% tags=["exercise"]
# your code here

ct.check("3.3", None)

# %% tags=["solution"]
four = plain.fit(
    X_train,
    Y_train,
    batch_size=BATCH_SIZE,
    initial_epoch=4,
    epochs=8,
    validation_data=(X_val, Y_val),
    verbose=0,
)
val_accuracy = (
    history.history["val_accuracy"]
    + more.history["val_accuracy"]
    + four.history["val_accuracy"]
)
gains = np.diff(val_accuracy)

plt.figure(figsize=(5, 3.2), layout="constrained")
plt.plot(np.arange(1, 9), val_accuracy, "o-", color="#e76300")
plt.title("Each epoch helps less than the one before")
plt.xlabel("epoch")
plt.ylabel("validation accuracy")
plt.show()
if DATASET == "mnist":
    assert val_accuracy[-1] > 0.91
    assert gains[0] > 3 * gains[-1]  # the first epochs gain the most

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 10.** The loss falls from epoch to epoch, but the accuracy stays the same for a while. Is that possible?
#
# - a: No: a lower loss means that more digits are right.
# - b: Yes: the probability of the correct digit rises, but not yet above all others.
# - c: Only if there is a mistake in the code.
#
# **Question 11.** For which of these is binary cross-entropy the right loss?
#
# - a: A photo can show a cat, a dog, both or neither.
# - b: An image shows exactly one of ten digits.
# - c: A model says how much a house costs.
#
# **Question 12.** After four epochs the validation accuracy still rises by 0.7 points per epoch. What is the first
# thing to try?
#
# - a: A larger model, because this one has learned all that it can.
# - b: Early stopping, because the model overfits.
# - c: More epochs or a larger learning rate, because the model is not done yet.

# %% tags=["answer"]
ct.check("3.q10", "")
ct.check("3.q11", "")
ct.check("3.q12", "")

# %% [markdown]
# ## Dropout
#
# A **dropout** layer sets a random share of its inputs to 0, a different one for each image and each step. It is a
# kind of **regularization**, the word for everything that keeps a model from fitting its training data too closely:
# weight decay, early stopping and more data are others. The idea is that no unit can rely on any other unit being
# there.
#
# *Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, "Dropout", JMLR 15.*
#
# Dropout is active only during training. See for yourself: ten ones go in, about half of them are dropped, and the
# rest are doubled, so that the sum stays about the same.

# %%
dropout = layers.Dropout(0.5, seed=SEED)
ones = np.ones((1, 10), dtype="float32")
print("training:  ", np.asarray(dropout(ones, training=True))[0])
print("prediction:", np.asarray(dropout(ones, training=False))[0])

# %% [markdown]
# Here is our model with 20% dropout after each hidden layer.
#
# **Before you run it:** after four epochs without dropout, the validation accuracy was 90.8%. Will dropout raise it?

# %%
keras.utils.set_random_seed(SEED)
model = keras.Sequential(
    [
        keras.Input((PIXELS,)),
        layers.Dense(512, activation="relu", name="dense_1"),
        layers.Dropout(0.2, name="dropout_1"),
        layers.Dense(512, activation="relu", name="dense_2"),
        layers.Dropout(0.2, name="dropout_2"),
        layers.Dense(10, activation="softmax", name="output"),
    ],
    name="lesson",
)
model.compile(
    loss="categorical_crossentropy",
    optimizer=keras.optimizers.SGD(learning_rate=0.01),
    metrics=["accuracy"],
)
dropout_history = model.fit(
    X_train, Y_train, batch_size=BATCH_SIZE, epochs=4, validation_data=(X_val, Y_val), verbose=0
)
plot_history(dropout_history, "With dropout")

# %%
table(dropout_history)

# %% [markdown]
# It did not: with dropout the validation accuracy is 90.4% after the same four epochs, and there is a reason. This
# model has not fitted its 45,000 images too closely, so there is nothing to cure yet, and dropout makes each step
# noisier. Lesson 6 shows when dropout helps, and by how much.

# %% [markdown]
# The same is true of the whole model. `predict` gives the same answer every time; calling the model with
# `training=True` does not.

# %%
one = X_val[:1]
same = np.array_equal(model.predict(one, verbose=0), model.predict(one, verbose=0))
differs = not np.array_equal(
    np.asarray(model(one, training=True)), np.asarray(model(one, training=True))
)
same, differs

# %% tags=["check"]
dropped = np.asarray(dropout(ones, training=True))
assert set(dropped.ravel()) <= {0.0, 2.0} and np.array_equal(
    np.asarray(dropout(ones, training=False)), ones
)
assert same and differs
if DATASET == "mnist":
    assert 0.89 <= dropout_history.history["val_accuracy"][-1] <= 0.92
    without = more.history["val_accuracy"][-1]
    assert dropout_history.history["val_accuracy"][-1] < without

# %% [markdown]
# ### Exercise 4: add dropout
#
# Put `Dropout(0.2)` after both hidden layers of your 784-300-100-10 model and train it for four epochs. Which is
# higher after each epoch, the training accuracy or the validation accuracy? How can that be? Check the accuracy on the
# training images that `evaluate` measures, without dropout.

# %% tags=["exercise"]
# your code here

ct.check("3.4", None)

# %% tags=["solution"]
keras.utils.set_random_seed(0)
small_dropout = keras.Sequential(
    [
        keras.Input((PIXELS,)),
        layers.Dense(300, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(100, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ]
)
small_dropout.compile(
    loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.01), metrics=["accuracy"]
)
small_history = small_dropout.fit(
    X_train, Y_train, batch_size=BATCH_SIZE, epochs=4, validation_data=(X_val, Y_val), verbose=0
)
with_dropout = np.array(small_history.history["accuracy"])
evaluated = small_dropout.evaluate(X_train, Y_train, verbose=0, return_dict=True)
without_dropout = evaluated["accuracy"]
validation = np.array(small_history.history["val_accuracy"])
print("training images, last epoch, with dropout:", round(with_dropout[-1], 3))
print("the same images, without dropout:         ", round(without_dropout, 3))
print("validation images:                        ", round(validation[-1], 3))

# Training accuracy is measured during the epoch, with dropout; validation accuracy is measured without dropout.
# Measured in the same way, they agree.
assert all(validation > with_dropout)
if DATASET == "mnist":
    assert abs(without_dropout - validation[-1]) < 0.02

# %% [markdown]
# ### Exercise 5: other optimizers and losses
#
# Keras has many [optimizers](https://keras.io/api/optimizers/) and [losses](https://keras.io/api/losses/). Train
# `make_model()` for two epochs each with SGD at 0.01 and at 0.1, with Adam and with RMSprop as they are; then SGD at
# 0.1 again with the loss `"mean_squared_error"`. What does the learning rate explain, and what the optimizer? Check
# the five validation accuracies, in this order.
#
# *Hint: `keras.utils.set_random_seed(SEED)` before each model, so that all start with the same weights.*

# %% tags=["exercise"]
# your code here

ct.check("3.5", None)

# %% tags=["solution"]
choices = {
    "SGD 0.01": (keras.optimizers.SGD(0.01), "categorical_crossentropy"),
    "SGD 0.1": (keras.optimizers.SGD(0.1), "categorical_crossentropy"),
    "Adam": (keras.optimizers.Adam(), "categorical_crossentropy"),
    "RMSprop": (keras.optimizers.RMSprop(), "categorical_crossentropy"),
    "SGD 0.1, squared error": (keras.optimizers.SGD(0.1), "mean_squared_error"),
}
reached = {}
for choice, (optimizer, loss) in choices.items():
    keras.utils.set_random_seed(SEED)
    candidate = make_model()
    candidate.compile(loss=loss, optimizer=optimizer, metrics=["accuracy"])
    candidate.fit(X_train, Y_train, batch_size=BATCH_SIZE, epochs=2, verbose=0)
    reached[choice] = candidate.evaluate(X_val, Y_val, verbose=0, return_dict=True)["accuracy"]
    print(f"{choice:24} {reached[choice]:.1%}")

# A learning rate ten times as large gives most of what Adam gives: 0.01 is small for this model.
if DATASET == "mnist":
    assert reached["SGD 0.01"] + 0.04 < reached["SGD 0.1"] < reached["Adam"]
    assert reached["SGD 0.1, squared error"] < reached["SGD 0.1"] - 0.03

# %% [markdown]
# ### Exercise 6: read the source
#
# What a layer does is written in its source, which Python shows: `print(inspect.getsource(layers.Dropout))`. Find
# `noise_shape` in it. Then pass 100 rows of ones with 512 columns through `Dropout(0.5, noise_shape=(1, 512),
# seed=SEED)` with `training=True`. How many different rows come out?

# %% tags=["exercise"]
# your code here

ct.check("3.6", None)

# %% tags=["solution"]
print(inspect.getsource(layers.Dropout.call))
shared = layers.Dropout(0.5, noise_shape=(1, 512), seed=SEED)
rows_out = np.asarray(shared(np.ones((100, 512), dtype="float32"), training=True))
different_rows = len(np.unique(rows_out, axis=0))
print("different rows:", different_rows)

# where noise_shape has a 1, all share the same noise: the same units are dropped for every image of the batch
assert different_rows == 1 and 0.4 < (rows_out == 0).mean() < 0.6

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 13.** Why are the values that dropout keeps divided by the share that is kept?
#
# - a: So that the next layer receives about the same sum in training and in prediction.
# - b: So that the gradient becomes larger and training goes faster.
# - c: So that the values stay between 0 and 1.
#
# **Question 14.** A model with dropout has a training accuracy of 88% and a validation accuracy of 90%. What follows?
#
# - a: The validation images are easier.
# - b: Some training images are wrong.
# - c: Nothing yet: one was measured with dropout and the other without.
#
# **Question 15.** Your friend adds dropout, and the validation accuracy rises from 90.6% to 90.8% with one seed. What
# do you ask first?
#
# - a: How large the difference between two seeds is without any change.
# - b: Whether the training accuracy rose as well.
# - c: Whether the rate was 0.2 or 0.5.

# %% tags=["answer"]
ct.check("3.q13", "")
ct.check("3.q14", "")
ct.check("3.q15", "")

# %% [markdown]
# ## Overfitting, and how to stop it
#
# A model with 669,706 parameters can memorize a few images. We give it only 2,000, a larger learning rate with
# momentum, and plenty of time.
#
# **Before you run it:** draw the two loss curves that you expect, for training and for validation.

# %%
keras.utils.set_random_seed(SEED)
few = make_model()
few.compile(
    loss="categorical_crossentropy",
    optimizer=keras.optimizers.SGD(0.1, momentum=0.9),
    metrics=["accuracy"],
)
few_history = few.fit(
    X_train[:2000],
    Y_train[:2000],
    batch_size=128,
    epochs=20,
    validation_data=(X_val, Y_val),
    verbose=0,
)
plot_history(few_history, "20 epochs on 2,000 images")

# %% [markdown]
# Look at the loss. On the 2,000 training images it goes to zero: the model has memorized them. On the validation
# images it falls, turns, and **rises**. The model is no longer getting better at reading digits; it is only getting
# more confident, even where it is wrong.

# %% tags=["check"]
val_loss = few_history.history["val_loss"]
best_epoch = int(np.argmin(val_loss)) + 1
if DATASET == "mnist":
    assert few_history.history["accuracy"][-1] > 0.999  # memorized
    assert best_epoch < 12 and val_loss[-1] > 1.05 * min(
        val_loss
    )  # the best epoch is long past

# %% [markdown]
# So we should stop in time. `EarlyStopping` watches the validation loss, waits `patience` epochs for it to improve,
# and then restores the weights of the best epoch.
#
# It watches **validation** data, not the test set. If you stop at the epoch that is best on the test set, you have
# fitted the model to the test set by hand, and its test result is no longer honest.

# %%
keras.utils.set_random_seed(SEED)
few = make_model()
few.compile(
    loss="categorical_crossentropy",
    optimizer=keras.optimizers.SGD(0.1, momentum=0.9),
    metrics=["accuracy"],
)
stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
stopped = few.fit(
    X_train[:2000],
    Y_train[:2000],
    batch_size=128,
    epochs=20,
    validation_data=(X_val, Y_val),
    callbacks=[stop],
    verbose=0,
)
print("epochs trained:", len(stopped.history["loss"]), " best epoch:", stop.best_epoch + 1)

# %% tags=["check"]
assert len(stopped.history["loss"]) == stop.best_epoch + 1 + 3 < 20
assert np.isclose(
    few.evaluate(X_val, Y_val, verbose=0)[0], min(stopped.history["val_loss"]), atol=1e-4
)

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 16.** The validation loss rises for ten epochs while the validation accuracy stays the same. What happens?
#
# - a: The model gets more confident where it is wrong.
# - b: The model forgets the training images.
# - c: The learning rate is too small.
#
# **Question 17.** Which of these does not help against overfitting?
#
# - a: More training images.
# - b: More epochs.
# - c: A smaller model.
#
# **Question 18.** You stop at the epoch with the best accuracy on the test set and report that accuracy. What is
# wrong?
#
# - a: Nothing, as long as the model never trains on the test set.
# - b: The reported number is too low.
# - c: The reported number is too high, because the epoch was chosen by chance fluctuations of this very set.

# %% tags=["answer"]
ct.check("3.q16", "")
ct.check("3.q17", "")
ct.check("3.q18", "")

# %% [markdown]
# ## The test set, once
#
# All choices are made: the layers, the loss, the learning rate, the epochs. Now the 10,000 test digits, once.
#
# **Before you run it:** the validation accuracy of our model with dropout is 90.4%. What do you expect here?

# %%
test_loss, test_accuracy = model.evaluate(X_test, Y_test, verbose=0)
print("test accuracy:", round(test_accuracy, 3))

# %% [markdown]
# About 91%, as on the validation images. Does it matter which half of the test set you use? The page of MNIST says
# that the first 5,000 test digits are cleaner and easier. Let's check:

# %%
correct = model.predict(X_test, verbose=0).argmax(axis=1) == y_test
half = len(correct) // 2
print(f"first {half:,}:", round(correct[:half].mean(), 3))
print(f"last {half:,}: ", round(correct[half:].mean(), 3))

# %% [markdown]
# For our model it is the other way around: about 88% of the first half and 93% of the second. Check what you read,
# including what you read here.

# %% tags=["check"]
if DATASET == "mnist":
    assert 0.89 <= test_accuracy <= 0.92
    assert correct[5000:].mean() > correct[:5000].mean() + 0.02

# %% [markdown]
# ### Exercise 7: how far can a fully connected network go?
#
# The last rows of the table at the beginning were trained on distorted digits as well: a digit that is changed a
# little is a new digit. Train a new `ct.mlp((512, 512))` on the first 6,000 training digits for 20 epochs, and then
# again with changed digits: `augment="shift=0.05"`, `"elastic=0.03"`, and `"shift=0.05, rotation=11, scale=0.15,
# shear=0.15, elastic=0.03"`. Compare them with `virtual_adversarial=2.0`, which knows nothing of images: predictions
# must hardly change near a digit. **Before you run it:** which helps most, and why? Check the name of the change, as
# it stands in quotes below: "virtual adversarial", "shifted", "bent" or "all".
#
# *Hint: `ct.Dataset.from_arrays(x, y, x_test=..., y_test=..., scale=data.scale)`, and `run.test["accuracy"]`. On all
# digits, `cutaway train mnist --recipe best-images` does this with a larger model.*

# %% tags=["exercise"]
# your code here

ct.check("3.7", None)

# %% tags=["solution"]
train, test = data.sources["train"], data.sources["test"]
digits_6000 = ct.Dataset.from_arrays(
    train.x[:6000], train.y[:6000], x_test=test.x, y_test=test.y, scale=data.scale
)
steps = {
    "as they are": {},
    "virtual adversarial": {"virtual_adversarial": 2.0},
    "shifted": {"augment": "shift=0.05"},
    "bent": {"augment": "elastic=0.03"},
    "all": {"augment": "shift=0.05, rotation=11, scale=0.15, shear=0.15, elastic=0.03"},
}
folder = tempfile.TemporaryDirectory()
settings = {"epochs": 20, "batch_size": 128, "schedule": "one-cycle", "runs": folder.name}
errors = {}
for step, change in steps.items():
    tried = ct.train(ct.mlp((512, 512)), digits_6000, **settings, **change, progress=False)
    errors[step] = 1 - tried.test["accuracy"]
    print(f"{step:20} {errors[step]:.2%} of the test digits are wrong")

# A shifted or bent digit is still the same digit, and the model sees 90,000 different ones instead of
# 4,500. That is why knowing about images helps more than `virtual_adversarial`, which does not.
if DATASET == "mnist":
    assert errors["virtual adversarial"] < errors["as they are"]
    assert max(errors["shifted"], errors["bent"]) < 0.75 * errors["as they are"]
    assert errors["all"] < 0.6 * errors["as they are"]

# %% [markdown]
# ## Where to go from here
#
# - [Inside the network](04_inside_the_network.ipynb): what the hidden layers of this model have learned.
# - [Why we do it this way](06_why_it_works.ipynb): experiments on the choices that this lesson made.
# - The playground, `cutaway playground`, trains small networks in the browser while you watch.
