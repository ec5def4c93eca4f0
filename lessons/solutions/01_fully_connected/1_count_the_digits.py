"""Exercise 1 of lessons/01_fully_connected: count the digits."""

import numpy as np
import pandas as pd
from _lesson import DATASET, data

# --- the solution, as in the notebook ---

counts = pd.DataFrame({part: np.bincount(data.sources[part].y) for part in ("train", "test")})
counts.index.name = "digit"
print(counts)

if DATASET == "mnist":
    assert counts["train"].sum() == 60_000 and counts["test"].sum() == 10_000
    # ones are the most common, fives the least
    assert counts["train"].idxmax() == 1 and counts["train"].idxmin() == 5
