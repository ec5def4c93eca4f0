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
# We build a small neural network by hand, teach it to read digits, and then cut it open: what does a hidden layer
# make of a picture?
#
# You need no more than a little Python. Run the cells from top to bottom; on a laptop the whole lesson takes a few
# minutes, and it needs no network. Nine exercises stand on the way. Each has a solution, folded away below it: try
# first, then unfold.

# %% [markdown]
# The first cell makes every run the same: Keras on JAX, and one seed for everything that is random.

# %%
import os

os.environ["KERAS_BACKEND"] = "jax"  # has to be said before Keras is imported

import tempfile

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import layers

import cutaway as ct

# %matplotlib inline

SEED = 0
keras.utils.clear_session()
keras.utils.set_random_seed(SEED)

# %% [markdown]
# ## The problem and the data
#
# **Given a picture of a handwritten digit, say which digit it is.** The data is MNIST: 60,000 pictures to learn from
# and 10,000 to be tested on. They come with `cutaway`, so nothing is downloaded.

# %%
data = ct.load_dataset("mnist")
X_train, y_train = data.sources["train"].x, data.sources["train"].y
X_test, y_test = data.sources["test"].x, data.sources["test"].y

print("pictures to learn from", X_train.shape, X_train.dtype)
print("pictures to test on   ", X_test.shape, X_test.dtype)
print("their digits          ", y_train.shape, y_train[:10])

# %% [markdown]
# A picture is a grid of 28 rows and 28 columns. Each number says how much ink there is, from 0 (none) to 255.


