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
# # Your own model
#
# You have data of your own, a Keras model of your own, and a `fit` that you like as it is. This lesson shows how to
# look inside without changing any of them: one callback. And how to open a model file that somebody sent you, without
# running what is in it.

# %%
import os

os.environ["KERAS_BACKEND"] = "jax"  # has to be said before Keras is imported

import tempfile
from pathlib import Path

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
folder = Path(tempfile.mkdtemp())  # a folder of your own would be kept

# %% [markdown]
# ## Your data
#
# Anything that NumPy holds: a row for each sample, a label for each row. As an example, the small digits of
# scikit-learn, 8 by 8 pixels with values from 0 to 16. Labels may be words.
#
# *Source: E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository
# 1998.*

# %%
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

pictures, numbers = load_digits(return_X_y=True)
pictures = pictures.reshape(-1, 8, 8).astype("float32")
words = np.array(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
)
x, x_test, y, y_test = train_test_split(
    pictures, words[numbers], test_size=0.25, random_state=SEED, stratify=numbers
)

data = ct.Dataset.from_arrays(
    x, y, x_test=x_test, y_test=y_test, name="small-digits", class_names=words, scale=16
)
data

# %% [markdown]
# `scale=16` says that the model will see the values divided by 16, between 0 and 1.

# %% tags=["check"]
assert data.shape == (8, 8) and data.classes == 10
assert data.class_names[3] == "three"

# %% [markdown]
# ## Your model, your fit, one callback
#
# A branched model with batch normalization, Adam, a falling learning rate and early stopping: nothing here is made for
# `cutaway`. The **Recorder** is the last of the callbacks. It keeps the weights after each epoch and changes nothing.

# %%
inputs = keras.Input((64,))
wide = layers.Dense(64, activation="relu", name="wide")(inputs)
deep = layers.Dense(32, activation="relu", name="deep_1")(inputs)
deep = layers.BatchNormalization(name="norm")(deep)
deep = layers.Dense(32, activation="relu", name="deep_2")(deep)
joined = layers.Concatenate(name="joined")([wide, deep])
outputs = layers.Dense(10, activation="softmax", name="answer")(joined)
model = keras.Model(inputs, outputs, name="branched")

recorder = ct.Recorder(folder / "mine", data, validation=0.2, seed=SEED)
train, val = recorder.split.train, recorder.split.val

model.compile(
    keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
history = model.fit(
    data.inputs(train),
    data.y(train),
    validation_data=(data.inputs(val), data.y(val)),
    batch_size=32,
    epochs=15,
    callbacks=[
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.003 * 0.9**epoch),
        keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True),
        recorder,
    ],
    verbose=0,
)
pd.DataFrame(history.history).round(4).tail(3)

# %% [markdown]
# Did recording change the training? A small model, fitted twice from one seed, once with a recorder:


