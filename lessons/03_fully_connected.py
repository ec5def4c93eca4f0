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
# We will build a small neural network by hand, train it to read digits, and then cut it open: what does a hidden layer
# make of an image?
#
# All you need is a little Python. Run the cells from top to bottom. The whole lesson takes a few minutes on a laptop
# and works offline. There are ten exercises along the way.

# %% [markdown] tags=["about-solutions"]
# The solution to each exercise is folded below it: try it yourself first, then click on "Solution". To run it, copy it
# into your cell.

# %% [markdown]
# The first cell makes every run reproducible: it chooses JAX as the Keras backend and sets one seed for everything
# random.

# %%
import os

os.environ["KERAS_BACKEND"] = "jax"  # must be set before Keras is imported

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
# **Given an image of a handwritten digit, say which digit it is.** Our dataset is MNIST: 60,000 images for training and
# 10,000 for testing. It comes with `cutaway`, so nothing is downloaded.
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
# *Sources: the table at yann.lecun.com/exdb/mnist, which cites LeCun, Bottou, Bengio and Haffner 1998; Simard,
# Steinkraus and Platt 2003; Hinton 2005; Cireşan, Meier, Gambardella and Schmidhuber 2010. For the two rows with
# dropout: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout", JMLR 15, 2014.*
#
# Our model will be 784-512-512-10. After two passes over the data it will still misclassify about one digit in nine,
# and that is fine: a model that makes mistakes has more to show us.

# %% [markdown]
# ### Exercise 1: count the digits
#
# How many images of each digit are there in the training set and in the test set? Are all ten digits equally common?
#
# *Hint: `np.bincount`, and all labels of a part are `data.sources["train"].y` and `data.sources["test"].y`.*

# %% tags=["exercise"]
# your code here

# %% tags=["solution"]
counts = pd.DataFrame({part: np.bincount(data.sources[part].y) for part in ("train", "test")})
counts.index.name = "digit"
print(counts)

if DATASET == "mnist":
    assert counts["train"].sum() == 60_000 and counts["test"].sum() == 10_000
    # ones are the most common, fives the least
    assert counts["train"].idxmax() == 1 and counts["train"].idxmin() == 5

# %% [markdown]
# ## ReLU and softplus
#
# A fully connected layer takes the output $h_{i-1}$ of the previous layer, multiplies it by a matrix of weights, adds a
# bias, and applies an activation function:
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
# *Sources: Glorot, Bordes and Bengio 2011, "Deep sparse rectifier neural networks"; Dugas et al. 2001 for softplus.*

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

# %% [markdown]
# ## Building the model by hand
#
# Keras has two ways to define a model. `Sequential` is a list of layers, where each layer feeds the next.
#
# The last layer has ten units, one for each digit, and **softmax** turns their values into probabilities: they are all
# positive and add up to 1.


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
# Build the 784-300-100-10 model from the table in both ways. Work out by hand how many parameters it has, and let Keras
# confirm it.
#
# *Hint: a layer from `a` units to `b` units has `a * b` weights and `b` biases.*

# %% tags=["exercise"]
# your code here

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
# digit. It is 0 if the model was certain and right, and large if it was confident and wrong.

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

# %% [markdown]
# ## Training
#
# `fit` goes through the training images in batches of 128; one pass through all of them is an **epoch**. It returns a
# `History`: the loss and accuracy after each epoch, on the training data and on the validation data (`val_`).

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
# **After two epochs, the model correctly reads about 88% of digits that it has never seen.** Guessing would give 10%.

# %% tags=["check"]
if DATASET == "mnist":
    assert 0.87 <= history.history["val_accuracy"][-1] <= 0.90

# %% [markdown]
# ### Why not binary cross-entropy?
#
# *Binary* cross-entropy asks ten separate questions ("Is it a 0, yes or no?", "Is it a 1?" and so on) and takes the
# mean of the ten losses. It runs without an error. Let's see what happens.

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
# - **It learns slowly here.** The loss is the mean over ten questions, so each step is about a tenth as long. Besides,
#   softmax probabilities depend on each other, while the ten questions are treated as independent. After the same two
#   epochs, the model is far behind.
#
# A digit is exactly one of ten classes, and that is what categorical cross-entropy assumes. Binary cross-entropy is the
# right choice when several answers can be true at once ("there is a cat", "there is a dog").

