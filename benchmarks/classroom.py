"""Twenty students and one machine: ``python -m benchmarks.classroom``.

A studio with a folder and a link for each student, as the guide on classrooms starts it, and requests as their pages
send them, each over connections of its own. All open the form, which looks at the data, and start a training of digits
at the same moment; each page has its stream of events, and follows its live map while it trains. Then eight open their
runs at the same moment: each page asks for a first look, the map, the sections and the sheet of label issues. Nothing
else may run.

Memory is that of the studio and all processes below it, by PSS: what they share counts once. The program is compiled
for a folder of its own, as ``cutaway demo`` does it before a lesson; what the first look compiles is not. For a try,
``CUTAWAY_CLASSROOM=3,2`` has three students, two of whom look.
"""

import contextlib
import csv
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.harness import keep, machine, verdict

STUDENTS, LOOKING = (int(each) for each in os.environ.get("CUTAWAY_CLASSROOM", "20,8").split(","))
DONE, MAPS, MEGABYTES = 210.0, 180.0, 2_500.0
KINDS = ("preview", "explore", "sections", "sheet")
TASK = {"kind": "train", "data": {"place": "bundled", "name": "digits"}}
PROGRAM = [sys.executable, "-c", "from cutaway.cli import main; main()"]


class Student:
    """A page of one student, without a browser."""

    def __init__(self, link: str) -> None:
        found = re.match(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", link)
        assert found
        self.port = int(found[1])
        self._headers = {"Cookie": f"cutaway-{found[1]}={found[2]}", "Host": f"127.0.0.1:{found[1]}", "X-Cutaway": "1"}
        self.places: list[int] = []
        self.seconds: dict[str, float] = {}
        self.run = ""
        self._happened = threading.Event()

    def ask(self, path: str, body: Any = None) -> Any:
        """The JSON of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        data = None if body is None else json.dumps(body)
        headers = self._headers | ({} if body is None else {"Content-Type": "application/json"})
        connection.request("GET" if body is None else "POST", path, data, headers)
        answer = connection.getresponse()
        found = answer.read()
        connection.close()
        assert answer.status == 200, (path, answer.status, found)
        return json.loads(found) if "json" in answer.headers["content-type"] else found

    def follow(self, take: Callable[[str, Any], None], until: threading.Event) -> None:
        """Hand on what the stream of events says, in a thread of its own, until something has happened."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", "/api/events", headers=self._headers)
        answer, begun = connection.getresponse(), threading.Event()

        def read() -> None:
            while not until.is_set():
                line = answer.readline().decode()
                if not line:
                    return  # the studio is gone
                if line.startswith("data: "):
                    name, data = json.loads(line[6:])
                    begun.set() if name == "hello" else take(name, data)
            connection.close()

        threading.Thread(target=read, daemon=True).start()
        begun.wait(60)

    def train(self, together: threading.Barrier) -> None:
        """Start a training when all do, note the places that are told, and follow its live map until it has ended."""
        asked, ended, words = threading.Event(), threading.Event(), dict[str, Any]()
        watched = -10.0

        def take(name: str, data: Any) -> None:
            asked.wait()  # what the first answer says came first
            for row in data["jobs"] if name == "jobs" else ():
                hear(row)

        def hear(row: dict[str, Any]) -> None:
            if row["place"] is not None and [row["place"]] != self.places[-1:]:
                self.places.append(row["place"])
            words.update(row)
            if row["state"] in ("ended", "failed", "died"):
                ended.set()
            if row.get("starts_in"):
                self.seconds.setdefault("told", row["starts_in"])

        self.follow(take, ended)
        together.wait()
        self.ask("/train")
        self.ask("/api/visits", {"view": "train"})
        self.ask("/api/jobs/survey", {"page": "one", "job": {"data": TASK["data"]}})
        together.wait()
        begun = time.perf_counter()
        job = self.ask("/api/trainings", TASK)
        hear(job)
        asked.set()
        while not ended.wait(1.0):
            if words["run"] and time.perf_counter() - watched > 10:
                watched = time.perf_counter()
                with contextlib.suppress(AssertionError):  # the run is not in the list yet
                    self.ask("/api/jobs/live", {"page": "one", "job": {"run": words["run"]}})
        row = self.ask(f"/api/trainings/{job['id']}")
        assert row["state"] == "ended", row
        self.seconds["trained"], self.run = time.perf_counter() - begun, row["run"]

    def look(self, together: threading.Barrier) -> None:
        """Open the page of the run when all do, and wait until its first look, its map and its sections are there."""
        done, keys = threading.Event(), dict[str, str]()
        changed = threading.Event()

        def take(name: str, data: Any) -> None:
            if name == "job" and data["state"] in ("done", "failed"):
                changed.set()

        self.follow(take, done)
        together.wait()
        begun = time.perf_counter()
        kinds = list(KINDS)
        while kinds:
            for kind in list(kinds):
                state = self.ask(f"/api/jobs/{kind}", {"page": "one", "job": {"run": self.run}})
                assert state["state"] != "failed", state
                keys[kind] = state["key"]
                if state["state"] == "done":
                    self.seconds[kind] = time.perf_counter() - begun
                    kinds.remove(kind)
            changed.wait(5.0)
            changed.clear()
        done.set()


