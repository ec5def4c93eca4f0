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
# # Backpropagation by hand
#
# In the [last lesson](01_one_neuron.ipynb) one layer learned to read digits: softmax regression got about 92% of them
# right. Its gradient was one line of NumPy. Now we add a hidden layer. The question of this lesson is how a network
# finds out in which direction each of its weights has to change, also those that are not connected to the output. The
# answer is the chain rule, and the method that applies it is called **backpropagation**.
#
# We write it by hand, first for nine numbers and then for 50,890, and compare it with Keras. The lesson runs in about
# a minute and works offline. There are five exercises along the way.

# %% [markdown] tags=["goals"]
# After this lesson you can
#
# - say what a hidden layer adds to a linear model, and why it needs an activation function,
# - compute every derivative of a small network by hand, and check it with finite differences,
# - write the backward pass of a two-layer network in matrices, and train it on MNIST without a library,
# - name three ways in which a network stops learning, and show each of them by numbers.

# %% [markdown] tags=["about-solutions"]
# The solution to each exercise is folded below it: try it yourself first, then click on "Solution". To run it, copy
# it into your cell.

# %% [markdown]
# `ct.check("2.1", answer)` tells you whether an answer is right, and gives a hint if it is not.

# %%
import os
from functools import partial

os.environ["KERAS_BACKEND"] = "jax"  # must be set before Keras is imported

import jax
import jax.numpy as jnp
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

import cutaway as ct

# %matplotlib inline

threadpool_limits(1)  # one thread multiplies matrices as small as ours faster than several
SEED = 0
BLUE, ORANGE, PURPLE = "#3f90da", "#e76300", "#832db6"

# %% [markdown]
# ## Why a hidden layer
#
# The smallest problem that a single neuron cannot solve is **XOR**, the exclusive or: the answer is 1 if exactly one
# of the two inputs is 1. A neuron with two inputs draws a line through the plane, $w_1 x_1 + w_2 x_2 + b = 0$, and
# says 1 on one side of it.
#
# *Source: Minsky and Papert 1969, "Perceptrons".*
#
# The next cell tries 100,000 random lines.
#
# **Before you run it:** draw the four points on paper. How many of the four can one line get right?

# %%
POINTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([0, 1, 1, 0])

rng = np.random.default_rng(SEED)
lines = rng.normal(size=(100_000, 3))  # w1, w2, b of each line
says_one = POINTS @ lines[:, :2].T + lines[:, 2] > 0
points_right = (says_one == XOR[:, None]).sum(axis=0)
for count in range(5):
    print(f"{count} of 4 right: {(points_right == count).mean():.1%} of the lines")

# %% [markdown]
# The best lines get three points right, and none gets four. That is no accident of our 100,000 lines. A line that
# gets all four would need $b \le 0$ for the point (0, 0), $w_1 + b > 0$ and $w_2 + b > 0$ for the two points in the
# middle, and $w_1 + w_2 + b \le 0$ for (1, 1). The sum of the second and the third is $w_1 + w_2 + 2b > 0$, and the
# sum of the first and the last is $w_1 + w_2 + 2b \le 0$. Both cannot be true.

# %% tags=["check"]
assert points_right.max() == 3 and points_right.min() == 1

# %% [markdown]
# ### Two hidden units solve it
#
# Now we put a layer with two units between the inputs and the output. It is called **hidden** because its values are
# neither inputs nor outputs. Each unit is a neuron with the activation function **ReLU** (rectified linear unit),
# which replaces negative values by zero: $\mathrm{relu}(a) = \max(0, a)$. We set the weights by hand:
#
# $$h_1 = \mathrm{relu}(x_1 + x_2) \qquad h_2 = \mathrm{relu}(x_1 + x_2 - 1) \qquad z = h_1 - 2 h_2 - 0.5$$
#
# The network says 1 where its **logit** $z$, the value of the output unit before the logistic function, is positive.
#
# **Before you run it:** compute $h_1$, $h_2$ and $z$ for the point (1, 1), and again for (0, 1) and (1, 0).


# %%
def relu(a):
    """Replace negative values by zero."""
    return np.maximum(0, a)


W_HIDDEN = np.array([[1.0, 1.0], [1.0, 1.0]])  # one column per hidden unit
B_HIDDEN = np.array([0.0, -1.0])
W_OUT, B_OUT = np.array([1.0, -2.0]), -0.5


def xor_logit(x, activation=relu):
    """Compute the logit of the network with weights set by hand."""
    return activation(x @ W_HIDDEN + B_HIDDEN) @ W_OUT + B_OUT


hidden_values = relu(POINTS @ W_HIDDEN + B_HIDDEN)
table = pd.DataFrame(POINTS, columns=["x1", "x2"])
table[["h1", "h2"]] = hidden_values
table["z"] = xor_logit(POINTS)
table["says"] = (table["z"] > 0).astype(int)
table["XOR"] = XOR
print(table.to_string(index=False))

# %%
corners = np.linspace(-0.4, 1.4, 181)
plane = np.stack(np.meshgrid(corners, corners), axis=-1)
class_colors = np.array([BLUE, ORANGE])[XOR]

fig, axes = plt.subplots(1, 2, figsize=(9, 3.9), layout="constrained")
axes[0].contourf(
    corners,
    corners,
    xor_logit(plane) > 0,
    levels=[-0.5, 0.5, 1.5],
    colors=[BLUE, ORANGE],
    alpha=0.2,
)
for label in (0, 1):
    axes[0].scatter(
        *POINTS[label == XOR].T, c=(BLUE, ORANGE)[label], s=90, zorder=3, label=f"XOR = {label}"
    )
axes[0].legend(loc="center")
axes[0].set(title="The inputs: no single line would do", xlabel="input x1", ylabel="input x2")
axes[0].set_xlim(-0.4, 1.4)

axes[1].scatter(*hidden_values.T, c=class_colors, s=90, zorder=3)
axes[1].plot([-0.5, 2.6], [-0.5, 1.05], color="black", linewidth=1)
axes[1].annotate("(0, 1) and (1, 0)", (1, 0), (1.1, -0.2))
axes[1].annotate("(0, 0)", (0, 0), (-0.33, 0.13))
axes[1].annotate("(1, 1)", (2, 1), (1.55, 1.07))
axes[1].set(title="The hidden layer: one line is enough", xlabel="unit h1", ylabel="unit h2")
axes[1].set(xlim=(-0.5, 2.6), ylim=(-0.5, 1.4))
plt.show()

# %% [markdown]
# All four are right. The hidden layer moves the points: (0, 1) and (1, 0) land at the same place, (1, 0), and now a
# single line separates the classes. The output unit is still a linear model, but its inputs are the hidden units.
# Seen from the inputs, its line becomes the two edges of a band.

# %% tags=["check"]
assert np.array_equal(table["says"], XOR)
assert np.array_equal(hidden_values, [[0, 0], [1, 0], [1, 0], [2, 1]])

# %% [markdown]
# ### Without an activation function
#
# What did ReLU contribute? The control is the same network with the same weights, but with $h = a$ instead of
# $h = \mathrm{relu}(a)$.
#
# **Before you run it:** with $h_1 = x_1 + x_2$ and $h_2 = x_1 + x_2 - 1$, write $z$ as a formula in $x_1$ and $x_2$.
# What kind of model is it, and how many of the four points does it get right?


# %%
def identity(a):
    """Return the input: no activation function."""
    return a


print("logits without ReLU:", xor_logit(POINTS, identity))

one_layer = W_HIDDEN @ W_OUT
one_bias = B_HIDDEN @ W_OUT + B_OUT
print("one layer instead:  ", POINTS @ one_layer + one_bias)

# the same for random weights, 784-64-10
rng = np.random.default_rng(SEED)
first, second = rng.normal(size=(784, 64)), rng.normal(size=(64, 10))
inputs = rng.random((1000, 784))
two_layers, product = (inputs @ first) @ second, inputs @ (first @ second)
gap = np.abs(two_layers - product).max() / np.abs(product).max()
print(f"784-64-10 and its product, largest relative difference: {gap:.1e}")

# %% [markdown]
# The formula is $z = -x_1 - x_2 + 1.5$, and three of the four points are right: (0, 0) now gets the logit 1.5.
# Without an activation function, two layers compute $(x W_1) W_2 = x (W_1 W_2)$, which is one layer with the product
# of the two matrices as its weights. For 784-64-10 with random weights too, both ways give the same numbers up to
# rounding.

