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
# # Double descent
#
# How large should a model be? The classical answer is a curve in the shape of a U. A small model cannot describe the
# data, a large one fits the chance in its training set, and the best model lies in between. In this lesson we measure
# the curve, and we do not stop where the U ends. That takes many trainings, so it needs a training loop that is fast:
# the whole lesson takes a few minutes on two cores.
#
# The numbers in the text are those of our machine. Another CPU rounds differently, and a training then ends a
# little elsewhere.

# %% [markdown] tags=["goals"]
# After this lesson you can
#
# - **measure** test error against model size, beyond the size at which the model fits every training label;
# - **say** where the error peaks in a model that can be computed exactly, and show that large weights cause the peak;
# - **explain** how more training data can make a model worse;
# - **find** the peak in networks that you train yourself, and name three changes that remove it;
# - **judge** the two sayings "a bigger model is worse" and "a bigger model is always better".

# %% [markdown] tags=["about-solutions"]
# The solution to each exercise is folded below it: try it yourself first, then click on "Solution". To run it, copy it
# into your cell.

# %%
import tempfile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import cutaway as ct

# %matplotlib inline

BLUE, ORANGE, PURPLE, GRAY = "#3f90da", "#e76300", "#832db6", "#717581"

# %% [markdown]
# ## The data: small images, few of them
#
# We train hundreds of models, so each must be cheap. We average every 2 by 2 pixels of an MNIST image, which leaves 14
# by 14 = 196 pixels. We also shuffle the 60,000 training images, and set the last 2,000 aside as validation digits.
# All training sets are drawn from the first 58,000.

# %%
data = ct.load_dataset("mnist")


def shrink(big):
    """Average each block of 2 by 2 pixels: 28 by 28 becomes 14 by 14."""
    blocks = big.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    return np.round(blocks).astype(np.uint8)


order = np.random.default_rng(0).permutation(60_000)
images = shrink(data.sources["train"].x[order])
labels = data.sources["train"].y[order]
test_images, test_labels = shrink(data.sources["test"].x), data.sources["test"].y


