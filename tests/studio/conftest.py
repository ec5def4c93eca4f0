"""Studios in processes of their own, folders of runs made without training, and pages of it in Chromium."""

import asyncio
import copy
import csv
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from cutaway.runs import RunWriter

LINK = re.compile(r"(https?)://(\[[^\]]+\]|[^:/\s]+):(\d+)(/\S*)?/\?token=(\S+)")

LAYERS = (
    {"kind": "Dense", "name": "dense", "inputs": ["input"], "config": {"units": 8, "activation": "relu"}},
    {"kind": "Dense", "name": "output", "inputs": ["dense"], "config": {"units": 2, "activation": "softmax"}},
)
MODEL = {
    "name": "model",
    "kind": "Sequential",
    "input": {"name": "input", "shape": [4]},
    "layers": list(LAYERS),
    "output": "output",
}


def manifest(*, data="toy", epochs=3, classes=("left", "right"), **fields):
    """What a run says of itself, without a training."""
    dataset = {"name": data, "sha256": "0" * 64, "origin": {"kind": "arrays"}, "shape": [4], "scale": 1.0}
    dataset["class_names"] = list(classes)
    return {"dataset": dataset, "split": {}, "model": MODEL, "config": {"epochs": epochs}, "seed": 0, **fields}


def write_run(path, *, done=3, status="finished", accuracy=0.9, **fields):
    """Write a run folder with ``done`` epochs and without weights; with the status "running", as a training has it."""
    writer = RunWriter.create_at(path, manifest=manifest(**fields))
    for epoch in range(1, done + 1):
        share = epoch / (done + 1)
        row = {"loss": 1 - share, "accuracy": share, "val_loss": 1.1 - share, "val_accuracy": share * accuracy}
        writer.epoch({"epoch": epoch, **row, "seconds": 0.5, "samples_per_second": 1000.0})
    if status == "finished":
        writer.finish(
            status,
            test={"loss": 0.3, "accuracy": accuracy, "cross_entropy": 0.3},
            kept_epoch=done,
            cost={"training": 1.5},
        )
    elif status != "running":
        writer.finish(status, why="it was stopped")
    else:
        writer.close()
    return path


QUIET = {"held": re.compile(r"/api/jobs/(?!survey)\w+$"), "reduced_motion": "reduce"}
"""For a page of which no test needs a map: it waits for ever for what loads JAX in a process, and nothing moves."""

PEOPLE = ("Ada", "Bob", "list", "data", "train", "queue")
"""Who is in the studio that all tests share: what one test makes or deletes in a folder of theirs, no other sees."""


