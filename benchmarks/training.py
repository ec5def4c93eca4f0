"""An epoch of the lesson's net: ours against Keras' own fit on JAX, interleaved in one run.

784-512-512-10, dropout 0.2, SGD 0.01, batch 128, 45,000 training and 15,000 validation samples of MNIST. Compilation
and a first epoch are outside the clock. Ours also measures the 10,000 test samples and writes snapshot, predictions,
checkpoint and history; Keras does not.
"""

import os
import statistics
import sys
import tempfile
import time

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np

import cutaway as ct
from benchmarks.harness import interleave, keep, machine, ratio, spread, verdict
from cutaway.data import split_dataset

ROUNDS = 5


def keras_fit(data: ct.Dataset, steps_per_execution: int):
    split = split_dataset(data, seed=0)
    x, y = data.inputs(split.train), keras.utils.to_categorical(data.y(split.train))
    val = data.inputs(split.val), keras.utils.to_categorical(data.y(split.val))
    layers = [keras.Input((784,))]
    for _ in range(2):
        layers += [keras.layers.Dense(512, activation="relu"), keras.layers.Dropout(0.2)]
    net = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    net.compile(
        keras.optimizers.SGD(0.01),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
    )

    def epoch() -> float:
        start = time.perf_counter()
        net.fit(x, y, batch_size=128, epochs=1, validation_data=val, verbose=0)  # pyright: ignore[reportArgumentType]
        return time.perf_counter() - start

    epoch()
    return lambda: statistics.median(epoch() for _ in range(3))


def ours(data: ct.Dataset, runs: str, *, epochs: int, precision: str = "auto") -> list[float]:
    net = ct.mlp((512, 512), dropout=0.2)
    run = ct.train(net, data, recipe="lesson-dropout", epochs=epochs, precision=precision, runs=runs, progress=False)
    return run.history["seconds"]


def main() -> int:
    print(f"an epoch of the lesson's net\n  {machine()}")
    data = ct.load_dataset("mnist")
    with tempfile.TemporaryDirectory() as runs:
        # our loop keeps its own clock for every epoch; a round is the median of the three after the one that compiles
        contestants = {
            "cutaway": lambda: statistics.median(ours(data, runs, epochs=4)[1:]),
            "cutaway, float32": lambda: statistics.median(ours(data, runs, epochs=4, precision="float32")[1:]),
            "keras fit": keras_fit(data, 1),
            "keras fit, steps_per_execution=32": keras_fit(data, 32),
        }
        seconds = interleave(contestants, n=ROUNDS)
    for name, values in seconds.items():
        print(f"  {name:<34} {spread(values)}")
    plain = ratio(seconds["cutaway"], seconds["keras fit"])
    best = ratio(
        seconds["cutaway"], list(np.minimum(seconds["keras fit"], seconds["keras fit, steps_per_execution=32"]))
    )
    print(f"  cutaway / keras fit {plain:.2f}, cutaway / its best setting {best:.2f}")
    keep("training", {"seconds": seconds, "ratio": plain, "ratio_best": best})
    return verdict({"an epoch takes less time than Keras' fit in its best setting": best < 1})


if __name__ == "__main__":
    sys.exit(main())
