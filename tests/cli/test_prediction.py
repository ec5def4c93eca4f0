"""predict and explain on the command line, and --data for data that are no longer where they were."""

import json
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from tests.ready_runs import record_untrained


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """A run on a table with a test table of its own, whose files have moved since, and where the table is now."""
    folder = tmp_path_factory.mktemp("moved")
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"customer": [f"c-{number}" for number in range(260)], "age": random.uniform(20, 70, 260)})
    frame["city"] = random.choice(["Rome", "Oslo"], 260)
    frame["left"] = np.where(frame["age"] + 20 * (frame["city"] == "Oslo") > 55, "yes", "no")
    frame[:200].to_csv(folder / "train.csv", index=False)
    frame[200:].to_csv(folder / "held.csv", index=False)
    table = ct.load_dataset(folder / "train.csv", label="left", id="customer", test=str(folder / "held.csv"))
    run = record_untrained(table, folder / "runs", hidden=(16, 8))
    (folder / "now").mkdir()
    for name in ("train.csv", "held.csv"):
        shutil.move(folder / name, folder / "now" / name)
    return run.path, folder / "now" / "train.csv"


def test_predictions_with_everything_fit_80_columns(cutaway, moved, monkeypatch):
    run, data = moved
    monkeypatch.setenv("COLUMNS", "80")
    options = ("--nearest", 2, "--explain", 2, "--distance", "--data", data)
    code, out, err = cutaway("predict", run, data.with_name("held.csv"), *options)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[3].split()[0] == "c-200"
    code, out, _ = cutaway("predict", run, data.with_name("held.csv"), *options, "--json")
    record = json.loads(out)[0]
    assert len(record["nearest"]) == len(record["contributions"]) == 2
    assert f"{record['nearest'][0]['sample']} ({record['nearest'][0]['label']})" in lines[3]
    assert record["distance"] == pytest.approx(float(lines[3].split()[-1]), abs=0.01)


def test_predictions_with_neighbors_are_written_but_never_over_samples_or_decisions(cutaway, moved, tmp_path):
    run, data = moved
    code, out, _ = cutaway("predict", run, data, "-o", "p.csv", "--nearest", 1, "--data", data, "--json")
    assert (code, json.loads(out)) == (0, {"samples": 200, "file": "p.csv"})
    read = pd.read_csv(tmp_path / "p.csv")
    assert list(read)[-3:] == ["nearest 1", "nearest 1 label", "nearest 1 distance"]
    labels = pd.read_csv(data).set_index("customer")["left"]
    assert read["nearest 1 label"].tolist() == labels[read["nearest 1"]].tolist()
    shutil.copy(data, tmp_path / "same.csv")
    (tmp_path / "decided.csv").write_text("sample,decision,label\ntrain[3],drop,\n")
    for name in ("same.csv", "decided.csv"):
        before = (tmp_path / name).read_bytes()
        code, _, err = cutaway("predict", run, "same.csv", "-o", name, "--data", data)
        assert (code, name in err, (tmp_path / name).read_bytes()) == (2, True, before)
    (tmp_path / "other.csv").write_text("sample,decision,label\ntrain[3],,\n")  # nothing is decided in it
    assert cutaway("predict", run, data, "-o", "other.csv", "--data", data)[0] == 0


def test_predictions_are_written_as_the_table_is(cutaway, moved, tmp_path):
    run, data = moved
    frame = pd.read_csv(data)
    frame.to_csv("german.csv", sep=";", decimal=",", index=False)
    assert cutaway("predict", run, "german.csv", "-o", "p.csv", "--data", data)[0] == 0
    assert cutaway("predict", run, data, "-o", "q.csv", "--data", data)[0] == 0
    german, english = pd.read_csv("p.csv", sep=";", decimal=","), pd.read_csv("q.csv")
    pd.testing.assert_frame_equal(german, english)
    assert english.select_dtypes("number").shape[1] > 1


def test_columns_without_names_are_called_as_importance_calls_them(cutaway, tmp_path):
    x = np.random.default_rng(0).normal(size=(100, 3))
    np.savez(tmp_path / "x.npz", x_train=x, y_train=(x[:, 2] > 0).astype(int))
    run = record_untrained(ct.load_dataset(tmp_path / "x.npz"), tmp_path)
    code, out, _ = cutaway("explain", run.path, "train[0]")
    assert (code, {f"column {number}" in out for number in (1, 2, 3)}, "column 0" in out) == (0, {True}, False)
    document = json.loads(cutaway("explain", run.path, "train[0]", "--json")[1])
    assert {each["input"] for each in document["contributions"]} == {f"column {number}" for number in (1, 2, 3)}


@pytest.mark.parametrize("layer", [(), ("--layer", "dense_2")])
def test_contributions_of_columns_and_the_biases_add_up_to_the_difference(cutaway, moved, layer):
    run, data = moved
    code, out, _ = cutaway("explain", run, "c-17", "--data", data, *layer, "--json")
    document = json.loads(out)
    assert (code, document["sample"], document["layer"]) == (0, "c-17", layer[1] if layer else None)
    explained = ct.open_run(run, data=data).explain("train[17]")
    assert document["difference"] == pytest.approx(explained.attribution.difference, abs=1e-6)
    total = sum(part["contribution"] for part in document["contributions"])
    assert total + document["offset"] == pytest.approx(document["difference"], abs=1e-4)
    if layer:
        assert {part["unit"] for part in document["contributions"]} <= set(range(8))
    else:
        sums = {"age": 0.0, "city": 0.0}
        for part in document["contributions"]:
            sums[part["input"] if part["input"] == "age" else "city"] += part["contribution"]
        told = {part["column"]: (part["inputs"], pytest.approx(part["contribution"])) for part in document["columns"]}
        assert told == {"age": (1, sums["age"]), "city": (2, sums["city"])}
    code, out, _ = cutaway("explain", run, "test[3]", "--data", data, *layer, "--limit", 1)
    assert (code, out.startswith("c-203 ")) == (0, True)
    code, _, err = cutaway("explain", run, "c_179", "--data", data)
    assert (code, '"c-179"' in err) == (2, True)