# %% tags=["check"]
if DATASET == "mnist":
    assert before["binary_accuracy"] > 0.85 and before["categorical_accuracy"] < 0.25
    assert after["categorical_accuracy"] < history.history["val_accuracy"][-1] - 0.05

# %% [markdown]
# ### Learning curves
#
# Training is easier to follow in a plot.


# %%
from cutaway.plots import learning_curves


def plot_history(history, title):
    """Plot loss and accuracy by epoch, for training and validation."""
    rows = pd.DataFrame(history.history).assign(epoch=np.array(history.epoch) + 1)
    return learning_curves(rows.to_dict("records"), title=title)


plot_history(history, "Two epochs")

# %% [markdown]
# Why is validation ahead of training? The training values are averages over the epoch, while the model was still
# improving; validation is measured at the end of the epoch.

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
# the one before?

# %% tags=["exercise"]
# your code here

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

# %% [markdown]
# ## Dropout
#
# A **dropout** layer sets a random share of its inputs to 0, a different one for each image and each step. No unit can
# rely on any other unit being there, so the model learns several reasons for each answer.
#
# Dropout is active only during training. See for yourself: ten ones go in, about half of them are dropped, and the rest
# are doubled, so that the sum stays about the same.

# %%
dropout = layers.Dropout(0.5, seed=SEED)
ones = np.ones((1, 10), dtype="float32")
print("training:  ", np.asarray(dropout(ones, training=True))[0])
print("prediction:", np.asarray(dropout(ones, training=False))[0])

# %% [markdown]
# Here is our model with 20% dropout after each hidden layer:

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

# %% [markdown]
# ### Exercise 4: add dropout
#
# Put `Dropout(0.2)` after both hidden layers of your 784-300-100-10 model and train it for four epochs. Which is higher
# after each epoch, the training accuracy or the validation accuracy? How can that be?

# %% tags=["exercise"]
# your code here

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
# ## Overfitting, and how to stop it
#
# A model with 669,706 parameters can memorize a few images. We give it only 2,000, a larger learning rate with
# momentum, and plenty of time.

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
# Look at the loss. On the 2,000 training images it goes to zero: the model has memorized them. On the validation images
# it falls, turns, and **rises**. The model is no longer getting better at reading digits; it is only getting more
# confident, even where it is wrong.

# %% tags=["check"]
val_loss = few_history.history["val_loss"]
best_epoch = int(np.argmin(val_loss)) + 1
if DATASET == "mnist":
    assert few_history.history["accuracy"][-1] > 0.999  # memorized
    assert best_epoch < 12 and val_loss[-1] > 1.05 * min(
        val_loss
    )  # the best epoch is long past

# %% [markdown]
# So we should stop in time. `EarlyStopping` watches the validation loss, waits `patience` epochs for it to improve, and
# then restores the weights of the best epoch.
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

# %% [markdown]
# ## Looking at the layers
#
# Back to our model with dropout. `summary` lists its layers, the shape of each layer's output, and the number of
# parameters. (`None` is the number of images, which can be anything.)

# %%
model.summary()

# %% [markdown]
# `model.layers` is an ordinary list. Each layer has a name and a configuration, from which it can be built again.

# %%
for layer in model.layers:
    config = layer.get_config()
    shown = {
        key: config[key] for key in ("units", "activation", "rate", "use_bias") if key in config
    }
    print(f"{layer.name:10} {type(layer).__name__:8} trainable={layer.trainable}  {shown}")

# %% [markdown]
# The inputs and outputs of the model are **symbolic tensors**: they have a shape and a name, but no values. They
# describe how the layers are connected.

# %%
print("model input:   ", model.inputs[0].shape, model.inputs[0].dtype)
print("dense_2 output:", model.get_layer("dense_2").output.shape)
print("model output:  ", model.outputs[0].shape)

# %% tags=["check"]
assert [layer.name for layer in model.layers] == [
    "dense_1",
    "dropout_1",
    "dense_2",
    "dropout_2",
    "output",
]
assert [layer.count_params() for layer in model.layers] == [
    *((PIXELS + 1) * 512, 0, 513 * 512, 0, 513 * 10)
]
assert model.inputs[0].shape == (None, PIXELS) and model.outputs[0].shape == (None, 10)

# %% [markdown]
# ## What a hidden layer makes of an image
#
# The output says "7". What does the layer before it say? One way to find out is a **truncated** model: the same layers
# up to the one we want to read, with the weights copied over.

