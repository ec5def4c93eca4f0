"""Who may come in: every route is behind the gate, and the gate lets nobody else in."""

import re
from urllib.parse import urljoin

import pytest

from cutaway.errors import UsageError
from cutaway.jobs.specifications import KINDS
from cutaway.studio import Person, StudioSettings, gate
from cutaway.studio.gate import BODY_BYTES, OPEN
from cutaway.studio.routes import ROUTERS


def routes(app):
    """Every route of the application with every method, its path with something in the place of each parameter."""
    listed = [route for router in ROUTERS for route in router.routes]
    assert len(app.routes) == len(ROUTERS)  # there are no others
    found = [
        (method, re.sub(r"\{[^}]*\}", "x", route.path), route.path)
        for route in listed
        for method in sorted(route.methods)
    ]
    assert {"/", "/api/runs", "/api/events", "/static/{digest}/{name:path}"} <= {path for _, _, path in found}
    assert not any(method in ("HEAD", "OPTIONS") for method, _, _ in found)
    return [(method, path) for method, path, _ in found]


@pytest.mark.parametrize(
    "token",
    ["", "wrong", "A" * 43, "é", "a b"],
    ids=["none", "wrong", "of the right length", "no ASCII", "with a space"],
)
def test_every_route_is_closed_without_a_token(in_process, token):
    studio = in_process()
    for method, path in routes(studio.app):
        answer = studio.ask(path, method=method, token=token)
        assert answer.status == 401, (method, path)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert studio.ask("/nowhere", token=token).status == 401
    assert studio.ask("/openapi.json").status == studio.ask("/docs").status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example:8765"}, 400),
        ({"host": "127.0.0.1"}, 400),
        ({"host": "127.0.0.1:8766"}, 400),
        ({"host": "127.0.0.1:8765.evil.example"}, 400),
        ({"host": "127.0.0.1:8765, evil.example"}, 400),
        ({"host": None}, 400),
        ({"host": "evil.example", "x-forwarded-host": "127.0.0.1:8765"}, 400),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "https://127.0.0.1:8765"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, 403),
        ({"sec-fetch-site": "cross-site, same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}, 403),
    ],
)
def test_every_route_refuses_other_hosts_and_the_pages_of_others(in_process, headers, status):
    studio = in_process()
    for method, path in routes(studio.app):
        assert studio.ask(path, method=method, headers=headers).status == status, (method, path)


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765", "[::1]:8765"])
def test_the_names_of_this_machine_are_let_in(in_process, host):
    studio = in_process()
    assert studio.ask(headers={"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}).status == 200


def test_every_route_that_changes_something_needs_the_header_and_a_person_who_may(in_process, tmp_path):
    reader = Person("ada", tmp_path / "runs", writes=False)
    studio = in_process(people=(Person("", tmp_path / "runs"), reader))
    changing = [(method, path) for method, path in routes(studio.app) if method != "GET"]
    assert len(changing) >= 4
    # whoever looks may leave again, has their own pages load what they show, and does tasks
    theirs = [("DELETE", "/api/jobs"), ("DELETE", "/api/jobs/x"), ("POST", "/api/visits"), ("POST", "/api/tasks")]
    assert set(theirs) < set(changing)
    for method, path in changing:
        assert studio.ask(path, method=method, headers={"x-cutaway": None}).status == 403, (method, path)
        if (method, path) not in theirs:
            assert studio.ask(path, method=method, token=reader.token).status == 403, (method, path)
    assert studio.ask(token=reader.token).status == 200
    assert 'data-writes="no"' in studio.ask("/", token=reader.token).body.decode()


def test_every_answer_carries_the_policy(in_process):
    studio = in_process()
    for path in ("/", "/api/runs", "/nowhere", "/static/x/y.js"):
        headers = studio.ask(path).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert studio.ask("/api/runs").headers["cache-control"] == "no-store"


def test_a_link_becomes_a_cookie_and_leads_to_the_same_address_without_the_token(in_process):
    studio = in_process()
    token = studio.settings.people[0].token
    answer = studio.ask("/runs/b%", query=f"find=x%26y&token={token}&sort=name", token="")
    assert answer.status == 303
    assert answer.headers["location"] == "./b%25?find=x%26y&sort=name"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"cutaway-8765={token}; HttpOnly; Path=/; SameSite=strict")
    assert "Secure" not in cookie
    wrong = studio.ask("/", query="token=wrong", token="")
    assert (wrong.status, wrong.headers.get("set-cookie")) == (401, None)


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example", "///evil.example", "/\\/evil.example"])
def test_a_link_never_leads_elsewhere(in_process, path):
    studio = in_process()
    answer = studio.ask(path, query=f"token={studio.settings.people[0].token}", token="")
    address = f"http://127.0.0.1:8765{path}"
    assert urljoin(address, answer.headers["location"].replace("\\", "/")).startswith("http://127.0.0.1:8765/")


def test_a_link_on_another_site_is_followed_once_more_from_our_own_page(in_process):
    studio = in_process()
    visit = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    for token in ("", None):  # a browser sends no cookie with such a request, and nothing depends on one
        answer = studio.ask("/runs/<a>", query='find="', headers=visit, token=token)
        assert answer.status == 200
        assert b'content="0;url=./%3Ca%3E?find=%22"' in answer.body
    entered = studio.ask("/", query=f"token={studio.settings.people[0].token}", headers=visit, token="")
    assert entered.status == 303
    assert studio.ask("/api/trash", method="DELETE", headers=visit).status == 403  # only GET is a visit


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_links_on_other_sites_lead_to_pages_only(in_process, site):
    studio = in_process()
    visit = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    token = studio.settings.people[0].token
    for _, path in [pair for pair in routes(studio.app) if pair[0] == "GET"]:
        expected = 403 if path.startswith("/api/") else 200
        assert studio.ask(path, headers=visit).status == expected, path
        assert studio.ask(path, query=f"token={token}", headers=visit).status == (403 if expected == 403 else 303), path


PATHS = ("train", "like", "resume")
"""Kinds whose specification names paths, or starts trainings: pages ask for them elsewhere, or not at all."""


@pytest.mark.parametrize("kind", PATHS)
def test_what_names_paths_is_no_job_that_is_asked_for_by_address(in_process, tmp_path, kind):
    reader = Person("ada", tmp_path / "runs", writes=False)
    studio = in_process(people=(Person("", tmp_path / "runs"), reader))
    job = {"train": {"data": "/etc/secret.csv"}}.get(kind, {"run": "a"})
    assert studio.ask_for(kind, token=reader.token, **job).status == 403
    assert studio.ask_for(kind, **job).status == 400
    assert studio.app.state.manager._jobs == {}


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(PATHS)))
def test_the_specification_of_a_job_says_who_may_ask_for_it(in_process, new_run, tmp_path, kind):
    for run in ("a", "b"):
        new_run(tmp_path / "runs" / run)
    reader = Person("ada", tmp_path / "runs", writes=False)
    studio = in_process(people=(Person("", tmp_path / "runs"), reader))
    own = {"survey": {"data": {"place": "bundled", "name": "digits"}}}
    job = own.get(kind, {"run": "a"})
    job |= {"compare": {"against": "b"}, "remedy": {"finding": "x"}}.get(kind, {})
    assert studio.ask_for(kind, headers={"x-cutaway": None}, **job).status == 403
    answer = studio.ask_for(kind, token=reader.token, **job)
    if kind in ("label_issues", "remedy", "survey"):
        assert answer.status == 403
    else:
        assert answer.json["state"] == "waiting"
    assert studio.ask_for(kind, **job).json["state"] == "waiting"
    assert studio.ask(f"/api/jobs/{kind}", query="run=a").status == 405, "a GET starts nothing"


