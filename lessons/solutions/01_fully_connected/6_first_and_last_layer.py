"""Exercise 6 of lessons/01_fully_connected: the first layer and the last."""

import matplotlib.pyplot as plt
import numpy as np
from _lesson import DATASET, X_val, dropout_model, keras, y_val

from cutaway.embedding import embed
from cutaway.plots import CLASS_COLORS

model = dropout_model()

# --- the solution, as in the notebook ---

embeddings, directions = {}, {}
for name in ("dense_1", "output"):
    outputs_of_layer = keras.Model(model.inputs, model.get_layer(name).output).predict(
        X_val[:2000], verbose=0
    )
    centered = outputs_of_layer - outputs_of_layer.mean(axis=0)
    variance = np.linalg.svd(centered, compute_uv=False) ** 2
    directions[name] = int(np.searchsorted(np.cumsum(variance) / variance.sum(), 0.9)) + 1
    embeddings[name] = embed(outputs_of_layer, labels=y_val[:2000])

fig, panels = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
for panel, (name, embedding) in zip(panels, embeddings.items(), strict=True):
    panel.scatter(
        *embedding.xy.T, s=8, c=np.array(CLASS_COLORS)[y_val[:2000]].tolist(), linewidths=0
    )
    panel.set_title(f"{name}: {directions[name]} directions explain 90% of the variance")
    panel.set_xticks([])
    panel.set_yticks([])
plt.show()

# The first layer still describes the handwriting, which takes many directions. The output only tells ten classes
# apart and has discarded the rest.
assert directions["output"] < 10
if DATASET == "mnist":
    assert directions["dense_1"] > 2 * directions["output"]
