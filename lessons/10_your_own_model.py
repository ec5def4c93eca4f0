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
# You have your own data, your own Keras model, and a `fit` that you like the way it is. This lesson shows how to look
# inside without changing any of them: you add one callback. It also shows how to open a model file that somebody sent
# you, without running any of the code in it. There are three exercises.
#
# The numbers in the text are those of our machine. Another CPU rounds differently, and a training then ends a
# little elsewhere.

# %% [markdown] tags=["goals"]
# After this lesson you can
#
# - make a dataset of your own arrays,
# - record any Keras model and any `fit` with one callback, and open the run,
# - say which epoch an early stop has kept,
# - open a model file of a stranger without running its code, and export a run.

# %% [markdown] tags=["about-solutions"]
# The solution to each exercise is folded below it: try it yourself first, then click on "Solution". To run it, copy it
# into your cell.


# %%
import os

os.environ["KERAS_BACKEND"] = "jax"  # must be set before Keras is imported

import tempfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from keras import layers

import cutaway as ct

# %matplotlib inline

SEED = 0
keras.utils.clear_session()
keras.utils.set_random_seed(SEED)
temporary = (
    tempfile.TemporaryDirectory()
)  # it goes with the notebook: a folder of your own stays
folder = Path(temporary.name)

# %% [markdown]
# ## Your data
#
# You can use any NumPy arrays with one row per sample and one label per row. Our example is the small digits dataset
# of scikit-learn, 8 by 8 pixels with values from 0 to 16. Labels can be words.
#
# *Source: E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository
# 1998.*

# %%
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

images, numbers = load_digits(return_X_y=True)
images = images.reshape(-1, 8, 8).astype("float32")
words = np.array(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
)
x, x_test, y, y_test = train_test_split(
    images, words[numbers], test_size=0.25, random_state=SEED, stratify=numbers
)

data = ct.Dataset.from_arrays(
    x, y, x_test=x_test, y_test=y_test, name="small-digits", class_names=words, scale=16
)
data

# %% [markdown]
# `scale=16` means that the model sees the values divided by 16, between 0 and 1.

# %% tags=["check"]
assert data.shape == (8, 8) and data.classes == 10
assert data.class_names[3] == "three"

# %% [markdown]
# ## Your model, your fit, one callback
#
# Here is a branched model with batch normalization, Adam, a decaying learning rate and early stopping: none of this
# was written for `cutaway`. The **Recorder** is the last callback. It saves the weights after each epoch and changes
# nothing.

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
# Does recording change the training? Let's fit a small model twice with the same seed, once without a recorder and
# once with one:


# %%
def small_model():
    """Build a small model, always with the same seed."""
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


plain, recorded = small_model(), small_model()
small_recorder = ct.Recorder(folder / "small", data, validation=0.2, seed=SEED)
for small, callbacks in ((plain, []), (recorded, [small_recorder])):
    keras.utils.set_random_seed(2)
    small.fit(data.inputs(train), data.y(train), epochs=2, verbose=0, callbacks=callbacks)
pairs = zip(plain.get_weights(), recorded.get_weights(), strict=True)
[np.array_equal(a, b) for a, b in pairs]

# %% tags=["check"]
pairs = zip(plain.get_weights(), recorded.get_weights(), strict=True)
assert all(np.array_equal(a, b) for a, b in pairs)
assert max(history.history["val_accuracy"]) > 0.95

# %% [markdown]
# ### Exercise 1: what one epoch of recording costs
#
# How many bytes does the folder of `small_recorder` hold per epoch, in weights alone? Work it out: the number of
# parameters of `small_model()` times 4 bytes. Then check the number of parameters.

# %% tags=["exercise"]
# your code here

ct.check("10.1", None)

