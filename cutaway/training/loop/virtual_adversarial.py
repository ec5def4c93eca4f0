"""Virtual adversarial training: predictions change little where they would change most, near each sample."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

# Probabilities are bounded from below before they divide, or their logarithms are taken: float32 of a softmax can be 0.
LEAST = 1e-12


def virtual_adversarial_loss(
    predict: Callable[[jax.Array], jax.Array],
    frozen: Callable[[jax.Array], jax.Array],
    inputs: jax.Array,
    *,
    radius: float,
    key: jax.Array,
) -> jax.Array:
    """How far predictions move at the point, at a distance from each sample, where they move most.

    That point is found by one step of the power method from a random direction. The Hessian of the divergence at the
    sample itself is exact: with J the Jacobian of the probabilities p, it is J' diag(1 / p) J.

    Args:
        predict: Class probabilities of inputs, float32 ``(batch, class)``, with weights that the loss is derived by.
        frozen: The same with weights that it is not derived by.
        inputs: float32 ``(batch, ...)``.
        radius: The distance, above 0, in units of the inputs.
        key: Random key of the direction.

    Returns:
        Kullback-Leibler divergence of each sample in nats, float32 ``(batch,)``.

    Source:
        Miyato, Maeda, Koyama, Ishii 2018, "Virtual Adversarial Training", equations 5, 8 and 12; they approximate the
        product with the Hessian by a finite difference.
    """
    direction = jax.random.normal(key, inputs.shape)
    expected, moved = jax.jvp(frozen, (inputs,), (direction,))
    (uphill,) = jax.vjp(frozen, inputs)[1](moved / jnp.maximum(expected, LEAST))
    length = jnp.sqrt(jnp.sum(uphill * uphill, axis=tuple(range(1, inputs.ndim)), keepdims=True))
    step = radius * uphill / jnp.maximum(length, LEAST)
    expected, step = jax.lax.stop_gradient((expected, step))
    logs = [jnp.log(jnp.maximum(each, LEAST)) for each in (expected, predict(inputs + step))]
    return jnp.sum(expected * (logs[0] - logs[1]), axis=-1)
