"""New samples: tables with shuffled columns, pictures of digits and arrays give what the model says in memory."""

import json
import re
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import cutaway as ct
from cutaway.cli import main
from cutaway.topics.prediction.file import write_rows
from cutaway.topics.prediction.predicting import predictions

pytestmark = pytest.mark.slow


def customers(rows, seed):
    random = np.random.default_rng(seed)
    age, city = random.normal(50, 15, rows), random.choice(["Rome", "Oslo", "Bonn"], rows)
    since = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 700, rows), unit="D")
    score = (age - 50) / 15 + (city == "Oslo") * 1.5 - (since > "2021-01-01")
    age[::9] = np.nan
    return pd.DataFrame({"age": age, "city": city, "since": since, "left": np.where(score > 0, "=left", "stayed")})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    customers(1200, 0).to_csv(folder / "train.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def run(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ct.CutawayWarning)
        data = ct.load_dataset(folder / "train.csv", label="left")
        return ct.train(ct.mlp((32,)), data, epochs=20, runs=folder / "runs", progress=False)


def test_the_model_learned_something(run):
    assert run.test["accuracy"] > 0.85


def test_a_file_with_shuffled_columns_gives_the_answers_in_memory(run, folder):
    rows = run.split.test.index
    frame = pd.read_csv(folder / "train.csv").iloc[rows]
    frame[["since", "city", "age"]].to_csv(folder / "new.csv", index=False)
    frame.assign(since=pd.to_datetime(frame["since"])).sample(frac=1, axis=1).to_parquet(folder / "new.parquet")
    expected = run.predictions(split="test")
    for new in (folder / "new.csv", str(folder / "new.parquet"), frame):
        assert np.array_equal(run.predict(new), expected)
    assert (run.predict(frame).argmax(axis=1) == run.labels(split="test")).mean() == pytest.approx(run.test["accuracy"])


def test_several_tables_are_predicted_in_order(run, folder, tmp_path, monkeypatch, capsys):
    frame = pd.read_csv(folder / "train.csv").drop(columns="left")
    frame[:30].to_csv(tmp_path / "a.csv", index=False)
    frame[30:50].to_csv(tmp_path / "b.csv", index=False)
    files = [str(tmp_path / "a.csv"), tmp_path / "b.csv"]
    assert np.array_equal(run.predict(files), run.predict(frame[:50]))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["predict", str(run.path), "a.csv", "b.csv", "-o", "both.csv"])
    assert capsys.readouterr().out.startswith("50 predictions written to both.csv: ")
    names = pd.read_csv("both.csv")["sample"].tolist()
    assert [names[row] for row in (0, 29, 30, 49)] == ["a.csv: 1", "a.csv: 30", "b.csv: 1", "b.csv: 20"]
    with pytest.raises(ct.CutawayError, match="a file that exists; got .*c.csv"):
        next(predictions(run.context, [*files, "c.csv"]))


def test_a_run_on_a_table_is_opened_again(run, folder):
    again = ct.open_run(run.path)
    assert again.data.sha256 == run.data.sha256
    assert np.array_equal(again.predict(folder / "train.csv"), run.predict(folder / "train.csv"))
    record = json.loads((run.path / "run.json").read_text())["dataset"]
    assert record["preparation"]["rows"] == len(run.split.train)
    assert record["feature_names"][:2] == ["age", "age is missing"]


def test_a_run_on_a_frame_is_opened_with_the_frame(folder):
    frame = pd.DataFrame({"x": np.linspace(-1, 1, 200), "y": np.repeat(["a", "b"], 100)})
    table = ct.load_dataset(frame, label="y", use="x")
    run = ct.train(ct.mlp((8,)), table, epochs=2, runs=folder / "runs", progress=False)  # "x" is no leak: it is all
    assert ct.open_run(run.path, data=table).data.sha256 == run.data.sha256
    with pytest.raises(ct.CutawayError, match="a run folder does not keep"):
        ct.open_run(run.path).predictions()
    other = ct.load_dataset(frame.assign(x=0.5 - frame["x"]), label="y", use="x")
    with pytest.raises(ct.CutawayError, match="the run was trained on data with SHA-256"):
        ct.open_run(run.path, data=other)


