"""Exercise 7 of lessons/01_fully_connected: find the dead units."""

import numpy as np
from _classroom import data, folder, lesson_run

import cutaway as ct

run = lesson_run()

# --- the solution, as in the notebook ---

rash = ct.train(
    ct.mlp((512, 512)),
    data,
    recipe="lesson",
    learning_rate=1.0,
    epochs=1,
    seed=0,
    runs=folder.name,
    progress=False,
)
activations = rash.activations("dense_1", split="all")
dead_by_hand = np.flatnonzero((activations == 0).all(axis=0))
dead = np.flatnonzero(rash.units("dense_1", progress=False).constant)
calm = int(run.units("dense_1", progress=False).constant.sum())
print(f"learning rate 1.0: {len(dead)} of 512 units are dead; learning rate 0.01: {calm}")
print(
    f"and yet {rash.test['accuracy']:.0%} of the test digits are right: the others do the work"
)
assert np.array_equal(dead, dead_by_hand)
assert len(dead) >= 20 and calm == 0
