"""Exercise 3 of lessons/01_fully_connected: train longer."""

import matplotlib.pyplot as plt
import numpy as np
from _lesson import BATCH_SIZE, DATASET, X_train, X_val, Y_train, Y_val, plain_model

plain, history, more = plain_model()

# --- the solution, as in the notebook ---

four = plain.fit(
    X_train,
    Y_train,
    batch_size=BATCH_SIZE,
    initial_epoch=4,
    epochs=8,
    validation_data=(X_val, Y_val),
    verbose=0,
)
val_accuracy = (
    history.history["val_accuracy"]
    + more.history["val_accuracy"]
    + four.history["val_accuracy"]
)
gains = np.diff(val_accuracy)

plt.figure(figsize=(5, 3.2), layout="constrained")
plt.plot(np.arange(1, 9), val_accuracy, "o-", color="#e76300")
plt.title("Each epoch helps less than the one before")
plt.xlabel("epoch")
plt.ylabel("validation accuracy")
plt.show()
if DATASET == "mnist":
    assert val_accuracy[-1] > 0.91
    assert gains[0] > 3 * gains[-1]  # the first epochs gain the most
