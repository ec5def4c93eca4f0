"""How the processes of a training end together: by a signal, by a loss, by a process that never comes."""

import contextlib
import json
import signal
import socket

import numpy as np
import pytest

from cutaway.runs import list_runs

LONG = ("--epochs", "4000", "--batch-size", "240", "--hidden", "8", "--precision", "float32", "--schedule", "constant")


def trained(runs) -> bool:
    """Whether a run has an epoch, so that its training is under way."""
    found = list_runs(runs) if runs.is_dir() else []
    return bool(found) and len(found[0].history()) > 0


EXHAUSTIVE = pytest.mark.exhaustive
END = 180  # seconds; only a process that never ends takes so long
LOST = 60  # seconds in which a lost process ends the others, which is promised
LINE = 60  # seconds for a line: 30 are promised once a program has loaded, which may take as long on a busy machine


@pytest.mark.slow
@pytest.mark.parametrize("signaled", [pytest.param(0, marks=EXHAUSTIVE), 1])
def test_a_signal_at_one_stops_all_with_a_checkpoint_and_resume_goes_on(members, table, tmp_path, signaled):
    runs = tmp_path / "runs"
    world = members.world("train", str(table), *LONG, "--runs", str(runs))
    members.wait_for(lambda: trained(runs))
    world[signaled].kill(signal.SIGTERM)
    assert [member.wait(END) for member in world] == [130, 130]
    for member in world:
        (line,) = member.lines
        assert line.startswith("stopped")
        assert "cutaway resume" in line
    (run,) = list_runs(runs)
    assert run.status == "stopped"
    epochs = len(run.history())
    assert run.checkpoint()[1]["epoch"] in (epochs, epochs - 1)


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1])
def test_a_lost_process_ends_the_other_with_one_line(members, table, tmp_path, killed):
    runs = tmp_path / "runs"
    world = members.world("train", str(table), *LONG, "--runs", str(runs))
    members.wait_for(lambda: trained(runs))
    world[killed].kill(signal.SIGKILL)
    other = world[1 - killed]
    assert other.wait(LOST) == 1
    assert len(other.lines) == 1, other.lines
    (line,) = other.lines
    assert line.startswith("error: a training by several processes needs all of them until its end; got another")
    assert "cutaway resume" in line
    (run,) = list_runs(runs)
    if killed == 1:  # the first one, which writes, is left
        assert run.status == "failed"
        assert run.manifest.why in line
    else:
        assert not run.manifest.process.alive


@pytest.mark.slow
@pytest.mark.parametrize("only", [pytest.param((0,), marks=EXHAUSTIVE), (1,)])
def test_a_process_that_never_comes_is_one_line_and_nothing_half_made(members, table, tmp_path, only):
    runs = tmp_path / "runs"
    (alone,) = members.world("train", str(table), "--wait", "3", "--runs", str(runs), only=only)
    assert alone.wait(LINE) == 1
    (line,) = alone.lines
    assert line.startswith("error: all processes of a training start within the time to wait; got no")
    assert "after 3 s" in line
    assert "--wait" in line
    assert not runs.exists()


