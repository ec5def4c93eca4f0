import json

import keras
import numpy as np
import onnxruntime
import pytest

from cutaway.api.record import record


def test_open_lists_layers(cutaway, digits_run, tmp_path):
    digits_run.model().save(tmp_path / "model.keras")
    code, out, err = cutaway("open", "model.keras")
    assert (code, err) == (0, "")
    assert f"mlp: Sequential, input 64, written by Keras {keras.__version__}" in out
    assert "dense_1" in out
    assert "2,080" in out  # 64 x 32 + 32
    assert "2,778 parameters" in out
    code, out, _ = cutaway("open", "model.keras", "--json")
    answer = json.loads(out)
    assert code == 0
    assert (answer["opens"], answer["refused"], answer["parameters"], answer["input"]) == (True, [], 2778, [64])
    assert answer["layers"][0]["shape"] == [32]
    assert answer["layers"][0]["parameters"] == 2080


def test_what_is_refused_is_shown_all_the_same(cutaway, tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 3, name="conv"), keras.layers.Flatten()])
    model.save(tmp_path / "conv.keras")
    code, out, err = cutaway("open", "conv.keras")
    assert code == 2
    assert "refused  conv: Conv2D is not one of the kinds that are opened" in out
    assert err.startswith("error: a model file may only hold layers")
    assert len(err.strip().splitlines()) == 1
    code, out, _ = cutaway("open", "conv.keras", "--json")
    answer = json.loads(out)
    assert code == 2
    assert (answer["opens"], answer["layers"][0]["parameters"]) == (False, 20)
    assert answer["refused"] == ['layer "conv" (Conv2D): Conv2D is not one of the kinds that are opened']


def test_the_layer_that_is_refused_is_marked_and_the_next_step_is_another_command(cutaway, tmp_path):
    entry = keras.Input((4,))
    dropped = keras.layers.Dropout(0.5, name="drop")(keras.layers.Dense(3, name="first")(entry), training=True)
    keras.Model(entry, keras.layers.Dense(2, name="last")(dropped)).save(tmp_path / "model.keras")
    code, out, err = cutaway("open", "model.keras")
    assert code == 2
    words = [line.split() for line in out.splitlines()]
    opens = {word[0]: word[-1] for word in words if word and word[0] in ("first", "drop", "last")}
    assert opens == {"first": "yes", "drop": "no", "last": "yes"}
    assert "refused  drop: called with training=True" in out
    assert "cutaway open" not in err
    assert "next: replace what is refused above and save the model again, or fit it with cutaway.Recorder" in err


@pytest.mark.parametrize(
    ("data", "code", "text"), [(None, 2, "must exist"), (b"x" * 50, 1, "a .keras zip or an .h5 file")]
)
def test_what_is_no_model(cutaway, tmp_path, data, code, text):
    if data:
        (tmp_path / "x.keras").write_bytes(data)
    ended, out, err = cutaway("open", "x.keras")
    assert (ended, out) == (code, "")
    assert text in err


def test_export(cutaway, digits_run, tmp_path):
    code, out, err = cutaway("export", digits_run.path, "--to", "model.keras", "--json")
    assert code == 0, err
    answer = json.loads(out)
    written = {"file": "model.keras", "bytes": answer["bytes"], "preparation": None, "why": None}
    assert answer == {"run": str(digits_run.path), "epoch": 6, **written}
    assert keras.saving.load_model(tmp_path / "model.keras").count_params() == 2778
    code, out, _ = cutaway("export", digits_run.path, "--to", "model.onnx", "--input", "uint8", "--epoch", "1")
    assert code == 0
    assert out.startswith("model.onnx")
    x = digits_run.data.x(digits_run.split.test).astype(np.uint8)
    (said,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(None, {"input": x})
    np.testing.assert_allclose(said, digits_run.predictions(epoch=1), rtol=1e-5, atol=1e-5)
    code, out, _ = cutaway("export", digits_run.path, "--to", "alone.keras", "--no-preparation")
    beside = "alone.keras.preparation.json: how to prepare samples first; the model does not\n"
    assert (code, out.splitlines(keepends=True)[1:]) == (0, [beside])
    assert json.loads((tmp_path / "alone.keras.preparation.json").read_text())["scale"] == 16
    code, out, err = cutaway("export", digits_run.path, "--to", "model.pt")
    assert (code, out) == (2, "")
    assert "ends in .keras or .onnx" in err


def test_commands_that_look_at_runs_take_a_recorded_model(cutaway, digits_run, tmp_path):
    record(digits_run.model(), "digits", runs=tmp_path / "runs", name="theirs", progress=False)
    code, out, err = cutaway("show", "latest")
    assert code == 0, err
    assert "Test accuracy" in out
    code, out, err = cutaway("runs")
    assert code == 0, err
    assert "theirs" in out
    code, out, err = cutaway("layers", "latest", "--json")
    assert code == 0, err
    assert json.loads(out)["epoch"] == 0
    code, out, err = cutaway("resume", "latest")
    assert code == 2
    assert len(err.strip().splitlines()) == 1
