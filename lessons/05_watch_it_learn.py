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
# In the [last lesson](04_inside_the_network.ipynb) we looked at the layers of a trained model. Now we watch a layer
# change over the epochs, and compare the layers with each other. How far such plots can be trusted at all is the
# subject of lesson [8](08_what_tsne_can_say.ipynb). There are three exercises.
#
# The numbers in the text are those of our machine. Another CPU rounds differently, and a training then ends a
# little elsewhere.

# %% [markdown] tags=["goals"]
# After this lesson you can
#
# - follow one layer through training, with plots that can be compared,
# - say how much of a layer's neighborhoods changes from one epoch to the next,
# - compare the layers of a network by plots and by numbers,
# - find the points of a plot whose position means little.

# %% [markdown] tags=["about-solutions"]
# The solution to each exercise is folded below it: try it yourself first, then click on "Solution". To run it, copy it
# into your cell.

# %%
import tempfile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import cutaway as ct
from cutaway.plots import CLASS_COLORS, image_grid

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
# This is the model from lesson 3, trained for four epochs. `cutaway` saves the weights after each epoch; epoch
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
# `embed_epochs` starts each embedding from the previous one and aligns it, so that **a digit keeps its place as long
# as its neighbors stay the same**. If a point moves, there is a reason.
#
# We use 2,000 test digits, which the model has never trained on.
#
# **Before you run it:** what will the first of the five plots show, before any training?

# %%
sequence = run.embed_epochs("dense_2", split="test", samples=2000, progress=False)
digits = sequence.embeddings[0].labels
sequence.plot(columns=5)

# %% [markdown]
# All five plots have the same axes, so they can also be shown as a film:

# %%
sequence.film()

# %% [markdown]
# The ten groups are there **before any training**. Random weights mix the pixels, but digits that look alike remain
# neighbors. Training pulls the groups apart; it does not create them out of nothing.

# %% [markdown]
# How much changes from one epoch to the next? `preserved` is the share of a digit's 15 nearest neighbors in the layer
# that are still among its nearest after the next epoch. `drift` is how far the digit moved in the plot, as a fraction
# of the plot's radius.
#
# **Before you run it:** in which epoch do you expect the largest change?

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
# The first epoch changes the most: a digit keeps about 61% of its neighbors. In the fourth it keeps about 94%. The
# layer settles long before training ends.

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
image_grid(images, titles, columns=6)

# %% tags=["check"]
misclassified = final != digits
assert misclassified[farthest].mean() > misclassified.mean()

# %% [markdown]
# ### Exercise 1: a larger learning rate
#
# Train the same model with `learning_rate=0.1`, ten times as much. What share of the neighbors does a digit keep in
# `dense_2` from epoch 0 to epoch 1, in the mean over the same 2,000 test digits?
#
# *Hint: `embed_epochs(..., epochs=[0, 1])`, and `preserved`.*

# %% tags=["exercise"]
# your code here

ct.check("5.1", None)

# %% tags=["solution"]
faster_run = ct.train(
    ct.mlp(hidden=(512, 512), dropout=0.2),
    data,
    recipe="lesson-dropout",
    learning_rate=0.1,
    seed=0,
    runs=folder.name,
    progress=False,
)
first_step = faster_run.embed_epochs(
    "dense_2", split="test", samples=2000, epochs=[0, 1], progress=False
)
kept_neighbors = float(first_step.preserved.mean())
print(f"neighbors kept in the first epoch: {kept_neighbors:.1%}")
assert kept_neighbors < preserved[0] - 0.05  # larger steps move the layer further

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 1.** Five separate t-SNE plots, one per epoch, show the digit 3 in five different corners. What has moved?
#
# - a: Perhaps nothing: each plot may be turned and arranged differently.
# - b: The threes: they move through the layer as training goes on.
# - c: The labels: they are given out again for each plot.
#
# **Question 2.** From epoch 3 to 4, a digit keeps 94% of its neighbors. What changes in the other 6%?
#
# - a: Their labels.
# - b: Which images count as the nearest to the digit in this layer.
# - c: Nothing: that is an error of t-SNE.
#
# **Question 3.** The groups of digits are visible before training. Why?
#
# - a: Random weights keep images near that have similar pixels.
# - b: The initial weights were chosen with the labels in mind.
# - c: t-SNE always finds as many groups as there are classes.

# %% tags=["answer"]
ct.check("5.q1", "")
ct.check("5.q2", "")
ct.check("5.q3", "")

# %% [markdown]
# ## Comparing the layers
#
# We can do the same across the depth of the model: the input pixels, the two hidden layers, and the output.
#
# **Before you run it:** in which of them do you expect the cleanest groups?

# %%
by_layer = run.embed_layers(
    layers=["input", "dense_1", "dense_2", "output"], split="test", samples=2000, progress=False
)

by_layer.plot()

