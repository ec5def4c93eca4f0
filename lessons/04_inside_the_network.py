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
# # Inside the network
#
# In the [last lesson](03_fully_connected.ipynb) we trained 784-512-512-10 to read digits. Now we open it: what do its
# hidden layers make of an image, since when do they know which digit it is, and what does a single unit look for?
#
# The whole lesson takes about three minutes to run and works offline. There are five exercises along the way.
#
# The numbers in the text are those of our machine. Another CPU rounds differently, and a training then ends a
# little elsewhere.

# %% [markdown] tags=["goals"]
# After this lesson you can
#
# - read the outputs of any layer of a Keras model,
# - arrange hidden features in the plane with t-SNE, and say what training has changed in them and what it has not,
# - ask each layer what it knows, after each epoch, with a probe,
# - look at what a unit has learned, and measure how much it matters,
# - take apart one mistake, and say what the numbers leave out.

# %% [markdown] tags=["about-solutions"]
# The solution to each exercise is folded below it: try it yourself first, then click on "Solution". To run it, copy it
# into your cell.

# %% [markdown]
# `ct.check("4.1", answer)` tells you whether an answer is right, and gives a hint if it is not. The answers are those
# for MNIST.

# %% [markdown]
# ## The model again
#
# The first cells prepare the same data and train the same model with dropout as in the last lesson, for four epochs.
# On a slow machine, write `"digits", 8` instead: 1,797 images of 8 by 8 pixels.

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
from cutaway.embedding import embed, measure_quality
from cutaway.plots import CLASS_COLORS, embedding_scatter, embedding_scatter_bokeh

# %matplotlib inline

SEED = 0
COLORS = np.array(CLASS_COLORS)
keras.utils.clear_session()
keras.utils.set_random_seed(SEED)

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
PIXELS = data.sources["train"].x[0].size  # 784

# %%
X, y = data.sources["train"].x, data.sources["train"].y
X = X.reshape(-1, PIXELS).astype("float32") / data.scale
rows_train, rows_val = train_test_split(
    np.arange(len(y)), test_size=0.25, random_state=SEED, stratify=y
)
X_train, X_val, y_train, y_val = X[rows_train], X[rows_val], y[rows_train], y[rows_val]

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
untrained = keras.models.clone_model(model)
untrained.set_weights(model.get_weights())  # a copy of the model before training
model.fit(
    X_train,
    keras.utils.to_categorical(y_train, 10),
    batch_size=BATCH_SIZE,
    epochs=4,
    verbose=0,
)
_, val_accuracy = model.evaluate(X_val, keras.utils.to_categorical(y_val, 10), verbose=0)
print("validation accuracy:", round(val_accuracy, 3))

# %% tags=["check"]
if DATASET == "mnist":
    assert 0.89 <= val_accuracy <= 0.92

# %% [markdown]
# ## Looking at the layers
#
# `summary` lists the layers of a model, the shape of each layer's output, and the number of parameters. (`None` is the
# number of images, which can be anything.)
#
# **Before you run it:** work out the number of parameters of 784-512-512-10 with dropout.

# %%
model.summary()

# %% [markdown]
# You count 669,706 parameters: dropout has none. `summary` says 669,708 in total, because it counts what the optimizer
# keeps as well: SGD keeps two numbers, its learning rate and the number of steps so far.

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

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 1.** A dropout layer stands between two dense layers. How does the model behave in `predict` without it?
#
# - a: It gives the same answers, because dropout does nothing in prediction.
# - b: Its answers are closer to chance, because a layer is missing.
# - c: It cannot be computed, because the shapes no longer fit.
#
# **Question 2.** The shape of a layer's output is `(None, 512)`. What is None?
#
# - a: The number of units, which is not known yet.
# - b: The number of images, which may differ from call to call.
# - c: A value that is missing.
#
# **Question 3.** What does a symbolic tensor such as `model.outputs[0]` hold?
#
# - a: The predictions for the last batch.
# - b: The weights of the last layer.
# - c: A shape and a type, and how it is computed from the inputs, but no values.

