"""Exercise 8 of lessons/01_fully_connected: which layer knows the digit, and since when."""

from _classroom import lesson_run

run = lesson_run()

# --- the solution, as in the notebook ---

story = run.layer_history(split="val", samples=2000, progress=False).to_pandas()
votes = story.pivot(index="epoch", columns="layer", values="knn_accuracy")
since = {layer: int(votes.index[votes[layer] >= 0.75][0]) for layer in votes.columns}
last = story[story["epoch"] == story["epoch"].max()].set_index("layer")["separation"]
print("knows since epoch:", since)
print("separates best in the end:", last.idxmax())

# The hidden layers "know" before any training: neighbors among pixels survive random weights. The output has to
# learn it.
assert since["dense_1"] == since["dense_2"] == 0 and since["output"] >= 1
assert last["dense_1"] < last["dense_2"] < last["output"]
