"""Exercise 2 of lessons/01_fully_connected: build a model."""

from _lesson import PIXELS, keras, layers

# --- the solution, as in the notebook ---

small = keras.Sequential(
    [
        keras.Input((PIXELS,)),
        layers.Dense(300, activation="relu"),
        layers.Dense(100, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
small_inputs = keras.Input((PIXELS,))
small_hidden = layers.Dense(300, activation="relu")(small_inputs)
small_hidden = layers.Dense(100, activation="relu")(small_hidden)
small_graph = keras.Model(small_inputs, layers.Dense(10, activation="softmax")(small_hidden))

by_hand = (PIXELS * 300 + 300) + (300 * 100 + 100) + (100 * 10 + 10)
print(by_hand, small.count_params(), small_graph.count_params())
assert by_hand == small.count_params() == small_graph.count_params()