# %% tags=["answer"]
ct.check("4.q1", "")
ct.check("4.q2", "")
ct.check("4.q3", "")

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

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 4.** `hidden_features.min()` is exactly 0. Why?
#
# - a: The features were scaled to the range from 0 to 1.
# - b: The layer ends with ReLU, and some units are not active for some images.
# - c: Dropout has set some of the values to 0.
#
# **Question 5.** A truncated model and `keras.Model(model.inputs, layer.output)` give the same numbers. What is the
# difference?
#
# - a: The first has copies of the weights, the second shares them: only the second follows when the model is trained
#   on.
# - b: The first is exact, the second an approximation.
# - c: The first works only before training.
#
# **Question 6.** Two images of the digit 7 give different hidden features. What does that say?
#
# - a: The layer has not learned what a 7 is.
# - b: One of the two is not a 7.
# - c: The layer also describes how the 7 was written; only the output has to agree.

# %% tags=["answer"]
ct.check("4.q4", "")
ct.check("4.q5", "")
ct.check("4.q6", "")

# %% [markdown]
# ## From 512 numbers to a point in the plane
#
# Each image has become 512 numbers, a point in a 512-dimensional space. **t-SNE** arranges these points in the plane
# so that neighbors stay neighbors.
#
# *Source: van der Maaten and Hinton 2008, "Visualizing data using t-SNE", JMLR 9.*
#
# `cutaway` has its own implementation of t-SNE. First we embed 1,000 points, which was as many as anyone wanted to
# wait for in 2017. (Lesson [8](08_what_tsne_can_say.ipynb) writes t-SNE by hand and uses scikit-learn's.)
#
# **Before you run it:** t-SNE does not see the labels. Will the ten digits form groups all the same?

# %%
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
names = [str(digit) for digit in range(10)]
embedding_scatter(first.xy, y_train[:1000], names, title="dense_2 after 4 epochs: 1,000 digits")

# %%
title = f"dense_2 after 4 epochs: {len(y_train):,} digits"
embedding_scatter(layout.xy, y_train, names, title=title)

# %% [markdown]
# They do. How far can you trust such a plot? The layout comes with quality measures. *Neighbors preserved*: the share
# of a point's 15 nearest neighbors in the layer that are also among its 15 nearest in the plane. *Accuracy*: the share
# of digits that have the same label as most of their neighbors, in the layer and in the plane.

# %%
quality = {f"{len(each.xy):,} points": each.quality.__dict__ for each in (first, layout)}
pd.DataFrame(quality).loc[["neighbors_preserved", "accuracy_layer", "accuracy_plane"]].round(3)

# %% tags=["check"]
assert first.xy.shape == (1000, 2) and layout.xy.shape == (len(X_train), 2)
if DATASET == "mnist":
    assert first.quality.neighbors_preserved > 0.5 and layout.quality.neighbors_preserved > 0.3
    assert layout.quality.trustworthiness > 0.98 and layout.quality.accuracy_plane > 0.93

# %% [markdown]
# ### Is that the work of training?
#
# It is tempting to say that training has grouped the digits. A claim like this needs a control: the same plot of what
# was there before. We arrange the same 2,000 validation images three times: as pixels, as the second hidden layer sees
# them **before** training, and as it sees them after four epochs.
#
# **Before you run it:** in which of the three do you expect groups?

# %%
extractors = {
    "dense_2 before training": keras.Model(
        untrained.inputs, untrained.get_layer("dense_2").output
    ),
    "dense_2 after 4 epochs": extractor,
}
stages = {"pixels": X_val[:2000]} | {
    name: part.predict(X_val[:2000], verbose=0) for name, part in extractors.items()
}
stage_layouts = {name: embed(h, labels=y_val[:2000]) for name, h in stages.items()}