# %% tags=["check"]
assert np.allclose(one_layer, -1) and one_bias == 1.5 and gap < 1e-12
assert np.array_equal(xor_logit(POINTS, identity), POINTS @ one_layer + one_bias)
assert ((xor_logit(POINTS, identity) > 0) == XOR).sum() == 3

# %% [markdown]
# ### Exercise 1: a second solution
#
# Write a function `distance(x1, x2)` that returns $|x_1 - x_2|$, using two ReLU units and a sum, and nothing else
# that is not linear: no `abs`, no `if`. For inputs of 0 and 1, this is XOR.
#
# *Hint: one unit for the case that $x_1$ is larger, one for the other.*

# %% tags=["exercise"]
# your code here

ct.check("2.1", None)


# %% tags=["solution"]
def distance(left, right):
    """|left - right| from two ReLU units without biases."""
    return relu(left - right) + relu(right - left)


assert np.array_equal(distance(POINTS[:, 0], POINTS[:, 1]), XOR)

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 1.** Why can the network with two hidden units solve XOR?
#
# - a: It has nine weights and biases instead of three, and more weights always fit more points.
# - b: The hidden units move the points to places where one line separates the two classes.
# - c: The output unit has learned a curved boundary, because its own function is not linear.
#
# **Question 2.** Somebody builds 784-64-10 and forgets the activation function. What can this network compute?
#
# - a: Nothing that 784-10 without a hidden layer could not compute too.
# - b: More than 784-10, since it has six times as many weights.
# - c: The same as with ReLU, if it is trained for long enough.
#
# **Question 3.** We multiply the weights and the bias of the ReLU unit $h_1$ by 3, and divide its outgoing weight by
# 3. For which inputs does $z$ stay the same?
#
# - a: Only for those where the unit is active.
# - b: Only for those where the unit is zero.
# - c: For all inputs.

# %% tags=["answer"]
ct.check("2.q1", "")
ct.check("2.q2", "")
ct.check("2.q3", "")

# %% [markdown]
# ## The chain rule, number by number
#
# We set the weights for XOR by hand. For digits nobody can, so the network has to find them by gradient descent. For
# that it needs the derivative of the loss with respect to **every** weight: how much the loss changes if only this
# weight is changed a little.
#
# We start with one sample, $x = (1, 2)$ with label $y = 1$, and a network with two ReLU units and one logistic
# output. It has nine parameters: four weights and two biases in the hidden layer, two weights $v_1, v_2$ and the bias
# $c$ of the output. The **forward pass** computes one value after the other:
#
# $$a_j = w_{1j} x_1 + w_{2j} x_2 + b_j \qquad h_j = \mathrm{relu}(a_j) \qquad z = v_1 h_1 + v_2 h_2 + c$$
#
# $$p = \frac{1}{1 + e^{-z}} \qquad L = -\ln p \ \text{ for } y = 1, \quad -\ln(1 - p) \ \text{ for } y = 0$$
#
# The loss $L$ is the cross-entropy of the last lesson.

# %%
x1, x2, y = 1.0, 2.0, 1
PARAMETERS = {
    "w11": 0.6, "w21": 0.2, "b1": 0.0,  # hidden unit 1
    "w12": -1.0, "w22": 1.0, "b2": 0.5,  # hidden unit 2
    "v1": 0.8, "v2": -0.4, "c": -0.6,  # output unit
}  # fmt: skip


def forward_one(q, x1, x2, y):
    """Compute all values of the network for one sample."""
    a1 = q["w11"] * x1 + q["w21"] * x2 + q["b1"]
    a2 = q["w12"] * x1 + q["w22"] * x2 + q["b2"]
    h1, h2 = relu(a1), relu(a2)
    z = q["v1"] * h1 + q["v2"] * h2 + q["c"]
    p = 1 / (1 + np.exp(-z))
    loss = -np.log(p) if y == 1 else -np.log(1 - p)
    return {"a1": a1, "a2": a2, "h1": h1, "h2": h2, "z": z, "p": p, "L": loss}


values = forward_one(PARAMETERS, x1, x2, y)
for name, value in values.items():
    print(f"{name:3} {value:6.3f}")

# %% tags=["check"]
assert np.allclose([values[k] for k in ("a1", "a2", "z")], [1.0, 1.5, -0.4])
assert np.isclose(values["p"], 0.401, atol=5e-4) and np.isclose(values["L"], 0.913, atol=5e-4)

# %% [markdown]
# Both units are active, and the network gives the right answer a probability of 0.401, which costs a loss of 0.913.
#
# The **backward pass** starts at the loss and goes back, one step at a time. At each step the chain rule multiplies
# what is already known by one local derivative:
#
# | derivative | chain rule | local derivative |
# |---|---|---|
# | $dL/dp$ | | $-1/p$ for $y = 1$, $1/(1-p)$ for $y = 0$ |
# | $dL/dz$ | $dL/dp \cdot dp/dz$ | $dp/dz = p(1-p)$ |
# | $dL/dv_j$ | $dL/dz \cdot dz/dv_j$ | $dz/dv_j = h_j$ |
# | $dL/dh_j$ | $dL/dz \cdot dz/dh_j$ | $dz/dh_j = v_j$ |
# | $dL/da_j$ | $dL/dh_j \cdot dh_j/da_j$ | $dh_j/da_j = 1$ if $a_j > 0$, otherwise 0 |
# | $dL/dw_{ij}$ | $dL/da_j \cdot da_j/dw_{ij}$ | $da_j/dw_{ij} = x_i$ |
# | $dL/dx_i$ | $dL/da_1 \cdot w_{i1} + dL/da_2 \cdot w_{i2}$ | a sum, since $x_i$ reaches the loss along two paths |
#
# The first two together give $dL/dz = p - y$, the gradient that you know from the last lesson. The derivative for a
# bias is that of its sum, since $da_j/db_j = 1$. (At $a = 0$ exactly, ReLU has a corner and no derivative. We take 0
# there, as Keras does.)
#
# *Source: Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors".*
#
# **Before you run it:** the label is 1 and $p = 0.401$. Which sign do $dL/dv_1$ and $dL/dv_2$ have? And which is
# farther from zero?


# %%
def backward_one(q, s, x1, x2, y):
    """Compute the derivative of the loss with respect to every value and parameter."""
    d = {"p": -1 / s["p"] if y == 1 else 1 / (1 - s["p"])}
    d["z"] = d["p"] * s["p"] * (1 - s["p"])
    d["v1"], d["v2"], d["c"] = d["z"] * s["h1"], d["z"] * s["h2"], d["z"]
    d["h1"], d["h2"] = d["z"] * q["v1"], d["z"] * q["v2"]
    d["a1"], d["a2"] = d["h1"] * (s["a1"] > 0), d["h2"] * (s["a2"] > 0)
    d["w11"], d["w21"], d["b1"] = d["a1"] * x1, d["a1"] * x2, d["a1"]
    d["w12"], d["w22"], d["b2"] = d["a2"] * x1, d["a2"] * x2, d["a2"]
    d["x1"] = d["a1"] * q["w11"] + d["a2"] * q["w12"]
    d["x2"] = d["a1"] * q["w21"] + d["a2"] * q["w22"]
    return d


derivatives = backward_one(PARAMETERS, values, x1, x2, y)
for name, value in derivatives.items():
    print(f"dL/d{name:3} {value:6.3f}")


# %% [markdown]
# Here is the same as a **computation graph**: each arrow is one step of the forward pass. The values are above the
# line, and the derivatives of the loss are below it. The forward pass fills in the blue numbers from left to right,
# and the backward pass the orange ones from right to left.