@pytest.mark.parametrize(
    "command",
    [
        ("layers",),
        ("units",),
        ("embed", "--method", "pca"),
        pytest.param(("report", "-o", "r.html"), marks=pytest.mark.exhaustive),
        ("explain", "c-5"),
    ],
)
def test_commands_find_data_that_have_moved(command, cutaway, moved, own_cache):
    run, data = moved
    name, *options = command
    more = [options.pop(0)] if name == "explain" else []
    code, _, err = cutaway(name, run, *more, *options)
    assert (code, "train.csv" in err, "--data" in err) == (1, True, True)
    assert cutaway(name, run, *more, *options, "--data", data)[0] == 0


def test_samples_and_measures_of_data_that_have_moved(cutaway, copied_run, own_cache):
    run = copied_run("table")
    record = json.loads((run.path / "run.json").read_text())
    data = record["dataset"]["origin"]["path"]
    record["dataset"]["origin"]["path"] = str(run.path / "gone.csv")
    (run.path / "run.json").write_text(json.dumps(record))
    for command in ("samples", "show", "train"):
        more = ("--like", run.path, "--epochs", "1") if command == "train" else (run.path,)
        code, out, err = cutaway(command, *more)
        assert (code, "--data" in out + err) == (0 if command == "show" else 1, True)
    code, out, _ = cutaway("samples", run.path, "--data", data, "--json")
    assert (code, len(json.loads(out)["samples"])) == (0, 160)
    code, out, _ = cutaway("show", run.path, "--data", data, "--json")
    expected = ct.open_run(run.path, data=data).per_class().measures.balanced_accuracy
    assert (code, json.loads(out)["per_class"]["balanced_accuracy"]) == (0, expected)


def test_other_data_are_refused(cutaway, moved, tmp_path):
    run, data = moved
    frame = pd.read_csv(data)
    frame.loc[3, "age"] += 1
    frame.to_csv(tmp_path / "other.csv", index=False)
    code, _, err = cutaway("units", run, "--data", "other.csv")
    assert (code, "held.csv" in err) == (2, True), "the test table is not beside it"
    shutil.copy(data.with_name("held.csv"), tmp_path)
    code, _, err = cutaway("units", run, "--data", "other.csv")
    assert (code, "SHA-256" in err) == (1, True)


@pytest.mark.parametrize(
    "values", [pytest.param(("0", "1", "2"), marks=pytest.mark.exhaustive), ("low", "mid", "high")]
)
def test_a_run_from_arrays_takes_a_file_of_them(cutaway, tmp_path, values):
    x = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
    y = np.array(values)[np.arange(90) % 3]
    names = ["2", "0", "1"] if values == ("0", "1", "2") else ["low", "mid", "high"]
    data = ct.Dataset.from_arrays(x, y, class_names=names)
    run = record_untrained(data, tmp_path / "runs", name="mine")
    code, _, err = cutaway("units", "mine")
    assert (code, "--data" in err) == (1, True)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y)
    assert cutaway("units", "mine", "--data", "a.npz")[0] == 0
    code, _, err = cutaway("predict", run.path, "a.npz")
    assert (code, "a.npz" in err, ".npy" in err) == (2, True, True)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.arange(90) % 2)  # which these names do not fit
    code, _, err = cutaway("units", run.path, "--data", "a.npz")
    assert (code, "SHA-256" in err) == (1, True)


@pytest.mark.exhaustive
def test_a_stopped_training_goes_on_with_data_that_have_moved(cutaway, tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.random(200), "z": random.random(200)})
    frame.assign(label=np.where(frame["x"] + random.random(200) > 1, "a", "b")).to_csv("t.csv", index=False)
    token = ct.CancelToken()

    def stop(progress):
        if progress.done:
            token.cancel()

    data = ct.load_dataset("t.csv", label="label")
    with token, pytest.raises(ct.Canceled):
        ct.train(ct.mlp((4,)), data, epochs=3, runs="runs", progress=stop)
    shutil.move("t.csv", "u.csv")
    code, _, err = cutaway("resume", "latest")
    assert (code, "--data" in err) == (1, True)
    assert cutaway("resume", "latest", "--data", "u.csv")[0] == 0
    assert ct.open_run("latest").folder.status == "finished"


def test_a_table_without_names_is_predicted_without_names(cutaway, tmp_path):
    rows = ["red,round,yes", "blue,round,no", "red,flat,no", "blue,flat,yes"] * 30
    (tmp_path / "t.csv").write_text("\n".join(rows))
    (tmp_path / "new.csv").write_text("\n".join(row.rpartition(",")[0] for row in rows[:4]))
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # printed, as outside of the tests
        code, _, err = cutaway("datasets", "t.csv", "--label", -1)
    assert (code, err.startswith("note: "), "--no-header" in err) == (0, True, True)
    record_untrained(ct.load_dataset("t.csv", label=-1, header=False), "runs")
    code, out, err = cutaway("predict", "latest", "new.csv", "--json")
    assert (code, err) == (0, "")
    assert [record["sample"] for record in json.loads(out)] == ["1", "2", "3", "4"]
