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
# # One neuron
#
# A neural network is made of many small parts that all do the same simple thing. In this lesson we build one of them
# from nothing, with NumPy, and teach it to tell handwritten digits apart. Then we put ten of them side by side,
# and they read about 92% of the digits correctly.
#
# You need a little Python and NumPy, and you need to know what a derivative is. Run the cells from top to bottom. The
# lesson takes about an hour and works offline.

# %% [markdown] tags=["goals"]
# **After this lesson you can**
#
# - compute the output of a neuron by hand, and say what its weights and its bias do;
# - derive the gradient of a loss, check it numerically, and use it for gradient descent;
# - say what a learning rate that is too small or too large does, with numbers;
# - build a classifier for ten classes with softmax and cross-entropy, and test it fairly;
# - name a task that no such model can learn, and say why.

# %% [markdown] tags=["about-solutions"]
# The solution to each exercise is folded below it: try it yourself first, then click on "Solution". To run it, copy it
# into your cell.

# %%
import matplotlib.pyplot as plt
import numpy as np

import cutaway as ct

# %matplotlib inline

BLUE, ORANGE, PURPLE = "#3f90da", "#e76300", "#832db6"

# %% [markdown]
# Our data is MNIST: 60,000 images of handwritten digits for training and 10,000 for the test. Each image has 28 rows
# and 28 columns of pixels, and each pixel says how much ink there is, from 0 to 255. We divide by 255, so that ink
# goes from 0 to 1, and write each image as one row of 784 numbers.
#
# The last 10,000 training images are set aside as **validation** images. The model never learns from them. They tell
# us how well it does on images that it has not seen, and we use them for all decisions. The **test set** stays closed
# until the end, where we use it once.
#
# *Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", yann.lecun.com/exdb/mnist.*

# %%
data = ct.load_dataset("mnist")
pixels = data.sources["train"].x.reshape(-1, 784).astype(np.float32) / 255
digits = data.sources["train"].y

X_train, y_train = pixels[:50_000], digits[:50_000]
X_val, y_val = pixels[50_000:], digits[50_000:]
print("training:  ", X_train.shape)
print("validation:", X_val.shape)

# %% tags=["check"]
assert X_train.shape == (50_000, 784) and X_val.shape == (10_000, 784)
assert X_train.min() == 0 and X_train.max() == 1

# %% [markdown]
# ## A neuron weighs and adds
#
# We begin with two numbers for each image instead of 784. Numbers that describe an image are called **features**:
#
# - **ink**: the mean of all pixels;
# - **middle ink**: the mean of the four columns in the middle.
#
# The left plot will show zeros and ones, the right plot threes and eights. **Before you run it:** a one is a stroke
# and a zero is a ring. Which of the two has more ink, and which has more of it in the middle columns? And will a
# straight line be able to separate threes from eights?


# %%
def two_features(images):
    """Return the ink of each image, and its ink in the four middle columns."""
    grid = images.reshape(-1, 28, 28)
    return np.column_stack([grid.mean(axis=(1, 2)), grid[:, :, 12:16].mean(axis=(1, 2))])


features = two_features(X_train).astype(np.float64)

figure, axes = plt.subplots(
    1, 2, figsize=(10, 4.2), layout="constrained", sharex=True, sharey=True
)
for axis, (left, right) in zip(axes, [(0, 1), (3, 8)], strict=True):
    for digit, color in ((left, ORANGE), (right, BLUE)):
        points = features[y_train == digit][:500]
        axis.scatter(
            *points.T, s=9, color=color, alpha=0.6, linewidths=0, label=f"digit {digit}"
        )
    axis.set_title(f"500 images of {left} and 500 of {right}")
    axis.set_xlabel("ink (mean of all pixels, 0 to 1)")
    axis.legend(loc="lower right")
axes[0].set_ylabel("middle ink (mean of 4 columns, 0 to 1)")
plt.show()

for digit in (0, 1, 3, 8):
    ink, middle = features[y_train == digit].mean(axis=0)
    print(f"digit {digit}: mean ink {ink:.3f}, mean middle ink {middle:.3f}")

# %% [markdown]
# A zero has more than twice the ink of a one (0.174 and 0.076), but less of it in the middle (0.257 and 0.340). A
# straight line can separate most of them. Threes and eights lie on top of each other: these two features do not tell
# them apart.

# %% tags=["check"]
mean_features = {digit: features[y_train == digit].mean(axis=0) for digit in (0, 1, 3, 8)}
assert np.allclose(mean_features[0], [0.174, 0.257], atol=0.001)
assert np.allclose(mean_features[1], [0.076, 0.340], atol=0.001)
assert np.abs(mean_features[3] - mean_features[8]).max() < 0.06

# %% [markdown]
# ### The neuron
#
# A **neuron** (also called a **unit**) multiplies each input by a number of its own, the **weight**, adds everything
# up, and adds one more number, the **bias**. The result is the **logit** $z$:
#
# $$z = w_1 x_1 + w_2 x_2 + b$$
#
# If $z$ is positive, our neuron says "one", otherwise "zero". The points with $z = 0$ form a straight line.
#
# Nobody has to train anything yet. More ink speaks for a zero, so its weight should be negative, and middle ink speaks
# for a one. We choose $w_1 = -50$, $w_2 = 10$ and $b = 3$ by looking at the plot. **Before you run it:** how many of a
# hundred images do you expect on the correct side of the line? And if we then change only the bias, does the line
# turn, or does it move sideways?

# %%
zeros_and_ones = y_train <= 1
F, is_one = features[zeros_and_ones], y_train[zeros_and_ones] == 1
hand_weights = np.array([-50.0, 10.0])

plt.figure(figsize=(6, 4.4), layout="constrained")
for chosen, color, name in ((~is_one, ORANGE, "digit 0"), (is_one, BLUE, "digit 1")):
    plt.scatter(*F[chosen][:500].T, s=9, color=color, alpha=0.5, linewidths=0, label=name)

hand_accuracy = {}
for bias, style in ((2.0, ":"), (3.0, "-"), (5.0, "--")):
    says_one = F @ hand_weights + bias > 0
    hand_accuracy[bias] = np.mean(says_one == is_one)
    print(
        f"bias {bias:.0f}: {hand_accuracy[bias]:.1%} of {len(F):,} images on the correct side"
    )
    line_ink = np.array([0.0, 0.3])
    line_middle = -(hand_weights[0] * line_ink + bias) / hand_weights[1]  # solve z = 0
    plt.plot(line_ink, line_middle, style, color=PURPLE, label=f"z = 0 with bias {bias:.0f}")
plt.ylim(0, 0.7)
plt.title("A line drawn by hand: weights -50 and 10")
plt.xlabel("ink (mean of all pixels, 0 to 1)")
plt.ylabel("middle ink (mean of 4 columns, 0 to 1)")
plt.legend(loc="lower right", fontsize=9)
plt.show()

# %% [markdown]
# With bias 3, 96.8% of the 10,610 zeros and ones are on the correct side. The bias moves the line and does not turn
# it: with bias 2 the share is 91.8%, with bias 5 it is 88.2%. The direction of the line depends on the weights alone.

# %% tags=["check"]
assert len(F) == 10_610
assert [round(100 * share, 1) for share in hand_accuracy.values()] == [91.8, 96.8, 88.2]

# %% [markdown]
# ### From a logit to a probability
#
# So far our neuron says only yes or no. The **logistic function** turns the logit into a number between 0 and 1, which
# we read as the probability of a one:
#
# $$p = \sigma(z) = \frac{1}{1 + e^{-z}}$$
#
# At $z = 0$ it is one half. A function that a neuron applies to its logit is called its **activation function**.
#
# **Before you run it:** we multiply both weights and the bias by 10. What happens to the number of correct answers,
# and what happens to the probabilities?


# %%
def logistic(z):
    """Return 1 / (1 + exp(-z)), written so that a large z cannot overflow."""
    return 0.5 * (1 + np.tanh(z / 2))


