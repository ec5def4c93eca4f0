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
# In the [first lesson](01_fully_connected.ipynb) we looked at one layer of a finished model. Now the film: one layer
# through the epochs, then the layers against each other. And the question that should come with every picture of this
# kind: what can it be trusted for?

# %%
import tempfile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import cutaway as ct
from cutaway.embedding import embed
from cutaway.plots import CLASS_COLORS

# %matplotlib inline

COLORS = np.array(CLASS_COLORS)


def scatter(axis, xy, colors, title, size=4):
    """Points in the plane, without axes: their unit has no meaning."""
    axis.scatter(*xy.T, s=size, c=list(colors), linewidths=0, alpha=0.7)
    axis.set_title(title, fontsize=10)
    axis.set_aspect("equal")
    axis.set_xticks([])
    axis.set_yticks([])


# %% [markdown]
# ## A run to look at
#
# The model of the first lesson, trained for four epochs. `cutaway` keeps the weights after each of them; epoch 0 is the
# model before it has seen anything.

# %%
folder = tempfile.TemporaryDirectory()  # say runs="runs" to keep it
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
# ## One layer through the epochs
#
# Five separate t-SNE pictures could not be compared: each would turn and fold as it likes. `embed_epochs` starts each
# from the one before and lines it up, so that **a digit keeps its place as long as its neighbors stay the same**. What
# moves, moves for a reason.
#
# We take 2,000 test digits, which the model never learned from.

# %%
film = run.embed_epochs("dense_2", split="test", points=2000, progress=False)
digits = film.frames[0].labels

figure, axes = plt.subplots(1, 5, figsize=(15, 3.4), layout="constrained")
for axis, name, frame in zip(axes, film.names, film.frames, strict=True):
    scatter(axis, frame.xy, COLORS[digits], name)
handles = [
    plt.Line2D([], [], color=CLASS_COLORS[d], marker="o", linestyle="", label=str(d))
    for d in range(10)
]
figure.legend(handles=handles, loc="outside right center", title="digit")
figure.suptitle("dense_2 through the epochs, 2,000 test digits")
plt.show()

# %% [markdown]
# The heaps are there **before any training**. Random weights mix the pixels, but digits that look alike go on being
# neighbors. Learning pulls the heaps apart; it does not make them out of nothing.

# %% [markdown]
# How much happens from one epoch to the next? `kept` is the share of a digit's 15 nearest neighbors in the layer that
# are its neighbors again, `drift` how far it moved in the picture, in units of the picture's radius.

# %%
steps = [
    f"{a.removeprefix('epoch ')} to {b.removeprefix('epoch ')}"
    for a, b in zip(film.names, film.names[1:], strict=False)
]
moved = pd.DataFrame(
    {"neighbors kept": film.kept.mean(axis=1), "drift": film.drift.mean(axis=1)}, index=steps
)
moved.index.name = "epochs"
moved.round(3)

# %% [markdown]
# The first epoch changes most, and each later one less: the layer settles long before the model is done.

# %% tags=["check"]
assert film.xy.shape == (5, 2000, 2)
assert list(moved["neighbors kept"]) == sorted(moved["neighbors kept"])
assert 0.4 < moved["neighbors kept"].iloc[0] < 0.8 and moved["neighbors kept"].iloc[-1] > 0.88
assert moved["drift"].iloc[0] > 3 * moved["drift"].iloc[-1]

# %% [markdown]
# ### Who moves most?
#
# The twelve digits that moved farthest in the first epoch. Most of them are oddly written; red are those that the model
# still misreads at the end.

# %%
travellers = np.argsort(-film.drift[0])[:12]
pictures = data.x(film.ids.take(travellers))
after = film.frames[-1].predicted[travellers]

figure, axes = plt.subplots(1, 12, figsize=(13, 1.9), layout="constrained")
for axis, picture, digit, said in zip(axes, pictures, digits[travellers], after, strict=True):
    axis.imshow(picture, cmap="gray_r")
    axis.set_title(
        f"a {digit}\nread as {said}", fontsize=9, color="black" if digit == said else "#bd1f01"
    )
    axis.axis("off")
figure.suptitle("The farthest travellers of the first epoch")
plt.show()

# %% tags=["check"]
misread = film.frames[-1].predicted != digits
assert misread[travellers].mean() > 2 * misread.mean()

# %% [markdown]
# ## The layers against each other
#
# The same idea through the depth of the model: the pixels as they come in, the two hidden layers, and the answer.

# %%
depth = run.embed_layers(
    layers=["input", "dense_1", "dense_2", "output"], split="test", points=2000, progress=False
)

figure, axes = plt.subplots(1, 4, figsize=(14, 3.9), layout="constrained")
for axis, name, frame in zip(axes, depth.names, depth.frames, strict=True):
    scatter(
        axis,
        frame.xy,
        COLORS[digits],
        f"{name}\n{frame.quality.accuracy_layer:.0%} agree with their neighbors",
    )
figure.legend(handles=handles, loc="outside right center", title="digit")
figure.suptitle("From pixels to an answer, after 4 epochs")
plt.show()

