"""Exercise 4 of lessons/04_your_own_table: what would have changed the answer."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _lesson import lesson_run, table

run = lesson_run()

# --- the solution, as in the notebook ---

person = table[table["patient"] == run.mistakes(1).ids[0]]
strongest = run.explain(person).to_pandas()["input"][0]
values = np.linspace(table[strongest].min(), table[strongest].max(), 200)
copies = pd.concat([person] * len(values), ignore_index=True).assign(**{strongest: values})
malignant_by_value = run.predict(copies)[:, 1]
as_measured = run.predict(person)[0, 1]

plt.figure(figsize=(6, 3.4), layout="constrained")
plt.plot(values, malignant_by_value, color="#e76300")
plt.axhline(0.5, color="#94a4a2", linewidth=0.8)
plt.plot(person[strongest], [as_measured], "o", color="#2b2f36")
plt.title(f"The patient if only {strongest} were different (dot: as measured)")
plt.xlabel(strongest)
plt.ylabel("probability of malignant")
plt.show()
print(f"{strongest} as measured: {person[strongest].iloc[0]:.3f}")
print("called malignant at:", *values[malignant_by_value >= 0.5][[0, -1]].round(3))

# You can ask a model about patients who cannot exist: if this column were different, others would be as well.
assert as_measured < 0.5 < malignant_by_value.max()