def test_rows_may_have_names_of_their_own(folder):
    frame = pd.read_csv(folder / "train.csv").assign(name=[f"c-{number}" for number in range(1200)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ct.CutawayWarning)
        table = ct.load_dataset(frame, label="left", id="name")
        run = ct.train(ct.mlp((8,)), table, epochs=1, runs=folder / "runs", progress=False)
    (part,) = predictions(run.context, frame.iloc[[7, 3]])
    assert part.names == ["c-7", "c-3"]
    (part,) = predictions(run.context, frame.drop(columns="name").iloc[[7, 3]])
    assert part.names == ["1", "2"]
    assert ct.open_run(run.path, data=frame).data.sha256 == run.data.sha256


def test_a_table_that_changed_is_noticed(run, folder, tmp_path):
    frame = pd.read_csv(folder / "train.csv")
    frame.loc[3, "city"] = "Oslo" if frame.loc[3, "city"] != "Oslo" else "Rome"
    frame.to_csv(tmp_path / "changed.csv", index=False)
    with pytest.raises(ct.CutawayError, match="the run was trained on data with SHA-256"):
        ct.open_run(run.path, data=tmp_path / "changed.csv")


def test_the_same_table_trains_to_the_same_bytes(run, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ct.CutawayWarning)
        again = ct.train_like(run.path, runs=folder / "runs", progress=False)
    one, other = ((r.path / "snapshots" / "epoch-0020.safetensors").read_bytes() for r in (run, again))
    assert one == other


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.drop(columns="age"), "the columns that the model was trained on; got no 'age'"),
        (lambda f: f.assign(age="old"), "\"age\" holds numbers; got 'old' in row 1"),
        (lambda f: f.assign(since="someday"), '"since" holds dates'),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, words, run, folder):
    with pytest.raises(ct.CutawayError, match=words):
        run.predict(change(pd.read_csv(folder / "train.csv")))


def test_columns_that_the_model_does_not_need_are_not_looked_at(run, folder, tmp_path):
    frame = pd.read_csv(folder / "train.csv").iloc[:20]
    expected = run.predict(frame)
    more = frame.assign(mixed=[1, "a", None, {}] * 5, half=[0.5, "b"] * 10)
    more.columns = [*frame.columns, "mixed", "mixed"]
    np.testing.assert_array_equal(run.predict(more), expected)
    more.to_csv(tmp_path / "more.csv", index=False)
    np.testing.assert_array_equal(run.predict(tmp_path / "more.csv"), expected)
    more.columns = [*frame.columns, "mixed", "age"]
    more.to_csv(tmp_path / "more.csv", index=False)
    for new in (more, tmp_path / "more.csv"):
        with pytest.raises(ct.CutawayError, match='have different names; got "age" again as column 6'):
            run.predict(new)
    with pytest.raises(ct.CutawayError, match="values of one kind; got Could not convert .*age"):
        run.predict(frame.assign(age=[1, "a"] * 10))


