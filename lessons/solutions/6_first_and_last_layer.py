"""Exercise 6 of lessons/01_fully_connected: the first layer against the last."""

import matplotlib.pyplot as plt
import numpy as np
from _classroom import X_val, dropout_net, keras, y_val

from cutaway.embedding import embed
from cutaway.plots import CLASS_COLORS

model = dropout_net()

# --- the solution, as in the notebook ---

views, directions = {}, {}
for name in ("dense_1", "output"):
    seen = keras.Model(model.inputs, model.get_layer(name).output).predict(
        X_val[:2000], verbose=0
    )
    variance = np.linalg.svd(seen - seen.mean(axis=0), compute_uv=False) ** 2
    directions[name] = int(np.searchsorted(np.cumsum(variance) / variance.sum(), 0.9)) + 1
    views[name] = embed(seen, labels=y_val[:2000])

fig, panels = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
for panel, (name, view) in zip(panels, views.items(), strict=True):
    panel.scatter(
        *view.xy.T, s=8, c=np.array(CLASS_COLORS)[y_val[:2000]].tolist(), linewidths=0
    )
    panel.set_title(f"{name}: {directions[name]} directions hold 90 % of the variance")
    panel.set_xticks([])
    panel.set_yticks([])
plt.show()

# The first layer still describes the writing, in many directions; the output knows ten answers and has thrown away
# the rest.
assert directions["dense_1"] > 2 * directions["output"] and directions["output"] < 10
