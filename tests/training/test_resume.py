"""A training that was canceled or killed and then resumed ends with the same bytes as one that was not."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import cutaway as ct
from cutaway.errors import Canceled, ModelError, RunError, UsageError
from cutaway.progress import CancelToken


@pytest.mark.exhaustive
def test_killed_at_40_random_moments_and_resumed_it_ends_with_the_same_bytes(tmp_path):
    script = Path(__file__).with_name("kill_children.py")
    # not the cache of the session: a kill may leave half a program in it
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "xla")}
    command = [sys.executable, str(script), str(tmp_path / "runs"), "40"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["kills"] == 40


SETTINGS = {"epochs": 3, "batch_size": 16, "seed": 1}


def train(runs, **settings):
    return ct.train(ct.mlp((24, 12), dropout=0.2), "digits", runs=runs, **{**SETTINGS, "progress": False, **settings})


def snapshots(run):
    return [path.read_bytes() for path in sorted((run.path / "snapshots").iterdir())]


def tensors(run):
    return {name: (value.dtype, value.tobytes()) for name, value in run.folder.checkpoint()[0].items()}


def losses(run):
    return [{k: v for k, v in row.items() if "second" not in k} for row in run.history.rows]


CANCELED = Canceled("work goes on", got="a request to stop", hint="call it again")


class CancelAfter:
    """A progress callable that cancels the training at its n-th call."""

    def __init__(self, calls, *, error=CANCELED):
        self.left, self.error = calls, error

    def __call__(self, progress):
        self.left -= 1
        if self.left == 0:
            raise self.error


@pytest.mark.parametrize("calls", [1, 2, 3, 5, 6, 7])
def test_canceled_after_any_call_and_resumed(calls, tmp_path):
    straight = train(tmp_path / "a")
    with pytest.raises(
        Canceled,
        match="runs until its last epoch; got a request to stop (before the first step|(in|after) epoch .), with every "
        "step so far kept; next: ",
    ):
        train(tmp_path / "b", progress=CancelAfter(calls))
    stopped = ct.open_run("latest", runs=tmp_path / "b")
    assert stopped.folder.status == "stopped"
    finished = ct.resume(stopped, progress=False)
    assert finished.folder.status == "finished"
    assert snapshots(finished) == snapshots(straight)
    assert tensors(finished) == tensors(straight)
    assert losses(finished) == losses(straight)
    assert finished.test == straight.test
    for epoch in (1, 2, 3):
        np.testing.assert_array_equal(finished.folder.predictions(epoch), straight.folder.predictions(epoch))


def test_images_of_every_epoch_are_the_same_after_a_resumption(tmp_path):
    settings = {"augment": "characters", "batch_size": 64}
    straight = train(tmp_path / "a", **settings)
    assert straight.config["augment"] == "shift=0.05, rotation=11, scale=0.15, shear=0.15, elastic=0.02"
    with pytest.raises(Canceled):
        train(tmp_path / "b", progress=CancelAfter(4), **settings)
    finished = ct.resume(ct.open_run("latest", runs=tmp_path / "b"), progress=False)
    assert snapshots(finished) == snapshots(straight)
    assert losses(finished) == losses(straight)
    assert finished.test == straight.test
    plain = train(tmp_path / "c", batch_size=64)
    assert snapshots(plain)[0] == snapshots(straight)[0]
    assert snapshots(plain)[1] != snapshots(straight)[1]


def test_a_best_epoch_without_its_snapshot_is_said_before_the_others_are_trained(tmp_path):
    def stop(progress):
        if progress.note.startswith("epoch 4/"):
            raise CANCELED

    with pytest.raises(Canceled):
        train(tmp_path, epochs=6, patience=6, progress=stop)
    run = ct.open_run("latest", runs=tmp_path)
    best = min(run.history.rows, key=lambda row: row["val_loss"])["epoch"]
    (run.path / "snapshots" / f"epoch-{best:04d}.safetensors").unlink()
    history = (run.path / "history.jsonl").read_bytes()
    with pytest.raises(RunError, match=f"with the snapshot of its best epoch; got none of epoch {best} in "):
        ct.resume(run, progress=False)
    assert (run.path / "history.jsonl").read_bytes() == history


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
    settings |= {"learning_rate": 0.05, "batch_size": 50}
    straight = ct.train(model(), "digits", runs=tmp_path / "a", progress=False, **settings)
    with pytest.raises(Canceled):
        ct.train(model(), "digits", runs=tmp_path / "b", progress=CancelAfter(4), **settings)
    assert snapshots(ct.resume("latest", runs=tmp_path / "b", progress=False)) == snapshots(straight)


def test_a_token_cancels_from_another_thread_and_the_last_step_is_saved(tmp_path):
    token, steps = CancelToken(), []

    def cancel_later(progress):
        steps.append(progress.done)
        if len(steps) == 3:
            canceler = threading.Thread(target=token.cancel)
            canceler.start()
            canceler.join()

    with token, pytest.raises(Canceled, match="next: go on with: cutaway resume "):
        train(tmp_path / "b", progress=cancel_later)
    assert len(steps) == 3
    run = ct.open_run("latest", runs=tmp_path / "b")
    _, position = run.folder.checkpoint()
    samples = len(run.split.train)
    assert position["epoch"] * samples + min(position["step"] * SETTINGS["batch_size"], samples) == steps[-1]
    assert no_threads_left()


def test_a_keyboard_interrupt_stays_one_and_the_last_checkpoint_is_valid(tmp_path):
    straight = train(tmp_path / "a")
    interrupt = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt) as caught:
        train(tmp_path / "b", progress=CancelAfter(4, error=interrupt))
    assert caught.value.__cause__ is interrupt  # in between is only the one that says how to go on
    assert no_threads_left()
    stopped = ct.open_run("latest", runs=tmp_path / "b")
    assert stopped.folder.status == "stopped"
    assert snapshots(ct.resume(stopped, progress=False)) == snapshots(straight)


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
    assert re.fullmatch(
        rf"stopped (in|after) epoch \d+, with every step so far kept; next: go on with: cutaway resume {run.path.name}",
        err.strip().splitlines()[-1],
    )
    assert run.folder.status == "stopped"
    assert len(run.history) >= 3


def test_runs_that_cannot_be_resumed_are_errors(tmp_path):
    run = train(tmp_path, epochs=1)
    with pytest.raises(UsageError, match="a run that is not finished can be resumed; got .*, finished after 1 epoch;"):
        ct.resume(run, progress=False)
    with pytest.raises(Canceled):
        train(tmp_path / "b", progress=CancelAfter(1))
    stopped = ct.open_run("latest", runs=tmp_path / "b")
    checkpoint = stopped.path / "checkpoint.safetensors"
    data = checkpoint.read_bytes()
    checkpoint.write_bytes(data[:-100])
    with pytest.raises(RunError, match="whole safetensors file"):
        ct.resume(stopped, progress=False)
    checkpoint.write_bytes((run.path / "snapshots" / "epoch-0000.safetensors").read_bytes())
    with pytest.raises(RunError, match="holds the model and the optimizer of its run"):
        ct.resume(stopped, progress=False)
    checkpoint.write_bytes(data)
    record = (stopped.path / "run.json").read_text()
    changed = json.loads(record)
    changed["model"]["input"]["shape"] *= 2
    (stopped.path / "run.json").write_text(json.dumps(changed))
    with pytest.raises(ModelError, match="the model's input must have shape"):
        ct.resume(stopped.path, progress=False)
    (stopped.path / "run.json").write_text(record)
    assert ct.resume(stopped, progress=False).folder.status == "finished"


def after_two_epochs(progress):
    if progress.done >= 2 / 3 * progress.total:
        raise CANCELED


def test_a_history_that_is_deleted_while_a_training_writes_it_is_written_again(tmp_path, caplog):
    straight, left = train(tmp_path / "a"), 5

    def delete(progress):
        nonlocal left
        left -= 1
        for path in tmp_path.glob("b/*/history.jsonl") if left in (0, 2) else ():
            path.unlink()

    run = train(tmp_path / "b", progress=delete)
    assert left < 0
    assert (run.folder.state, losses(run)) == ("finished", losses(straight))
    assert "history.jsonl was deleted or changed while it was written" in caplog.text


def test_a_history_that_is_deleted_before_a_run_is_resumed_is_missed(tmp_path):
    with pytest.raises(Canceled):
        train(tmp_path, progress=after_two_epochs)
    stopped = ct.open_run("latest", runs=tmp_path)
    history = stopped.path / "history.jsonl"
    lines = history.read_bytes()
    history.unlink()
    with pytest.raises(RunError, match=r"history of all epochs before; got a history.jsonl of 0 epochs in "):
        ct.resume(stopped.path, progress=False)
    assert ct.open_run(stopped.path).folder.status == "stopped"
    history.write_bytes(lines)
    assert ct.resume(stopped.path, progress=False).folder.state == "finished"
    history.unlink()
    with pytest.raises(
        RunError, match=r"a finished training has a history; got no line in .*history.jsonl; next: restore"
    ):
        ct.resume(stopped.path, progress=False)


def test_two_processes_never_write_one_run(tmp_path):
    with pytest.raises(Canceled):
        train(tmp_path, progress=CancelAfter(1))
    run = ct.open_run("latest", runs=tmp_path)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"from cutaway.runs import RunWriter\nfrom pathlib import Path\n"
            f"w = RunWriter.reopen(Path({str(run.path)!r}))\nprint('open', flush=True)\ninput()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "open\n"
    with pytest.raises(RunError, match="one process at a time; got .*, which another process is training"):
        ct.resume(run, progress=False)
    holder.kill()
    holder.communicate()
    assert ct.resume(run, progress=False).folder.status == "finished"