confidence = {}
for factor in (1, 10):
    z = F @ (factor * hand_weights) + factor * 3.0
    p = logistic(z)
    confidence[factor] = np.mean(np.maximum(p, 1 - p) > 0.99)
    print(f"weights and bias times {factor}:")
    print(f"  correct: {np.mean((p > 0.5) == is_one):.1%}")
    print(f"  more than 99% sure: {confidence[factor]:.1%} of the images")
    print("  first three probabilities:", p[:3].round(4))

# %% [markdown]
# The line stays where it is, so the same 96.8% are correct. But the neuron is now far more confident: it is more than
# 99% sure about 95% of the images, instead of 9%. The weights decide two things: the direction of the line, and, by
# their size, how quickly the probability changes from 0 to 1 when you cross it.

# %% tags=["check"]
assert np.allclose(logistic(F @ hand_weights), 1 / (1 + np.exp(-(F @ hand_weights))))
assert np.mean((logistic(10 * (F @ hand_weights + 3)) > 0.5) == is_one) == hand_accuracy[3.0]
assert abs(confidence[1] - 0.087) < 0.005 and abs(confidence[10] - 0.951) < 0.005

# %% [markdown]
# ### Exercise 1: how large must the logit be?
#
# For which logit $z$ does the neuron give a probability of exactly 0.9? Solve the formula for $z$, or try values until
# `logistic(z)` fits.

# %% tags=["exercise"]
# your code here

ct.check("1.1", None)

# %% tags=["solution"]
logit_of_90_percent = np.log(0.9 / (1 - 0.9))
print(f"the logit is {logit_of_90_percent:.4f}")
assert np.isclose(logistic(logit_of_90_percent), 0.9)

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 1.** You double both weights and leave the bias as it is. What happens to the line $z = 0$?
#
# - a: It turns, because both weights have changed.
# - b: It stays the same, because both weights changed by the same factor.
# - c: It moves to another place and keeps its direction.
#
# **Question 2.** For the logit $z = -4$, the probability is about 0.018. What is it for $z = 4$?
#
# - a: About 0.982, because the logistic function is symmetric around one half.
# - b: About 0.018, because only the size of the logit matters.
# - c: About 4 times as much as 0.018, because the logit is positive.
#
# **Question 3.** A neuron has the weights (-50, 10) and the bias 3. An image has no ink at all. What does the neuron
# say?
#
# - a: "Zero", because without ink all products are 0, so that $p$ is 0.
# - b: "One", because $z$ equals the bias 3, so that $p$ is about 0.95.
# - c: Neither, because without ink $z$ is 0, so that $p$ is one half.

# %% tags=["answer"]
ct.check("1.q1", "")
ct.check("1.q2", "")
ct.check("1.q3", "")

# %% [markdown]
# ## The loss says how wrong it is
#
# We want the neuron to find its weights itself. For that, we need one number that says how wrong it is: the **loss**.
# Let $y$ be the correct answer, 1 or 0, and $p$ the probability that the neuron gives to 1. Two losses are common:
#
# - **squared error**: $(p - y)^2$;
# - **cross-entropy**: minus the logarithm of the probability that the neuron gave to the correct answer. This is
#   $-\ln p$ if $y = 1$, and $-\ln(1 - p)$ if $y = 0$. Its unit is the **nat**, the unit of a natural logarithm.
#
# Both are 0 if the neuron is sure and right. The curves show them for an image with $y = 1$. At a logit of -8 the
# neuron is almost sure of the wrong answer. **Before you run it:** which loss is larger there? To improve, the neuron
# follows the slope of the curve. Which of the two curves is steep at -8?

# %%
z_axis = np.linspace(-8, 8, 321)
p_axis = logistic(z_axis)
curves = {"squared error": (1 - p_axis) ** 2, "cross-entropy": -np.log(p_axis)}

figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
for (name, loss), color in zip(curves.items(), (ORANGE, BLUE), strict=True):
    slope = np.gradient(loss, z_axis)  # numerically: rise over run between neighboring points
    axes[0].plot(z_axis, loss, color=color, label=name)
    axes[1].plot(z_axis, slope, color=color, label=name)
    print(f"{name} at z = -8: loss {loss[0]:.4f}, slope {slope[0]:.5f}")
axes[0].set_title("The loss of one image with y = 1")
axes[0].set_ylabel("loss (cross-entropy in nats)")
axes[1].set_title("Its slope")
axes[1].set_ylabel("slope of the loss (per unit of logit)")
for axis in axes:
    axis.set_xlabel("logit z")
    axis.legend()
plt.show()

# %% [markdown]
# At $z = -8$ the squared error is 0.9993, close to its largest value 1, and its curve is flat: the slope is -0.0007.
# The cross-entropy is 8.0003 nats and its slope is about -1, which is more than a thousand times as steep. **Where the
# neuron is confidently wrong, the squared error gives it almost no direction, and cross-entropy gives it a clear
# one.**

# %% tags=["check"]
slopes = {name: np.gradient(loss, z_axis)[0] for name, loss in curves.items()}
assert abs(curves["squared error"][0] - 0.9993) < 1e-4
assert abs(curves["cross-entropy"][0] - 8.0003) < 1e-3
assert -0.0008 < slopes["squared error"] < -0.0006 and -1.001 < slopes["cross-entropy"] < -0.999
assert slopes["cross-entropy"] / slopes["squared error"] > 1000

# %% [markdown]
# ### The gradient, by the chain rule
#
# How does the loss $L$ change if we change one weight $w_j$ a little? The weight changes the logit, the logit changes
# the probability, and the probability changes the loss. The chain rule multiplies the three derivatives:
#
# $$\frac{\partial L}{\partial w_j} = \frac{\partial L}{\partial p} \cdot \frac{\partial p}{\partial z} \cdot
# \frac{\partial z}{\partial w_j}$$
#
# - The last factor is easy: $z = w_1 x_1 + w_2 x_2 + \cdots + b$, so $\partial z / \partial w_j = x_j$. For the bias it
#   is 1.
# - The middle factor is the derivative of the logistic function: $\partial p / \partial z = e^{-z} / (1 + e^{-z})^2$.
#   Since $1 - p = e^{-z} / (1 + e^{-z})$, this is $p\,(1 - p)$. It is almost 0 if $p$ is close to 0 or 1.
# - For the squared error, the first factor is $2\,(p - y)$. Together: $\partial L / \partial w_j = 2\,(p - y)\,p\,(1 -
#   p)\,x_j$. The factor $p\,(1 - p)$ made the curve flat.
# - For cross-entropy with $y = 1$, the first factor is $-1/p$. Times $p\,(1 - p)$ this is $-(1 - p) = p - 1$. With $y
#   = 0$ it is $1/(1 - p)$, and times $p\,(1 - p)$ this is $p$. Both cases are $p - y$:
#
# $$\frac{\partial L}{\partial w_j} = (p - y)\,x_j \qquad \frac{\partial L}{\partial b} = p - y$$
#
# The factor $p\,(1 - p)$ has canceled. What is left is the error of the neuron times the input. All these derivatives
# together are the **gradient**. For several images, the loss is the mean of their losses, and so is the gradient.

# %% [markdown]
# ### Check it
#
# Derivations go wrong, so we check ours. Change one weight by a small $h$ in both directions and look at what the loss
# does: $(L(w_j + h) - L(w_j - h)) / 2h$ must be the derivative. This is called **finite differences**. We use all 784
# pixels now, so there are 784 weights and one bias. The images are 1,000 threes ($y = 0$) and 1,000 eights ($y = 1$);
# 40 of them and random weights are enough for this check.
#
# The **relative error** is the length of the difference between the two gradients, divided by the length of the
# gradient. **Before you run it:** a derivative is the limit for small $h$. Does a smaller $h$ always give a smaller
# error on a computer?

# %%
threes, eights = np.flatnonzero(y_train == 3)[:1000], np.flatnonzero(y_train == 8)[:1000]
rows = np.sort(np.concatenate([threes, eights]))
X, y = X_train[rows].astype(np.float64), (y_train[rows] == 8).astype(np.float64)