def draw(n, seed, wrong=0.0):
    """Draw n training digits; a share of them gets a wrong label, chosen at random."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(58_000, n, replace=False)
    y = labels[chosen].copy()
    changed = rng.permutation(n)[: round(wrong * n)]
    y[changed] = (y[changed] + rng.integers(1, 10, len(changed))) % 10
    return images[chosen], y


x, y = draw(2000, seed=0, wrong=0.2)
print(images.shape, test_images.shape)
print(f"wrong labels: {np.mean(y != draw(2000, seed=0)[1]):.1%}")

# %% tags=["check"]
assert images.shape == (60_000, 14, 14) and test_images.shape == (10_000, 14, 14)
assert np.mean(y != draw(2000, seed=0)[1]) == 0.2

# %% [markdown]
# The labels of validation and test digits are never changed. We use wrong labels from section 3 on.

# %% [markdown]
# ## 1. A model that can be computed exactly
#
# We begin with a network in which only the last layer learns. Its hidden layer has random weights that never change,
# so an image is turned into a fixed list of **random features**, which are the outputs of the hidden ReLU units. The
# last layer is linear and has ten outputs. Its targets are **one-hot**: 1 for the right digit and 0 for the others.
# The loss is the squared error, so there is no training loop at all. The best weights are the solution of a
# least-squares problem.
#
# We collect the features of the training digits in a matrix $F$, with one row per digit and one column per feature,
# and the targets in a matrix $Y$. We look for weights $W$ with $F\,W \approx Y$.
#
# - With fewer features than digits there is in general no exact solution. Least squares gives the nearest one.
# - With at least as many features as digits there are exact solutions, and with more features there are infinitely
#   many. `np.linalg.pinv(F) @ Y` gives the one with the smallest **norm**: the square root of the sum of all squared
#   weights.
#
# *Source of random features: Rahimi and Recht 2007, "Random features for large-scale kernel machines".*

# %%
MOST_FEATURES = 3000
CENTER = images[:58_000].mean(axis=0)


def random_features(some, seed):
    """Compute the outputs of 3,000 hidden ReLU units with random weights."""
    pixels = ((some - CENTER) / 255).reshape(-1, 196)
    weights = np.random.default_rng(1000 + seed).normal(size=(196, MOST_FEATURES)) / 14
    return np.maximum(pixels @ weights, 0)


def error(scores, truth):
    """Return the share of digits whose highest score is not at their label."""
    return np.mean(scores.argmax(axis=1) != truth)


def least_squares(n, counts, seed, wrong=0.0):
    """Fit n digits with the first random features, for each number in counts."""
    x, y = draw(n, seed, wrong)
    targets = np.eye(10)[y]
    all_features = random_features(x, seed)
    all_test = random_features(test_images[::5], seed)  # every fifth digit: 2,000 are enough
    rows = []
    for count in counts:
        features = all_features[:, :count]
        weights = np.linalg.pinv(features) @ targets
        fitted = features @ weights
        row = {"seed": seed, "digits": n, "features": count}
        row["train error"] = error(fitted, y)
        row["squared error"] = np.mean((fitted - targets) ** 2)
        row["test error"] = error(all_test[:, :count] @ weights, test_labels[::5])
        row["norm"] = np.linalg.norm(weights)
        row["smallest"] = np.linalg.svd(features, compute_uv=False)[-1]
        rows.append(row)
    return rows


# %% [markdown]
# We take 300 training digits with their right labels, and between 10 and 3,000 features. Everything is repeated with
# five seeds: other digits and other random weights.
#
# **Before you run it:** sketch two curves over the number of features, the training error and the test error. What
# happens to each of them near 300 features, and what happens to the test error beyond?

# %%
COUNTS = [10, 20, 50, 100, 150, 200, 250, 280, 300, 320, 350, 400, 500, 700, 1000, 2000, 3000]
SEEDS = range(5)

exact = pd.DataFrame([row for seed in SEEDS for row in least_squares(300, COUNTS, seed)])


def curve(axis, table, column, by, color, label, **style):
    """Draw the mean over the seeds, with a band from the lowest to the highest seed."""
    grouped = table.groupby(by)[column]
    mean = grouped.mean()
    axis.plot(mean.index, mean, color=color, label=label, marker="o", markersize=3, **style)
    axis.fill_between(
        mean.index, grouped.min(), grouped.max(), color=color, alpha=0.2, linewidth=0
    )


def log_axis(axis, label, ticks):
    """Make the horizontal axis logarithmic, with plain numbers."""
    axis.set_xscale("log")
    axis.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel(label)


FEATURE_TICKS = [10, 30, 100, 300, 1000, 3000]

figure, axis = plt.subplots(figsize=(6.6, 3.6), layout="constrained")
axis.axvline(300, color=GRAY, linestyle=":", label="as many features as digits")
curve(axis, exact, "test error", "features", ORANGE, "test error")
curve(axis, exact, "train error", "features", BLUE, "training error")
axis.set_title("Least squares on random features of 300 digits (band: five seeds)")
log_axis(axis, "number of features", FEATURE_TICKS)
axis.set_ylabel("share of digits that are misclassified")
axis.legend()
plt.show()

# %%
means = exact.groupby("features").mean().drop(columns=["seed", "digits"])
means.loc[[50, 100, 200, 280, 300, 320, 500, 1000, 3000]].round(3)

# %% [markdown]
# Up to 100 features we see the classical U: the test error falls to about 28%, and then it rises. At 300 features,
# exactly as many as digits, it reaches about 87%. Guessing would give 90%. And then comes what the U does not tell:
# the error **falls again**, below 28% from 500 features on, and to about 14% with 3,000 features. This is **double
# descent**. All five seeds have their highest error at 300.
#
# At 200 features hardly any training digit is misclassified, but the squared error is not yet 0. It reaches 0 at 300,
# where each target can be met exactly. The number of parameters at which a model can just fit its training set is the
# **interpolation threshold**.
#
# *Source of the name and of this experiment: Belkin, Hsu, Ma and Mandal 2019, "Reconciling modern machine-learning
# practice and the classical bias-variance trade-off", PNAS.*

# %% tags=["check"]
worst = exact.loc[exact.groupby("seed")["test error"].idxmax(), "features"]
assert (worst == 300).all()
assert means["test error"].loc[:300].idxmin() == 100
assert 0.26 < means.loc[100, "test error"] < 0.30
assert 0.84 < means.loc[300, "test error"] < 0.90
assert means.loc[500, "test error"] < means.loc[100, "test error"]
assert 0.12 < means.loc[3000, "test error"] < 0.16
assert means.loc[200, "train error"] < 0.005 and means.loc[200, "squared error"] > 0.005
assert means.loc[280, "squared error"] > 1e-5 and means.loc[300, "squared error"] < 1e-12

# %% [markdown]
# ### Exercise 1: move the peak
#
# Is 300 a special number of features, or is it special because there are 300 digits? Draw 150 digits instead, with the
# same numbers of features and the same five seeds. At how many features is the mean test error highest? Say first what
# you expect.

# %% tags=["exercise"]
# your code here

ct.check("9.1", None)

# %% tags=["solution"]
fewer = pd.DataFrame([line for start in SEEDS for line in least_squares(150, COUNTS, start)])
fewer_means = fewer.groupby("features")["test error"].mean()
peak_of_150 = fewer_means.idxmax()
print(f"highest test error at {peak_of_150} features: {fewer_means.max():.3f}")
print(f"at 300 features: {fewer_means[300]:.3f}")

assert peak_of_150 == 150 and fewer_means[300] < 0.6 * fewer_means[150]

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 1.** With 500 features, the model meets the targets of all 300 digits exactly. Why can it?
#
# - a: The 500 features describe what makes a digit a 3 or a 7.
# - b: There are 500 unknown weights and only 300 equations for each output.
# - c: Least squares goes on until the training error is 0.
#
# **Question 2.** With 1,000 features, infinitely many weights fit the 300 digits exactly. Which of them do we use?
#
# - a: Those with the smallest sum of squares.
# - b: Those with the lowest test error.
# - c: Any of them, since all have the same error.
#
# **Question 3.** Somebody tries 100, 150, 200, 250 and 300 features, and concludes that more features always make this
# model worse. What went wrong?
#
# - a: The differences between these five models are within the spread of the seeds.
# - b: They should have compared the training errors, which fall.
# - c: They stopped at the threshold, and beyond it the error falls.

# %% tags=["answer"]
ct.check("9.q1", "")
ct.check("9.q2", "")
ct.check("9.q3", "")

# %% [markdown]
# ## 2. Why there is a peak
#
# The training error cannot be the reason: it is 0 at 300 features as well as at 3,000. But we have recorded two more
# numbers. One is the norm of the weights. The other is the smallest **singular value** of $F$. Singular values say by
# how much a matrix can stretch or shrink a vector. If the smallest one is near 0, then there is a direction in which
# even very large weights hardly change the outputs.
#
# **Before you run it:** at how many features are the weights largest, and what does the smallest singular value do
# there?

# %%
figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained")
for axis, column, color in zip(axes, ("norm", "smallest"), (BLUE, PURPLE), strict=True):
    axis.axvline(300, color=GRAY, linestyle=":", label="as many features as digits")
    curve(axis, exact, column, "features", color, "mean, and band of five seeds")
    log_axis(axis, "number of features", FEATURE_TICKS)
    axis.set_yscale("log")
axes[0].set_title("Norm of the weights")
axes[0].set_ylabel("square root of the sum of squares")
axes[1].set_title("Smallest singular value of the features")
axes[1].set_ylabel("singular value")
axes[1].legend(loc="lower right")
plt.show()

# %%
means.loc[[100, 280, 300, 320, 3000], ["norm", "smallest", "test error"]].round(3)

# %% [markdown]
# The norm is about 8 at 100 features and 3 at 3,000, but about 900 at 300 features. The smallest singular value does
# the opposite: about 0.5 at both ends, and 0.001 in between.
#
# The two belong together. `pinv` takes the singular value decomposition $F = U\,S\,V^\top$ apart and divides by each
# singular value: $W = V\,S^{-1}\,U^\top Y$. A part of the targets that lies in a direction with singular value 0.001
# is multiplied by 1,000. At the threshold there is just one way to fit all targets, however large the weights must be.
# With more features there are many ways, and we take the one with small weights.

# %% tags=["check"]
assert means["norm"].idxmax() == 300 and means["smallest"].idxmin() == 300
assert 7 < means.loc[100, "norm"] < 9 and 2.5 < means.loc[3000, "norm"] < 4
assert 850 < means.loc[300, "norm"] < 980 and means.loc[300, "smallest"] < 0.0015
assert 0.4 < means.loc[100, "smallest"] < 0.6 and 0.4 < means.loc[3000, "smallest"] < 0.6

# %% [markdown]
# ### Exercise 2: the solution with the smallest norm
#
# Write a function `minimum_norm(features, targets)` that returns $W = V\,S^{-1}\,U^\top Y$ without `pinv` or `lstsq`.
# You may suppose that no singular value is 0.
#
# *Hint: `u, s, vt = np.linalg.svd(features, full_matrices=False)`. Check it with `ct.check("9.2", minimum_norm)`.*

# %% tags=["exercise"]
# your code here

ct.check("9.2", None)


# %% tags=["solution"]
def smallest_weights(F, Y):
    """Divide the targets by each singular value in its own direction."""
    left, stretch, right = np.linalg.svd(F, full_matrices=False)
    return right.T @ ((left.T @ Y) / stretch[:, None])


sample = np.random.default_rng(0).normal(size=(5, 8))
assert np.allclose(smallest_weights(sample, np.eye(5)), np.linalg.pinv(sample))

# %% [markdown]
# ### Exercise 3: one direction
#
# Take seed 0 with 300 digits and 300 features. The squared norm of the weights is a sum with one part for each
# singular value: the square of a row of $U^\top Y$, summed over the ten outputs, divided by the square of the singular
# value. Which share of the squared norm comes from the smallest singular value alone?
#
# *Hint: `x, y = draw(300, 0)`, and `random_features(x, 0)[:, :300]`.*

# %% tags=["exercise"]
# your code here

ct.check("9.3", None)

# %% tags=["solution"]
drawn_x, drawn_y = draw(300, 0)
square_features = random_features(drawn_x, 0)[:, :300]
u_square, s_square, vt_square = np.linalg.svd(square_features)
projected = u_square.T @ np.eye(10)[drawn_y]
parts = (projected**2).sum(axis=1) / s_square**2
share_of_smallest = parts[-1] / parts.sum()
print(f"share of the smallest: {share_of_smallest:.3f}")

# Is this one direction the whole reason? Leave it out, and then the 30 smallest.
held_out = random_features(test_images[::5], 0)[:, :300]
errors_without = []
for left_out in (0, 1, 30):
    keep = 300 - left_out
    partial = vt_square[:keep].T @ (projected[:keep] / s_square[:keep, None])
    errors_without.append(error(held_out @ partial, test_labels[::5]))
    print(f"test error without the {left_out} smallest: {errors_without[-1]:.3f}")

assert share_of_smallest > 0.8 and errors_without[2] < 0.65 * errors_without[0]

# %% [markdown]
# ### The control: the same features, with small weights
#
# So far, large weights and large error only go together. To show that one causes the other, we change the weights and
# nothing else. **Ridge regression** adds a penalty to the squared error: $\lambda$ times the sum of the squared
# weights. It no longer meets the targets exactly, but its weights stay small. We choose $\lambda$ from seven values
# between 0.001 and 1,000 by the error on the 2,000 validation digits.

# %%
PENALTIES = 10.0 ** np.arange(-3, 4)


def ridge(features, targets, penalty):
    """Return the weights of ridge regression, by the cheaper one of two equal formulas."""
    digits, count = features.shape
    if count < digits:
        return np.linalg.solve(
            features.T @ features + penalty * np.eye(count), features.T @ targets
        )
    return features.T @ np.linalg.solve(
        features @ features.T + penalty * np.eye(digits), targets
    )


def best_ridge(n, counts, seed, wrong=0.0):
    """As least_squares, with the penalty that is best on the validation digits."""
    x, y = draw(n, seed, wrong)
    all_features = random_features(x, seed)
    all_val = random_features(images[58_000:], seed)
    all_test = random_features(test_images[::5], seed)
    rows = []
    for count in counts:
        tried = [ridge(all_features[:, :count], np.eye(10)[y], p) for p in PENALTIES]
        val_errors = [error(all_val[:, :count] @ w, labels[58_000:]) for w in tried]
        best = int(np.argmin(val_errors))
        test_error = error(all_test[:, :count] @ tried[best], test_labels[::5])
        row = {"seed": seed, "digits": n, "features": count, "penalty": PENALTIES[best]}
        rows.append(row | {"test error": test_error, "norm": np.linalg.norm(tried[best])})
    return rows


# %% [markdown]
# **Before you run it:** the 300 digits, the random features and the targets stay the same. What will the test error of
# ridge regression be at 300 features, where it was 87%?

# %%
penalized = pd.DataFrame([row for seed in SEEDS for row in best_ridge(300, COUNTS, seed)])

figure, axis = plt.subplots(figsize=(6.6, 3.6), layout="constrained")
axis.axvline(300, color=GRAY, linestyle=":", label="as many features as digits")
curve(axis, exact, "test error", "features", ORANGE, "no penalty")
curve(axis, penalized, "test error", "features", BLUE, "ridge, best penalty")
axis.set_title("The same features of 300 digits, with and without a penalty")
log_axis(axis, "number of features", FEATURE_TICKS)
axis.set_ylabel("share of test digits that are misclassified")
axis.legend()
plt.show()

# %%
ridge_means = penalized.groupby("features").mean().drop(columns=["seed", "digits", "penalty"])
ridge_means.loc[[50, 100, 200, 300, 500, 1000, 3000]].round(3)

# %% [markdown]
# With the penalty, the error at 300 features is about 17%, with weights of norm 5 in place of 900. The peak is gone:
# from each number of features to the next the error falls, or stays within half a point. With 3,000 features the
# penalty gains little, because the weights are small anyway.
#
# So the peak belongs neither to the features nor to the data alone. It belongs to a model that *must* fit every
# target, and can only just do it. That the right penalty removes double descent was shown by Nakkiran, Venkat, Kakade
# and Ma 2021, "Optimal regularization can mitigate double descent".

# %% tags=["check"]
ridge_errors = ridge_means["test error"]
assert ridge_errors.diff().max() < 0.005
assert 0.15 < ridge_errors[300] < 0.19 and 4 < ridge_means.loc[300, "norm"] < 6
assert 0 <= means.loc[3000, "test error"] - ridge_errors[3000] < 0.015

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 4.** Why are the weights at 300 features so much larger than at 3,000?
#
# - a: To fit all targets, they divide by a singular value close to 0.
# - b: There are more training digits for each weight, so the sum is larger.
# - c: The random weights of the hidden layer happen to be larger there.
#
# **Question 5.** Ridge regression fits the training targets worse. Why does it classify test digits better?
#
# - a: It sets the weights of most features to 0, so that fewer features remain.
# - b: It has seen the validation digits, which are more data to learn from.
# - c: For small errors on the targets it gets much smaller weights.
#
# **Question 6.** Which result would have spoken *against* large weights as the cause of the peak?
#
# - a: Ridge regression has small weights at 300 features, and the same error of 87%.
# - b: Ridge regression has nearly the same error as before at 3,000 features.
# - c: The weights are also large at 280 and at 320 features.

# %% tags=["answer"]
ct.check("9.q4", "")
ct.check("9.q5", "")
ct.check("9.q6", "")

# %% [markdown]
# ## 3. More data can hurt, and what wrong labels do
#
# In the first figure we kept the digits and added features. Now we keep 300 features and add digits. More data is
# better, one would think.
#
# **Before you run it:** with 150 digits, this model has an error of about 30%. You label 150 more. What is the error
# then? And with 2,000 digits?

# %%
SIZES = [50, 100, 150, 200, 250, 300, 350, 400, 500, 700, 1000, 2000]

growing = pd.DataFrame(
    [row for n in SIZES for s in SEEDS for row in least_squares(n, [300], s)]
)
growing_ridge = pd.DataFrame(
    [row for n in SIZES for s in SEEDS for row in best_ridge(n, [300], s)]
)

figure, axis = plt.subplots(figsize=(6.6, 3.6), layout="constrained")
axis.axvline(300, color=GRAY, linestyle=":", label="as many digits as features")
curve(axis, growing, "test error", "digits", ORANGE, "no penalty")
curve(axis, growing_ridge, "test error", "digits", BLUE, "ridge, best penalty")
axis.set_title("300 random features, more and more training digits")
log_axis(axis, "number of training digits", [50, 100, 300, 1000, 2000])
axis.set_ylabel("share of test digits that are misclassified")
axis.legend()
plt.show()

# %%
by_digits = pd.DataFrame(
    {
        "least squares": growing.groupby("digits")["test error"].mean(),
        "ridge": growing_ridge.groupby("digits")["test error"].mean(),
    }
)
by_digits.round(3)

# %% [markdown]
# 150 more digits turn an error of 30% into one of 87%. Only with 500 digits is the model clearly better than with 150,
# and with 2,000 it has an error of about 11%. No label was changed, and all digits are drawn from the same images.
# What the additional digits do is bring the model to its threshold: 150 digits left it freedom to choose small
# weights, and 300 leave it none. With ridge regression, more data helps at every step.
#
# *Source: Nakkiran, Kaplun, Bansal, Yang, Barak and Sutskever 2020, "Deep double descent: where bigger models and more
# data hurt", who call this sample-wise non-monotonicity.*

# %% tags=["check"]
plain_error, ridge_error = by_digits["least squares"], by_digits["ridge"]
assert plain_error.idxmax() == 300
assert 0.28 < plain_error[150] < 0.32 and 0.84 < plain_error[300] < 0.90
assert plain_error[400] > plain_error[150] > plain_error[500] + 0.03
assert 0.09 < plain_error[2000] < 0.13
assert (ridge_error.diff().iloc[1:] < 0).all()

# %% [markdown]
# ### Wrong labels
#
# Double descent is often told as a story about wrong labels. Our 300 digits had none. Now a share of them gets a wrong
# label; test labels stay right.
#
# **Before you run it:** which parts of the curve will rise: the first minimum, the peak, or the right end? And does
# the peak move?

# %%
shares = {0.0: exact}
for share in (0.2, 0.4):
    shares[share] = pd.DataFrame(
        [row for seed in SEEDS for row in least_squares(300, COUNTS, seed, wrong=share)]
    )

figure, axis = plt.subplots(figsize=(8.6, 3.6), layout="constrained")
axis.axvline(300, color=GRAY, linestyle=":", label="as many features as digits")
for (share, table), color in zip(shares.items(), (BLUE, ORANGE, PURPLE), strict=True):
    curve(axis, table, "test error", "features", color, f"{share:.0%} wrong labels")
axis.set_title("Least squares on 300 digits, with wrong labels")
log_axis(axis, "number of features", FEATURE_TICKS)
axis.set_ylabel("share of test digits that are misclassified")
axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
by_share = pd.DataFrame(
    {
        f"{share:.0%} wrong": table.groupby("features")["test error"].mean()
        for share, table in shares.items()
    }
)
by_share.loc[[20, 50, 100, 200, 300, 500, 1000, 3000]].round(3)

# %% [markdown]
# Everything rises, and the peak stays where it is. In this model the peak does **not** need wrong labels: at 300
# features the error is 87% without them and 89% with them, which is all that guessing leaves. What wrong labels change
# is everything beside the peak. With 100 features the error rises from 28% to 39% and 51%, and with 3,000 from 14% to
# 33% and 52%.
#
# So which model is better, a small one or a very large one? With right labels, the largest by far: 14% against 28%.
# With 20% wrong labels, the largest by less: 33% against 38% for the first minimum, which is now at 50 features. With
# 40% wrong labels, the small one: 47% at 50 features, against 52%. A second descent does not always end below the
# first.

# %% tags=["check"]
assert all(by_share[name].idxmax() == 300 for name in by_share)
assert (by_share.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
assert np.allclose(by_share.loc[100], [0.281, 0.392, 0.508], atol=0.015)
assert np.allclose(by_share.loc[300], [0.868, 0.887, 0.894], atol=0.015)
assert np.allclose(by_share.loc[3000], [0.137, 0.333, 0.518], atol=0.015)
assert [by_share[name].loc[:200].idxmin() for name in by_share] == [100, 50, 50]
assert np.allclose(by_share.loc[50].iloc[1:], [0.379, 0.473], atol=0.015)

# %% [markdown]
# ### Exercise 4: every digit twice
#
# Is it the number of rows that makes the peak? Take 150 digits and write each of them, with its right label, into two
# rows. Then there are 300 rows and 300 features. What is the mean test error over the five seeds? Say first which of
# the two numbers above you expect: 30% or 87%.
#
# *Hint: `np.repeat(array, 2, axis=0)`, and `np.linalg.pinv(features, rcond=1e-10)`, which treats singular values as 0
# that are 0 up to rounding. Two equal rows make such a singular value.*

# %% tags=["exercise"]
# your code here

ct.check("9.4", None)

# %% tags=["solution"]
errors_of_copies = []
for start in SEEDS:
    few_x, few_y = draw(150, start)
    doubled = np.repeat(random_features(few_x, start)[:, :300], 2, axis=0)
    solved = np.linalg.pinv(doubled, rcond=1e-10) @ np.eye(10)[np.repeat(few_y, 2)]
    scores_of_copies = random_features(test_images[::5], start)[:, :300] @ solved
    errors_of_copies.append(error(scores_of_copies, test_labels[::5]))
error_of_copies = np.mean(errors_of_copies)
print(f"{error_of_copies:.3f}, and without copies {by_digits.loc[150, 'least squares']:.3f}")

assert abs(error_of_copies - by_digits.loc[150, "least squares"]) < 0.005

# %% [markdown]
# ### Exercise 5: a penalty at the peak, with wrong labels
#
# Take 300 digits, 20% of them with wrong labels, and 300 features. What is the mean test error over the five seeds
# with the best penalty?
#
# *Hint: `best_ridge` takes `wrong`, as `least_squares` does.*

# %% tags=["exercise"]
# your code here

ct.check("9.5", None)

# %% tags=["solution"]
at_peak = pd.DataFrame([line for start in SEEDS for line in best_ridge(300, [300], start, 0.2)])
error_with_penalty = at_peak["test error"].mean()
print(f"{error_with_penalty:.3f} in place of {by_share.loc[300, '20% wrong']:.3f}")

assert error_with_penalty < 0.4

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 7.** With 300 features, why is the model worse with 300 digits than with 150?
#
# - a: The second 150 digits are harder to read than the first 150.
# - b: 300 digits leave just one exact solution, with huge weights.
# - c: With more digits it cannot fit all of them any more.
#
# **Question 8.** You have 300 digits and 300 features, and you may not use a penalty. What lowers the test error?
#
# - a: To use every digit twice, so that there are 600 rows.
# - b: To compute the solution with more decimals.
# - c: To leave out half of the digits.
#
# **Question 9.** What do wrong labels do to the curve of this model?
#
# - a: They raise the error on both sides of the peak.
# - b: They create the peak, which is not there without them.
# - c: They move the peak to a larger number of features.

# %% tags=["answer"]
ct.check("9.q7", "")
ct.check("9.q8", "")
ct.check("9.q9", "")

# %% [markdown]
# ## 4. A network that is trained
#
# Now all layers learn, by gradient descent with Adam, on the cross-entropy loss. Does such a network have a peak too?
# It has one hidden layer, whose width we vary from 2 to 1,024 units. We take 2,000 digits, of which 20% have a wrong
# label, and go through them 400 times, so that a network that can fit them will do so.
#
# `ct.train` saves the weights after each epoch, and 400 times would cost more than the training itself. So we put 20
# copies of each digit into the training set: one epoch is then 20 passes over the 2,000 digits, and 20 epochs are 400
# passes. The learning rate begins at 0.005 and falls to 0 along a cosine, as in the recipe "default" of `cutaway`.


# %%
def dataset(seed, wrong, copies):
    """Make a dataset of 2,000 training digits, with several copies of each."""
    x, y = draw(2000, seed, wrong)
    return ct.Dataset.from_arrays(
        np.tile(x, (copies, 1, 1)),
        np.tile(y, copies),
        x_val=images[-1000:],
        y_val=labels[-1000:],
        x_test=test_images,
        y_test=test_labels,
        scale=255,
    )


SETTINGS = {
    "batch_size": 200,
    "learning_rate": 0.005,
    "label_smoothing": 0.0,
    "precision": "float32",
    "progress": False,
}


def train(width, seed, wrong=0.2, copies=20, epochs=20, **changes):
    """Train a network with one hidden layer and measure its errors."""
    model = ct.mlp((width,))
    settings = SETTINGS | {"seed": seed, "epochs": epochs} | changes
    with tempfile.TemporaryDirectory() as folder:
        run = ct.train(model, dataset(seed, wrong, copies), runs=folder, **settings)
        test, history = run.test, run.history["val_accuracy"]
    x, y = draw(2000, seed, wrong)
    w1, b1, w2, b2 = model.get_weights()
    hidden = np.maximum(x.reshape(-1, 196) / np.float32(255) @ w1 + b1, 0)
    return {
        "seed": seed,
        "width": width,
        "train error": error(hidden @ w2 + b2, y),
        "test error": 1 - test["accuracy"],
        "test loss": test["loss"],
        "val errors": [1 - accuracy for accuracy in history],
    }


# %% [markdown]
# A network with $w$ hidden units has $197\,w$ parameters in the first layer and $10\,(w + 1)$ in the second, together
# $207\,w + 10$. Fitting 2,000 digits means meeting 2,000 x 10 = 20,000 targets. If the rule of section 1 held here,
# the threshold would be where there are 20,000 parameters, at a width of about 97.
#
# **Before you run it:** at which widths do you expect the training error to reach 0? Does the test error have a peak,
# and where?
#
# The sweep takes three cells, one for each seed, with ten trainings each.

# %%
WIDTHS = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

trained_0 = [train(width, seed=0) for width in WIDTHS]

# %%
trained_1 = [train(width, seed=1) for width in WIDTHS]

# %%
trained_2 = [train(width, seed=2) for width in WIDTHS]

# %%
trained = pd.DataFrame(trained_0 + trained_1 + trained_2)

figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for axis in axes:
    axis.axvline(97, color=GRAY, linestyle=":", label="20,000 parameters")
    log_axis(axis, "hidden units (207 parameters each)", WIDTHS)
curve(axes[0], trained, "test error", "width", ORANGE, "test error")
curve(axes[0], trained, "train error", "width", BLUE, "training error")
axes[0].set_title("Error, with 20% wrong training labels")
axes[0].set_ylabel("share of digits that are misclassified")
curve(axes[1], trained, "test loss", "width", ORANGE, "test loss")
axes[1].set_title("Test loss of the same networks")
axes[1].set_ylabel("cross-entropy in nats")
for axis in axes:
    axis.legend()
plt.show()

# %%
by_width = trained.drop(columns=["seed", "val errors"]).groupby("width").mean()
by_width.round(3)

# %% [markdown]
# The training error falls all the way: about 3% with 32 units, half a percent with 64, and 0 from 128 units on, where
# the network has fitted every wrong label. So it reaches 0 at around 20,000 parameters, as the rule says.
#
# The test error does not fall all the way. It is about 21% with 8 units, **rises** to about 27% with 32, and then
# **falls again**, to about 17% with 1,024. The three seeds agree from 8 units on; with 2 and 4 units they differ a
# lot. The test loss shows the same: 0.74 nats with 8 units, about 1.1 with 32 and 64, and 0.8 with 1,024.
#
# Two things differ from section 1. The peak is not a spike: at 27% the networks are far from guessing. And it lies
# before the threshold, at 32 units with 6,634 parameters, where 3% of the training digits are still misclassified. But
# the lesson is the same: somebody who tries 8, 16 and 32 units sees overfitting get worse, and would not expect that
# 1,024 units are better than 8.
#
# *Source: Nakkiran et al. 2020, "Deep double descent", who found this in convolutional networks, ResNets and
# transformers, most clearly with wrong labels; Belkin et al. 2019 for fully connected networks on MNIST.*

# %% tags=["check"]
train_error, test_error, test_loss = (
    by_width[n] for n in ("train error", "test error", "test loss")
)
assert 0.01 < train_error[32] < 0.05 and train_error[64] < 0.015
assert train_error.loc[128:].max() < 0.002
assert test_error.loc[8:].idxmax() == 32
assert np.allclose(test_error[[8, 32, 1024]], [0.206, 0.268, 0.173], atol=0.02)
assert (test_error.loc[32:].diff().iloc[1:] < 0.01).all()
for _, one_seed in trained.set_index("width").groupby("seed"):
    assert one_seed["test error"][8] < one_seed["test error"][32]
    assert one_seed["test error"][1024] < one_seed["test error"][8]
assert test_loss.loc[8:].idxmax() in (32, 64)
assert np.allclose(test_loss[[8, 32, 64, 1024]], [0.74, 1.13, 1.11, 0.82], atol=0.08)
assert 207 * 32 + 10 == 6634 and 207 * 97 + 10 > 20_000 > 207 * 96 + 10

# %% [markdown]
# ### The control: right labels
#
# **Before you run it:** train the same networks on the same digits with their right labels. Is there still a peak?

# %%
SOME = [4, 8, 16, 32, 64, 256]

clean_0 = [train(width, 0, wrong=0.0) for width in SOME]

# %%
clean_1 = [train(width, seed, wrong=0.0) for seed in (1, 2) for width in SOME]

# %%
clean = pd.DataFrame(clean_0 + clean_1)
labels_compared = pd.DataFrame(
    {
        "20% wrong": by_width["test error"].loc[SOME],
        "all right": clean.groupby("width")["test error"].mean(),
        "all right, training error": clean.groupby("width")["train error"].mean(),
    }
)
labels_compared.round(3)

# %% [markdown]
# There is no peak. From 16 units on, these networks fit all of their training digits, and the test error still falls
# with every step, from about 12% with 8 units to 7% with 256. In the exact model the peak was there without wrong
# labels. In this network we see it only with them.

# %% tags=["check"]
right_labels = labels_compared["all right"]
assert (right_labels.diff().iloc[1:] < 0).all()
assert np.allclose(right_labels[[8, 256]], [0.123, 0.070], atol=0.015)
assert labels_compared["all right, training error"].loc[16:].max() < 0.002

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 10.** The network with 8 units misclassifies about 25% of its training digits, but only 21% of the test
# digits. How can it be better on digits that it has never seen?
#
# - a: A fifth of the training labels are wrong, and it does not follow most of them.
# - b: The test digits of MNIST are easier to read than the training digits.
# - c: With 10,000 digits the test error is estimated too low.
#
# **Question 11.** The training error is close to 0 at 64 units, with 13,258 parameters and not 20,000. Which
# explanation fits section 1?
#
# - a: Adam adds parameters of its own, which are not counted here.
# - b: A label needs only the highest output, and not ten exact values.
# - c: Copies of a digit count as one, so there are fewer targets.
#
# **Question 12.** What do the networks with right labels tell about the peak?
#
# - a: It comes from fitting the wrong labels, since without them it is gone.
# - b: It comes from the number of parameters, which is the same in both.
# - c: It is still there, but these networks cannot fit their training labels.

# %% tags=["answer"]
ct.check("9.q10", "")
ct.check("9.q11", "")
ct.check("9.q12", "")

# %% [markdown]
# ## 5. What it means for practice
#
# Nobody trains for 400 passes on labels like these without looking at validation digits. The runs above have recorded
# the validation error after every 20 passes.
#
# **Before you run it:** for networks with 8, 64 and 1,024 units, does the validation error still fall after the first
# 20 passes?

# %%
passes = 20 * np.arange(1, 21)
figure, axis = plt.subplots(figsize=(6.6, 3.6), layout="constrained")
for width, color in zip((8, 64, 1024), (BLUE, ORANGE, PURPLE), strict=True):
    histories = np.array(trained.loc[trained["width"] == width, "val errors"].tolist())
    axis.plot(passes, histories.mean(axis=0), color=color, label=f"{width:,} units")
    axis.fill_between(
        passes,
        histories.min(axis=0),
        histories.max(axis=0),
        color=color,
        alpha=0.2,
        linewidth=0,
    )
axis.set_title("20% wrong labels: error over the training (band: three seeds)")
axis.set_xlabel("passes over the training digits")
axis.set_ylabel("share of validation digits misclassified")
axis.legend()
plt.show()

# %%
over_time = pd.DataFrame(
    {
        width: np.mean(trained.loc[trained["width"] == width, "val errors"].tolist(), axis=0)
        for width in (8, 64, 1024)
    },
    index=pd.Index(passes, name="passes"),
)
over_time.loc[[20, 40, 100, 200, 400]].round(3)

# %% [markdown]
# Hardly. With 8 units it falls by half a point until 40 passes, which is within the band, and then rises from 15% to
# 20%. With 64 units it rises from 11% to 24%, and with 1,024 from 16% to 18%. First the networks learn what the digits
# have in common. Then they begin to fit the wrong labels, which costs most in a network that can only just do it. The
# peak over the widths shows the end of the training, not its best moment.
#
# Nakkiran et al. also saw the error of large networks fall a second time, late in training. We do not: with 1,024
# units it stays between 17% and 18% from 100 passes on.

# %% tags=["check"]
first, last = over_time.iloc[0], over_time.iloc[-1]
assert np.allclose(first, [0.155, 0.114, 0.155], atol=0.02)
assert np.allclose(last, [0.195, 0.240, 0.177], atol=0.02)
assert over_time.loc[40, 8] > first[8] - 0.015
assert last[64] - first[64] > 2 * max(last[8] - first[8], last[1024] - first[1024])
assert over_time.loc[100:, 1024].min() > 0.165 and over_time.loc[100:, 1024].max() < 0.19

# %% [markdown]
# ### Stopping early, and weight decay
#
# Two remedies, each with one change to the sweep above:
#
# - **Early stopping:** the training ends after three passes without a lower validation loss, and the weights with the
#   lowest validation loss are kept. For this we need the validation loss after each pass, so each digit is in the
#   training set only once, and an epoch is one pass.
# - **Weight decay:** each step makes all weights a little smaller, here by the learning rate times 1.0 (AdamW). It is
#   what the penalty was in section 2. We chose the value in a few trial runs, in which we saw test errors too, so its
#   result is a little too good.
#
# **Before you run it:** what will each curve look like, and which of the four ways gives the lowest error?

# %%
stopped = pd.DataFrame(
    [
        train(width, seed, copies=1, epochs=400, patience=3)
        for seed in (0, 1, 2)
        for width in SOME
    ]
)

# %%
decay = {"optimizer": "adamw", "weight_decay": 1.0}
decayed_0 = [train(width, 0, **decay) for width in SOME]

# %%
decayed_1 = [train(width, seed, **decay) for seed in (1, 2) for width in SOME]
decayed = pd.DataFrame(decayed_0 + decayed_1)

# %%
figure, axis = plt.subplots(figsize=(6.6, 4), layout="constrained")
curve(axis, trained, "test error", "width", ORANGE, "20% wrong labels, 400 passes")
curve(axis, decayed, "test error", "width", PURPLE, "the same with weight decay")
curve(axis, stopped, "test error", "width", BLUE, "the same, stopped early")
curve(axis, clean, "test error", "width", GRAY, "right labels, 400 passes", linestyle="--")
axis.set_ylim(bottom=0)
axis.set_title("Three ways to remove the peak (band: three seeds)")
log_axis(axis, "hidden units (207 parameters each)", WIDTHS)
axis.set_ylabel("share of test digits that are misclassified")
axis.legend()
plt.show()

# %%
remedies = pd.DataFrame(
    {
        "400 passes": by_width["test error"],
        "weight decay": decayed.groupby("width")["test error"].mean(),
        "stopped early": stopped.groupby("width")["test error"].mean(),
        "stopped early, training error": stopped.groupby("width")["train error"].mean(),
    }
)
remedies.loc[SOME].round(3)

# %% [markdown]
# Each remedy removes the peak. Stopped early, the networks have an error of 12% to 13% from 16 units on, and width
# hardly matters any more. At that moment the training error is still about 17% to 25%: they have fitted few of the
# wrong labels. With weight decay the error is 10% to 12% from 16 units on, and lowest at 32 and 64 units.
#
# Compare this with the widths. The best network that was trained to the end, with 1,024 units, has an error of 17%.
# Stopped early, 16 units reach 13%. And right labels were worth more than both: 8% with 64 units.
#
# With 4 units nothing helps. Such a network is too small for the digits, whatever the labels.

# %% tags=["check"]
early, shrunk = remedies["stopped early"].loc[SOME], remedies["weight decay"].loc[SOME]
assert early.loc[16:].min() > 0.1 and early.loc[16:].max() < 0.15
assert remedies["stopped early, training error"].loc[16:256].min() > 0.13
assert remedies["stopped early, training error"].loc[16:256].max() < 0.29
assert shrunk.loc[16:].min() > 0.09 and shrunk.loc[16:].max() < 0.13
assert shrunk[[32, 64]].max() < shrunk[[16, 256]].min()
assert max(early[16], shrunk[16]) < remedies["400 passes"].min() - 0.02
assert 0.07 < labels_compared.loc[64, "all right"] < 0.095 < shrunk.min()
assert early[4] > 0.2 and shrunk[4] > 0.2

# %% [markdown]
# ### Exercise 6: more wrong labels
#
# With 20% wrong labels, the widest network was the best of those that were trained to the end. Train networks with 8,
# 64 and 512 units on digits with 40% wrong labels, for 400 passes as before, with seed 0. Which of the three widths
# has the lowest test error?

# %% tags=["exercise"]
# your code here

ct.check("9.6", None)

# %% tags=["solution"]
with_40 = {units: train(units, 0, wrong=0.4)["test error"] for units in (8, 64, 512)}
best_of_three = min(with_40, key=with_40.get)
for units, wrong_share in with_40.items():
    print(f"{units:4} units: {wrong_share:.3f}")

assert best_of_three == 8 and with_40[64] > with_40[512]

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 13.** What does the comparison say about networks that learn from these wrong labels?
#
# - a: The widest network is the best choice, whatever else we do.
# - b: How long they are trained matters more than how wide they are.
# - c: Above 64 units, early stopping makes wider networks worse.
#
# **Question 14.** The network with 64 units that was stopped early misclassifies about 21% of its training digits. Is
# it underfitting?
#
# - a: Yes: the training error should be near 0 at the end.
# - b: Yes: with 20 copies of each digit it would have gone on.
# - c: No: about as many of the training labels are wrong.
#
# **Question 15.** "A bigger model is worse" and "a bigger model is always better": what do you say?
#
# - a: Both can be true for the same data, on two sides of a peak.
# - b: The first is wrong: test error falls when parameters are added.
# - c: The second is wrong: above the threshold a model overfits more.

# %% tags=["answer"]
ct.check("9.q13", "")
ct.check("9.q14", "")
ct.check("9.q15", "")

# %% [markdown]
# ## In short
#
# | Question | In the exact model | In the trained networks |
# |---|---|---|
# | Where is the peak? | at as many features as digits | before the training error reaches 0, at 32 units |
# | How high is it? | nearly guessing, 87% | 27%, where 8 units have 21% |
# | Does it need wrong labels? | no | yes, in our experiment |
# | Does the error end below the first minimum? | yes, but not with 40% wrong labels | yes, with 20% wrong labels |
# | What removes it? | a penalty on the weights | early stopping, weight decay, right labels |
#
# - **"Bigger is worse" and "bigger is always better" are both incomplete.** Ask on which side of the threshold a model
#   is, how many labels are wrong, and what else keeps the weights small.
# - **Near the threshold more data can hurt.** If more data makes your model worse, add a penalty before you blame the
#   data.
# - **With wrong labels, regularize before you add parameters.** With 20% of them, a penalty at 300 features gained
#   more than ten times as many features, and early stopping at 16 units gained more than 1,024 units.
#
# All of this is one small dataset, shrunken digits, with one kind of network. Where a peak lies in your own model is a
# question to your own model: train several sizes, with several seeds, and draw the curve past the point where it fits.
