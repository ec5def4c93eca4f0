"""Exercise 7 of lessons/01_fully_connected: find the inactive units."""

import numpy as np
from _lesson import BATCH_SIZE, data, folder, lesson_run

import cutaway as ct

run = lesson_run()

# --- the solution, as in the notebook ---

high_rate_run = ct.train(
    ct.mlp((512, 512)),
    data,
    recipe="lesson",
    batch_size=BATCH_SIZE,
    learning_rate=1.0,
    epochs=1,
    seed=0,
    runs=folder.name,
    progress=False,
)
activations = high_rate_run.activations("dense_1", split="all")
counted = np.flatnonzero((activations == 0).all(axis=0))
inactive = np.flatnonzero(high_rate_run.units("dense_1", progress=False).constant)
inactive_at_low_rate = int(run.units("dense_1", progress=False).constant.sum())
print(f"inactive units, learning rate 1.0:  {len(inactive)} of 512")
print(f"inactive units, learning rate 0.01: {inactive_at_low_rate} of 512")
# the units that are left do the work
print(f"test digits that are right all the same: {high_rate_run.test['accuracy']:.0%}")
assert np.array_equal(inactive, counted)
assert len(inactive) >= 20 and len(inactive) > inactive_at_low_rate