def cross_entropy(w, b, X, y):
    """Return the mean cross-entropy in nats."""
    z = X @ w + b  # ln(1 + e^z) - y z is -ln p for y = 1, and -ln(1 - p) for y = 0
    return np.mean(np.logaddexp(0, z) - y * z)


def gradient(w, b, X, y):
    """Return the derivatives of the mean cross-entropy by the weights and by the bias."""
    error = logistic(X @ w + b) - y
    return X.T @ error / len(y), error.mean()


def finite_differences(loss, parameters, h):
    """Return the derivative of loss(parameters) by each parameter."""
    derivatives = np.zeros_like(parameters)
    for j in range(parameters.size):
        step = np.zeros_like(parameters)
        step.flat[j] = h
        derivatives.flat[j] = (loss(parameters + step) - loss(parameters - step)) / (2 * h)
    return derivatives


def relative_error(approximation, reference):
    """Return the length of the difference, divided by the length of the reference."""
    return np.linalg.norm(approximation - reference) / np.linalg.norm(reference)


some = np.random.default_rng(0).choice(len(y), 40, replace=False)
parameters = np.random.default_rng(1).normal(0, 0.1, 785)  # 784 weights and the bias
formula = np.append(*gradient(parameters[:784], parameters[784], X[some], y[some]))

errors = {}
for h in (1e-1, 1e-3, 1e-5, 1e-7, 1e-9, 1e-11):
    numeric = finite_differences(
        lambda q: cross_entropy(q[:784], q[784], X[some], y[some]), parameters, h
    )
    errors[h] = relative_error(numeric, formula)

plt.figure(figsize=(6, 3.6), layout="constrained")
plt.loglog(list(errors), list(errors.values()), "o-", color=BLUE)
plt.title("Finite differences against the formula")
plt.xlabel("step h (change of a weight, logarithmic axis)")
plt.ylabel("relative error (logarithmic axis)")
plt.show()
print("smallest error with h =", min(errors, key=errors.get))
print("its relative error is below 1e-8:", errors[1e-5] < 1e-8)

# %% [markdown]
# The best step is $h = 10^{-5}$: the relative error is below $10^{-8}$, so the formula is right. A smaller $h$ makes
# it worse again, because the two losses become so similar that their difference consists mostly of rounding errors. At
# $h = 10^{-11}$ the error is ten thousand times as large or more.

# %% tags=["check"]
assert min(errors, key=errors.get) == 1e-5 and errors[1e-5] < 1e-8
assert errors[1e-11] > 1e4 * errors[1e-5] and errors[1e-1] > 1e4 * errors[1e-5]

# %% [markdown]
# ### Exercise 2: the gradient of the squared error
#
# Write a function `gradient_squared(w, b, x, y)` for one image: `w` and `x` are arrays of the same length, `b` and `y`
# are numbers. It returns an array with the derivatives of the squared error $(p - y)^2$ by each weight, and the
# derivative by the bias as its last element.
#
# *Hint: the three factors are above. `np.append(array, number)` adds an element. Replace `None` by the name of your
# function.*

# %% tags=["exercise"]
# your code here

ct.check("1.2", None)


# %% tags=["solution"]
def gradient_squared(w, b, x, y):
    """Return the derivatives of (p - y)**2 by the weights, then by the bias."""
    probability = logistic(x @ w + b)
    error_times_slope = 2 * (probability - y) * probability * (1 - probability)
    return np.append(error_times_slope * x, error_times_slope)


numeric_squared = finite_differences(
    lambda q: (logistic(X[0] @ q[:784] + q[784]) - y[0]) ** 2, parameters, 1e-5
)
assert (
    relative_error(
        gradient_squared(parameters[:784], parameters[784], X[0], y[0]), numeric_squared
    )
    < 1e-6
)

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 4.** A pixel is 0 (no ink) in an image. What does this image tell the neuron about the weight of that
# pixel?
#
# - a: To make the weight smaller, because the pixel is not needed here.
# - b: Nothing: the derivative is the error times the pixel, which is 0.
# - c: To set the weight to 0, because the product is 0 in any case.
#
# **Question 5.** A neuron says $p = 0.5$ for every image. What is its cross-entropy, in nats?
#
# - a: 0.25, because it is $(0.5 - 1)^2$ for each of them.
# - b: 0.5, because one half is missing each time.
# - c: 0.693, because it is $-\ln 0.5$ for each of them.
#
# **Question 6.** An image has $y = 1$. For which $p$ does the squared error have the steepest slope over the logit?
#
# - a: About 1/3: there both the error and $p\,(1 - p)$ are fairly large.
# - b: Close to 0: there the error $p - y$ is the largest.
# - c: Exactly 1/2: there the logistic function is the steepest.

# %% tags=["answer"]
ct.check("1.q4", "")
ct.check("1.q5", "")
ct.check("1.q6", "")

# %% [markdown]
# ## Gradient descent
#
# The gradient says in which direction the loss rises most steeply. So we take a small step in the opposite direction,
# compute the gradient there, take the next step, and so on. This is **gradient descent**. The **learning rate** $\eta$
# says how long the steps are:
#
# $$w_j \leftarrow w_j - \eta\,\frac{\partial L}{\partial w_j} \qquad b \leftarrow b - \eta\,
# \frac{\partial L}{\partial b}$$
#
# We start with all weights and the bias at 0, so the neuron says 0.5 for every image and the loss is $\ln 2 = 0.693$.
# The same code trains a second neuron that gets the two features instead of the pixels.
#
# **Before you run it:** you have seen threes and eights on top of each other in the plane of the two features. With
# 784 pixels, how many validation images do you expect one neuron to get right: 70%, 85%, 95%? (Guessing gets about
# 50%.)


# %%
def descend(X, y, learning_rate, steps, start=None, loss="cross-entropy"):
    """Return weights, bias, and the cross-entropy before the first step and after each."""
    w, b = start if start is not None else (np.zeros(X.shape[1]), 0.0)
    losses = [cross_entropy(w, b, X, y)]
    for _ in range(steps):
        p = logistic(X @ w + b)
        by_logit = p - y if loss == "cross-entropy" else 2 * (p - y) * p * (1 - p)
        w = w - learning_rate * X.T @ by_logit / len(y)
        b = b - learning_rate * by_logit.mean()
        losses.append(cross_entropy(w, b, X, y))
    return w, b, np.array(losses)


def accuracy(w, b, X, y):
    """Return the share of images on the correct side."""
    return np.mean((X @ w + b > 0) == (y == 1))


val_rows = np.flatnonzero((y_val == 3) | (y_val == 8))
X_held, y_held = X_val[val_rows].astype(np.float64), (y_val[val_rows] == 8).astype(np.float64)

w, b, losses = descend(X, y, learning_rate=0.1, steps=200)
print("loss after 0, 1, 2, 10, 50, 200 steps:", losses[[0, 1, 2, 10, 50, 200]].round(3))
print(f"784 pixels: {accuracy(w, b, X_held, y_held):.1%} of {len(y_held):,} validation images")

mean, spread = two_features(X).mean(axis=0), two_features(X).std(axis=0)
S, S_held = (two_features(X) - mean) / spread, (two_features(X_held) - mean) / spread
w_two, b_two, losses_two = descend(S, y, learning_rate=1.0, steps=200)
print(f"2 features: {accuracy(w_two, b_two, S_held, y_held):.1%}, loss {losses_two[-1]:.3f}")

# %% [markdown]
# With 784 pixels, the loss falls from 0.693 to 0.127, and the neuron reads about 96% of the validation images
# correctly. With the two features it gets no further than about 65%, with the same code and the same images. (We
# scaled the two features to similar sizes. Their loss of 0.650 no longer falls.) What it lacked was not training but
# inputs.

