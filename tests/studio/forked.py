"""Studios in processes of their own that begin with everything loaded, which takes most of a second otherwise.

`Forker` starts this file as a program, which loads what a studio needs and then forks: each studio is a real process
that runs the command from its first line, and can be killed. What starts from nothing is tested in test_start.py.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading

READY = b"ready"


class Forked:
    """A studio that was forked, with what tests use of `subprocess.Popen`."""

    def __init__(self, pid, stdout, stderr, status):
        self.pid, self.returncode = pid, None
        self.stdout, self._stderr, self._status = os.fdopen(stdout), os.fdopen(stderr), status
        self._errors = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with self._stderr as file:
            self._errors = file.read()

    def poll(self):
        """Its exit status if it has ended, as `subprocess.Popen` has it."""
        return self._ended(0)

    def _ended(self, timeout):
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            self.returncode = int(os.read(self._status, 20))
            os.close(self._status)
        return self.returncode

    def wait(self, timeout=None):
        """Wait until it has ended, and return its exit status."""
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired("studio", timeout)
        return self.returncode

    def send_signal(self, number):
        """Send a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        """End it by force."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout=None):
        """Wait until it has ended; returns what is left of its output, and its errors."""
        self.wait(timeout)
        self._reader.join(timeout)
        if self._reader.is_alive():
            raise subprocess.TimeoutExpired("studio", timeout)
        rest = "" if self.stdout.closed else self.stdout.read()
        self.stdout.close()
        return rest, self._errors


def start_program(arguments, *, env, cwd):
    """Start ``cutaway ARGUMENTS`` as a person does, in an environment and a folder."""
    command = [sys.executable, "-c", "from cutaway.cli import main; main()", *arguments]
    env = {**env, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Forker:
    """Starts studios by forking a process in which they are loaded."""

    def __init__(self):
        self._channel, theirs = socket.socketpair()
        command = [sys.executable, __file__, str(theirs.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        assert self._channel.recv(len(READY)) == READY

    def start(self, arguments, *, env, cwd):
        """Start ``cutaway ARGUMENTS`` in an environment and a folder."""
        pipes = [os.pipe() for _ in range(3)]
        order = json.dumps({"arguments": arguments, "env": env, "cwd": str(cwd)}).encode()
        socket.send_fds(self._channel, [len(order).to_bytes(4, "big")], [write for _, write in pipes])
        self._channel.sendall(order)
        for _, write in pipes:
            os.close(write)
        return Forked(int.from_bytes(self._channel.recv(4), "big"), *(read for read, _ in pipes))

    def close(self):
        """End it; studios that still run go on."""
        self._channel.close()
        self._process.wait(20)


def become_studio(order, stdout, stderr):
    """Run the command in this process, which was just forked."""
    from cutaway.cli import main

    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", 1), os.fdopen(2, "w", 1)  # those from before may not be those of pipes
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv = ["cutaway", *order["arguments"]]
    main()  # raises SystemExit, which ends this process as it ends any program


def tell_ends(statuses):
    """Write the exit status of each that has ended to its pipe."""
    while statuses:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        file = statuses.pop(pid)
        os.write(file, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(file)


def serve(channel):
    """Fork a studio for each order, until the other end is closed."""
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    statuses = {}
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    channel.sendall(READY)
    while True:
        ready, _, _ = select.select([channel, ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            tell_ends(statuses)
        if channel in ready:
            length, files, _, _ = socket.recv_fds(channel, 4, 3)
            if not length:
                return
            order = channel.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for file in (channel.fileno(), ended, wake, files[2], *statuses.values()):
                    os.close(file)
                become_studio(json.loads(order), *files[:2])
            statuses[pid] = files[2]
            os.close(files[0])
            os.close(files[1])
            channel.sendall(pid.to_bytes(4, "big"))


if __name__ == "__main__":
    import uvicorn.protocols.http.h11_impl

    import cutaway.studio.app
    import cutaway.studio.server

    assert cutaway.studio.app.create_app
    assert cutaway.studio.server.serve
    assert uvicorn.protocols.http.h11_impl.H11Protocol
    serve(socket.socket(fileno=int(sys.argv[1])))
