import json

import keras
import numpy as np
import onnxruntime

from cutaway.api.record import record


def test_open_lists_layers(cutaway, digits_run, tmp_path):
    digits_run.model().save(tmp_path / "model.keras")
    code, out, err = cutaway("open", "model.keras")
    assert (code, err) == (0, "")
    assert "dense_1" in out
    code, out, _ = cutaway("open", "model.keras", "--json")
    answer = json.loads(out)
    assert code == 0
    assert (answer["opens"], answer["refused"], answer["parameters"], answer["input"]) == (True, [], 2778, [64])
    assert answer["layers"][0]["shape"] == [32]
    assert answer["layers"][0]["parameters"] == 2080


def test_what_is_refused_is_shown_all_the_same(cutaway, tmp_path):
    entry = keras.Input((4,))
    dropped = keras.layers.Dropout(0.5, name="drop")(keras.layers.Dense(3, name="first")(entry), training=True)
    keras.Model(entry, keras.layers.Dense(2, name="last")(dropped)).save(tmp_path / "model.keras")
    code, out, err = cutaway("open", "model.keras")
    assert (code, err.count("\n"), "cutaway open" in err) == (2, 1, False)
    words = [line.split() for line in out.splitlines()]
    opens = {word[0]: word[-1] for word in words if word and word[0] in ("first", "drop", "last")}
    assert opens == {"first": "yes", "drop": "no", "last": "yes"}
    code, out, _ = cutaway("open", "model.keras", "--json")
    answer = json.loads(out)
    assert (code, answer["opens"], answer["layers"][0]["parameters"]) == (2, False, 15)
    assert len(answer["refused"]) == 1
    assert "drop" in answer["refused"][0]


def test_what_is_no_model_is_one_line(cutaway, tmp_path):
    (tmp_path / "x.keras").write_bytes(b"x" * 50)
    ended, out, err = cutaway("open", "x.keras")
    assert (ended, out, err.count("\n"), "x.keras" in err) == (1, "", 1, True)


def test_export(cutaway, digits_run, tmp_path):
    code, out, err = cutaway("export", digits_run.path, "--to", "model.keras", "--json")
    assert code == 0, err
    answer = json.loads(out)
    written = {"file": "model.keras", "bytes": answer["bytes"], "preparation": None, "why": None}
    assert answer == {"run": str(digits_run.path), "epoch": 6, **written}
    assert keras.saving.load_model(tmp_path / "model.keras").count_params() == 2778
    code, out, _ = cutaway("export", digits_run.path, "--to", "model.onnx", "--input", "uint8", "--epoch", "1")
    assert code == 0
    x = digits_run.data.x(digits_run.split.test).astype(np.uint8)
    (said,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(None, {"input": x})
    np.testing.assert_allclose(said, digits_run.predictions(epoch=1), rtol=1e-5, atol=1e-5)
    assert cutaway("export", digits_run.path, "--to", "alone.keras", "--no-preparation")[0] == 0
    assert json.loads((tmp_path / "alone.keras.preparation.json").read_text())["scale"] == 16
    code, out, err = cutaway("export", digits_run.path, "--to", "model.pt")
    assert (code, out, "model.pt" in err) == (2, "", True)


def test_a_recorded_model_is_shown_and_not_resumed(cutaway, digits_run, tmp_path):
    record(digits_run.model(), "digits", runs=tmp_path / "runs", name="theirs", progress=False)
    code, out, err = cutaway("show", "latest", "--json")
    assert code == 0, err
    assert json.loads(out)["test"]["accuracy"] > 0.5
    code, _, err = cutaway("resume", "latest")
    assert (code, err.count("\n")) == (2, 1)
