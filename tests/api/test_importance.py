"""Which columns a model needs: of a table whose columns are known to matter or not, and of arrays."""

import json
import pickle

import keras
import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(ready_run):
    return ready_run("people")


def test_each_column_is_shuffled_with_all_inputs_that_it_became(run):
    found = run.importance()
    rows = found.to_pandas().set_index("column")
    assert pickle.loads(pickle.dumps(found)).to_pandas().equals(found.to_pandas())
    assert list(rows.index) == ["age", "city", "noise"]
    assert rows["measurable"][["age", "city"]].all()
    assert rows["accuracy_decrease"]["age"] > rows["accuracy_decrease"]["city"] > 0.05
    assert abs(rows["accuracy_decrease"]["noise"]) < 0.05
    assert found.measures.accuracy == pytest.approx(run.test["accuracy"])
    expected = -np.log(run.predictions(split="test")[np.arange(180), run.labels(split="test")]).mean()
    assert found.measures.loss == pytest.approx(expected, abs=1e-5)


@pytest.mark.filterwarnings("ignore:.*unusually far from the training samples")
def test_the_shuffle_of_a_column_is_that_of_its_cells(run):
    """Shuffling the cells of the file and predicting it gives what shuffling the inputs gives."""
    frame = pd.read_csv(run.data.origin["path"]).iloc[run.split.test.index]
    labels = run.labels(split="test")
    before, falls = (run.predict(frame).argmax(axis=1) == labels).mean(), []
    for seed in range(30):
        shuffled = frame.assign(city=np.random.default_rng(seed).permutation(frame["city"]))
        falls.append(before - (run.predict(shuffled).argmax(axis=1) == labels).mean())
    found = run.importance(repeats=30).to_pandas().set_index("column")["accuracy_decrease"]["city"]
    assert found == pytest.approx(np.mean(falls), abs=4 * np.std(falls) * np.sqrt(2 / 30))


def test_it_depends_on_the_seed_alone(run):
    assert run.importance(seed=1, samples=50).summaries() == run.importance(seed=1, samples=50).summaries()
    assert len(run.importance(samples=50)) == 3
    assert run.importance(samples=50).samples == 50


def printed(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["importance", *arguments])
    out = capsys.readouterr()
    assert ended.value.code == 0, out.err
    return out.out


def test_the_command_prints_what_python_gives(run, capsys):
    document = json.loads(printed(capsys, str(run.path), "--json"))
    assert document["columns"] == run.importance().summaries()
    assert (document["split"], document["samples"]) == ("test", 180)
    out = printed(capsys, str(run.path), "--limit", "1")
    assert "age" in out
    assert "noise" not in out


def test_what_has_no_columns_is_refused(digits_run):
    with pytest.raises(ct.CutawayError):
        digits_run.importance()


def test_columns_of_an_array_are_numbered(tmp_path):
    """A model that answers by the second of three columns alone."""
    x = np.random.default_rng(0).normal(size=(200, 3))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax", name="output")])
    model.set_weights([np.array([[0, 0], [-3, 3], [0, 0]]), np.zeros(2)])
    run = ct.record(model, x, (x[:, 1] > 0).astype(int), runs=tmp_path, progress=False)
    assert run.importance(split="train").summaries()[0]["column"] == "column 2"
