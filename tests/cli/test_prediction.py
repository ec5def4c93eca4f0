"""predict and explain on the command line, and --data for data that are no longer where they were."""

import json
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest

import cutaway as ct

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on a table with a test table of its own, whose files have moved since."""
    folder = tmp_path_factory.mktemp("moved")
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"customer": [f"c-{number}" for number in range(260)], "age": random.uniform(20, 70, 260)})
    frame["city"] = random.choice(["Rome", "Oslo"], 260)
    frame["left"] = np.where(frame["age"] + 20 * (frame["city"] == "Oslo") > 55, "yes", "no")
    frame[:200].to_csv(folder / "train.csv", index=False)
    frame[200:].to_csv(folder / "held.csv", index=False)
    table = ct.load_dataset(folder / "train.csv", label="left", id="customer", test=str(folder / "held.csv"))
    run = ct.train(ct.mlp((16, 8)), table, epochs=3, runs=folder / "runs", progress=False)
    (folder / "now").mkdir()
    for name in ("train.csv", "held.csv"):
        shutil.move(folder / name, folder / "now" / name)
    return run.path, folder / "now" / "train.csv"


@pytest.mark.exhaustive
def test_predictions_with_everything_fit_80_columns(cutaway, trained, monkeypatch):
    run, data = trained
    monkeypatch.setenv("COLUMNS", "80")
    options = ("--nearest", 2, "--explain", 2, "--distance", "--data", data)
    code, out, err = cutaway("predict", run, data.with_name("held.csv"), *options)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    heads = lines[1].split()
    assert heads == ["Sample", "Predicted", "Probability", "Input", "Nearest", "Distance"]
    assert max(map(len, lines)) <= 80
    assert lines[3].split()[0] == "c-200"
    assert lines[-1] == "and 40 more: write all of them to a file with -o predictions.csv"
    code, out, _ = cutaway("predict", run, data.with_name("held.csv"), *options, "--json")
    record = json.loads(out)[0]
    assert len(record["nearest"]) == len(record["contributions"]) == 2
    assert f"{record['nearest'][0]['sample']} ({record['nearest'][0]['label']})" in lines[3]
    assert record["distance"] == pytest.approx(float(lines[3].split()[-1]), abs=0.01)


def test_predictions_with_neighbors_are_written(cutaway, trained, tmp_path):
    run, data = trained
    code, out, _ = cutaway("predict", run, data, "-o", "p.csv", "--nearest", 1, "--data", data)
    read = pd.read_csv(tmp_path / "p.csv")
    listed = ", ".join(f"{count} {name}" for name, count in read["predicted"].value_counts().items())
    assert (code, out) == (0, f"200 predictions written to p.csv: {listed}\n")
    assert list(read)[-3:] == ["nearest 1", "nearest 1 label", "nearest 1 distance"]
    labels = pd.read_csv(data).set_index("customer")["left"]
    assert read["nearest 1 label"].tolist() == labels[read["nearest 1"]].tolist()


def test_columns_without_names_are_called_as_importance_calls_them(cutaway, tmp_path):
    x = np.random.default_rng(0).normal(size=(100, 3))
    np.savez(tmp_path / "x.npz", x_train=x, y_train=(x[:, 2] > 0).astype(int))
    run = ct.train(ct.mlp((8,)), tmp_path / "x.npz", epochs=1, runs=tmp_path, progress=False)
    code, out, _ = cutaway("explain", run.path, "train[0]")
    assert (code, {f"column {number}" in out for number in (1, 2, 3)}, "column 0" in out) == (0, {True}, False)
    (line,) = (line for line in out.splitlines() if line.startswith(" column 3"))
    document = json.loads(cutaway("explain", run.path, "train[0]", "--json")[1])
    third = next(each["contribution"] for each in document["contributions"] if each["input"] == 2)
    assert float(line.split()[-1]) == pytest.approx(third, abs=1e-4)
    assert {each["input"] for each in document["contributions"]} == {0, 1, 2}


def test_explain_prints_the_largest_contributions(cutaway, trained):
    run, data = trained
    code, out, _ = cutaway("explain", run, "c-17", "--data", data, "--json")
    document = json.loads(out)
    assert (code, document["sample"], document["layer"]) == (0, "c-17", None)
    explained = ct.open_run(run, data=data).explain("train[17]")
    assert document["difference"] == pytest.approx(explained.attribution.difference, abs=1e-6)
    assert [part["input"] for part in document["contributions"]] == explained.to_pandas()["input"].tolist()
    code, out, _ = cutaway("explain", run, "c-17", "--data", data, "--limit", 1)
    lines = out.splitlines()
    assert lines[0].startswith(
        f"c-17 (label {document['label']}): predicted {explained.winner}, ahead of {explained.runner_up} by "
    )
    sums = {"age": 0.0, "city": 0.0}
    for part in document["contributions"]:
        sums[part["input"] if part["input"] == "age" else "city"] += part["contribution"]
    told = {part["column"]: (part["inputs"], pytest.approx(part["contribution"])) for part in document["columns"]}
    assert told == {"age": (1, sums["age"]), "city": (2, sums["city"])}
    largest, other = sorted(sums, key=lambda column: -abs(sums[column]))
    (shown,) = (line for line in lines if line.startswith(f" {largest} "))
    assert float(shown.split()[-1]) == pytest.approx(sums[largest], abs=1e-4)
    assert shown.split()[1] == str(pd.read_csv(data, dtype=str).set_index("customer").loc["c-17", largest])
    assert f"The 1 others add up to {round(sums[other], 4) + 0.0:.4f}." not in lines
    assert f"The other one adds {round(sums[other], 4) + 0.0:.4f}." in lines
    code, out, _ = cutaway("explain", run, "test[3]", "--data", data, "--layer", "dense_2", "--limit", 0)
    assert out.startswith("c-203 (label ")
    assert any(line.startswith("c-203, which is test[3], is predicted as ") for line in out.splitlines())
    assert sum(line.split()[:1] == [str(unit)] for line in out.splitlines() for unit in range(8)) == 8
    code, _, err = cutaway("explain", run, "c_179", "--data", data)
    assert code == 2
    assert err.endswith('got "c_179"; next: did you mean "c-179"?\n')


@pytest.mark.parametrize(
    "command",
    [
        ("layers",),
        ("units",),
        ("embed", "--method", "pca"),
        pytest.param(("report", "-o", "r.html"), marks=pytest.mark.exhaustive),
        ("explain", "c-5"),
        ("samples",),
    ],
)
def test_commands_find_data_that_have_moved(command, cutaway, trained):
    run, data = trained
    shutil.rmtree(run / "results", ignore_errors=True)
    name, *options = command
    more = [options.pop(0)] if name == "explain" else []
    code, _, err = cutaway(name, run, *more, *options)
    assert code == 1
    assert err.startswith("error: the data of a run are where they were; got nothing at ")
    assert err.endswith("train.csv; next: move them back, or open the run with --data and where they are now\n")
    assert cutaway(name, run, *more, *options, "--data", data)[0] == 0


def test_show_says_the_measures_where_the_data_are(cutaway, trained):
    run, data = trained
    assert "--data and where they are now" in cutaway("show", run)[1]
    assert "Balanced accuracy" in cutaway("show", run, "--data", data)[1]


def test_other_data_are_refused(cutaway, trained, tmp_path):
    run, data = trained
    frame = pd.read_csv(data)
    frame.loc[3, "age"] += 1
    frame.to_csv(tmp_path / "other.csv", index=False)
    code, _, err = cutaway("units", run, "--data", "other.csv")
    assert code == 2  # the test table is not beside it
    assert "test is in a file that exists" in err
    shutil.copy(data.with_name("held.csv"), tmp_path)
    code, _, err = cutaway("units", run, "--data", "other.csv")
    assert code == 1
    assert "the run was trained on data with SHA-256" in err
    assert "next: open it with the data it was trained on" in err


def test_a_run_from_arrays_takes_a_file_of_them(cutaway, tmp_path):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(80, 3)).astype(np.float32), np.arange(80) % 2
    run = ct.train(ct.mlp((4,)), x, y, epochs=1, runs=tmp_path / "runs", progress=False)
    code, _, err = cutaway("units", run.path)
    assert code == 1
    assert err.endswith("next: open the run with --data and the same arrays, or with a file of them\n")
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y)
    assert cutaway("units", run.path, "--data", "a.npz")[0] == 0
    code, _, err = cutaway("predict", run.path, "a.npz")
    assert code == 2
    assert err.startswith("error: new samples are arrays, ")
    assert err.endswith("got a.npz; next: pass an .npy file\n")


@pytest.mark.parametrize("values", [("0", "1", "2"), (0, 1, 2), ("low", "mid", "high")])
def test_a_file_of_arrays_gets_the_class_names_of_the_run(cutaway, tmp_path, values):
    x = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
    y = np.array(values)[np.arange(90) % 3]
    names = ["2", "0", "1"] if values == ("0", "1", "2") else ["low", "mid", "high"]
    data = ct.Dataset.from_arrays(x, y, class_names=names)
    run = ct.train(ct.mlp((4,)), data, epochs=1, runs=tmp_path / "runs", name="mine", progress=False)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y)
    assert cutaway("units", "mine", "--data", "a.npz")[0] == 0
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.arange(90) % 2)  # which these names do not fit
    code, _, err = cutaway("units", run.path, "--data", "a.npz")
    assert code == 1
    assert err.startswith("error: the run was trained on data with SHA-256")


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
    assert code == 1
    assert "--data and where they are now" in err
    assert cutaway("resume", "latest", "--data", "u.csv")[0] == 0
    assert ct.open_run("latest").folder.status == "finished"


def test_a_run_is_trained_again_with_data_that_have_moved(cutaway, trained):
    run, data = trained
    code, _, err = cutaway("train", "--like", run, "--epochs", 1)
    assert code == 1
    assert err.endswith("next: move them back, or open the run with --data and where they are now\n")
    code, out, _ = cutaway("train", "--like", run, "--epochs", 1, "--data", data, "--json")
    again = ct.open_run(json.loads(out)["run"])
    assert (code, again.context.manifest.dataset.origin["path"]) == (0, str(data))
    code, _, err = cutaway("train", data, "--like", run, "--data", data)
    assert (code, err.split(";")[0]) == (2, "error: data are named once")


def test_a_table_without_names_is_predicted_without_names(cutaway, tmp_path):
    rows = ["red,round,yes", "blue,round,no", "red,flat,no", "blue,flat,yes"] * 30
    (tmp_path / "t.csv").write_text("\n".join(rows))
    (tmp_path / "new.csv").write_text("\n".join(row.rpartition(",")[0] for row in rows[:4]))
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # printed, as outside of the tests
        code, _, err = cutaway("datasets", "t.csv", "--label", -1)
    assert code == 0
    assert err.startswith("note: line 1 of t.csv is taken for the names of the columns")
    assert err.endswith(": pass --no-header if it is a row like the others\n")
    assert cutaway("train", "t.csv", "--label", -1, "--no-header", "--epochs", 1)[0] == 0
    code, out, err = cutaway("predict", "latest", "new.csv", "--json")
    assert (code, err) == (0, "")
    assert [record["sample"] for record in json.loads(out)] == ["1", "2", "3", "4"]


def test_a_file_with_decisions_on_labels_is_not_overwritten(cutaway, trained, tmp_path):
    run, data = trained
    decided = "sample,decision,label\ntrain[3],drop,\n"
    (tmp_path / "decided.csv").write_text(decided)
    code, _, err = cutaway("predict", run, data, "-o", "decided.csv", "--data", data)
    assert code == 2
    assert "a file with decisions on labels is never overwritten; got decided.csv" in err
    assert (tmp_path / "decided.csv").read_text() == decided
    (tmp_path / "other.csv").write_text("sample,decision,label\ntrain[3],,\n")  # nothing is decided in it
    assert cutaway("predict", run, data, "-o", "other.csv", "--data", data)[0] == 0


def test_the_contributions_and_the_biases_add_up_to_the_difference(cutaway, trained):
    run, data = trained
    for layer in ((), ("--layer", "dense_2")):
        document = json.loads(cutaway("explain", run, "c-17", "--data", data, *layer, "--json")[1])
        total = sum(part["contribution"] for part in document["contributions"])
        assert total + document["offset"] == pytest.approx(document["difference"], abs=1e-4)
        out = cutaway("explain", run, "c-17", "--data", data, *layer, "--limit", 1)[1]
        words = f"Total {round(total, 4) + 0.0:.4f}, plus {round(document['offset'], 4) + 0.0:.4f} from the biases"
        assert words in " ".join(out.split())
