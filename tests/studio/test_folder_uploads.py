"""Folders of pictures are uploaded in several requests: whole or not there, and never outside of their place."""

import io
import json
import os
import time

import numpy as np
import pytest
from PIL import Image

from cutaway.data import load_dataset
from cutaway.errors import DataError, RunError, UsageError
from cutaway.studio.data import FolderUploads, Uploads, folder_uploads, uploads


def picture(value, size=(6, 5)):
    """A gray PNG of one value; the size is (rows, columns)."""
    file = io.BytesIO()
    Image.fromarray(np.full(size, value, np.uint8)).save(file, "PNG")
    return file.getvalue()


def body(rows):
    """A request with pictures: [number of a folder, name, content]."""
    head = json.dumps([[number, name, len(content)] for number, name, content in rows])
    return head.encode() + b"\n" + b"".join(content for *_, content in rows)


def begin(studio, *, name="shapes", folders=(("a",), ("b",)), files=2, size=0):
    given = {"name": name, "folders": folders, "files": files, "bytes": size}
    return studio.ask("/api/uploads", method="POST", body=json.dumps(given).encode())


def send(studio, key, data, **options):
    return studio.ask(f"/api/uploads/{key}/files", method="PUT", body=data, **options)


def finish(studio, key):
    return studio.ask(f"/api/uploads/{key}/finish", method="POST")


def there(studio):
    """Everything in the folder of uploads, hidden or not."""
    folder = studio.settings.people[0].runs / ".studio" / "uploads"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) if folder.exists() else []


def upload(studio, pictures, **given):
    """Upload pictures of the folders a and b in one request; what they are called."""
    key = begin(studio, files=len(pictures), size=sum(len(each[2]) for each in pictures), **given).json["key"]
    assert send(studio, key, body(pictures)).status == 200
    return finish(studio, key).json["name"]


TWO = [[0, "x.png", picture(10)], [1, "y.png", picture(200)]]


def test_pictures_of_several_requests_become_a_dataset(in_process, tmp_path):
    studio = in_process()
    values = {("b", f"ä {k}.png"): 20 + k for k in range(4)} | {("a", "0.PNG"): 7}
    pictures = [[int(folder == "b"), name, picture(value)] for (folder, name), value in values.items()]
    key = begin(studio, files=5, size=sum(len(each[2]) for each in pictures)).json["key"]
    assert studio.ask("/api/data").json["uploads"] == []  # not before it is whole
    whole = body(pictures[:3])
    cuts = [whole[:5], whole[5:60], whole[60:61], whole[61:]]  # a network cuts where it likes
    assert send(studio, key, None, chunks=cuts).json == {"files": 3, "bytes": sum(len(p[2]) for p in pictures[:3])}
    assert send(studio, key, body(pictures[3:])).json["files"] == 5
    answer = finish(studio, key)
    assert (answer.status, answer.json["name"]) == (200, "shapes")
    assert answer.json["uploads"] == [{"name": "shapes", "folder": True, "bytes": None}]
    data = load_dataset(tmp_path / "runs" / ".studio" / "uploads" / "shapes")
    assert (data.class_names, data.shape) == (("a", "b"), (6, 5))
    x = data.sources["train"].x
    assert [int(each.min()) for each in x] == [int(each.max()) for each in x] == [7, 20, 21, 22, 23]
    assert [name for name in there(studio) if name.startswith(".")] == []


def test_the_same_name_gets_a_number_and_a_deleted_one_is_gone(in_process):
    studio = in_process()
    assert [upload(studio, TWO) for _ in range(3)] == ["shapes", "shapes-2", "shapes-3"]
    assert studio.ask("/api/uploads/shapes.csv", method="PUT", body=b"a,b\n").json["name"] == "shapes.csv"
    assert upload(studio, TWO, name="shapes.csv") == "shapes.csv-2"  # a file has the name
    left = studio.ask("/api/uploads/shapes", method="DELETE").json["uploads"]
    assert [row["name"] for row in left] == ["shapes-2", "shapes-3", "shapes.csv", "shapes.csv-2"]
    assert not [name for name in there(studio) if name.split("/")[0] not in {row["name"] for row in left}]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../evil", "evil"),
        ("/etc", "etc"),
        ("..", "pictures"),
        ("", "pictures"),
        (".studio", "studio"),
        ("a\0b<i>", "a-b-i-"),
        ("x" * 500, "x" * 180),
        ("Bilder von Äpfeln", "Bilder von Äpfeln"),
    ],
)
def test_the_name_of_a_folder_is_no_path(in_process, name, kept):
    assert upload(in_process(), TWO, name=name) == kept