# %%
truncated = keras.Sequential(
    [
        keras.Input((PIXELS,)),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(512, activation="relu"),
    ]
)
# The last two layers of the model have no counterpart.
for copy, original in zip(truncated.layers, model.layers, strict=False):
    copy.set_weights(original.get_weights())

# %% [markdown]
# Let's check: are the weights equal?

# %%
pairs = zip(truncated.get_weights(), model.get_weights(), strict=False)
[bool(np.all(copy == original)) for copy, original in pairs]

# %%
hidden_features = truncated.predict(X_train, verbose=0)
hidden_features.shape

# %% tags=["check"]
assert len(truncated.get_weights()) == 4
assert all(
    np.array_equal(a, b)
    for a, b in zip(truncated.get_weights(), model.get_weights(), strict=False)
)
assert hidden_features.shape == (len(X_train), 512) and hidden_features.min() == 0

# %% [markdown]
# ### Without copying
#
# Nothing needs to be copied. You can make a model from any two tensors of the graph, for example from the input to the
# output of a hidden layer. (In 2017 this was done with `K.function` and a learning phase; both are gone.)

# %%
extractor = keras.Model(model.inputs, model.get_layer("dense_2").output)
np.allclose(extractor.predict(X_train[:1000], verbose=0), hidden_features[:1000], atol=1e-5)

# %% tags=["check"]
assert np.allclose(
    extractor.predict(X_train[:1000], verbose=0), hidden_features[:1000], atol=1e-5
)

# %% [markdown]
# ## From 512 numbers to a point in the plane
#
# Each image has become 512 numbers, a point in a 512-dimensional space. **t-SNE** arranges these points in the plane so
# that neighbors stay neighbors.
#
# *Source: van der Maaten and Hinton 2008, "Visualizing data using t-SNE", JMLR 9.*
#
# `cutaway` has its own implementation of t-SNE. First we embed 1,000 points, which was as many as anyone wanted to wait
# for in 2017:

# %%
from cutaway.embedding import embed

first = embed(hidden_features[:1000], labels=y_train[:1000])
first.xy.shape

# %% [markdown]
# Now all 45,000. This takes a few seconds.

# %%
layout = embed(hidden_features, labels=y_train)
layout.xy.shape

# %% [markdown]
# ### In ten colors
#
# t-SNE never sees which digit is which. The labels are used only afterwards, for the colors and the measures below.

# %%
from cutaway.plots import CLASS_COLORS, embedding_scatter

names = [str(digit) for digit in range(10)]
embedding_scatter(first.xy, y_train[:1000], names, title="dense_2 after 4 epochs: 1,000 digits")

# %%
title = f"dense_2 after 4 epochs: {len(y_train):,} digits"
embedding_scatter(layout.xy, y_train, names, title=title)

# %% [markdown]
# The model was never told to group the digits in its second hidden layer. It did so because that makes the last layer's
# job easy.
#
# How far can you trust such a plot? The layout comes with quality measures. *Neighbors preserved*: the share of a
# point's 15 nearest neighbors in the layer that are also among its 15 nearest in the plane. *Accuracy*: the share of
# digits that have the same label as most of their neighbors, in the layer and in the plane.

# %%
quality = {f"{len(each.xy):,} points": each.quality.__dict__ for each in (first, layout)}
pd.DataFrame(quality).loc[["neighbors_preserved", "accuracy_layer", "accuracy_plane"]].round(3)

# %% tags=["check"]
assert first.xy.shape == (1000, 2) and layout.xy.shape == (len(X_train), 2)
if DATASET == "mnist":
    assert first.quality.neighbors_preserved > 0.5 and layout.quality.neighbors_preserved > 0.3
    assert layout.quality.trustworthiness > 0.98 and layout.quality.accuracy_plane > 0.93

# %% [markdown]
# ### An interactive chart
#
# Bokeh draws in the browser: zoom with the mouse wheel, and click a digit in the legend to hide it. The chart brings
# everything that it needs, so this works offline too.

# %%
from cutaway.plots import embedding_scatter_bokeh

chart = embedding_scatter_bokeh(layout.xy, y_train, names)
chart

# %% [markdown]
# ### Exercise 5: another layout
#
# t-SNE is one method among many. Take the first 1,000 hidden features and embed them with **MDS** (which tries to
# preserve all distances) or **Isomap** (which uses distances along the neighbor graph) from scikit-learn. Plot them
# next to t-SNE. Which one preserves more neighbors?
#
# *Hint: `sklearn.manifold`, and `cutaway.embedding.measure_quality(features, xy, seed=0)`.*

