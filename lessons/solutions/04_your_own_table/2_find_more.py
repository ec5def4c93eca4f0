"""Exercise 2 of lessons/04_your_own_table: find more of the malignant tumors."""

import pandas as pd
from _lesson import lesson_run

run = lesson_run()

# --- the solution, as in the notebook ---

val_malignant = run.predictions(split="val")[run.labels(split="val") == 1, 1]
threshold = val_malignant.min()
test_malignant, test_truth = run.predictions(split="test")[:, 1], run.labels(split="test")
outcomes = {}
for name, limit in {"50%": 0.5, f"{threshold:.0%}": threshold}.items():
    called = test_malignant >= limit
    outcomes[name] = {
        "malignant, missed": int((~called & (test_truth == 1)).sum()),
        "benign, called malignant": int((called & (test_truth == 0)).sum()),
    }
thresholds = pd.DataFrame(outcomes).T
thresholds.index.name = "threshold"
print(thresholds)

# The lower threshold misses fewer malignant tumors and raises more false alarms; which mistake is worse is for you to
# say. It finds every malignant tumor among the validation rows, and still need not find every one among the test rows.
# A threshold chosen on the test rows would look perfect there, and would not be on new patients.
at_half, lower = thresholds.to_numpy()
assert threshold < 0.5 and lower[0] <= at_half[0] and lower[1] >= at_half[1]
