"""First weights drawn in NumPy, compared with what Keras itself draws on JAX."""

import keras
import numpy as np
import pytest

from cutaway.models import get_weights, initialize, model_from_spec, spec_of
from cutaway.models.initialization import draw, without_drawing
from cutaway.models.threefry import CHUNK, random_bits

K = keras.initializers
DRAWN = {
    "GlorotUniform": lambda seed: K.GlorotUniform(seed=seed),
    "HeUniform": lambda seed: K.HeUniform(seed=seed),
    "LecunUniform": lambda seed: K.LecunUniform(seed=seed),
    "fan_out": lambda seed: K.VarianceScaling(0.3, mode="fan_out", distribution="uniform", seed=seed),
    "RandomUniform": lambda seed: K.RandomUniform(seed=seed),
    "RandomUniform above zero": lambda seed: K.RandomUniform(3, 4.5, seed=seed),
}
LEFT_TO_KERAS = {
    "HeNormal": lambda seed: K.HeNormal(seed=seed),
    "VarianceScaling": lambda seed: K.VarianceScaling(seed=seed),
    "RandomNormal": lambda seed: K.RandomNormal(seed=seed),
    "TruncatedNormal": lambda seed: K.TruncatedNormal(seed=seed),
    "Orthogonal": lambda seed: K.Orthogonal(seed=seed),
    "a narrow range far from zero": lambda seed: K.RandomUniform(1000, 1000.001, seed=seed),
    "a generator as its seed": lambda seed: K.GlorotUniform(seed=keras.random.SeedGenerator(seed)),
}
# the long form has matrices of more than one part, and convolutions
SHAPES = [pytest.param(shape, marks=pytest.mark.exhaustive) for shape in [(7,), (3, 5, 4), (3, 3, 2, 4), (784, 128)]]


@pytest.mark.parametrize("shape", [(17, 9), *SHAPES])
@pytest.mark.parametrize("name", DRAWN)
def test_uniform_weights_have_the_bytes_that_keras_draws(name, shape):
    for seed in (0, 1, 2**31 - 1, 2**32 - 1):
        initializer = DRAWN[name](seed)
        drawn = draw(initializer, shape, "float32")
        assert isinstance(drawn, np.ndarray)
        assert drawn.tobytes() == np.asarray(initializer(shape)).tobytes()


@pytest.mark.parametrize("name", LEFT_TO_KERAS)
def test_other_weights_are_drawn_by_keras(name):
    drawn = draw(LEFT_TO_KERAS[name](3), (4, 4), "float32")
    assert not isinstance(drawn, np.ndarray)
    np.testing.assert_array_equal(drawn, LEFT_TO_KERAS[name](3)((4, 4)))


def test_constant_weights():
    np.testing.assert_array_equal(draw(K.Zeros(), (2, 3), "float32"), np.zeros((2, 3)))
    np.testing.assert_array_equal(draw(K.Ones(), (3,), "float32"), np.ones(3))
    np.testing.assert_array_equal(draw(K.Constant(0.5), (3,), "float32"), np.full(3, 0.5))


def test_random_bits_are_those_of_threefry_in_one_stream():
    # the known answers of Random123 for the key and the counter 0
    assert random_bits(0, 0, 1)[0] == 0x6B200159 ^ 0x99BA4EFE
    whole = random_bits(5, 0, 1000)
    np.testing.assert_array_equal(random_bits(5, 300, 700), whole[300:])
    large = random_bits(5, 2**32 - 2, 4)  # the counter has two words
    assert len(set(large)) == 4
    assert large[2] != whole[0]


def test_a_matrix_of_several_parts_is_one_stream():
    initializer = K.GlorotUniform(seed=4)
    shape = (CHUNK // 256 + 3, 256)
    assert draw(initializer, shape, "float32").tobytes() == np.asarray(initializer(shape)).tobytes()


def test_a_model_is_drawn_once_and_keeps_its_initializers():
    dense = keras.layers.Dense(4, kernel_initializer="he_uniform")
    layers = [dense, keras.layers.BatchNormalization(name="normalized")]
    model = keras.Sequential(layers)
    with without_drawing(model.layers):
        model.build((None, 3))
    assert not any(value.any() for value in get_weights(model).values())
    assert type(layers[0].kernel_initializer) is K.HeUniform
    assert type(layers[1].gamma_initializer) is K.Ones
    initialize(model, 5)
    again = model_from_spec(spec_of(model), initialize=False)
    initialize(again, 5)
    for one, other in zip(get_weights(model).values(), get_weights(again).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert get_weights(model)["normalized/gamma"].tolist() == [1.0] * 4


def test_initializers_come_back_if_the_model_cannot_be_built():
    layer = keras.layers.Dense(3, "softmax", kernel_initializer="he_uniform")
    with pytest.raises(ZeroDivisionError), without_drawing([layer]):
        layer.build((None, 1 // 0))
    assert type(layer.kernel_initializer) is K.HeUniform
