"""Virtual adversarial training: the product with the Hessian, and the step; test_training.py trains with it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cutaway.errors import ConfigError
from cutaway.training import make_config
from cutaway.training.loop.virtual_adversarial import virtual_adversarial_loss

RNG = np.random.default_rng(0)
FIRST, SECOND = RNG.normal(size=(6, 20)), RNG.normal(size=(20, 4))
INPUTS = RNG.normal(size=(7, 6)).astype(np.float32)


def model(inputs):
    return jax.nn.softmax(jnp.tanh(inputs @ FIRST.astype(np.float32)) @ SECOND.astype(np.float32))


def probabilities(inputs):
    """The same in NumPy, float64."""
    scores = np.exp(np.tanh(inputs @ FIRST) @ SECOND)
    return scores / scores.sum(axis=-1, keepdims=True)


def divergence(before, after):
    return np.sum(before * (np.log(before) - np.log(after)), axis=-1)


def adversarial_points(radius, key):
    """By finite differences in float64: the Hessian of the divergence at each sample, times the random direction."""
    directions = np.asarray(jax.random.normal(key, INPUTS.shape), np.float64)
    points = []
    for x, direction in zip(INPUTS.astype(np.float64), directions, strict=True):
        steps = 1e-3 * np.eye(6)
        near = [[divergence(probabilities(x), probabilities(x + a + b)) for b in (*steps, *-steps)] for a in steps]
        hessian = (np.array(near)[:, :6] - np.array(near)[:, 6:]) / 2e-3
        ahead = np.array(
            [[divergence(probabilities(x), probabilities(x - a + b)) for b in (*steps, *-steps)] for a in steps]
        )
        hessian = (hessian - (ahead[:, :6] - ahead[:, 6:]) / 2e-3) / 2e-3
        uphill = hessian @ direction
        points.append(x + radius * uphill / np.linalg.norm(uphill))
    return np.array(points)


@jax.jit
def loss_at(radius, key):
    return virtual_adversarial_loss(model, model, INPUTS, radius=radius, key=key)


@pytest.mark.parametrize(("radius", "seed"), [(0.01, 0), (0.3, 1), (2.0, 0)])
def test_it_is_the_divergence_at_the_adversarial_point(radius, seed):
    key = jax.random.key(seed)
    found = loss_at(radius, key)
    expected = divergence(probabilities(INPUTS.astype(np.float64)), probabilities(adversarial_points(radius, key)))
    np.testing.assert_allclose(found, expected, rtol=2e-2, atol=2e-6)


def test_predictions_move_further_there_than_in_random_directions():
    found = loss_at(0.1, jax.random.key(0))
    directions = RNG.normal(size=(200, *INPUTS.shape))
    directions *= 0.1 / np.linalg.norm(directions, axis=2, keepdims=True)
    at_random = divergence(probabilities(INPUTS), probabilities(INPUTS + directions)).mean(axis=0)
    assert np.median(found / at_random) > 2


def test_nothing_is_learned_through_the_predictions_that_are_kept_or_through_the_point():
    def loss(scale, frozen_scale):
        predict, frozen = (
            lambda x, by=by: jax.nn.softmax(by * (x @ FIRST[:, :3].astype(np.float32))) for by in (scale, frozen_scale)
        )
        return virtual_adversarial_loss(predict, frozen, INPUTS, radius=0.5, key=jax.random.key(0)).sum()

    through_points, through_kept = jax.jit(jax.grad(loss, argnums=(0, 1)))(1.0, 1.0)
    assert through_kept == 0
    assert through_points != 0


def test_probabilities_of_zero_give_finite_numbers():
    def certain(inputs):
        return jax.nn.softmax(1e3 * inputs[:, :4])

    def loss(factor):
        key = jax.random.key(0)
        return virtual_adversarial_loss(lambda x: certain(factor * x), certain, INPUTS, radius=1.0, key=key).sum()

    value, slope = jax.jit(jax.value_and_grad(loss))(1.0)
    assert np.isfinite(value)
    assert np.isfinite(slope)


@pytest.mark.parametrize("value", [-1, float("inf"), "0.5", True])
def test_a_distance_out_of_range_is_refused(value):
    with pytest.raises(ConfigError):
        make_config(virtual_adversarial=value)
