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
# # What t-SNE can say, and what it cannot
#
# In lessons 3 to 5 we drew maps of layers with t-SNE and read them. Now we build t-SNE ourselves, in some forty lines
# of NumPy, and then test it: on digits, and on data that we made and therefore understand. At the end you will know
# which parts of such a map say something about the data, and how to check it. There are six exercises.
#
# The numbers in the text are those of our machine. Another CPU rounds differently, and a training then ends a
# little elsewhere.

# %% [markdown] tags=["goals"]
# After this lesson you can
#
# - compute by hand what t-SNE computes: similarities of a given perplexity, similarities in the plane, and the
#   descent,
# - explain why the plane needs another kernel than the data, and show what happens without it,
# - say what perplexity, the start and the seed change on a map, and what they leave as it is,
# - test whether a group, a size or a distance on a map is in the data,
# - read the quality measures of a map, and place new samples in it.

# %% [markdown] tags=["about-solutions"]
# The solution to each exercise is folded below it: try it yourself first, then click on "Solution". To run it, copy
# it into your cell.

# %%
import html
import tempfile
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.spatial import ConvexHull, procrustes
from scipy.stats import entropy
from sklearn.manifold import TSNE
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from threadpoolctl import threadpool_limits

import cutaway as ct
from cutaway.embedding import embed, measure_quality, shared_neighbors
from cutaway.plots import CLASS_COLORS

# %matplotlib inline

BLUE, ORANGE, PURPLE, GRAY = "#3f90da", "#e76300", "#832db6", "#717581"
COLORS = np.array(CLASS_COLORS)


def scatter(axis, xy, colors, title, size=4):
    """Draw points without axes, because t-SNE coordinates have no unit."""
    # without antialiasing, the figures take a fifth of the space in this notebook
    axis.scatter(*xy.T, s=size, c=list(colors), linewidths=0, antialiased=False)
    axis.set_title(title, fontsize=10)
    axis.set_aspect("equal", adjustable="datalim")
    axis.set_xticks([])
    axis.set_yticks([])


# %% [markdown]
# ## From distances to similarities
#
# We begin with 300 training digits. Each is a point in a space of 784 dimensions, one for each pixel, and between any
# two points there is a distance. t-SNE looks at nothing but these distances.
#
# **Before you run it:** we take the first digit and sort the other 299 by their distance from it. How much nearer is
# the nearest one than the farthest: half as far, a tenth, a hundredth?

# %%
data = ct.load_dataset("mnist")
few = data.sources["train"].x[:300].reshape(300, -1) / data.scale
few_labels = data.sources["train"].y[:300]


def squared_distances(points):
    """Compute the squared distance of every two points."""
    lengths = (points**2).sum(axis=1)
    return np.maximum(lengths[:, None] + lengths - 2 * points @ points.T, 0)


squared = squared_distances(few)
from_first = np.sqrt(squared[0, 1:])
near, middle, far = from_first.min(), np.median(from_first), from_first.max()
print(f"nearest {near:.1f}, median {middle:.1f}, farthest {far:.1f}")

# %% [markdown]
# Only about half as far: 7.5 against 13.7. In a space of many dimensions, distances differ little. A method that
# turns them into "near" and "not near" has to be sharp.

# %% tags=["check"]
assert 0.4 < near / far < 0.6

# %% [markdown]
# ### From one point of view
#
# t-SNE turns the distances from one digit, $i$, into probabilities by a Gaussian kernel:
#
# $$p_{j|i} = \frac{\exp(-d_{ij}^2 / 2\sigma_i^2)}{\sum_{k \neq i} \exp(-d_{ik}^2 / 2\sigma_i^2)}$$
#
# Read it as: if the digit had to choose one neighbor, how probable would each one be? The width $\sigma_i$ decides
# how far it looks. As a measure of how far, t-SNE uses the **perplexity**, $2^H$, where $H$ is the entropy of the
# probabilities in bits. The perplexity of $k$ equal probabilities is exactly $k$, so you can read it as an effective
# number of neighbors.
#
# **Before you run it:** we compute the perplexity for six widths. Does it rise or fall with the width, and between
# which two numbers does it have to stay?


# %%
def similarities(squared, sigma):
    """Turn the squared distances from one point into probabilities."""
    weights = np.exp(-(squared - squared.min()) / (2 * sigma**2))  # the minimum cancels
    return weights / weights.sum()


others = squared[0, 1:]
widths = (0.3, 1, 2, 3, 5, 20)
perplexities = [2 ** entropy(similarities(others, sigma), base=2) for sigma in widths]
pd.DataFrame({"sigma": widths, "perplexity": perplexities}).round(1)

# %% [markdown]
# It rises, from 1.0 to 298.9. With the width 0.3, the nearest digit gets nearly everything. With 20, all 299 digits
# are almost equally probable, and there cannot be more of them. Between 1 and 2 it jumps from 3 to 60: a small change
# of the width makes a large difference.

# %% tags=["check"]
assert perplexities == sorted(perplexities)
assert 1 <= perplexities[0] < 1.05 and 298 < perplexities[-1] <= 299
assert perplexities[1] < 4 and perplexities[2] > 55

# %% [markdown]
# ### Binary search
#
# You choose the perplexity, and t-SNE finds the width for each point. Since the perplexity rises with the width, a
# **binary search** finds it: try the middle of an interval, and keep the half that contains the answer. Here are the
# first ten steps for the first digit and a perplexity of 15.
#
# **Before you run it:** the interval is from 0 to 20. How long is it after ten steps?

# %%
low, high, steps = 0.0, 20.0, []
for _ in range(10):
    sigma = (low + high) / 2
    effective = 2 ** entropy(similarities(others, sigma), base=2)
    steps.append({"low": low, "high": high, "sigma": sigma, "perplexity": effective})
    if effective < 15:
        low = sigma
    else:
        high = sigma
pd.DataFrame(steps).round(2)

# %% [markdown]
# 20 divided by $2^{10}$, which is 0.02. The width is near 1.55, and the perplexity is already between 14 and 15.
#
# Now the same for all digits, with 50 steps. Digit $i$ may find $j$ more similar than $j$ finds $i$, so t-SNE takes
# the mean of the two, and divides by the number of digits so that everything adds up to 1. This matrix $P$ is all
# that t-SNE knows about the data from here on.
#
# **Before you run it:** a digit's 15th nearest neighbor tells how crowded its surroundings are. The ones are written
# alike and lie closest together. Do they get the narrowest kernels?


# %%
def joint_similarities(squared, perplexity):
    """Return the matrix P, and the width that belongs to each point."""
    n = len(squared)
    conditional, widths = np.zeros((n, n)), np.zeros(n)
    for i in range(n):
        others = np.arange(n) != i
        low, high = 0.0, 20 * np.sqrt(squared.max())
        for _ in range(50):
            widths[i] = (low + high) / 2
            conditional[i, others] = similarities(squared[i, others], widths[i])
            wider = 2 ** entropy(conditional[i, others], base=2) < perplexity
            low, high = (widths[i], high) if wider else (low, widths[i])
    return (conditional + conditional.T) / (2 * n), widths


P, sigmas = joint_similarities(squared, 15)
distance_15 = np.sqrt(np.sort(squared, axis=1)[:, 15])  # the first is the digit itself
by_digit = pd.DataFrame({"15th neighbor": distance_15, "sigma": sigmas}).groupby(few_labels)
by_digit.mean().rename_axis("digit").T.round(2)

# %% [markdown]
# No. The 15th neighbor of a one is 6.08 away on average, nearer than for any other digit, but its width of 1.96 is in
# the middle: the eights have 1.79 and the zeros 2.34. What counts is not how near the neighbors are, but **how much
# nearer than the next ones**: adding the same number to all squared distances changes nothing, because it cancels in
# the fraction.
#
# **Before you run it:** now we make all images twice as bright, which doubles every distance. What happens to the
# widths, and what happens to $P$?

# %%
P_bright, sigmas_bright = joint_similarities(squared_distances(2 * few), 15)
ratios = sigmas_bright / sigmas
print(f"widths: from {ratios.min():.3f} to {ratios.max():.3f} times as large")
print(f"largest change of a similarity: {np.abs(P_bright - P).max():.6f}")

# %% [markdown]
# All widths double, and $P$ stays exactly as it was. What holds for all points together also holds for a part of
# them: a group of points that is wide gets wide kernels, and a group that is tight gets narrow ones. **From here on,
# t-SNE can no longer know how wide a group was.** Remember this for later.