def test_unusual_rows_are_said(run):
    frame = pd.DataFrame({"age": [50.0, 5000.0], "city": ["Rome", "Paris"], "since": pd.Timestamp("2020-06-01")})
    with pytest.warns(ct.CutawayWarning) as caught:
        run.predict(frame)
    said = sorted(str(warning.message) for warning in caught)
    assert said[0].startswith('"age" is far outside of')
    assert "in 1 row, for example '5000'" in said[0]
    assert "\"city\" has a value that no training sample has, in 1 row, for example 'Paris'" in said[1]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_predictions_are_written(ending, run, folder, tmp_path):
    path = tmp_path / f"out.{ending}"
    assert write_rows(predictions(run.context, folder / "train.csv"), path) == 1200
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "jsonl": lambda p: pd.read_json(p, lines=True)}[ending](
        path
    )
    expected = run.predict(folder / "train.csv")
    if ending == "jsonl":
        read["P(=left)"] = [row["=left"] for row in read["probabilities"]]
    assert read["P(=left)"].to_numpy() == pytest.approx(expected[:, 0], rel=1e-5)
    assert read["sample"].astype(str).tolist() == [str(row) for row in range(1, 1201)]
    best = [run.class_names[c] for c in expected.argmax(axis=1)]
    assert read["predicted"].str.removeprefix("'").tolist() == best
    # a spreadsheet must not run the class "=left"
    assert ("'=left" in path.read_text("utf-8")) if ending == "csv" else ("=left" in set(read["predicted"]))
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_an_error_on_the_way_leaves_the_old_file(run, tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    bad = pd.DataFrame({"age": ["x"], "city": ["Rome"], "since": [pd.Timestamp("2020-06-01")]})
    with pytest.raises(ct.CutawayError):
        write_rows(predictions(run.context, bad), path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


@pytest.fixture(scope="module")
def mnist_run(tmp_path_factory):
    return ct.train(ct.mlp((64,)), "mnist", epochs=1, runs=tmp_path_factory.mktemp("runs"), progress=False)


@pytest.mark.exhaustive
def test_pictures_of_digits_work_on_mnist(mnist_run, tmp_path):
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
def test_pictures_of_digits_work_on_those_of_uci(digits_run, tmp_path, light):
    """Large, off center, on light or on dark paper."""
    ids = digits_run.split.test.take(slice(60))
    x, y = digits_run.data.x(ids), digits_run.data.y(ids)
    for number, digit in enumerate(x):
        large = np.asarray(Image.fromarray(digit * 15).resize((80, 120), Image.Resampling.BICUBIC)).astype(float)
        paper = np.pad(large, ((15, 60), (90, 10)))
        Image.fromarray((230 - 0.85 * paper if light else paper).astype(np.uint8)).save(tmp_path / f"{number:03d}.png")
    found = digits_run.predict(tmp_path)
    assert (found.argmax(axis=1) == y).mean() > 0.8


def test_pictures_are_made_as_a_user_says(mnist_run, tmp_path):
    held = mnist_run.data.sources["test"]
    data = ct.Dataset.from_arrays(255 - held.x[:200], held.y[:200], class_names=tuple("0123456789"), centering="mass")
    run = ct.train(ct.mlp((8,)), data, epochs=1, runs=tmp_path / "runs", progress=False)
    small = Image.fromarray(held.x[3])  # white on black, and the training pictures are black on white
    paper = Image.new("L", (90, 70))
    paper.paste(small, (50, 10))
    paper.save(tmp_path / "three.png")
    like_training = ct.open_run(run.path).predict(255 - mnist_run.data.sources["test"].x[3])
    np.testing.assert_allclose(run.predict(tmp_path / "three.png"), like_training, atol=0.05)
    record = json.loads((run.path / "run.json").read_text(encoding="utf-8"))
    assert record["dataset"]["centering"] == {"rule": "mass", "dark_ink": True}
    record["dataset"]["centering"]["rule"] = "elsewhere"
    (run.path / "run.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(ct.CutawayError, match="centering") as caught:
        ct.open_run(run.path)
    assert "\n" not in str(caught.value)


@pytest.mark.exhaustive
def test_test_digits_are_not_far_and_noise_is(mnist_run):
    held = mnist_run.data.sources["test"]
    found = mnist_run.examine(held.x, nearest=0, explain=0)
    assert found.far.mean() < 0.005
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (200, 28, 28)).astype(np.uint8)
    with pytest.warns(ct.CutawayWarning, match="200 of 200 samples are unusually far from the training samples: "):
        assert mnist_run.examine(noise, nearest=0, explain=0).far.all()
    # a digit in negative is as far as noise
    with pytest.warns(ct.CutawayWarning, match="of 200 samples are unusually far"):
        assert mnist_run.examine(255 - held.x[:200], nearest=0, explain=0).far.mean() > 0.99


def test_a_table_is_no_picture(mnist_run, tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ct.CutawayError, match=r"new samples are images, .*x.csv, which is a table; next: pass images"):
        mnist_run.predict(tmp_path / "x.csv")


def test_arrays_of_every_form_give_the_same(mnist_run, tmp_path):
    x = mnist_run.data.sources["test"].x[:10]
    expected = mnist_run.predict(x)
    assert expected.shape == (10, 10)
    assert expected.sum(axis=1) == pytest.approx(np.ones(10), abs=1e-5)
    np.save(tmp_path / "x.npy", x)
    for given in (x.reshape(10, -1), x.astype(float), tmp_path / "x.npy"):
        assert mnist_run.predict(given) == pytest.approx(expected, abs=1e-6)
    assert mnist_run.predict(x[0]) == pytest.approx(expected[:1], abs=1e-6)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros((3, 5)), "new samples have the shape"),
        (np.zeros((3, 28, 28), "U1"), "are numbers"),
        ("nowhere.png", "a file that exists"),
        (5, "new samples have the shape"),
    ],
)
def test_what_is_no_sample_is_one_line(given, words, mnist_run):
    with pytest.raises(ct.CutawayError, match=words) as caught:
        mnist_run.predict(given)
    assert "\n" not in str(caught.value)


