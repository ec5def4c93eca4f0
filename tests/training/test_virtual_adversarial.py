"""Virtual adversarial training: the product with the Hessian, the step, and what a training makes of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import cutaway as ct
from cutaway.errors import Canceled, ConfigError
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


@pytest.mark.parametrize("radius", [0.01, 0.3, 2.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_it_is_the_divergence_at_the_adversarial_point(radius, seed):
    key = jax.random.key(seed)
    found = virtual_adversarial_loss(model, model, INPUTS, radius=radius, key=key)
    expected = divergence(probabilities(INPUTS.astype(np.float64)), probabilities(adversarial_points(radius, key)))
    np.testing.assert_allclose(found, expected, rtol=2e-2, atol=2e-6)


def test_predictions_move_further_there_than_in_random_directions():
    found = virtual_adversarial_loss(model, model, INPUTS, radius=0.1, key=jax.random.key(0))
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

    assert jax.grad(loss, argnums=1)(1.0, 1.0) == 0
    assert jax.grad(loss, argnums=0)(1.0, 1.0) != 0


def test_probabilities_of_zero_give_finite_numbers():
    def certain(inputs):
        return jax.nn.softmax(1e3 * inputs[:, :4])

    value, slope = jax.value_and_grad(
        lambda factor: virtual_adversarial_loss(
            lambda x: certain(factor * x), certain, INPUTS, radius=1.0, key=jax.random.key(0)
        ).sum()
    )(1.0)
    assert np.isfinite(value)
    assert np.isfinite(slope)


SETTINGS = {"epochs": 2, "batch_size": 64, "seed": 1, "progress": False}


def snapshots(run):
    return [path.read_bytes() for path in sorted((run.path / "snapshots").iterdir())]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_training_is_the_same_after_a_resumption_and_another_one_without_it(precision, tmp_path):
    def stop(progress):
        if progress.done > 1000:
            raise Canceled("work goes on", got="a request to stop", hint="call it again")

    def train(runs, **settings):
        model = ct.mlp((24, 12), dropout=0.2)
        return ct.train(model, "digits", runs=tmp_path / runs, precision=precision, **{**SETTINGS, **settings})

    straight = train("a", virtual_adversarial=0.5)
    with pytest.raises(Canceled):
        train("b", virtual_adversarial=0.5, progress=stop)
    resumed = ct.resume(ct.open_run("latest", runs=tmp_path / "b"), progress=False)
    assert snapshots(resumed) == snapshots(straight)
    plain = train("c")
    assert snapshots(plain)[0] == snapshots(straight)[0]
    assert snapshots(plain)[1] != snapshots(straight)[1]
    assert straight.history.rows[0]["loss"] > plain.history.rows[0]["loss"]


def test_an_ensemble_and_a_single_output_unit_learn_with_it(tmp_path):
    digits = ct.load_dataset("digits").sources["train"]
    ct.train(ct.mlp((8,), ensemble=3), "digits", runs=tmp_path, virtual_adversarial=0.5, **SETTINGS)
    import keras

    single = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
    settings = {**SETTINGS, "loss": "binary_crossentropy", "label_smoothing": 0.0}
    run = ct.train(single, digits.x, digits.y % 2, runs=tmp_path, virtual_adversarial=0.5, **settings)
    assert np.isfinite(run.history.rows[-1]["loss"])
    with pytest.raises(ConfigError, match="needs a loss of one class of several; got binary_crossentropy"):
        ct.train(ct.mlp((8,)), "digits", runs=tmp_path, virtual_adversarial=0.5, **settings)


@pytest.mark.parametrize("value", [-1, float("inf"), "0.5", True])
def test_a_distance_out_of_range_is_refused(value):
    with pytest.raises(ConfigError, match="virtual_adversarial is a distance in units of the inputs"):
        make_config(virtual_adversarial=value)