# %% tags=["check"]
average = by_digit.mean()
assert average["15th neighbor"].idxmin() == 1 and average["15th neighbor"].min() < 6.5
assert average["sigma"].rank()[1] in (3, 4, 5, 6, 7) and average["sigma"].idxmin() == 8
assert np.allclose(ratios, 2, atol=1e-6) and np.allclose(P_bright, P, atol=1e-9)
assert np.isclose(P.sum(), 1) and np.allclose(P, P.T) and np.all(np.diag(P) == 0)
assert abs(sigmas[0] - steps[-1]["sigma"]) < 0.05

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 1.** A point gives four others the probabilities 0.25, 0.25, 0.25 and 0.25, and all others 0. What is the
# perplexity?
#
# - a: 2, because the entropy of four equal probabilities is 2 bits.
# - b: 4, because it counts how many neighbors have an equal share.
# - c: 0.25, because this is the largest of the probabilities.
#
# **Question 2.** We add 5 to all squared distances from a point. What happens to its similarities, with the same
# $\sigma$?
#
# - a: They all get smaller, because all neighbors are farther away.
# - b: They become more equal, because the distances differ less.
# - c: They stay as they are, because only differences matter.
#
# **Question 3.** In a table of 299 points around it, a point has perplexity 15. How many of them have a similarity
# above 0?
#
# - a: All 299, but most of them have hardly any.
# - b: Exactly 15, and all others have none.
# - c: At least 15, depending on how far they are.

# %% tags=["answer"]
ct.check("8.q1", "")
ct.check("8.q2", "")
ct.check("8.q3", "")

# %% [markdown]
# ### Exercise 1: perplexity by hand
#
# We used `scipy.stats.entropy`. Write a function of your own that takes an array of probabilities, some of which may
# be 0, and returns their perplexity, $2^H$ with $H = -\sum_j p_j \log_2 p_j$. What is 0 times the logarithm of 0?

# %% tags=["exercise"]
# your code here

ct.check("8.1", None)


# %% tags=["solution"]
def perplexity_by_hand(probabilities):
    """Effective number of neighbors."""
    positive = probabilities[probabilities > 0]  # 0 log 0 counts as 0, its limit
    return 2 ** -np.sum(positive * np.log2(positive))


assert np.isclose(perplexity_by_hand(np.array([0.5, 0.25, 0.25, 0])), 2**1.5)

# %% [markdown]
# ## From similarities to a map
#
# t-SNE now looks for places in the plane such that the similarities there, $Q$, are like $P$. The obvious way would
# be to compute $Q$ with a Gaussian kernel too, as the older method SNE does (Hinton and Roweis 2002). What is wrong
# with it?
#
# ### There is less room in the plane
#
# **Before you run it:** take a ball with radius 1 and a smaller one inside it with half the radius. In the plane, the
# smaller one has a quarter of the area. What share of the volume does it have in 20 dimensions?

# %%
for dimensions in (2, 3, 10, 20):
    print(f"{dimensions:2} dimensions: {0.5**dimensions:.7f} of the volume")

directions = np.random.default_rng(0).normal(size=(10_000, 20))
ball = directions / np.linalg.norm(directions, axis=1, keepdims=True)
ball *= np.random.default_rng(1).random((10_000, 1)) ** (1 / 20)  # even in the ball
typical_radius = np.median(np.linalg.norm(ball, axis=1))
print(f"half of 10,000 random points in 20 dimensions: farther out than {typical_radius:.3f}")

# %% [markdown]
# A millionth. Nearly all of the ball is near its surface: half of the points are farther out than 0.966. A digit can
# therefore have very many others at about the same, moderate distance. In the plane there is no room for them at this
# distance. If near neighbors are drawn at the right distance, those at a moderate distance have to be drawn too close
# together, or much too far away. This is the **crowding problem**.
#
# The "t" in t-SNE is the answer. In the plane, it uses the kernel of Student's t distribution with one degree of
# freedom, $1 / (1 + d^2)$, instead of the Gaussian $\exp(-d^2)$.
#
# **Before you run it:** at which distance has each kernel fallen to 0.1, and at which to 0.01?

# %%
distance = np.linspace(0, 6, 601)
gaussian, student = np.exp(-(distance**2)), 1 / (1 + distance**2)
radius = np.linspace(0, 1, 201)

figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for dimensions, color in ((2, BLUE), (3, ORANGE), (20, PURPLE)):
    axes[0].plot(radius, radius**dimensions, color=color, label=f"{dimensions} dimensions")
axes[0].set_title("Where the volume of a ball is")
axes[0].set_xlabel("radius of the smaller ball / radius of the ball")
axes[0].set_ylabel("share of the volume")
axes[0].legend()
axes[1].plot(distance, gaussian, color=BLUE, label="Gaussian: exp(-d²)")
axes[1].plot(distance, student, color=ORANGE, label="Student's t: 1 / (1 + d²)")
axes[1].axhline(0.1, color=GRAY, linewidth=0.8, linestyle=":")
axes[1].set_title("The two kernels; dotted: 0.1")
axes[1].set_xlabel("distance d (no unit)")
axes[1].set_ylabel("value of the kernel")
axes[1].legend()
plt.show()

for value in (0.1, 0.01):
    print(f"{value}: Gaussian {np.sqrt(-np.log(value)):.2f}, t {np.sqrt(1 / value - 1):.2f}")

# %% [markdown]
# The Gaussian is down to 0.1 at 1.52 and the t kernel only at 3; to 0.01 it is 2.15 against 9.95. Two digits that are
# **somewhat** similar can be drawn twice as far apart, and two that are **hardly** similar more than four times as
# far. Near neighbors stay near, and everybody else gets room.
#
# *Source: van der Maaten and Hinton 2008, "Visualizing data using t-SNE", JMLR 9.*

# %% tags=["check"]
assert 0.5**20 < 1e-6 and abs(typical_radius - 0.5 ** (1 / 20)) < 0.003
assert abs(np.exp(-(1.52**2)) - 0.1) < 0.002 and abs(1 / (1 + 9.95**2) - 0.01) < 1e-4

# %% [markdown]
# ### The loss and its gradient
#
# How different are $P$ and $Q$? t-SNE measures it by the **Kullback-Leibler divergence**, in nats, the unit of
# natural logarithms:
#
# $$\mathrm{KL} = \sum_{ij} p_{ij} \ln \frac{p_{ij}}{q_{ij}}$$
#
# It is 0 if they are equal. A pair with a large $p$ and a small $q$ (neighbors torn apart) costs a lot; a pair with a
# small $p$ and a large $q$ (strangers drawn together) costs little. The gradient is
#
# $$\frac{\partial \mathrm{KL}}{\partial y_i} = 4 \sum_j (p_{ij} - q_{ij})\,\frac{y_i - y_j}{1 + d_{ij}^2}$$
#
# Two digits attract each other if they should be more similar than they are, and repel each other otherwise.


# %%
def kernel_and_similarities(Y, student=True):
    """Return the kernel of every two points in the plane, and their similarities Q."""
    squared = squared_distances(Y)
    kernel = 1 / (1 + squared) if student else np.exp(-squared)
    np.fill_diagonal(kernel, 0)
    return kernel, kernel / kernel.sum()


def divergence(P, Y, student=True):
    """Compute KL(P, Q) in nats."""
    Q = kernel_and_similarities(Y, student)[1]
    return np.sum(P[P > 0] * np.log(P[P > 0] / Q[P > 0]))


def gradient(P, Y, exaggeration=1, student=True):
    """Compute the derivative of the divergence with respect to each coordinate."""
    kernel, Q = kernel_and_similarities(Y, student)
    force = exaggeration * P - Q
    if student:
        force = force * kernel
    return 4 * (force.sum(axis=1, keepdims=True) * Y - force @ Y)


# %% [markdown]
# As in lesson 2, we check the gradient before we use it: move one coordinate a little and see how the divergence
# changes.

# %%
Y = np.random.default_rng(0).normal(size=(300, 2))
moved_up, moved_down = Y.copy(), Y.copy()
moved_up[7, 1] += 1e-5
moved_down[7, 1] -= 1e-5
for student in (True, False):
    numeric = (divergence(P, moved_up, student) - divergence(P, moved_down, student)) / 2e-5
    exact = gradient(P, Y, student=student)[7, 1]
    print(
        f"{'t kernel' if student else 'Gaussian':8}: numeric {numeric:.6f}, exact {exact:.6f}"
    )