def test_nobody_cancels_what_another_person_waits_for(in_process, new_run, tmp_path):
    new_run(tmp_path / "runs" / "a")
    reader = Person("ada", tmp_path / "runs", writes=False)
    studio = in_process(people=(Person("", tmp_path / "runs"), reader))
    manager = studio.app.state.manager  # not started: everything waits
    key = studio.ask_for("sections", page="p", run="a").json["key"]
    for path, query in (("", "page=p"), (f"/{key}", "page=p"), ("", ""), (f"/{key}", ""), ("", "page=/p")):
        answer = studio.ask(f"/api/jobs{path}", method="DELETE", query=query, token=reader.token)
        assert answer.status == 200
        assert list(manager._jobs) == [key]
    studio.ask("/api/jobs", method="DELETE", query="page=p")
    assert manager._jobs == {}


def test_other_cookies_of_this_machine_do_no_harm(in_process):
    studio = in_process()
    token = studio.settings.people[0].token
    odd = '{"a": 1}; =x; b=[1,2]; ' + "cutaway-8765=old; " * 200 + f'_xsrf="2|a;b"; cutaway-8765={token}; é=ü'
    assert studio.ask(headers={"cookie": odd}).status == 200
    assert studio.ask(headers={"cookie": f"cutaway-8766={token}"}).status == 401


