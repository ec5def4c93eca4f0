"""A run that cannot be resumed as it was is refused, and not a byte of it changes."""

import json
import os
import shutil

import numpy as np
import pytest
import safetensors
import safetensors.numpy

import cutaway as ct
from cutaway.errors import Canceled, RunError
from cutaway.runs import RunWriter

SETTINGS = {"epochs": 4, "batch_size": 32, "seed": 1, "progress": False}


def train(runs, **settings):
    with pytest.MonkeyPatch.context() as patch:
        # a report after few steps, so that every epoch can be canceled before its end
        patch.setattr("cutaway.training.loop.epoch.CALL_SECONDS", 1e-6)
        return ct.train(ct.mlp((8,)), "digits", runs=runs, **{**SETTINGS, **settings})


def cancel_in(epoch):
    def on_progress(now):
        if now.task == "training" and f"epoch {epoch}/" in now.note:
            raise Canceled("work goes on", got="a request", hint="resume")

    return on_progress


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A run with class weights that was canceled in epoch 3."""
    runs = tmp_path_factory.mktemp("stopped")
    with pytest.raises(Canceled):
        train(runs, class_weight={0: 20.0}, progress=cancel_in(3))
    return next(runs.iterdir())


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    return train(tmp_path_factory.mktemp("straight"), class_weight={0: 20.0})


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


DAMAGES = {
    "no checkpoint": (lambda run: (run / "checkpoint.safetensors").unlink(), "in the run folder; got none"),
    "a dangling link": (replace_by_link, "in the run folder; got none"),
    "a pipe": (replace_by_pipe, "are regular files; got a pipe"),
    "a flipped byte": (flip_head, "whole safetensors file"),
    "no history": (lambda run: (run / "history.jsonl").write_bytes(b""), "a history.jsonl of 0 epochs"),
    "a history without a validation loss": (
        lambda run: (run / "history.jsonl").write_bytes(
            (run / "history.jsonl").read_bytes().replace(b'"val_loss"', b'"other_loss"')
        ),
        "a history.jsonl without one of epoch 1",
    ),
    "a history without epoch 1": (
        lambda run: (run / "history.jsonl").write_bytes(
            b"".join(
                line
                for line in (run / "history.jsonl").read_bytes().splitlines(keepends=True)
                if b'"epoch", "epoch": 1,' not in line
            )
        ),
        "a history.jsonl of 1 epochs",
    ),
    "no seed in config": (change_json(lambda record: record["config"].pop("seed")), 'got none for "seed"'),
    "no batch size": (change_json(lambda record: record["config"].pop("batch_size")), 'got none for "batch_size"'),
    "an unknown loss": (change_json(lambda record: record["config"].update(loss="hinge")), "\"loss\" of 'hinge'"),
    "no split": (change_json(lambda record: record.pop("split")), 'must hold "split"'),
    "a lost array": (change_checkpoint(lambda a, _: a.pop("optimizer/000")), 'got no array "optimizer/000"'),
    "another shape": (
        change_checkpoint(lambda a, _: a.update({"trainable/000": np.zeros((3, 3), np.float32)})),
        r'"trainable/000" of shape \(3, 3\), not \(64, 8\)',
    ),
    "a kernel of whole numbers": (
        change_checkpoint(lambda a, _: a.update({"trainable/000": a["trainable/000"].astype(np.int32)})),
        '"trainable/000" of dtype int32',
    ),
    "recorded text": (
        change_checkpoint(lambda a, _: a.update(recorded=np.zeros(a["recorded"].shape, np.uint8))),
        '"recorded" of dtype uint8',
    ),
    "too far": (change_checkpoint(lambda _, p: p.update(epoch=9)), "4 epochs of 34 steps; got .* after 9"),
    "a negative step": (change_checkpoint(lambda _, p: p.update(step=-1)), "got the position"),
    "no position": (change_checkpoint(lambda _, p: p.clear()), "got the position"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_run_is_refused_and_left_as_it_was(name, stopped, tmp_path):
    damage, words = DAMAGES[name]
    run = tmp_path / "run"
    shutil.copytree(stopped, run)
    damage(run)
    before = contents(run)
    with pytest.raises(RunError, match=words):
        ct.resume(run, progress=False)
    assert contents(run) == before


def test_the_refusal_says_how_to_go_on(stopped, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(stopped, run)
    (run / "checkpoint.safetensors").unlink()
    with pytest.raises(RunError, match=r"next: start a new run from its last snapshot, with cutaway.train\(run.model"):
        ct.resume(run, progress=False)
    opened = ct.open_run(run)
    again = ct.train(opened.model(-1), "digits", runs=tmp_path / "runs", **SETTINGS | {"epochs": 1})
    assert again.folder.status == "finished"


def test_a_run_is_there_only_with_its_first_checkpoint(tmp_path, monkeypatch):
    """Killed before it, there is no run that could be resumed without its weights."""
    wrote = RunWriter.checkpoint

    def killed(writer, *arguments):
        assert not (writer.path / "run.json").exists()
        wrote(writer, *arguments)
        raise SystemExit("as a kill would")

    monkeypatch.setattr(RunWriter, "checkpoint", killed)
    with pytest.raises(SystemExit):
        train(tmp_path, class_weight={0: 20.0})
    assert list(tmp_path.glob("*/run.json")) == []


def test_class_weights_are_kept_by_the_first_checkpoint(tmp_path, straight, monkeypatch):
    """Canceled in the very first call: what is resumed has its class weights."""
    with pytest.raises(Canceled):
        train(tmp_path, class_weight={0: 20.0}, progress=cancel_in(1))
    resumed = ct.resume("latest", runs=tmp_path, progress=False)
    assert resumed.test == straight.test
    last = "snapshots/epoch-0004.safetensors"
    assert (resumed.path / last).read_bytes() == (straight.path / last).read_bytes()


def test_half_written_files_are_removed_when_it_goes_on(stopped, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(stopped, run)
    stray = run / "snapshots" / ".epoch-0003.safetensors.0123abcd.tmp"
    mine = run / "snapshots" / ".notes.tmp"
    stray.write_bytes(b"half")
    mine.write_bytes(b"a file of the user's own")
    ct.resume(run, progress=False)
    assert not stray.exists()
    assert mine.exists()