# %% tags=["check"]
for student in (True, False):
    numeric = (divergence(P, moved_up, student) - divergence(P, moved_down, student)) / 2e-5
    assert np.isclose(numeric, gradient(P, Y, student=student)[7, 1], rtol=1e-4)

# %% [markdown]
# ### The descent
#
# All digits start near the center, at random. Then comes gradient descent with momentum: a step keeps 0.8 of the step
# before. In the first 50 iterations, all $p_{ij}$ are multiplied by 4. This **early exaggeration** strengthens the
# attractive forces, so that similar digits can find each other before the map fills up.
#
# **Before you run it:** what will the map look like after the exaggeration, and what changes in the next 450
# iterations?


# %%
def descend(P, seed=0, exaggeration=4, rate=100, student=True, iterations=500):
    """Find a map by gradient descent; return it after 50 and after all iterations."""
    Y = 1e-4 * np.random.default_rng(seed).normal(size=(len(P), 2))
    step = np.zeros_like(Y)
    for iteration in range(iterations):
        early = iteration < 50
        factor, momentum = (exaggeration, 0.5) if early else (1, 0.8)
        # an exaggerated force needs shorter steps
        speed = min(rate, len(P) / factor) if early else rate
        step = momentum * step - speed * gradient(P, Y, factor, student)
        Y = Y + step
        if iteration == 49:
            after_exaggeration = Y
    return after_exaggeration, Y


early_map, by_hand = descend(P)

figure, axes = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
for axis, xy, when in zip(axes, (early_map, by_hand), (50, 500), strict=True):
    title = f"after {when} iterations: KL = {divergence(P, xy):.2f} nats"
    scatter(axis, xy, COLORS[few_labels], title, size=12)
figure.suptitle("t-SNE by hand: 300 digits, one color for each digit")
plt.show()

# %% [markdown]
# After the exaggeration, the digits have a rough order but no groups yet, and the divergence is 2.11. In the
# remaining iterations the groups draw together and it falls to 0.49. The labels were used for the colors only.

# %% tags=["check"]
kl_by_hand = divergence(P, by_hand)
assert 0.46 < kl_by_hand < 0.52 and divergence(P, early_map) > 1.2 * kl_by_hand

# %% [markdown]
# ### Is it really the kernel?
#
# The control: the same $P$, the same starts and the same descent, but with the Gaussian in the plane. Its gradient is
# steeper, so that it needs a learning rate of 10 instead of 100. Exaggeration is off for both. We run five seeds, and
# besides the divergence we count how many of a digit's 15 nearest neighbors in the pixels are also among its 15
# nearest on the map.
#
# **Before you run it:** what will the map look like without the heavier tail?

# %%
controls, control_rows = {}, []
for name, student, rate in (("Student's t", True, 100), ("Gaussian", False, 10)):
    for seed in range(5):
        xy = descend(P, seed, exaggeration=1, rate=rate, student=student)[1]
        controls.setdefault(name, xy)  # the first is for the figure
        kept = measure_quality(few, xy, seed=0).neighbors_preserved
        control_rows.append(
            {"kernel": name, "KL": divergence(P, xy, student), "neighbors preserved": kept}
        )

figure, axes = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
for axis, (name, xy) in zip(axes, controls.items(), strict=True):
    scatter(axis, xy, COLORS[few_labels], name, size=12)
figure.suptitle("The same similarities, with two kernels in the plane")
plt.show()
by_kernel = pd.DataFrame(control_rows).groupby("kernel").agg(["min", "max"])
by_kernel.round(2)

# %% [markdown]
# With the Gaussian, the map is a disk that is filled nearly evenly, with hardly a gap between the groups. Its
# divergence is between 1.40 and 1.46, and that of the t kernel between 0.53 and 0.58. The neighbors suffer less than
# the looks: 0.51 to 0.54 of them are preserved, against 0.58 to 0.60.

# %% tags=["check"]
loss = by_kernel["KL"]
assert loss.loc["Gaussian", "min"] > 2 * loss.loc["Student's t", "max"]
kept = by_kernel["neighbors preserved"]
assert kept.loc["Gaussian", "max"] < kept.loc["Student's t", "min"]
# longer steps do not help the Gaussian
longer = descend(P, exaggeration=1, rate=20, student=False)[1]
assert divergence(P, longer, student=False) > 1.38

# %% [markdown]
# ### Does early exaggeration help?
#
# The paper of 2008 multiplies by 4. Most programs now multiply by 12, for longer.
#
# **Before you run it:** we compare 1 (no exaggeration), 4 and 12, each with five random starts. Which one ends with
# the lowest divergence, and is it the same one for all five?

# %%
rows = {}
for factor in (1, 4, 12):
    rows[f"times {factor}"] = [
        divergence(P, descend(P, seed=seed, exaggeration=factor)[1]) for seed in range(5)
    ]
exaggerations = pd.DataFrame(rows, index=pd.Index(range(5), name="seed")).T
exaggerations.assign(mean=exaggerations.mean(axis=1)).round(2)

# %% [markdown]
# A factor of 4 ends lowest for each of the five starts, with 0.50 on average instead of 0.56, and the five results
# are closer together. But more is not better: with 12, it is 0.61, worse than with none at all. The 12 of today's
# programs was chosen for larger data and more iterations; for 300 digits and 50 iterations, it is too much.

# %% tags=["check"]
assert exaggerations.loc["times 4"].std() < exaggerations.loc["times 1"].std()
means = exaggerations.mean(axis=1)
assert (exaggerations.loc["times 4"] < exaggerations.loc["times 1"]).all()
assert means["times 4"] < means["times 1"] < means["times 12"]

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 4.** Two digits are hardly similar: $p_{ij}$ is very small. On the map they lie close together. How does
# t-SNE see this?
#
# - a: As a small mistake: pairs with a small $p_{ij}$ hardly count in the sum.
# - b: As a large mistake: strangers must not be drawn next to each other.
# - c: As no mistake: it knows only the neighbors, and no other pairs at all.
#
# **Question 5.** What does the heavier tail of the t kernel change on the map?
#
# - a: Near neighbors come closer together than with the Gaussian kernel.
# - b: Pairs with a moderate similarity may be drawn much farther apart.
# - c: Points far away stop repelling each other, which saves time.
#
# **Question 6.** Two runs of the descent end with a divergence of 0.48 and 0.58, with the same $P$. What may you
# conclude?
#
# - a: The second map shows a different property of the data than the first.
# - b: The second map is wrong, because gradient descent finds the minimum.
# - c: The second run has stopped in a place that fits the similarities less well.

# %% tags=["answer"]
ct.check("8.q4", "")
ct.check("8.q5", "")
ct.check("8.q6", "")

# %% [markdown]
# ### Exercise 2: two kernels in numbers
#
# Compute four numbers, by hand or in Python: the value of the Gaussian kernel and of the t kernel at the distance 3,
# and then the distance at which the Gaussian and the t kernel have fallen to 0.001. The kernels are those in the
# plane. Give the numbers to `ct.check` as an array in this order.

# %% tags=["exercise"]
# your code here

ct.check("8.2", None)

# %% tags=["solution"]
kernel_numbers = np.array([np.exp(-9), 1 / 10, np.sqrt(np.log(1000)), np.sqrt(1000 - 1)])
assert (
    kernel_numbers[1] > 800 * kernel_numbers[0] and kernel_numbers[3] > 12 * kernel_numbers[2]
)

# %% [markdown]
# ## The same with a library
#
# Our descent computes all pairs in every iteration. For thousands of points you use a library: scikit-learn has
# `TSNE`, and `cutaway` has `embed` (a function) and `ct.TSNE` (with the interface of scikit-learn). Both compute
# similarities only with the nearest neighbors, as many as three times the perplexity, because all others are nearly
# 0.
#
# **Before you run it:** we embed the same 300 digits with both and measure the result with *our* divergence. Are they
# much better than our forty lines?

# %%
with threadpool_limits(1, user_api="openmp"):  # few points: threads would only wait
    sklearn_few = TSNE(perplexity=15, random_state=0).fit_transform(few)
