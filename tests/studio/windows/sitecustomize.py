"""Takes from every process what Windows lacks, as far as cutaway can see: import it by PYTHONPATH.

The modules of cutaway see ``sys.platform == "win32"``; libraries see Linux, which they need. Locks are Windows' as
Python's documentation has them: `msvcrt.locking` refuses a file that is locked by anybody, also by this process.
"""

import fcntl
import importlib.machinery
import os
import select
import signal
import socket
import subprocess
import sys
import types

import psutil  # noqa: F401 (on Linux it needs `resource`)

KILL, LIBRARIES = signal.SIGKILL, ("subprocess", "psutil")
real_kill, real_flock, real_sys = os.kill, fcntl.flock, sys


def locking(descriptor, mode, size):
    """`msvcrt.locking` of one byte, without waiting."""
    assert (mode, size) == (2, 1)
    try:
        real_flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PermissionError(13, "Permission denied") from error


def kill(pid, number):
    """`os.kill`, for those libraries only that end processes on Windows in another way."""
    if sys._getframe(1).f_globals["__name__"].partition(".")[0] not in LIBRARIES:
        raise AssertionError("os.kill(pid, 0) is Ctrl-C on Windows")
    real_kill(pid, number)


class WindowsSys(types.ModuleType):
    """`sys`, with another platform."""

    platform = "win32"

    def __getattr__(self, name):
        return getattr(real_sys, name)

    def __setattr__(self, name, value):
        setattr(real_sys, name, value)


WINDOWS = WindowsSys("sys")


class Finder:
    """Lets the modules of cutaway, and nothing that they import, see Windows."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """The usual specification, whose loader shows a module the platform that it should see."""
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or not hasattr(spec.loader, "exec_module"):
            return spec
        execute = spec.loader.exec_module

        def execute_there(module):
            before = sys.modules["sys"]
            sys.modules["sys"] = WINDOWS if name.partition(".")[0] == "cutaway" else real_sys
            try:
                execute(module)
            finally:
                sys.modules["sys"] = before

        spec.loader.exec_module = execute_there
        return spec


sys.modules["msvcrt"] = types.ModuleType("msvcrt")
sys.modules["msvcrt"].locking, sys.modules["msvcrt"].LK_NBLCK = locking, 2
sys.modules["fcntl"] = sys.modules["resource"] = None
subprocess.Popen.kill = lambda self: self.send_signal(KILL)
os.kill = kill
for module, names in (
    (os, ("fork", "forkpty", "getuid", "geteuid", "getpriority", "setpriority", "pidfd_open", "killpg", "O_NOFOLLOW")),
    (signal, ("SIGKILL", "pidfd_send_signal")),
    (socket, ("send_fds", "recv_fds")),
    (select, ("poll",)),
):
    for missing in names:
        delattr(module, missing)
sys.meta_path.insert(0, Finder)