# %% tags=["check"]
assert abs(losses[0] - np.log(2)) < 1e-12 and np.all(np.diff(losses) < 0)
assert 0.12 < losses[-1] < 0.13 and 0.95 < accuracy(w, b, X_held, y_held) < 0.97
assert 0.62 < accuracy(w_two, b_two, S_held, y_held) < 0.67
assert 0.64 < losses_two[-1] < 0.66 and losses_two[-2] - losses_two[-1] < 1e-5

# %% [markdown]
# ### What it has learned
#
# A neuron on 784 pixels has 784 weights, one for each pixel, so we can show them as an image: red where ink speaks for
# an eight, blue where it speaks for a three. **Before you run it:** where does an eight have ink that a three does not
# have? Which color do you expect there?

# %%
figure, axes = plt.subplots(1, 3, figsize=(9.5, 3.3), layout="constrained")
for axis, digit in zip(axes, (0, 1), strict=False):
    shades = axis.imshow(
        X[y == digit].mean(axis=0).reshape(28, 28), cmap="gray", vmin=0, vmax=1
    )
    axis.set_title(("mean of 1,000 threes", "mean of 1,000 eights")[digit])
figure.colorbar(shades, ax=axes[1], label="mean ink (0 to 1)")
largest = np.abs(w).max()
shades = axes[2].imshow(w.reshape(28, 28), cmap="RdBu_r", vmin=-largest, vmax=largest)
axes[2].set_title("weights of the neuron")
figure.colorbar(shades, ax=axes[2], label="weight (logit per unit of ink)")
for axis in axes:
    axis.set_xlabel("column (pixels)")
    axis.set_xticks([0, 14, 27])
    axis.set_yticks([0, 14, 27])
axes[0].set_ylabel("row (pixels)")
plt.show()

halves = w.reshape(28, 28)[:, :14].sum(), w.reshape(28, 28)[:, 14:].sum()
print(f"sum of the weights: left half {halves[0]:.1f}, right half {halves[1]:.1f}")
print("weight of the pixel in the upper left corner:", w[0])

# %% [markdown]
# An eight is closed on the left, where a three is open. The two red spots are exactly there. The weights of the left
# half add up to about 4.6, those of the right half to -4.5. The weight of a corner pixel is still exactly 0: no image
# has ink there, so its gradient was always 0.

# %% tags=["check"]
assert w[0] == 0 and X[:, 0].max() == 0
assert 4.4 < halves[0] < 4.8 and -4.7 < halves[1] < -4.3

# %% [markdown]
# ### The learning rate
#
# Our learning rate was 0.1. The next cell tries 0.001, 0.1, 1 and 100, with 200 steps each. **Before you run it:**
# what will the four curves look like? And what will be left of the neuron after 200 steps with a learning rate of 100,
# a thousand times ours?

# %%
rates = {}
plt.figure(figsize=(7, 4.2), layout="constrained")
for rate, color, style in (
    (0.001, ORANGE, "-"),
    (0.1, BLUE, "-"),
    (1.0, PURPLE, "-"),
    (100.0, "black", ":"),
):
    w_rate, b_rate, losses_rate = descend(X, y, rate, steps=200)
    rates[rate] = losses_rate, accuracy(w_rate, b_rate, X_held, y_held)
    plt.plot(losses_rate, style, color=color, label=f"learning rate {rate:g}")
    print(
        f"learning rate {rate:g}: highest loss {losses_rate.max():.2f}, last loss "
        f"{losses_rate[-1]:.3f}, validation {rates[rate][1]:.1%}, "
        f"largest weight {np.abs(w_rate).max():.2f}"
    )
plt.yscale("log")
plt.title("Gradient descent with four learning rates")
plt.xlabel("step")
plt.ylabel("cross-entropy (nats, logarithmic axis)")
plt.legend()
plt.show()

# %% [markdown]
# - **0.001 is too small.** After 200 steps the loss has only come down to 0.56.
# - **0.1 works.** Every single step lowers the loss.
# - **1 jumps over the valley at first:** the loss goes up to 4.5, then settles, and ends at 0.066, lower than with
#   0.1. A step that raises the loss is not the end of the training.
# - **100 is too large.** The loss shoots up to about 750, comes down, shoots up again, and is 3.7 after 200 steps,
#   much worse than at the start, where the neuron knew nothing (0.693).
#
# You may have expected the last one to run off to infinity. It cannot here: the error $p - y$ lies between -1 and 1,
# so no step can change a weight by more than the learning rate times the mean of its pixel. And 96% of the validation
# images are on the correct side all the same, as many as with 0.1. The loss is so high because the weights are huge
# (up to 94, instead of 0.4), so that the neuron is completely sure of its mistakes too. Loss and accuracy are not the
# same thing.

# %% tags=["check"]
last = {rate: kept[0][-1] for rate, kept in rates.items()}
assert 0.55 < last[0.001] < 0.58 and 0.12 < last[0.1] < 0.13 and 0.06 < last[1.0] < 0.07
assert 3 < last[100.0] < 4.5 and 700 < rates[100.0][0].max() < 800
assert 4 < rates[1.0][0].max() < 5 and np.all(np.diff(rates[0.1][0]) < 0)
assert 80 < np.abs(w_rate).max() < 110 and np.abs(w).max() < 0.5
assert 0.95 < rates[100.0][1] < 0.97 and abs(rates[100.0][1] - rates[0.1][1]) < 0.005

# %% [markdown]
# ### Exercise 3: where does it start to jump?
#
# Somewhere between 0.1 and 1 a step first raises the loss. Take 20 steps with each of the learning rates 0.05, 0.1,
# 0.2, 0.4 and 0.8, each time from zero. Which is the smallest with a step that raises the loss?
#
# *Hint: `descend` returns the losses, and `np.diff` their differences.*

# %% tags=["exercise"]
# your code here

ct.check("1.3", None)

# %% tags=["solution"]
raises = {}
for tried_rate in (0.05, 0.1, 0.2, 0.4, 0.8):
    raises[tried_rate] = int(np.sum(np.diff(descend(X, y, tried_rate, steps=20)[2]) > 0))
    print(f"learning rate {tried_rate:g}: {raises[tried_rate]} of 20 steps raise the loss")
first_jump = min(candidate for candidate, count in raises.items() if count)
assert first_jump == 0.4

# Below 2 / (largest curvature of the loss), no step can raise the loss. The curvature is at
# most a quarter of the largest eigenvalue of this matrix.
with_ones = np.column_stack([X, np.ones(len(X))])
safe_rate = 2 / (np.linalg.eigvalsh(with_ones.T @ with_ones / len(X))[-1] / 4)
print(f"safe for certain: up to {safe_rate:.2f}")
assert 0.1 < safe_rate < 0.2

# %% [markdown]
# ### Does the loss really matter?
#
# The curves said that squared error gives almost no slope where the neuron is confidently wrong. What does that do to
# training? We turn the signs of all trained weights around. Now the neuron is wrong about nearly every image, and sure
# of it. From there we train with each loss, with the same learning rate. As a **control**, we do the same from zero.
#
# **Before you run it:** which losses will find their way back in 200 steps? And how large will the difference be when
# both start from zero?

# %%
starts = {"zero": (np.zeros(784), 0.0), "wrong": (-w, -b)}
paths, ends = {}, {}
for start_name, start in starts.items():
    for loss_name in ("cross-entropy", "squared error"):
        w_now, b_now = start
        path = [accuracy(w_now, b_now, X_held, y_held)]
        for _ in range(4):
            w_now, b_now, _unused = descend(X, y, 0.1, 50, start=(w_now, b_now), loss=loss_name)
            path.append(accuracy(w_now, b_now, X_held, y_held))
        paths[start_name, loss_name], ends[start_name, loss_name] = (
            np.array(path),
            (w_now, b_now),
        )

print("validation accuracy after 0, 50, 100, 150 and 200 steps:")
for (start_name, loss_name), path in paths.items():
    print(f"  from {start_name:5}  {loss_name}:", "  ".join(f"{share:.2f}" for share in path))

