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
# # Watch it learn
#
# In the [first lesson](01_fully_connected.ipynb) we looked at one layer of a trained model. Now we watch a layer change
# over the epochs, and then compare the layers with each other. We also ask the question that belongs to every plot of
# this kind: how far can you trust it?

# %%
import tempfile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import cutaway as ct
from cutaway.embedding import embed
from cutaway.plots import CLASS_COLORS, picture_grid

# %matplotlib inline

COLORS = np.array(CLASS_COLORS)


def scatter(axis, xy, colors, title, size=4):
    """Draw points without axes, because t-SNE coordinates have no unit."""
    axis.scatter(*xy.T, s=size, c=list(colors), linewidths=0, alpha=0.7)
    axis.set_title(title, fontsize=10)
    axis.set_aspect("equal")
    axis.set_xticks([])
    axis.set_yticks([])


# %% [markdown]
# ## A run to look at
#
# This is the model from the first lesson, trained for four epochs. `cutaway` saves the weights after each epoch; epoch
# 0 is the model before training.

# %%
folder = tempfile.TemporaryDirectory()  # it goes with the notebook: runs="runs" keeps the run
data = ct.load_dataset("mnist")
run = ct.train(
    ct.mlp(hidden=(512, 512), dropout=0.2),
    data,
    recipe="lesson-dropout",
    seed=0,
    runs=folder.name,
    progress=False,
)
run.history.to_pandas()[["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]].round(4)

# %% tags=["check"]
assert list(run.folder.epochs) == [0, 1, 2, 3, 4]
assert 0.89 <= run.history["val_accuracy"][-1] <= 0.92

# %% [markdown]
# ## One layer over the epochs
#
# Five separate t-SNE plots could not be compared, because each one could be rotated and arranged differently.
# `embed_epochs` starts each embedding from the previous one and aligns it, so that **a digit keeps its place as long as
# its neighbors stay the same**. If a point moves, there is a reason.
#
# We use 2,000 test digits, which the model has never trained on.

# %%
sequence = run.embed_epochs("dense_2", split="test", points=2000, progress=False)
digits = sequence.embeddings[0].labels
sequence.plot(columns=5)

# %% [markdown]
# All five plots have the same axes, so they can also be shown as a film:

# %%
sequence.film()

# %% [markdown]
# The clusters are there **before any training**. Random weights mix the pixels, but digits that look alike remain
# neighbors. Training pulls the clusters apart; it does not create them out of nothing.

# %% [markdown]
# How much changes from one epoch to the next? `preserved` is the share of a digit's 15 nearest neighbors in the layer
# that are still among its nearest after the next epoch. `drift` is how far the digit moved in the plot, as a fraction
# of the plot's radius.

# %%
steps = [
    f"{a.removeprefix('epoch ')} to {b.removeprefix('epoch ')}"
    for a, b in zip(sequence.names, sequence.names[1:], strict=False)
]
changes = pd.DataFrame(
    {
        "neighbors preserved": sequence.preserved.mean(axis=1),
        "drift": sequence.drift.mean(axis=1),
    },
    index=steps,
)
changes.index.name = "epochs"
changes.round(3)

# %% [markdown]
# The first epoch changes the most, and each later epoch changes less: the layer settles long before training ends.

# %% tags=["check"]
assert sequence.xy.shape == (5, 2000, 2)
preserved = list(changes["neighbors preserved"])
assert preserved == sorted(preserved)
assert 0.4 < preserved[0] < 0.8 and preserved[-1] > 0.88
assert changes["drift"].iloc[0] > 3 * changes["drift"].iloc[-1]

# %% [markdown]
# ### Which digits move the most?
#
# Here are the twelve digits that moved farthest in the first epoch. Most of them are written in an unusual way. The
# title says how the model reads them at the end.

# %%
farthest = np.argsort(-sequence.drift[0])[:12]
images = data.x(sequence.ids.take(farthest))
final = sequence.embeddings[-1].predicted

titles = [f"{a}, read as {b}" for a, b in zip(digits[farthest], final[farthest], strict=True)]
picture_grid(images, titles, columns=6)

# %% tags=["check"]
misclassified = final != digits
assert misclassified[farthest].mean() > 2 * misclassified.mean()

# %% [markdown]
# ## Comparing the layers
#
# We can do the same across the depth of the model: the input pixels, the two hidden layers, and the output.

# %%
by_layer = run.embed_layers(
    layers=["input", "dense_1", "dense_2", "output"], split="test", points=2000, progress=False
)

by_layer.plot()

# %%
agree = [embedding.quality.accuracy_layer for embedding in by_layer.embeddings]
for name, share in zip(by_layer.names, agree, strict=True):
    print(f"{name}: {share:.0%} of the digits agree with their neighbors in the layer")

# %% [markdown]
# The pixels alone already tell us a lot: a digit's nearest neighbors among the raw images mostly have the same label.
# Each layer then preserves some neighborhoods and gives up others. In the output, the clusters turn into threads: all
# that is left of an image is ten probabilities, and the threads run from "definitely a 4" to "maybe a 9".

# %% tags=["check"]
assert np.array_equal(by_layer.embeddings[0].labels, digits)  # the same 2,000 digits as above
assert all(share > 0.8 for share in agree)
# the output gives up more neighborhoods than dense_2 does
assert by_layer.preserved[-1].mean() < by_layer.preserved[1].mean()

# %% [markdown]
# ### The same in numbers
#
# Plots can mislead, so let's measure too. For each layer after each epoch, we compute three values: the accuracy of a
# linear **probe**, the accuracy of a vote among the nearest **neighbors**, and the **separation** of the digits, which
# is the spread between digits divided by the spread within a digit.

# %%
layer_history = run.layer_history(samples=2000, progress=False)
table = layer_history.to_pandas()
layer_history.plot(["probe_accuracy", "knn_accuracy", "separation"])

# %% [markdown]
# **CKA** compares two layers as a whole: 1 means that they arrange the digits in the same way (up to rotation and
# scaling), and 0 means that they have nothing in common.
#
# *Source: Kornblith, Norouzi, Lee and Hinton 2019, "Similarity of neural network representations revisited".*

# %%
layer_history.cka().plot()

# %% tags=["check"]
indexed = table.set_index(["epoch", "layer"])
assert indexed.loc[(4, "output"), "separation"] > 3 * indexed.loc[(4, "dense_2"), "separation"]
assert indexed.loc[(4, "dense_2"), "separation"] > indexed.loc[(4, "dense_1"), "separation"]
assert (
    indexed.loc[(0, "output"), "probe_accuracy"]
    < indexed.loc[(0, "dense_1"), "probe_accuracy"] - 0.1
)
cka = layer_history.cka()
assert cka.loc["dense_1", "dense_2"] > cka.loc["dense_1", "output"]

# %% [markdown]
# ## How far can you trust it?
#
# t-SNE promises one thing: neighbors stay neighbors. Everything else in the plot is a by-product. The way to find out
# what it does is to give it data that we understand. (For many more experiments like these, see Wattenberg, Viégas and
# Johnson 2016, "How to use t-SNE effectively", distill.pub/2016/misread-tsne.)

# %% [markdown]
# ### Don't trust the size of a cluster
#
# Here are two clouds of points in 20 dimensions, one ten times as wide as the other.

# %%
rng = np.random.default_rng(0)


def cloud(center, width, n=300):
    """Draw points from a Gaussian in 20 dimensions."""
    return (rng.normal(size=(n, 20)) * width + center).astype(np.float32)


def radius(points):
    """Mean distance of points from their center."""
    return np.linalg.norm(points - points.mean(axis=0), axis=1).mean()


two = np.concatenate([cloud(0, 1), cloud(40, 10)])
which = np.repeat([0, 1], 300)
flat = embed(two).xy
ratio_before = radius(two[300:]) / radius(two[:300])
ratio_after = radius(flat[300:]) / radius(flat[:300])

plt.figure(figsize=(4.2, 4.2), layout="constrained")
scatter(plt.gca(), flat, COLORS[which], "orange should be ten times as wide", size=10)
plt.show()
print(f"width of orange / blue: {ratio_before:.1f} in the data, {ratio_after:.1f} in the plot")

# %% tags=["check"]
assert 9 < ratio_before < 11 and ratio_after < 2

# %% [markdown]
# t-SNE expands a dense cluster and shrinks a sparse one, because it looks at the same *number* of neighbors for every
# sample, whether they are near or far. The size of a cluster tells you nothing.

# %% [markdown]
# ### Don't trust the distance between clusters
#
# Here are three clouds on a line: blue and orange are close together, and green is ten times as far away.

# %%
three = np.concatenate([cloud(0, 1), cloud(5, 1), cloud(55, 1)])
which = np.repeat([0, 1, 4], 300)
flat = embed(three).xy
centers = np.array([flat[which == k].mean(axis=0) for k in (0, 1, 4)])
ratio = np.linalg.norm(centers[2] - centers[1]) / np.linalg.norm(centers[1] - centers[0])

plt.figure(figsize=(4.8, 4.2), layout="constrained")
scatter(plt.gca(), flat, COLORS[which], "green should be ten times as far away", size=10)
plt.show()
print(f"distance green-orange / orange-blue: 10 in the data, {ratio:.1f} in the plot")

# %% tags=["check"]
assert ratio < 4

# %% [markdown]
# ### Don't trust shapes in noise
#
# Here is a single cloud with no structure at all. With few neighbors (a small `perplexity`), the plot shows clumps;
# with more neighbors, they disappear. If something appears at only one setting, it is not in the data.

# %%
noise = cloud(0, 1, n=500)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
for axis, perplexity in zip(axes, (2, 10, 50), strict=True):
    scatter(
        axis,
        embed(noise, perplexity=perplexity).xy,
        ["#717581"] * 500,
        f"perplexity {perplexity}",
        size=10,
    )
figure.suptitle("The same cloud without structure, at three perplexities")
plt.show()

# %% [markdown]
# Does t-SNE also invent classes? Let's give the cloud random labels. If the plot created groups where there are none,
# neighbors would share labels. They don't.

# %%
random_labels = rng.integers(0, 10, 500)
noise_quality = embed(noise, labels=random_labels).quality
last = sequence.embeddings[-1]
print("share of points that agree with their neighbors:")
print(f"noise:   {noise_quality.accuracy_plane:.0%} (guessing gives 10%)")
print(f"dense_2: {last.quality.accuracy_plane:.0%}")

# %% tags=["check"]
assert noise_quality.accuracy_plane < 0.2 and last.quality.accuracy_plane > 0.85

# %% [markdown]
# ### You can trust neighbors, up to a point
#
# Every embedding comes with quality measures. `trustworthiness` is 1 if no sample has a neighbor in the plane that is
# far away in the layer. `neighbors_preserved` is the share of the 15 nearest neighbors in the layer that are also
# neighbors in the plane. Two dimensions cannot preserve every neighborhood of 512 dimensions: one half is a good value.
#
# `misplaced` is a measure for each digit: the share of its neighbors in the plot that are far away from it in the
# layer. Dark points are badly placed, so their position means little.
#
# *Source of trustworthiness: Venna and Kaski 2001.*

# %%
figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.8), layout="constrained")
scatter(axes[0], last.xy, COLORS[digits], "digit", size=6)
points = axes[1].scatter(
    *last.xy.T, s=6, c=last.misplaced, cmap="plasma_r", vmin=0, vmax=1, linewidths=0
)
axes[1].set_title("share of misplaced neighbors", fontsize=10)
axes[1].set_aspect("equal")
axes[1].set_xticks([])
axes[1].set_yticks([])
figure.colorbar(points, ax=axes[1])
plt.show()
print(f"trustworthiness:     {last.quality.trustworthiness:.3f}")
print(f"neighbors preserved: {last.quality.neighbors_preserved:.0%}")

