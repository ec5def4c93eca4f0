"""Exercise 5 of lessons/01_fully_connected: another layout."""

import matplotlib.pyplot as plt
import numpy as np
from _lesson import X_train, dropout_model, keras, y_train

from cutaway.embedding import embed
from cutaway.plots import CLASS_COLORS

model = dropout_model()
hidden_features = keras.Model(model.inputs, model.get_layer("dense_2").output).predict(
    X_train[:1000], verbose=0
)

# --- the solution, as in the notebook ---

from sklearn.manifold import MDS, Isomap

from cutaway.embedding import measure_quality

features, digits = hidden_features[:1000], y_train[:1000]
layouts = {
    "t-SNE": embed(features).xy,
    "MDS": MDS(n_init=1, init="classical_mds", max_iter=50, random_state=0).fit_transform(
        features
    ),
    "Isomap": Isomap(n_neighbors=10).fit_transform(features),
}
preserved = {
    name: measure_quality(features, xy, seed=0).neighbors_preserved
    for name, xy in layouts.items()
}

fig, panels = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
for panel, (name, xy) in zip(panels, layouts.items(), strict=True):
    panel.scatter(*xy.T, s=8, c=np.array(CLASS_COLORS)[digits].tolist(), linewidths=0)
    panel.set_title(f"{name}: {preserved[name]:.0%} of neighbors preserved")
    panel.set_xticks([])
    panel.set_yticks([])
plt.show()
assert preserved["t-SNE"] > 1.5 * max(preserved["MDS"], preserved["Isomap"])
