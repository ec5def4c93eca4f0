"""Random numbers of the playground, in Node, against NumPy, JAX and what a training draws from its seed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.models.threefry import uniform
from cutaway.models.weights import fold
from cutaway.training.loop.order import epoch_order

from .node import run_script

SEEDS = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=8)


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_the_numbers_are_those_of_randomstate(seeds):
    body = """
      return data.seeds.map((seed) => {
        const random = new RandomState(seed);
        const draw = (make) => Float64Array.from({ length: 9 }, make);
        const [normal, uniform] = [draw(() => random.normal(1, 0.3)), draw(() => random.uniform(-2, 5))];
        return { normal, uniform, order: random.permutation(701), bits: random.bits() };
      });
    """
    imports = {"playground/random/mersenne_twister.js": "RandomState"}
    for seed, drawn in zip(seeds, run_script(body, {"seeds": seeds}, imports=imports), strict=True):
        random = np.random.RandomState(seed)
        # the logarithm of a platform may differ in its last bit
        np.testing.assert_allclose(drawn["normal"], random.normal(1, 0.3, 9), rtol=1e-14, atol=1e-15)
        np.testing.assert_array_equal(drawn["uniform"], random.uniform(-2, 5, 9))
        np.testing.assert_array_equal(drawn["order"], random.permutation(701))
        assert drawn["bits"] == random.randint(2**32, dtype=np.uint32)


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2_100_000)), min_size=1, max_size=8))
def test_seeds_are_folded_and_weights_drawn_as_in_a_training(pairs):
    body = """
      const draw = ([seed, stream]) => {
        const folded = foldSeed(seed, stream);
        return { folded, values: kerasUniform(folded, 300, data.limit) };
      };
      return data.pairs.map(draw);
    """
    given_data = {"pairs": pairs, "limit": 0.3456}
    imports = {"playground/random/seeds.js": "foldSeed, kerasUniform"}
    for (seed, stream), drawn in zip(pairs, run_script(body, given_data, imports=imports), strict=True):
        assert drawn["folded"] == fold(seed, stream)
        np.testing.assert_array_equal(drawn["values"], uniform(drawn["folded"], (300,), -0.3456, 0.3456))


@settings(max_examples=5, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 2**31 - 1), st.integers(1, 10_000)), min_size=1, max_size=4)
)
def test_an_epoch_has_the_order_that_a_training_gives_it(epochs):
    imports = {"playground/random/seeds.js": "epochOrder"}
    drawn = run_script("return data.epochs.map((given) => epochOrder(...given));", {"epochs": epochs}, imports=imports)
    for (samples, seed, epoch), order in zip(epochs, drawn, strict=True):
        expected = epoch_order(samples, batch_size=samples, seed=seed, epoch=epoch)
        np.testing.assert_array_equal(order, expected.ravel())