class Studio:
    """`cutaway studio` in a process of its own.

    Attributes:
        link: The first link that it printed, with the token.
        url: Its address, without a slash at its end.
        token: The token of the first link.
        process: The process.
        printed: The lines until the last link.
    """

    def __init__(self, folder, *arguments, cache, environment=None, links=1):
        self.folder = folder
        command = [sys.executable, "-c", "from cutaway.cli import main; main()", "studio", str(folder), "--no-open"]
        command += map(str, arguments)
        if "--port" not in command:
            command += ["--port", "0"]
        # a machine that runs other tests as well would let a process of a low priority wait for minutes
        own = {"XDG_CACHE_HOME": str(cache), "CUTAWAY_MOST_NICE": "0", "PYTHONUNBUFFERED": "1"}
        env, pipe = {**os.environ, **own, **(environment or {})}, subprocess.PIPE
        self.process = subprocess.Popen(command, env=env, cwd=folder.parent, stdout=pipe, stderr=pipe, text=True)
        self.printed = []
        found = None
        late = threading.Timer(60, self.process.kill)
        late.start()
        while links:
            line = self.process.stdout.readline()
            assert line, (self.printed, self.process.communicate()[1])
            self.printed.append(line)
            if match := LINK.search(line):
                found = found or match
                links -= 1
        late.cancel()
        self.link, self.token = found[0], found[5]
        self.scheme, self.host, self.port, self.base = found[1], found[2].strip("[]"), int(found[3]), found[4] or ""
        self.url = f"{self.scheme}://{found[2]}:{self.port}{self.base}"

    def of(self, token, folder):
        """The same studio as another person has it."""
        other = copy.copy(self)
        other.link, other.token, other.folder = self.link.replace(self.token, token), token, folder
        return other

    @property
    def cookie(self):
        return f"cutaway-{self.port}={self.token}"

    def ask(self, path="/api/runs", *, method="GET", body=None, headers=None, token=None):
        """Send a request with the cookie, and the header that lets it change something.

        Returns:
            ``status``, ``headers``, ``body`` (bytes) and ``json`` (parsed, or None).
        """
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        cookie = self.cookie if token is None else f"cutaway-{self.port}={token}"
        given = {"cookie": cookie, "x-cutaway": "1", **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body, given = json.dumps(body).encode(), {"content-type": "application/json", **given}
        try:
            given = {name: value for name, value in given.items() if value is not None}
            connection.request(method, f"{self.base}{path}", body=body, headers=given)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        try:
            parsed = json.loads(data)
        except ValueError:
            parsed = None
        return SimpleNamespace(status=answer.status, headers=answer.headers, body=data, json=parsed)

    def ask_for(self, kind, *, page="a", again=False, **job):
        """Ask for a job as a page does."""
        return self.ask(f"/api/jobs/{kind}", method="POST", body={"page": page, "again": again, "job": job})

    def end(self, signal_number=signal.SIGTERM, *, within=20):
        """End it by a signal and wait; returns its exit status and what it wrote to stderr."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            _, errors = self.process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return self.process.returncode, errors


class StudioPage:
    """A page of a studio in Chromium, which reaches that studio only.

    Attributes:
        page: Playwright's page.
        complaints: Errors and warnings of its console.
        foreign: Requests to anywhere else, which were refused.
    """

    def __init__(self, browser, studio, path, *, held=re.compile("$^"), **options):
        """Args: held: What the page asks for in vain."""
        self.studio, self._held, self._waiting = studio, held, []
        self.context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        self.complaints, self.foreign = [], []
        self.context.route("**/*", self._gate)
        self.page = self.context.new_page()
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        address, number, part = path.partition("#")
        token = studio.link.partition("?")[2]
        self.open(f"{address}{'&' if '?' in address else '?'}{token}{number}{part}")

    def _gate(self, route):
        url = route.request.url
        if url.endswith("/api/visits"):  # which would load processes that many pages do not need
            route.fulfill(json={})
        elif self._held.search(url):
            self._waiting.append(route)
        elif url.startswith((f"{self.studio.url}/", "data:", "blob:")):
            route.continue_()
        else:
            self.foreign.append(url)
            route.abort()

    def open(self, path):
        """Go to another path of the studio."""
        self.page.goto(f"{self.studio.url}{path}")
        self.ready()

    def ready(self):
        """Wait until the view is there."""
        self.page.wait_for_selector("html[data-ready]")

    def wait(self, expression, *, seconds=20):
        """Wait until an expression is true; the page's policy forbids `wait_for_function`, which compiles a text."""
        end, pause = time.monotonic() + seconds, 20
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, expression
            self.page.wait_for_timeout(pause)
            pause = min(1.3 * pause, 200)  # each question takes 4 ms of four processes

    def close(self):
        """Close the page, with what it waits for."""
        for route in self._waiting:
            route.abort()
        self.context.close()

    def check_quiet(self):
        """No error, no warning, and no request to anywhere else."""
        assert self.complaints == []
        assert self.foreign == []


class InProcess:
    """The application of a studio without a server: requests go straight through its gate.

    Attributes:
        gate: The application.
        app: The FastAPI application behind the gate.
    """

    def __init__(self, settings):
        from cutaway.studio.app import create_app

        self.settings, self.gate = settings, create_app(settings)
        self.app = self.gate.app
        self._loop = asyncio.new_event_loop()
        # in a thread of its own: in that of the tests the loop of Playwright runs, where a browser is open
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    @property
    def workspace(self):
        return next(iter(self.app.state.workspaces.values()))

    def ask(self, path="/api/runs", *, method="GET", query="", headers=None, body=b"", chunks=None, token=None):
        """Send a request with the cookie of the first person, or of a token; "" for none. None leaves a header out."""
        token = self.settings.people[0].token if token is None else token
        given = {"host": f"127.0.0.1:{self.settings.port}", "x-cutaway": "1", "content-type": "application/json"}
        given |= {"cookie": f"{self.settings.cookie}={token}"} if token else {}
        given |= headers or {}
        pairs = [(k.encode(), v.encode("latin-1")) for k, v in given.items() if v is not None]
        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": pairs}
        scope |= {"asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": ""}
        scope |= {"server": ("127.0.0.1", self.settings.port), "client": ("127.0.0.1", 1), "raw_path": path.encode()}
        parts, sent = [body] if chunks is None else list(chunks), []

        async def receive():
            if not parts:
                await asyncio.sleep(3600)
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message):
            sent.append(message)

        self._run(self.gate(scope, receive, send))
        data = b"".join(message.get("body", b"") for message in sent[1:])
        answered = {k.decode(): v.decode("latin-1") for k, v in sent[0]["headers"]}
        parsed = json.loads(data) if "json" in answered.get("content-type", "") else None
        return SimpleNamespace(status=sent[0]["status"], headers=answered, body=data, json=parsed)

    def ask_for(self, kind, *, page="a", again=False, headers=None, token=None, **job):
        """Ask for a job as a page does."""
        body = json.dumps({"page": page, "again": again, "job": job}).encode()
        return self.ask(f"/api/jobs/{kind}", method="POST", body=body, headers=headers, token=token)

    def close(self):
        self.app.state.manager.close()
        for workspace in set(self.app.state.workspaces.values()):
            workspace.close()
        self._run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def in_process(tmp_path, monkeypatch):
    """Make the application of a studio on a folder, with people and other settings if any: see `InProcess`."""
    from cutaway.studio import Person, StudioSettings

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # whoever asks for a page starts processes
    monkeypatch.setattr("cutaway.jobs.JobManager.warm", lambda *_: None)
    made = []

    def make(**settings):
        runs = tmp_path / "runs"
        runs.mkdir(exist_ok=True)
        made.append(InProcess(StudioSettings(**({"people": (Person("", runs),)} | settings))))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def new_run():
    """Write a run folder without training: see `write_run`."""
    return write_run


