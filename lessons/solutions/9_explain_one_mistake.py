"""Exercise 9 of lessons/01_fully_connected: explain one mistake, unit by unit."""

import matplotlib.pyplot as plt
import numpy as np
from _classroom import lesson_run

run = lesson_run()

# --- the solution, as in the notebook ---

worst = run.mistakes(1, split="test")
position = int(worst.position[0])
name = run.split.test[position]
explain = run.explain(name)
parts = explain.to_pandas("dense_2")
total = explain.explain.total("dense_2")
print(
    f"{name} shows {worst.label[0]}; the model says {explain.winner} with {worst.confidence[0]:.0%}, then {explain.runner_up}"
)
print(parts.head(3).round(2).to_string(index=False))
print(parts.tail(3).round(2).to_string(index=False))
print(
    f"all units and biases together: {total:.3f}; difference of the two logits: {explain.explain.difference:.3f}"
)

fig, panels = plt.subplots(1, 2, figsize=(7, 3.6), layout="constrained")
panels[0].imshow(run.data.x(run.split.test.take([position]))[0], cmap="gray_r")
panels[0].set_title(f"{worst.label[0]}, read as {explain.winner}")
limit = np.abs(explain.explain.pixels).max()
panels[1].imshow(explain.explain.pixels, cmap="RdBu_r", vmin=-limit, vmax=limit)
panels[1].set_title(f"red: for {explain.winner}, blue: for {explain.runner_up}")
for panel in panels:
    panel.axis("off")
plt.show()
assert np.isclose(total, explain.explain.difference, atol=1e-3)
assert int(explain.winner) == worst.predicted[0] != worst.label[0]
