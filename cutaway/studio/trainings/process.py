"""The process of one training, as the scheduler sees it: loaded ahead, if there is time, and used once."""

import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

from cutaway.log import ErrorLines
from cutaway.runs import open_regular

from .files import LOG

log = logging.getLogger("cutaway.studio.trainings")


def open_log(path: Path) -> IO[bytes]:
    """Open the log of a job for what its process prints.

    Raises:
        OSError: It cannot be written, or is a link.
    """
    return open(open_regular(path / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, mode=0o666), "ab")


class TrainingProcess:
    """A process that loads what trainings need, and does the one job that it is given; see `child`.

    It ends with whoever started it, if it has no job by then.

    Raises:
        OSError: No process can be started.
    """

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        try:
            with theirs:
                command = [sys.executable, "-P", "-m", "cutaway.studio.trainings.child", str(theirs.fileno())]
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,  # until it has a job, into whose log it then writes
                    start_new_session=True,
                    pass_fds=[theirs.fileno()],
                )
                ErrorLines(self._process.stderr, log, "a training that is loaded")
        except BaseException:
            self._socket.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def train(self, path: Path, lock: int, log: IO[bytes]) -> None:
        """Give it its job.

        Args:
            path: Folder of the job.
            lock: Descriptor of the job's lock: from now on the process holds it, also before it has read that it does.
            log: What it prints into; see `open_log`.

        Raises:
            OSError: It is gone.
        """
        with self._socket:
            socket.send_fds(self._socket, [os.fsencode(path)], [lock, log.fileno()])

    def end(self) -> None:
        """End it, where it was given no job."""
        self._socket.close()
        self._process.kill()
        self._process.wait()
