"""The rewritten step computes what the traced one does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cutaway.parallel.cpu import has_fast_bfloat16
from cutaway.training.loop.jaxpr_rewrite import rewritten

FAST = pytest.mark.skipif(not has_fast_bfloat16(), reason="this CPU has no bfloat16 instructions")


def shortly(*sizes):
    """The first of some sizes in `make test`, the others in `make test-all`: XLA compiles each for a second."""
    return [sizes[0], *(pytest.param(each, marks=pytest.mark.exhaustive) for each in sizes[1:])]


def layers(x, first, second):
    hidden = jax.nn.relu(x @ first)
    return jnp.sum(jnp.tanh(hidden @ second) ** 2)


def arrays(batch, features, units, classes, seed=0):
    generator = np.random.default_rng(seed)
    shapes = ((batch, features), (features, units), (units, classes))
    return [jnp.asarray(generator.normal(size=s).astype(np.float32) / 8) for s in shapes]


def in_a_loop(function):
    """Call it once inside a loop, as in training: a product that XLA cannot do in bfloat16 fails only when it runs."""

    @jax.jit
    def loop(count, *data):
        start = jax.tree.map(lambda each: jnp.full(each.shape, jnp.nan, each.dtype), jax.eval_shape(function, *data))
        return jax.lax.fori_loop(0, count, lambda i, _: function(*(v + i for v in data)), start)

    return lambda *data: loop(1, *data)  # a number that XLA does not know, or it would leave out the loop


def exactly(function, *data):
    """What JAX computes, as one program: compiling each operation alone takes longer."""
    with jax.default_matmul_precision("highest"):
        return jax.jit(function)(*data)


@pytest.mark.parametrize("sizes", shortly((128, 64, 33, 10), (5, 7, 3, 2), (1, 40, 40, 1), (33, 1, 32, 40)))
def test_values_and_gradients_equal_those_of_jax(sizes):
    data = arrays(*sizes)
    function = jax.value_and_grad(layers, argnums=(0, 1, 2))
    expected, ours = exactly(function, *data), jax.jit(rewritten(function, bfloat16=False))(*data)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


@FAST
@pytest.mark.parametrize("batch", shortly(72, 1, 257))
@pytest.mark.parametrize("units", shortly(48, 31, 513))
def test_bfloat16_runs_and_rounds_only_the_factors(batch, units):
    data = [each + 1 for each in arrays(batch, 65, units, 34)]
    function = jax.value_and_grad(layers, argnums=(0, 1, 2))
    expected, ours = exactly(function, *data), in_a_loop(rewritten(function, bfloat16=True))(*data)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(expected), strict=True):
        scale = float(jnp.abs(b).max()) + 1e-3
        np.testing.assert_allclose(a, b, atol=scale * 2**-6)


def members(x, first, second, last):
    """Layers of an ensemble as Keras computes them."""
    hidden = jax.nn.relu(jnp.einsum("bi,kio->bko", x, first))
    hidden = jax.nn.relu(jnp.einsum("bki,kio->bko", hidden, second))
    return jnp.sum(jnp.tanh(jnp.einsum("bki,kio->bko", hidden, last)) ** 2)


def arrays_of_members(batch, features, count, units, classes):
    generator = np.random.default_rng(0)
    shapes = ((batch, features), (count, features, units), (count, units, units), (count, units, classes))
    return [jnp.asarray(generator.normal(size=s).astype(np.float32) / 8) for s in shapes]


@pytest.mark.parametrize("sizes", shortly((64, 40, 2, 33, 10), (5, 7, 3, 2, 2), (1, 1, 1, 1, 1), (33, 40, 8, 32, 3)))
def test_members_have_the_values_and_gradients_of_jax(sizes):
    data = arrays_of_members(*sizes)
    function = jax.value_and_grad(members, argnums=(0, 1, 2, 3))
    expected, ours = exactly(function, *data), jax.jit(rewritten(function, bfloat16=False))(*data)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


@FAST
@pytest.mark.parametrize(
    "sizes", shortly((32, 33, 2, 32, 10), (257, 65, 3, 48, 34), (72, 40, 8, 130, 40), (128, 12, 4, 64, 2))
)
def test_members_run_in_bfloat16(sizes):
    data = [each + 1 / 8 for each in arrays_of_members(*sizes)]
    function = jax.value_and_grad(members, argnums=(0, 1, 2, 3))
    expected, ours = exactly(function, *data), in_a_loop(rewritten(function, bfloat16=True))(*data)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(expected), strict=True):
        scale = float(jnp.abs(b).max()) + 1e-3
        np.testing.assert_allclose(a, b, atol=scale * 2**-5)


def test_products_of_other_shapes_pass_unchanged():
    generator = np.random.default_rng(0)
    a, b = (jnp.asarray(generator.normal(size=s).astype(np.float32)) for s in ((2, 3, 4, 5), (2, 3, 5, 6)))
    np.testing.assert_array_equal(rewritten(jnp.matmul, bfloat16=True)(a, b), jnp.matmul(a, b))
    whole = jnp.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(rewritten(lambda m: m @ m.T, bfloat16=True)(whole), whole @ whole.T)


def bits(seed, step, shape):
    key = jnp.array([seed, step], jnp.uint32)
    return np.asarray(rewritten(lambda k: jax.random.bits(jax.random.wrap_key_data(k), shape), bfloat16=False)(key))


def test_random_bits_are_uniform_and_independent_of_their_neighbors():
    """Each test statistic is that of fair coins, within five standard deviations."""
    streams = np.stack([bits(seed, step, (128, 512)).ravel() for seed in (0, 1, 7) for step in range(4)])
    ones = np.unpackbits(streams.view(np.uint8), axis=1).reshape(*streams.shape, 32)
    n = streams.shape[1]
    assert np.abs(ones.mean(axis=1) - 0.5).max() < 5 * 0.5 / np.sqrt(n), "every bit of every stream is fair"
    signs = 1.0 - 2.0 * (streams >> 31)
    correlation = np.abs(np.corrcoef(signs) - np.eye(len(signs))).max()
    assert correlation < 5 / np.sqrt(n), "streams of neighboring seeds and steps"
    for lag in (1, 2, 511, 512):
        assert abs((signs[:, lag:] * signs[:, :-lag]).mean()) < 5 / np.sqrt(n * len(signs)), f"lag {lag}"
    assert len(np.unique(streams)) > 0.9998 * streams.size * (1 - streams.size / 2**33), "no stream repeats another"


@pytest.mark.parametrize("rate", [0.1, 0.9])
def test_bernoulli_has_its_rate(rate):
    key = jnp.array([3, 5], jnp.uint32)
    draw = rewritten(lambda k: jax.random.bernoulli(jax.random.wrap_key_data(k), rate, (1000, 100)), bfloat16=False)
    assert np.asarray(draw(key)).mean() == pytest.approx(rate, abs=5 * np.sqrt(rate * (1 - rate) / 1e5))
