"""Programs that start the processes of one training, and what they say of each."""

import json
import os
import shutil

import pytest

from cutaway.errors import UsageError
from cutaway.runs import list_runs
from cutaway.training.distributed import launchers
from cutaway.training.distributed.joining import join_processes

OPEN_MPI = {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_LOCAL_RANK": "1"}
HYDRA = {"PMI_RANK": "1", "PMI_SIZE": "4", "MPI_LOCALRANKID": "1"}
SLURM = {"SLURM_PROCID": "0", "SLURM_NTASKS": "2", "SLURM_LOCALID": "0"}


@pytest.fixture
def told(monkeypatch):
    """A function that replaces what a launcher said by something else."""
    for name in list(os.environ):
        if name.startswith(("OMPI_", "PMI", "MPI_", "SLURM_")):
            monkeypatch.delenv(name)

    def tell(said):
        for name, value in said.items():
            monkeypatch.setenv(name, value)

    return tell


def test_nothing_started_a_process_of_which_nothing_is_said(told):
    told({"OMPI_COMM_WORLD_RANK": "1", "PMI_RANK": "0", "SLURM_JOB_ID": "3"})
    assert launchers.launched() is None


@pytest.mark.parametrize(("said", "here"), [(OPEN_MPI, "OMPI_COMM_WORLD_LOCAL_SIZE"), (HYDRA, "MPI_LOCALNRANKS")])
def test_processes_of_one_machine_find_each_other_and_those_of_several_need_an_address(told, said, here):
    told({**SLURM, **said, here: "4"})  # inside a job of Slurm, whose numbers are those of the launcher
    job = launchers.launched()
    assert (job.index, job.processes, job.local_index) == (1, 4, 1)
    host, _, port = job.address.rpartition(":")
    assert host == "127.0.0.1"
    assert 61_440 <= int(port) < 65_536
    told({here: "2"})
    with pytest.raises(UsageError, match=r"2 of 4 on this machine, and no address; next: pass coordinator="):
        join_processes()


def test_jobs_have_ports_of_their_own(told):
    told({**OPEN_MPI, "OMPI_COMM_WORLD_LOCAL_SIZE": "4"})
    ports = set()
    for number in range(20):
        told({"PMIX_NAMESPACE": f"prterun-head-{number}@1"})
        ports.add(launchers.launched().address)
    assert len(ports) > 15


def test_jax_finds_the_address_of_slurm_and_of_older_open_mpi(told):
    told(SLURM)
    assert launchers.launched().address is None
    told({**OPEN_MPI, "OMPI_COMM_WORLD_LOCAL_SIZE": "2", "OMPI_MCA_orte_hnp_uri": "1.0;tcp://10.0.0.1:1"})
    assert launchers.launched().address is None


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize(
    "launcher", [("mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "-np", "2"), ("mpiexec.hydra", "-n", "2")]
)
@pytest.mark.parametrize("named", [False, True])
def test_a_real_launcher_starts_a_training(members, table, tmp_path, launcher, named):
    if shutil.which(launcher[0]) is None:
        pytest.skip(f"{launcher[0]} is not installed")
    address = ("--coordinator", members.address()) if named else ("--distributed",)
    options = (*address, "--epochs", "1", "--json", "--runs", str(tmp_path / "runs"))
    started = members.program("train", str(table), *options, launcher=launcher)
    assert started.wait(180) == 0, started.err
    assert json.loads(started.out)["status"] == "finished"
    (run,) = list_runs(tmp_path / "runs")
    assert run.manifest.device["processes"] == 2
