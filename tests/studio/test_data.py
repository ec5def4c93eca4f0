"""Data of the studio: nothing leaves the named folders, uploads are whole or not there, and looking blocks nobody."""

import base64
import gzip
import io
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet

from cutaway.data import load_dataset
from cutaway.errors import ConfigError, DataError, UnknownNameError
from cutaway.jobs.survey_work import changed_images, survey_data
from cutaway.studio import uploads as receiving
from cutaway.studio.references import DataReference, DataRoots, list_folder, resolve
from tests.findings.sick_tables import patients

HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;\u202e"
TABLE = "width,height,kind\n" + "".join(
    f"{i & 15}.5,{i * 7 & 31},{'left' if i & 15 < 8 else 'right'}\n" for i in range(200)
)


@pytest.fixture
def places(tmp_path):
    """A folder of runs, and a folder of data with links that leave it, and one that does not."""
    root, outside = tmp_path / "data", tmp_path / "outside"
    (root / "below").mkdir(parents=True)
    outside.mkdir()
    (root / "table.csv").write_text(TABLE)
    (root / "below" / "table.csv").write_text(TABLE)
    (root / ".hidden.csv").write_text(TABLE)
    (root / "notes.md").write_text(TABLE)
    (outside / "secret.csv").write_text(TABLE)
    (root / "leaves.csv").symlink_to(outside / "secret.csv")
    (root / "leaves").symlink_to(outside)
    (root / "stays.csv").symlink_to(root / "below" / "table.csv")
    (root / "circle").symlink_to(root / "circle")
    return DataRoots(tmp_path / "runs", (root,))


def below(*parts, folder=0):
    return DataReference(place="folder", folder=folder, parts=parts)


def test_files_below_a_folder_are_found(places):
    root = places.folders[0].resolve()
    assert resolve(below("table.csv"), places) == str(root / "table.csv")
    assert resolve(below("below", "table.csv"), places) == str(root / "below" / "table.csv")
    assert resolve(below("stays.csv"), places) == str(root / "below" / "table.csv")
    assert resolve(DataReference(place="bundled", name="digits"), places) == "digits"


@pytest.mark.parametrize(
    "parts",
    [
        ("..",),
        ("below", "..", "..", "outside", "secret.csv"),
        ("../outside/secret.csv",),
        ("/etc/passwd",),
        ("below/table.csv",),
        (".",),
        ("nothing.csv",),
        ("table.csv\0",),
        ("circle",),
        (".hidden.csv",),
    ],
)
def test_what_is_no_name_of_something_there_is_refused(places, parts):
    with pytest.raises(UnknownNameError):
        resolve(below(*parts), places)


@pytest.mark.parametrize("parts", [("leaves.csv",), ("leaves",), ("leaves", "secret.csv")])
def test_a_link_that_leaves_the_folder_is_refused(places, parts):
    with pytest.raises(DataError):
        resolve(below(*parts), places)


def test_a_pipe_is_no_data(places):
    os.mkfifo(places.folders[0] / "pipe.csv")
    with pytest.raises(UnknownNameError):
        resolve(below("pipe.csv"), places)


def test_a_folder_with_a_link_out_of_it_is_refused(places):
    (places.folders[0] / "below" / "class").symlink_to("/etc")
    with pytest.raises(DataError):
        resolve(below("below"), places)


def test_folders_of_runs_of_other_people_are_closed_also_below_a_folder_of_data(places):
    root = places.folders[0]
    everybody = [root / "runs", *(root / "runs" / "people" / name for name in ("ada", "bob"))]
    for folder in everybody:
        folder.mkdir(parents=True)
        (folder / "mine.csv").write_text(TABLE)
    (root / "to-ada").symlink_to(everybody[1])
    (root / "to-ada.csv").symlink_to(everybody[1] / "mine.csv")
    seen = {}
    for own in everybody:
        asks = DataRoots(own, (root,), tuple(folder for folder in everybody if folder != own))
        for folder in everybody:
            parts = (*folder.relative_to(root).parts, "mine.csv")
            try:
                seen[own.name, folder.name] = resolve(below(*parts), asks) == str((folder / "mine.csv").resolve())
            except UnknownNameError:
                seen[own.name, folder.name] = False
        names = [entry["name"] for entry in list_folder(below(), asks)["entries"]]
        mine = {"runs": ["runs"], "ada": ["to-ada", "to-ada.csv"], "bob": []}[own.name]
        assert [name for name in names if name not in ("below", "stays.csv", "table.csv")] == mine
        named = DataRoots(own, (everybody[0],), asks.others)  # the folder itself was named for everybody
        assert resolve(below("mine.csv"), named)
    assert seen == {(own.name, folder.name): own == folder for own in everybody for folder in everybody}