BAD_NAMES = ["..", ".", "", ".hidden", "a/b", "a\\b", "/etc", "a\0", "a\nb", " a", "x" * 181, "\ud800"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_of_folders_are_plain(in_process, name):
    studio = in_process()
    for folders in ([[name]], [["train", name]], [[name, "a"]]):
        assert begin(studio, folders=folders).json["error"].startswith("a name has 1 to 180 bytes")
    assert there(studio) == []


@pytest.mark.parametrize("name", [f"{name}.png" if name[-1:] != "." else f"{name}/e.png" for name in BAD_NAMES])
def test_names_of_pictures_are_plain_and_one_that_is_not_ends_the_upload(in_process, name):
    studio = in_process()
    key = begin(studio, size=100).json["key"]
    assert send(studio, key, body([[0, name, b"x"]])).json["error"].startswith("a name has 1 to 180 bytes")
    assert there(studio) == []
    assert send(studio, key, body(TWO)).json["error"].startswith("a folder is uploaded in one go")


@pytest.mark.parametrize(
    ("folders", "got"),
    [
        ([[]], "images outside of such folders"),
        ([["a"], []], "images outside of such folders"),
        ([["x", "train", "a"]], '"x/train/a"'),
        ([], "no images"),
        ([[f"c{k}"] for k in range(5001)], "5,001 folders"),
    ],
)
def test_a_folder_of_another_shape_is_refused_before_anything_is_sent(in_process, folders, got):
    studio = in_process()
    said = begin(studio, folders=folders).json["error"]
    assert said.startswith("a folder of images has a folder for each class")
    assert f"got {got}; next: " in said
    assert there(studio) == []


@pytest.mark.parametrize("folders", [[["Cat"], ["cat"]], [["train", "a"], ["Train", "b"]], [["ä"], ["a\u0308"]]])
def test_folders_that_differ_in_case_only_are_refused(in_process, folders):
    assert "names in a folder differ in more than" in begin(in_process(), folders=folders).json["error"]


def test_pictures_that_differ_in_case_only_are_refused_also_over_requests(in_process):
    studio = in_process()
    key = begin(studio, size=1000).json["key"]
    assert send(studio, key, body([TWO[0]])).status == 200
    said = send(studio, key, body([[0, "X.PNG", b"x"]])).json["error"]
    assert said == (
        'names in a folder differ in more than upper and lower case; got two files or folders "a/X.PNG"; '
        "next: rename one of them"
    )
    assert there(studio) == []


@pytest.mark.parametrize("given", [{"files": 100_001}, {"files": 0}, {"files": -1}, {"size": (4 << 30) + 1}])
def test_what_is_too_much_is_refused_before_anything_is_sent(in_process, given):
    studio = in_process()
    assert begin(studio, **given).status in (400, 409)
    assert there(studio) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (body([*TWO, [0, "third.png", b""]]), "as many images come as announced; got more"),
        (body([[0, "large.png", bytes(5000)]]), "as many images come as announced; got more"),
        (body(TWO) + b"more", "images are as large as announced; got more bytes"),
        (body(TWO)[:-1], "images are as large as announced; got fewer bytes"),
        (b"", "a request begins with a line of at most"),
        (b"[" * 300_000, "a request begins with a line of at most"),
        (b"[" * 100_000 + b"\n", "a request lists its images as"),
        (b'[[0,"a.png"]]\n', "a request lists its images as"),
        (b'[[7,"a.png",0]]\n', "a request lists its images as"),
        (b'[[-1,"a.png",0]]\n', "a request lists its images as"),
        (b'[[0,"a.png",-9]]\n', "a request lists its images as"),
        (b'[[0,"a.png",1e999]]\n', "a request lists its images as"),
        (b'{"a": 1}\n', "a request lists its images as"),
        (b"\xff\n", "a request lists its images as"),
        (body([[0, "run.sh", b"#!"]]), "images end in .png, .jpg"),
    ],
)
def test_a_request_that_is_wrong_ends_the_upload_in_words(in_process, data, said):
    studio = in_process()
    key = begin(studio, size=4000).json["key"]
    assert send(studio, key, data).json["error"].startswith(said)
    assert there(studio) == []
    assert finish(studio, key).status == 404


