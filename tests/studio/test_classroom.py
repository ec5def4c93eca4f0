"""The teacher sees everybody, hands a run to all, and learns which tasks are done; nobody else does."""

import json
import os
import time
from types import SimpleNamespace

import pytest

from cutaway.errors import RunError
from cutaway.runs import RunFolder
from cutaway.studio import make_people
from cutaway.studio.classroom import TASKS_FILE, DoneTasks
from cutaway.studio.people import _read_tokens

DONE = {"name": "spiral", "when": "2026-11-30T10:00:00.000Z", "address": "data=spirals", "step": 412}


@pytest.fixture
def classroom(in_process, tmp_path, new_run, monkeypatch):
    """A studio with two students, of whom Ada has two runs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    runs = tmp_path / "runs"
    people = make_people(runs, ["Ada", "Bob"], own_folders=True)
    new_run(people[1].runs / "20261130-090000-toy-aaaa", accuracy=0.8)
    new_run(people[1].runs / "20261130-100000-toy-bbbb", status="failed")
    new_run(runs / "20261130-080000-toy-cccc", accuracy=0.95)
    studio = in_process(people=people)
    for workspace in studio.app.state.workspaces.values():
        workspace.scan()
    return studio


def token(studio, name):
    return next(person.token for person in studio.settings.people if person.name == name)


def post(studio, path, body, person=""):
    return studio.ask(path, method="POST", body=json.dumps(body).encode(), token=token(studio, person))


def test_the_teacher_sees_runs_problems_and_tasks_of_everybody(classroom):
    assert post(classroom, "/api/tasks", DONE, "Bob").json == {
        "tasks": {"spiral": {k: DONE[k] for k in DONE if k != "name"}}
    }
    ada, bob = classroom.ask("/api/class").json["people"]
    assert (ada["name"], ada["runs"], ada["best"]) == ("Ada", {"finished": 1, "failed": 1}, 0.8)
    assert ada["last"]["id"] == "20261130-100000-toy-bbbb"
    assert ada["errors"] == ["it was stopped"]
    assert (ada["tasks"], ada["training"]) == ({}, [])
    assert (bob["name"], bob["runs"], bob["last"], list(bob["tasks"])) == ("Bob", {}, None, ["spiral"])


def test_a_run_is_copied_to_all_once(classroom):
    run = "20261130-080000-toy-cccc"
    assert classroom.ask(f"/api/class/runs/{run}").json["people"] == 2
    assert classroom.ask(f"/api/class/runs/{run}").json["bytes"] > 500
    ada = classroom.settings.people[1].runs
    for name, age in ((".given-old", 7200), (".given-new", 0)):
        (ada / name).mkdir()
        os.utime(ada / name, (time.time() - age,) * 2)
    assert post(classroom, "/api/class/runs", {"run": run}).json == {"given": 2, "had": 0}
    assert [path.name for path in ada.glob(".given-*")] == [".given-new"], "somebody may be writing that one"
    own, ada = classroom.settings.people[0].runs / run, classroom.settings.people[1].runs / run
    files, copies = (
        {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file() and file.name[0] != "."}
        for folder in (own, ada)
    )
    assert files == copies
    (ada / "mine.txt").write_text("Ada's")
    assert post(classroom, "/api/class/runs", {"run": run}).json == {"given": 0, "had": 2}
    assert (ada / "mine.txt").read_text() == "Ada's"
    classroom.app.state.workspaces["Bob"].scan()
    rows = classroom.ask(token=token(classroom, "Bob")).json["runs"]
    assert [(row["id"], row["title"]) for row in rows] == [(run, "")]
    bob = classroom.ask("/api/class").json["people"][1]
    assert (bob["runs"], bob["best"], bob["last"]) == ({}, None, None), "it is the teacher's work"


def test_an_interrupted_copy_leaves_nothing_that_is_shown(classroom, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cutaway.studio.classroom.shutil.copytree", full)
    answer = post(classroom, "/api/class/runs", {"run": "20261130-080000-toy-cccc"})
    assert answer.status == 409
    assert "Ada" in answer.json["error"]
    assert not list(classroom.settings.people[2].runs.iterdir())


def test_what_is_kept_of_a_run_is_found_for_its_copies_whatever_they_are_called(classroom):
    run = "20261130-080000-toy-cccc"
    teacher, ada, bob = (person.runs for person in classroom.settings.people)
    (teacher / run / "title.txt").write_text("Overfits\n")
    post(classroom, "/api/class/runs", {"run": run})
    keys = {who: classroom.ask_for("sections", token=token(classroom, who), run=run).json["key"] for who in ("", "Ada")}
    classroom.ask(f"/api/runs/{run}/title", method="PUT", body=b'{"title": "Mine"}', token=token(classroom, "Bob"))
    keys["Bob"] = classroom.ask_for("sections", token=token(classroom, "Bob"), run=run).json["key"]
    assert len(set(keys.values())) == 1, keys
    (job,) = classroom.app.state.manager._jobs.values()
    assert set(job.callbacks) == {teacher, ada, bob}, "all of them wait for one computation, and are told of it"
    for folder in (ada, bob):
        assert RunFolder.open(folder / run).identity() == RunFolder.open(teacher / run).identity()
    titles = [
        classroom.ask(f"/api/runs/{run}", token=token(classroom, who)).json["title"] for who in ("", "Ada", "Bob")
    ]
    assert titles == ["Overfits", "Overfits", "Mine"]


@pytest.mark.parametrize("kind", ["sheet", "label_issues"])
def test_copies_have_their_own_decisions_and_searches_for_label_issues(classroom, kind):
    run = "20261130-080000-toy-cccc"
    post(classroom, "/api/class/runs", {"run": run})
    keys = {classroom.ask_for(kind, token=token(classroom, who), run=run).json["key"] for who in ("", "Ada", "Bob")}
    assert len(keys) == 3


def test_other_runs_share_nothing(classroom, new_run):
    teacher, ada, _ = (person.runs for person in classroom.settings.people)
    for folder, accuracy in ((teacher, 0.5), (ada, 0.75)):
        new_run(folder / "20261130-110000-toy-dddd", accuracy=accuracy)
    keys = {
        classroom.ask_for("sections", token=token(classroom, who), run="20261130-110000-toy-dddd").json["key"]
        for who in ("", "Ada")
    }
    assert len(keys) == 2


def test_links_are_not_handed_out(classroom, tmp_path):
    run = "20261130-080000-toy-cccc"
    own, secret = classroom.settings.people[0].runs / run, tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    (own / "folder").symlink_to(secret)
    (own / "key").symlink_to(secret / "key")
    assert post(classroom, "/api/class/runs", {"run": run}).json == {"given": 2, "had": 0}
    ada = classroom.settings.people[1].runs / run
    assert {file.name for file in own.iterdir()} - {file.name for file in ada.iterdir()} == {"folder", "key"}


def test_a_file_that_cannot_be_copied_is_said_in_a_line(classroom):
    run = "20261130-080000-toy-cccc"
    os.mkfifo(classroom.settings.people[0].runs / run / "pipe")
    answer = post(classroom, "/api/class/runs", {"run": run})
    assert answer.status == 409
    assert "\n" not in answer.json["error"]


def test_a_folder_in_place_of_the_tasks_is_said(classroom):
    (classroom.settings.people[0].runs / TASKS_FILE).mkdir()
    assert classroom.ask("/api/class").status == 409


@pytest.mark.parametrize("run", ["../runs", "20261130-090000-toy-aaaa", "people", ""])
def test_only_own_runs_are_handed_out(classroom, run):
    assert post(classroom, "/api/class/runs", {"run": run}).status == 404


def test_a_run_that_trains_is_not_handed_out(classroom, new_run, monkeypatch):
    row = {"state": "running"}
    monkeypatch.setattr(type(classroom.workspace.index), "refresh", lambda *_: row)
    assert post(classroom, "/api/class/runs", {"run": "20261130-080000-toy-cccc"}).status == 400
    assert not list(classroom.settings.people[2].runs.iterdir())


@pytest.mark.parametrize(
    ("path", "method"), [("/api/class", "GET"), ("/api/class/runs/x", "GET"), ("/api/class/runs", "POST")]
)
def test_students_see_nobody(classroom, path, method):
    answer = classroom.ask(path, method=method, body=b'{"run": "x"}', token=token(classroom, "Ada"))
    assert (answer.status, "people" in answer.json) == (400, False)


def test_each_sees_their_own_tasks_and_the_first_time_counts(classroom):
    post(classroom, "/api/tasks", DONE, "Ada")
    post(classroom, "/api/tasks", {**DONE, "step": 9}, "Ada")
    post(classroom, "/api/tasks", {**DONE, "name": "zeros"}, "Bob")
    tasks = {
        name: classroom.ask("/api/tasks", token=token(classroom, name)).json["tasks"] for name in ("Ada", "Bob", "")
    }
    assert tasks["Ada"]["spiral"]["step"] == 412
    assert [list(tasks[name]) for name in tasks] == [["spiral"], ["zeros"], []]


def test_who_only_looks_can_do_tasks(in_process, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    people = make_people(tmp_path / "runs", ["Eve"])
    studio = in_process(people=people)
    assert post(studio, "/api/tasks", DONE, "Eve").status == 200
    assert studio.ask("/api/class").json["people"] == [
        {"name": "Eve", "own": False, "tasks": {"spiral": {k: DONE[k] for k in DONE if k != "name"}}}
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../x"},
        {"name": "S"},
        {"when": "<b>"},
        {"step": -1},
        {"address": "a" * 801},
        {"address": "\N{GRINNING FACE}"},
        {"more": 1},
        {"step": "x"},
    ],
)
def test_a_task_that_is_none_is_refused(classroom, change):
    assert post(classroom, "/api/tasks", {**DONE, **change}, "Ada").status == 422
    assert not (classroom.settings.people[0].runs / TASKS_FILE).exists()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"Ada": 3}', b'{"Ada": {"spiral": {}}}', b"\xff", b"[" * 50_000])
def test_a_damaged_file_of_tasks_is_said_and_kept(classroom, content):
    file = classroom.settings.people[0].runs / TASKS_FILE
    file.write_bytes(content)
    for answer in (classroom.ask("/api/class"), post(classroom, "/api/tasks", DONE, "Ada")):
        assert answer.status == 409
    assert file.read_bytes() == content


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_a_pipe_in_the_place_of_tasks_or_links_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / TASKS_FILE, 0o600)
    with pytest.raises(RunError, match=TASKS_FILE):
        DoneTasks(tmp_path).everybody()
    assert _read_tokens(tmp_path / TASKS_FILE) == {}


def test_tasks_of_one_person_are_bounded(classroom):
    for k in range(45):
        post(classroom, "/api/tasks", {**DONE, "name": f"task-{'x' * (k // 26)}{chr(97 + k % 26)}"}, "Ada")
    assert len(classroom.ask("/api/tasks", token=token(classroom, "Ada")).json["tasks"]) == 20


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_of_the_class(studio_of, open_page, quiet, new_run, serious_faults):
    studio = studio_of("")
    new_run(studio_of("Ada").folder / "20261130-090000-toy-aaaa")
    done = {name: {key: DONE[key] for key in DONE if key != "name"} for name in ("overfit", "zeros", "from-later")}
    (studio.folder / TASKS_FILE).write_text(json.dumps({"Ada": done}))
    opened = open_page(studio, "/class", **quiet)
    page = opened.page
    opened.wait("document.querySelector('tr[data-person=Ada] td:nth-of-type(2)')?.textContent === '1'")
    people = page.locator("tr[data-person]").evaluate_all("rows => rows.map((row) => row.dataset.person)")
    assert people == [person["name"] for person in studio.ask("/api/class").json["people"]]
    assert page.locator("tr[data-person=Ada] td").last.text_content().startswith("3: ")
    assert serious_faults(page) == []
    asked = []  # what the server does with it is above; here it would put a run into the folders of other tests

    def give(route):
        asked.append(route.request.post_data_json)
        route.fulfill(json={"given": 2, "had": 0})

    page.route("**/api/class/runs", give)
    opened.open("/runs/first")
    page.get_by_role("button", name="Give to all").click()
    page.get_by_role("dialog").get_by_role("button", name="Give to all").click()
    opened.wait("document.querySelector('.studio-message')")
    assert asked == [{"run": "first"}]
    opened.check_quiet()


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.browser
def test_no_page_of_a_class_is_wider_than_a_phone(start_studio, tmp_path, new_run, open_page):
    name = "Maximiliane-Alexandra von der Hohenfels-Unterleithenmueller"
    (tmp_path / "class.txt").write_text(name)
    long = "a run with a title that is longer than a phone is wide, and then some more of it"
    for folder in ("runs", f"runs/people/{name}"):
        new_run(tmp_path / folder / "20261130-080000-toy-cccc", title=long)
    studio = start_studio(tmp_path / "runs", "--people", tmp_path / "class.txt", "--own-folders", links=2)
    links = [line.split()[-1] for line in studio.printed if "token=" in line]
    for link in links:
        page = open_page(SimpleNamespace(url=studio.url, link=link), "/", viewport={"width": 390, "height": 800})
        for path in ("/", "/class", "/data", "/train", "/runs/20261130-080000-toy-cccc"):
            if path == "/class" and link != links[0]:
                continue
            page.open(path)
            wide = page.page.evaluate(
                """[...document.querySelectorAll("body *")].filter((each) => {
                  const { left, right, width } = each.getBoundingClientRect();
                  return width && (left < 0 || right > innerWidth);
                }).map((each) => each.outerHTML.slice(0, 180))"""
            )
            assert (path, wide, page.page.evaluate("document.documentElement.scrollWidth")) == (path, [], 390)


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.browser
def test_a_task_that_is_done_reaches_the_teacher_and_is_remembered_and_a_run_is_given(
    start_studio, open_page, tmp_path, new_run
):
    new_run(tmp_path / "runs" / "mine")
    studio = start_studio(None, "--students", "2", "--own-folders", links=3)
    page = open_page(studio, "/playground#data=moons")
    done = page.page.evaluate(
        """async () => {
          const headers = { "x-cutaway": "1", "content-type": "application/json" };
          const body = JSON.stringify({ name: "spiral", when: new Date().toISOString(), address: "", step: 3 });
          return (await fetch("api/tasks", { method: "POST", headers, body })).status;
        }"""
    )
    assert done == 200, "the policy of the page lets it tell the studio"
    page.page.reload()
    page.page.wait_for_selector("html[data-ready]")
    page.page.wait_for_selector("li.task.done", state="attached")
    page.open("/runs/mine")
    page.page.get_by_role("button", name="Give to all").click()
    page.page.get_by_role("dialog").get_by_role("button", name="Give to all").click()
    page.wait("document.querySelector('.studio-message')")
    assert {path.parent.name for path in (tmp_path / "runs" / "people").glob("*/mine")} == {"student-01", "student-02"}
    page.check_quiet()