# %% [markdown]
# Does the model also make more mistakes where the plot is less reliable? Compare the quarter of the digits that is
# placed best with the quarter that is placed worst.

# %%
low, high = np.quantile(last.misplaced, [0.25, 0.75])
best = misclassified[last.misplaced <= low].mean()
worst = misclassified[last.misplaced >= high].mean()
print(f"misclassified: {best:.1%} of the best quarter, {worst:.1%} of the worst quarter")

# %% tags=["check"]
assert worst > 2 * best
assert 0.25 < last.quality.neighbors_preserved < 0.7 and last.quality.trustworthiness > 0.95
assert last.misplaced.shape == (2000,)
assert last.misplaced.min() >= 0 and last.misplaced.max() <= 1

# %% [markdown]
# ### Adding new digits to an embedding
#
# Once you trust an embedding, you can reuse it: `transform` places new digits in it without moving any of the old ones.
# We take 500 validation digits and let their 15 nearest points in the plot vote.

# %%
new = run.split.val.take(slice(0, 500))
h = run.activations("dense_2", split="val")[:500]
placed = last.transform(h)

from sklearn.neighbors import KNeighborsClassifier

votes = KNeighborsClassifier(15).fit(last.xy, digits).predict(placed)
share = (votes == data.y(new)).mean()

plt.figure(figsize=(5, 5), layout="constrained")
scatter(plt.gca(), last.xy, ["#d5d8dc"] * 2000, "500 new digits among 2,000 digits", size=6)
plt.scatter(*placed.T, s=9, c=COLORS[data.y(new)].tolist(), linewidths=0)
plt.show()
print(f"{share:.0%} of the new digits are placed among digits of their own class")

# %% tags=["check"]
assert placed.shape == (500, 2) and share > 0.8

# %% [markdown]
# ## In short
#
# | The plot shows | Can you trust it? |
# |---|---|
# | which samples are neighbors | yes, as far as `quality` says |
# | that a cluster exists | if it appears at other perplexities too |
# | how large or dense a cluster is | no |
# | how far apart two clusters are | no |
# | that a sample moved from one epoch to the next | yes, with `embed_epochs`: `preserved` shows how much its neighborhood changed |
# | that there is no structure | no: measure it with a probe |
#
# Next: [your own model](03_your_own_model.ipynb).