w_stuck, b_stuck = ends["wrong", "squared error"]
p_stuck = logistic(X @ w_stuck + b_stuck)
of_threes = np.median(p_stuck[y == 0])
print(f"stuck: it says 'eight' for {np.mean(p_stuck > 0.5):.0%} of the training images,")
print(f"  and its median probability of an eight is {of_threes:.4f} for the threes")
w_late, b_late, _unused = descend(
    X, y, 0.1, 800, start=(w_stuck, b_stuck), loss="squared error"
)
print(f"  800 steps later, it has {accuracy(w_late, b_late, X_held, y_held):.2f}")

# %% [markdown]
# From zero, the two losses are equally good: 96% each. From the wrong start, cross-entropy is back at about 95% after
# 150 steps. Squared error gets to 49% and is still there after 1,000 steps. It has made the neuron say "eight" for
# every image. That is correct for half of them. For the threes, the neuron now gives an eight a probability of 0.9999,
# so that $p\,(1 - p)$ is 0.0001 and they hardly move it. So squared error is not useless, but it depends on a good
# start.

# %% tags=["check"]
assert abs(paths["zero", "cross-entropy"][-1] - paths["zero", "squared error"][-1]) < 0.005
assert 0.95 < paths["zero", "squared error"][-1] < 0.97
assert paths["wrong", "cross-entropy"][0] < 0.05 and paths["wrong", "cross-entropy"][-1] > 0.94
assert 0.47 < paths["wrong", "squared error"][-1] < 0.53
assert abs(paths["wrong", "squared error"][-1] - paths["wrong", "squared error"][-2]) < 0.01
assert np.mean(p_stuck > 0.5) > 0.98 and of_threes > 0.9997
assert 0.47 < accuracy(w_late, b_late, X_held, y_held) < 0.53

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 7.** Two trained neurons are on the correct side for the same 95% of the images, but one has a much higher
# cross-entropy. What do you know about it?
#
# - a: It is more confident about its mistakes.
# - b: It makes more mistakes than the other one.
# - c: It has not been trained for enough steps yet.
#
# **Question 8.** A colleague's loss falls in every step, but after an hour it has hardly changed. What would you try
# first?
#
# - a: A smaller learning rate, because the steps jump over the valley.
# - b: The squared error, because its values are smaller from the start.
# - c: A larger learning rate, because every step is in a good direction.
#
# **Question 9.** We train again, but start the weight of the corner pixel at 5 and all others at 0. What is it
# afterwards?
#
# - a: 0, because training takes away the weights that are of no use.
# - b: 5, because its gradient is the error times a pixel that is always 0.
# - c: Between 0 and 5, because each step makes all weights a little smaller.

# %% tags=["answer"]
ct.check("1.q7", "")
ct.check("1.q8", "")
ct.check("1.q9", "")

# %% [markdown]
# ## Ten classes
#
# For ten digits we use ten neurons side by side. All of them see the same 784 pixels, and each has its own 784 weights
# and its own bias. We write the weights as a matrix $W$ with 784 rows and 10 columns, so that $z = xW + b$ gives ten
# logits. Together they form a **layer**.
#
# Ten separate logistic functions would give ten probabilities whose sum can be anything from 0 to 10. **Softmax**
# gives probabilities that add up to 1:
#
# $$p_k = \frac{e^{z_k}}{e^{z_0} + e^{z_1} + \cdots + e^{z_9}}$$
#
# The **logit** of a class is the value of its unit before softmax. A model
# with one layer of weights and softmax at its end is called **softmax regression**.
#
# The next cell applies the formula as it stands. **Before you run it:** we add 100 to all three logits. Do the
# probabilities become more extreme, more equal, or neither? And what happens if we add 1,000?


# %%
def softmax_as_written(z):
    """Apply the formula without any care."""
    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


logits = np.array([2.0, 1.0, -1.0])
with np.errstate(over="ignore", invalid="ignore"):  # numbers instead of warnings
    for added in (0, 100, 1000):
        print(f"added {added:4}: {softmax_as_written(logits + added).round(4)}")
    print("exp(1000) is", np.exp(1000.0))

# %% [markdown]
# Adding 100 changes nothing: $e^{z + 100} = e^{100} e^z$, and the factor $e^{100}$ cancels. **Softmax depends only on
# the differences between logits.** So adding 1,000 should change nothing either, but the result is `nan`, "not a
# number". The computer cannot represent $e^{1000}$ and calls it infinity (`inf`), and infinity divided by infinity is
# not defined. This is called **overflow**.

# %% tags=["check"]
assert np.allclose(softmax_as_written(logits), softmax_as_written(logits + 100))
assert np.allclose(softmax_as_written(logits), [0.7054, 0.2595, 0.0351], atol=1e-4)
with np.errstate(over="ignore", invalid="ignore"):
    assert np.isnan(softmax_as_written(logits + 1000)).all() and np.isinf(np.exp(1000.0))

# %% [markdown]
# ### Exercise 4: a softmax that survives
#
# Since a constant changes nothing, you may subtract one that helps. Write a function `safe_softmax(z)` that works for
# logits of any size, and for a single row of logits as well as for a matrix with one row per image.
#
# *Hint: which number can you subtract from each row so that no exponential is larger than 1? `axis=-1` and
# `keepdims=True` keep the rows apart.*

# %% tags=["exercise"]
# your code here

ct.check("1.4", None)


# %% tags=["solution"]
def safe_softmax(z):
    """Return the probabilities of each row, with its largest logit moved to 0."""
    exponentials = np.exp(z - z.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


assert np.allclose(safe_softmax(logits + 1000), [0.7054, 0.2595, 0.0351], atol=1e-4)
assert np.allclose(safe_softmax(np.array([[0.0, 0.0], [-900.0, 900.0]])), [[0.5, 0.5], [0, 1]])

# %% [markdown]
# ### The gradient is p - y again
#
# The cross-entropy of one image is $L = -\ln p_c$, where $c$ is the correct class. With the formula of softmax and the
# rules for logarithms:
#
# $$L = -z_c + \ln\left(e^{z_0} + e^{z_1} + \cdots + e^{z_9}\right)$$
#
# The derivative of the logarithm by $z_k$ is $e^{z_k}$ divided by the sum, which is $p_k$. The derivative of $-z_c$ is
# $-1$ for $k = c$, and 0 for the other classes. Let $y_k$ be 1 for the correct class and 0 for the others; this is
# called **one-hot**. Then
#
# $$\frac{\partial L}{\partial z_k} = p_k - y_k$$
#
# Just as for one neuron. **Before you run it:** an image shows a 3, and the model gives every class the probability
# 0.1. Which ten numbers are the gradient, and what is their sum?


# %%
def softmax(z):
    """Return the probabilities of each row, without overflow."""
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def softmax_loss(z, labels):
    """Return the mean cross-entropy of the rows in nats: -z_c + ln(sum of e^z)."""
    z = z - z.max(axis=-1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(axis=-1)) - z[np.arange(len(labels)), labels])


ONE_HOT = np.eye(10, dtype=np.float32)
uniform = np.zeros((1, 10))
print("all logits 0:", (softmax(uniform) - ONE_HOT[[3]]).round(2)[0])

random_logits = np.random.default_rng(0).normal(0, 3, (5, 10))
random_labels = np.array([3, 1, 4, 1, 5])
formula_logits = (softmax(random_logits) - ONE_HOT[random_labels]) / 5  # the mean of 5 images
numeric_logits = finite_differences(
    lambda q: softmax_loss(q, random_labels), random_logits, 1e-5
)
logit_error = relative_error(numeric_logits, formula_logits)
print("relative error below 1e-8:", logit_error < 1e-8)
print("sums of the rows are 0:", np.allclose(formula_logits.sum(axis=1), 0))

# %% [markdown]
# The gradient is 0.1 for each wrong class and -0.9 for the correct one. A step against it lowers the nine wrong logits
# a little and raises the correct one by as much as all the others are lowered together, because the sum is 0. For
# random logits and labels, formula and finite differences agree to better than $10^{-8}$.

