"""The contestants of the training benchmark, each in its own process, which waits until it is asked for a round.

A contestant is a function ``(dataset name, hidden units) -> call``; the call trains one round and returns the median
seconds of an epoch. All train a model with dropout 0.2 on the training samples of the same split, batch 128, SGD 0.01,
and evaluate the validation samples after each epoch. Threads that wait by spinning, like those of BLAS and PyTorch,
stop with the round: a process that waits for its turn takes no CPU time from the others.
"""

import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

BATCH, RATE, DROPOUT = 128, 0.01, 0.2
EPOCHS = 3  # of a round


def timed(epoch: Callable[[], object]) -> Callable[[], float]:
    """A round of epochs, after one to warm up."""

    def seconds() -> float:
        start = time.perf_counter()
        epoch()
        return time.perf_counter() - start

    seconds()
    return lambda: statistics.median(seconds() for _ in range(EPOCHS))


def arrays(name: str):
    """Inputs float32 and labels of the training and the validation samples."""
    import cutaway as ct
    from cutaway.data import split_dataset

    data = ct.load_dataset(name)
    split = split_dataset(data, seed=0)
    return data.inputs(split.train), data.y(split.train), data.inputs(split.val), data.y(split.val), data.classes


def cutaway(name: str, hidden: tuple[int, ...], precision: str = "auto") -> Callable[[], float]:
    """Ours also evaluates the test samples and writes snapshot, predictions, checkpoint and history."""
    import cutaway as ct

    data = ct.load_dataset(name)

    def call() -> float:
        with tempfile.TemporaryDirectory() as runs:
            run = ct.train(
                ct.mlp(hidden, dropout=DROPOUT),
                data,
                recipe="lesson-dropout",
                epochs=EPOCHS + 1,  # the first one compiles
                precision=precision,
                runs=runs,
                progress=False,
            )
            return statistics.median(run.history["seconds"][1:])

    return call


def cutaway_without_checkpoints(name: str, hidden: tuple[int, ...]) -> Callable[[], float]:
    """Ours without checkpoints, to measure what they cost."""
    from cutaway.runs import RunWriter

    RunWriter.checkpoint = lambda *_: None  # type: ignore[method-assign]
    return cutaway(name, hidden)


def cutaway_float32(name: str, hidden: tuple[int, ...]) -> Callable[[], float]:
    return cutaway(name, hidden, "float32")


def keras_fit(name: str, hidden: tuple[int, ...], steps_per_execution: int = 1) -> Callable[[], float]:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    x, y, val_x, val_y, classes = arrays(name)
    layers = [keras.Input((x.shape[1],))]
    for units in hidden:
        layers += [keras.layers.Dense(units, activation="relu"), keras.layers.Dropout(DROPOUT)]
    model = keras.Sequential([*layers, keras.layers.Dense(classes, activation="softmax")])
    model.compile(
        keras.optimizers.SGD(RATE),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
    )
    y, val = keras.utils.to_categorical(y), (val_x, keras.utils.to_categorical(val_y))
    return timed(lambda: model.fit(x, y, batch_size=BATCH, validation_data=val, verbose=0))  # pyright: ignore[reportArgumentType]


def keras_fit_32(name: str, hidden: tuple[int, ...]) -> Callable[[], float]:
    return keras_fit(name, hidden, 32)


def sklearn(name: str, hidden: tuple[int, ...]) -> Callable[[], float]:
    """Without dropout, which it does not have."""
    import numpy as np
    from sklearn.neural_network import MLPClassifier

    x, y, val_x, val_y, classes = arrays(name)
    model = MLPClassifier(hidden, solver="sgd", learning_rate_init=RATE, momentum=0, alpha=0, batch_size=BATCH)  # pyright: ignore[reportArgumentType]

    def epoch() -> None:
        model.partial_fit(x, y, classes=np.arange(classes))
        model.score(val_x, val_y)

    return timed(epoch)


def torch_loop(name: str, hidden: tuple[int, ...]) -> Callable[[], float]:
    """The loop of PyTorch's own tutorial: DataLoader, zero_grad, backward, step."""
    import torch  # pyright: ignore[reportMissingImports]
    from torch.utils.data import DataLoader, TensorDataset  # pyright: ignore[reportMissingImports]

    x, y, val_x, val_y, classes = arrays(name)
    training, validation = (
        DataLoader(TensorDataset(torch.from_numpy(a), torch.from_numpy(b)), batch_size=BATCH, shuffle=shuffle)
        for a, b, shuffle in ((x, y, True), (val_x, val_y, False))
    )
    sizes, layers = (x.shape[1], *hidden), []
    for inputs, units in zip(sizes, hidden, strict=False):
        layers += [torch.nn.Linear(inputs, units), torch.nn.ReLU(), torch.nn.Dropout(DROPOUT)]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(sizes[-1], classes))
    loss_of, optimizer = torch.nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=RATE)

    def epoch() -> None:
        model.train()
        for inputs, labels in training:
            optimizer.zero_grad()
            loss_of(model(inputs), labels).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            for inputs, labels in validation:
                loss_of(model(inputs), labels).item()

    return timed(epoch)


@contextmanager
def waiting(make: Callable[..., Callable[[], Any]], *arguments: object) -> Iterator[Callable[[], Any]]:
    """A contestant in its own process, ready to start; a call lets it do one round."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    # no daemon: joblib, which openTSNE and scikit-learn use, works on one core alone in a daemon
    process = context.Process(target=_serve, args=(theirs, make, arguments))
    process.start()
    theirs.close()

    def round_() -> Any:
        ours.send(True)
        return ours.recv()

    try:
        ours.recv()
        yield round_
    finally:
        ours.close()
        process.join()


def _serve(pipe: Connection, make: Callable[..., Callable[[], Any]], arguments: tuple[object, ...]) -> None:
    call = make(*arguments)
    pipe.send(None)
    try:
        while pipe.recv():
            pipe.send(call())
    except (EOFError, OSError):  # the benchmark has ended
        pass