def test_a_folder_that_was_not_named_is_refused(places):
    with pytest.raises(UnknownNameError):
        resolve(below("table.csv", folder=1), places)


def test_an_upload_is_one_name_in_the_folder_of_uploads(places):
    uploads = places.runs / ".studio" / "uploads"
    uploads.mkdir(parents=True)
    (uploads / "mine.csv").write_text(TABLE)
    (uploads / "link.csv").symlink_to("/etc/passwd")
    assert resolve(DataReference(place="upload", name="mine.csv"), places) == str((uploads / "mine.csv").resolve())
    for name in ("../jobs", "link.csv", "other.csv", "", ".."):
        with pytest.raises(UnknownNameError):
            resolve(DataReference(place="upload", name=name), places)


def test_a_listing_has_what_can_be_chosen_and_no_more(places):
    listed = list_folder(below(), places)
    assert [(entry["name"], entry["folder"]) for entry in listed["entries"]] == [
        ("below", True),
        ("stays.csv", False),
        ("table.csv", False),
    ]
    assert list_folder(below(), places, most=2)["more"]


def test_a_survey_says_what_the_library_does_with_each_column(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text(TABLE)
    found = survey_data(str(file), {}, lambda _: None)
    assert (found["problem"], found["guessed"], found["options"]["label"]) == (None, True, "kind")
    assert [(c["name"], c["use"], c["treatment"]) for c in found["columns"]] == [
        ("width", "feature", "standardized"),
        ("height", "feature", "standardized"),
        ("kind", "label", "the class"),
    ]
    assert found["rows"][1] == ["1.5", "7", "left"]
    assert sum(found["split"].values()) == 200
    counts = {name: TABLE.count(f",{name}\n") for name in ("left", "right")}
    assert {each["name"]: each["samples"] for each in found["classes"]} == counts
    # width alone tells the class, which is a question before any training
    (asked,) = [each["text"] for each in found["findings"] if '"width"' in each["text"]]
    assert all(each in asked for each in ("known before the outcome?", 'choose "Leave it out" for "width"'))


def test_a_note_names_a_choice_of_the_page_and_no_option_of_python(tmp_path):
    file = tmp_path / "visits.csv"
    patients(np.random.default_rng(0)).rename(columns={"patient": "patient <b> id"}).to_csv(file, index=False)
    found = survey_data(str(file), {"label": "target"}, lambda _: None)["findings"]
    assert any('choose "Group" for "patient <b> id"' in each["text"] for each in found)
    assert not any("group=" in each["text"] for each in found)


def test_of_a_wide_table_no_measurement_is_guessed_as_the_label(tmp_path):
    random, file = np.random.default_rng(0), tmp_path / "wide.csv"
    sensors = pd.DataFrame(random.normal(size=(80, 30))).rename(columns="sensor_{}".format)
    sensors.assign(count=random.integers(0, 5_000, 80)).to_csv(file, index=False)
    found = survey_data(str(file), {}, lambda _: None)
    assert (found["guessed"], found["options"]["label"]) == (False, None)
    assert found["problem"]
    assert [column["wrong"] for column in found["columns"]] == [None] * 31
    sensors.insert(12, "zustand", random.choice(["gut", "schlecht"], 80))
    sensors.assign(rpm=random.integers(900, 5_000, 80)).to_csv(file, index=False)
    found = survey_data(str(file), {}, lambda _: None)
    assert (found["guessed"], found["options"]["label"], found["problem"]) == (True, "zustand", None)


def test_one_leak_is_one_card_and_columns_that_are_left_out_are_named(tmp_path):
    random, file = np.random.default_rng(0), tmp_path / "leak.csv"
    label = random.integers(0, 2, 900)
    leak = np.where(random.random(900) < 0.97, label, 1 - label) + random.normal(size=900) / 20
    note = [f"call {k} was about {k % 7} things" for k in range(900)]
    pd.DataFrame({"leak": leak, "x": random.normal(size=900), "note": note, "label": label}).to_csv(file, index=False)
    found = survey_data(str(file), {}, lambda _: None)
    said = [*found["notes"], *(f"{each['title']} {each['text']}" for each in found["findings"])]
    assert len([each for each in said if "alone tells" in each or "gives the label away" in each]) == 1
    assert found["left_out"] == '"note" (free text)'
    assert len([each for each in said if '"note" (free text)' in each]) == 1


def test_a_wrong_label_is_said_and_the_columns_are_there_all_the_same(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text(TABLE)
    found = survey_data(str(file), {"label": "width"}, lambda _: None)
    assert found["problem"]
    assert str(tmp_path) not in str(found)
    assert [c["name"] for c in found["columns"] if c["wrong"]] == ["width"]


def test_a_survey_of_images_has_a_sheet_with_some_of_every_class():
    found = survey_data("digits", {}, lambda _: None)
    assert set(found["sheet"]["classes"]) == set("0123456789")
    assert len(found["sheet"]["names"]) == len(found["sheet"]["classes"]) == 120
    assert found["recipe"] == "default"


def test_a_survey_says_which_recipe_default_means(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text(TABLE)
    assert survey_data(str(file), {"label": "kind"}, lambda _: None)["recipe"] == "table"
    light = 255 - np.random.default_rng(0).integers(60, size=(80, 12, 12)).astype(np.uint8)
    np.savez(tmp_path / "light.npz", x_train=light, y_train=np.arange(80) % 2)
    assert survey_data(str(tmp_path / "light.npz"), {}, lambda _: None)["recipe"] == "photos"


def test_what_is_wrong_with_arrays_is_found_before_any_training(tmp_path):
    chance = np.random.default_rng(0)
    x = chance.normal(size=(300, 6)).astype(np.float32)
    y = np.repeat([0, 1], [290, 10])
    x[:, 3] = 2
    np.savez(tmp_path / "data.npz", x_train=x, y_train=y)
    titles = [each["title"] for each in survey_data(str(tmp_path / "data.npz"), {}, lambda _: None)["findings"]]
    assert titles == ["Classes of very different size", "Constant inputs"]


slow = pytest.mark.slow


def look(studio, data, **options):
    again, end = True, time.monotonic() + 60
    while True:
        answer = studio.ask_for("survey", again=again, data=data, options=options)
        assert answer.status == 200, answer.body
        if answer.json["state"] not in ("waiting", "running"):
            return answer.json
        assert time.monotonic() < end
        again = False


@slow
def test_an_upload_is_there_whole_and_can_be_looked_at(studio_of):
    studio = studio_of("Bob")
    answer = studio.ask("/api/uploads/my%20table.csv", method="PUT", body=TABLE.encode())
    assert (answer.status, answer.json["name"]) == (200, "my table.csv")
    again = studio.ask("/api/uploads/my%20table.csv", method="PUT", body=b"other")
    assert again.json["name"] == "my table-2.csv"  # nothing is overwritten
    found = look(studio, {"place": "upload", "name": "my table.csv"})
    assert (found["state"], found["result"]["counts"]) == ("done", {"train": 200})
    assert str(studio.folder) not in str(found)
    rows = studio.ask("/api/uploads/my%20table.csv", method="DELETE").json["uploads"]
    assert {"name": "my table-2.csv", "bytes": 5} in rows
    assert "my table.csv" not in [row["name"] for row in rows]


def test_names_of_uploads_are_no_paths_and_of_data_only(in_process, tmp_path):
    studio = in_process()
    for name in ("../../evil.csv", "evil.sh", ".csv", "/etc/passwd", "x" * 300 + ".csv"):
        studio.ask(f"/api/uploads/{name}", method="PUT", body=b"a,b\n1,2\n")
    there = list(tmp_path.rglob("*evil*"))
    assert all(path.parent == tmp_path / "runs" / ".studio" / "uploads" for path in there)
    assert all("/" not in row["name"] for row in studio.ask("/api/data").json["uploads"])


def test_what_a_killed_server_left_is_removed_by_the_next_upload(in_process):
    studio = in_process()
    folder = studio.settings.people[0].runs / ".studio" / "uploads"
    folder.mkdir(parents=True)
    old, fresh = folder / ".old.part", folder / ".fresh.part"  # the fresh one may be that of another server
    for part in (old, fresh):
        part.write_bytes(b"half")
    past = time.time() - receiving.STALE - 1
    os.utime(old, (past, past))
    assert studio.ask("/api/uploads/a.csv", method="PUT", body=b"a,b\n1,2\n").status == 200
    assert sorted(path.name for path in folder.iterdir()) == [".fresh.part", "a.csv"]


def test_an_upload_that_would_fill_the_disk_is_refused(in_process, monkeypatch):
    studio = in_process()
    monkeypatch.setattr(receiving, "LEFT", 1 << 62)
    monkeypatch.setattr(receiving.shutil, "disk_usage", lambda _: SimpleNamespace(total=1 << 63, free=1 << 40))
    answer = studio.ask("/api/uploads/a.csv", method="PUT", body=b"a,b\n1,2\n")
    assert answer.status == 409
    assert not (studio.settings.people[0].runs / ".studio" / "uploads").exists()


@pytest.mark.parametrize("letter", ["x", "é", "漢", "𐐀"])
def test_a_long_name_of_an_upload_is_cut(in_process, letter):
    studio = in_process()
    answer = studio.ask(f"/api/uploads/{letter * 240}.csv", method="PUT", body=b"a,b\n1,2\n")
    assert answer.status == 200
    assert answer.json["name"].endswith(f"{letter}.csv")
    assert len(answer.json["name"].encode()) <= 180


@slow
def test_an_upload_that_breaks_off_leaves_nothing(studio_of):
    studio = studio_of("Ada")
    with socket.create_connection((studio.host, studio.port)) as connection:
        head = f"PUT /api/uploads/half.csv HTTP/1.1\r\nHost: {studio.host}:{studio.port}\r\nCookie: {studio.cookie}\r\n"
        connection.sendall(f"{head}x-cutaway: 1\r\nContent-Length: 1000000\r\n\r\n".encode() + b"a" * 1000)
        uploads, end = studio.folder / ".studio" / "uploads", time.monotonic() + 20
        while not (uploads.is_dir() and list(uploads.iterdir())):
            assert time.monotonic() < end, "it has not begun"
            time.sleep(0.02)
    while list(uploads.iterdir()):
        assert time.monotonic() < end, list(uploads.iterdir())
        time.sleep(0.05)
    assert studio.ask("/api/data").json["uploads"] == []


def test_an_upload_is_bounded(in_process):
    headers = {"content-length": str(1 << 40)}
    answer = in_process().ask("/api/uploads/a.csv", method="PUT", headers=headers, body=b"a")
    assert (answer.status, "uploads" in answer.json) == (409, False)


@slow
def test_a_decompression_bomb_is_refused_by_its_reader_and_the_studio_goes_on(studio_of):
    studio = studio_of("Bob")
    bomb = gzip.compress(b"0," * (1 << 26), 9)
    assert len(bomb) < 1 << 20
    studio.ask("/api/uploads/bomb.csv.gz", method="PUT", body=bomb)
    started = time.monotonic()
    found = look(studio, {"place": "upload", "name": "bomb.csv.gz"})
    assert found["state"] == "failed" or found["result"]["problem"]
    assert time.monotonic() - started < 60
    assert studio.ask("/api/runs").status == 200


@pytest.mark.exhaustive
@slow
def test_a_small_file_of_many_rows_takes_no_more_than_its_share_of_memory(tmp_path):
    a, b = (pyarrow.array((np.arange(60_000_000) % k == 0).astype(np.int8)) for k in (1, 2))
    parquet.write_table(pyarrow.table({"a": a, "b": b}), tmp_path / "bomb.parquet")
    program = "import sys; from cutaway.jobs import runner, survey_work; survey_work.LEAST = 1; "
    program += "survey_work.os.sysconf = lambda _: 1 << 15; sys.argv.append('data'); "
    program += "runner.Runner.end = lambda self: self._pool.shutdown(); runner.main()"
    survey = {"kind": "survey", "data": str(tmp_path / "bomb.parquet"), "options": {"label": "b"}}
    request = {"job": "k", "key": "k", "folder": str(tmp_path), "specification": survey}
    given = json.dumps(request).encode() + b"\n"
    done = subprocess.run([sys.executable, "-c", program], input=given, capture_output=True, timeout=120)
    *_, error, end = [json.loads(line) for line in done.stdout.splitlines()]
    assert (error["kind"], end["kind"], end["value"]) == ("error", "end", "failed")
    assert error["value"]


@pytest.mark.exhaustive
def test_looking_at_a_large_table_is_canceled_and_blocks_nobody(start_studio, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    block = "".join(f"{i},{i * 3 & 127},{i & 7},{'a' if i & 1 else 'b'}\n" for i in range(50_000))
    with open(data / "large.csv", "w") as file:
        file.write("one,two,three,kind\n")
        for _ in range(60):
            file.write(block)
    studio = start_studio(None, "--data", data)
    where = {"place": "folder", "folder": 0, "parts": ["large.csv"]}
    state = studio.ask_for("survey", data=where, options={"label": "kind"}).json
    if state["state"] == "running":
        assert studio.ask(f"/api/jobs/{state['key']}?page=a", method="DELETE").status == 200
    assert look(studio, {"place": "bundled", "name": "digits"})["state"] == "done"
    assert os.path.getsize(data / "large.csv") > 30_000_000


def test_names_from_a_file_come_back_as_they_are(tmp_path):
    rows = "".join(f"{i % 5},{HOSTILE.replace(chr(34), '') if i % 2 else 'plain'}\n" for i in range(60))
    (tmp_path / "names.csv").write_text(f'"{HOSTILE.replace(chr(34), chr(34) * 2)}",kind\n{rows}')
    found = survey_data(str(tmp_path / "names.csv"), {"label": "kind"}, lambda _: None)
    assert found["columns"][0]["name"] == HOSTILE


def test_a_survey_counts_the_values_of_each_column_by_class(tmp_path):
    random = np.random.default_rng(0)
    made = pd.DataFrame({"size": random.normal(size=400), "city": random.choice(["Oslo", "Rome"], 400)})
    made.loc[::10, "size"] = np.nan
    made.loc[::7, "city"] = None
    made["same"] = 1
    made["year"] = random.integers(2001, 2024, 400)
    made["kind"] = random.choice(list("abcdefgh"), 400, p=[0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05])
    made.to_csv(tmp_path / "table.csv", index=False)
    found = survey_data(str(tmp_path / "table.csv"), {"label": "kind"}, lambda _: None)["histograms"]
    assert len(found["classes"]) == 7
    assert found["classes"][0] == "a"
    assert found["classes"][-1] == "others"
    assert found["columns"].keys() == {"size", "city", "year"}, "one value alone has no histogram"
    assert len(set(found["columns"]["year"]["names"])) == 12, "each bar has a range of its own"
    size, city = (np.array(found["columns"][name]["counts"]) for name in ("size", "city"))
    assert size.shape == (12, 7)
    split = load_dataset(tmp_path / "table.csv", label="kind").split(validation=0.25)
    rows = made.iloc[split.train.index]
    assert found["rows"] == len(rows)
    assert size.sum() == rows["size"].notna().sum()
    assert size[:, 0].sum() == (rows["size"].notna() & (rows["kind"] == "a")).sum()
    names = found["columns"]["city"]["names"]
    assert sorted(names) == ["Oslo", "Rome", "missing"]
    expected = rows["city"].fillna("missing").value_counts()
    assert dict(zip(names, city.sum(axis=1).tolist(), strict=True)) == expected.to_dict()
    fair = rows["kind"].isin(found["classes"])
    assert city[:, 6].sum() == (~fair).sum()


def test_some_images_are_shown_as_a_training_would_see_them():
    shown = changed_images("digits", {}, "rotation=30, shift=0.1", lambda _: None)["changed"]
    assert (shown["columns"], shown["rows"], len(set(shown["names"]))) == (6, 4, 6)
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["png"]))).convert("L"), float)
    assert pixels.shape == (4 * 10, 6 * 10)
    rows = pixels.reshape(4, 10, 6, 10).swapaxes(1, 2)[..., 1:-1, 1:-1]
    x = next(iter(load_dataset("digits").sources.values())).x
    numbers = [int(name.removeprefix("sample[").removesuffix("]")) for name in shown["names"]]
    np.testing.assert_allclose(rows[0], 255 / 16 * x[numbers], atol=1)
    for one, other in itertools.combinations(rows, 2):
        assert (one != other).any(axis=(1, 2)).all()
    for other in ("none", "rotation=0"):
        assert changed_images("digits", {}, other, lambda _: None)["changed"] is None
    with pytest.raises(ConfigError):
        changed_images("digits", {}, "digits", lambda _: None)


def test_images_of_a_table_are_refused(tmp_path):
    (tmp_path / "table.csv").write_text(TABLE)
    with pytest.raises(DataError):
        changed_images(str(tmp_path / "table.csv"), {"label": "kind"}, "characters", lambda _: None)
