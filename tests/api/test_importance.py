"""Which columns a model needs: of a table whose columns are known to matter or not, and of arrays."""

import json
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    random = np.random.default_rng(0)
    age, noise = random.normal(50, 15, 900), random.normal(size=900)
    city = random.choice(["Rome", "Oslo", "Bonn"], 900)
    left = (age - 50) / 15 + (city == "Oslo") * 1.5 + random.normal(size=900) / 4 > 0.5
    age[::9] = np.nan
    frame = pd.DataFrame({"noise": noise, "city": city, "age": age, "left": np.where(left, "yes", "no")})
    folder = tmp_path_factory.mktemp("importance")
    frame.to_csv(folder / "people.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ct.CutawayWarning)
        data = ct.load_dataset(folder / "people.csv", label="left")
        return ct.train(ct.mlp((16,)), data, epochs=25, runs=folder / "runs", progress=False)


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
    assert repr(found) == (
        f'<Importances of 3 columns on 180 test samples, epoch {found.epoch}: "age" first, '
        f"loss +{rows['loss_increase'].iloc[0]:.3g}>"
    )


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
    assert "1 of 3 columns" in out
    assert "age" in out
    assert "noise" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_what_has_no_columns_is_refused(tmp_path):
    digits = ct.train(ct.mlp((4,)), "digits", epochs=1, runs=tmp_path, progress=False)
    with pytest.raises(ct.CutawayError, match=r"columns are those of a table.*\(8, 8\)"):
        digits.importance()


def test_columns_of_an_array_are_numbered(tmp_path):
    x = np.random.default_rng(0).normal(size=(200, 3))
    run = ct.train(ct.mlp((8,)), x, (x[:, 1] > 0).astype(int), epochs=20, runs=tmp_path, progress=False)
    assert run.importance(split="train").summaries()[0]["column"] == "column 2"


@pytest.mark.parametrize("wrong", [{"repeats": 0}, {"repeats": 2.5}, {"samples": 1}, {"split": "other"}])
def test_wrong_settings_are_one_line(run, wrong):
    with pytest.raises(ct.CutawayError) as caught:
        run.importance(**wrong)
    assert "\n" not in str(caught.value)