cutaway_few = embed(few, perplexity=15).xy
cutaway_four = embed(few, perplexity=15, early_exaggeration=4, early_exaggeration_iter=50).xy
found = {
    "by hand, times 4": divergence(P, by_hand),
    "scikit-learn, times 12": divergence(P, sklearn_few.astype(float)),
    "cutaway, times 12": divergence(P, cutaway_few.astype(float)),
    "cutaway, times 4": divergence(P, cutaway_four.astype(float)),
}
pd.Series(found, name="KL in nats").round(2).to_frame()

# %% [markdown]
# They are not better: all four are between 0.49 and 0.51. What a library gives you is speed. Our descent needs four
# times as long for twice as many digits.

# %% tags=["check"]
assert all(0.44 < value < 0.58 for value in found.values())

# %% [markdown]
# ### A thousand digits, as in 2017
#
# Now to a hidden layer, `dense_2` of the model from lesson 5, and to test digits. In the first version of this
# course, in 2017, this was a thousand digits and scikit-learn.

# %%
folder = tempfile.TemporaryDirectory()  # it goes with the notebook: runs="runs" keeps the run
run = ct.train(
    ct.mlp(hidden=(512, 512), dropout=0.2),
    data,
    recipe="lesson-dropout",
    seed=0,
    runs=folder.name,
    progress=False,
)
hidden = run.activations("dense_2", split="test")[:2000]
digits = run.labels(split="test")[:2000]
predicted = run.predictions(split="test").argmax(axis=1)[:2000]
print(f"correct: {(predicted == digits).mean():.2f} of 2,000 test digits")

# %% tags=["check"]
assert 0.85 < (predicted == digits).mean() < 0.91

# %% [markdown]
# To compare two maps, we use two measures. The first is the share of neighbors in common: of a digit's 15 nearest on
# one map, how many are among its 15 nearest on the other? The second is the **Procrustes disparity**: we shift,
# rotate, reflect and scale one map so that it fits the other best, and take the sum of squares that is left. 0 means
# that the maps are the same, and 1 that they have nothing in common.
#
# **Before you run it:** two programs, the same 1,000 digits. How many of the neighbors do they have in common, and if
# you lay one map on the other, do the groups coincide?


# %%
def neighbors(points, k=15):
    """Find the k nearest neighbors of each point."""
    return NearestNeighbors(n_neighbors=k).fit(points).kneighbors(return_distance=False)


with threadpool_limits(1, user_api="openmp"):
    sklearn_map = TSNE(random_state=0).fit_transform(hidden[:1000])
cutaway_map = ct.TSNE().fit_transform(hidden[:1000])

in_common = shared_neighbors(neighbors(sklearn_map), neighbors(cutaway_map)).mean()
first_map, second_map, disparity = procrustes(sklearn_map, cutaway_map)
figure, axes = plt.subplots(1, 2, figsize=(8.5, 4.2), layout="constrained")
scatter(axes[0], first_map, COLORS[digits[:1000]], "sklearn.manifold.TSNE", size=8)
scatter(axes[1], second_map, COLORS[digits[:1000]], "cutaway.TSNE", size=8)
figure.suptitle("dense_2, 1,000 test digits, the second map laid on the first")
plt.show()
print(f"neighbors in common: {in_common:.2f}, disparity: {disparity:.1f}")

# %% [markdown]
# Four of five neighbors are the same, and the disparity is only 0.1: the groups have the same places, but for one or
# two that are shifted. Both programs begin with the first two principal components, so that this is no accident.

# %% tags=["check"]
assert in_common > 0.7 and disparity < 0.2

# %% [markdown]
# ### An interactive chart by hand
#
# In a chart that you can point at, you find out which digit a strange point is. `run.embed("dense_2").bokeh()` draws
# one, but it is easy to make one yourself. A Bokeh `figure` draws columns of a `ColumnDataSource`; the tooltip of the
# `HoverTool` may use any of them, even an image; and a click in the legend hides a digit. `file_html` writes all of
# it into one page, together with Bokeh's own script, so that nothing is fetched from the network.

# %%
from bokeh.embed import file_html
from bokeh.models import ColumnDataSource, HoverTool
from bokeh.plotting import figure as bokeh_figure
from bokeh.resources import INLINE
from IPython.display import HTML

from cutaway.plots import data_uri, image_png

plot = bokeh_figure(
    width=640,
    height=560,
    title="dense_2, 1,000 test digits",
    tools="pan,wheel_zoom,reset",
    active_scroll="wheel_zoom",
    match_aspect=True,
)
test_images = data.sources["test"].x[:1000]
for digit in range(10):
    rows_of_digit = np.flatnonzero(digits[:1000] == digit)
    source = ColumnDataSource(
        {
            "x": cutaway_map[rows_of_digit, 0],
            "y": cutaway_map[rows_of_digit, 1],
            "row": rows_of_digit,
            "predicted": predicted[rows_of_digit],
            "image": [data_uri(image_png(test_images[row])) for row in rows_of_digit],
        }
    )
    plot.scatter(
        "x", "y", source=source, size=6, color=CLASS_COLORS[digit], legend_label=str(digit)
    )
plot.add_tools(
    HoverTool(tooltips='<img src="@image" width="56"> test[@row], read as @predicted')
)
plot.legend.click_policy = "hide"
plot.axis.visible = False
plot.grid.visible = False

page = file_html(plot, INLINE, title="t-SNE")
HTML(
    f'<div><iframe srcdoc="{html.escape(page)}" width="680" height="590" '
    'style="border: 0"></iframe></div>'
)

# %% tags=["check"]
assert sum(len(part.data_source.data["x"]) for part in plot.renderers) == 1000
assert "cdn.bokeh.org" not in page

# %% [markdown]
# ### What the perplexity changes
#
# From now on we use 2,000 digits. `neighbors preserved` is the share of the 15 nearest neighbors in the layer that
# are among the 15 nearest on the map. `distance correlation` compares the distances of **all** pairs, by their ranks:
# 1 means that the map orders them exactly as the layer does.
#
# **Before you run it:** the perplexity goes from 2 to 500. Which value preserves the most neighbors, which one
# preserves the order of all distances best, and which has the lowest KL?

# %%
by_perplexity = {value: embed(hidden, perplexity=value) for value in (2, 10, 30, 100, 500)}

figure, axes = plt.subplots(1, 5, figsize=(11, 2.6), layout="constrained")
for axis, (value, layout) in zip(axes, by_perplexity.items(), strict=True):
    scatter(axis, layout.xy, COLORS[digits], f"perplexity {value}", size=1)
figure.suptitle("dense_2, 2,000 test digits")
plt.show()

perplexity_table = pd.DataFrame(
    {
        "KL in nats": [each.kl_divergence for each in by_perplexity.values()],
        "neighbors preserved": [
            each.quality.neighbors_preserved for each in by_perplexity.values()
        ],
        "distance correlation": [
            each.quality.distance_correlation for each in by_perplexity.values()
        ],
    },
    index=pd.Index(by_perplexity, name="perplexity"),
)
perplexity_table.round(2)

# %% [markdown]
# Perplexity 30 preserves the most of the 15 nearest neighbors, 0.49. With 500, only 0.34 are left, but the distances
# of all pairs agree better than at any other perplexity, with 0.71. With 2, the groups fall apart into small pieces.
# So there is no best perplexity: small values look closely, large ones see the whole.
#
# The KL is lowest with 500, at 0.37, where the fewest neighbors are preserved. It cannot be compared: each perplexity
# has a $P$ of its own, and the KL says how well the map fits this $P$.

# %% tags=["check"]
kept_by_perplexity = perplexity_table["neighbors preserved"]
assert kept_by_perplexity.idxmax() == 30 and kept_by_perplexity.idxmin() == 500
assert perplexity_table["distance correlation"].idxmax() == 500
assert perplexity_table["KL in nats"].idxmin() == 500

# %% [markdown]
# ### What the start changes
#
# With `init="random"`, the seed decides where the descent starts. We compare the maps of five seeds with
# each other, all ten pairs. Besides the digits, we do this for data that we made: ten groups in 20 dimensions, with a
# wide gap between any two of them.
#
# **Before you run it:** for which of the two will the five maps agree: for the digits, for the ten groups, for both
# or for neither?


