"""Links of people and students: who gets which, where they are kept, and what they open."""

import json
import stat
import time

import pytest

from cutaway.errors import UsageError
from cutaway.studio import make_people, read_names, students
from cutaway.studio.people import PEOPLE


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "runs"


def tokens(people):
    return {person.name: person.token for person in people}


def test_students_look_or_have_folders_of_their_own(runs):
    owner, first, second = make_people(runs, students(2))
    assert [owner.name, first.name, second.name] == ["", "student-01", "student-02"]
    assert (owner.writes, first.writes, first.runs) == (True, False, runs)
    assert len({owner.token, first.token, second.token}) == 3
    _, first, _ = make_people(runs, students(2), own_folders=True)
    assert (first.writes, first.runs) == (True, runs / "people" / "student-01")
    assert first.runs.is_dir()
    assert students(500)[0] == "student-001"


def test_links_stay_the_same_until_new_ones_are_asked_for(runs, tmp_path):
    first = tokens(make_people(runs, ["ada", "bob"]))
    assert tokens(make_people(runs, ["bob"])) == {"": first[""], "bob": first["bob"]}
    assert tokens(make_people(runs, ["ada", "bob"])) == first
    assert tokens(make_people(tmp_path / "other", ["ada"]))["ada"] != first["ada"]
    new = tokens(make_people(runs, ["ada", "bob"], renew=True))
    assert not set(new.values()) & set(first.values())
    assert tokens(make_people(runs, ["ada", "bob"])) == new


def test_links_are_kept_where_nobody_else_reads_them(runs, tmp_path):
    first = make_people(runs)[0].token
    (file,) = (tmp_path / "cache").rglob("links-*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.chmod(0o644)  # somebody may have read it
    assert make_people(runs)[0].token != first


@pytest.mark.parametrize("content", [b"", b"[]", b'{"": 1}', b'{"": "short"}', b"\xff", b"[" * 100_000])
def test_a_damaged_file_of_links_gives_new_ones(runs, tmp_path, content):
    make_people(runs)
    (file,) = (tmp_path / "cache").rglob("links-*.json")
    file.write_bytes(content)
    assert len(make_people(runs)[0].token) == 43


def test_without_a_cache_there_are_links_as_well(runs, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(make_people(runs)[0].token) == 43


def test_names_are_read_from_a_file(tmp_path):
    file = tmp_path / "people.txt"
    file.write_bytes("\ufeff# class 7b\nAda Lovelace\r\n\n  José \nO'Neill\n".encode())
    assert read_names(file) == ["Ada Lovelace", "José", "O'Neill"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"x" * (1 << 21)], ids=["none", "no text", "too large"])
def test_a_file_of_people_that_cannot_be_read_is_one_line(tmp_path, content):
    if content is not None:
        (tmp_path / "people.txt").write_bytes(content)
    with pytest.raises(UsageError):
        read_names(tmp_path / "people.txt")


@pytest.mark.parametrize(
    "names",
    [
        ["../up"],
        ["a/b"],
        [".hidden"],
        ["a\x1b[31m"],
        ["x" * 61],
        ["dot."],
        ["_"],
        ["ada", "Ada"],
        [f"p{number}" for number in range(PEOPLE + 1)],
    ],
)
def test_names_that_cannot_be_folders_are_refused(runs, names):
    with pytest.raises(UsageError):
        make_people(runs, names, own_folders=True)
    assert not runs.exists()


@pytest.mark.slow
def test_a_class_comes_in_each_by_their_own_link(studio_of, new_run):
    teacher, ada, bob = (studio_of(name) for name in ("", "Ada", "Bob"))
    links = teacher.folder.parent / "links.csv"
    assert stat.S_IMODE(links.stat().st_mode) == 0o600
    assert links.read_text().splitlines()[0] == "Name,Link"
    assert "".join(teacher.printed).count("token=") == 1
    new_run(ada.folder / "hers")
    while "hers" not in [row["id"] for row in ada.ask().json["runs"]]:  # a scan that began before does not see it
        time.sleep(0.1)
    for other in (teacher, bob):
        assert "hers" not in [row["id"] for row in other.ask().json["runs"]]
        assert other.ask("/api/runs/hers").status == 404
    for path in ("/api/runs/first", "/api/runs/..%2F..%2Ffirst"):
        assert ada.ask(path).status == ada.ask(path, method="DELETE").status == 404
    assert ada.ask("/api/runs/hers", method="DELETE").status == 200


def test_a_student_reaches_no_folder_of_another_one_through_the_data(in_process, tmp_path):
    runs = tmp_path / "runs"
    runs.mkdir()
    people = make_people(runs, ["ada", "bob"], own_folders=True)
    studio = in_process(people=people, data=(tmp_path,))
    _, ada, bob = people
    studio.ask("/api/uploads/mine.csv", method="PUT", body=b"a,b\n1,2\n", token=ada.token)
    (ada.runs / "shown.csv").write_text("a,b\n1,2\n")
    hidden = ["runs", "people", "ada", ".studio", "uploads", "mine.csv"]
    for parts in (hidden, ["runs", "people", "ada", "shown.csv"]):
        data = {"place": "folder", "folder": 0, "parts": parts}
        for path, body in (("jobs/survey", {"job": {"data": data}}), ("trainings", {"kind": "train", "data": data})):
            answer = studio.ask(f"/api/{path}", method="POST", body=json.dumps(body).encode(), token=bob.token)
            assert answer.status == 404, (path, parts)
    for query in ("part=runs", "part=runs&part=people", "part=runs&part=people&part=ada"):
        assert studio.ask("/api/data/folder/0", query=query, token=bob.token).status == 404
        assert "shown.csv" not in studio.ask("/api/data", query=f"folder=0&{query}", token=bob.token).json["html"]
    own = studio.ask("/api/data/folder/0", query="part=runs&part=people&part=bob", token=bob.token)
    assert own.status == 200
