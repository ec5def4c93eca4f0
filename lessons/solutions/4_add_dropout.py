"""Exercise 4 of lessons/01_fully_connected: add dropout."""

import numpy as np
from _classroom import X_train, X_val, Y_train, Y_val, keras, layers

# --- the solution, as in the notebook ---

keras.utils.set_random_seed(0)
thinned = keras.Sequential(
    [
        keras.Input((784,)),
        layers.Dense(300, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(100, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ]
)
thinned.compile(
    loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.01), metrics=["accuracy"]
)
thinned_history = thinned.fit(
    X_train, Y_train, batch_size=128, epochs=4, validation_data=(X_val, Y_val), verbose=0
)
fair = thinned.evaluate(X_train, Y_train, verbose=0, return_dict=True)["accuracy"]
print("during the last epoch, with dropout", round(thinned_history.history["accuracy"][-1], 3))
print("the same pictures, without dropout ", round(fair, 3))
print(
    "validation pictures                ", round(thinned_history.history["val_accuracy"][-1], 3)
)

# Training accuracy is measured on the way, with units dropped; validation without. Measured alike they agree.
assert all(
    np.array(thinned_history.history["val_accuracy"])
    > np.array(thinned_history.history["accuracy"])
)
assert abs(fair - thinned_history.history["val_accuracy"][-1]) < 0.02