def test_numbers_beyond_float32_give_no_nan(run):
    frame = pd.DataFrame({"age": [1e29, -1e29, 50.0], "city": "Rome", "since": pd.Timestamp("2020-06-01")})
    with (
        pytest.warns(ct.CutawayWarning, match="far outside"),
        pytest.warns(ct.CutawayWarning, match="2 of 3 samples are unusually far from the training samples"),
    ):
        found = run.predict(frame)
    assert np.isfinite(found).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_pictures_in_other_units_are_refused(mnist_run):
    x = mnist_run.data.sources["test"].x[:5] / 255
    with pytest.raises(ct.CutawayError, match="from 0 to 255; got numbers from 0 to 1 in the ndarray; next: multiply"):
        mnist_run.predict(x)


def test_a_blank_picture_is_said_to_be_one(mnist_run, tmp_path):
    Image.new("L", (100, 80), 255).save(tmp_path / "blank.png")
    with pytest.warns(ct.CutawayWarning, match=r"no digit or letter is seen in .*blank.png"):
        mnist_run.predict(tmp_path / "blank.png")


def test_a_class_that_is_a_number_is_written_as_one(folder, tmp_path):
    frame = pd.DataFrame({"x": np.random.default_rng(0).random(200), "y": np.tile([-1, 1], 100)})
    run = ct.train(ct.mlp((4,)), ct.load_dataset(frame, label="y"), epochs=1, runs=folder / "runs", progress=False)
    write_rows(predictions(run.context, frame), tmp_path / "p.csv")
    assert set(pd.read_csv(tmp_path / "p.csv")["predicted"]) <= {-1, 1}


def test_a_new_row_is_explained_as_a_frame_or_as_a_mapping(run, folder):
    frame = pd.read_csv(folder / "train.csv")
    row = int(run.split.test.index[0])
    expected = run.explain("test[0]").to_pandas()
    for given in (frame.iloc[[row]], frame.iloc[row].to_dict()):
        pd.testing.assert_frame_equal(run.explain(given).to_pandas(), expected)
    with pytest.raises(ct.CutawayError, match="one row is explained at a time; got 3 rows"):
        run.explain(frame[:3])


@pytest.mark.exhaustive
def test_cells_of_a_mistake_are_those_of_the_table(run, folder):
    report = run.report(folder / "r.html", progress=False).read_text("utf-8")
    frame = pd.read_csv(folder / "train.csv")
    first = run.mistakes(1).ids
    number = int(first.index[0])
    section = report.partition('id="mistakes"')[2].partition("</section>")[0]
    row = section.partition("<tbody>")[2].partition("</tr>")[0]
    cells = [re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
    assert cells[0].startswith(first.places()[0])
    assert {frame["city"][number], frame["since"][number]} <= set(cells)


@pytest.mark.parametrize(
    "change",
    [
        lambda steps: steps[:-1],
        lambda steps: [*steps, steps[-1]],
        lambda steps: [{**steps[0], "low": 9.0, "high": -9.0}, *steps[1:]],
        lambda steps: [{**steps[0], "scale": 1e-320}, *steps[1:]],
        lambda steps: [*steps[:1], {**steps[1], "values": ["Bonn"] * 3}, *steps[2:]],
        lambda steps: "x",
    ],
)
def test_a_hostile_preparation_is_refused(change, run, folder, tmp_path):
    copied = tmp_path / "run"
    shutil.copytree(run.path, copied)
    record = json.loads((copied / "run.json").read_text())
    record["dataset"]["preparation"]["steps"] = change(record["dataset"]["preparation"]["steps"])
    (copied / "run.json").write_text(json.dumps(record))
    with pytest.raises(ct.CutawayError) as caught:
        ct.open_run(copied).predict(folder / "train.csv")
    assert "\n" not in str(caught.value)


def test_predictions_are_not_written_over_their_samples(run, folder, capsys):
    from cutaway.cli import main

    (folder / "same.csv").write_bytes((folder / "train.csv").read_bytes())
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(run.path), str(folder / "same.csv"), "-o", str(folder / "same.csv")])
    assert ended.value.code == 2
    assert "which holds the samples" in capsys.readouterr().err
    assert (folder / "same.csv").read_bytes() == (folder / "train.csv").read_bytes()


def test_training_like_a_run_takes_its_data_options_too(run, folder, capsys):
    from cutaway.cli import main

    with pytest.raises(SystemExit):
        main(["train", "--like", str(run.path), "--label", "city"])
    assert "--like takes the model and the options of the data" in capsys.readouterr().err
