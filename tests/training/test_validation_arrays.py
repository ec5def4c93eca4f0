"""The private names of Keras that say what a fit is validated on."""

import keras
import numpy as np

from cutaway.training.validation_arrays import validation_arrays

X = np.arange(20, dtype="float32").reshape(10, 2)
Y = np.arange(10) % 2


class Look(keras.callbacks.Callback):
    """Keeps what can be seen after an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        self.seen = validation_arrays(self.model)


def seen_in_fit(**given):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    look = Look()
    model.fit(X, Y, verbose=0, callbacks=[look], **given)
    assert validation_arrays(model) is None, "after fit"
    return look.seen


def test_keras_still_has_the_names_by_which_a_validation_split_is_seen():
    """Where this fails, Keras has moved `Trainer._eval_epoch_iterator` or `ArrayDataAdapter._inputs`."""
    x, y = seen_in_fit(validation_split=0.3)[:2]
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(x), X[7:])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(y), Y[7:])


def test_weights_are_seen():
    arrays = seen_in_fit(validation_data=(X[:4], Y[:4], np.full(4, 0.5)))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(arrays[2]), np.full(4, 0.5))


def test_nothing_is_seen_without_validation_or_of_a_generator():
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 1

        def __getitem__(self, at):
            return X[:4], Y[:4]

    assert seen_in_fit() is None
    assert seen_in_fit(validation_data=Batches()) is None
