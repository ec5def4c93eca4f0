"""Exercise 4 of lessons/01_fully_connected: add dropout."""

import numpy as np
from _lesson import BATCH_SIZE, DATASET, PIXELS, X_train, X_val, Y_train, Y_val, keras, layers

# --- the solution, as in the notebook ---

keras.utils.set_random_seed(0)
small_dropout = keras.Sequential(
    [
        keras.Input((PIXELS,)),
        layers.Dense(300, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(100, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ]
)
small_dropout.compile(
    loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.01), metrics=["accuracy"]
)
small_history = small_dropout.fit(
    X_train, Y_train, batch_size=BATCH_SIZE, epochs=4, validation_data=(X_val, Y_val), verbose=0
)
with_dropout = np.array(small_history.history["accuracy"])
evaluated = small_dropout.evaluate(X_train, Y_train, verbose=0, return_dict=True)
without_dropout = evaluated["accuracy"]
validation = np.array(small_history.history["val_accuracy"])
print("training images, last epoch, with dropout:", round(with_dropout[-1], 3))
print("the same images, without dropout:         ", round(without_dropout, 3))
print("validation images:                        ", round(validation[-1], 3))

# Training accuracy is measured during the epoch, with dropout; validation accuracy is measured without dropout.
# Measured in the same way, they agree.
assert all(validation > with_dropout)
if DATASET == "mnist":
    assert abs(without_dropout - validation[-1]) < 0.02