# %%
def compare_starts(points):
    """Return the maps of five random starts, their KL, and the agreement of each pair."""
    made = [embed(points, init="random", seed=seed, quality=False) for seed in range(5)]
    maps, losses = [each.xy for each in made], [each.kl_divergence for each in made]
    near = [neighbors(xy) for xy in maps]
    pairs = list(combinations(range(5), 2))
    common = [shared_neighbors(near[a], near[b]).mean() for a, b in pairs]
    disparities = [procrustes(maps[a], maps[b])[2] for a, b in pairs]
    return maps, losses, common, disparities


group = np.repeat(np.arange(10), 150)
places = 6 * np.random.default_rng(0).normal(size=(10, 20))
ten_groups = places[group] + np.random.default_rng(1).normal(size=(1500, 20))

figure, axes = plt.subplots(2, 3, figsize=(9.5, 6.2), layout="constrained")
starts = {}
for line, name, points, classes in zip(
    axes, ("digits", "ten groups"), (hidden, ten_groups), (digits, group), strict=True
):
    maps, *starts[name] = compare_starts(points)
    for seed, axis in enumerate(line):
        scatter(
            axis, procrustes(maps[0], maps[seed])[1], COLORS[classes], f"{name}, seed {seed}"
        )
figure.suptitle("Three random starts, each map laid on the first")
plt.show()
averages = pd.DataFrame(
    {name: [np.mean(values) for values in found] for name, found in starts.items()},
    index=["KL in nats", "neighbors in common", "disparity"],
)
averages.T.round({"KL in nats": 2, "neighbors in common": 2, "disparity": 1})

# %% [markdown]
# For the digits, all five maps are nearly the same: 0.86 of the neighbors agree on average, and the disparity is 0.0.
# For the ten groups, the disparity is 0.9, nearly as much as it can be: **each start puts the groups in other
# places**. Inside the groups, 0.56 of the neighbors still agree.
#
# Why the difference? Between the ten groups there is nothing. Almost all $p_{ij}$ from one group to another are 0, so
# that the divergence is nearly the same wherever the groups lie: the five KL differ by less than 2%. Between the
# groups of digits, there are digits that can be read in two ways. Do they hold the groups in place?
#
# **Before you run it:** the control. We keep only digits inside the groups: of their 30 nearest neighbors in the
# layer, 95% or more have the same label. That is less than half of the 2,000. Will the five starts still agree? And
# if we keep as many digits, but chosen at random?

# %%
same_label = digits[neighbors(hidden, 30)] == digits[:, None]
inside = np.flatnonzero(same_label.mean(axis=1) >= 0.95)
at_random = np.random.default_rng(0).permutation(2000)[: len(inside)]
for name, kept_rows in (("inside the groups", inside), ("as many at random", at_random)):
    starts[name] = compare_starts(hidden[kept_rows])[1:]
    print(f"{name}: disparity {np.mean(starts[name][2]):.1f}")

# %% [markdown]
# Without the digits in between, the disparity rises from 0.0 to 0.7: the groups lose their places. With as many
# digits at random it stays 0.0, so that the smaller number is not the reason. You often read that the places of
# groups on a t-SNE map mean nothing. More precisely: **it depends on what lies between the groups.**
#
# By default, `embed` and scikit-learn do not start at random, but with the first two principal components. Then the
# seed changes nothing, as the next cell checks. The maps are always the same, but that is no evidence that their
# places mean something.

# %% tags=["check"]
assert max(starts["digits"][2]) < 0.1 and min(starts["digits"][1]) > 0.75
assert min(starts["ten groups"][2]) > 0.4 and min(starts["ten groups"][1]) > 0.4
assert max(starts["ten groups"][0]) < 1.02 * min(starts["ten groups"][0])
assert 600 < len(inside) < 1000 and np.mean(starts["inside the groups"][2]) > 0.3
assert np.mean(starts["as many at random"][2]) < 0.1
same_start = [embed(ten_groups, seed=seed, quality=False).xy for seed in (0, 1)]
assert np.array_equal(*same_start)

# %% [markdown]
# ### Pixels, untrained layer, trained layer
#
# **Before you run it:** three maps of the same 2,000 digits: their pixels, `dense_2` before training (epoch 0), and
# `dense_2` after four epochs. On which one does a vote of the 15 nearest neighbors find the label most often, and is
# the untrained layer better or worse than the pixels?

# %%
spaces = {
    "pixels": run.activations("input", split="test")[:2000],
    "untrained": run.activations("dense_2", split="test", epoch=0)[:2000],
    "trained": hidden,
}
layouts = {name: embed(points, labels=digits) for name, points in spaces.items()}

figure, axes = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained")
for axis, (name, layout) in zip(axes, layouts.items(), strict=True):
    scatter(axis, layout.xy, COLORS[digits], name)
figure.suptitle("The same 2,000 test digits in three spaces")
plt.show()
votes = pd.DataFrame(
    {
        "in the space": [each.quality.accuracy_layer for each in layouts.values()],
        "on the map": [each.quality.accuracy_plane for each in layouts.values()],
    },
    index=pd.Index(layouts, name="vote of 15 neighbors"),
)
votes.round(2)

# %% [markdown]
# Most of what you see was there before any training: in the pixels, the vote is right for 0.85 of the digits. The
# untrained layer is a little worse, with 0.82: random weights only mix the pixels. Training brings it to 0.89. On the
# maps, the votes are about the same as in the spaces, 0.87, 0.83 and 0.88. The gaps between the groups grow much more
# than these numbers.

# %% tags=["check"]
assert votes.loc["untrained"].max() < votes.loc["pixels"].min() + 0.01
assert (votes.loc["trained"] > votes.loc["pixels"]).all()
assert (votes["in the space"] - votes["on the map"]).abs().max() < 0.04

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 7.** A map with perplexity 5 has KL = 1.25, one with perplexity 100 of the same digits has KL = 0.80.
# Which map is better?
#
# - a: The one with 100, because its divergence is lower.
# - b: The one with 5, because it shows more detail.
# - c: This cannot be told from the two divergences.
#
# **Question 8.** You run `embed` five times with the default start, `"pca"`, and five different seeds. All maps are
# equal. What does this tell you about the groups on the map?
#
# - a: Their places are reliable, because they do not depend on chance.
# - b: Nothing: the seed had no part in computing these maps.
# - c: The descent has found the lowest divergence that is possible.
#
# **Question 9.** With other random starts, groups on a map change places, but inside each group you find the same
# points. What do you conclude about the data?
#
# - a: The groups may be real; where they lie on the map means nothing.
# - b: The groups are an artifact, because real ones would stay in place.
# - c: The perplexity was too low, because otherwise all maps would agree.

# %% tags=["answer"]
ct.check("8.q7", "")
ct.check("8.q8", "")
ct.check("8.q9", "")

# %% [markdown]
# ### Exercise 3: two seeds, fewer neighbors
#
# The five maps of the digits agreed at perplexity 30. Embed `hidden` at perplexity 5, with random starts and the
# seeds 0 and 1. What share of the 15 nearest neighbors do the two maps have in common? Look at the maps, too: do the
# digits still have the same places? Check the share.
#
# *Hint: `embed`, `neighbors` and `shared_neighbors`, as in `compare_starts`.*

# %% tags=["exercise"]
# your code here

ct.check("8.3", None)

# %% tags=["solution"]
seed_maps = [
    embed(hidden, perplexity=5, init="random", seed=chosen_seed, quality=False).xy
    for chosen_seed in (0, 1)
]
seed_agreement = shared_neighbors(neighbors(seed_maps[0]), neighbors(seed_maps[1])).mean()
seed_first, seed_second, seed_disparity = procrustes(*seed_maps)

seed_figure, seed_axes = plt.subplots(1, 2, figsize=(8.5, 4.2), layout="constrained")
scatter(seed_axes[0], seed_first, COLORS[digits], "perplexity 5, seed 0")
scatter(seed_axes[1], seed_second, COLORS[digits], "perplexity 5, seed 1")
seed_figure.suptitle("Two random starts, the second map laid on the first")
plt.show()
print(f"in common: {seed_agreement:.2f}, disparity {seed_disparity:.2f}")
assert 0.7 < seed_agreement < 0.8
# the neighbors mostly stay, and the map as a whole agrees much less than at perplexity 30
assert seed_disparity > 0.1

# %% [markdown]
# ## How far can you trust it?
#
# A map of digits can mislead you, and you would not notice, because you do not know how 512 dimensions look. So we
# give t-SNE data that we made ourselves. For many more experiments of this kind, see Wattenberg, Viégas and Johnson
# 2016, "How to use t-SNE effectively", distill.pub/2016/misread-tsne.