# %% tags=["solution"]
parameters = small_model().count_params()
print(f"{parameters:,} parameters, {4 * parameters:,} bytes per epoch")
assert parameters == 65 * 16 + 17 * 10

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 1.** Two fits with the same seed, one of them recorded, give equal weights. What does this show?
#
# - a: That the recorder changes nothing in the training.
# - b: That the recorder saves the weights correctly.
# - c: That the model is independent of the seed.
#
# **Question 2.** `scale=16` was passed with the arrays. What would happen if you scaled the arrays yourself and passed
# `scale=16` as well?
#
# - a: Nothing: the data are scaled only if they are not yet.
# - b: The model would see values between 0 and 1/16, and learn more slowly.
# - c: An error, because the values are not whole numbers.
#
# **Question 3.** Why does `fit` get `data.inputs(train)` and not `x`?
#
# - a: The recorder can save only data that come from a dataset.
# - b: `x` has too few rows.
# - c: So that the model trains on the split and the scale that the run knows.

# %% tags=["answer"]
ct.check("10.q1", "")
ct.check("10.q2", "")
ct.check("10.q3", "")

# %% [markdown]
# ## Open the run
#
# You can open the folder during the fit, afterwards, or next year. It does not contain a copy of your arrays, so we
# pass them in again, and `cutaway` checks that they are the same.

# %%
run = ct.open_run(folder / "mine", data=data)
run.history.plot()

# %% [markdown]
# The run has a snapshot of every epoch. At the end, `EarlyStopping` restored the weights of the epoch with the lowest
# validation loss, which need not be the last one, and that is the model you now have. The run knows this epoch as the
# *kept epoch*, and every analysis uses it unless you ask for another epoch.

# %%
kept_epoch = run.folder.manifest.kept_epoch
print("epochs trained:", len(run.history), "  kept epoch:", kept_epoch)

# %% tags=["check"]
assert kept_epoch == int(np.argmin(run.history["val_loss"])) + 1
for ours, theirs in zip(run.model().get_weights(), model.get_weights(), strict=True):
    assert np.array_equal(ours, theirs)

# %% [markdown]
# Everything from the earlier lessons works here too.

# %%
embedding = run.embed("joined", split="all", progress=False)
embedding.plot()

# %%
layer_history = run.layer_history(progress=False).to_pandas()
chosen = layer_history[layer_history["epoch"].isin([0, 1, layer_history["epoch"].max()])]
chosen.pivot(index="epoch", columns="layer", values="probe_accuracy").round(3)

# %%
for finding in run.findings():  # finding.text has the details
    print(finding.title)

# %% tags=["check"]
assert run.test["accuracy"] > 0.95
assert len(run.history) == len(history.history["loss"])
assert np.allclose(run.history["val_loss"], history.history["val_loss"])
assert embedding.xy.shape == (1797, 2) and embedding.quality.neighbors_preserved > 0.5
assert np.allclose(
    run.predictions(split="test"),
    model.predict(data.inputs(run.split.test), verbose=0),
    atol=1e-5,
)

# %% [markdown]
# Here are the test digits that the model got wrong, the most confident mistakes first:

# %%
mistakes = run.mistakes(6)
mistakes.plot(columns=6)

# %% [markdown]
# ### Exercise 2: which epoch?
#
# `EarlyStopping` watched the validation loss. Which epoch would it have kept if it had watched the validation
# *accuracy*, the first one with the highest value? Epochs are counted from 1. Check the validation accuracy of that
# epoch.

# %% tags=["exercise"]
# your code here

ct.check("10.2", None)

# %% tags=["solution"]
by_accuracy = int(np.argmax(run.history["val_accuracy"])) + 1
best_accuracy = run.history["val_accuracy"][by_accuracy - 1]
print(f"by loss: epoch {kept_epoch}, by accuracy: epoch {by_accuracy}, {best_accuracy:.1%}")
assert best_accuracy >= run.history["val_accuracy"][kept_epoch - 1]

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 4.** The run has a snapshot of every epoch. Which one do `run.embed` and `run.mistakes` use?
#
# - a: The last one.
# - b: The one that the training kept, unless you name another.
# - c: The mean of all of them.
#
# **Question 5.** A folder of a run does not contain your arrays. How does `open_run` know that you pass the same ones?
#
# - a: It compares a fingerprint of the data that it wrote down when recording.
# - b: It trusts you.
# - c: It trains the model again and compares the history.
#
# **Question 6.** The most confident mistakes come first. Why are they the most interesting?
#
# - a: They are the most common.
# - b: They are the easiest to correct by training longer.
# - c: There the model is sure and wrong: often the label or the image is unusual.

