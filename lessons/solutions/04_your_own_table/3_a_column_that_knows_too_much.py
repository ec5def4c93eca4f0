"""Exercise 3 of lessons/04_your_own_table: a column that knows too much."""

import numpy as np
from _lesson import folder, table

import cutaway as ct

# --- the solution, as in the notebook ---

treated = table[:-40].copy()
surgery = (treated["diagnosis"] == "malignant") ^ (
    np.random.default_rng(1).random(len(treated)) < 0.02
)
treated["treatment"] = np.where(surgery, "surgery", "none")

leaky_run = ct.train(
    ct.mlp((128, 128), dropout=0.2),
    ct.load_dataset(treated, label="diagnosis", id="patient", time="visit"),
    seed=0,
    runs=folder / "runs",
    progress=False,
)
test_rows = treated.iloc[leaky_run.split.test.index]
untreated = leaky_run.predict(test_rows.assign(treatment="none")).argmax(axis=1)
untreated_accuracy = (untreated == leaky_run.labels(split="test")).mean()
most_important = leaky_run.importance().to_pandas()["column"][0]
print(f"accuracy on the test rows:            {leaky_run.test['accuracy']:.1%}")
print(f"the same patients, before treatment:  {untreated_accuracy:.1%}")
print(f"the most important column:            {most_important}")

# The treatment follows from the diagnosis. A column that is filled in after the answer is known makes a model that
# looks great in every test, and fails on the first day it is used. The warning above names a column that alone tells
# nearly all labels. Some good columns do so as well, so it is up to you to say when each column is filled in.
assert most_important == "treatment"
assert untreated_accuracy < leaky_run.test["accuracy"] - 0.05
