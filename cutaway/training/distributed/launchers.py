"""What the program that started this process says of it: which of how many it is, and how many of them are here."""

import contextlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from cutaway.errors import UsageError

PORTS = 61_440, 65_536
"""Those from which the port of a job is taken, as JAX does it; Linux gives them to nobody by itself."""

_NUMBERS = {
    "Open MPI": tuple(f"OMPI_COMM_WORLD_{name}" for name in ("RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE")),
    "Hydra (MPICH, Intel MPI)": ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"),
    "Slurm": ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"),
}
"""What starts the processes of a job -> where it says which of how many, and which of how many on this machine.

Slurm is the last: inside one of its jobs, the others' processes inherit the numbers of the program that started them.
"""


@dataclass(frozen=True)
class Launched:
    """A process of a job.

    Attributes:
        by: What started it, in words.
        index: Number of this process, from 0.
        processes: Number of processes.
        local_index: Number of this process among those of this machine, from 0.
        here: How many of them are on this machine; 0 if that is not known.
        job: Text that only the processes of this job have.
    """

    by: str
    index: int
    processes: int
    local_index: int
    here: int = 0
    job: str = ""

    @property
    def address(self) -> str | None:
        """Where the first process listens; None if JAX finds it, as that of Slurm and of Open MPI before version 5.

        Raises:
            UsageError: They are on several machines, of which this one does not know the first.
        """
        if self.by == "Slurm" or "OMPI_MCA_orte_hnp_uri" in os.environ:
            return None
        if self.here != self.processes:
            raise UsageError(
                f"processes that {self.by} starts on several machines are told where the first one listens",
                got=f"{self.here} of {self.processes} on this machine, and no address",
                hint='pass coordinator="HOST:PORT" to all of them, with the machine of the first one and a free port',
            )
        low, high = PORTS
        return f"127.0.0.1:{low + zlib.crc32(self.job.encode()) % (high - low)}"


def launched() -> Launched | None:
    """What started this process as one of a job; None if nothing says so."""
    for by, names in _NUMBERS.items():
        with contextlib.suppress(KeyError, ValueError):  # not started by this one
            numbers = [int(os.environ[name]) for name in names]
            job = os.environ.get("PMIX_NAMESPACE", "") if by == "Open MPI" else _starter()
            return Launched(by, *numbers, job=job)
    return None


def _starter() -> str:
    """The process that started all those of a job on this machine, each in a session of its own."""
    try:
        fields = Path(f"/proc/{os.getsid(0)}/stat").read_text().rpartition(")")[2].split()
    except (OSError, AttributeError):  # not on Linux
        return str(os.getppid())
    return fields[1]