figure, axes = plt.subplots(1, 3, figsize=(11, 4), layout="constrained")
for axis, (name, stage) in zip(axes, stage_layouts.items(), strict=True):
    axis.scatter(*stage.xy.T, s=5, c=COLORS[y_val[:2000]].tolist(), linewidths=0)
    axis.set_title(f"{name}: {stage.quality.accuracy_layer:.1%}", fontsize=10)
    axis.set_aspect("equal")
    axis.set_xticks([])
    axis.set_yticks([])
figure.suptitle("2,000 digits, and how many agree with their neighbors")
plt.show()

# %% [markdown]
# In all three. About 89% of the digits have the label of most of their nearest neighbors among the raw pixels, about
# 86% among the outputs of a layer with random weights, and about 91% after training. Digits that are written alike
# have similar pixels, and random weights keep similar images similar, a little less well. So the groups were there
# before, and training has made them purer. What it changes much more is what the *output* can read from the layer,
# which we measure below.

# %% tags=["check"]
agree = {name: stage.quality.accuracy_layer for name, stage in stage_layouts.items()}
if DATASET == "mnist":
    assert 0.88 < agree["pixels"] < 0.91 and 0.84 < agree["dense_2 before training"] < 0.88
    assert agree["pixels"] < agree["dense_2 after 4 epochs"] < 0.93

# %% [markdown]
# ### An interactive chart
#
# Bokeh draws in the browser: zoom with the mouse wheel, and click a digit in the legend to hide it. The chart brings
# everything that it needs, so this works offline too.

# %%
chart = embedding_scatter_bokeh(layout.xy, y_train, names)
chart

# %% [markdown]
# ### Exercise 1: another layout
#
# t-SNE is one method among many. Take the first 1,000 hidden features and embed them with **MDS** (which tries to
# preserve all distances) or **Isomap** (which uses distances along the neighbor graph) from scikit-learn. Plot them
# next to t-SNE. Which one preserves more neighbors? Check the shares
# of preserved neighbors of t-SNE, MDS and Isomap, in this order.
#
# *Hint: `sklearn.manifold`, and `measure_quality(features, xy, seed=0)`.*

# %% tags=["exercise"]
# your code here

ct.check("4.1", None)

# %% tags=["solution"]
from sklearn.manifold import MDS, Isomap

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
    panel.scatter(*xy.T, s=8, c=COLORS[digits].tolist(), linewidths=0)
    panel.set_title(f"{name}: {preserved[name]:.0%} of neighbors preserved")
    panel.set_xticks([])
    panel.set_yticks([])
plt.show()
assert preserved["t-SNE"] > 1.5 * max(preserved["MDS"], preserved["Isomap"])

# %% [markdown]
# ### Exercise 2: the first layer and the last
#
# Embed 2,000 digits as `dense_1` sees them and as `output` sees them. What is different? Put a number on it: how many
# directions does each layer really use? Count
# how many explain 90% of the variance, and check both numbers: that of `dense_1`, then that of `output`.
#
# *Hint: a model that ends at the layer; the singular values of the centered features.*

# %% tags=["exercise"]
# your code here

ct.check("4.2", None)

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
    panel.scatter(*embedding.xy.T, s=8, c=COLORS[y_val[:2000]].tolist(), linewidths=0)
    panel.set_title(f"{name}: {directions[name]} directions explain 90% of the variance")
    panel.set_xticks([])
    panel.set_yticks([])
plt.show()

# The first layer still describes the handwriting, which takes many directions. The output only tells ten classes
# apart and has discarded the rest.
assert directions["output"] < 10
if DATASET == "mnist":
    assert directions["dense_1"] > 2 * directions["output"]

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 7.** The plot shows ten groups. What is the control for "training made the groups"?
#
# - a: The same plot with another perplexity.
# - b: The same plot of the layer before training.
# - c: The same plot of the test images.
#
# **Question 8.** In the plane, 37% of the 15 nearest neighbors are preserved for 45,000 points. How good is that?
#
# - a: Poor: 63% of the plot is wrong.
# - b: As good as guessing: neighbors in the plane mean nothing.
# - c: Good: a random point would be among the 15 nearest of 45,000 with a probability of 0.03%.
#
# **Question 9.** Where do the colors of the plot come from?
#
# - a: From the labels, which t-SNE never sees.
# - b: From the groups that t-SNE finds.
# - c: From the predictions of the model.

