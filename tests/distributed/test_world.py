"""Several real processes train what one does."""

import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import cutaway as ct
from cutaway.errors import UsageError
from cutaway.runs import list_runs

HERE = Path(__file__).parent
SCRIPT = (sys.executable, str(HERE / "scenarios.py"))


@pytest.fixture(scope="module")
def scenarios():
    """The module that the other processes run as a program."""
    sys.path.insert(0, str(HERE))
    try:
        import scenarios
    finally:
        sys.path.remove(str(HERE))
    return scenarios


def finish(started) -> None:
    for member in started:
        assert member.wait(300) == 0, member.err


def check_same(scenarios, ours: Path, theirs: Path) -> None:
    for run in list_runs(theirs):
        name = run.path.name.split("-")[2]
        (same,) = (other for other in list_runs(ours) if f"-{name}-" in other.path.name)
        found = scenarios.difference(*(ct.open_run(each.path, data=scenarios.data()) for each in (same, run)))
        assert found["weights"] < 2e-5, (name, found)
        assert found["predictions"] < 2e-3, (name, found)  # they are kept as float16
        assert max(found["val_loss"], found["test_loss"]) < 1e-5, (name, found)
        assert found["epochs"] == 0, (name, found)


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize(
    ("processes", "names"),
    [
        (2, ["plain", "stopped", "augmented"]),
        (4, ["normalized", "stopped"]),
    ],
)
def test_several_processes_train_as_one_does(scenarios, members, tmp_path, processes, names):
    address = members.address()
    several, one = tmp_path / "several", tmp_path / "one"
    started = [
        members.start(*SCRIPT, str(several), address, str(processes), str(index), *names) for index in range(processes)
    ]
    for name in names:
        scenarios.train(name, one)
    finish(started)
    check_same(scenarios, several, one)
    (run, *_) = list_runs(several)
    assert run.manifest.device["processes"] == processes


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_training_that_lost_a_process_goes_on_in_one(scenarios, members, tmp_path):
    several, one = tmp_path / "several", tmp_path / "one"
    address = members.address()
    world = [members.start(*SCRIPT, str(several), address, "2", str(index), "plain") for index in range(2)]
    members.wait_for(lambda: several.is_dir() and any(run.history() for run in list_runs(several)))
    world[1].kill(signal.SIGKILL)
    assert world[0].wait(60) != 0
    (run,) = list_runs(several)
    assert run.status == "failed"
    assert "needs all of them" in run.manifest.why
    ct.resume(run.path, data=scenarios.data(), progress=False)
    scenarios.train("plain", one)
    check_same(scenarios, several, one)


NAMESPACE = f"cutaway-{os.getpid()}-{{}}"  # a test that was killed leaves its own behind


@pytest.fixture
def machines():
    """Two network namespaces with an address each, as if they were two machines; what runs a program in them."""
    names, folders = [NAMESPACE.format(k) for k in range(2)], []
    host = socket.gethostname()
    made = []
    try:
        for k, name in enumerate(names):
            if not shutil.which("ip") or subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
                pytest.skip("network namespaces need ip and root")
            made.append(name)
            folders.append(Path("/etc/netns") / name)
            folders[-1].mkdir(parents=True)
            (folders[-1] / "hosts").write_text(f"127.0.0.1 localhost\n10.213.77.{k + 1} {host}\n")
        end, other = ("cutest0", "netns", names[0]), ("cutest1", "netns", names[1])
        subprocess.run(["ip", "link", "add", *end, "type", "veth", "peer", "name", *other], check=True)
        for k, name in enumerate(names):
            inside = ["ip", "-n", name]
            subprocess.run([*inside, "addr", "add", f"10.213.77.{k + 1}/24", "dev", f"cutest{k}"], check=True)
            subprocess.run([*inside, "link", "set", f"cutest{k}", "up"], check=True)
            subprocess.run([*inside, "link", "set", "lo", "up"], check=True)
        yield [("ip", "netns", "exec", name) for name in names]
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "del", name], check=True)
        for folder in folders:
            shutil.rmtree(folder)


@pytest.mark.exhaustive
def test_two_machines_train_as_one_does(scenarios, members, machines, tmp_path):
    several, one = tmp_path / "several", tmp_path / "one"
    started = [
        members.start(*machine, *SCRIPT, str(several), "10.213.77.1:29500", "2", str(index), "plain")
        for index, machine in enumerate(machines)
    ]
    scenarios.train("plain", one)
    finish(started)
    check_same(scenarios, several, one)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"coordinator": "127.0.0.1:29500"}, "coordinator alone"),
        ({"coordinator": "127.0.0.1", "processes": 2, "process_index": 0}, "HOST:PORT"),
        ({"coordinator": "127.0.0.1:99999", "processes": 2, "process_index": 0}, "HOST:PORT"),
        ({"coordinator": "127.0.0.1:29500", "processes": 2, "process_index": 2}, "2 of 2"),
        ({"coordinator": "127.0.0.1:29500", "processes": 2, "process_index": 1, "wait": 0}, "above 0"),
    ],
)
def test_what_does_not_fit_together_is_refused_at_once(given, what):
    with pytest.raises(UsageError, match=what):
        ct.join_processes(**given)


def test_a_process_that_lost_another_one_is_not_the_cause(monkeypatch):
    from cutaway.training.distributed import world
    from cutaway.training.distributed.ending import lost_error

    monkeypatch.setattr(world, "end_is_known", lambda: None)
    told = {}
    client = SimpleNamespace(key_value_set=lambda key, text, **_: told.__setitem__(key, text))
    one = world.World(client, index=0, count=2)
    one.fail(lost_error())
    assert not told
    one.fail(UsageError("a rule", got="another", hint="do it"))
    assert told == {"cutaway/failed/0": "a rule; got another; next: do it"}


def test_one_process_needs_no_private_name_of_jax(monkeypatch):
    from cutaway.training import current_world

    monkeypatch.setitem(sys.modules, "cutaway.training.distributed.coordination_client", None)
    assert current_world() is None


def test_jax_still_has_the_private_names_of_the_coordination_client():
    from cutaway.training.distributed.coordination_client import coordination_client

    assert coordination_client() is None, "of a process that has joined no other"
    client = importlib.import_module("jaxlib._jax").DistributedRuntimeClient
    used = {"blocking_key_value_get", "key_value_delete", "key_value_dir_get", "key_value_set", "wait_at_barrier"}
    assert used <= set(dir(client)), "world.py calls these"
