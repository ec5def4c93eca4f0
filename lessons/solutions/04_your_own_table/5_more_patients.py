"""Exercise 5 of lessons/04_your_own_table: would more patients help."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _lesson import folder, table

import cutaway as ct

# --- the solution, as in the notebook ---

earlier, last = table[:423].drop(columns="visit"), table[423:529].drop(columns="visit")
losses, errors = {}, {}
for size in (50, 100, 200, 423):
    part_run = ct.train(
        ct.mlp((128, 128), dropout=0.2, ensemble=8),
        ct.load_dataset(earlier[:size], label="diagnosis", id="patient", test=last),
        seed=0,
        runs=folder / "runs",
        progress=False,
    )
    of_truth = part_run.predictions(split="test")[np.arange(len(last)), part_run.labels()]
    losses[size] = -np.log(of_truth).mean()
    errors[size] = np.log(of_truth).std() / np.sqrt(len(last))

plt.figure(figsize=(5.4, 3.4), layout="constrained")
plt.errorbar(
    list(losses),
    list(losses.values()),
    yerr=list(errors.values()),
    fmt="o-",
    color="#e76300",
    capsize=3,
)
plt.xscale("log")
plt.xticks(list(losses), list(losses))
plt.minorticks_off()
plt.title("Test loss by the number of patients")
plt.xlabel("patients to learn from (log scale)")
plt.ylabel("test loss, with standard error")
plt.show()
print(pd.DataFrame({"loss": losses, "standard error": errors}).round(3))

# A curve that still falls at its end says that more patients would help. Mind the standard errors: 106 test rows are
# too few to tell two neighboring points apart.
assert losses[423] < losses[50] + errors[50]