# %%
def twin():
    """A small model, always from the same seed."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


alone, watched = twin(), twin()
watching = ct.Recorder(folder / "twin", data, seed=SEED)
for model, callbacks in ((alone, []), (watched, [watching])):
    keras.utils.set_random_seed(2)
    model.fit(data.inputs(train), data.y(train), epochs=2, verbose=0, callbacks=callbacks)
[np.array_equal(a, b) for a, b in zip(alone.get_weights(), watched.get_weights(), strict=True)]

# %% tags=["check"]
assert all(
    np.array_equal(a, b)
    for a, b in zip(alone.get_weights(), watched.get_weights(), strict=True)
)
assert max(history.history["val_accuracy"]) > 0.95

# %% [markdown]
# ## Open the run
#
# The folder can be opened during the fit, afterwards, or next year. It keeps no copy of arrays, so we hand them in
# again, and `cutaway` checks that they are the same.

# %%
run = ct.open_run(folder / "mine", data=data)
run.history.plot()

# %% [markdown]
# The run has a snapshot of every epoch, and views show the last one unless told otherwise. `EarlyStopping` has brought
# back an earlier one, with the lowest validation loss: that is the model you hold. The run knows which it is, and we say
# `epoch=kept` from here on.

# %%
kept = run.folder.manifest["kept_epoch"]
print("epochs trained:", len(run.history), "  epoch kept:", kept)

# %% tags=["check"]
assert kept == int(np.argmin(run.history["val_loss"])) + 1 < len(run.history)
for ours, theirs in zip(run.model(epoch=kept).get_weights(), model.get_weights(), strict=True):
    assert np.array_equal(ours, theirs)

# %% [markdown]
# All that the first two lessons did works here.

# %%
embedding = run.embed("joined", split="all", epoch=kept, progress=False)
embedding.plot()

# %%
story = run.layer_history(progress=False).to_pandas()
story[story["epoch"].isin([0, 1, story["epoch"].max()])].pivot(
    index="epoch", columns="layer", values="probe_accuracy"
).round(3)

# %%
for finding in run.findings():  # finding.text says more
    print(finding.title)

# %% tags=["check"]
assert run.test["accuracy"] > 0.95
assert len(run.history) == len(history.history["loss"])
assert np.allclose(run.history["val_loss"], history.history["val_loss"])
assert embedding.xy.shape == (1797, 2) and embedding.quality.neighbors_preserved > 0.5
assert np.allclose(
    run.predictions(split="test", epoch=kept),
    model.predict(data.inputs(run.split.test), verbose=0),
    atol=1e-5,
)

# %% [markdown]
# The answers that it got wrong, the surest first:

# %%
mistakes = run.mistakes(6, epoch=kept)
figure, axes = plt.subplots(1, 6, figsize=(9, 2.2), layout="constrained")
for axis in axes:
    axis.axis("off")
for axis, position, label, said, sure in zip(
    axes,
    mistakes.position,
    mistakes.label,
    mistakes.predicted,
    mistakes.confidence,
    strict=False,
):
    axis.imshow(data.x(run.split.test.take([position]))[0], cmap="gray_r")
    axis.set_title(f"{words[label]}, read as\n{words[said]} ({sure:.0%})", fontsize=9)
figure.suptitle("The surest mistakes on the test samples")
plt.show()

# %% [markdown]
# ## A .keras file, opened safely
#
# A model can be saved as one file, and sent around.

# %%
model.save(folder / "branched.keras")

# %% [markdown]
# **But a model file is not only numbers.** It may hold a `Lambda` layer, which is Python code, or name a class to be
# imported and called. Keras refuses the worst unless told otherwise, and yet had to close hole after hole (for example
# CVE-2025-1550, CVE-2025-8747 and CVE-2025-9905). So open files of strangers with a reader that cannot run anything:
# `ct.open_model` reads names, shapes and weights, and builds the model from its own short list of layers.

# %%
opened = ct.open_model(folder / "branched.keras")
opened.summary()

# %%
same = np.allclose(
    opened.predict(data.inputs(val), verbose=0),
    model.predict(data.inputs(val), verbose=0),
    atol=1e-6,
)
same

# %% [markdown]
# What is not on the list is named and refused. We make such a file ourselves: a harmless Lambda layer, which could just
# as well delete your files.

# %%
stranger = keras.Sequential(
    [keras.Input((64,)), layers.Lambda(lambda v: v * 2, name="surprise"), layers.Dense(10)]
)
stranger.save(folder / "stranger.keras")
try:
    ct.open_model(folder / "stranger.keras")
except ct.CutawayError as error:
    refusal = str(error)
print(refusal)

# %% tags=["check"]
assert same and [layer.name for layer in opened.layers] == [
    layer.name for layer in model.layers
]
assert "surprise" in refusal and "Lambda" in refusal

# %% [markdown]
# ## A ready-made model as a run
#
# There is no history of a model that came in a file, but `ct.record` makes a run with one snapshot of it, and every
# view works. Here: what argued for the first answer.

# %%
borrowed = ct.record(
    folder / "branched.keras",
    data,
    validation=0.2,
    seed=SEED,
    runs=folder / "runs",
    progress=False,
)
way = borrowed.explain("test[0]")
print(
    f"it says {way.winner}, and second {way.runner_up}; it is {data.class_names[borrowed.labels()[0]]}"
)
way.to_pandas("joined").head(5).round(3)

# %% [markdown]
# And out again: `ct.export(run, "model.keras")` for plain Keras, or `"model.onnx"` for everything else.

# %%
ct.export(borrowed, folder / "again.keras")
again = keras.saving.load_model(
    folder / "again.keras", safe_mode=True
)  # our own file, so Keras may open it
np.allclose(
    again.predict(data.inputs(val), verbose=0),
    model.predict(data.inputs(val), verbose=0),
    atol=1e-6,
)

# %% tags=["check"]
assert np.isclose(way.explain.total("joined"), way.explain.difference, atol=1e-3)
assert np.isclose(borrowed.test["accuracy"], run.test["accuracy"])
assert np.allclose(
    again.predict(data.inputs(val), verbose=0),
    model.predict(data.inputs(val), verbose=0),
    atol=1e-6,
)

# %%
import shutil

shutil.rmtree(folder)