# %%
def cloud(center, width, n=300, seed=0):
    """Draw points from a Gaussian in 20 dimensions."""
    noise = np.random.default_rng(seed).normal(size=(n, 20))
    return (noise * width + center).astype(np.float32)


def mean_radius(points):
    """Mean distance of points from their center."""
    return np.linalg.norm(points - points.mean(axis=0), axis=1).mean()


# %% [markdown]
# ### The size of a group
#
# **Before you run it:** two clouds of 300 points, the orange one ten times as wide as the blue one. And then two
# clouds that are equally wide, where the orange one has 100 points instead of 300. How large is orange on the map,
# compared with blue?

# %%
ten_times = np.concatenate([cloud(0, 1, seed=1), cloud(40, 10, seed=2)])
fewer = np.concatenate([cloud(0, 1, seed=1), cloud(40, 1, n=100, seed=2)])

figure, axes = plt.subplots(1, 2, figsize=(8.5, 4.2), layout="constrained")
sizes = {}
for axis, name, points in zip(
    axes, ("ten times as wide", "a third of the points"), (ten_times, fewer), strict=True
):
    layout = embed(points)
    orange = np.arange(len(points)) >= 300
    sizes[name] = [
        mean_radius(space[orange]) / mean_radius(space[~orange])
        for space in (points, layout.xy)
    ]
    scatter(axis, layout.xy, np.where(orange, ORANGE, BLUE), f"orange: {name}", size=8)
figure.suptitle("The size of a group")
plt.show()
for name, (in_data, on_map) in sizes.items():
    print(f"{name}: radius of orange / blue {in_data:.1f} in the data, {on_map:.2f} on the map")

# %% [markdown]
# Ten times as wide in the data, and equally large on the map. This is what we saw in $P$: each point gets a kernel
# that fits its surroundings. What you see instead is **how many** points there are: a third of the points take up
# less than half the radius, though both clouds are equally wide.

# %% tags=["check"]
assert 9 < sizes["ten times as wide"][0] < 11 and 0.8 < sizes["ten times as wide"][1] < 1.25
assert 0.9 < sizes["a third of the points"][0] < 1.1
assert sizes["a third of the points"][1] < 0.6

# %% [markdown]
# ### The distance between groups
#
# **Before you run it:** three clouds on a line. Blue and orange are close together, and green is ten times as far
# from orange. We embed them from the default start (the first two principal components) and from five random starts.
# How many times as far is green on the maps?

# %%
three = np.concatenate([cloud(0, 1, seed=1), cloud(5, 1, seed=2), cloud(55, 1, seed=3)])
which = np.repeat([0, 1, 4], 300)


def farther(points):
    """How many times as far green is from orange as orange from blue."""
    blue, orange, green = (points[which == k].mean(axis=0) for k in (0, 1, 4))
    return np.linalg.norm(green - orange) / np.linalg.norm(orange - blue)


from_pca = embed(three)
from_random = [embed(three, init="random", seed=seed, quality=False).xy for seed in range(5)]

plt.figure(figsize=(4.8, 4.2), layout="constrained")
scatter(plt.gca(), from_pca.xy, COLORS[which], "green should be ten times as far away", size=8)
plt.show()
print(f"data: {farther(three):.1f}")
print(f"default start: {farther(from_pca.xy):.1f}")
print("random starts:", " ".join(f"{farther(xy):.1f}" for xy in from_random))
print("caution:", from_pca.quality.cautions[0].split(":")[0])

# %% [markdown]
# They are equally far apart on all six maps, 1.0 times. What was ten times as far has become just "far". `embed`
# notices such things itself: its quality has `cautions`, and this is the beginning of the one that it gives here.

# %% tags=["check"]
assert 9 < farther(three) < 11 and farther(from_pca.xy) < 2
assert all(farther(xy) < 2 for xy in from_random)
assert any("distances between groups" in caution for caution in from_pca.quality.cautions)

# %% [markdown]
# ### Shapes in noise
#
# Here is a single cloud with no structure at all. To measure whether points form clumps, we divide the mean distance
# to the nearest neighbor by what it would be for points scattered at random. Near 1 there are no clumps, and far
# below 1 there are.
#
# *Source of the measure: Clark and Evans 1954.*
#
# **Before you run it:** at which of the perplexities 2, 10 and 50 will you see clumps?


# %%
def evenness(xy):
    """Mean distance to the nearest point, divided by that of randomly scattered points."""
    nearest = NearestNeighbors(n_neighbors=1).fit(xy).kneighbors()[0].mean()
    return nearest / (0.5 * np.sqrt(ConvexHull(xy).volume / len(xy)))


noise = cloud(0, 1, n=500, seed=4)
noise_layouts = {value: embed(noise, perplexity=value) for value in (2, 10, 50)}
clumps = {value: evenness(layout.xy) for value, layout in noise_layouts.items()}

figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
for axis, (value, layout) in zip(axes, noise_layouts.items(), strict=True):
    title = f"perplexity {value}: evenness {clumps[value]:.2f}"
    scatter(axis, layout.xy, [GRAY] * 500, title, size=9)
figure.suptitle("The same cloud without structure, at three perplexities")
plt.show()
print("caution:", noise_layouts[2].quality.cautions[0].split(":")[0])

# %% [markdown]
# At 2: the evenness is about 0.4, and the map is full of clumps that are not in the data. Each point holds on to the
# two or three that happen to be nearest. At 10 and 50 it is about 0.9. The caution below the figure comes from
# shuffling the values in each column: with real structure, neighbors are nearer than in shuffled data, and here they
# are not.

# %% tags=["check"]
assert clumps[2] < 0.6 and clumps[2] < clumps[10] < clumps[50] and clumps[50] > 0.9

# %% [markdown]
# ### Small groups that are real
#
# So is a group that appears at one perplexity only always made up? No. Here is a cloud of 500 points, and beside it
# two small groups of 12 points each. They really are two groups: in the data, 10 or all 11 of the 11 nearest
# neighbors of each point belong to its own group.
#
# `apart` measures the distance between their centers in units of their mean radius. On a map, two round groups that
# touch have about 3. We call them two groups if it is above 5.
#
# **Before you run it:** at which perplexities from 2 to 100 can you tell the two groups apart?


