"""Live maps of several folders, without any process."""

import base64
from pathlib import Path

import pytest

from cutaway.studio.live import LiveMaps, maps

ADA, BOB = Path("/lesson/people/ada"), Path("/lesson/people/bob")


class Process:
    """A process that notes what it is told."""

    made = 0

    def __init__(self, _, *, on_line, on_end):
        Process.made += 1
        self.on_line, self.on_end, self.sent, self.alive = on_line, on_end, [], False

    def send(self, record):
        self.sent.append(record["runs"])
        self.alive = True

    def end(self):
        self.alive = False

    def draw(self, run, epoch):
        self.on_line({"path": str(run), "epoch": epoch, "data": base64.b64encode(b"xy").decode()})


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(maps, "LineProcess", Process)
    monkeypatch.setattr(Process, "made", 0)
    one = LiveMaps()
    one.told = {ADA: [], BOB: []}
    for folder, heads in one.told.items():
        one.listen(folder, heads.append)
    return one


def test_one_process_computes_for_all_folders_and_each_is_told_of_its_own(live):
    for folder in (ADA, BOB):
        live.watch(folder / "run")  # of the same name in both
    process = live._process
    assert Process.made == 1
    assert process.sent[-1] == [str(ADA / "run"), str(BOB / "run")]
    process.draw(ADA / "run", 1)
    process.draw(BOB / "run", 1)
    process.draw(BOB / "run", 2)
    process.on_line({"path": str(ADA / "run"), "error": "no map"})
    head = {"run": "run", "epoch": 1, "number": 0}
    assert live.told[ADA] == [head, {"run": "run", "error": "no map"}]
    assert live.told[BOB] == [head, {"run": "run", "epoch": 2, "number": 1}]
    assert live.watch(ADA / "run") == {"frames": [head], "error": "no map"}
    assert live.find(BOB / "run", 1).data == b"xy"
    assert live.find(ADA / "run", 1) is None


def test_the_process_ends_when_nobody_watches_in_any_folder(live, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(maps.time, "monotonic", lambda: now[0])
    live.watch(ADA / "run")
    now[0] += maps.WATCHED - 1
    live.watch(BOB / "run")
    now[0] += 2
    live.tidy()
    assert live._process.sent[-1] == [str(BOB / "run")]
    assert live._process.alive
    now[0] += maps.WATCHED
    live.tidy()
    assert not live._process.alive