# %% [markdown]
# Pixels alone already know a lot: a digit's neighbors among the raw pictures mostly have the same label. Each layer
# then keeps some neighborhoods and gives up others. In the output the heaps turn into threads: all that is left of a
# picture is ten probabilities, and the threads run from "surely a 4" to "perhaps a 9".

# %% tags=["check"]
agree = [frame.quality.accuracy_layer for frame in depth.frames]
assert np.array_equal(depth.frames[0].labels, digits)  # the same 2,000 digits as above
assert all(share > 0.8 for share in agree)
assert (
    depth.kept[-1].mean() < depth.kept[1].mean()
)  # the output gives up more neighborhoods than dense_2 does

# %% [markdown]
# ### The same in numbers
#
# Pictures seduce, so measure too. After each epoch and for each layer: a linear **probe** (can the digit be read off by
# weighing units?), the votes of the nearest **neighbors**, and the **separation** of the digits, the spread between
# them over the spread within.

# %%
story = run.layer_history(samples=2000, progress=False)
frame = story.to_pandas()
measures = {
    "probe_accuracy": "linear probe",
    "knn_accuracy": "nearest neighbors",
    "separation": "separation",
}

figure, axes = plt.subplots(1, 3, figsize=(13, 3.4), layout="constrained")
for axis, (column, title) in zip(axes, measures.items(), strict=True):
    for color, (layer, rows) in zip(CLASS_COLORS, frame.groupby("layer"), strict=False):
        axis.plot(rows["epoch"], rows[column], "o-", markersize=4, color=color, label=layer)
    axis.set_title(title)
    axis.set_xlabel("epoch")
    axis.set_xticks(range(5))
axes[0].set_ylabel("share of digits that are right")
axes[1].set_ylabel("share of digits that are right")
axes[2].set_ylabel("between digits / within")
axes[0].legend()
figure.suptitle("What each layer knows, and since when")
plt.show()

# %% [markdown]
# **CKA** compares two layers as a whole: 1 if they arrange the digits alike (up to turning and scaling), 0 if they have
# nothing in common.
#
# *Source: Kornblith, Norouzi, Lee and Hinton 2019, "Similarity of neural network representations revisited".*

# %%
story.cka().round(2)

# %% tags=["check"]
table = frame.set_index(["epoch", "layer"])
assert table.loc[(4, "output"), "separation"] > 3 * table.loc[(4, "dense_2"), "separation"]
assert table.loc[(4, "dense_2"), "separation"] > table.loc[(4, "dense_1"), "separation"]
assert (
    table.loc[(0, "output"), "probe_accuracy"]
    < table.loc[(0, "dense_1"), "probe_accuracy"] - 0.1
)
assert story.cka().loc["dense_1", "dense_2"] > story.cka().loc["dense_1", "output"]

# %% [markdown]
# ## What can it be trusted for?
#
# t-SNE promises one thing: neighbors stay neighbors. Everything else in the picture is a by-product. The way to find
# out what it does is to show it things that we know. (Many more of such experiments: Wattenberg, Viégas and Johnson
# 2016, "How to use t-SNE effectively", distill.pub/2016/misread-tsne.)

# %% [markdown]
# ### Not for sizes
#
# Two clouds in 20 dimensions, one ten times as wide as the other.

# %%
random = np.random.default_rng(0)


def cloud(middle, width, n=300):
    """A round cloud in 20 dimensions."""
    return (random.normal(size=(n, 20)) * width + middle).astype(np.float32)


def radius(points):
    """The mean distance from the middle of a cloud."""
    return np.linalg.norm(points - points.mean(axis=0), axis=1).mean()


two = np.concatenate([cloud(0, 1), cloud(40, 10)])
which = np.repeat([0, 6], 300)
flat = embed(two).xy
ratio_before, ratio_after = (
    radius(two[300:]) / radius(two[:300]),
    radius(flat[300:]) / radius(flat[:300]),
)

plt.figure(figsize=(4.2, 4.2), layout="constrained")
scatter(plt.gca(), flat, COLORS[which], "the orange cloud is ten times as wide", size=10)
plt.show()
print(f"width of orange over blue: {ratio_before:.1f} before, {ratio_after:.1f} in the picture")

# %% tags=["check"]
assert 9 < ratio_before < 11 and ratio_after < 2

# %% [markdown]
# A dense heap is blown up, a loose one drawn together: every sample attends to the same *number* of neighbors, near or
# far. The size of a heap says nothing.

# %% [markdown]
# ### Not for distances between heaps
#
# Three clouds on a line: blue and orange stand close together, violet ten times as far away.

# %%
three = np.concatenate([cloud(0, 1), cloud(5, 1), cloud(55, 1)])
which = np.repeat([0, 6, 4], 300)
flat = embed(three).xy
middles = np.array([flat[which == k].mean(axis=0) for k in (0, 6, 4)])
ratio = np.linalg.norm(middles[2] - middles[1]) / np.linalg.norm(middles[1] - middles[0])