@pytest.fixture(scope="session")
def trained(tmp_path_factory, ready_run):
    """A folder with two runs on the same digits, which no test changes."""
    folder = tmp_path_factory.mktemp("trained") / "runs"
    for name, run in (("first", "digits"), ("second", "other")):
        # no label issues were looked for in these runs, whatever other tests have asked the shared ones
        kept = shutil.ignore_patterns("folds", "labels.csv")
        shutil.copytree(ready_run(run).path, folder / name, ignore=kept)
    return folder


@pytest.fixture(scope="session")
def studio_of(trained, tmp_path_factory):
    """The one studio that all tests share, as a person of `PEOPLE` has it; of "" are the runs of `trained`.

    There one training runs at a time, and tables are chosen below the folder "data" beside that of the runs.
    """
    place = tmp_path_factory.mktemp("shared")
    shutil.copytree(trained, place / "runs")
    (place / "data").mkdir()
    (place / "class.txt").write_text("\n".join(PEOPLE))
    given = ["--people", place / "class.txt", "--own-folders", "--links", place / "links.csv", "--parallel", "1"]
    given += ["--data", place / "data"]
    one = Studio(place / "runs", *given, cache=place / "cache")
    with open(place / "links.csv", newline="", encoding="utf-8") as file:
        tokens = {row["Name"]: row["Link"].partition("token=")[2] for row in csv.DictReader(file)}
    people = {name: one.of(tokens[name], place / "runs" / "people" / name) for name in PEOPLE}
    yield {"": one, **people}.__getitem__
    one.end()


@pytest.fixture
def start_studio(tmp_path):
    """Start a studio on a folder, with more arguments of the command line if any: see `Studio`."""
    started = []

    def start(folder=None, *arguments, **options):
        started.append(Studio(folder or tmp_path / "runs", *arguments, cache=tmp_path / "cache", **options))
        return started[-1]

    yield start
    for studio in started:
        if studio.process.poll() is None:
            studio.process.kill()
        studio.process.communicate()


def pages_of(browser):
    """Yield what opens a path of a studio in Chromium, and close what it has opened."""
    opened = []

    def open_one(studio, path="/", **options):
        opened.append(StudioPage(browser, studio, path, **options))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def open_page(browser):
    """Open a path of a studio in Chromium: see `StudioPage`."""
    yield from pages_of(browser)


@pytest.fixture(scope="module")
def shared_page(browser):
    """Open a page that all tests of a file share."""
    yield from pages_of(browser)


@pytest.fixture
def quiet():
    """Given to `open_page`: the page gets no maps and no sections of runs, see `QUIET`."""
    return QUIET