def test_half_a_folder_is_no_dataset(in_process):
    studio = in_process()
    key = begin(studio, files=3, size=sum(len(each[2]) for each in TWO)).json["key"]
    send(studio, key, body(TWO))
    assert finish(studio, key).json["error"].startswith("an upload is whole; got 2 of 3 images")
    assert (there(studio), studio.ask("/api/data").json["uploads"]) == ([], [])
    key = begin(studio, size=1000).json["key"]
    send(studio, key, body(TWO[:1]))
    studio.ask(f"/api/uploads/{key}/files", method="DELETE")
    assert there(studio) == []


def test_a_folder_that_arrives_cannot_be_read_by_its_hidden_name(in_process):
    studio = in_process()
    key = begin(studio).json["key"]
    for name in (f".{key}.part", f".{key}.part/a"):
        look = json.dumps({"job": {"data": {"place": "upload", "name": name}}}).encode()
        said = studio.ask("/api/jobs/survey", method="POST", body=look).json["error"]
        assert said.startswith("an upload is one of the list")


def test_only_some_arrive_at_once_and_idle_ones_make_room(tmp_path, monkeypatch):
    arriving = FolderUploads(tmp_path, Uploads(tmp_path))
    keys = [arriving.begin("a", folders=[["a"]], files=1, size=1) for _ in range(4)]
    with pytest.raises(UsageError, match="at most 4 folders arrive at the same time"):
        arriving.begin("a", folders=[["a"]], files=1, size=1)
    later = time.monotonic() + folder_uploads.IDLE
    monkeypatch.setattr(folder_uploads.time, "monotonic", lambda: later)
    key = arriving.begin("a", folders=[["a"]], files=1, size=1)
    assert key not in keys
    assert [path.name for path in (tmp_path / ".studio" / "uploads").iterdir()] == [f".{key}.part"]


def test_what_a_killed_server_left_is_removed_by_the_next_upload(tmp_path):
    kept = Uploads(tmp_path)
    FolderUploads(tmp_path, kept).begin("a", folders=[["a"]], files=1, size=1)  # and the server is gone
    (old,) = kept.folder.iterdir()
    FolderUploads(tmp_path, kept).begin("b", folders=[["b"]], files=1, size=1)
    assert len(list(kept.folder.iterdir())) == 2  # it may be that of another server
    past = time.time() - uploads.STALE - 1
    os.utime(old, (past, past))
    FolderUploads(tmp_path, kept).begin("c", folders=[["c"]], files=1, size=1)
    assert not old.exists()
    assert len(list(kept.folder.iterdir())) == 2


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "BYTES", 1 << 60)
    arriving = FolderUploads(tmp_path, Uploads(tmp_path))
    with pytest.raises(RunError, match="an upload leaves some space on the disk"):
        arriving.begin("a", folders=[["a"]], files=1, size=1 << 59)
    monkeypatch.undo()
    with pytest.raises(DataError, match="an upload has at most 4 GB"):
        arriving.begin("a", folders=[["a"]], files=1, size=1 << 59)


def test_a_link_in_the_place_of_the_uploads_is_refused(tmp_path):
    (tmp_path / "runs" / ".studio").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "runs" / ".studio" / "uploads").symlink_to(tmp_path / "outside")
    arriving = FolderUploads(tmp_path / "runs", Uploads(tmp_path / "runs"))
    with pytest.raises(RunError, match="a symbolic link"):
        arriving.begin("a", folders=[["a"]], files=1, size=1)
    assert list((tmp_path / "outside").iterdir()) == []