# %% tags=["exercise"]
# your code here

# %% tags=["solution"]
from sklearn.manifold import MDS, Isomap

from cutaway.embedding import measure_quality

features, digits = hidden_features[:1000], y_train[:1000]
layouts = {
    "t-SNE": embed(features).xy,
    "MDS": MDS(n_init=1, init="classical_mds", max_iter=50, random_state=0).fit_transform(
        features
    ),
    "Isomap": Isomap(n_neighbors=10).fit_transform(features),
}
preserved = {
    name: measure_quality(features, xy, seed=0).neighbors_preserved
    for name, xy in layouts.items()
}

fig, panels = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
for panel, (name, xy) in zip(panels, layouts.items(), strict=True):
    panel.scatter(*xy.T, s=8, c=np.array(CLASS_COLORS)[digits].tolist(), linewidths=0)
    panel.set_title(f"{name}: {preserved[name]:.0%} of neighbors preserved")
    panel.set_xticks([])
    panel.set_yticks([])
plt.show()
assert preserved["t-SNE"] > 1.5 * max(preserved["MDS"], preserved["Isomap"])

# %% [markdown]
# ### Exercise 6: the first layer and the last
#
# Embed 2,000 digits as `dense_1` sees them and as `output` sees them. What is different? Put a number on it: how many
# directions does each layer really use?
#
# *Hint: a model that ends at the layer; the singular values of the centered features.*

# %% tags=["exercise"]
# your code here

# %% tags=["solution"]
embeddings, directions = {}, {}
for name in ("dense_1", "output"):
    outputs_of_layer = keras.Model(model.inputs, model.get_layer(name).output).predict(
        X_val[:2000], verbose=0
    )
    centered = outputs_of_layer - outputs_of_layer.mean(axis=0)
    variance = np.linalg.svd(centered, compute_uv=False) ** 2
    directions[name] = int(np.searchsorted(np.cumsum(variance) / variance.sum(), 0.9)) + 1
    embeddings[name] = embed(outputs_of_layer, labels=y_val[:2000])

fig, panels = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
for panel, (name, embedding) in zip(panels, embeddings.items(), strict=True):
    panel.scatter(
        *embedding.xy.T, s=8, c=np.array(CLASS_COLORS)[y_val[:2000]].tolist(), linewidths=0
    )
    panel.set_title(f"{name}: {directions[name]} directions explain 90% of the variance")
    panel.set_xticks([])
    panel.set_yticks([])
plt.show()

# The first layer still describes the handwriting, which takes many directions. The output only tells ten classes
# apart and has discarded the rest.
assert directions["output"] < 10
if DATASET == "mnist":
    assert directions["dense_1"] > 2 * directions["output"]

# %% [markdown]
# ## The same with cutaway
#
# Everything so far, in ten lines. This trains with the same settings on the same split, and saves the weights after
# every epoch in a run folder. (Leave out `progress=False` to watch it work.)

# %%
folder = tempfile.TemporaryDirectory()  # it goes with the notebook: runs="runs" keeps the run
run = ct.train(
    ct.mlp(hidden=(512, 512), dropout=0.2),
    data,
    recipe="lesson-dropout",
    batch_size=BATCH_SIZE,
    seed=SEED,
    runs=folder.name,
    progress=False,
)
run.history.plot()

# %%
# exactly the digits that we trained on
np.array_equal(np.sort(rows_train), run.split.train.index)

# %% [markdown]
# ### All points
#
# The training, validation and test digits, all 70,000 of them:

# %% tags=["once"]
everything = run.embed("dense_2", split="all", progress=False)
everything.plot()

# %% tags=["once", "check"]
assert everything.xy.shape == (len(run.split.part("all")), 2)
assert everything.quality.neighbors_preserved > 0.3

# %% [markdown]
# `run.embed("dense_2", split="test").bokeh()` draws the interactive chart, which shows the image of the digit under the
# mouse.

# %% [markdown]
# ### Every layer, after every epoch
#
# What does a layer know? A **probe** tells us: a plain linear classifier that learns to predict the digit from the
# layer's output alone. Epoch 0 is the model before training.

# %%
layer_history = run.layer_history(split="val", samples=2000, progress=False).to_pandas()
layer_history.pivot(index="epoch", columns="layer", values="probe_accuracy").round(3)