# %% tags=["check"]
assert logit_error < 1e-8
assert np.allclose(formula_logits.sum(axis=1), 0)
assert np.allclose((softmax(uniform) - ONE_HOT[[3]])[0], [0.1] * 3 + [-0.9] + [0.1] * 6)

# %% [markdown]
# ### Training in small batches
#
# A gradient over all 50,000 images takes as much arithmetic as 391 gradients over 128 images. So we shuffle the
# images, take the first 128 of them (a **batch**), do one step, take the next 128, and so on. One pass through all
# images is called an **epoch**, here 391 steps. This is **stochastic gradient descent**: each gradient is only an
# estimate, but there are many more of them.
#
# We compare one epoch in batches with the same number of images in a single step, both from zero and with a learning
# rate of 0.1. **Before you run it:** which of the two will be more accurate, and how far apart will they be?


# %%
def train_softmax(X, labels, learning_rate, epochs, seed, batch_size=128, start=None):
    """Train softmax regression. Returns the weights, the biases, and both after each epoch."""
    rng = np.random.default_rng(seed)  # it shuffles the images
    W, b = start if start is not None else (np.zeros((784, 10)), np.zeros(10))
    W, b, after_epoch = W.astype(np.float32), b.astype(np.float32), []
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for begin in range(0, len(X), batch_size):
            batch = order[begin : begin + batch_size]
            by_logits = (softmax(X[batch] @ W + b) - ONE_HOT[labels[batch]]) / len(batch)
            W = W - np.float32(learning_rate) * (X[batch].T @ by_logits)
            b = b - np.float32(learning_rate) * by_logits.sum(axis=0)
        after_epoch.append((W, b))
    return W, b, after_epoch


def share_correct(W, b, X, labels):
    """Return the share of images whose correct class has the largest logit."""
    return np.mean((X @ W + b).argmax(axis=1) == labels)


one_step = train_softmax(X_train, y_train, 0.1, epochs=1, seed=0, batch_size=50_000)
W_ten, b_ten, by_epoch = train_softmax(X_train, y_train, 0.1, epochs=5, seed=0)
print(f"1 step, 50,000 images:      {share_correct(*one_step[:2], X_val, y_val):.1%} correct")
print(f"391 steps, 128 images each: {share_correct(*by_epoch[0], X_val, y_val):.1%}")
for epoch, parts in enumerate(by_epoch, 1):
    print(
        f"after epoch {epoch}: loss {softmax_loss(X_train @ parts[0] + parts[1], y_train):.3f} "
        f"(training), {softmax_loss(X_val @ parts[0] + parts[1], y_val):.3f} (validation), "
        f"correct {share_correct(*parts, X_val, y_val):.1%} (validation)"
    )

# %% [markdown]
# One step over all images reaches about 70%, and 391 steps over the same images about 90%. After five epochs the model
# reads about 91.8% of the validation images. It has 7,850 parameters: 784 times 10 weights, and 10 biases.

# %% tags=["check"]
assert 0.68 < share_correct(*one_step[:2], X_val, y_val) < 0.72
assert 0.895 < share_correct(*by_epoch[0], X_val, y_val) < 0.907
assert 0.912 < share_correct(W_ten, b_ten, X_val, y_val) < 0.922
assert W_ten.size + b_ten.size == 7850

# %% [markdown]
# ### Choosing the learning rate
#
# The learning rate is a decision, so the validation images have to make it. The seed decides in which order the images
# come, and that changes the result a little. So we train three times with each learning rate. **Before you run it:**
# is the difference between learning rates larger than the difference between seeds?

# %%
trials = {}
for rate in (0.01, 0.1, 0.5, 2.0):
    trials[rate] = [
        share_correct(*train_softmax(X_train, y_train, rate, 5, seed)[:2], X_val, y_val)
        for seed in (0, 1, 2)
    ]
    shares = "  ".join(f"{share:.1%}" for share in trials[rate])
    print(f"learning rate {rate:4}: {shares}  (mean {np.mean(trials[rate]):.1%})")

best_rate = max(trials, key=lambda rate: np.mean(trials[rate]))
print("the best on the validation images:", best_rate)

# %% [markdown]
# The means are about 89.0%, 91.7%, 92.2% and 91.0%. We choose 0.5. The seeds differ by about 0.2 percentage points
# with 0.5, and by about 1 with 2.0: large steps are also less steady. The rates 0.1 and 0.5 are only half a point
# apart, which is not much, but with all three seeds 0.5 is ahead.

# %% tags=["check"]
means = [np.mean(trials[rate]) for rate in trials]
assert best_rate == 0.5 and min(trials[0.5]) > max(trials[0.1])
assert np.allclose(means, [0.890, 0.917, 0.922, 0.910], atol=0.005)
assert np.ptp(trials[0.5]) < 0.005 < 0.008 < np.ptp(trials[2.0])

# %% [markdown]
# ### The weights of ten classes
#
# Each of the ten units has its own image of weights. Red: ink speaks for this digit. Blue: ink speaks against it.
# **Before you run it:** what do you expect in the center of the zero's weights, and for which other digit should it be
# similar? And will the images look like digits?

# %%
W_best, b_best, _ = train_softmax(X_train, y_train, best_rate, epochs=5, seed=0)

figure, axes = plt.subplots(2, 5, figsize=(9.5, 4.3), layout="constrained")
for digit, axis in enumerate(axes.flat):
    shades = axis.imshow(W_best[:, digit].reshape(28, 28), cmap="RdBu_r", vmin=-1, vmax=1)
    axis.set_title(f"weights of {digit}", fontsize=10)
    axis.set_xticks([])
    axis.set_yticks([])
figure.colorbar(shades, ax=axes, label="weight (logit per unit of ink)")
figure.suptitle("What speaks for each digit (red) and against it (blue)")
figure.supxlabel("28 columns", fontsize=10)
figure.supylabel("28 rows", fontsize=10)
plt.show()

center = W_best.reshape(28, 28, 10)[12:16, 12:16].mean(axis=(0, 1))
center_ink = np.array(
    [X_train[y_train == k].reshape(-1, 28, 28)[:, 12:16, 12:16].mean() for k in range(10)]
)
print("4 by 4 pixels in the center, digits 0 to 9:")
print("mean weight:", center.round(2))
print("mean ink:   ", center_ink.round(2))

# %% [markdown]
# In the center, the lowest weights are those of the zero (about -0.4) and the seven (about -0.36). They are also the
# two digits with the least ink there (0.08 and 0.15). The largest weights have the one and the eight, whose strokes go
# through the center. The one shows its stroke in red, and around the blue center of the zero you can see a pale ring.
# In most of the others the digit is hard to recognize: a weight does not say what a digit looks like, but what
# distinguishes it from the other nine.

# %% tags=["check"]
assert set(np.argsort(center)[:2]) == {0, 7} and set(np.argsort(center)[-2:]) == {1, 8}
assert -0.5 < center[0] < -0.3 and -0.45 < center[7] < -0.27
assert np.allclose(center_ink[[0, 7]], [0.08, 0.15], atol=0.01)

# %% [markdown]
# ### Exercise 5: why may all weights start at zero?
#
# We started from zero, and it worked. You may have heard that a network must not start from zero, because all its
# units would stay the same. Take the first 128 training images and compute the gradient of the weights at $W = 0$, $b
# = 0$: a matrix with 784 rows and 10 columns. How many different columns does it have?
#
# *Hint: at zero, softmax gives 0.1 for every class. `np.unique(matrix.round(6), axis=1)` leaves out repeated columns.*

# %% tags=["exercise"]
# your code here

ct.check("1.5", None)

# %% tags=["solution"]
at_zero = X_train[:128].T @ (0.1 - ONE_HOT[y_train[:128]]) / 128
different_columns = np.unique(at_zero.round(6), axis=1).shape[1]
print("different columns:", different_columns)
assert different_columns == 10

