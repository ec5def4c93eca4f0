"""Exercise 1 of lessons/04_your_own_table: one column."""

from _lesson import lesson_run

run = lesson_run()

# --- the solution, as in the notebook ---

from sklearn.tree import DecisionTreeClassifier

stump = DecisionTreeClassifier(max_depth=1)
stump.fit(run.data.x(run.split.train), run.labels(split="train"))
best_column = run.data.feature_names[stump.tree_.feature[0]]
stump_accuracy = stump.score(run.data.x(run.split.test), run.labels(split="test"))
print(
    f"the best column alone is {best_column}: {stump_accuracy:.1%} of the test rows are right"
)
print(f"the network: {run.test['accuracy']:.1%}")

# One column gets most of the way. Know this number before you are proud of a model.
assert 0.8 < stump_accuracy <= run.test["accuracy"] + 0.02