# %%
agree = [embedding.quality.accuracy_layer for embedding in by_layer.embeddings]
for name, share in zip(by_layer.names, agree, strict=True):
    print(f"{name}: {share:.0%} of the digits agree with their neighbors in the layer")

# %% [markdown]
# The pixels alone already tell us a lot: 89% of the digits have the same label as most of their nearest neighbors, and
# in each later layer it is about 91%. Each layer then preserves some neighborhoods and gives up others. In the output,
# the groups turn into threads: all that is left of an image is ten probabilities, and the threads run from "definitely
# a 4" to "maybe a 9".

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
# ### Exercise 2: when does a prediction settle?
#
# What share of all test digits has the same predicted digit after epoch 1 as after epoch 4?
#
# *Hint: `run.predictions(split="test", epoch=1)` has ten probabilities for each digit.*

# %% tags=["exercise"]
# your code here

ct.check("5.2", None)

# %% tags=["solution"]
early = run.predictions(split="test", epoch=1).argmax(axis=1)
late = run.predictions(split="test", epoch=4).argmax(axis=1)
settled = float((early == late).mean())
print(f"the same prediction after epoch 1 and epoch 4: {settled:.1%}")
assert 0.85 < settled < 0.95

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 4.** Why do the groups turn into threads in the output?
#
# - a: The output has only ten units, and most of an image's ten probabilities are close to 0 or 1.
# - b: The output has lost its training.
# - c: t-SNE draws threads when there are few points.
#
# **Question 5.** The probe reads the untrained output with 45% and the untrained hidden layers with 88%. What is the
# reason?
#
# - a: The output is further from the images, so it has seen fewer of them.
# - b: Ten numbers cannot hold what 512 numbers hold, and the ten were mixed at random.
# - c: Softmax is not linear, so a linear probe cannot read it.
#
# **Question 6.** CKA says 0.9 for two layers. What do they have in common?
#
# - a: 90% of their weights.
# - b: 90% of their predictions.
# - c: How they arrange the digits relative to one another, up to rotation and scale.

# %% tags=["answer"]
ct.check("5.q4", "")
ct.check("5.q5", "")
ct.check("5.q6", "")

# %% [markdown]
# ## How reliable is each point?
#
# Every embedding comes with quality measures. `trustworthiness` is 1 if no sample has a neighbor in the plane that is
# far away in the layer. `neighbors_preserved` is the share of the 15 nearest neighbors in the layer that are also
# neighbors in the plane. Two dimensions cannot preserve every neighborhood of 512 dimensions: one half is a good
# value.
#
# `misplaced` is a measure for each digit: the share of its neighbors in the plot that are far away from it in the
# layer. Dark points are badly placed, so their position means little.
#
# *Source of trustworthiness: Venna and Kaski 2001.*

# %%
last = sequence.embeddings[-1]
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
# placed best with the quarter that is placed worst. **Before you run it:** by how much will they differ?

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
# About 2% against about 23%. A digit that the plot cannot place well is often one that the model cannot place either:
# it lies between two groups.

# %% [markdown]
# ### Exercise 3: reliable points only
#
# Leave out the quarter of the digits that is placed worst. What share of the others does the model get right?

# %% tags=["exercise"]
# your code here

ct.check("5.3", None)

# %% tags=["solution"]
well_placed = last.misplaced < high
accuracy_of_well_placed = float(1 - misclassified[well_placed].mean())
print(f"{accuracy_of_well_placed:.1%} of the well-placed digits are right")
assert accuracy_of_well_placed > 1 - misclassified.mean()

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 7.** Half of the 15 nearest neighbors are preserved in the plane. What is lost?
#
# - a: Half of the digits are in the wrong group.
# - b: For a digit, about 7 of its 15 nearest neighbors in the layer are not among its 15 nearest in the plane.
# - c: Half of the distances are too large.
#
# **Question 8.** A point lies in the middle of the group of threes and is dark in the right plot. What do you
# conclude?
#
# - a: It is a three.
# - b: It is a mistake of the model.
# - c: Little: most of its neighbors in the plane are far from it in the layer.
#
# **Question 9.** Misplaced digits are misclassified more often. Does a bad place in the plot cause the mistakes?
#
# - a: Yes: the model reads the digit from its place.
# - b: No: both may come from an unusual way of writing; the model never sees the plot.
# - c: No: it is chance, since 2,000 digits are few.

# %% tags=["answer"]
ct.check("5.q7", "")
ct.check("5.q8", "")
ct.check("5.q9", "")

# %% [markdown]
# ## In short
#
# - `embed_epochs` gives plots that can be compared; five separate plots cannot be.
# - The groups were there before training. Training changes most in the first epoch, and most of all in the output.
# - Measure what you think you see: `preserved`, `quality`, a probe.
#
# Next: [why we do it this way](06_why_it_works.ipynb), and [what t-SNE can say](08_what_tsne_can_say.ipynb), where the
# question of trust has a lesson of its own.