# %%
def two_groups(members, seed=0):
    """500 points of noise, and two tight groups beside them."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(500, 20))
    groups = 0.2 * rng.normal(size=(2 * members, 20))
    groups[:, 0] += 6  # beside the cloud
    groups[:, 1] += np.repeat([1, -1], members)  # and apart from each other
    return np.concatenate([noise, groups]).astype(np.float32)


def apart(points, members):
    """Distance between the centers of the two groups, in units of their mean radius."""
    first, second = points[500 : 500 + members], points[500 + members :]
    gap = np.linalg.norm(first.mean(axis=0) - second.mean(axis=0))
    return 2 * gap / (mean_radius(first) + mean_radius(second))


groups_of_12 = two_groups(12)
colors = np.repeat([GRAY, BLUE, ORANGE], [500, 12, 12])
group_maps = {value: embed(groups_of_12, perplexity=value).xy for value in (2, 5, 10, 30, 100)}

figure, axes = plt.subplots(1, 5, figsize=(11, 2.7), layout="constrained")
for axis, (value, xy) in zip(axes, group_maps.items(), strict=True):
    scatter(axis, xy, colors, f"perplexity {value}: {apart(xy, 12):.1f}", size=6)
figure.suptitle("Two groups of 12 beside a cloud, and how far apart they are")
plt.show()

rows = {f"perplexity {value}": [] for value in group_maps}
for seed in range(3):
    points = two_groups(12, seed)
    for value in group_maps:
        xy = group_maps[value] if seed == 0 else embed(points, perplexity=value).xy
        rows[f"perplexity {value}"].append(apart(xy, 12))
groups_apart = pd.DataFrame(rows, index=["data 0", "data 1", "data 2"]).T
groups_apart.map(lambda value: "two groups" if value > 5 else "one group")

# %% [markdown]
# Up to perplexity 10, they are clearly two groups, in each of three data sets. At 30 and 100 they touch or lie on top
# of each other. A point of such a group has only 11 others of its own; with an effective number of 30 neighbors, the
# kernel must reach over to the other group, and from then on both look alike. So "it shows at low perplexities only"
# does not mean "it is not in the data".

# %% tags=["check"]
for seed in range(3):
    nearest_11 = neighbors(two_groups(12, seed), 11)[500:]
    in_own_group = (nearest_11 >= 512) == (np.arange(24) >= 12)[:, None]
    assert nearest_11.min() >= 500 and in_own_group.sum(axis=1).min() >= 10
assert groups_apart.loc[["perplexity 2", "perplexity 5", "perplexity 10"]].min().min() > 5
assert groups_apart.loc[["perplexity 30", "perplexity 100"]].max().max() < 5

# %% [markdown]
# What is the difference between these groups and the clumps in the noise, if both appear only at low perplexities?
# The map cannot tell you, but the data can. Take a point and its 11 nearest neighbors **on the map** at perplexity 2,
# and ask how many of them are among its 11 nearest **in the data**.
#
# **Before you run it:** how large is this share in the planted groups, and how large in the clumps of noise?

# %%
confirmed = shared_neighbors(neighbors(group_maps[2], 11), neighbors(groups_of_12, 11))
in_groups, in_noise = confirmed[500:].mean(), confirmed[:500].mean()
print(f"confirmed by the data: {in_groups:.2f} in the groups, {in_noise:.2f} in the noise")

# %% [markdown]
# 0.98 in the groups, and 0.23 in the noise. **A map makes you ask; the answer is in the data.**

# %% tags=["check"]
assert in_groups > 0.8 and in_noise < 0.35

# %% [markdown]
# ### Random labels
#
# Does t-SNE invent classes? We give the 2,000 digits and the 500 points of noise random labels from 0 to 9.
#
# **Before you run it:** how often does a vote of the 15 nearest neighbors on the map find a random label? And how
# often does it find the true one?

# %%
rng = np.random.default_rng(5)
labels_by_chance = {"noise": rng.integers(0, 10, 500), "digits": rng.integers(0, 10, 2000)}
by_chance = {
    "noise, random labels": embed(noise, labels=labels_by_chance["noise"]).quality,
    "digits, random labels": embed(hidden, labels=labels_by_chance["digits"]).quality,
    "digits, true labels": layouts["trained"].quality,
}
for name, quality in by_chance.items():
    print(f"{name}: {quality.accuracy_plane:.1f}")

# %% [markdown]
# The random labels are found in 0.1 of the cases, as often as by guessing (one in ten), and the true ones in 0.9.
# t-SNE makes shapes from noise, but it never sees the labels, so it cannot sort by them. If groups on a map agree
# with labels, that is evidence.

# %% tags=["check"]
assert by_chance["noise, random labels"].accuracy_plane < 0.16
assert by_chance["digits, random labels"].accuracy_plane < 0.14
assert by_chance["digits, true labels"].accuracy_plane > 0.85

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 10.** On a map, the group of the ones is a third as large as the group of the eights. What can be the
# reason?
#
# - a: The ones differ less from each other than the eights do.
# - b: There are fewer ones than eights in the sample.
# - c: The layer has fewer units for ones than for eights.
#
# **Question 11.** At perplexity 5 you see forty small groups, at perplexity 30 none. What do you do?
#
# - a: Ignore them, because whatever is real appears at all perplexities.
# - b: Report them, because a low perplexity shows the finest details.
# - c: Check in the data whether their members are each other's neighbors.
#
# **Question 12.** The points of two classes lie in two separate groups on a map that was made without labels. Can
# this have happened by chance?
#
# - a: Hardly: t-SNE did not see the labels, so it cannot have sorted by them.
# - b: Yes, easily: t-SNE makes groups from noise, and these are such groups.
# - c: Yes, easily: with two classes, every second map would look like this.

# %% tags=["answer"]
ct.check("8.q10", "")
ct.check("8.q11", "")
ct.check("8.q12", "")

# %% [markdown]
# ### Exercise 4: larger groups
#
# The two groups had 12 points each, and could be told apart up to perplexity 10. Make them with 40 points each
# (`two_groups(40)`). What is the largest of the perplexities 2, 5, 10, 20, 30, 60, 100 and 150 at which `apart` on
# the map is above 5? Guess first.

# %% tags=["exercise"]
# your code here

ct.check("8.4", None)

# %% tags=["solution"]
larger_groups = two_groups(40)
apart_by_perplexity = {
    tried: apart(embed(larger_groups, perplexity=tried, quality=False).xy, 40)
    for tried in (2, 5, 10, 20, 30, 60, 100, 150)
}
print({tried: round(float(units), 1) for tried, units in apart_by_perplexity.items()})
largest_perplexity = max(tried for tried, units in apart_by_perplexity.items() if units > 5)
# what counts is the perplexity in relation to the size of the group
assert largest_perplexity == 100

# %% [markdown]
# ### Exercise 5: are the distances of digits worth anything?
#
# The distances of the three clouds were lost. What about the ten digits? Compute the mean of each class in `hidden`
# and the 45 distances between these means, do the same on the map `layouts["trained"].xy`, and compute the rank
# correlation of the two. Then do the same for the pixels (`spaces["pixels"]` and their map). Check both numbers as an
# array.
#
# *Hint: `scipy.spatial.distance.pdist` and `scipy.stats.spearmanr`.*

# %% tags=["exercise"]
# your code here

ct.check("8.5", None)

# %% tags=["solution"]
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr


def between_means(space_points, point_classes):
    """Distances between the means of all pairs of classes."""
    return pdist(
        np.array([space_points[point_classes == kind].mean(axis=0) for kind in range(10)])
    )


mean_correlations = np.array(
    [
        spearmanr(
            between_means(spaces[space_name], digits),
            between_means(layouts[space_name].xy, digits),
        ).statistic
        for space_name in ("trained", "pixels")
    ]
)
# the control: ten groups with nothing between them, from a random start
control_map = embed(ten_groups, init="random", quality=False).xy
control_correlation = spearmanr(
    between_means(ten_groups, group), between_means(control_map, group)
).statistic
print("digits:", mean_correlations.round(2), "ten groups:", round(control_correlation, 2))

# The digits between the groups hold the map together. Between the ten groups of the control there is nothing, so that
# nothing holds them in place.
assert mean_correlations.min() > 0.65 > 0.45 > control_correlation

# %% [markdown]
# ## Measure it
#
# Instead of looking at a map and hoping, you can measure how well it shows its data, and even for each point.
#
# - `trustworthiness` looks at neighbors on the map that are not neighbors in the layer, and weighs each by how far
#   down it is in the layer's own ranking. It is 1 if there are none. (Venna and Kaski 2001.)
# - `neighbors_preserved` is the share of the 15 nearest neighbors in the layer that are among the 15 nearest on the
#   map.
# - `misplaced` is a measure for each digit: the share of its 15 nearest on the map that are not even among its 90
#   nearest in the layer.
#
# **Before you run it:** can two dimensions preserve most of the neighbors of 512? Guess the share. And where on the
# map do you expect the misplaced digits: inside the groups or between them?

# %%
trained = layouts["trained"]
figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.8), layout="constrained")
scatter(axes[0], trained.xy, COLORS[digits], "digit", size=6)
axes[0].set_aspect("equal", adjustable="box")
drawn = axes[1].scatter(
    *trained.xy.T,
    s=6,
    c=trained.misplaced,
    cmap="plasma_r",
    vmin=0,
    vmax=1,
    linewidths=0,
    antialiased=False,
)
axes[1].set_title("share of misplaced neighbors", fontsize=10)
axes[1].set_aspect("equal", adjustable="box")
axes[1].set_xticks([])
axes[1].set_yticks([])
figure.colorbar(drawn, ax=axes[1])
figure.suptitle("dense_2, 2,000 test digits: where the map is reliable")
plt.show()

noise_quality = by_chance["noise, random labels"]
measures = ["trustworthiness", "neighbors_preserved"]
measured = pd.DataFrame(
    {
        "digits": [getattr(trained.quality, name) for name in measures],
        "noise": [getattr(noise_quality, name) for name in measures],
    },
    index=measures,
)
measured.round(2)

# %% [markdown]
# Half of the neighbors are preserved, 0.49, and that is a good value for two dimensions. The neighbors that were
# replaced are mostly replaced by digits that are nearly as near: the trustworthiness is 0.98. On the map of noise,
# both are much lower, with 0.25 and 0.76. The digits with many misplaced neighbors lie between the groups and at
# their edges. What the map says about these means little.

# %% tags=["check"]
assert 0.4 < trained.quality.neighbors_preserved < 0.6
assert trained.quality.trustworthiness > 0.95 and noise_quality.trustworthiness < 0.85
assert noise_quality.neighbors_preserved < 0.35

# %% [markdown]
# **Before you run it:** some digits the model misreads. Do they have more misplaced neighbors than the others? t-SNE
# knows neither the labels nor the answers of the model.

# %%
wrong = predicted != digits
misplaced_wrong, misplaced_right = (
    trained.misplaced[wrong].mean(),
    trained.misplaced[~wrong].mean(),
)
print(
    f"share of misplaced neighbors: correct {misplaced_right:.2f}, misread {misplaced_wrong:.2f}"
)

# %% [markdown]
# Yes, two and a half times as many: 0.25 against 0.10. Digits that lie between two classes in the layer are hard to
# place, and they are hard to classify. So the measure points at digits that deserve a second look.

# %% tags=["check"]
assert misplaced_wrong > 1.5 * misplaced_right

# %% [markdown]
# ### New digits in an old map
#
# t-SNE has no formula that you could apply to a new digit: the map *is* the list of places. But a new point can be
# placed near its neighbors, and moved until its own similarities fit, while all other points stay. This is what
# `transform` does.
#
# **Before you run it:** we place 500 validation digits among our 2,000 and let their 15 nearest points on the map
# vote. How much is lost compared with a vote of the 15 nearest in the layer, in 512 dimensions?

# %%
estimator = ct.TSNE().fit(hidden)
new = run.activations("dense_2", split="val")[:500]
new_labels = run.labels(split="val")[:500]
placed = estimator.transform(new)
vote_on_map = KNeighborsClassifier(15).fit(estimator.embedding_, digits)
vote_in_layer = KNeighborsClassifier(15).fit(hidden, digits)
right_on_map = (vote_on_map.predict(placed) == new_labels).mean()
right_in_layer = (vote_in_layer.predict(new) == new_labels).mean()

plt.figure(figsize=(5, 5), layout="constrained")
title = "500 new digits among 2,000 digits (gray)"
scatter(plt.gca(), estimator.embedding_, ["#d5d8dc"] * 2000, title, size=6)
plt.scatter(*placed.T, s=9, c=COLORS[new_labels].tolist(), linewidths=0, antialiased=False)
plt.show()
print(f"correct: {right_on_map:.2f} on the map, {right_in_layer:.2f} in the layer")

# %% [markdown]
# Hardly anything: 0.88 on the map and 0.89 in the layer. For the question "which digit?", two numbers say nearly as
# much as 512.

# %% tags=["check"]
assert np.array_equal(estimator.embedding_, trained.xy)
assert 0.82 < right_on_map < 0.93 and abs(right_on_map - right_in_layer) < 0.05

# %% [markdown]
# What does `transform` do with something that is not a digit? We make 500 rows in which each unit has its usual
# values, but shuffled among the digits, so that the units no longer fit together.
#
# **Before you run it:** how far from the digits are these rows in the layer, and how far are they on the map? The
# unit is the usual distance from a digit to its nearest neighbor (the median).

# %%
shuffled = np.random.default_rng(0).permuted(new, axis=0)
nearest_in_layer = NearestNeighbors(n_neighbors=1).fit(hidden)
nearest_on_map = NearestNeighbors(n_neighbors=1).fit(estimator.embedding_)
usual_in_layer = np.median(nearest_in_layer.kneighbors()[0])
usual_on_map = np.median(nearest_on_map.kneighbors()[0])

away = {}
for name, samples in (("new digits", new), ("shuffled", shuffled)):
    in_layer = np.median(nearest_in_layer.kneighbors(samples)[0]) / usual_in_layer
    on_map = np.median(nearest_on_map.kneighbors(estimator.transform(samples))[0])
    away[name] = {"in the layer": in_layer, "on the map": on_map / usual_on_map}
away = pd.DataFrame(away).T
away.round(1)

# %% [markdown]
# In the layer, the shuffled rows are 2.4 times as far from any digit as digits are from each other. On the map you
# see nothing of this: like the new digits, they lie right next to an old one, at 0.1 of the usual distance.
# **`transform` finds a place for everything.** Whether something belongs there, you have to ask the layer.

# %% tags=["check"]
assert away.loc["shuffled", "in the layer"] > 2 and away.loc["new digits", "in the layer"] < 1.3
assert away["on the map"].max() < 0.5

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 13.** A map has a trustworthiness of 0.98, and half of the neighbors are preserved. How does this fit
# together?
#
# - a: It does not: one of the two measures must have been computed wrongly.
# - b: Neighbors that were replaced are mostly replaced by points that are nearly as near.
# - c: Trustworthiness counts all pairs of points, and most of these are far apart anyway.
#
# **Question 14.** A digit has a `misplaced` of 0.8. What do you read from its place on the map?
#
# - a: Hardly anything, because most digits around it are not near it in the layer.
# - b: It is mislabeled, because it lies among digits that it does not belong to.
# - c: It is an outlier, because it is far from all other digits in the layer.
#
# **Question 15.** You place a photo of a cat in the map of the digits with `transform`, and it lands among the
# eights. What does this show?
#
# - a: The layer sees the cat as an eight, so the model will say "eight".
# - b: The cat is about as near to the eights in the layer as other eights are.
# - c: Of all digits, eights are the nearest, however far away these are.

# %% tags=["answer"]
ct.check("8.q13", "")
ct.check("8.q14", "")
ct.check("8.q15", "")

# %% [markdown]
# ### Exercise 6: other methods
#
# There are methods that promise other things than t-SNE does. **PCA** keeps the two directions with the most
# variance, **MDS** tries to preserve all distances, and **Isomap** preserves distances along the graph of neighbors.
# Make maps of the first 1,000 rows of `hidden` with these three (`embed(..., method="pca")`; `MDS(n_init=1,
# init="classical_mds", max_iter=50, random_state=0)` and `Isomap(n_neighbors=10)` from `sklearn.manifold`) and
# measure each with `measure_quality(features, xy, seed=0)`. Check an array with a row for PCA, MDS and Isomap, and in
# each row `neighbors_preserved` and `distance_correlation`. Which is better than t-SNE, and at what?

# %% tags=["exercise"]
# your code here

ct.check("8.6", None)

# %% tags=["solution"]
from sklearn.manifold import MDS, Isomap

thousand = hidden[:1000]
other_maps = {
    "PCA": embed(thousand, method="pca").xy,
    "MDS": MDS(
        n_init=1, init="classical_mds", max_iter=50, random_state=0, n_jobs=1
    ).fit_transform(thousand),
    "Isomap": Isomap(n_neighbors=10).fit_transform(thousand),
    "t-SNE": cutaway_map,
}
other_qualities = {
    method_name: measure_quality(thousand, method_map, seed=0)
    for method_name, method_map in other_maps.items()
}
method_table = pd.DataFrame(
    {
        "neighbors preserved": [one.neighbors_preserved for one in other_qualities.values()],
        "distance correlation": [one.distance_correlation for one in other_qualities.values()],
    },
    index=list(other_maps),
)
print(method_table.round(2))

# t-SNE preserves two to four times as many neighbors; all distances together are shown best by MDS.
assert method_table["neighbors preserved"].idxmax() == "t-SNE"
assert method_table["distance correlation"].idxmax() == "MDS"

# %% [markdown]
# ## In short
#
# | The map shows | Can you trust it? |
# |---|---|
# | which samples are neighbors | yes, as far as `quality` and `misplaced` say |
# | that a group exists | ask the data: are its members each other's neighbors there? Other perplexities and seeds help, but a small group may appear at low perplexities only |
# | how large or dense a group is | no: it shows how many points there are |
# | how far apart two groups are | not by itself: it says something where points between the groups connect them, and nothing where they do not; compare with the distances in the layer |
# | that the map is the same for every seed | only with random starts; the default start does not use the seed |
# | that the KL divergence is lower | only with the same perplexity and the same samples |
# | that a sample moved from one epoch to the next | yes, with `embed_epochs`: `preserved` shows how much its neighborhood changed |
# | where a new sample is placed | only if it is near its neighbors in the layer, too |
# | that there is no structure | no: measure it with a probe, as in lesson 5 |
#
# For advice on large data, see Kobak and Berens 2019, "The art of using t-SNE for single-cell transcriptomics", which
# also explains why a start from the principal components is a good idea.
