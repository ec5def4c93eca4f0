"""A clock that steps by a day during a run: durations are not measured by it, and the folder stays valid."""

import datetime
import itertools
import time

import keras
import pytest

import cutaway as ct
from cutaway.errors import Canceled

DAY = 86_400


LONG = pytest.mark.exhaustive
STEPS = [pytest.param([DAY], id="forward", marks=LONG), pytest.param([-DAY], id="back", marks=LONG)]


@pytest.fixture(params=[*STEPS, pytest.param([DAY, -2 * DAY], id="to and fro")])
def clock(request, monkeypatch):
    """A clock that steps at each reading: ``time.time`` as others read it, and the dates of our run folders."""
    steps, read = itertools.cycle(request.param), time.time
    moved = [0]

    def now():
        moved[0] += next(steps)
        return read() + moved[0]

    class Stepping(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(now(), tz)

    monkeypatch.setattr(time, "time", now)
    monkeypatch.setattr("cutaway.runs.writer.datetime", Stepping)
    yield moved
    assert moved[0], "the clock was read"


def check(run, *, epochs, spent):
    """Seconds of the epochs are positive and add up to no more than was spent, as costs do; the folder reads well."""
    seconds = run.history.history["seconds"]
    assert len(seconds) == epochs
    assert all(each > 0 for each in seconds)
    assert sum(seconds) <= run.context.manifest.cost["training"] + 0.01 * epochs
    assert 0 < run.context.manifest.cost["training"] <= spent
    assert all(0 < each < 1e9 for each in run.history.history["samples_per_second"])
    assert ct.open_run(run.path).context.manifest.status == "finished"
    assert [row["epoch"] for row in run.history.rows] == list(range(1, epochs + 1))


@pytest.mark.exhaustive
def test_training_canceling_and_resuming(clock, tmp_path):
    reports, begun = [], time.perf_counter()

    def cancel(progress):
        reports.append(progress)
        time.time()  # the clock steps between two reports as well
        if "epoch 2/" in progress.note:
            raise Canceled("work goes on", got="a request", hint="resume")

    with pytest.raises(Canceled):
        ct.train(ct.mlp((8,)), "digits", runs=tmp_path, epochs=3, seed=1, progress=cancel)
    (folder,) = tmp_path.iterdir()
    created = ct.open_run(folder).context.manifest.created
    run = ct.resume(folder, progress=reports.append)
    check(run, epochs=3, spent=time.perf_counter() - begun)
    assert run.context.manifest.created == created
    assert all(each.seconds_left is None or 0 <= each.seconds_left < 600 for each in reports)
    straight = ct.train(ct.mlp((8,)), "digits", runs=tmp_path / "straight", epochs=3, seed=1, progress=False)
    last = "snapshots/epoch-0003.safetensors"
    assert (run.path / last).read_bytes() == (straight.path / last).read_bytes()


def test_a_fit_of_the_users_own(clock, tmp_path):
    data, begun = ct.load_dataset("digits"), time.perf_counter()
    recorder = ct.Recorder(tmp_path / "mine", data)
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    train = recorder.split.train
    step = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: time.time())
    model.fit(data.inputs(train), data.y(train), epochs=2, batch_size=256, verbose=2, callbacks=[recorder, step])
    check(ct.open_run(recorder.path), epochs=2, spent=time.perf_counter() - begun)
