"""Exercise 8 of lessons/01_fully_connected: which layer knows the digit, and since when."""

from _lesson import lesson_run

run = lesson_run()

# --- the solution, as in the notebook ---

measures = run.layer_history(split="val", samples=2000, progress=False).to_pandas()
votes = measures.pivot(index="epoch", columns="layer", values="knn_accuracy")
since = {layer: int(votes.index[votes[layer] >= 0.75][0]) for layer in votes.columns}
final = measures[measures["epoch"] == measures["epoch"].max()].set_index("layer")["separation"]
print("knows the digit since epoch:", since)
print("separates the digits best:  ", final.idxmax())

# The hidden layers know the digit before any training: images with similar pixels stay neighbors under random
# weights. The output has to learn it.
assert since["dense_1"] == since["dense_2"] == 0 and since["output"] >= 1
assert final["dense_1"] < final["dense_2"] < final["output"]