# and a random start ends in the same place, apart from chance
from_random = []
for random_seed in (0, 1, 2):
    random_start = np.random.default_rng(random_seed).normal(0, 0.1, (784, 10)), np.zeros(10)
    ended = train_softmax(X_train, y_train, 0.1, epochs=5, seed=0, start=random_start)
    from_random.append(share_correct(*ended[:2], X_val, y_val))
print("from three random starts:", [f"{share_random:.1%}" for share_random in from_random])
print(f"from zero: {share_correct(W_ten, b_ten, X_val, y_val):.1%}")
assert np.abs(np.array(from_random) - share_correct(W_ten, b_ten, X_val, y_val)).max() < 0.006

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 10.** The logits of an image are 5, 3 and 3. We change them to 2, 0 and 0. What do the probabilities do?
#
# - a: They stay the same, because only differences between logits count.
# - b: They become more equal, because all logits are smaller now.
# - c: Two of them become 0, because their logits are 0.
#
# **Question 11.** The model gives the correct class a probability of 0.98. What does this image do to the weights?
#
# - a: Nothing at all, because the answer is already correct.
# - b: As much as any other image, because steps depend on the learning rate.
# - c: Very little, because all ten values of $p_k - y_k$ are close to 0.
#
# **Question 12.** You try 20 learning rates and report the best validation accuracy as the accuracy on new images.
# What is wrong with it?
#
# - a: Nothing, because the model has never learned from the validation images.
# - b: It is a little too high, because these images chose the best of 20.
# - c: It is a little too low, because the model was not trained on these images.

# %% tags=["answer"]
ct.check("1.q10", "")
ct.check("1.q11", "")
ct.check("1.q12", "")

# %% [markdown]
# ## How good is it, and what can it not do?
#
# Is 92% good? That depends on what one gets without any learning.

# %% [markdown]
# ### Exercise 6: always the same answer
#
# Find the digit that is most common among the training images (`y_train`). A model that gives this answer for every
# image: which share of the validation images does it get right?
#
# *Hint: `np.bincount`.*

# %% tags=["exercise"]
# your code here

ct.check("1.6", None)

# %% tags=["solution"]
most_common = np.bincount(y_train).argmax()
baseline = np.mean(y_val == most_common)
print(f"always {most_common}: {baseline:.2%}")
assert most_common == 1 and abs(baseline - 0.1064) < 1e-9

# %% [markdown]
# ### A second opinion
#
# Our code is our own, and so would be its mistakes. scikit-learn has softmax regression too (`LogisticRegression`),
# with another method of finding the minimum. It adds a penalty to the loss, which keeps the weights small: the sum of
# the squared weights times $\lambda / 2$, where $\lambda = 1 / (C n)$ for $n$ images. We give it 2,000 images and
# $C = 0.1$.
#
# At a minimum, the gradient is 0. So we put the weights that scikit-learn has found into *our* formula, with
# $\lambda W$ as the derivative of the penalty. We also train our own model on the same 2,000 images, without a
# penalty. **Before you run it:** our model has seen 2,000 images instead of 50,000. How much accuracy will that cost?

# %%
from sklearn.linear_model import LogisticRegression

few = slice(0, 2000)
reference = LogisticRegression(C=0.1, tol=1e-8, max_iter=2000)
reference.fit(X_train[few].astype(np.float64), y_train[few])

W_ref, b_ref = reference.coef_.T, reference.intercept_
penalty = 1 / (0.1 * 2000)
by_logits = softmax(X_train[few] @ W_ref + b_ref) - ONE_HOT[y_train[few]]
at_minimum = X_train[few].T @ by_logits / 2000 + penalty * W_ref
at_start = X_train[few].T @ (0.1 - ONE_HOT[y_train[few]]) / 2000
print(f"our gradient at zero weights:        length {np.linalg.norm(at_start):.2f}")
print("our gradient at scikit-learn's weights is shorter than 1e-4:", end=" ")
print(np.linalg.norm(at_minimum) < 1e-4)

W_few, b_few, _ = train_softmax(X_train[few], y_train[few], best_rate, epochs=20, seed=0)
few_accuracy = {
    "scikit-learn, 2,000 images": share_correct(W_ref, b_ref, X_val, y_val),
    "our model, 2,000 images": share_correct(W_few, b_few, X_val, y_val),
    "our model, 50,000 images": share_correct(W_best, b_best, X_val, y_val),
}
for name, share in few_accuracy.items():
    print(f"{name}: {share:.1%}")

# %% [markdown]
# Where scikit-learn sees a minimum, our gradient is 0, ten thousand times shorter than at the start. So both have the
# same idea of the loss. With 2,000 images, scikit-learn gets about 89% of the validation images right and our model
# about 89% as well; with 50,000 images it is 92%. Twenty-five times as many images gain three points.

# %% tags=["check"]
assert np.linalg.norm(at_minimum) < 1e-4 < 0.5 < np.linalg.norm(at_start)
of_few = list(few_accuracy.values())
assert 0.88 < of_few[0] < 0.9 and 0.875 < of_few[1] < 0.9 and 0.917 < of_few[2] < 0.928, of_few

# %% [markdown]
# ### The test, once
#
# All decisions are made, so now we open the test set. The published result for a linear classifier on these digits,
# with 784 inputs and 10 outputs, is an **error of 12.0%** on the test set (LeCun et al. 1998).
#
# A linear classifier can be trained in more than one way, and the loss makes a difference: squared error was common
# then. We can see what it does. For ten outputs without softmax, the weights with the smallest squared error on the
# training images can be computed exactly (**least squares**). This control is for the validation images only, since
# the test set is not there to compare models. **Before you run it:** will our error be above or below 12%? And the
# error of least squares?

# %%
X_test = data.sources["test"].x.reshape(-1, 784).astype(np.float32) / 255
y_test = data.sources["test"].y
test_error = 1 - share_correct(W_best, b_best, X_test, y_test)
print(f"softmax and cross-entropy: {test_error:.1%} of the 10,000 test images are wrong")

with_bias = np.column_stack([X_train, np.ones(len(X_train))])  # 64-bit numbers
squares = np.linalg.lstsq(
    with_bias.T @ with_bias, with_bias.T @ ONE_HOT[y_train].astype(np.float64), rcond=1e-10
)[0]
squares_error = 1 - share_correct(squares[:784], squares[784], X_val, y_val)
val_error = 1 - share_correct(W_best, b_best, X_val, y_val)
print(f"validation: {val_error:.1%} with cross-entropy, {squares_error:.1%} with least squares")

# %% [markdown]
# Our model misreads about 8.0% of the test images, and 7.7% of the validation images. The published linear classifier
# misread 12.0%. With squared error, the same inputs and the same number of weights give an error of about 13.4% on the
# validation images, so the loss alone can make a difference of this size. (We do not know what else was different in
# 1998.)
#
# *Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition"; the table
# at yann.lecun.com/exdb/mnist.*

# %% tags=["check"]
assert 0.073 < test_error < 0.084, test_error
assert 0.072 < val_error < 0.083 and 0.129 < squares_error < 0.139, (val_error, squares_error)

# %% [markdown]
# ### Four points that no neuron can learn
#
# There are tasks that a linear model cannot do, however long it is trained. The smallest is **XOR**, "exclusive or":
# two inputs, and the answer is 1 if exactly one of them is 1. As a control, we train the same neuron on **OR**: the
# answer is 1 if at least one input is 1.
#
# **Before you run it:** draw the four points of XOR on paper and look for a line that separates the two classes. What
# will the loss be after 5,000 steps, from five random starts?

# %%
corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
tasks = {"OR": np.array([0.0, 1.0, 1.0, 1.0]), "XOR": np.array([0.0, 1.0, 1.0, 0.0])}
corner_losses = {}
for task, answers in tasks.items():
    corner_losses[task] = []
    for seed in range(5):
        start = np.random.default_rng(seed).normal(0, 2, 2), 0.0
        w_corner, b_corner, corner_path = descend(corners, answers, 1.0, 5000, start=start)
        corner_losses[task].append(corner_path[-1])
    p_corner = logistic(corners @ w_corner + b_corner)
    print(f"{task}: last losses", np.round(corner_losses[task], 4))
    print(f"    probabilities at the four points: {p_corner.round(3)}")

