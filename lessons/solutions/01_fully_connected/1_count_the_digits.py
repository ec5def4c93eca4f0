"""Exercise 1 of lessons/01_fully_connected: count the digits."""

import numpy as np
import pandas as pd

import cutaway as ct

data = ct.load_dataset("mnist")
y_train, y_test = data.sources["train"].y, data.sources["test"].y

# --- the solution, as in the notebook ---

counts = pd.DataFrame({"train": np.bincount(y_train), "test": np.bincount(y_test)})
counts.index.name = "digit"
print(counts)
assert counts["train"].sum() == 60_000 and counts["test"].sum() == 10_000
# ones are the most common, fives the least
assert counts["train"].idxmax() == 1 and counts["train"].idxmin() == 5
