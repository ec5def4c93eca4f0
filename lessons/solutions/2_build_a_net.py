"""Exercise 2 of lessons/01_fully_connected: build a model."""

from _classroom import keras, layers

# --- the solution, as in the notebook ---

small = keras.Sequential(
    [
        keras.Input((784,)),
        layers.Dense(300, activation="relu"),
        layers.Dense(100, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
entry = keras.Input((784,))
middle = layers.Dense(100, activation="relu")(layers.Dense(300, activation="relu")(entry))
small_graph = keras.Model(entry, layers.Dense(10, activation="softmax")(middle))

by_hand = (784 * 300 + 300) + (300 * 100 + 100) + (100 * 10 + 10)
print(by_hand, small.count_params(), small_graph.count_params())
assert by_hand == small.count_params() == small_graph.count_params() == 266_610
