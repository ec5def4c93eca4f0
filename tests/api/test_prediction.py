"""New samples: tables with shuffled columns, images of digits and arrays give what the model says in memory."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import cutaway as ct
from cutaway.topics.common.rows_file import write_rows
from cutaway.topics.prediction.prediction import predictions
from tests.ready_runs import record_untrained


@pytest.fixture(scope="module")
def run(ready_run):
    return ready_run("table")


@pytest.fixture(scope="module")
def file(run):
    return run.path.parents[1] / "table.csv"


@pytest.fixture
def frame(file):
    return pd.read_csv(file)


def test_a_file_with_shuffled_columns_gives_the_answers_in_memory(run, frame, tmp_path):
    part = frame.iloc[run.split.test.index]
    part[["since", "city", "income", "age"]].to_csv(tmp_path / "new.csv", index=False)
    part.assign(since=pd.to_datetime(part["since"])).sample(frac=1, axis=1).to_parquet(tmp_path / "new.parquet")
    expected = run.predictions(split="test")
    for new in (tmp_path / "new.csv", str(tmp_path / "new.parquet"), part):
        assert np.array_equal(run.predict(new), expected)
    assert (run.predict(part).argmax(axis=1) == run.labels(split="test")).mean() == pytest.approx(run.test["accuracy"])


def test_several_tables_are_predicted_in_order(run, frame, tmp_path, monkeypatch):
    rows = frame.drop(columns="churned")
    monkeypatch.chdir(tmp_path)
    rows[:30].to_csv("a.csv", index=False)
    rows[30:50].to_csv("b.csv", index=False)
    assert np.array_equal(run.predict(["a.csv", tmp_path / "b.csv"]), run.predict(rows[:50]))
    names = [name for part in predictions(run.context, ["a.csv", "b.csv"]) for name in part.names]
    assert [names[row] for row in (0, 29, 30, 49)] == ["a.csv: 1", "a.csv: 30", "b.csv: 1", "b.csv: 20"]
    with pytest.raises(ct.CutawayError, match=r"c\.csv"):
        next(predictions(run.context, ["a.csv", "b.csv", "c.csv"]))


def test_a_run_on_a_table_is_opened_again(run, file):
    again = ct.open_run(run.path)
    assert again.data.sha256 == run.data.sha256
    assert np.array_equal(again.predict(file), run.predict(file))
    record = json.loads((run.path / "run.json").read_text())["dataset"]
    assert record["preparation"]["rows"] == len(run.split.train)
    assert record["feature_names"][:3] == ["age", "income", "income is missing"]


def test_a_run_on_a_frame_is_opened_with_the_frame(tmp_path):
    frame = pd.DataFrame({"x": np.linspace(-1, 1, 200), "y": np.repeat(["a", "b"], 100)})
    table = ct.load_dataset(frame, label="y", use="x")  # "x" is no leak: it is all
    run = record_untrained(table, tmp_path)
    assert ct.open_run(run.path, data=table).data.sha256 == run.data.sha256
    with pytest.raises(ct.CutawayError, match="data="):
        ct.open_run(run.path).predictions()
    other = ct.load_dataset(frame.assign(x=0.5 - frame["x"]), label="y", use="x")
    with pytest.raises(ct.CutawayError, match="SHA-256"):
        ct.open_run(run.path, data=other)


def test_rows_may_have_names_of_their_own(frame, tmp_path):
    named = frame[["age", "churned"]].assign(name=[f"c-{number}" for number in range(len(frame))])
    run = record_untrained(ct.load_dataset(named, label="churned", id="name"), tmp_path)
    (part,) = predictions(run.context, named.iloc[[7, 3]])
    assert part.names == ["c-7", "c-3"]
    (part,) = predictions(run.context, named.drop(columns="name").iloc[[7, 3]])
    assert part.names == ["1", "2"]
    assert ct.open_run(run.path, data=named).data.sha256 == run.data.sha256


def test_a_table_that_changed_is_noticed(run, frame, tmp_path):
    frame.loc[3, "city"] = "Oslo" if frame.loc[3, "city"] != "Oslo" else "Rome"
    frame.to_csv(tmp_path / "changed.csv", index=False)
    with pytest.raises(ct.CutawayError, match="SHA-256"):
        ct.open_run(run.path, data=tmp_path / "changed.csv")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda f: f.drop(columns="age"), '"age"'),
        (lambda f: f.assign(age="old"), '"old" in row 1'),
        (lambda f: f.assign(since="someday"), '"since"'),
        (lambda f: f.assign(age=[1, "a"] * (len(f) // 2)), "age"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, named, run, frame):
    with pytest.raises(ct.CutawayError, match=named):
        run.predict(change(frame))


def test_columns_that_the_model_does_not_need_are_not_looked_at(run, frame, tmp_path):
    rows = frame.iloc[:20]
    expected = run.predict(rows)
    more = rows.assign(mixed=[1, "a", None, {}] * 5, half=[0.5, "b"] * 10)
    more.columns = [*rows.columns, "mixed", "mixed"]
    np.testing.assert_array_equal(run.predict(more), expected)
    more.to_csv(tmp_path / "more.csv", index=False)
    np.testing.assert_array_equal(run.predict(tmp_path / "more.csv"), expected)
    more.columns = [*rows.columns, "mixed", "age"]
    more.to_csv(tmp_path / "more.csv", index=False)
    for new in (more, tmp_path / "more.csv"):
        with pytest.raises(ct.CutawayError, match='"age" .*column 7'):
            run.predict(new)


def test_unusual_rows_are_said(run):
    rows = pd.DataFrame({"age": [50.0, 5000.0], "income": 3e4, "city": ["Rome", "Paris"], "since": "2024-06-01"})
    with pytest.warns(ct.CutawayWarning) as caught:
        run.predict(rows)
    said = "".join(sorted(str(warning.message) for warning in caught))
    assert re.search('"age".*"5000".*"city".*"Paris"', said)


def test_numbers_beyond_float32_give_no_nan(run):
    rows = pd.DataFrame({"age": [1e29, -1e29, 50.0], "income": 3e4, "city": "Rome", "since": "2024-06-01"})
    with pytest.warns(ct.CutawayWarning) as caught:
        found = run.predict(rows)
    assert any("2 of 3 " in str(warning.message) for warning in caught)
    assert np.isfinite(found).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)


@pytest.fixture(scope="module")
def spreadsheet(file, tmp_path_factory):
    """A run with a class that a spreadsheet would run as a formula, and its table."""
    frame = pd.read_csv(file)[["age", "churned"]].replace({"yes": "=left"})
    runs = tmp_path_factory.mktemp("runs")
    return record_untrained(ct.load_dataset(frame, label="churned"), runs, hidden=()), frame


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_predictions_are_written(ending, spreadsheet, tmp_path):
    (run, frame), path = spreadsheet, tmp_path / f"out.{ending}"
    assert write_rows(predictions(run.context, frame), path) == len(frame)
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "jsonl": lambda p: pd.read_json(p, lines=True)}[ending](
        path
    )
    expected = run.predict(frame)
    if ending == "jsonl":
        read["P(=left)"] = [row["=left"] for row in read["probabilities"]]
    assert read["P(=left)"].to_numpy() == pytest.approx(expected[:, run.class_names.index("=left")], rel=1e-5)
    assert read["sample"].astype(str).tolist() == [str(row) for row in range(1, len(frame) + 1)]
    best = [run.class_names[c] for c in expected.argmax(axis=1)]
    assert read["predicted"].str.removeprefix("'").tolist() == best
    assert "=left" in best
    assert ("'=left" in path.read_text("utf-8")) if ending == "csv" else ("=left" in set(read["predicted"]))
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_class_that_is_a_number_is_written_as_one(tmp_path):
    frame = pd.DataFrame({"x": np.random.default_rng(0).random(200), "y": np.tile([-1, 1], 100)})
    run = record_untrained(ct.load_dataset(frame, label="y"), tmp_path / "runs")
    write_rows(predictions(run.context, frame), tmp_path / "p.csv")
    assert set(pd.read_csv(tmp_path / "p.csv")["predicted"]) <= {-1, 1}


def test_an_error_on_the_way_leaves_the_old_file(run, tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    bad = pd.DataFrame({"age": ["x"], "income": [3e4], "city": ["Rome"], "since": ["2024-06-01"]})
    with pytest.raises(ct.CutawayError):
        write_rows(predictions(run.context, bad), path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_new_row_is_explained_as_a_frame_or_as_a_mapping(run, frame, monkeypatch):
    row = int(run.split.test.index[0])
    expected = run.explain("test[0]").to_pandas()
    for given in (frame.iloc[[row]], frame.iloc[row].to_dict()):
        pd.testing.assert_frame_equal(run.explain(given).to_pandas(), expected)
    monkeypatch.setattr("cutaway.topics.prediction.samples.prepare_new_rows", None)  # rows are counted before
    with pytest.raises(ct.CutawayError, match="3 rows"):
        run.explain(frame[:3])


@pytest.mark.parametrize(
    "change",
    [
        lambda steps: steps[:-1],
        lambda steps: [*steps, steps[-1]],
        lambda steps: [{**steps[0], "low": 9.0, "high": -9.0}, *steps[1:]],
        lambda steps: [{**steps[0], "scale": 1e-320}, *steps[1:]],
        lambda steps: [*steps[:2], {**steps[2], "values": ["Bern"] * 3}, *steps[3:]],
        lambda steps: "x",
    ],
)
def test_a_hostile_preparation_is_refused(change, copied_run, file):
    path = copied_run("table").path
    record = json.loads((path / "run.json").read_text())
    record["dataset"]["preparation"]["steps"] = change(record["dataset"]["preparation"]["steps"])
    (path / "run.json").write_text(json.dumps(record))
    with pytest.raises(ct.CutawayError) as caught:
        ct.open_run(path).predict(file)
    assert "\n" not in str(caught.value)


def test_a_hostile_centering_is_refused(copied_run):
    path = copied_run("digits").path
    record = json.loads((path / "run.json").read_text())
    record["dataset"]["centering"]["rule"] = "elsewhere"
    (path / "run.json").write_text(json.dumps(record))
    with pytest.raises(ct.CutawayError, match="centering"):
        ct.open_run(path)


@pytest.mark.exhaustive
def test_cells_of_a_mistake_are_those_of_the_table(run, frame, tmp_path):
    report = run.report(tmp_path / "r.html", progress=False).read_text("utf-8")
    first = run.mistakes(1).ids
    number = int(first.index[0])
    section = report.partition('id="mistakes"')[2].partition("</section>")[0]
    row = section.partition("<tbody>")[2].partition("</tr>")[0]
    cells = [re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
    assert cells[0].startswith(first.places()[0])
    assert {frame["city"][number], frame["since"][number]} <= set(cells)


@pytest.fixture(scope="module")
def mnist_run(tmp_path_factory):
    """For long forms."""
    return ct.train(ct.mlp((64,)), "mnist", epochs=1, runs=tmp_path_factory.mktemp("runs"), progress=False)


@pytest.mark.exhaustive
def test_images_of_digits_work_on_mnist(mnist_run, tmp_path):
    """Test digits as a person would photograph them: large, dark on light gray, off center."""
    held = mnist_run.data.sources["test"]
    paths = []
    for number in range(200):
        large = np.asarray(Image.fromarray(held.x[number].reshape(28, 28)).resize((112, 112), Image.Resampling.BICUBIC))
        paper = 230 - 0.85 * np.pad(large.astype(float), ((15, 60), (40, 10)))
        paths.append(tmp_path / f"{number:03d}.png")
        Image.fromarray(paper.astype(np.uint8)).convert("RGB").save(paths[-1])
    plain = (mnist_run.predict(held.x[:200]).argmax(axis=1) == held.y[:200]).mean()
    drawn = (mnist_run.predict(tmp_path).argmax(axis=1) == held.y[:200]).mean()
    assert plain > 0.93
    assert drawn > plain - 0.05
    assert np.array_equal(mnist_run.predict([str(path) for path in paths[:5]]), mnist_run.predict(tmp_path)[:5])


@pytest.mark.parametrize("light", [True, False])
def test_images_of_digits_work_on_those_of_uci(digits_run, tmp_path, light):
    """Large, off center, on light or on dark paper."""
    ids = digits_run.split.test.take(slice(60))
    x, y = digits_run.data.x(ids), digits_run.data.y(ids)
    for number, digit in enumerate(x):
        large = np.asarray(Image.fromarray(digit * 15).resize((80, 120), Image.Resampling.BICUBIC)).astype(float)
        paper = np.pad(large, ((15, 60), (90, 10)))
        Image.fromarray((230 - 0.85 * paper if light else paper).astype(np.uint8)).save(tmp_path / f"{number:03d}.png")
    found = digits_run.predict(tmp_path)
    assert (found.argmax(axis=1) == y).mean() > 0.8


@pytest.mark.exhaustive
def test_images_are_made_as_a_user_says(mnist_run, tmp_path):
    held = mnist_run.data.sources["test"]
    data = ct.Dataset.from_arrays(255 - held.x[:200], held.y[:200], class_names=tuple("0123456789"), centering="mass")
    run = ct.train(ct.mlp((8,)), data, epochs=1, runs=tmp_path / "runs", progress=False)
    small = Image.fromarray(held.x[3])  # white on black, and the training images are black on white
    paper = Image.new("L", (90, 70))
    paper.paste(small, (50, 10))
    paper.save(tmp_path / "three.png")
    like_training = ct.open_run(run.path).predict(255 - mnist_run.data.sources["test"].x[3])
    np.testing.assert_allclose(run.predict(tmp_path / "three.png"), like_training, atol=0.05)
    assert json.loads((run.path / "run.json").read_text())["dataset"]["centering"] == {"rule": "mass", "dark_ink": True}


@pytest.mark.exhaustive
def test_test_digits_are_not_far_and_noise_is(mnist_run):
    held = mnist_run.data.sources["test"]
    found = mnist_run.examine(held.x, nearest=0, explain=0)
    assert found.far.mean() < 0.005
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (200, 28, 28)).astype(np.uint8)
    with pytest.warns(ct.CutawayWarning):
        assert mnist_run.examine(noise, nearest=0, explain=0).far.all()
    # a digit in negative is as far as noise
    with pytest.warns(ct.CutawayWarning):
        assert mnist_run.examine(255 - held.x[:200], nearest=0, explain=0).far.mean() > 0.99


def test_a_table_is_no_image(digits_run, tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ct.CutawayError, match=r"x\.csv"):
        digits_run.predict(tmp_path / "x.csv")


def test_arrays_of_every_form_give_the_same(digits_run, tmp_path):
    x = digits_run.data.x(digits_run.split.test)[:10]
    expected = digits_run.predict(x)
    assert expected.shape == (10, 10)
    assert expected.sum(axis=1) == pytest.approx(np.ones(10), abs=1e-5)
    np.save(tmp_path / "x.npy", x)
    for given in (x.reshape(10, -1), x.astype(float), tmp_path / "x.npy"):
        assert digits_run.predict(given) == pytest.approx(expected, abs=1e-6)
    assert digits_run.predict(x[0]) == pytest.approx(expected[:1], abs=1e-6)


@pytest.mark.parametrize("given", [np.zeros((3, 5)), np.zeros((3, 8, 8), "U1"), "nowhere.png", 5])
def test_what_is_no_sample_is_one_line(given, digits_run):
    with pytest.raises(ct.CutawayError) as caught:
        digits_run.predict(given)
    assert "\n" not in str(caught.value)


def test_images_in_other_units_are_refused(digits_run):
    with pytest.raises(ct.CutawayError, match="0 to 1 "):
        digits_run.predict(digits_run.data.x(digits_run.split.test)[:5] / 16)


def test_a_blank_image_is_said_to_be_one(digits_run, tmp_path):
    Image.new("L", (100, 80), 255).save(tmp_path / "blank.png")
    with pytest.warns(ct.CutawayWarning, match=r"blank\.png"):
        digits_run.predict(tmp_path / "blank.png")
