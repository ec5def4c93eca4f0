"""Real processes of one training, on the loopback interface, and how they ended."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

PROGRAM = (sys.executable, "-c", "from cutaway.cli import main; main()")


@dataclass
class Member:
    """One process; its output goes into files, since a full pipe would stop it."""

    process: subprocess.Popen
    files: tuple[Path, Path]

    @property
    def out(self) -> str:
        return self.files[0].read_text()

    @property
    def err(self) -> str:
        return self.files[1].read_text()

    @property
    def lines(self) -> list[str]:
        """What it said of its end: its stderr without the lines of progress."""
        said = self.err.splitlines()
        return [line for line in said if line and not line.startswith(("training:", "reading", "note:"))]

    def kill(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def wait(self, seconds: float) -> int:
        return self.process.wait(timeout=seconds)


@dataclass
class Members:
    folder: Path
    started: list[Member] = field(default_factory=list)

    def start(self, *command: str, env: dict[str, str] | None = None) -> Member:
        number = len(self.started)
        files = self.folder / f"{number}.out", self.folder / f"{number}.err"
        with files[0].open("w") as out, files[1].open("w") as err:
            # each with one thread: the processes of a test share two CPUs
            quiet = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
            process = subprocess.Popen(
                command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=os.environ | quiet | (env or {})
            )
        self.started.append(Member(process, files))
        return self.started[-1]

    @staticmethod
    def port(low: int = 61_440) -> int:
        """A port of the loopback interface that is free now, of those that JAX chooses in a cluster."""
        for port in random.SystemRandom().sample(range(low, 65_536), 100):
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
        raise AssertionError("no free port")

    def address(self) -> str:
        return f"127.0.0.1:{self.port()}"

    def program(self, *arguments: str, env: dict[str, str] | None = None, launcher: tuple[str, ...] = ()) -> Member:
        """Start ``cutaway ARGUMENTS``, perhaps by a program that starts several."""
        return self.start(*launcher, *PROGRAM, *arguments, env=env)

    def world(self, *arguments: str, processes: int = 2, only: tuple[int, ...] | None = None) -> list[Member]:
        """Start ``cutaway ARGUMENTS`` as several processes of one training."""
        named = ("--coordinator", self.address(), "--processes", str(processes))
        return [
            self.program(*arguments, *named, "--process-index", str(index))
            for index in (only if only is not None else range(processes))
        ]

    @staticmethod
    def wait_for(is_so, *, seconds: float = 120.0):
        """Wait until something is so, and return it."""
        until = time.monotonic() + seconds
        while not (found := is_so()):
            assert time.monotonic() < until, f"not within {seconds:g} s"
            time.sleep(0.05)
        return found


@pytest.fixture
def table(tmp_path):
    """A file of 300 samples in three classes."""
    generator = np.random.default_rng(0)
    path = tmp_path / "small.npz"
    y = generator.integers(0, 3, 300)
    np.savez(path, x_train=(generator.normal(size=(300, 5)) + y[:, None]).astype(np.float32), y_train=y)
    return path


@pytest.fixture
def members(tmp_path):
    folder = tmp_path / "said"
    folder.mkdir()
    found = Members(folder)
    yield found
    for member in found.started:
        if member.process.poll() is None:
            member.kill(signal.SIGKILL)
        member.process.wait()
