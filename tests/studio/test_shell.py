"""The document that every view of the studio is shown in."""

import json
import re

from cutaway.studio import Person


def test_all_modules_are_asked_for_at_once(in_process):
    studio = in_process()
    shell = studio.ask("/").body.decode()
    preloaded = re.findall(r'<link rel="modulepreload" href="([^"]+)">', shell)
    sources = {path: studio.ask(path).body.decode() for path in preloaded}
    imported = {
        "/".join(_resolved(path, name))
        for path, source in sources.items()
        for name in re.findall(r'^import (?:\{[^}]*\} from )?"([^"]+)";', source, re.MULTILINE)
    }
    entry = re.search(r'<script type="module" src="([^"]+)">', shell)[1]
    assert imported | {entry} == set(preloaded)
    assert len(preloaded) > 30


def test_an_address_without_a_view_is_a_page_and_one_of_data_is_a_line(in_process):
    studio = in_process()
    for path in ("/nowhere", "/runs/a/b/c", "/docs/x"):
        answer = studio.ask(path)
        assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert b"studioView" in answer.body
    answer = studio.ask("/api/nowhere")
    assert (answer.status, answer.body) == (404, b"There is nothing at this address.\n")
    assert studio.ask("/nowhere", method="POST").status in (404, 405)


def _resolved(path, name):
    """The parts of the address that an import names."""
    parts = path.split("/")[:-1]
    for part in name.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return parts


def test_the_shell_of_a_reader_says_so_and_a_name_is_text(in_process, tmp_path):
    (tmp_path / "runs").mkdir(exist_ok=True)
    ada = Person("<b>Ada</b>", tmp_path / "runs", writes=False)
    shell = in_process(people=(ada,)).ask("/", token=ada.token).body.decode()
    assert 'data-writes="no"' in shell
    assert "<b>Ada" not in shell
    assert "&lt;b&gt;Ada&lt;/b&gt;" in shell


def test_the_form_for_a_training_has_its_maps_loaded_unless_a_training_would_pay(
    in_process, monkeypatch, tmp_path, new_run
):
    monkeypatch.setattr("cutaway.studio.workspace.free_memory", lambda: 4 << 30)
    ada, ben = (Person(name, tmp_path / "runs", writes=name == "Ada") for name in ("Ada", "Ben"))
    studio, loaded = in_process(people=(ada, ben)), []
    monkeypatch.setattr("cutaway.jobs.JobManager.warm", lambda _, *queues: loaded.append(queues))

    def visit(person, view):
        loaded.clear()
        assert studio.ask(f"/{view}", token=person.token).status == 200
        assert loaded == [], "a GET starts nothing"
        body = json.dumps({"view": view}).encode()
        assert studio.ask("/api/visits", method="POST", body=body, token=person.token).status == 200
        return list(loaded)

    pages = ("look", "view")
    assert visit(ada, "") == [pages]
    assert visit(ben, "train") == [pages]
    assert visit(ada, "train") == [pages, ("live",)]
    monkeypatch.setattr("cutaway.studio.workspace.free_memory", lambda: 1 << 30)
    assert visit(ada, "train") == [pages]
    monkeypatch.setattr("cutaway.studio.workspace.free_memory", lambda: 4 << 30)
    new_run(tmp_path / "runs" / "busy", status="running")
    studio.workspace.scan()
    assert visit(ada, "train") == [pages]


def test_in_a_classroom_a_form_loads_nothing(in_process, monkeypatch, tmp_path):
    people = [Person(name, tmp_path / "runs" / name) for name in ("", "Ada")]
    for person in people:
        person.runs.mkdir(parents=True, exist_ok=True)
    studio = in_process(people=tuple(people))
    loaded = []
    monkeypatch.setattr("cutaway.jobs.JobManager.warm", lambda _, *queues: loaded.append(queues))
    monkeypatch.setattr("cutaway.studio.workspace.free_memory", lambda: 4 << 30)
    for person in people:
        answer = studio.ask("/api/visits", method="POST", body=b'{"view": "train"}', token=person.token)
        assert answer.status == 200
    assert loaded == [("look", "view")] * 2, "20 students, 20 processes"