# %%
def draw_graph(values, derivatives, title):
    """Draw the network: values in blue, derivatives of the loss in orange."""
    places = {
        "x1": (0, 1), "x2": (0, 0), "a1": (1.4, 1), "a2": (1.4, 0),
        "h1": (2.8, 1), "h2": (2.8, 0), "z": (4.2, 0.5), "p": (5.4, 0.5), "L": (6.6, 0.5),
    }  # fmt: skip
    arrows = {
        ("x1", "a1"): "w11", ("x1", "a2"): "w12", ("x2", "a1"): "w21", ("x2", "a2"): "w22",
        ("a1", "h1"): "relu", ("a2", "h2"): "relu", ("h1", "z"): "v1", ("h2", "z"): "v2",
        ("z", "p"): "logistic", ("p", "L"): "−ln p",
    }  # fmt: skip
    _, axis = plt.subplots(figsize=(10.5, 3.8), layout="constrained")
    for (start, end), label in arrows.items():
        (xa, ya), (xb, yb) = places[start], places[end]
        axis.annotate(
            "", (xb, yb), (xa, ya),
            arrowprops={"arrowstyle": "->", "color": "#a0a6ad", "shrinkA": 24, "shrinkB": 24},
        )  # fmt: skip
        # crossing arrows have their labels nearer to the start
        along = 0.33 if start[0] == "x" else 0.5
        axis.text(
            xa + along * (xb - xa), ya + along * (yb - ya), label, fontsize=9, ha="center",
            va="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
    for name, (x, y) in places.items():
        circle = {"boxstyle": "circle", "facecolor": "white", "edgecolor": "#a0a6ad"}
        axis.text(x, y, name, ha="center", va="center", fontweight="bold", bbox=circle)
        axis.text(x, y + 0.17, f"{values[name]:.3f}", ha="center", color=BLUE)
        if name in derivatives:
            axis.text(x, y - 0.25, f"{derivatives[name]:.3f}", ha="center", color=ORANGE)
    axis.set(xlim=(-0.4, 7), ylim=(-0.4, 1.35), title=title)
    axis.axis("off")
    plt.show()


draw_graph(
    {"x1": x1, "x2": x2} | values,
    derivatives | {"L": 1.0},
    "Values (blue, above) and derivatives of the loss (orange, below)",
)

# %% [markdown]
# Both are negative: the network says 0.401 where it should say 1, so a larger $z$ would lower the loss
# ($dL/dz = -0.599$), and a larger $v_1$ or $v_2$ means a larger $z$, since both $h$ are positive. $dL/dv_2 = -0.898$
# is farther from zero than $dL/dv_1 = -0.599$, because $h_2 = 1.5$ is larger than $h_1 = 1$: the derivative for a
# weight is proportional to the input that the weight is multiplied by.

# %% tags=["check"]
assert np.isclose(derivatives["z"], values["p"] - y) and len(derivatives) == 17
assert np.isclose(derivatives["v1"], -0.599, atol=5e-4)
assert np.isclose(derivatives["v2"], -0.898, atol=5e-4)

# %% [markdown]
# ### Is it right?
#
# A derivative says what a small change does, so we can simply make a small change. The **finite difference** moves
# one parameter up and down by a small $\varepsilon$, here $10^{-5}$, and looks at the loss:
#
# $$\frac{dL}{dw} \approx \frac{L(w + \varepsilon) - L(w - \varepsilon)}{2 \varepsilon}$$
#
# It knows nothing of the chain rule, which makes it a good judge of our backward pass.
#
# **Before you run it:** how close will the two be? Three decimals, six, or ten?


# %%
def finite_difference(q, name, x1, x2, y, epsilon=1e-5):
    """Estimate the derivative of the loss with respect to one parameter."""
    above = forward_one(q | {name: q[name] + epsilon}, x1, x2, y)["L"]
    below = forward_one(q | {name: q[name] - epsilon}, x1, x2, y)["L"]
    return (above - below) / (2 * epsilon)


rows = []
for name in PARAMETERS:
    estimate = finite_difference(PARAMETERS, name, x1, x2, y)
    rows.append((name, derivatives[name], estimate, abs(derivatives[name] - estimate)))
comparison = pd.DataFrame(
    rows, columns=["parameter", "chain rule", "finite diff.", "difference"]
)
print(comparison.to_string(index=False, formatters={"difference": "{:.1e}".format}))

# %% [markdown]
# The nine derivatives are right: the differences are near $10^{-11}$, so the two agree in ten decimals. What is left
# comes from the finite difference, which is not exact. What would make it better, a smaller $\varepsilon$?

# %% tags=["check"]
assert comparison["difference"].max() < 1e-9

# %% [markdown]
# ### How small should epsilon be?
#
# We compute the largest error over the nine parameters for $\varepsilon$ from 0.1 down to $10^{-13}$, with the usual
# 64-bit numbers (`float64`, about 16 digits) and with 32-bit numbers (`float32`, about 7 digits), which Keras uses.
#
# **Before you run it:** draw the curve that you expect: error against $\varepsilon$. Does it fall all the way?

# %%
epsilons = 10.0 ** -np.arange(1, 13.5, 0.5)
errors = {}
for kind in (np.float64, np.float32):
    q = {name: kind(value) for name, value in PARAMETERS.items()}
    errors[kind.__name__] = [
        max(
            abs(finite_difference(q, name, kind(x1), kind(x2), y, kind(e)) - derivatives[name])
            for name in q
        )
        for e in epsilons
    ]

plt.figure(figsize=(6.5, 3.8), layout="constrained")
for (kind, error), color in zip(errors.items(), (BLUE, ORANGE), strict=True):
    plt.loglog(epsilons, error, marker=".", color=color, label=kind)
plt.gca().invert_xaxis()
plt.title("A smaller step is better, but only up to a point")
plt.xlabel("step ε of the finite difference")
plt.ylabel("largest error of nine derivatives")
plt.legend()
plt.show()
for kind, error in errors.items():
    print(f"{kind}: smallest error {min(error):.1e}, at ε = {epsilons[np.argmin(error)]:.1e}")

# %% [markdown]
# It does not. With a large $\varepsilon$ the loss curves between the two points; this error shrinks with
# $\varepsilon^2$. With a tiny $\varepsilon$ the two losses agree in almost all of their digits, and what is left of
# the difference is rounding; this error grows with $1/\varepsilon$. The best compromise for `float64` is near
# $10^{-5}$, with an error below $10^{-10}$. With `float32` the error never gets below $10^{-6}$. This is why we check
# gradients in `float64`.

# %% tags=["check"]
assert min(errors["float64"]) < 1e-10 and 1e-6 < min(errors["float32"]) < 1e-3
assert 1e-7 < epsilons[np.argmin(errors["float64"])] < 1e-4
assert errors["float64"][0] > 1e-5 < errors["float64"][-1]

# %% [markdown]
# ### When a unit is not active
#
# The second sample is $x = (2, 1)$, again with the label 1. Its sums are $a_1 = 1.4$ and $a_2 = -0.5$, so unit 2 is
# zero.
#
# **Before you run it:** which of the nine parameters now have the derivative zero? Use the table above.

# %%
second_values = forward_one(PARAMETERS, 2.0, 1.0, 1)
second_derivatives = backward_one(PARAMETERS, second_values, 2.0, 1.0, 1)
for name in PARAMETERS:
    # adding 0 turns -0.0 into 0.0
    print(f"dL/d{name:3} {second_derivatives[name] + 0:6.3f}")

# %% [markdown]
# Four of the nine are zero, for two reasons. The incoming parameters $w_{12}$, $w_{22}$ and $b_2$ have the derivative
# zero because a small change of them leaves $a_2$ below zero and $h_2$ at zero. The outgoing weight $v_2$ has it
# because it is multiplied by $h_2 = 0$. In short one says that unit 2 **gets no gradient** from this sample. In full:
# the derivative of the loss with respect to its weights is zero, so a step of gradient descent on this sample does
# not change them. From the first sample it does get a gradient.

# %% tags=["check"]
assert {k for k in PARAMETERS if second_derivatives[k] == 0} == {"w12", "w22", "b2", "v2"}
assert np.allclose([second_values["a1"], second_values["a2"]], [1.4, -0.5])

# %% [markdown]
# ### Exercise 2: a leak
#
# **Leaky ReLU** lets a little through: it returns $a$ where $a$ is positive, and $0.1\,a$ where it is negative. Write
# a function `leaky_slope(a)` that returns its derivative for each entry of an array. Then look at the second sample
# again: which of the four derivatives that were zero are zero with leaky ReLU?
#
# *Source: Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".*
#
# *Hint: `np.where`. A finite difference tells you whether you are right.*

# %% tags=["exercise"]
# your code here

ct.check("2.2", None)


# %% tags=["solution"]
def leaky_relu(sums):
    """Return a where it is positive, and a tenth of it where it is negative."""
    return np.where(sums > 0, sums, 0.1 * sums)


def leaky_relu_slope(sums):
    """The derivative of leaky ReLU."""
    return np.where(sums > 0, 1.0, 0.1)


some_sums = np.array([-2.0, -0.5, 0.3, 4.0])
leaky_estimate = (leaky_relu(some_sums + 1e-5) - leaky_relu(some_sums - 1e-5)) / 2e-5
assert np.allclose(leaky_relu_slope(some_sums), leaky_estimate)

# the second sample, a2 = -0.5: now none of the four is zero
leaky_h1, leaky_h2 = leaky_relu(np.array([1.4, -0.5]))
leaky_z = PARAMETERS["v1"] * leaky_h1 + PARAMETERS["v2"] * leaky_h2 + PARAMETERS["c"]
leaky_dz = 1 / (1 + np.exp(-leaky_z)) - 1
leaky_da2 = leaky_dz * PARAMETERS["v2"] * leaky_relu_slope(-0.5)
leaky_four = {
    "w12": leaky_da2 * 2.0,
    "w22": leaky_da2 * 1.0,
    "b2": leaky_da2,
    "v2": leaky_dz * leaky_h2,
}
print({parameter: round(float(slope_), 3) for parameter, slope_ in leaky_four.items()})
assert all(leaky_four.values())

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 4.** A sample has $x_1 = 0$, and its loss is high. What does a step of gradient descent on this sample do
# to $w_{11}$?
#
# - a: Nothing, since the derivative has the factor $x_1$.
# - b: A large change, since the loss is high.
# - c: It moves $w_{11}$ toward zero, like the input.
#
# **Question 5.** "This unit gets no gradient." What does that mean?
#
# - a: The unit has reached its best weights, so there is nothing left to learn.
# - b: Its output is zero, so the next layer cannot see it.
# - c: The derivative of the loss with respect to its weights is zero, so no step changes them.
#
# **Question 6.** $dL/dx_1$ is a sum of two terms. Why a sum?
#
# - a: To average over the two units, each of which has half of the truth.
# - b: A change of $x_1$ changes both $a_1$ and $a_2$, and their effects on the loss add up.
# - c: Of the two paths, the one with the smaller weight is only a correction.

# %% tags=["answer"]
ct.check("2.q4", "")
ct.check("2.q5", "")
ct.check("2.q6", "")

# %% [markdown]
# ## The same in matrices
#
# Now the real thing: 784 pixels, 64 ReLU units, 10 logits, and softmax. For a batch of $n$ images the left half of
# the table is the forward pass. The right half is the backward pass, also from top to bottom; it begins where the
# forward pass ends:
#
# | forward | shape | backward | shape |
# |---|---|---|---|
# | $A = X W_1 + b_1$ | (n, 64) | $dZ = (P - Y) / n$ | (n, 10) |
# | $H = \mathrm{relu}(A)$ | (n, 64) | $dW_2 = H^T dZ$, $\;db_2 = \sum_{\text{rows}} dZ$ | (64, 10), (10,) |
# | $Z = H W_2 + b_2$ | (n, 10) | $dH = dZ\, W_2^T$ | (n, 64) |
# | $P = \mathrm{softmax}(Z)$ | (n, 10) | $dA = dH$ where $A > 0$, otherwise 0 | (n, 64) |
# | $L$: mean of $-\ln p_{\text{label}}$ | () | $dW_1 = X^T dA$, $\;db_1 = \sum_{\text{rows}} dA$ | (784, 64), (64,) |
#
# $dW_2$ is short for $dL/dW_2$: one derivative for each entry of $W_2$, so it has the shape of $W_2$. $Y$ has a 1 in
# each row at the place of the label. Each formula is one that you have seen: $p - y$ at the logits, "times the
# weight" on the way back through a layer, "times the input" for a weight, and zero where ReLU is zero. The factor
# $1/n$ comes from the loss, which is a mean over the batch, and enters only in $dZ$; all else inherits it.

# %% [markdown]
# The images are those of the last lesson, as rows of 784 numbers from 0 to 1. We keep 10,000 of the training images,
# drawn at random, for **validation**: to compare models and choose settings. The test set waits until the end.

# %%
data = ct.load_dataset("mnist")
train_images = data.sources["train"].x.reshape(60_000, 784)
train_labels = data.sources["train"].y
order = np.random.default_rng(SEED).permutation(60_000)
train_rows, val_rows = order[:50_000], order[50_000:]


def pixels(images):
    """Scale to 0 to 1, in float64."""
    return images / 255.0


X_val, y_val = pixels(train_images[val_rows]), train_labels[val_rows]


# %%
def relu_slope(a):
    """Compute the derivative of ReLU: 1 where the input is positive, otherwise 0."""
    return (a > 0).astype(np.float64)


def initial_weights(seed, scale=1.0):
    """Draw random weights with the standard deviation sqrt(2 / inputs), and biases of zero."""
    rng = np.random.default_rng(seed)
    return {
        "W1": rng.normal(0, scale * np.sqrt(2 / 784), (784, 64)),
        "b1": np.zeros(64),
        "W2": rng.normal(0, scale * np.sqrt(2 / 64), (64, 10)),
        "b2": np.zeros(10),
    }


def softmax(z):
    """Turn each row of logits into probabilities."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward(weights, x, activation=relu):
    """Compute A, H and Z for a batch."""
    a = x @ weights["W1"] + weights["b1"]
    h = activation(a)
    return a, h, h @ weights["W2"] + weights["b2"]


def backward(weights, x, labels, activation=relu, slope=relu_slope):
    """Compute the gradient of the mean loss of a batch with respect to every parameter."""
    a, h, z = forward(weights, x, activation)
    dz = (softmax(z) - np.eye(10)[labels]) / len(labels)
    dh = dz @ weights["W2"].T
    da = dh * slope(a)
    return {"W1": x.T @ da, "b1": da.sum(axis=0), "W2": h.T @ dz, "b2": dz.sum(axis=0)}


def cross_entropy(z, labels):
    """Compute the mean of -ln p over the batch, from logits."""
    z = z - z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(labels)), labels])


# %% [markdown]
# These starting weights are those of He, Zhang, Ren and Sun 2015, "Delving deep into rectifiers". The last section
# shows why the scale matters.
#
# **Before you run it:** the batch has 64 images, and none of the gradients has an axis for them. Where did it go? And
# how many derivatives are there in all?

# %%
start = initial_weights(SEED)
X_batch, y_batch = pixels(train_images[train_rows[:64]]), train_labels[train_rows[:64]]
gradient = backward(start, X_batch, y_batch)
for name, array in gradient.items():
    print(f"d{name} {array.shape!s:10} largest entry {np.abs(array).max():.3f}")
count = sum(array.size for array in gradient.values())
print(f"{count:,} derivatives; loss {cross_entropy(forward(start, X_batch)[2], y_batch):.3f}")

# %% [markdown]
# The products $X^T dA$ and $H^T dZ$ and the sums over rows add up what the 64 images contribute. There are 50,890
# derivatives, one for each parameter. The loss before training is a little above $\ln 10 = 2.303$ nats, the loss of
# somebody who gives each digit one tenth. (A nat is the unit of a natural logarithm.)

# %% tags=["check"]
assert all(gradient[name].shape == start[name].shape for name in start) and count == 50_890
assert 2.303 < cross_entropy(forward(start, X_batch)[2], y_batch) < 2.6

# %% [markdown]
# ### Check 1: finite differences
#
# The same check as before, for 100 random entries of each matrix and all biases.
#
# **Before you run it:** why not for all 50,890 entries? How often would the forward pass have to run?

# %%
rng = np.random.default_rng(SEED)
epsilon, largest = 1e-5, {}
for name, array in start.items():
    differences = []
    for place in rng.permutation(array.size)[:100]:
        losses = []
        for sign in (1, -1):
            moved = array.copy()
            moved.flat[place] += sign * epsilon
            losses.append(cross_entropy(forward(start | {name: moved}, X_batch)[2], y_batch))
        estimate = (losses[0] - losses[1]) / (2 * epsilon)
        differences.append(abs(estimate - gradient[name].flat[place]))
    largest[name] = max(differences)
    print(f"d{name}: {len(differences):3} entries, largest difference {largest[name]:.1e}")

# %% [markdown]
# All of them agree to better than $10^{-9}$. Each derivative took two forward passes, so all of them would take
# 101,780, for a single step of gradient descent. The backward pass computes them all in one go. That is the point of
# backpropagation: not that it can find the derivatives, but that it finds all of them for about the price of one or
# two more forward passes (exercise 3 counts).

# %% tags=["check"]
assert max(largest.values()) < 1e-9 and 2 * count == 101_780

# %% [markdown]
# ### Check 2: JAX and Keras
#
# In practice one hardly ever writes a backward pass by hand. A library such as JAX follows the forward pass and
# applies the chain rule to each step; this is called **automatic differentiation**. We compare twice: with the
# forward pass written in JAX, in `float64`, and with a Keras model, which computes in `float32`.
#
# **Before you run it:** a `float32` number has about 7 digits, and the largest entries of our gradient are near 0.1.
# How large will the differences be, about?


# %%
def jax_loss(weights, x, labels):
    """Compute the loss of the same network, written in JAX."""
    h = jnp.maximum(0, x @ weights["W1"] + weights["b1"])
    log_p = jax.nn.log_softmax(h @ weights["W2"] + weights["b2"])
    return -log_p[jnp.arange(len(labels)), labels].mean()


with jax.enable_x64(True):  # JAX computes in float32 unless it is told otherwise
    jax_gradient = jax.grad(jax_loss)(jax.tree.map(jnp.asarray, start), X_batch, y_batch)
    jax_gradient = {name: np.asarray(array) for name, array in jax_gradient.items()}

keras.utils.set_random_seed(SEED)
model = keras.Sequential(
    [
        keras.Input((784,)),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(10),
    ]
)
model.set_weights(list(start.values()))
keras_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def loss_of(variables):
    """Compute the loss of the Keras model with other values for its weights."""
    logits, _states = model.stateless_call(variables, [], X_batch.astype(np.float32))
    return keras_loss(y_batch, logits)


found = jax.grad(loss_of)([variable.value for variable in model.trainable_variables])
keras_gradient = dict(zip(start, map(np.asarray, found), strict=True))

rows = [
    (
        f"d{name}",
        np.abs(gradient[name]).max(),
        np.abs(gradient[name] - jax_gradient[name]).max(),
        np.abs(gradient[name] - keras_gradient[name]).max(),
    )
    for name in start
]
agreement = pd.DataFrame(
    rows, columns=["gradient", "largest entry", "JAX float64", "Keras float32"]
)
print(agreement.to_string(index=False, float_format="{:.1e}".format))

# %% [markdown]
# The two right columns are the largest absolute differences. JAX in `float64` gives our numbers to $10^{-15}$: it
# does the same computation. Keras agrees to better than $10^{-6}$, in fact to about $10^{-8}$, which is 0.1 divided
# by $10^7$: what seven digits allow. JAX computes the derivatives in both cases, and only the precision differs. So
# the rest is rounding and not a mistake.

# %% tags=["check"]
assert jax_gradient["W1"].dtype == np.float64 and keras_gradient["W1"].dtype == np.float32
assert agreement["JAX float64"].max() < 1e-15 and jax.grad(keras.ops.relu)(0.0) == 0
assert 1e-10 < agreement["Keras float32"].max() < 1e-6

# %% [markdown]
# ### Would the check find a mistake?
#
# A check is worth something only if it fails when it should. We forget one thing in the backward pass: $dA = dH$,
# without the zeros where ReLU is zero. The code runs and all shapes fit.
#
# **Before you run it:** which of the four gradients does this mistake change, and which stay right?


# %%
def always_one(a):
    """Use the wrong derivative of ReLU: as if every unit were active for every image."""
    return np.ones_like(a)


faulty = backward(start, X_batch, y_batch, slope=always_one)
for name in start:
    off = np.abs(faulty[name] - keras_gradient[name]).max()
    print(
        f"d{name}: largest difference {off:.1e}, largest entry {np.abs(faulty[name]).max():.1e}"
    )

# %% [markdown]
# $dW_1$ and $db_1$ are wrong, and their differences are as large as the gradients themselves. $dW_2$ and $db_2$ are
# computed before the mistake and are not affected. The check finds the mistake, and also says where to look: between
# $dZ$ and $dA$.

# %% tags=["check"]
wrong_by = {name: np.abs(faulty[name] - keras_gradient[name]).max() for name in start}
assert min(wrong_by["W1"], wrong_by["b1"]) > 0.01
assert max(wrong_by["W2"], wrong_by["b2"]) < 1e-6

# %% [markdown]
# ### Ten steps of SGD
#
# A single gradient is right. Are ten steps of **stochastic gradient descent** (SGD), each on the next 64 images, the
# same as those of Keras? The learning rate is 0.1.
#
# **Before you run it:** each step adds a rounding difference near $10^{-8}$ or less. Ten steps later, will the
# weights still agree to $10^{-5}$?

# %%
RATE = 0.1
by_hand = {name: array.copy() for name, array in start.items()}
for step in range(10):
    batch_rows = train_rows[64 * step : 64 * (step + 1)]
    step_gradient = backward(
        by_hand, pixels(train_images[batch_rows]), train_labels[batch_rows]
    )
    for name in by_hand:
        by_hand[name] -= RATE * step_gradient[name]

keras.utils.set_random_seed(SEED)
model.set_weights(list(start.values()))
model.compile(keras.optimizers.SGD(RATE), keras_loss)
ten = train_rows[:640]
model.fit(
    pixels(train_images[ten]).astype(np.float32),
    train_labels[ten],
    batch_size=64,
    shuffle=False,
    verbose=0,
)

after_ten = {}
for name, array in zip(by_hand, model.get_weights(), strict=True):
    moved_by = np.abs(by_hand[name] - start[name]).max()
    after_ten[name] = np.abs(by_hand[name] - array).max()
    print(f"{name}: moved by up to {moved_by:.3f}, difference to Keras {after_ten[name]:.1e}")

# %% [markdown]
# They do: the weights moved by up to 0.05, and no weight differs from that of Keras by more than $10^{-6}$ (the
# largest difference is near $10^{-7}$). What `model.fit` did here is what our loop did.

# %% tags=["check"]
assert max(after_ten.values()) < 1e-6
assert 0.03 < np.abs(by_hand["W2"] - start["W2"]).max() < 0.08

# %% [markdown]
# ### Exercise 3: count the multiplications
#
# For one image, the product $x W_1$ takes 784 times 64 multiplications, and $h W_2$ takes 64 times 10: in all 50,816.
# How many multiplications do the matrix products of the **backward** pass take for one image, as we wrote it? (Leave
# out everything that is not a matrix product.)
#
# *Hint: there are three products. Which one would be the fourth, and why did we not need it?*

# %% tags=["exercise"]
# your code here

ct.check("2.3", None)

# %% tags=["solution"]
forward_products = 784 * 64 + 64 * 10
backward_products = 64 * 10 + 10 * 64 + 784 * 64  # dW2, dH and dW1; dX = dA W1^T is not needed
print(f"forward {forward_products:,}, backward {backward_products:,}")
assert forward_products == 50_816 and backward_products == 51_456

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 7.** $H$ has the shape (n, 64) and $dZ$ the shape (n, 10). What does $H^T dZ$ do with the n images?
#
# - a: It adds up what they contribute to each derivative.
# - b: It takes the derivative for the last image of the batch.
# - c: It takes the derivative for the image with the largest loss.
#
# **Question 8.** Our gradient and that of Keras differ by $10^{-8}$, not by zero. What does that tell you?
#
# - a: There is a small mistake in one of the two.
# - b: Keras uses finite differences, which are not exact.
# - c: Keras computes with about seven digits, and the rest is rounding.
#
# **Question 9.** Why is no network trained with finite differences?
#
# - a: They are not precise enough for gradient descent.
# - b: Each parameter needs two forward passes of its own for each step.
# - c: They cannot be computed for ReLU, which has a corner.

# %% tags=["answer"]
ct.check("2.q7", "")
ct.check("2.q8", "")
ct.check("2.q9", "")

# %% [markdown]
# ## Training it
#
# The loop is that of the last lesson: shuffle the images, take a batch, now of 64, and step against the gradient.
# Five **epochs** (passes over the training images) with the learning rate 0.1.
#
# We train four models, so that we see what each part contributes:
#
# - **linear**: 784-10 without a hidden layer, the softmax regression of the last lesson,
# - **no ReLU**: 784-64-10 without an activation function, with its correct gradient,
# - **ReLU**: 784-64-10 as above, from three different starts,
# - **ReLU, wrong gradient**: the same, with the mistake from above in the backward pass.
#
# **Before you run it:** put the four in order of their validation accuracy. What will the wrong gradient do?


# %%
def train(weights, gradients=backward, *, epochs=1, images=50_000, rate=RATE, seed=SEED):
    """Run SGD in batches of 64; return the weights before training and after each epoch."""
    rng = np.random.default_rng(seed)
    saved = [weights]
    for _epoch in range(epochs):
        weights = {name: array.copy() for name, array in weights.items()}
        shuffled = rng.permutation(train_rows[:images])
        for first_row in range(0, images, 64):
            batch = shuffled[first_row : first_row + 64]
            changes = gradients(weights, pixels(train_images[batch]), train_labels[batch])
            for name, change in changes.items():
                weights[name] -= rate * change
        saved.append(weights)
    return saved


def accuracy(logits, labels):
    """Compute the share of images whose largest logit is that of the label."""
    return np.mean(logits.argmax(axis=1) == labels)


def linear_logits(weights, x):
    """Compute the logits of 784-10."""
    return x @ weights["W"] + weights["b"]


def linear_backward(weights, x, labels):
    """Compute the gradient of 784-10."""
    dz = (softmax(linear_logits(weights, x)) - np.eye(10)[labels]) / len(labels)
    return {"W": x.T @ dz, "b": dz.sum(axis=0)}


# %%
EPOCHS, STARTS = 5, range(3)
runs = {}

zero = {"W": np.zeros((784, 10)), "b": np.zeros(10)}
runs["linear"] = [train(zero, linear_backward, epochs=EPOCHS, seed=seed) for seed in STARTS]


# %%
def three_starts(**options):
    """Train 784-64-10 from three starts, with these options of `backward`."""
    gradients = partial(backward, **options)
    return [
        train(initial_weights(seed), gradients, epochs=EPOCHS, seed=seed) for seed in STARTS
    ]


runs["no ReLU"] = three_starts(activation=identity, slope=always_one)

# %%
runs["ReLU, wrong gradient"] = three_starts(slope=always_one)

# %%
runs["ReLU"] = three_starts()


# %%
def logits_of(name, weights, x):
    """Compute the logits of one of the four models."""
    if name == "linear":
        return linear_logits(weights, x)
    return forward(weights, x, identity if name == "no ReLU" else relu)[2]


# one row for each start, one column for each epoch from 1 on
curves = {
    name: np.array(
        [[accuracy(logits_of(name, w, X_val), y_val) for w in saved[1:]] for saved in starts]
    )
    for name, starts in runs.items()
}

plt.figure(figsize=(7, 4), layout="constrained")
for (name, curve), color in zip(curves.items(), ("black", ORANGE, PURPLE, BLUE), strict=True):
    drawn = plt.plot(range(1, EPOCHS + 1), 100 * curve.T, color=color, marker=".", linewidth=1)
    drawn[0].set_label(name)
plt.title("What ReLU adds, and what a wrong gradient takes away (three starts each)")
plt.xlabel("epoch")
plt.ylabel("validation accuracy (%)")
plt.xticks(range(1, EPOCHS + 1))
plt.ylim(88.5, 98)
plt.legend(loc="upper left", ncols=2)
plt.show()
for name, curve in curves.items():
    low, high = curve[:, -1].min(), curve[:, -1].max()
    print(
        f"{name:20} from {low:.1%} to {high:.1%} of the validation images after {EPOCHS} epochs"
    )

# %% [markdown]
# With ReLU and the right gradient, the network reads about 96% of the validation images correctly, whichever start it
# has. The other three stay together between 89% and 92.5%:
#
# - The **linear** model gets about 91% of these images. (The last lesson had other validation images, so its number
#   is a little different.)
# - **No ReLU** is no better, although it has six times as many parameters: its two layers are one. Its curves move up
#   and down by one to three points from epoch to epoch, so the order among these three means little.
# - The **wrong gradient** does not crash, and its accuracy rises to about 92%. Somebody who looks only at this curve
#   would think that the code works. But nearly all of what the hidden layer could add is lost. The control with the
#   right gradient shows it, and so did the check against Keras.

# %% tags=["check"]
last = {name: curve[:, -1] for name, curve in curves.items()}
assert 0.90 < last["linear"].min() <= last["linear"].max() < 0.925
assert last["no ReLU"].min() > 0.87 and last["no ReLU"].max() < 0.93
assert last["ReLU, wrong gradient"].min() > 0.89 and last["ReLU, wrong gradient"].max() < 0.935
assert 0.945 < last["ReLU"].min() <= last["ReLU"].max() < 0.97

# %% [markdown]
# ### The test set, once
#
# We choose the network with ReLU, start 0, and look at the test set for the first and only time. For comparison we
# also show the linear model.
#
# **Before you run it:** the validation images were not used for training either. How far from the validation accuracy
# do you expect the test accuracy?

# %%
X_test, y_test = pixels(data.sources["test"].x.reshape(-1, 784)), data.sources["test"].y
trained = runs["ReLU"][0][-1]
test_linear = accuracy(linear_logits(runs["linear"][0][-1], X_test), y_test)
test_relu = accuracy(forward(trained, X_test)[2], y_test)
print(f"linear: {test_linear:.1%} of the test images")
print(f"ReLU:   {test_relu:.1%} of the test images")

# %% [markdown]
# About 92% and 96% of the 10,000 test images are right. The hidden layer nearly halves the number of mistakes, from
# about 8% to about 4%. Both numbers are within 1.5 points of the validation accuracy. The linear model does a little
# better here than on the validation images, so one should not read much into a difference of one point between two
# sets of images.

# %% tags=["check"]
assert 0.91 < test_linear < 0.93 and 0.945 < test_relu < 0.97
assert abs(test_relu - last["ReLU"][0]) < 0.012 and abs(test_linear - last["linear"][0]) < 0.02

# %% [markdown]
# ### Exercise 4: without the division by n
#
# Somebody forgets the $1/n$ in $dZ$ and trains with batches of 64 and the learning rate 0.1. With which learning rate
# would the correct code take the same steps?

# %% tags=["exercise"]
# your code here

ct.check("2.4", None)

# %% tags=["solution"]
equal_rate = 64 * 0.1
sum_gradient = 64 * gradient["W1"]  # 1/n enters once, in dZ, and all else is proportional to dZ
assert np.allclose(0.1 * sum_gradient, equal_rate * gradient["W1"])

# %% [markdown]
# ### Exercise 5: the gradient for the pixels
#
# The backward pass can go one step further, to the inputs: $dL/dX$ says for each pixel whether more ink would raise
# or lower the loss. Write a function `pixel_gradient(x, W1, b1, W2, b2, Y)` that returns $dL/dX$ of the mean loss,
# with the shape of `x`. `Y` has a 1 in each row at the label. Then show it as an image for one validation image, with
# the weights `trained`. Such an image is called a **saliency map**.
#
# *Hint: $X$ is to $A$ what $H$ is to $Z$.*

# %% tags=["exercise"]
# your code here

ct.check("2.5", None)


# %% tags=["solution"]
def gradient_of_pixels(x, W1, b1, W2, b2, Y):
    """dL/dX of the mean loss: the backward pass, and one product more."""
    sums = x @ W1 + b1
    difference = (softmax(relu(sums) @ W2 + b2) - Y) / len(x)
    return ((difference @ W2.T) * (sums > 0)) @ W1.T


saliency = gradient_of_pixels(X_val[:1], *trained.values(), np.eye(10)[y_val[:1]])
saliency_limit = np.abs(saliency).max()
saliency_figure, saliency_axes = plt.subplots(1, 2, figsize=(6, 3), layout="constrained")
saliency_axes[0].imshow(X_val[0].reshape(28, 28), cmap="gray")
saliency_axes[0].set_title(f"a {y_val[0]}")
saliency_axes[1].imshow(
    saliency.reshape(28, 28), cmap="RdBu_r", vmin=-saliency_limit, vmax=saliency_limit
)
saliency_axes[1].set_title("red: more ink raises the loss")
plt.show()
assert saliency.shape == (1, 784)

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 10.** The network with the wrong gradient improved in its first epochs. What follows?
#
# - a: The gradient was nearly right, so the mistake does not matter.
# - b: A rising accuracy does not show that a gradient is right.
# - c: The check against Keras must have been too strict.
#
# **Question 11.** "No ReLU" has 50,890 parameters and "linear" has 7,850. Why is the larger one not better?
#
# - a: It would need more than five epochs to use its additional parameters.
# - b: It has too many parameters for 50,000 images and overfits.
# - c: Its two matrices multiply to a single one, so both can compute the same functions.
#
# **Question 12.** Why did we compare the models on validation images instead of test images?
#
# - a: A model that is chosen by its test accuracy makes this number too good.
# - b: The test images are harder, which would be unfair to the smaller model.
# - c: The validation images were part of the training, so they show what was learned.

# %% tags=["answer"]
ct.check("2.q10", "")
ct.check("2.q11", "")
ct.check("2.q12", "")

# %% [markdown]
# ## What goes wrong
#
# The gradient is right, and still a network can fail to learn. Here are three ways, each with a control. In the first
# two parts we save time and train for one epoch on 20,000 images; from our usual start that gives about 88%.
#
# ### Equal starting weights
#
# For softmax regression, all weights could start at zero. What about a network with a hidden layer? We try
#
# - **random**: our usual start,
# - **all zero**,
# - **all 0.01**: every weight is 0.01,
# - **0.01 + noise**: the same with a random number of standard deviation 0.0001 added to each weight,
# - **only W1 random**: as usual, but $W_2$ is zero.
#
# The biases are zero in each case. Each column of $W_1$ has the weights of one hidden unit.
#
# **Before you run it:** after training, how many distinct columns does $W_1$ have in each case, from 1 to 64?

# %%
SHORT = 20_000
rng = np.random.default_rng(SEED)
constant = {
    name: np.full_like(array, 0.01 * (array.ndim == 2)) for name, array in start.items()
}
noisy = {
    name: array + rng.normal(0, 1e-4, array.shape) * (array.ndim == 2)
    for name, array in constant.items()
}
starts = {
    "random": start,
    "all zero": {name: np.zeros_like(array) for name, array in start.items()},
    "all 0.01": constant,
    "0.01 + noise": noisy,
    "only W1 random": start | {"W2": np.zeros((64, 10))},
}
columns, reached, ended = {}, {}, {}
for name, weights in starts.items():
    ended[name] = train(weights, images=SHORT)[-1]
    # rounded, since equal numbers added up in another order may differ in their last digit
    columns[name] = len(np.unique(ended[name]["W1"].round(12), axis=1).T)
    reached[name] = accuracy(forward(ended[name], X_val)[2], y_val)
    print(f"{name:15} {columns[name]:2} distinct columns, {reached[name]:.1%} of images right")

# %% [markdown]
# - **All zero:** nothing moves but $b_2$. With $H = 0$, $dW_2 = H^T dZ$ is zero, and with $W_2 = 0$, $dH = dZ\,W_2^T$
#   and all that follows is zero. The network learns how common each digit is, always says 1, and is right for 11.7%
#   of the images.
# - **All 0.01:** the weights do move, but all units compute the same, so all columns get the same gradient and take
#   the same steps. There is one distinct column to the end, and the 64 units work like a single one. About 27% is
#   what it reaches.
# - **0.01 + noise:** a ten-thousandth is enough to make all columns different, and the accuracy is near 80%. So it is
#   the equality that does the harm.
# - **Only W1 random:** 64 distinct columns and about 86%, nearly as much as our usual start with 88%. The output
#   weights may start at zero, as long as the hidden units differ.

# %% tags=["check"]
assert columns == {
    "random": 64, "all zero": 1, "all 0.01": 1, "0.01 + noise": 64, "only W1 random": 64,
}  # fmt: skip
zeros = ended["all zero"]
assert not zeros["W1"].any() and not zeros["W2"].any() and not zeros["b1"].any()
assert zeros["b2"].any()
assert set(forward(zeros, X_val)[2].argmax(axis=1)) == {1}
assert reached["all zero"] == np.mean(y_val == 1) and 0.2 < reached["all 0.01"] < 0.35
assert reached["0.01 + noise"] > 0.74 and reached["random"] > 0.86
assert 0.84 < reached["only W1 random"] < 0.9

# %% [markdown]
# ### Too large starting weights
#
# Our starting weights have the standard deviation $\sqrt{2 / \text{inputs}}$. We multiply all of them by a factor
# from 0.01 to 100 and train from three starts with each, with our learning rate and with a tenth of it.
#
# **Before you run it:** what will the loss be before training if the weights are ten times as large? And what does
# the network think of its own answers then?

# %%
FACTORS = (0.01, 0.1, 1.0, 10.0, 100.0)
initial_loss, certainty, right_before = {}, {}, {}
for factor in FACTORS:
    logits = forward(initial_weights(SEED, factor), X_val)[2]
    initial_loss[factor] = cross_entropy(logits, y_val)
    certainty[factor] = softmax(logits).max(axis=1).mean()
    right_before[factor] = accuracy(logits, y_val)
    print(
        f"factor {factor:6}: loss {initial_loss[factor]:9.3f}, "
        f"mean probability of the answer {certainty[factor]:.3f}, "
        f"{right_before[factor]:.1%} right"
    )

# %% [markdown]
# Both layers are ten times as large, so the logits are a hundred times as large, and the loss is 69 instead of 2.4.
# The network gives its answer a probability of 0.97 on average, and is right for about one image in ten. With small
# weights it gives each digit about the same probability, and the loss is $\ln 10 = 2.303$.
#
# What does training make of it?
#
# **Before you run it:** at which factor will the accuracy be highest, and will the smaller learning rate help where
# the weights are too large?

# %% tags=["check"]
assert 60 < initial_loss[10.0] < 80 and 2.3 < initial_loss[1.0] < 2.6
assert certainty[10.0] > 0.95 and certainty[0.01] < 0.101
assert 0.07 < right_before[10.0] < 0.16

# %%
rates = {0.1: BLUE, 0.01: ORANGE}
reached_by = {
    (rate, factor): [
        accuracy(
            forward(
                train(initial_weights(seed, factor), images=SHORT, rate=rate, seed=seed)[-1],
                X_val,
            )[2],
            y_val,
        )
        for seed in range(3)
    ]
    for rate in rates
    for factor in FACTORS
}

# %%
plt.figure(figsize=(6.5, 3.8), layout="constrained")
for rate, color in rates.items():
    means = [100 * np.mean(reached_by[rate, factor]) for factor in FACTORS]
    plt.plot(FACTORS, means, color=color, label=f"learning rate {rate}")
    for factor in FACTORS:
        plt.scatter([factor] * 3, 100 * np.array(reached_by[rate, factor]), color=color, s=16)
plt.xscale("log")
plt.ylim(0, 100)
plt.title("The usual starting weights are best at both learning rates (three starts)")
plt.xlabel("factor on all starting weights")
plt.ylabel("validation accuracy (%)\nafter 20,000 images")
plt.legend()
plt.show()

# %% [markdown]
# Our usual scale (factor 1) is best with both learning rates: about 89% and 80%. With the learning rate 0.1, ten
# times as large costs about 15 points, and a hundred times as large costs more, with results from about 30% to 70%.
# The smaller learning rate makes the factor 100 more even, but does not repair it: with both large factors the
# network stays between 60% and 70%. That weights should be as small as possible is not true either: with the factor
# 0.01 and the learning rate 0.1 it reaches about 83%, and with the learning rate 0.01 it has not begun to learn. All
# of this is after 313 steps: it says how well training begins, and not where a long training would end.

# %% tags=["check"]
means = {key: np.mean(three) for key, three in reached_by.items()}
assert all(max(FACTORS, key=lambda f: means[rate, f]) == 1 for rate in rates)
assert 0.87 < means[0.1, 1.0] < 0.91 and 0.77 < means[0.01, 1.0] < 0.83
assert 0.08 < means[0.1, 1.0] - means[0.1, 10.0] < 0.22
assert means[0.1, 100.0] < means[0.1, 10.0] and means[0.1, 100.0] < 0.65
assert all(0.57 < means[0.01, f] < 0.72 for f in (10.0, 100.0))
assert 0.80 < means[0.1, 0.01] < 0.87 and means[0.01, 0.01] < 0.15

# %% [markdown]
# ### Weights that never move
#
# Back to the network that we trained for five epochs. Some of its weights in $W_1$ are, to the last digit, what they
# were at the start.
#
# **Before you run it:** $dW_1 = X^T dA$. For which pixels do the weights get no gradient, whatever $dA$ is?

# %%
unmoved = (trained["W1"] == start["W1"]).all(axis=1)
no_ink = ~train_images[train_rows].any(axis=0)
print("pixels whose 64 weights never moved:   ", unmoved.sum())
print("pixels without ink in all 50,000 images:", no_ink.sum())
print("the same pixels:", np.array_equal(unmoved, no_ink))

# %% [markdown]
# 68 pixels are zero in all 50,000 images. Their rows of $X^T$ are zero, so their weights get no gradient: the
# derivative of the loss with respect to them is zero at every step, and no step changes them. They are still the
# random numbers of the start.

# %% tags=["check"]
assert np.array_equal(unmoved, no_ink) and unmoved.sum() == 68

# %% [markdown]
# ### Units that are never active
#
# We give eight of the 64 units a bias of −5, so that their input $a$ is negative for every training image, and train
# for an epoch on all 50,000 images. The control starts from the same weights with biases of zero.
#
# **Before you run it:** how far do the weights in $W_1$ of the eight units move? And those in $W_2$ that lead away
# from them?

# %%
eight = np.arange(8)
sunk = start | {"b1": np.where(np.arange(64) < 8, -5.0, 0.0)}


def largest_input(weights):
    """Compute the largest input of each of the eight units over the training images."""
    return max(
        forward(weights, pixels(train_images[rows]))[0][:, eight].max()
        for rows in np.split(train_rows, 10)
    )


after_epoch = {}
for name, weights in {"bias -5": sunk, "bias 0": start}.items():
    after_epoch[name] = train(weights)[-1]
    change = np.abs(after_epoch[name]["W1"] - weights["W1"])
    outgoing = np.abs(after_epoch[name]["W2"] - weights["W2"])
    print(f"{name}: largest input of the eight over all images {largest_input(weights):.2f}")
    print(f"    W1 of the eight moved by up to  {change[:, eight].max():.3f}")
    print(f"    W2 of the eight moved by up to  {outgoing[eight].max():.3f}")
    print(f"    W1 of the others moved by up to {change[:, 8:].max():.3f}")

# %% [markdown]
# With a bias of −5, the largest input of the eight units is −3.13, so all eight are zero for every image. In an epoch
# of 782 steps, their weights have not changed by a single bit, nor have the weights in $W_2$ that lead away from
# them. The other units have learned as usual, and in the control the same eight units have moved by up to 0.15. So
# the reason is not these units but their negative inputs: here the factor $dA$ in $dW_1 = X^T dA$ is zero.
#
# Precisely: **a ReLU unit whose input is negative for every sample gets zero gradient on its own weights and bias.**
# In the first layer no later step can change that. Its input depends on its own weights and on the data, and neither
# moves, as long as the steps follow the gradient of the loss and nothing else. Such units are called **dead**.
# Nobody would choose a bias of −5, but a learning rate that is too high can move units there (exercise 4 of
# [lesson 4](04_inside_the_network.ipynb)).

# %% tags=["check"]
for name in sunk:
    of_eight = np.s_[:, eight] if name == "W1" else eight
    if name != "b2":  # the output biases belong to no unit
        assert np.array_equal(after_epoch["bias -5"][name][of_eight], sunk[name][of_eight])
assert -3.2 < largest_input(sunk) < -3.0
assert np.abs(after_epoch["bias 0"]["W1"] - start["W1"])[:, eight].max() > 0.1

# %% [markdown]
# ### In a deeper layer
#
# In the first layer nothing can change this, because the inputs of the unit are the data. In a deeper layer, the
# inputs of a unit come from the layer before it, and that layer still learns. Can the unit come back?
#
# The smallest example has three samples, $x$ = 0.5, 1 and 1.5, that should give $8 x$. The first layer has one unit,
# $h = \mathrm{relu}(w x)$, which begins with $w = 1$. The second layer has two: $g_1 = \mathrm{relu}(u_1 h - 2.5)$,
# which is not active, since $h$ is 1.5 at most, and $g_2 = \mathrm{relu}(u_2 h)$, which is. The output is
# $v_1 g_1 + v_2 g_2$. The control is the same network with $w$ held fixed: then $h$ is as good as data.
#
# **Before you run it:** which way will $w$ move? What happens to $g_1$ then?


# %%
def deep_steps(first_layer_learns, steps=20, rate=0.01):
    """Train the small deep network; return w and what happens to g1, for each step."""
    x = np.array([0.5, 1.0, 1.5])
    target = 8 * x
    w, u, bias, v = 1.0, np.ones(2), np.array([-2.5, 0.0]), np.ones(2)
    rows = []
    for step in range(steps + 1):
        h = relu(w * x)
        a = np.outer(h, u) + bias
        g = relu(a)
        d_out = 2 * (g @ v - target) / len(x)  # squared error
        da = np.outer(d_out, v) * (a > 0)
        du, dbias, dv = h @ da, da.sum(axis=0), d_out @ g
        dw = (da @ u * (w * x > 0)) @ x
        rows.append((step, w, a[:, 0].max(), abs(du[0])))
        u, bias, v = u - rate * du, bias - rate * dbias, v - rate * dv
        w -= rate * dw * first_layer_learns
    return pd.DataFrame(rows, columns=["step", "w", "largest input of g1", "|dL/du1|"])


deep, frozen = deep_steps(first_layer_learns=True), deep_steps(first_layer_learns=False)
print("the first layer learns:")
print(deep.iloc[::2].round(3).to_string(index=False))
print("the first layer is held fixed:")
print(frozen.iloc[::10].round(3).to_string(index=False))

# %% [markdown]
# The output is too small, so every weight on an active path grows, also $w$: from 1 to about 1.8 in four steps. That
# makes $h$ larger, and the input of $g_1$ rises from −1 to 0.18, without any change of $u_1$ or its bias. From then
# on $g_1$ gets a gradient and learns like any other unit. With $w$ held fixed, the input of $g_1$ is −1 forever. So
# **in a deeper layer a dead unit can recover**, because the layer before it can move its inputs. It can, but
# nothing makes sure that it does: here the loss happens to move $h$ in the right direction.

# %% tags=["check"]
assert deep["|dL/du1|"].iloc[0] == 0 and deep["largest input of g1"].iloc[0] == -1
assert deep["largest input of g1"].iloc[4] > 0 and deep["|dL/du1|"].iloc[4] > 0
assert np.isclose(deep["w"].iloc[4], 1.785, atol=0.01)
assert (frozen["|dL/du1|"] == 0).all() and (frozen["largest input of g1"] == -1).all()

# %% [markdown] tags=["question"]
# ### Questions
#
# **Question 13.** All our biases start at zero. Do all units stay equal because of that?
#
# - a: Yes, equal biases get equal gradients, so they stay equal.
# - b: No, the random weights already make the units different.
# - c: No, the learning rate makes them different after the first step.
#
# **Question 14.** Before training, a network has a loss of 69 on ten classes. What do you conclude?
#
# - a: It gives the right digits nearly no probability, so its weights are much too large.
# - b: It has not learned anything yet, and any untrained network begins there.
# - c: Its learning rate is too high, so its loss has grown.
#
# **Question 15.** A ReLU unit in the **first** layer has a negative input for every training image. Can further
# training on these images bring it back?
#
# - a: Yes, with enough epochs, since the other units move it.
# - b: Yes, since the layer after it can move its inputs.
# - c: No, its weights have zero gradient, and its inputs are the data.

# %% tags=["answer"]
ct.check("2.q13", "")
ct.check("2.q14", "")
ct.check("2.q15", "")

# %% [markdown]
# ## In short
#
# - A hidden layer moves the samples to places where a linear model can separate them. Without an activation function,
#   two layers are one.
# - The backward pass applies the chain rule from the loss to the inputs. It finds the derivatives for all parameters
#   in one go, while finite differences need two forward passes for each parameter.
# - A gradient is checked against finite differences, in `float64`. That the accuracy rises proves nothing: with a
#   wrong gradient it rose to 92%.
# - A weight gets no gradient if its input is zero for all samples, or if its unit is dead for all of them. Equal
#   units get equal gradients and stay equal.
#
# From here on Keras computes the gradients. In the [next lesson](03_fully_connected.ipynb) we build a larger network
# with it, 784-512-512-10.