@pytest.mark.parametrize(
    "more", [{"headers": {"x": "y" * 65_536}}, {"query": "y" * 65_536}, {"path": "/" + "y" * 65_536}]
)
def test_a_header_is_bounded(in_process, more):
    studio = in_process()
    assert studio.ask(**more).status == 431
    assert studio.ask(headers={"x": "y" * 60_000}).status == 200


@pytest.mark.parametrize("claims", [None, "10", "0", "-5", "1e9", "²"])
def test_a_body_is_bounded_whatever_it_claims(in_process, new_run, tmp_path, claims):
    new_run(tmp_path / "runs" / "a")
    studio = in_process()
    parts = [b'{"title": "'] + [b"x" * 65536] * (BODY_BYTES // 65536 + 1) + [b'"}']
    headers = {"content-length": claims, "transfer-encoding": None if claims else "chunked"}
    answer = studio.ask("/api/runs/a/title", method="PUT", chunks=parts, headers=headers)
    assert answer.status in (400, 413)
    assert not (tmp_path / "runs" / "a" / "title.txt").exists()
    too_long = studio.ask(
        "/api/runs/a/title", method="PUT", body=b"{}", headers={"content-length": str(BODY_BYTES + 1)}
    )
    assert too_long.status == 413


def test_a_compressed_body_is_refused(in_process):
    studio = in_process()
    answer = studio.ask("/api/runs/a/title", method="PUT", body=b"\x1f\x8b", headers={"content-encoding": "gzip"})
    assert answer.status == 415


def test_who_asks_too_often_waits_and_others_do_not(in_process, tmp_path, monkeypatch):
    monkeypatch.setattr(gate, "BURST", 25)
    monkeypatch.setattr(gate, "RATE", 0.0)  # as if no time passed
    people = (Person("", tmp_path / "runs"), Person("ada", tmp_path / "runs"))
    studio = in_process(people=people)
    assert [studio.ask("/static/x/y.js").status for _ in range(15)] == [404] * 15
    assert studio.ask("/api/trash", method="DELETE").status == 200  # counts as ten
    assert studio.ask("/static/x/y.js").status == 429
    assert studio.ask(token=people[1].token).status == 200
    monkeypatch.setattr(gate, "RATE", 1e9)
    assert studio.ask("/static/x/y.js").status == 404


def test_one_person_has_so_many_open_requests_at_most(in_process):
    studio = in_process()
    studio.gate._open[""] = OPEN
    assert studio.ask().status == 429
    studio.gate._open[""] = OPEN - 1
    assert studio.ask().status == 200
    assert studio.gate._open[""] == OPEN - 1


@pytest.mark.parametrize("passes", [True, False], ids=["passes its path on", "cuts its path off"])
@pytest.mark.parametrize("base", ["/user/ada/proxy/8765", "/user/ada%40x.org/cut"])
def test_behind_a_proxy(in_process, base, passes):
    studio = in_process(behind=f"https://Hub.example.org:443{base}/")
    decoded = base.replace("%40", "@")
    before = decoded if passes else ""
    token = studio.settings.people[0].token
    assert studio.settings.link(studio.settings.people[0]) == f"https://Hub.example.org:443{base}/?token={token}"
    headers = {"host": "hub.example.org", "origin": "https://hub.example.org", "sec-fetch-site": "same-origin"}
    entered = studio.ask(f"{before}/", query=f"token={token}", headers=headers, token="")
    for asked in (f"{base}/", base):
        entered = studio.ask(asked.replace(base, before) or "/", query=f"token={token}", headers=headers, token="")
        if asked.endswith("/") or passes:  # a proxy that cuts this off must itself know that it is a folder
            assert urljoin(f"https://hub.example.org{asked}", entered.headers["location"]).endswith(f"{base}/")
    assert f"Path={base}/;" in entered.headers["set-cookie"]
    assert "Secure" in entered.headers["set-cookie"]
    assert studio.ask(f"{before}/api/runs", headers=headers).status == 200
    assert f'<base href="{base}/">' in studio.ask(before or "/", headers=headers).body.decode()
    assert studio.ask(headers={"x-forwarded-prefix": "/evil", "x-forwarded-proto": "http"}).status == 200
    assert studio.ask(headers={"host": "hub.example.org", "origin": "http://hub.example.org"}).status == 403


@pytest.mark.parametrize(
    "address",
    [
        "hub.example.org",
        "ftp://hub.example.org",
        "https://",
        "https://a@hub.example.org/",
        "https://hub.example.org/?x=1",
        "https://hub.example.org/#x",
        "https://hub.example.org:99999/",
        "https://hub.example.org/a b",
        "https://[::1/",
    ],
)
def test_what_is_no_address_of_a_proxy_is_refused(tmp_path, address):
    with pytest.raises(UsageError):
        StudioSettings(people=(Person("", tmp_path),), behind=address)


def test_an_unexpected_error_is_one_line_and_says_nothing_of_the_machine(in_process, monkeypatch):
    studio = in_process()
    monkeypatch.setattr(studio.workspace, "look", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # uvicorn writes it to the terminal
        studio.ask()


def test_a_studio_on_every_address_is_named_by_its_machine(tmp_path, monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "Lab")
    settings = StudioSettings(people=(Person("", tmp_path, token="t"),), host="0.0.0.0", port=443, tls=True)
    assert settings.link(settings.people[0]) == "https://lab/?token=t"
    assert {"lab", "localhost"} <= settings.hosts
    assert "0.0.0.0" not in settings.link(settings.people[0])
    assert settings.secure
    six = StudioSettings(people=(Person("", tmp_path, token="t"),), host="::1", port=80)
    assert six.link(six.people[0]) == "http://[::1]/?token=t"


def test_the_path_of_a_proxy_is_none_of_the_studio_s_own(in_process, tmp_path):
    own = {path.split("/")[1] for _, path in routes(in_process().app)} - {""}
    assert own
    for word in own:
        with pytest.raises(UsageError):
            StudioSettings(people=(Person("", tmp_path),), behind=f"https://lab.example.org/{word}/ada")
    assert StudioSettings(people=(Person("", tmp_path),), behind="https://lab.example.org/ada/runs").base == "/ada/runs"


def test_the_playground_has_a_policy_of_its_own(in_process):
    studio = in_process()
    answer = studio.ask("/playground")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy.pop("script-src").startswith("'sha256-")
    assert policy == {
        "default-src": "'none'",
        "worker-src": "blob:",
        "style-src": "'unsafe-inline'",
        "img-src": "data: blob:",
        "font-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["x-frame-options"] == "DENY"
    assert "workerScript" in answer.body.decode()