# %% [markdown]
# Does the first row surprise you? Hidden layers with *random* weights already hold what is needed to tell most digits
# apart: they only mix the pixels, and a probe can unmix them. The output is much harder to read at this point. What
# training does is bring this information into a form that the next layer can use.

# %% tags=["check"]
probe = layer_history.pivot(index="epoch", columns="layer", values="probe_accuracy")
if DATASET == "mnist":
    assert probe.loc[0, "dense_1"] > 0.75 > 0.65 > probe.loc[0, "output"]
    assert probe.loc[4, "output"] > 0.85

# %% [markdown]
# ### What each unit looks for
#
# A unit in the first layer has one weight for each pixel: red where ink activates the unit, blue where ink suppresses
# it. The weights started as random noise, and after four epochs most of the noise is still there (first row). What
# training has **added** shows a shape (second row). Below are the six digits that activate the unit most.
#
# We look at the six units with the highest *ablation cost*: how much the loss rises without the unit.

# %%
units = run.units("dense_1", split="val", progress=False)
important = units.order("ablation_cost")[:6]
initial = run.model(0).get_layer("dense_1").get_weights()[0].T.reshape(-1, *data.shape)

figure, axes = plt.subplots(8, 6, figsize=(7.2, 9.8), layout="constrained")
for column, unit in zip(axes.T, important, strict=True):
    weights = units.pictures[unit]
    for axis, image in zip(column[:2], (weights, weights - initial[unit]), strict=True):
        strongest = np.abs(image).max()
        axis.imshow(image, cmap="RdBu_r", vmin=-strongest, vmax=strongest)
    top_activating = data.x(units.ids.take(units.measures.top_samples[unit][:6]))
    for axis, image in zip(column[2:], top_activating, strict=True):
        axis.imshow(image, cmap="gray")
    column[0].set_title(f"unit {unit}", fontsize=10)
    for axis in column:
        axis.set_xticks([])
        axis.set_yticks([])
        axis.spines[:].set_visible(False)
axes[0, 0].set_ylabel("weights")
axes[1, 0].set_ylabel("learned")
axes[2, 0].set_ylabel("top digits")
figure.suptitle("Six units of dense_1: what they look for, and what they find")
plt.show()

# %%
units.to_pandas("ablation_cost").head(6)[
    ["unit", "preferred_class", "selectivity", "firing", "ablation_cost", "most_affected"]
].round(4)

# No single unit matters much: without the most important one, the loss rises by less than 0.01. That is what dropout is
# for.

# %% tags=["check"]
assert len(units) == 512 and units.pictures.shape == (512, *data.shape)
if DATASET == "mnist":
    assert units.to_pandas("ablation_cost")["ablation_cost"].max() < 0.01

# %% [markdown]
# And now, finally, the test set. Once.

# %%
print("test accuracy:", round(run.test["accuracy"], 3))

# %% [markdown]
# Does it matter which half of the test set you use? The MNIST page says that the first 5,000 test digits are cleaner
# and easier. Let's check:

# %%
correct = run.predictions(split="test").argmax(axis=1) == run.labels(split="test")
half = len(correct) // 2
print(f"first {half:,}:", round(correct[:half].mean(), 3))
print(f"last {half:,}: ", round(correct[half:].mean(), 3))

# %% [markdown]
# For our model it is the other way around, and by a lot. Check what you read, including what you read here.

# %% tags=["check"]
if DATASET == "mnist":
    assert 0.89 <= run.test["accuracy"] <= 0.92
    assert correct[5000:].mean() > correct[:5000].mean() + 0.02

# %% [markdown]
# ### Exercise 7: find the inactive units
#
# A ReLU unit that is 0 for every image is **inactive**: it gets no gradient, so it can never recover. Train the model
# for one epoch with a learning rate of 1.0, a hundred times ours. How many units of `dense_1` are inactive? Count them
# yourself, then compare with `run.units`, which marks units with the same output for every sample as `constant`.
#
# *Hint: `run.activations(layer, split="all")` returns one row for each of the 70,000 digits.*

# %% tags=["exercise"]
# your code here