# %% tags=["answer"]
ct.check("10.q4", "")
ct.check("10.q5", "")
ct.check("10.q6", "")

# %% [markdown]
# ## Opening a .keras file safely
#
# You can save a model as a single file and send it to other people.

# %%
model.save(folder / "branched.keras")

# %% [markdown]
# **But a model file contains more than numbers.** It can contain a `Lambda` layer, which is Python code, or name a
# class to be imported and called. Keras refuses the most dangerous cases by default, and still had to fix one
# vulnerability after another (for example CVE-2025-1550, CVE-2025-8747 and CVE-2025-9905). So open files from
# strangers with a reader that cannot run any code: `ct.open_model` reads names, shapes and weights, and builds the
# model from its own short list of layers.

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
# If a layer is not on the list, the file is refused and the error names the layer. Let's make such a file: it has a
# harmless Lambda layer, but that layer could just as well delete your files.

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
# ### Exercise 3: what a file says about itself
#
# Without building the model: how many layers of the class `Dense` does `branched.keras` have?
#
# *Hint: `opened.layers`, and `type(layer).__name__`.*

# %% tags=["exercise"]
# your code here

ct.check("10.3", None)

# %% tags=["solution"]
dense_layers = sum(type(part).__name__ == "Dense" for part in opened.layers)
print(dense_layers, "dense layers")
assert dense_layers == 4

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 7.** Somebody sends you a `.keras` file. What can happen if you open it with
# `keras.saving.load_model(file, safe_mode=False)`?
#
# - a: At worst, an error message.
# - b: Python code in the file can run with your rights.
# - c: The model can be less accurate than promised.
#
# **Question 8.** `ct.open_model` refuses a file with a Lambda layer. What does that say about the file?
#
# - a: It contains code, which may be harmless or not.
# - b: It is an attack.
# - c: It is damaged.
#
# **Question 9.** The exported file takes raw samples, from 0 to 16. Where is the division by 16?
#
# - a: The user of the file has to do it.
# - b: It was left out, since the network can learn it.
# - c: Inside of the exported model, as its first layer.

# %% tags=["answer"]
ct.check("10.q7", "")
ct.check("10.q8", "")
ct.check("10.q9", "")

# %% [markdown]
# ## A model file as a run
#
# A model file has no training history, but `ct.record` turns it into a run with a single snapshot, and every analysis
# works on it. Here is what argued most strongly for the predicted class:

# %%
imported = ct.record(
    folder / "branched.keras",
    data,
    validation=0.2,
    seed=SEED,
    runs=folder / "runs",
    progress=False,
)
explanation = imported.explain("test[0]")
print("true class:", data.class_names[imported.labels()[0]])
print("predicted: ", explanation.winner)
print("runner-up: ", explanation.runner_up)
explanation.to_pandas("joined").head(5).round(3)

# %% [markdown]
# And you can export a run again: `ct.export(run, "model.keras")` writes a plain Keras file, and `"model.onnx"` is for
# everything else. Both take raw samples, as they are in the data.

# %%
ct.export(imported, folder / "again.keras")
# this is our own file, so it is safe to open it with Keras
again = keras.saving.load_model(folder / "again.keras", safe_mode=True)
np.allclose(
    again.predict(data.x(val), verbose=0),
    model.predict(data.inputs(val), verbose=0),
    atol=1e-6,
)

# %% tags=["check"]
attribution = explanation.attribution
assert np.isclose(attribution.total("joined"), attribution.difference, atol=1e-3)
assert np.isclose(imported.test["accuracy"], run.test["accuracy"])
assert np.allclose(
    again.predict(data.x(val), verbose=0),
    model.predict(data.inputs(val), verbose=0),
    atol=1e-6,
)