class Studio:
    """`cutaway studio` with students, and its memory."""

    def __init__(self, room: Path) -> None:
        links = room / "links.csv"
        environment = {**os.environ, "XDG_CACHE_HOME": str(room / "cache"), "PYTHONUNBUFFERED": "1"}
        warm = "from cutaway.embedding import warm_up; warm_up()"
        subprocess.run([sys.executable, "-c", warm], env=environment, check=True)
        options = ["--students", str(STUDENTS), "--own-folders", "--links", str(links), "--no-open", "--port", "0"]
        self.process = subprocess.Popen(
            [*PROGRAM, "studio", str(room / "lesson"), *options], env=environment, stdout=subprocess.DEVNULL
        )
        while not (links.exists() and links.read_text().count("token=") >= STUDENTS):
            assert self.process.poll() is None
            time.sleep(0.1)
        with links.open(newline="") as file:
            rows = [row for row in csv.reader(file) if "token=" in row[-1]]
        self.students = [Student(row[-1]) for row in rows if row[0].startswith("student")]
        assert len(self.students) == STUDENTS, rows
        self.megabytes = dict[str, float]()
        self._phase, self._over = "", threading.Event()
        self._thread = threading.Thread(target=self._measure, daemon=True)
        self._thread.start()

    def together(self, phase: str, students: list[Student], act: Callable[[Student, threading.Barrier], None]) -> None:
        """Let students do something, all at the same moment, and wait until all have done it."""
        self._phase = phase
        barrier, failed = threading.Barrier(len(students)), list[BaseException]()

        def go(student: Student) -> None:
            try:
                act(student, barrier)
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=go, args=(student,)) for student in students]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]

    def _measure(self) -> None:
        while not self._over.wait(1.0):
            sizes = megabytes(self.process.pid)
            key = self._phase
            if sum(sizes.values()) > self.megabytes.get(key, 0.0):
                self.megabytes[key], self.parts = sum(sizes.values()), sizes
                self.largest = getattr(self, "largest", {}) | {key: sizes}
            self.server = sizes.get("the server", 0.0)

    def end(self) -> None:
        """End it."""
        self._over.set()
        self._thread.join()
        self.process.terminate()
        self.process.wait()


def megabytes(root: int) -> dict[str, float]:
    """Memory of a process and all below it by what they are, each page divided among those that share it."""
    parents, words = dict[int, int](), dict[int, str]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
            words[int(path.parent.name)] = path.with_name("cmdline").read_bytes().decode(errors="replace")
    found = dict[str, float]()
    below = [root]
    for pid in below:
        below += [child for child, parent in parents.items() if parent == pid]
        queue = re.search(r"cutaway\.jobs\.runner\0(\S+?)\0", words.get(pid, ""))
        name = "the server" if pid == root else queue[1] if queue else "others"
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            pss = int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1e3
            found[name] = found.get(name, 0.0) + pss
    return found


def main() -> int:
    print(f"{STUDENTS} students, one machine\n  {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder))
        try:
            time.sleep(2)
            studio.together("trainings", studio.students, Student.train)
            print("  server with the pages of twenty students: ", f"{studio.server:.0f} MB")
            looking = studio.students[:LOOKING]
            studio.together("looks", looking, Student.look)
        finally:
            studio.end()
    return judge(studio, looking)


def judge(studio: Studio, looking: list[Student]) -> int:
    """Print and keep what was measured."""
    places = [student.places for student in studio.students]
    down = all(each == sorted(each, reverse=True) for each in places)
    known = sorted(each[0] for each in places if each)
    trained = sorted(student.seconds["trained"] for student in studio.students)
    print(f"  trained: {', '.join(f'{seconds:.0f}' for seconds in trained)} s")
    print(f"  first places told: {known}; told minutes: {sum('told' in each.seconds for each in studio.students)}")
    seconds = {
        kind: sorted(each.seconds[kind] for each in looking) for kind in ("preview", "sections", "explore", "sheet")
    }
    for kind, each in seconds.items():
        print(f"  {kind}: {', '.join(f'{value:.1f}' for value in each)} s")
    for phase, size in studio.megabytes.items():
        parts = ", ".join(f"{name} {part:.0f}" for name, part in sorted(studio.largest[phase].items()))
        print(f"  memory, {phase or 'at rest'}: {size:.0f} MB ({parts})")
    peak = max(studio.megabytes.values())
    keep(
        "classroom",
        {
            "trained": trained,
            "places": places,
            "looks": seconds,
            "megabytes": studio.megabytes,
            "processes": studio.largest,
        },
    )
    return verdict(
        {
            f"the last of {STUDENTS} trainings is done within {DONE:.0f} s": trained[-1] <= DONE,
            "each knows its place among all": len(set(known)) >= STUDENTS - 2 and down,
            f"all {LOOKING} maps within {MAPS:.0f} s": seconds["explore"][-1] <= MAPS,
            "all first looks before the first map": seconds["preview"][-1] <= seconds["explore"][0],
            f"less than {MEGABYTES:,.0f} MB": peak < MEGABYTES,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