# %% tags=["solution"]
high_rate_run = ct.train(
    ct.mlp((512, 512)),
    data,
    recipe="lesson",
    batch_size=BATCH_SIZE,
    learning_rate=1.0,
    epochs=1,
    seed=0,
    runs=folder.name,
    progress=False,
)
activations = high_rate_run.activations("dense_1", split="all")
counted = np.flatnonzero((activations == 0).all(axis=0))
inactive = np.flatnonzero(high_rate_run.units("dense_1", progress=False).constant)
inactive_at_low_rate = int(run.units("dense_1", progress=False).constant.sum())
print(f"inactive units, learning rate 1.0:  {len(inactive)} of 512")
print(f"inactive units, learning rate 0.01: {inactive_at_low_rate} of 512")
# the units that are left do the work
print(f"test digits that are right all the same: {high_rate_run.test['accuracy']:.0%}")
assert np.array_equal(inactive, counted)
assert len(inactive) >= 20 and len(inactive) > inactive_at_low_rate

# %% [markdown]
# ### Exercise 8: which layer knows the digit, and since when?
#
# Use the table of `layer_history`. For each layer, after which epoch do the 15 nearest neighbors vote for the correct
# digit in at least 75% of cases (`knn_accuracy`)? And which layer separates the digits best in the end (`separation`)?

# %% tags=["exercise"]
# your code here

# %% tags=["solution"]
measures = run.layer_history(split="val", samples=2000, progress=False).to_pandas()
votes = measures.pivot(index="epoch", columns="layer", values="knn_accuracy")
since = {layer: int(votes.index[votes[layer] >= 0.75][0]) for layer in votes.columns}
final = measures[measures["epoch"] == measures["epoch"].max()].set_index("layer")["separation"]
print("knows the digit since epoch:", since)
print("separates the digits best:  ", final.idxmax())

# The hidden layers know the digit before any training: images with similar pixels stay neighbors under random
# weights. The output has to learn it.
assert since["dense_1"] == since["dense_2"] == 0 and since["output"] >= 1
assert final["dense_1"] < final["dense_2"] < final["output"]

# %% [markdown]
# ### Exercise 9: explain one mistake, unit by unit
#
# Take the mistake that the model was most confident about. Which units of `dense_2` argued for the wrong answer, which
# argued against it, and what about the pixels? Do their contributions add up?
#
# *Hint: `run.mistakes`, then `run.explain` with the name of the sample, such as "test[7]". A ReLU model is linear
# around any given image, so each unit's contribution to the difference between two classes is exact.*

# %% tags=["exercise"]
# your code here

# %% tags=["solution"]
worst = run.mistakes(1, split="test")
position = int(worst.position[0])
name = run.split.test[position]
explanation = run.explain(name)
attribution = explanation.attribution
contributions = explanation.to_pandas("dense_2")
total = attribution.total("dense_2")
print(f"{name} shows the digit {worst.label[0]}")
print(
    f"the model says {explanation.winner} ({worst.confidence[0]:.0%}), then {explanation.runner_up}"
)
print(contributions.head(3).round(2).to_string(index=False))
print(contributions.tail(3).round(2).to_string(index=False))
print(f"sum over all units and biases:     {total:.3f}")
print(f"difference between the two logits: {attribution.difference:.3f}")

assert np.isclose(total, attribution.difference, atol=1e-3)
assert int(explanation.winner) == worst.predicted[0] != worst.label[0]

explanation.plot()

# %% [markdown]
# ### Exercise 10: how far can a fully connected network go?
#
# The last rows of the table at the beginning were trained on distorted digits as well: a digit that is changed a little
# is a new digit. Train a new `ct.mlp((512, 512))` on the first 6,000 training digits for 20 epochs, and then again with
# changed digits: `augment="shift=0.05"`, `"elastic=0.03"`, and
# `"shift=0.05, rotation=11, scale=0.15, shear=0.15, elastic=0.03"`. Compare them with `virtual_adversarial=2.0`, which knows
# nothing of images: predictions must hardly change near a digit. Before you run it: which helps most, and why?
#
# *Hint: `ct.Dataset.from_arrays(x, y, x_test=..., y_test=..., scale=data.scale)`, and `run.test["accuracy"]`. On all
# digits, `cutaway train mnist --recipe best-images` does this with a larger model.*

# %% tags=["exercise"]
# your code here

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
# - `run.report("report.html")` puts all of this on one page that works offline.
# - [Watch it learn](02_watch_it_learn.ipynb): one layer over the epochs, and what such plots cannot tell you.
# - [Your own model](03_your_own_model.ipynb): your data, your Keras model, your `fit`.
