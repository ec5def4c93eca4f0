"""The cost of recording: Keras' own fit alone and the same fit with `cutaway.Recorder`, interleaved.

784-512-512-10, dropout 0.2, SGD 0.01, batch 128, 45,000 training and 15,000 validation samples of MNIST. Both models
are compiled and have trained an epoch before; a round is a fit of 5 epochs, and with the recorder it also continues in
its folder and evaluates the test samples at the end.
"""

import os
import sys
import tempfile
import time

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras

import cutaway as ct
from benchmarks.harness import interleave, keep, machine, ratio, spread, verdict

ROUNDS = 5
EPOCHS = 5


def fit(recorder: ct.Recorder, *, record: bool):
    """A call that fits some more epochs and returns the seconds per epoch."""
    data, split = recorder.data, recorder.split
    x, y = data.inputs(split.train), data.y(split.train)
    val = data.inputs(split.val), data.y(split.val)
    layers = [keras.Input((784,))]
    for _ in range(2):
        layers += [keras.layers.Dense(512, activation="relu"), keras.layers.Dropout(0.2)]
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])

    def seconds(epochs: int = EPOCHS) -> float:
        start = time.perf_counter()
        callbacks = [recorder] if record else []
        model.fit(x, y, batch_size=128, epochs=epochs, validation_data=val, verbose=0, callbacks=callbacks)  # pyright: ignore[reportArgumentType]
        return (time.perf_counter() - start) / epochs

    seconds(epochs=1)
    return seconds


def main() -> int:
    print(f"an epoch of fit, alone and recorded\n  {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        recorder = ct.Recorder(f"{folder}/run", "mnist")
        contestants = {"keras fit": fit(recorder, record=False), "with Recorder": fit(recorder, record=True)}
        seconds = interleave(contestants, n=ROUNDS)
    for name, values in seconds.items():
        print(f"  {name:<14} {spread(values)}")
    overhead = ratio(seconds["with Recorder"], seconds["keras fit"])
    print(f"  with Recorder / keras fit {overhead:.3f}")
    keep("recorder", {"seconds": seconds, "ratio": overhead})
    return verdict({"recording costs less than 5% of fit": overhead < 1.05})


if __name__ == "__main__":
    sys.exit(main())