# %% tags=["answer"]
ct.check("4.q7", "")
ct.check("4.q8", "")
ct.check("4.q9", "")

# %% [markdown]
# ## The same with cutaway
#
# One call does all of this: it trains with the same settings on the same split, and saves the weights after every
# epoch in a run folder. (Leave out `progress=False` to watch it work.)

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
# ## What each layer knows, and since when
#
# What does a layer know? A **probe** tells us: a plain linear classifier that learns to predict the digit from the
# layer's output alone. Epoch 0 is the model before training.
#
# **Before you run it:** how well can a probe read the digit from a hidden layer with random weights?

# %%
layer_history = run.layer_history(split="val", samples=2000, progress=False).to_pandas()
layer_history.pivot(index="epoch", columns="layer", values="probe_accuracy").round(3)

# %% [markdown]
# About 88%. Hidden layers with *random* weights already hold what is needed to tell most digits apart: they only mix
# the pixels, and a probe can unmix them. From the output of the untrained model a probe reads only 45%. Training
# raises what a probe can read from `dense_2` from 88% to 92%, and what it can read from the output from 45% to 91%:
# what changes most is how much of it reaches the end.

# %% tags=["check"]
probe = layer_history.pivot(index="epoch", columns="layer", values="probe_accuracy")
if DATASET == "mnist":
    assert probe.loc[0, "dense_1"] > 0.75 > 0.65 > probe.loc[0, "output"]
    assert probe.loc[4, "output"] > 0.85
    assert 0.85 < probe.loc[0, "dense_2"] < 0.90 < probe.loc[4, "dense_2"] < 0.94
    assert 0.40 < probe.loc[0, "output"] < 0.50

# %% [markdown]
# ### Exercise 3: which layer knows the digit, and since when?
#
# Use the table of `layer_history`. For each layer, after which epoch do the 15 nearest neighbors vote for the correct
# digit in at least 75% of cases (`knn_accuracy`)? And which layer separates the digits best in the end (`separation`)?
# Check the three epochs: for `dense_1`, `dense_2` and `output`.

# %% tags=["exercise"]
# your code here

ct.check("4.3", None)

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

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 10.** A probe reads 88% of the digits from a layer with random weights. What follows?
#
# - a: Training is not needed.
# - b: The information is in the layer before training, and a linear classifier can find it.
# - c: The probe was trained on the same images on which it was tested.
#
# **Question 11.** Why is the probe a *linear* classifier and not a deep network?
#
# - a: A deep network could learn the digits by itself, and the result would say little about the layer.
# - b: A deep network would be less accurate.
# - c: A layer is a linear function of its input.
#
# **Question 12.** Layer A is read by a probe with 92%, layer B with 91%, on 2,000 images. Is A better?
#
# - a: Yes, by one point.
# - b: Hardly to say: chance alone moves each of the two by about 0.6 points.
# - c: No, because the probe has too few parameters.

# %% tags=["answer"]
ct.check("4.q10", "")
ct.check("4.q11", "")
ct.check("4.q12", "")

# %% [markdown]
# ## What each unit looks for
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
    weights = units.images[unit]
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

# %% [markdown]
# The red and blue shapes belong to strokes, but beware: the six digits below were chosen because they activate the
# unit, so they fit by construction.
#
# ### Does dropout spread the work?
#
# Without its most important unit, the loss of our model rises by only 0.004. It is tempting to say that this is the
# work of dropout, because no unit can rely on another one. Again we need a control: the same model, trained without
# dropout.
#
# **Before you run it:** if dropout spreads the work, which of the two models has the higher ablation cost?