# %%
def show_digits(pictures, titles, rows=2):
    """Draw pictures in a grid, each under its title."""
    columns = -(-len(pictures) // rows)
    _, axes = plt.subplots(
        rows, columns, figsize=(1.1 * columns, 1.35 * rows), layout="constrained"
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, picture, title in zip(axes.flat, pictures, titles, strict=False):
        axis.imshow(picture, cmap="gray_r")
        axis.set_title(title, fontsize=10)
    plt.show()


show_digits(X_train[:20], y_train[:20])

# %% [markdown]
# ### Where they come from
#
# The digits were written in the United States, and collected by the National Institute of Standards and Technology
# (NIST) twice: among employees of the Census Bureau (its Special Database 3) and among high-school students (Special
# Database 1), whose digits are harder to read. A training set of the one and a test set of the other would not have been
# fair, so Yann LeCun, Corinna Cortes and Christopher Burges mixed them anew: half of each part comes from either source,
# and nobody who wrote for the training set wrote for the test set.
#
# Each digit was shrunk to fit into 20 by 20 pixels, which made the grays, and laid into 28 by 28 so that the center of
# its ink is the center of the picture.
#
# *Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", yann.lecun.com/exdb/mnist.*

# %% [markdown]
# ### How well can a fully connected network do it?
#
# Published results, in wrong answers among 100 test digits. "784-300-10" is a model with 784 inputs, 300 hidden units
# and 10 outputs.
#
# | Model | Error, % | By |
# |---|---|---|
# | 784-10, no hidden layer | 12.0 | LeCun et al. 1998 |
# | 784-300-10, squared error | 4.7 | LeCun et al. 1998 |
# | 784-300-100-10 | 3.05 | LeCun et al. 1998 |
# | 784-500-150-10 | 2.95 | LeCun et al. 1998 |
# | 784-800-10, cross-entropy | 1.6 | Simard et al. 2003 |
# | 784-500-300-10, softmax, cross-entropy, weight decay | 1.53 | Hinton 2005, unpublished |
# | 784-1024-1024-1024-10, ReLU and dropout | 1.25 | Srivastava et al. 2014 |
# | 784-8192-8192-10, ReLU, dropout and a limit on the weights | 0.95 | Srivastava et al. 2014 |
# | 784-800-10, trained on warped digits too | 0.7 | Simard et al. 2003 |
# | 784-2500-2000-1500-1000-500-10, trained on warped digits too | 0.35 | Cireşan et al. 2010 |
#
# *Sources: the table at yann.lecun.com/exdb/mnist, which names LeCun, Bottou, Bengio and Haffner 1998; Simard,
# Steinkraus and Platt 2003; Hinton 2005; Cireşan, Meier, Gambardella and Schmidhuber 2010. The two rows with dropout:
# Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout", JMLR 15, 2014.*
#
# Our model will be 784-512-512-10. After two rounds it will still be wrong about one digit in nine, and that is fine: a
# model that makes mistakes has something to show.

# %% [markdown]
# ### Exercise 1: count the digits
#
# How many pictures are there of each digit, in training and in test? Are all ten equally frequent?
#
# *Hint: `np.bincount`.*

# %% tags=["exercise"]
# your code here

# %% tags=["solution", "hide-input"] jupyter={"source_hidden": true, "outputs_hidden": true}
counts = pd.DataFrame({"train": np.bincount(y_train), "test": np.bincount(y_test)})
counts.index.name = "digit"
print(counts)
assert counts["train"].sum() == 60_000 and counts["test"].sum() == 10_000
assert (
    counts["train"].idxmax() == 1 and counts["train"].idxmin() == 5
)  # ones are the most, fives the fewest

# %% [markdown]
# ## ReLU and softplus
#
# A fully connected layer takes the output $h_{i-1}$ of the layer before, multiplies it with a matrix of weights, adds
# a bias and bends the result:
#
# $$h_i = \sigma(W_i\,h_{i-1} + b_i)$$
#
# Without the bend $\sigma$, two layers would be no more than one: a matrix times a matrix is a matrix.

# %% [markdown]
# The bend we use is the **rectifier**, ReLU: $\max(0, x)$. What is negative becomes 0, the rest stays.
# **Softplus**, $\ln(1 + e^x)$, is the same without the corner, and its slope is the **logistic function**
# $1 / (1 + e^{-x})$.
#
# *Sources: Glorot, Bordes and Bengio 2011, "Deep sparse rectifier neural networks"; Dugas et al. 2001 for softplus.*

# %%
x = np.linspace(-6, 6, 601)
relu, softplus, logistic = np.maximum(0, x), np.log1p(np.exp(x)), 1 / (1 + np.exp(-x))

plt.figure(figsize=(6, 3.6), layout="constrained")
plt.plot(x, relu, color="#3f90da", label="ReLU: max(0, x)")
plt.plot(x, softplus, color="#e76300", label="softplus: ln(1 + exp x)")
plt.plot(x, logistic, color="#832db6", linestyle="--", label="logistic: the slope of softplus")
plt.title("ReLU and its smooth sister")
plt.xlabel("x, what comes into the unit")
plt.ylabel("what goes out")
plt.legend()
plt.show()

# %% [markdown]
# Softplus is never below ReLU, and never more than ln 2 above it. And the logistic function really is its slope:

# %%
slope = np.gradient(softplus, x)
assert np.all(softplus >= relu) and np.max(softplus - relu) <= np.log(2) + 1e-12
assert np.allclose(slope[1:-1], logistic[1:-1], atol=1e-4)

# %% [markdown]
# ## The model by hand
#
# Keras has two ways to say what a model is. `Sequential` is a list of layers, each fed by the one before.
#
# The last layer has ten units, one for each digit, and **softmax** turns their values into probabilities: all positive,
# and 1 in sum.


# %%
def make_net():
    """784-512-512-10, as a list of layers."""
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


model = make_net()
model.count_params()

# %% [markdown]
# The other way is a **graph**: each layer is called like a function on what comes into it. Branches and joins can be
# said only in this way. (Keras calls it the functional API; the lesson of 2017 called it the `Graph` model.)

# %%
inputs = keras.Input((784,))
hidden = layers.Dense(512, activation="relu")(inputs)
hidden = layers.Dense(512, activation="relu")(hidden)
outputs = layers.Dense(10, activation="softmax")(hidden)
graph = keras.Model(inputs, outputs)
graph.count_params()

# %% [markdown]
# They are the same model. Give both the same weights, and they say the same:

# %%
graph.set_weights(model.get_weights())
noise = np.random.default_rng(SEED).random((5, 784), dtype=np.float32)
np.allclose(model.predict(noise, verbose=0), graph.predict(noise, verbose=0))

# %% tags=["check"]
assert model.count_params() == graph.count_params() == 669_706
assert np.allclose(model.predict(noise, verbose=0), graph.predict(noise, verbose=0))
assert np.allclose(model.predict(noise, verbose=0).sum(axis=1), 1)  # ten probabilities make 1

# %% [markdown]
# ### Exercise 2: build a model
#
# Build the 784-300-100-10 model of the table, once in each way. Work out by hand how many numbers it has to learn, and
# let Keras confirm it.
#
# *Hint: a layer from `a` units to `b` units has `a * b` weights and `b` biases.*

# %% tags=["exercise"]
# your code here

# %% tags=["solution", "hide-input"] jupyter={"source_hidden": true, "outputs_hidden": true}
small = keras.Sequential(
    [
        keras.Input((784,)),
        layers.Dense(300, activation="relu"),
        layers.Dense(100, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
entry = keras.Input((784,))
middle = layers.Dense(100, activation="relu")(layers.Dense(300, activation="relu")(entry))
small_graph = keras.Model(entry, layers.Dense(10, activation="softmax")(middle))

by_hand = (784 * 300 + 300) + (300 * 100 + 100) + (100 * 10 + 10)
print(by_hand, small.count_params(), small_graph.count_params())
assert by_hand == small.count_params() == small_graph.count_params() == 266_610

# %% [markdown]
# ### Compile: how wrong, and how to get better
#
# To learn, a model needs a **loss**, one number that says how wrong it is, and an **optimizer** that turns the weights a
# little so that this number falls. Our optimizer is SGD, stochastic gradient descent: look at 128 pictures, take a step
# downhill, look at the next 128.
#
# The loss is **categorical cross-entropy**: minus the logarithm of the probability that the model gave to the right
# digit. 0 if it was sure and right; large if it was sure and wrong.

# %%
model.compile(
    loss="categorical_crossentropy",
    optimizer=keras.optimizers.SGD(learning_rate=0.01),
    metrics=["accuracy"],
)

# %% [markdown]
# ### Prepare the data
#
# The model wants rows of 784 numbers, not grids, and learns best from small ones: we **reshape**, and **scale** to 0..1.

# %%
X_train = X_train.reshape(60_000, 784).astype("float32") / 255
X_test = X_test.reshape(10_000, 784).astype("float32") / 255
X_train.shape, X_train.min(), X_train.max()

# %% [markdown]
# What is right is told **one-hot**: ten numbers, all 0 but a 1 at the place of the digit. `to_categorical` makes them.

# %%
Y_train = keras.utils.to_categorical(y_train, 10)
Y_test = keras.utils.to_categorical(y_test, 10)
print("digit ", y_train[0])
print("places", np.arange(10))
print("target", Y_train[0].astype(int))

# %% [markdown]
# And we **split**: a quarter of the training pictures is put aside. From these 15,000 the model never learns; they tell
# us how it does on digits it has not seen. (The test set stays locked away until the end. Who looks at it while
# deciding things has no test any more.)

# %%
from sklearn.model_selection import train_test_split

rows_train, rows_val = train_test_split(
    np.arange(60_000), test_size=0.25, random_state=SEED, stratify=y_train
)
X_train, X_val = X_train[rows_train], X_train[rows_val]
Y_train, Y_val = Y_train[rows_train], Y_train[rows_val]
y_train, y_val = y_train[rows_train], y_train[rows_val]
X_train.shape, X_val.shape

# %%
show_digits(
    [X_train[0].reshape(28, 28), X_val[0].reshape(28, 28)], ["learned", "put aside"], rows=1
)

# %% tags=["check"]
assert X_train.shape == (45_000, 784) and X_val.shape == (15_000, 784)
assert not set(rows_train) & set(rows_val)  # no picture is in both
assert np.array_equal(Y_train.argmax(axis=1), y_train)

# %% [markdown]
# ## Training
#
# `fit` goes through the training pictures in packs of 128; once through all of them is an **epoch**. It returns a
# `History`: loss and accuracy after each epoch, on what it learned from and on what it did not (`val_`).

# %%
history = model.fit(
    X_train, Y_train, batch_size=128, epochs=2, validation_data=(X_val, Y_val), verbose=0
)


def table(history):
    """A History as a table, a row for each epoch."""
    frame = pd.DataFrame(history.history).round(4)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="epoch")
    return frame


table(history)

# %% [markdown]
# **About 88 % of the digits it has never seen are right, after two epochs.** Guessing would give 10 %.

# %% tags=["check"]
assert 0.87 <= history.history["val_accuracy"][-1] <= 0.90

# %% [markdown]
# ### Why not binary cross-entropy?
#
# *Binary* cross-entropy asks ten separate questions, "is it a 0, yes or no?", "is it a 1?" and so on, and takes the
# mean of the ten answers. It runs. Let us see what comes out.

# %%
keras.utils.set_random_seed(SEED)
binary = make_net()
binary.compile(
    loss="binary_crossentropy",
    optimizer=keras.optimizers.SGD(learning_rate=0.01),
    metrics=["binary_accuracy", "categorical_accuracy"],
)
before = binary.evaluate(X_val, Y_val, verbose=0, return_dict=True)
binary_history = binary.fit(
    X_train, Y_train, batch_size=128, epochs=2, validation_data=(X_val, Y_val), verbose=0
)
after = binary.evaluate(X_val, Y_val, verbose=0, return_dict=True)
pd.DataFrame({"untrained": before, "after 2 epochs": after}).round(3)

# %% [markdown]
# Two things are wrong with it.
#
# - **It flatters.** Nine of ten answers should be "no", and a model that says "no" to everything is right about nine in
#   ten. So *binary accuracy* is about 90 % before anything is learned. The share of digits that are read correctly,
#   *categorical accuracy*, is what we want to know.
# - **It teaches slowly here.** The ten questions share one mean, so each step is about a tenth as long; and softmax
#   probabilities depend on each other, while the ten questions do not. After the same two epochs it is far behind.
#
# A digit is exactly one of ten things: that is what categorical cross-entropy says. Binary is right where several
# answers can be true at once ("there is a cat", "there is a dog").

# %% tags=["check"]
assert before["binary_accuracy"] > 0.85 and before["categorical_accuracy"] < 0.25
assert after["categorical_accuracy"] < history.history["val_accuracy"][-1] - 0.05

# %% [markdown]
# ### The curves
#
# Training is easier to read as a picture.


# %%
def plot_history(history, title):
    """Loss and accuracy by epoch, training against validation."""
    epochs = np.arange(1, len(history.history["loss"]) + 1)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    figure.suptitle(title)
    for axis, name in zip(axes, ["loss", "accuracy"], strict=True):
        axis.plot(
            epochs, history.history[name], "o-", markersize=4, color="#3f90da", label="training"
        )
        axis.plot(
            epochs,
            history.history["val_" + name],
            "o-",
            markersize=4,
            color="#e76300",
            label="validation",
        )
        axis.set_xlabel("epoch")
        axis.set_ylabel(name)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend()
    plt.show()


plot_history(history, "Two epochs")

# %% [markdown]
# Why is validation ahead of training? The numbers of training are means over the epoch, while the model was still getting
# better; validation is measured at its end.

# %% [markdown]
# ### More epochs
#
# `fit` goes on from where the model is. Two epochs more:

# %%
more = model.fit(
    X_train, Y_train, batch_size=128, epochs=2, validation_data=(X_val, Y_val), verbose=0
)
table(more)

# %% tags=["check"]
assert more.history["val_accuracy"][-1] > history.history["val_accuracy"][-1]
assert more.history["val_loss"][-1] < history.history["val_loss"][-1]

# %% [markdown]
# ### Exercise 3: raise the epochs
#
# Give it four epochs more, and draw the curve of all eight. Is each epoch worth as much as the one before?

# %% tags=["exercise"]
# your code here

# %% tags=["solution", "hide-input"] jupyter={"source_hidden": true, "outputs_hidden": true}
four = model.fit(
    X_train, Y_train, batch_size=128, epochs=4, validation_data=(X_val, Y_val), verbose=0
)
val_accuracy = (
    history.history["val_accuracy"]
    + more.history["val_accuracy"]
    + four.history["val_accuracy"]
)
gains = np.diff(val_accuracy)

plt.figure(figsize=(5, 3.2), layout="constrained")
plt.plot(np.arange(1, 9), val_accuracy, "o-", color="#e76300")
plt.title("Each epoch brings less than the one before")
plt.xlabel("epoch")
plt.ylabel("validation accuracy")
plt.show()
assert val_accuracy[-1] > 0.91
assert gains[0] > 3 * gains[-1]  # the first steps are the big ones

# %% [markdown]
# ## Dropout
#
# A **dropout** layer sets a random share of what comes in to 0, anew for each picture and each step. No unit can rely
# on a particular other one, so the model learns several reasons for each answer.
#
# It is on in training only. See for yourself: ten ones go in, half is dropped, and what is left is doubled, so that the
# sum stays about the same.

# %%
dropout = layers.Dropout(0.5, seed=SEED)
ones = np.ones((1, 10), dtype="float32")
print("training  ", np.asarray(dropout(ones, training=True))[0])
print("prediction", np.asarray(dropout(ones, training=False))[0])

# %% [markdown]
# Now our model, with a fifth dropped behind each hidden layer:

# %%
keras.utils.set_random_seed(SEED)
model = keras.Sequential(
    [
        keras.Input((784,)),
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
    X_train, Y_train, batch_size=128, epochs=4, validation_data=(X_val, Y_val), verbose=0
)
plot_history(dropout_history, "With dropout")

# %% [markdown]
# The model as a whole obeys as well. `predict` gives the same answer every time; called with `training=True` it does not.

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
assert 0.89 <= dropout_history.history["val_accuracy"][-1] <= 0.92

# %% [markdown]
# ### Exercise 4: add dropout
#
# Put `Dropout(0.2)` behind both hidden layers of your 784-300-100-10 model and train it for four epochs. Which is higher
# after each epoch, the accuracy on training pictures or the one on validation pictures? How can that be?

# %% tags=["exercise"]
# your code here

# %% tags=["solution", "hide-input"] jupyter={"source_hidden": true, "outputs_hidden": true}
keras.utils.set_random_seed(0)
thinned = keras.Sequential(
    [
        keras.Input((784,)),
        layers.Dense(300, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(100, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ]
)
thinned.compile(
    loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.01), metrics=["accuracy"]
)
thinned_history = thinned.fit(
    X_train, Y_train, batch_size=128, epochs=4, validation_data=(X_val, Y_val), verbose=0
)
fair = thinned.evaluate(X_train, Y_train, verbose=0, return_dict=True)["accuracy"]
print("during the last epoch, with dropout", round(thinned_history.history["accuracy"][-1], 3))
print("the same pictures, without dropout ", round(fair, 3))
print(
    "validation pictures                ", round(thinned_history.history["val_accuracy"][-1], 3)
)

# Training accuracy is measured on the way, with units dropped; validation without. Measured alike they agree.
assert all(
    np.array(thinned_history.history["val_accuracy"])
    > np.array(thinned_history.history["accuracy"])
)
assert abs(fair - thinned_history.history["val_accuracy"][-1]) < 0.02

# %% [markdown]
# ## Overfitting, seen and stopped
#
# A model with 669,706 weights can learn a few pictures by heart. We give it only 2,000, a larger step with momentum, and
# a lot of time.

# %%
keras.utils.set_random_seed(SEED)
few = make_net()
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
plot_history(few_history, "20 epochs on 2,000 pictures")

# %% [markdown]
# Look at the loss. On the 2,000 it goes to nothing: they are learned by heart. On the digits put aside it falls, turns,
# and **rises**. The model is not reading better any more, only getting surer of itself, also where it is wrong.

# %% tags=["check"]
val_loss = few_history.history["val_loss"]
turn = int(np.argmin(val_loss)) + 1
assert few_history.history["accuracy"][-1] > 0.999  # by heart
assert turn < 12 and val_loss[-1] > 1.05 * min(val_loss)  # the best epoch is long past

# %% [markdown]
# So stop in time. `EarlyStopping` watches the validation loss, waits `patience` epochs for it to fall again, and brings
# back the weights of the best epoch.
#
# It watches **validation** data, not the test set. A model that was stopped at the epoch which is best on the test set
# has been fitted to the test set, by hand, and its test result is no longer honest.

# %%
keras.utils.set_random_seed(SEED)
few = make_net()
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
# Back to our model with dropout. `summary` lists its layers, the shape of what each gives out, and how many weights it
# has. (`None` stands for "as many pictures as you like".)

# %%
model.summary()

# %% [markdown]
# `model.layers` is a list like any other. Each layer has a name and a configuration, from which it can be built again.

# %%
for layer in model.layers:
    config = layer.get_config()
    shown = {
        key: config[key] for key in ("units", "activation", "rate", "use_bias") if key in config
    }
    print(f"{layer.name:10} {type(layer).__name__:8} trainable={layer.trainable}  {shown}")

# %% [markdown]
# What goes into the model and what comes out are **symbolic tensors**: shapes and names without numbers, that layers have
# been called on.

# %%
print("into the model:  ", model.inputs[0].shape, model.inputs[0].dtype)
print("out of dense_2:", model.get_layer("dense_2").output.shape)
print("out of the model:", model.outputs[0].shape)

# %% tags=["check"]
assert [layer.name for layer in model.layers] == [
    "dense_1",
    "dropout_1",
    "dense_2",
    "dropout_2",
    "output",
]
assert [layer.count_params() for layer in model.layers] == [401_920, 0, 262_656, 0, 5_130]
assert model.inputs[0].shape == (None, 784) and model.outputs[0].shape == (None, 10)

# %% [markdown]
# ## What a hidden layer makes of a picture
#
# The output says "a 7". What does the layer before it say? One way to find out is a **truncated** model: the same layers
# up to the one we want to read, with the same weights copied in.

# %%
truncated = keras.Sequential(
    [
        keras.Input((784,)),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(512, activation="relu"),
    ]
)
for ours, theirs in zip(
    truncated.layers, model.layers, strict=False
):  # the last two layers have no partner
    ours.set_weights(theirs.get_weights())

# %% [markdown]
# Trust, but check: are they equal?

# %%
pairs = zip(truncated.get_weights(), model.get_weights(), strict=False)
[bool(np.all(ours == theirs)) for ours, theirs in pairs]

# %%
hidden_features = truncated.predict(X_train, verbose=0)
hidden_features.shape

# %% tags=["check"]
assert len(truncated.get_weights()) == 4
assert all(
    np.array_equal(a, b)
    for a, b in zip(truncated.get_weights(), model.get_weights(), strict=False)
)
assert hidden_features.shape == (45_000, 512) and hidden_features.min() == 0

# %% [markdown]
# ### The other way
#
# Nothing needs to be copied. A model can be made from any two tensors of the graph: in at the input, out at the layer.
# (In 2017 this was done with `K.function` and a learning phase; both are gone.)

# %%
reader = keras.Model(model.inputs, model.get_layer("dense_2").output)
np.allclose(reader.predict(X_train[:1000], verbose=0), hidden_features[:1000], atol=1e-5)

# %% tags=["check"]
assert np.allclose(reader.predict(X_train[:1000], verbose=0), hidden_features[:1000], atol=1e-5)

# %% [markdown]
# ## From 512 numbers to a point in the plane
#
# Each picture has become 512 numbers, a point in a space of 512 dimensions. **t-SNE** lays these points out in the
# plane so that neighbors stay neighbors.
#
# *Source: van der Maaten and Hinton 2008, "Visualizing data using t-SNE", JMLR 9.*
#
# `cutaway` has an engine of its own for it. First 1,000 points, as many as one could wait for in 2017:

# %%
from cutaway.embedding import embed

first = embed(hidden_features[:1000], labels=y_train[:1000])
first.xy.shape

# %% [markdown]
# Then all 45,000. It takes some seconds.

# %%
layout = embed(hidden_features, labels=y_train)
layout.xy.shape

# %% [markdown]
# ### In ten colors
#
# The layout has never seen which digit is which. The colors come afterwards, from the labels.

# %%
from cutaway.plots import CLASS_COLORS


def scatter(axis, xy, digits, size):
    """Points in the colors of their digits; their order decides which one lies on top, no digit covers another."""
    axis.scatter(
        *xy.T, s=size, c=np.array(CLASS_COLORS)[digits].tolist(), alpha=0.6, linewidths=0
    )
    axis.set_aspect("equal")
    axis.set_xticks([])
    axis.set_yticks([])


figure, axes = plt.subplots(1, 2, figsize=(12, 6), layout="constrained")
scatter(axes[0], first.xy, y_train[:1000], 14)
axes[0].set_title("1,000 digits")
scatter(axes[1], layout.xy, y_train, 2)
axes[1].set_title("45,000 digits")
handles = [
    plt.Line2D([], [], color=CLASS_COLORS[d], marker="o", linestyle="", label=str(d))
    for d in range(10)
]
figure.legend(handles=handles, loc="outside right upper", title="digit")
figure.suptitle("dense_2 after 4 epochs, as t-SNE lays it out")
plt.show()

# %% [markdown]
# The model was never told to sort digits into heaps in its second hidden layer; it did so because that makes the last
# layer's work easy.
#
# How far can such a picture be trusted? The layout carries measures. *Neighbors kept*: of the 15 nearest in the layer,
# how many are among the 15 nearest in the plane. *Accuracy*: how many digits have the same label as most of their
# neighbors, in the layer and in the plane.

# %%
measured = {"1,000 points": first.quality.__dict__, "45,000 points": layout.quality.__dict__}
pd.DataFrame(measured).loc[["neighbors_preserved", "accuracy_layer", "accuracy_plane"]].round(3)

# %% tags=["check"]
assert first.xy.shape == (1000, 2) and layout.xy.shape == (45_000, 2)
assert first.quality.neighbors_preserved > 0.5 and layout.quality.neighbors_preserved > 0.3
assert layout.quality.trustworthiness > 0.98 and layout.quality.accuracy_plane > 0.93

# %% [markdown]
# ### An interactive chart
#
# Bokeh draws in the browser: zoom with the wheel, click a digit in the legend to hide it. `INLINE` takes Bokeh's script
# from the installed package, so this works offline too.

# %%
from bokeh.plotting import figure as bokeh_figure
from bokeh.plotting import output_notebook, show
from bokeh.resources import INLINE

output_notebook(INLINE, hide_banner=True)

# %%
chart = bokeh_figure(
    width=700,
    height=600,
    output_backend="webgl",
    match_aspect=True,
    active_scroll="wheel_zoom",
    title="dense_2, 45,000 digits",
)
for digit in range(10):
    points = layout.xy[y_train == digit]
    chart.scatter(
        points[:, 0],
        points[:, 1],
        size=3,
        alpha=0.5,
        color=CLASS_COLORS[digit],
        legend_label=str(digit),
    )
chart.axis.visible = False
chart.grid.visible = False
chart.legend.click_policy = "hide"
show(chart)

# %% [markdown]
# ### Exercise 5: another way to lay it out
#
# t-SNE is one method among many. Take the first 1,000 hidden features and lay them out with **MDS** (which tries to
# keep all distances) or **Isomap** (distances along the neighbors) of scikit-learn. Draw them beside t-SNE. Which one
# keeps more neighbors?
#
# *Hint: `sklearn.manifold`, and `cutaway.embedding.measure_quality(features, xy, seed=0)`.*

# %% tags=["exercise"]
# your code here

# %% tags=["solution", "hide-input"] jupyter={"source_hidden": true, "outputs_hidden": true}
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
kept = {
    name: measure_quality(features, xy, seed=0).neighbors_preserved
    for name, xy in layouts.items()
}

fig, panels = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
for panel, (name, xy) in zip(panels, layouts.items(), strict=True):
    panel.scatter(*xy.T, s=8, c=np.array(CLASS_COLORS)[digits].tolist(), linewidths=0)
    panel.set_title(f"{name}: {kept[name]:.0%} of neighbors kept")
    panel.set_xticks([])
    panel.set_yticks([])
plt.show()
assert kept["t-SNE"] > 1.5 * max(kept["MDS"], kept["Isomap"])

# %% [markdown]
# ### Exercise 6: the first layer against the last
#
# Lay out 2,000 digits as `dense_1` sees them and as the `output` sees them. What is different? Put a number to it: how
# many directions does each layer really use?
#
# *Hint: a model that ends at the layer; the singular values of the centered features.*

# %% tags=["exercise"]
# your code here

# %% tags=["solution", "hide-input"] jupyter={"source_hidden": true, "outputs_hidden": true}
views, directions = {}, {}
for name in ("dense_1", "output"):
    seen = keras.Model(model.inputs, model.get_layer(name).output).predict(
        X_val[:2000], verbose=0
    )
    variance = np.linalg.svd(seen - seen.mean(axis=0), compute_uv=False) ** 2
    directions[name] = int(np.searchsorted(np.cumsum(variance) / variance.sum(), 0.9)) + 1
    views[name] = embed(seen, labels=y_val[:2000])

fig, panels = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
for panel, (name, view) in zip(panels, views.items(), strict=True):
    panel.scatter(
        *view.xy.T, s=8, c=np.array(CLASS_COLORS)[y_val[:2000]].tolist(), linewidths=0
    )
    panel.set_title(f"{name}: {directions[name]} directions hold 90 % of the variance")
    panel.set_xticks([])
    panel.set_yticks([])
plt.show()

# The first layer still describes the writing, in many directions; the output knows ten answers and has thrown away
# the rest.
assert directions["dense_1"] > 2 * directions["output"] and directions["output"] < 10

# %% [markdown]
# ## The same with cutaway
#
# Everything so far, in ten lines. It trains with the same settings, from the same split, and keeps the weights after
# every epoch in a run folder. (Leave out `progress=False` to watch it work.)

# %%
folder = tempfile.TemporaryDirectory()  # say runs="runs" to keep it
model = ct.mlp(hidden=(512, 512), dropout=0.2)
run = ct.train(
    model, data, recipe="lesson-dropout", seed=SEED, runs=folder.name, progress=False
)
run.history.plot()

# %%
np.array_equal(
    np.sort(rows_train), run.split.train.index
)  # the very digits that we learned from

# %% [markdown]
# ### All points
#
# Training, validation and test digits, all 70,000:

# %% tags=["once"]
everything = run.embed("dense_2", split="all", progress=False)
everything.plot()

# %% tags=["once", "check"]
assert everything.xy.shape == (70_000, 2) and everything.quality.neighbors_preserved > 0.3

# %% [markdown]
# `run.embed("dense_2", split="test").bokeh()` is the interactive chart, and shows the picture of the digit under the
# mouse.

# %% [markdown]
# ### Every layer, after every epoch
#
# What does a layer know? A **probe** answers: a plain linear classifier that learns the digit from the layer's output
# alone. Epoch 0 is the model before it has learned anything.

# %%
knows = run.layer_history(split="val", samples=2000, progress=False).to_pandas()
knows.pivot(index="epoch", columns="layer", values="probe_accuracy").round(3)

# %% [markdown]
# Surprised by the first row? Hidden layers with *random* weights already hold what is needed to tell most digits apart:
# they only mix the pixels, and a probe can unmix them. The output cannot be read yet. What training does is bring what
# is there into a form that the next layer can use.

# %% tags=["check"]
probe = knows.pivot(index="epoch", columns="layer", values="probe_accuracy")
assert probe.loc[0, "dense_1"] > 0.75 > 0.65 > probe.loc[0, "output"]
assert probe.loc[4, "output"] > 0.85

# %% [markdown]
# ### What each unit looks for
#
# A unit of the first layer has a weight for each pixel: what excites it is red, what speaks against it blue. They began
# as noise, and after four epochs most of the noise is still there (first row). What training has **added** shows a shape
# (second row). Below are the six digits that excite the unit most.
#
# We look at the six units without which the model would lose most.

# %%
units = run.units("dense_1", split="val", progress=False)
important = units.order("removal")[:6]
born = run.model(epoch=0).get_layer("dense_1").get_weights()[0].T.reshape(-1, 28, 28)

figure, axes = plt.subplots(8, 6, figsize=(7.2, 9.8), layout="constrained")
for column, unit in zip(axes.T, important, strict=True):
    weights = units.pictures[unit]
    for axis, picture in zip(column[:2], (weights, weights - born[unit]), strict=True):
        strongest = np.abs(picture).max()
        axis.imshow(picture, cmap="RdBu_r", vmin=-strongest, vmax=strongest)
    top_activating = data.x(units.ids.take(units.measures.top[unit][:6]))
    for axis, picture in zip(column[2:], top_activating, strict=True):
        axis.imshow(picture, cmap="gray_r")
    column[0].set_title(f"unit {unit}", fontsize=10)
    for axis in column:
        axis.set_xticks([])
        axis.set_yticks([])
        axis.spines[:].set_visible(False)
axes[0, 0].set_ylabel("weights")
axes[1, 0].set_ylabel("learned")
axes[2, 0].set_ylabel("excited by")
figure.suptitle("What six units of dense_1 look for, and what they find")
plt.show()

# %%
units.to_pandas("removal").head(6)[
    ["unit", "favorite", "selectivity", "firing", "removal", "hurts"]
].round(4)

# %% [markdown]
# No single unit is worth much: without the most important one, the model loses less than one answer in a hundred. That is
# what dropout was for.

# %% tags=["check"]
assert len(units) == 512 and units.pictures.shape == (512, 28, 28)
assert units.to_pandas("removal")["removal"].max() < 0.01

# %% [markdown]
# And now, at last, the test. Once.

# %%
print("test accuracy:", round(run.test["accuracy"], 3))

# %% [markdown]
# Does it matter which half of the test set one takes? The page of MNIST says that the first 5,000 test digits are the
# cleaner and easier ones. We can look:

# %%
right = run.predictions(split="test").argmax(axis=1) == run.labels(split="test")
print(
    "first 5,000:",
    round(right[:5000].mean(), 3),
    "  last 5,000:",
    round(right[5000:].mean(), 3),
)

# %% [markdown]
# For our model it is the other way round, and by a lot. Measure what you read, also what you read here.

# %% tags=["check"]
assert 0.89 <= run.test["accuracy"] <= 0.92
assert right[5000:].mean() > right[:5000].mean() + 0.02

# %% [markdown]
# ### Exercise 7: find the dead units
#
# A ReLU unit that is 0 for every picture is **dead**: no gradient reaches it, so it can never come back. Train the model
# for one epoch with a learning rate of 1.0, a hundred times ours. How many units of `dense_1` are dead? Count them by
# hand, then ask `run.units`.
#
# *Hint: `run.activations(layer, split="all")` gives a row for each of the 70,000 digits.*

# %% tags=["exercise"]
# your code here

# %% tags=["solution", "hide-input"] jupyter={"source_hidden": true, "outputs_hidden": true}
rash = ct.train(
    ct.mlp((512, 512)),
    data,
    recipe="lesson",
    learning_rate=1.0,
    epochs=1,
    seed=0,
    runs=folder.name,
    progress=False,
)
activations = rash.activations("dense_1", split="all")
dead_by_hand = np.flatnonzero((activations == 0).all(axis=0))
dead = np.flatnonzero(rash.units("dense_1", progress=False).constant)
calm = int(run.units("dense_1", progress=False).constant.sum())
print(f"learning rate 1.0: {len(dead)} of 512 units are dead; learning rate 0.01: {calm}")
print(
    f"and yet {rash.test['accuracy']:.0%} of the test digits are right: the others do the work"
)
assert np.array_equal(dead, dead_by_hand)
assert len(dead) >= 20 and calm == 0

# %% [markdown]
# ### Exercise 8: which layer knows the digit, and since when?
#
# From the table of `layer_history`: for each layer, after which epoch do the 15 nearest neighbors vote for the right
# digit in at least 75 % of cases (`knn_accuracy`)? And which layer separates the digits best in the end (`separation`)?

# %% tags=["exercise"]
# your code here

# %% tags=["solution", "hide-input"] jupyter={"source_hidden": true, "outputs_hidden": true}
story = run.layer_history(split="val", samples=2000, progress=False).to_pandas()
votes = story.pivot(index="epoch", columns="layer", values="knn_accuracy")
since = {layer: int(votes.index[votes[layer] >= 0.75][0]) for layer in votes.columns}
last = story[story["epoch"] == story["epoch"].max()].set_index("layer")["separation"]
print("knows since epoch:", since)
print("separates best in the end:", last.idxmax())

# The hidden layers "know" before any training: neighbors among pixels survive random weights. The output has to
# learn it.
assert since["dense_1"] == since["dense_2"] == 0 and since["output"] >= 1
assert last["dense_1"] < last["dense_2"] < last["output"]

# %% [markdown]
# ### Exercise 9: explain one mistake, unit by unit
#
# Take the mistake that the model was surest of. Which units of `dense_2` argued for the wrong answer, which against it,
# and which pixels? Do their arguments add up?
#
# *Hint: `run.mistakes`, then `run.trace` with the name of the sample, such as "test[7]". A model of ReLUs is linear
# around a picture, so each unit's share in the difference between two answers is exact.*

# %% tags=["exercise"]
# your code here

# %% tags=["solution", "hide-input"] jupyter={"source_hidden": true, "outputs_hidden": true}
worst = run.mistakes(1, split="test")
position = int(worst.position[0])
name = run.split.test[position]
explain = run.explain(name)
parts = explain.to_pandas("dense_2")
total = explain.explain.total("dense_2")
print(
    f"{name} shows {worst.label[0]}; the model says {explain.winner} with {worst.confidence[0]:.0%}, then {explain.runner_up}"
)
print(parts.head(3).round(2).to_string(index=False))
print(parts.tail(3).round(2).to_string(index=False))
print(
    f"all units and biases together: {total:.3f}; difference of the two logits: {explain.explain.difference:.3f}"
)

fig, panels = plt.subplots(1, 2, figsize=(7, 3.6), layout="constrained")
panels[0].imshow(run.data.x(run.split.test.take([position]))[0], cmap="gray_r")
panels[0].set_title(f"{worst.label[0]}, read as {explain.winner}")
limit = np.abs(explain.explain.pixels).max()
panels[1].imshow(explain.explain.pixels, cmap="RdBu_r", vmin=-limit, vmax=limit)
panels[1].set_title(f"red: for {explain.winner}, blue: for {explain.runner_up}")
for panel in panels:
    panel.axis("off")
plt.show()
assert np.isclose(total, explain.explain.difference, atol=1e-3)
assert int(explain.winner) == worst.predicted[0] != worst.label[0]

# %% [markdown]
# ## Where to go from here
#
# - `run.report("report.html")` puts all of this into one page that works offline.
# - [Watch it learn](02_watch_it_learn.ipynb): one layer through the epochs, and what such pictures cannot tell.
# - [Your own model](03_your_own_model.ipynb): your data, your Keras model, your `fit`.

# %%
folder.cleanup()
