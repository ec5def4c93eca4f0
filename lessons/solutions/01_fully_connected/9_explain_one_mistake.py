"""Exercise 9 of lessons/01_fully_connected: explain one mistake, unit by unit."""

import numpy as np
from _lesson import lesson_run

run = lesson_run()

# --- the solution, as in the notebook ---

worst = run.mistakes(1, split="test")
position = int(worst.position[0])
name = run.split.test[position]
explanation = run.explain(name)
attribution = explanation.attribution
contributions = explanation.to_pandas("dense_2")
total = attribution.total("dense_2")
print(f"{name} shows the digit {worst.label[0]}")
print(
    f"the model says {explanation.winner} ({worst.confidence[0]:.0%}), then {explanation.runner_up}"
)
print(contributions.head(3).round(2).to_string(index=False))
print(contributions.tail(3).round(2).to_string(index=False))
print(f"sum over all units and biases:     {total:.3f}")
print(f"difference between the two logits: {attribution.difference:.3f}")

assert np.isclose(total, attribution.difference, atol=1e-3)
assert int(explanation.winner) == worst.predicted[0] != worst.label[0]

explanation.plot()