@pytest.mark.slow
def test_an_address_that_is_taken_or_elsewhere_is_one_line(members, table, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for address in (f"127.0.0.1:{taken.getsockname()[1]}", "192.0.2.1:29500"):
            named = ("--coordinator", address, "--processes", "2", "--process-index", "0")
            alone = members.program("train", str(table), *named, "--runs", str(tmp_path / "runs"))
            assert alone.wait(LINE) == 1
            (line,) = alone.lines
            assert line.startswith(
                f"error: the first process of a training listens at the address of the coordinator; got {address}: "
            )
    assert not (tmp_path / "runs").exists()


@pytest.mark.exhaustive
@pytest.mark.slow
def test_processes_that_were_told_other_numbers_of_them_are_refused(members, table, tmp_path):
    address, world = members.address(), []
    for index in range(2):
        named = ("--coordinator", address, "--processes", str(2 + index), "--process-index", str(index))
        world.append(members.program("train", str(table), *named, "--runs", str(tmp_path / "runs")))
    assert [member.wait(LINE) > 0 for member in world] == [True, True]
    (line,) = world[0].lines
    assert "got processes 2 in process 0 and 3 in process 1; next" in line
    assert world[1].lines == []
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--batch-size", "32"), "batch_size 240 in process 0 and 32 in process 1"),
        pytest.param((), "other data in process 1", marks=EXHAUSTIVE),
    ],
)
def test_processes_with_different_data_or_settings_are_refused_before_the_first_step(
    members, table, tmp_path, options, what
):
    runs, other = tmp_path / "runs", tmp_path / "other.npz"
    held = dict(np.load(table))
    np.savez(other, x_train=held["x_train"] * 2, y_train=held["y_train"])
    address = members.address()
    world = []
    for index, (path, more) in enumerate([(table, ()), (table if options else other, options)]):
        named = ("--coordinator", address, "--processes", "2", "--process-index", str(index))
        world.append(members.program("train", str(path), *LONG, *more, "--runs", str(runs), *named))
    assert [member.wait(END) for member in world] == [2, 2]
    (line,) = world[0].lines
    assert line.startswith("error: all processes of a training have the same data, settings and versions; got")
    assert what in line
    assert world[1].lines == [], "all know the reason, and the first one says it"
    assert not list(runs.glob("*")) if runs.exists() else True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "options", "got"),
    [
        (
            "none.npz",
            ("--shard-layers", "3"),
            "shard_layers divides the number of devices; got 3 and 2 devices; next: ",
        ),
        pytest.param(
            None, ("--shard-layers", "2", "--hidden", "7"), "2 parts of 7 units and 3 units", marks=EXHAUSTIVE
        ),
    ],
)
def test_layers_that_cannot_be_divided_are_one_line_of_the_first_before_anything_is_made(
    members, table, tmp_path, data, options, got
):
    runs = tmp_path / "runs"
    world = members.world("train", data or str(table), *options, "--runs", str(runs))
    assert [member.wait(LINE) for member in world] == [2, 1]
    (line,) = world[0].lines
    assert got in line
    assert world[1].err == world[1].out == world[0].out == ""
    assert not list(runs.glob("*")) if runs.exists() else True


def listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


@pytest.mark.slow
def test_an_interrupt_while_processes_start_is_one_line_at_once(members, table, tmp_path):
    runs, address = tmp_path / "runs", members.address()
    named = ("--coordinator", address, "--processes", "3", "--runs", str(runs), "--wait", "600")
    world = [members.program("train", str(table), *named, "--process-index", str(index)) for index in range(2)]
    members.wait_for(lambda: listens(address))  # the first one waits for the third, which never comes
    for member in world:
        member.kill(signal.SIGINT)
    assert [member.wait(END) for member in world] == [130, 130]
    for member in world:
        (line,) = member.lines
        assert line.startswith("stopped; next: run it again")
    assert not runs.exists()


SLURM = {"SLURM_JOB_ID": "{job}", "SLURM_STEP_NODELIST": "127.0.0.1", "SLURM_NTASKS": "2", "SLURM_STEP_NUM_NODES": "1"}
SLURM |= {"SLURM_PROCID": "{index}", "SLURM_LOCALID": "{index}"}
OPEN_MPI = {"OMPI_MCA_orte_hnp_uri": "{uri}.0;tcp://127.0.0.1:1", "OMPI_COMM_WORLD_SIZE": "2"}
OPEN_MPI |= {"OMPI_COMM_WORLD_RANK": "{index}", "OMPI_COMM_WORLD_LOCAL_RANK": "{index}"}


@pytest.mark.exhaustive
@pytest.mark.parametrize("told", [SLURM, OPEN_MPI])
def test_a_cluster_says_who_they_are_and_json_is_one_document_of_the_first(members, table, tmp_path, told):
    port = members.port()
    job = port - 61_440  # the port follows from the number of the job
    world = []
    for index in range(2):
        env = {name: value.format(job=job, index=index, uri=job << 12) for name, value in told.items()}
        env["JAX_COORDINATOR_BIND_ADDRESS"] = f"127.0.0.1:{port}"
        options = ("--distributed", "--shard-layers", "2", "--epochs", "1", "--json", "--runs", str(tmp_path / "runs"))
        world.append(members.program("train", str(table), *options, env=env))
    assert [member.wait(END) for member in world] == [0, 0], world[0].err
    assert json.loads(world[0].out)["status"] == "finished"
    assert world[1].out == world[1].err == ""
