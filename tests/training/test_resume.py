"""A training that was canceled or killed and then resumed ends with the same bytes as one that was not.

A run that cannot be resumed as it was is refused, and not a byte of it changes.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy

import cutaway as ct
from cutaway.errors import Canceled, CutawayError, RunError, UsageError
from cutaway.progress import CancelToken
from cutaway.runs import RunWriter

SETTINGS = {"epochs": 3, "batch_size": 32, "seed": 1, "patience": 3, "class_weight": {0: 20.0}}
SAMPLES = 1077  # of an epoch


def train(runs, **settings):
    with pytest.MonkeyPatch.context() as patch:
        # a report after few steps, so that every epoch can be canceled before its end
        patch.setattr("cutaway.training.loop.epoch.CALL_SECONDS", 1e-6)
        settings = {"progress": False, **SETTINGS, **settings}
        return ct.train(ct.mlp((16,), dropout=0.2), "digits", runs=runs, **settings)


def stop_at(samples, error=None):
    """A progress callable that cancels a training after so many samples."""

    def on_progress(now):
        if now.task == "training" and now.done >= samples:
            raise error or Canceled("work goes on", got="a request to stop", hint="call it again")

    return on_progress


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    return train(tmp_path_factory.mktemp("straight"))


@pytest.fixture(scope="module")
def in_epoch_3(tmp_path_factory):
    """The folder of a run that was canceled in epoch 3."""
    runs = tmp_path_factory.mktemp("stopped")
    with pytest.raises(Canceled):
        train(runs, progress=stop_at(2 * SAMPLES + 100))
    return next(runs.iterdir())


@pytest.fixture
def stopped(in_epoch_3, tmp_path):
    return shutil.copytree(in_epoch_3, tmp_path / "run")


def snapshots(run):
    return [path.read_bytes() for path in sorted((run.path / "snapshots").iterdir())]


def losses(run):
    return [{k: v for k, v in row.items() if "second" not in k} for row in run.history.rows]


def check_same(run, other):
    def tensors(of):
        return {name: (value.dtype, value.tobytes()) for name, value in of.folder.checkpoint()[0].items()}

    assert run.folder.status == other.folder.status == "finished"
    assert snapshots(run) == snapshots(other)
    assert tensors(run) == tensors(other)
    assert losses(run) == losses(other)
    assert run.test == other.test
    for epoch in (1, 2, 3):
        np.testing.assert_array_equal(run.folder.predictions(epoch), other.folder.predictions(epoch))


def test_numbers_that_were_canceled_and_resumed(tmp_path):
    x = np.random.default_rng(0).normal(size=(400, 4)).astype("float32")
    data = ct.Dataset.from_arrays(x, np.exp(x[:, :2]), targets=("a", "b"), log=True)
    settings = {"epochs": 3, "patience": 3, "progress": False}
    whole = ct.train(ct.mlp((8,), dropout=0.1), data, runs=tmp_path / "whole", **settings)
    with pytest.raises(Canceled):
        ct.train(ct.mlp((8,), dropout=0.1), data, runs=tmp_path / "part", **settings | {"progress": stop_at(500)})
    run = ct.resume(next((tmp_path / "part").iterdir()), data=data, progress=False)
    for ours, theirs in ((snapshots(run), snapshots(whole)), (losses(run), losses(whole))):
        np.testing.assert_equal(ours, theirs)
    assert run.test == whole.test


@pytest.mark.parametrize("samples", [0, 500, SAMPLES, 2 * SAMPLES, 2 * SAMPLES + 500, 3 * SAMPLES])
def test_canceled_after_any_step_and_resumed(samples, straight, tmp_path):
    with pytest.raises(Canceled):
        train(tmp_path, progress=stop_at(samples))
    stopped = ct.open_run("latest", runs=tmp_path)
    assert stopped.folder.status == "stopped"
    check_same(ct.resume(stopped, progress=False), straight)


def test_half_written_files_are_removed_when_it_goes_on(stopped, straight):
    stray = stopped / "snapshots" / ".epoch-0003.safetensors.0123abcd.tmp"
    mine = stopped / "predictions" / ".notes.tmp"
    stray.write_bytes(b"half")
    mine.write_bytes(b"a file of the user's own")
    check_same(ct.resume(stopped, progress=False), straight)
    assert mine.exists()


@pytest.mark.exhaustive
def test_killed_at_40_random_moments_and_resumed_it_ends_with_the_same_bytes(tmp_path):
    script = Path(__file__).with_name("kill_children.py")
    # not the cache of the session: a kill may leave half a program in it
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "xla")}
    command = [sys.executable, str(script), str(tmp_path / "runs"), "40"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["kills"] == 40


@pytest.mark.exhaustive
def test_images_of_every_epoch_are_the_same_after_a_resumption(tmp_path):
    straight = train(tmp_path / "a", augment="characters")
    assert straight.config["augment"] == "shift=0.05, rotation=11, scale=0.15, shear=0.15, elastic=0.02"
    with pytest.raises(Canceled):
        train(tmp_path / "b", progress=stop_at(1500), augment="characters")
    check_same(ct.resume("latest", runs=tmp_path / "b", progress=False), straight)
    plain = train(tmp_path / "c")
    assert snapshots(plain)[0] == snapshots(straight)[0]
    assert snapshots(plain)[1] != snapshots(straight)[1]


@pytest.mark.exhaustive
def test_batch_normalization_and_weights_survive_a_cancellation(tmp_path):
    import keras

    def model():
        return keras.Sequential(
            [
                keras.layers.Dense(16, activation="relu", name="a"),
                keras.layers.BatchNormalization(name="norm"),
                keras.layers.GaussianNoise(0.1, name="noise"),
                keras.layers.Dense(10, activation="softmax", name="out"),
            ]
        )

    weight = np.linspace(0.5, 1.5, 1797)
    settings = {**SETTINGS, "sample_weight": weight, "class_weight": "balanced", "optimizer": "sgd", "momentum": 0.9}
    settings |= {"learning_rate": 0.05, "batch_size": 50, "patience": None}
    straight = ct.train(model(), "digits", runs=tmp_path / "a", progress=False, **settings)
    with pytest.raises(Canceled):
        ct.train(model(), "digits", runs=tmp_path / "b", progress=stop_at(1500), **settings)
    assert snapshots(ct.resume("latest", runs=tmp_path / "b", progress=False)) == snapshots(straight)


def test_a_token_cancels_from_another_thread_and_the_last_step_is_saved(tmp_path):
    token, steps = CancelToken(), []

    def cancel_later(progress):
        steps.append(progress.done)
        if len(steps) == 3:
            canceler = threading.Thread(target=token.cancel)
            canceler.start()
            canceler.join()

    with token, pytest.raises(Canceled):
        train(tmp_path, progress=cancel_later)
    assert len(steps) == 3
    run = ct.open_run("latest", runs=tmp_path)
    _, position = run.folder.checkpoint()
    samples = len(run.split.train)
    assert position["epoch"] * samples + min(position["step"] * SETTINGS["batch_size"], samples) == steps[-1]
    assert no_threads_left()


def test_a_keyboard_interrupt_stays_one_and_the_last_checkpoint_is_valid(straight, tmp_path):
    interrupt = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt) as caught:
        train(tmp_path, progress=stop_at(1500, error=interrupt))
    assert caught.value.__cause__ is interrupt  # in between is only the one that says how to go on
    assert no_threads_left()
    stopped = ct.open_run("latest", runs=tmp_path)
    assert stopped.folder.status == "stopped"
    check_same(ct.resume(stopped, progress=False), straight)


def no_threads_left():
    return not [thread.name for thread in threading.enumerate() if thread.name.startswith("cutaway-")]


@pytest.mark.exhaustive
def test_ctrl_c_in_a_real_process_saves_and_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-c", "from cutaway.cli import main; main()", "train", "digits", "--epochs", "4000"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for _ in range(600):
        if list(tmp_path.glob("runs/*/predictions/epoch-0003.npy")):
            break
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    run = ct.open_run("latest", runs=tmp_path / "runs")
    assert f"cutaway resume {run.path.name}" in err.strip().splitlines()[-1]
    assert run.folder.status == "stopped"
    assert len(run.history) >= 3


def test_a_history_that_is_deleted_while_a_training_writes_it_is_written_again(straight, tmp_path, caplog):
    deleted = []

    def delete(progress):
        for path in tmp_path.glob("*/history.jsonl") if progress.done in (1500, 2 * SAMPLES) else ():
            path.unlink()
            deleted.append(progress.done)

    run = train(tmp_path, progress=delete)
    assert deleted
    check_same(run, straight)
    assert "history.jsonl" in caplog.text


def test_a_finished_run_and_one_without_its_history_are_not_resumed(straight, stopped, tmp_path):
    with pytest.raises(UsageError):
        ct.resume(straight, progress=False)
    for run in (stopped, shutil.copytree(straight.path, tmp_path / "finished")):
        status = ct.open_run(run).folder.status
        (run / "history.jsonl").unlink()
        with pytest.raises(RunError, match=r"history.jsonl"):
            ct.resume(run, progress=False)
        assert ct.open_run(run).folder.status == status
        assert not (run / "history.jsonl").exists()


def test_two_processes_never_write_one_run(stopped):
    program = (
        "import sys, pathlib, cutaway.runs as r; w = r.RunWriter.reopen(pathlib.Path(sys.argv[1])); print(); input()"
    )
    command = [sys.executable, "-c", program, str(stopped)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "\n"
    with pytest.raises(RunError):
        ct.resume(stopped, progress=False)
    holder.kill()
    holder.communicate()
    RunWriter.reopen(stopped).close()


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file() and not p.is_symlink()}


def change_json(change):
    def damage(run):
        record = json.loads((run / "run.json").read_text())
        change(record)
        (run / "run.json").write_text(json.dumps(record))

    return damage


def change_checkpoint(change):
    def damage(run):
        path = run / "checkpoint.safetensors"
        with safetensors.safe_open(path, framework="numpy") as file:
            arrays, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
        position = json.loads(metadata["position"])
        change(arrays, position)
        path.write_bytes(safetensors.numpy.save(arrays, {"position": json.dumps(position)}))

    return damage


def flip_head(run):
    path = run / "checkpoint.safetensors"
    data = bytearray(path.read_bytes())
    data[20] ^= 0x80
    path.write_bytes(data)


def replace_by_link(run):
    (run / "checkpoint.safetensors").unlink()
    (run / "checkpoint.safetensors").symlink_to("nowhere")


def replace_by_pipe(run):
    (run / "checkpoint.safetensors").unlink()
    os.mkfifo(run / "checkpoint.safetensors")


def write(name, change):
    """A damage that replaces the bytes of a file."""
    return lambda run: (run / name).write_bytes(change((run / name).read_bytes()))


def without_epoch_1(data):
    return b"".join(line for line in data.splitlines(keepends=True) if b'"epoch", "epoch": 1,' not in line)


def remove_best(run):
    best = min(ct.open_run(run).history.rows, key=lambda row: row["val_loss"])["epoch"]
    (run / "snapshots" / f"epoch-{best:04d}.safetensors").unlink()


def replace_by_snapshot(run):
    shutil.copy(run / "snapshots" / "epoch-0000.safetensors", run / "checkpoint.safetensors")


DAMAGES = {
    "no checkpoint": lambda run: (run / "checkpoint.safetensors").unlink(),
    "a dangling link": replace_by_link,
    "a pipe": replace_by_pipe,
    "a flipped byte": flip_head,
    "half a file": write("checkpoint.safetensors", lambda data: data[:-100]),
    "a snapshot": replace_by_snapshot,
    "no history": write("history.jsonl", lambda data: b""),
    "a history without a validation loss": write("history.jsonl", lambda data: data.replace(b'"val_loss"', b'"other"')),
    "a history without epoch 1": write("history.jsonl", without_epoch_1),
    "no snapshot of the best epoch": remove_best,
    "no seed in config": change_json(lambda record: record["config"].pop("seed")),
    "no batch size": change_json(lambda record: record["config"].pop("batch_size")),
    "an unknown loss": change_json(lambda record: record["config"].update(loss="hinge")),
    "no split": change_json(lambda record: record.pop("split")),
    "inputs of another shape": change_json(lambda record: record["model"]["input"].update(shape=[64, 64])),
    "a lost array": change_checkpoint(lambda a, _: a.pop("optimizer/000")),
    "another shape": change_checkpoint(lambda a, _: a.update({"trainable/000": np.zeros((3, 3), np.float32)})),
    "a kernel of whole numbers": change_checkpoint(
        lambda a, _: a.update({"trainable/000": a["trainable/000"].astype(np.int32)})
    ),
    "recorded text": change_checkpoint(lambda a, _: a.update(recorded=np.zeros(a["recorded"].shape, np.uint8))),
    "too far": change_checkpoint(lambda _, p: p.update(epoch=9)),
    "a negative step": change_checkpoint(lambda _, p: p.update(step=-1)),
    "no position": change_checkpoint(lambda _, p: p.clear()),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_run_is_refused_and_left_as_it_was(name, stopped):
    DAMAGES[name](stopped)
    before = contents(stopped)
    with pytest.raises(CutawayError) as refused:
        ct.resume(stopped, progress=False)
    assert not isinstance(refused.value, Canceled)
    assert contents(stopped) == before


def test_a_run_is_there_only_with_its_first_checkpoint(tmp_path, monkeypatch):
    """Killed before it, there is no run that could be resumed without its weights."""
    wrote = RunWriter.checkpoint

    def killed(writer, *arguments):
        assert not (writer.path / "run.json").exists()
        wrote(writer, *arguments)
        raise SystemExit("as a kill would")

    monkeypatch.setattr(RunWriter, "checkpoint", killed)
    with pytest.raises(SystemExit):
        train(tmp_path)
    assert list(tmp_path.glob("*/run.json")) == []
