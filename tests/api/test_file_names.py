"""Pictures in a folder are called by their files wherever samples are named, and are found by them."""

import csv
import json
import os
import pickle
import sys
import tracemalloc
import unicodedata
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import cutaway as ct
from cutaway.data import Decision, SampleIds, all_ids, find_sample, load_dataset
from cutaway.data.sample_names import FileNames
from cutaway.topics.label_issues.result import write_label_issues
from tests.ready_runs import record_untrained

QUIET = {"progress": False}

ODD = ["<img src=x onerror=alert(1)>.png", "two\nlines.png", "abc\u202egnp.png", "=1+1.png", "x (sample[3]).png"]


def write(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        Image.fromarray((16 - picture).astype(np.uint8) * 15).save(file, format="PNG")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """120 pictures of three digits in folders of their classes, five of them with odd names."""
    root, digits = tmp_path_factory.mktemp("private") / "scans", load_digits()
    few = np.flatnonzero(digits.target < 3)[:120]
    for number, row in enumerate(few.tolist()):
        name = ODD[number] if number < len(ODD) else f"scan {number:03d}.png"
        write(root / f"digit {digits.target[row]}" / name, digits.images[row])
    return root


@pytest.fixture(scope="module")
def run(folder):
    return record_untrained(load_dataset(folder), folder.parent / "runs")


def files_of(folder):
    """The files in the order of samples: of class and name."""
    return [str(path.relative_to(folder)) for each in sorted(folder.iterdir()) for path in sorted(each.iterdir())]


def test_every_sample_is_found_by_its_place_its_name_its_file_and_the_end_of_its_path(run, folder):
    ids, files = run.context.named(run.split.part("all")), files_of(folder)
    called = ids.columns()
    assert called["sample"] == ids.places()
    assert called["file"] == [files[row] for row in ids.index]
    assert ids.records()[7] == {"sample": called["sample"][7], "file": called["file"][7]}
    for row, name, file in zip(ids.index.tolist(), ids.names(), called["file"], strict=True):
        assert name.endswith(f" (sample[{row}])")
        assert name.isprintable()
        for given in (f"sample[{row}]", name, file, file.rpartition("/")[2]):
            assert run.context.sample(given).index.tolist() == [row], given
    again = pickle.loads(pickle.dumps(ids[:3]))
    assert again.names() == ids[:3].names()


def test_no_name_shows_where_the_folder_is(run, folder):
    names = run.context.named(run.split.part("all"))
    assert str(folder.parent) not in repr(names.names()) + repr(names.columns()) + repr(run.data) + repr(names)


def test_a_file_that_is_not_there_and_an_end_of_several_are_refused(run):
    with pytest.raises(ct.CutawayError):
        run.explain("digit 0/scan 0.png")
    with pytest.raises(ct.CutawayError):
        run.explain("§")


def test_a_file_is_found_by_its_name_as_it_looks(tmp_path):
    loaded = load_digits()
    names = ["two  blanks.png", unicodedata.normalize("NFD", "Äpfel.png"), "plain.png"]
    for number in range(12):
        folder = f"digit {loaded.target[number]}"
        write(tmp_path / folder / (names[number] if number < 3 else f"{number}.png"), loaded.images[number])
    data = load_dataset(tmp_path)
    sizes = {source: len(part.y) for source, part in data.sources.items()}
    for number, looks in enumerate(["two blanks.png", "Äpfel.png", "plain.png"]):
        found = find_sample(looks, sizes, loaded=data)
        assert data.naming.texts(found) == [f"digit {loaded.target[number]}/{names[number]}"]
        shown = data.naming.of(found)[0].rpartition(" (")[0]
        assert find_sample(shown, sizes, loaded=data).places() == found.places()


def test_a_name_whose_file_is_elsewhere_now_is_refused(run, folder):
    name = run.context.named(run.split.test)[0]
    file, place = name.rsplit(" ", 1)
    other = f"{file}x {place}"
    with pytest.raises(ct.CutawayError):
        run.context.sample(other)


def test_tables_have_a_column_for_the_file_and_other_answers_name_it(run, folder):
    files, known = set(files_of(folder)), set(run.context.named(run.split.part("all")).names())
    mistakes = run.mistakes(5)
    tables = [mistakes, run.embed(method="pca", **QUIET), ct.compare(run, run)]
    for table in tables:
        frame = table.to_pandas()
        assert list(frame.columns[:2]) == ["sample", "file"], table
        assert set(frame["file"]) <= files
        assert set(frame["sample"].str.fullmatch(r"sample\[\d+\]")) <= {True}
    explained = run.explain("test[1]")
    assert explained.sample == run.context.named(run.split.test)[1]
    assert explained.sentence.startswith(f"{explained.sample}, which is test[1], ")
    near = run.examine(next(iter(folder.rglob("scan*.png"))), nearest=2, explain=0)
    assert set(next(near.records())["nearest"][0]["sample"].splitlines()) <= known
    for finding in run.findings(**QUIET):
        assert set(finding.samples) <= known


@pytest.mark.exhaustive
def test_label_issues_name_files_and_decisions_keep_places(folder, tmp_path):
    run = ct.train(ct.mlp((8,)), load_dataset(folder), epochs=2, runs=tmp_path, **QUIET)
    assert list(run.dynamics(**QUIET).to_pandas().columns[:2]) == ["sample", "file"]
    known, influences = set(run.context.named(run.split.part("all")).names()), run.explain("test[1]").influence(2)
    assert influences.sample == run.context.named(run.split.test)[1]
    assert {each.sample for each in (*influences.supporting, *influences.opposing)} <= known
    assert run.units(**QUIET).summary(0)["top_activating"][0]["sample"] in known
    issues = run.label_issues(folds=2, seeds=1, epochs=1, **QUIET)
    frame = issues.to_pandas()
    assert list(frame.columns[:7]) == ["sample", "file", "decision", "label", "by", "when", "given"]
    first = next(issues.records())
    assert (first["sample"], first["file"]) == (frame["sample"][0], frame["file"][0])
    readers = {"csv": lambda file: next(csv.DictReader(file)), "jsonl": lambda file: json.loads(next(file))}
    for ending, read in readers.items():
        write_label_issues(issues, tmp_path / f"s.{ending}")
        with open(tmp_path / f"s.{ending}", encoding="utf-8", newline="") as file:
            assert read(file)["file"] == first["file"]
    run.decide([Decision(first["file"], "keep"), Decision(issues.ids[1], "drop"), Decision("test[0]", "keep")])
    places = [first["sample"], frame["sample"][1], run.split.test.places()[0]]
    assert [each.sample for each in run.decisions] == places
    page = run.report(tmp_path / "r.html", **QUIET).read_text("utf-8")
    assert "<img src=x onerror=alert(1)>" not in page
    assert "\u202e" not in page


def test_folders_of_parts_are_part_of_the_name(tmp_path):
    for part, count in (("train", 8), ("test", 2)):
        for number in range(count):
            for name in ("a", "b"):
                write(tmp_path / part / name / f"{number}.png", np.full((4, 4), number + 2 * (name == "b")))
    data = load_dataset(tmp_path)
    ids = data.named(all_ids(data))
    assert ids.names()[0] == "train/a/0.png (train[0])"
    assert ids.names()[-1] == "test/b/1.png (test[3])"
    sizes = {name: len(labels) for name, labels in data.labels.items()}
    with pytest.raises(ct.CutawayError):
        find_sample("0.png", sizes, loaded=data)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no names that are no UTF-8")
def test_a_name_that_is_no_utf_8_is_escaped(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / name / "1.png", np.zeros((4, 4)))
    write(tmp_path / os.fsdecode(b"a/caf\xe9.png"), np.zeros((4, 4)))
    data = load_dataset(tmp_path)
    ids = data.named(all_ids(data))
    assert ids.columns()["file"] == ["a/1.png", "a/caf\\xe9.png", "b/1.png"]
    assert find_sample(os.fsdecode(b"a/caf\xe9.png"), {"train": 3}, loaded=data).index.tolist() == [1]


def test_millions_of_names_are_no_objects():
    """The names of a million files take 40 bytes each, and only those that are shown become strings."""
    paths = [PurePosixPath(f"class/{number:09d}.png") for number in range(100_000)]
    before = pa.total_allocated_bytes()
    names = FileNames.of_paths({"train": paths})
    assert pa.total_allocated_bytes() - before < 40 * len(paths)
    ids = SampleIds(("train",), np.zeros(len(paths), np.uint8), np.arange(len(paths)), naming=names)
    tracemalloc.start()
    assert ids.take([5, 99_999]).names()[1] == "class/000099999.png (sample[99999])"
    assert len(names.find("000000007.png", ("train",))) == 1
    assert tracemalloc.get_traced_memory()[1] < 10 * len(paths)
    tracemalloc.stop()


def test_rows_of_a_table_in_a_file_have_their_number(ready_run):
    run = ready_run("wine")
    ids = run.context.named(run.split.test)
    assert ids.names() == ids.places()
    frame = run.dynamics(split="test", **QUIET).to_pandas()
    assert frame["row"].tolist() == (ids.index + 1).tolist()
    new = run.examine(run.data.origin["path"], nearest=0, explain=0).to_pandas()  # new samples are counted alike
    row = frame["row"][0]
    assert new["sample"][row - 1] == str(row)