lines = np.random.default_rng(0).normal(size=(100_000, 3))
correct_points = (
    (corners @ lines[:, :2].T + lines[:, 2] > 0) == (tasks["XOR"] == 1)[:, None]
).sum(axis=0)
print(
    "of 100,000 random lines, the best gets", correct_points.max(), "of 4 points of XOR right"
)

# %% [markdown]
# OR is learned from every start. For XOR every start ends at the same loss, 0.6931, which is $\ln 2$: the best that
# the neuron can do is to say 0.5 everywhere. It is not stuck by bad luck. Of 100,000 random lines, none gets all four
# points right.
#
# *Source: Minsky and Papert 1969, "Perceptrons", for what a single layer cannot compute.*

# %% tags=["check"]
assert (
    np.allclose(corner_losses["XOR"], np.log(2), atol=1e-6) and max(corner_losses["OR"]) < 0.01
)
assert np.allclose(p_corner, 0.5, atol=1e-3) and correct_points.max() == 3

# %% [markdown]
# ### The same with digits
#
# XOR may look like a puzzle, but it comes with images too. For you, a white three on black is as clearly a three as a
# black three on white. Here the pixels go from -1 to 1, so that inverting an image changes the sign of all its pixels.
# We train one neuron on threes and eights as they are, one on inverted ones, and one on both kinds. A fourth neuron is
# trained on both kinds too, but starts with the weights of the first instead of zero.
#
# **Before you run it:** the first neuron gets about 95%. And the others? Does it help the fourth that half of its work
# is already done?

# %%
P, P_held = 2 * X - 1, 2 * X_held - 1
P_both, y_both = np.concatenate([P, -P]), np.concatenate([y, y])

three, eight = P[y == 0][0], P[y == 1][0]
figure, axes = plt.subplots(1, 4, figsize=(8, 2.4), layout="constrained")
for axis, (shown, title) in zip(
    axes,
    ((three, "as it is"), (-three, "inverted"), (eight, "as it is"), (-eight, "inverted")),
    strict=True,
):
    axis.imshow(shown.reshape(28, 28), cmap="gray", vmin=-1, vmax=1)
    axis.set_title(title, fontsize=10)
    axis.set_xticks([])
    axis.set_yticks([])
figure.suptitle("A three and an eight, each in both kinds")
plt.show()

first = descend(P, y, 0.01, 200)
second = descend(-P, y, 0.01, 200)
third = descend(P_both, y_both, 0.01, 200)
fourth = descend(P_both, y_both, 0.01, 200, start=first[:2])
kind_results = {}
for kind, trained in (("as they are", first), ("inverted", second)):
    kind_results[kind] = [accuracy(*trained[:2], side * P_held, y_held) for side in (1, -1)]
    print(f"trained on images {kind}: loss {trained[2][-1]:.3f}")
    print("  correct: {:.1%} as they are, {:.1%} inverted".format(*kind_results[kind]))
print(f"both kinds, from zero:      loss {third[2][0]:.3f} before, {third[2][-1]:.3f} after")
print(f"both kinds, from the first: loss {fourth[2][0]:.3f} before, {fourth[2][-1]:.3f} after")
of_both = [
    accuracy(*trained[:2], np.concatenate([P_held, -P_held]), np.tile(y_held, 2))
    for trained in (first, fourth)
]
print("  {:.1%} of both kinds correct before, {:.1%} after".format(*of_both))

# %% [markdown]
# Each kind alone is easy: about 95%. The neuron that was trained on one kind is wrong about 95% of the other. Trained
# on both from zero, a neuron learns nothing: the loss stays at 0.693. And the fourth gives up what the first had
# learned: its loss falls from 1.46 to 0.70, and half of the images are correct, before and after. Whatever a weight
# gains for an image, it loses for the inverted image, since $w \cdot (-x) = -(w \cdot x)$, and both should have the
# same answer.

# %% tags=["check"]
assert abs(third[2][-1] - np.log(2)) < 1e-6 and np.log(2) < fourth[2][-1] < 0.75
assert 0.94 < kind_results["as they are"][0] < 0.965 and kind_results["as they are"][1] < 0.06
assert 0.94 < kind_results["inverted"][1] < 0.965 and kind_results["inverted"][0] < 0.06
assert np.allclose(of_both, 0.5, atol=0.01) and 1.4 < fourth[2][0] < 1.55

# %% [markdown]
# ### Two layers, and what lies between them
#
# Would a second layer help? Let ten units look at the output of 50 units, which look at the pixels. In matrices:
# $(x W_1)\,W_2$. For XOR we take two units in the middle, with weights that we choose by hand: the first adds the two
# inputs, the second adds them and subtracts 1. The output unit computes the first minus twice the second.
#
# Then we do the same with one change: between the layers, negative values become 0. **Before you run it:** compute the
# output for the four points on paper, with and without the change. Which of the two is XOR?

# %%
rng = np.random.default_rng(0)
W_1, W_2 = rng.normal(size=(784, 50)), rng.normal(size=(50, 10))
two_layers = (X_held @ W_1) @ W_2
one_layer = X_held @ (W_1 @ W_2)
print("two layers equal one layer:", np.allclose(two_layers, one_layer))
print(f"{W_1.size + W_2.size:,} weights do the work of {(W_1 @ W_2).size:,}")

middle_units = corners @ np.array([[1.0, 1.0], [1.0, 1.0]]) + np.array([0.0, -1.0])
to_output = np.array([1.0, -2.0])
print("XOR:                       ", tasks["XOR"])
print("without the change:        ", middle_units @ to_output)
print("negative values become 0:  ", np.maximum(0, middle_units) @ to_output)

# %% [markdown]
# Two layers without anything between them are one layer, because the product of two matrices is a matrix: 39,700
# weights do the work of 7,840. With the small change, two units in the middle solve XOR exactly. The change is an
# activation function, and it is what makes depth worth anything.

# %% tags=["check"]
assert np.allclose(two_layers, one_layer) and (W_1.size + W_2.size, (W_1 @ W_2).size) == (
    39_700,
    7_840,
)
assert np.array_equal(np.maximum(0, middle_units) @ to_output, tasks["XOR"])
assert np.array_equal(middle_units @ to_output, [2, 1, 1, 0])

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 13.** A model reads 95% of the images of a dataset correctly. Which number do you want to know first?
#
# - a: How many parameters the model has, compared with the number of images.
# - b: How common the most common class is among these images.
# - c: How many epochs the model was trained, and with which learning rate.
#
# **Question 14.** A neuron ends at a loss of 0.693 on XOR. What could bring it to 0.1?
#
# - a: More steps and a smaller learning rate, because the minimum is narrow.
# - b: Another random start, because this one led to a bad minimum.
# - c: A third input, the product of the first two, because a plane can then separate them.
#
# **Question 15.** Somebody uses $2z + 3$ as the activation function between two layers. Can this network learn XOR?
#
# - a: No, because multiplying by a constant and adding one keeps the whole model linear.
# - b: Yes, because there is an activation function between the two layers now.
# - c: Yes, if gradient descent runs long enough to find the weights for it.

# %% tags=["answer"]
ct.check("1.q13", "")
ct.check("1.q14", "")
ct.check("1.q15", "")

# %% [markdown]
# ## Where to go from here
#
# - A neuron multiplies inputs by weights, adds them up with a bias, and applies an activation function.
# - A loss says how wrong it is. With cross-entropy, the gradient for the logits is $p - y$.
# - Gradient descent needs a learning rate that fits. Validation images choose it, and the test set is used once.
# - Ten units with softmax read about 92% of the MNIST digits, and no training makes a linear model learn XOR.
#
# We chose the two units in the middle by hand. The next lesson lets gradient descent find them, and it will turn out
# that a start from zero no longer works.