# %%
costs, accuracies = {"with dropout": [], "without": []}, {"with dropout": [], "without": []}
for seed in (0, 1, 2):
    for name, rate in (("with dropout", 0.2), ("without", 0.0)):
        arm = ct.train(
            ct.mlp(hidden=(512, 512), dropout=rate),
            data,
            recipe="lesson-dropout",
            batch_size=BATCH_SIZE,
            seed=seed,
            runs=folder.name,
            progress=False,
        )
        cost = arm.units("dense_1", split="val", progress=False).to_pandas()["ablation_cost"]
        costs[name].append(cost.max())
        accuracies[name].append(arm.history["val_accuracy"][-1])
columns = {f"highest cost, {name}": costs[name] for name in costs}
columns |= {f"accuracy, {name}": accuracies[name] for name in costs}
pd.DataFrame(columns, index=pd.Index([0, 1, 2], name="seed")).round(4)

# %% [markdown]
# With dropout the highest cost is about half as high, 0.004 against 0.008, with each of the three seeds. So dropout
# does spread the work. But it is not the reason why no single unit matters much: without dropout, too, the loss rises
# by less than 0.01 when the most important of the 512 units is removed. A layer this wide has many units that do
# similar things. And spreading the work does not make this model better: its validation accuracy is about 0.3 points
# lower with dropout, with each of the three seeds.

# %% tags=["check"]
if DATASET == "mnist":
    assert max(costs["without"]) < 0.01
    for with_dropout, without in zip(costs["with dropout"], costs["without"], strict=True):
        assert with_dropout < 0.75 * without
    assert np.mean(accuracies["with dropout"]) < np.mean(accuracies["without"])

# %% tags=["check"]
assert len(units) == 512 and units.images.shape == (512, *data.shape)
if DATASET == "mnist":
    assert units.to_pandas("ablation_cost")["ablation_cost"].max() < 0.01

# %% [markdown]
# ### Exercise 4: find the dead units
#
# A ReLU unit that is 0 for every image is **dead**: the loss does not change when its weights change a little, so
# its gradient is 0 and no step changes it. In the first layer that is final, because its inputs are the images. A unit
# of a later layer can recover, if the layer before it changes. Train the model for one epoch with a learning rate of
# 1.0, a hundred times ours. How many units of `dense_1` are dead? Count them yourself, then compare with
# `run.units`, which marks units with the same output for every sample as `constant`. **Before you run it:** will this
# model read more or fewer digits than ours? Check its validation accuracy.
#
# *Hint: `run.activations(layer, split="all")` returns one row for each of the 70,000 digits.*

# %% tags=["exercise"]
# your code here

ct.check("4.4", None)

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
dead = np.flatnonzero(high_rate_run.units("dense_1", progress=False).constant)
dead_at_low_rate = int(run.units("dense_1", progress=False).constant.sum())
print(f"dead units, learning rate 1.0:  {len(dead)} of 512")
print(f"dead units, learning rate 0.01: {dead_at_low_rate} of 512")
high_rate_accuracy = high_rate_run.history["val_accuracy"][-1]
print(f"validation accuracy, learning rate 1.0:  {high_rate_accuracy:.1%} after 1 epoch")
print(
    f"validation accuracy, learning rate 0.01: {run.history['val_accuracy'][-1]:.1%} after 4 epochs"
)

# It has lost units for good, and still reads more digits after one epoch than ours after four: 0.01 is far too
# small for this model. Dead units are a sign of large steps, and no proof that the steps are too large.
assert np.array_equal(dead, counted)
assert len(dead) >= 20 and len(dead) > dead_at_low_rate
if DATASET == "mnist":
    assert high_rate_accuracy > run.history["val_accuracy"][-1] + 0.01

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 13.** The ablation cost of every unit is below 0.01. May you remove half of the units?
#
# - a: Yes, because each of them costs next to nothing.
# - b: Not by this measurement: each was removed alone, while all the others were there.
# - c: No, because a unit with a low cost is important for another digit.
#
# **Question 14.** A unit's top six digits are all threes. What do you know?
#
# - a: The unit is active for threes only.
# - b: The model needs this unit to read threes.
# - c: The six images with the highest output are threes; about the others you know nothing yet.
#
# **Question 15.** Why can a dead unit of the *first* layer never become active again?
#
# - a: Its inputs are the images, which do not change, and its own weights get a gradient of 0.
# - b: Its bias is too large.
# - c: The optimizer leaves out units that are 0.