plt.figure(figsize=(4.8, 4.2), layout="constrained")
scatter(plt.gca(), flat, COLORS[which], "violet should be ten times as far away", size=10)
plt.show()
print(f"orange to violet over blue to orange: 10 before, {ratio:.1f} in the picture")

# %% tags=["check"]
assert ratio < 4

# %% [markdown]
# ### Not for shapes in noise
#
# One cloud, and nothing in it. With few neighbors (a small `perplexity`) the picture shows clumps; with more they are
# gone. What appears at one setting only is not in the data.

# %%
nothing = cloud(0, 1, n=500)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
for axis, perplexity in zip(axes, (2, 10, 50), strict=True):
    scatter(
        axis,
        embed(nothing, perplexity=perplexity).xy,
        ["#717581"] * 500,
        f"perplexity {perplexity}",
        size=10,
    )
figure.suptitle("The same structureless cloud, three times")
plt.show()

# %% [markdown]
# Clumps are one thing, classes another. Color the cloud by made-up labels: if the picture could make groups of what
# has none, neighbors would share labels. They do not.

# %%
made_up = random.integers(0, 10, 500)
nonsense = embed(nothing, labels=made_up).quality
print(
    f"agree with their neighbors: {nonsense.accuracy_plane:.0%} in noise, where guessing gives 10 %"
)
print(f"                             {film.frames[-1].quality.accuracy_plane:.0%} in dense_2")

# %% tags=["check"]
assert nonsense.accuracy_plane < 0.2 and film.frames[-1].quality.accuracy_plane > 0.85

# %% [markdown]
# ### For neighbors, and it says how far
#
# Every embedding carries its measures. `trustworthiness` is 1 when nobody has a neighbor in the plane who is far away
# in the layer; `neighbors_preserved` is the share of the 15 nearest that were kept. Two dimensions cannot keep all of 512: a
# half is a good share.
#
# `wrong` says it for each digit: the share of its neighbors in the picture that are not even near it in the layer.
# Dark points stand in a place that means little.
#
# *Source of trustworthiness: Venna and Kaski 2001.*

# %%
picture = film.frames[-1]
figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.8), layout="constrained")
scatter(axes[0], picture.xy, COLORS[digits], "digit", size=6)
dots = axes[1].scatter(
    *picture.xy.T, s=6, c=picture.misplaced, cmap="plasma_r", vmin=0, vmax=1, linewidths=0
)
axes[1].set_title("share of neighbors here that are wrong", fontsize=10)
axes[1].set_aspect("equal")
axes[1].set_xticks([])
axes[1].set_yticks([])
figure.colorbar(dots, ax=axes[1])
plt.show()
print(
    f"trustworthiness {picture.quality.trustworthiness:.3f}, neighbors kept {picture.quality.neighbors_preserved:.0%}"
)

# %% [markdown]
# Where the picture doubts, does the model doubt as well? Compare the share of misread digits among the best placed and
# the worst placed quarter.

# %%
low, high = np.quantile(picture.misplaced, [0.25, 0.75])
well, badly = (
    misread[picture.misplaced <= low].mean(),
    misread[picture.misplaced >= high].mean(),
)
print(f"misread: {well:.1%} of the best placed quarter, {badly:.1%} of the worst placed")

# %% tags=["check"]
assert badly > 2 * well
assert (
    0.25 < picture.quality.neighbors_preserved < 0.7 and picture.quality.trustworthiness > 0.95
)
assert (
    picture.misplaced.shape == (2000,)
    and picture.misplaced.min() >= 0
    and picture.misplaced.max() <= 1
)

# %% [markdown]
# ### New digits in an old picture
#
# A picture that is trusted can be used: `transform` places digits that were not in it, and moves nothing that was. We
# take 500 validation digits and let the 15 nearest points of the picture vote.

# %%
newcomers = run.split.val.take(slice(0, 500))
h = run.activations("dense_2", split="val")[:500]
placed = picture.transform(h)

from sklearn.neighbors import KNeighborsClassifier

votes = KNeighborsClassifier(15).fit(picture.xy, digits).predict(placed)
share = (votes == data.y(newcomers)).mean()

plt.figure(figsize=(5, 5), layout="constrained")
scatter(plt.gca(), picture.xy, ["#d5d8dc"] * 2000, "500 newcomers among 2,000 digits", size=6)
plt.scatter(*placed.T, s=9, c=COLORS[data.y(newcomers)].tolist(), linewidths=0)
plt.show()
print(f"{share:.0%} of the newcomers are placed among their own kind")

# %% tags=["check"]
assert placed.shape == (500, 2) and share > 0.8

# %% [markdown]
# ## In short
#
# | The picture shows | Trust it? |
# |---|---|
# | who is near whom | yes, as far as `trust` says |
# | that a group exists | if it stays at other perplexities |
# | how large or dense a group is | no |
# | how far apart two groups are | no |
# | that a sample moved from epoch to epoch | yes, with `embed_epochs`: `kept` says why |
# | that nothing is there | no: measure with a probe |
#
# Next: [your own model](03_your_own_model.ipynb).

# %%
folder.cleanup()