# %% tags=["answer"]
ct.check("4.q13", "")
ct.check("4.q14", "")
ct.check("4.q15", "")

# %% [markdown]
# ## One mistake, unit by unit
#
# Which units were behind a wrong answer? In a network of ReLU units, the difference between two logits is a sum: every
# unit of a layer adds its output times a weight, and the biases add the rest. The sum is exact. **But it is a sum of
# what is there.** A pixel without ink is 0 and contributes exactly 0, however much ink at this place would change the
# answer. A contribution says what the ink does, compared with an image without any ink; it does not say what is
# missing. Lesson [7](07_follow_one_digit.ipynb) shows a case.

# %% [markdown]
# ### Exercise 5: explain one mistake, unit by unit
#
# Take the validation digit that the model was most confidently wrong about. Which units of `dense_2` argued for the
# wrong answer, which argued against it, and what about the pixels? Do their contributions add up? Check the sum of all
# contributions of `dense_2` and the biases, less the difference between the two logits.
#
# *Hint: `run.mistakes`, then `run.explain` with the name of the sample, such as "train[7]". A ReLU model is linear
# around any given image, so each unit's contribution to the difference between two classes is exact.*

# %% tags=["exercise"]
# your code here

ct.check("4.5", None)

# %% tags=["solution"]
worst = run.mistakes(1, split="val")
position = int(worst.position[0])
sample_name = run.split.val[position]
explanation = run.explain(sample_name)
attribution = explanation.attribution
contributions = explanation.to_pandas("dense_2")
total = attribution.total("dense_2")
print(f"{sample_name} shows the digit {worst.label[0]}")
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

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 16.** The contributions of all pixels and biases add up exactly to the difference of two logits. What does
# that prove?
#
# - a: That the pixels with the largest contributions caused the mistake.
# - b: That the sum is right; whether another image without these pixels would be read otherwise must be tried.
# - c: That the model is linear.
#
# **Question 17.** A 4 was read as a 9, because its top is nearly closed. Where do the contributions show the gap in
# the stroke?
#
# - a: At the pixels of the gap, with large negative values.
# - b: At the pixels of the gap, with large positive values.
# - c: Nowhere: there is no ink in the gap, so its pixels contribute 0.
#
# **Question 18.** The model is 99.9% confident and wrong. What is the first thing to look at?
#
# - a: The image, and whether its label is right.
# - b: The learning rate.
# - c: The number of epochs.

# %% tags=["answer"]
ct.check("4.q16", "")
ct.check("4.q17", "")
ct.check("4.q18", "")

# %% [markdown]
# ### All points
#
# The training, validation and test digits, all 70,000 of them. The test set had its turn at the end of the last
# lesson, and nothing is decided here any more.

# %% tags=["once"]
everything = run.embed("dense_2", split="all", progress=False)
everything.plot()

# %% tags=["once", "check"]
assert everything.xy.shape == (len(run.split.part("all")), 2)
assert everything.quality.neighbors_preserved > 0.3

# %% [markdown]
# `run.embed("dense_2", split="test").bokeh()` draws the interactive chart, which shows the image of the digit under
# the mouse.

# %% [markdown]
# ## Where to go from here
#
# - `run.report("report.html")` puts all of this on one page that works offline.
# - [Watch it learn](05_watch_it_learn.ipynb): one layer over the epochs, and the layers compared.
# - [What t-SNE can say](08_what_tsne_can_say.ipynb): how far such plots can be trusted.
# - [Your own model](10_your_own_model.ipynb): your data, your Keras model, your `fit`.
