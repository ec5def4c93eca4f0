"""Listens until it is ended."""

import asyncio
import errno
import logging
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from cutaway.errors import UsageError

from .log_file import logged_into
from .settings import LOOPBACK, StudioSettings

if TYPE_CHECKING:
    import uvicorn

TRIED = 20
"""Number of ports to try, beginning with the default one, unless a person insists on one."""

CONNECTIONS = 512
"""Maximum number of connections. Of more, the oldest one that answers nobody with a link is ended."""

FILES = 4096
"""Files that this process may have open: some systems begin with 256, which idle connections would use up."""

BACKLOG = 256
"""Connections that the system keeps until they are accepted, all of them at once."""

HINT = "name them with --certificate FILE and --key FILE"

HEADER_SECONDS = 10.0
"""A connection that has sent no whole request after so long is closed, or has not begun to speak TLS."""


def serve(
    settings: StudioSettings,
    *,
    insists: bool = False,
    certificate: Path | None = None,
    key: Path | None = None,
    on_start: Callable[[StudioSettings], None],
) -> None:
    """Serve a studio until the process is ended by a signal.

    Args:
        settings: Its address and its people.
        insists: Whether only this port will do; otherwise the next one that is free is taken.
        certificate: A file with a certificate, for TLS.
        key: A file with its key.
        on_start: Called with the settings, the port among them, once it listens.

    Raises:
        UsageError: No port is free, the address is not of this machine, or the certificate cannot be used.
    """
    if certificate is not None:
        _check_certificate(certificate, key)
    _allow_files()
    listener = _listen(settings, insists=insists)
    try:
        settings = replace(settings, port=listener.getsockname()[1])
        server = _make_server(settings, certificate=certificate, key=key)
        with logged_into(settings.people[0].runs), _ended_by_signals(server):
            on_start(settings)  # new connections wait until it accepts, in a moment
            server.run(sockets=[listener])
    finally:
        listener.close()


def _allow_files() -> None:
    """Let this process open enough files, as far as it may."""
    with suppress(ImportError):  # Windows has no such limit
        import resource

        allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
        if allowed != resource.RLIM_INFINITY and allowed < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


@contextmanager
def _ended_by_signals(server: "uvicorn.Server") -> Generator[None]:
    """Ctrl-C and SIGTERM end the server from now on: it takes them itself only once it runs."""
    before = {number: signal.signal(number, server.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _make_server(settings: StudioSettings, *, certificate: Path | None, key: Path | None) -> "uvicorn.Server":
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol

    from .app import create_app
    from .gate import HEADER_BYTES, MALFORMED, TOO_LONG

    gate = create_app(settings)

    # Ctrl-C is meant to cut requests off
    faults = logging.getLogger("uvicorn.error")
    faults.addFilter(lambda record: not str(record.msg).startswith("Cancel %s running task"))

    class Connection(H11Protocol):
        """A connection that must send a whole request soon: uvicorn itself would wait for the first one for ever.

        Those without a link cannot keep others out: if there are too many, the oldest is ended.
        """

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._late: asyncio.TimerHandle | None = None
            self.since, self._known = self.loop.time(), False
            self._watch()
            self._make_room()

        def _make_room(self) -> None:
            while len(self.connections) > CONNECTIONS:
                others = [each for each in self.connections if isinstance(each, Connection) and each is not self]
                free = [each for each in others if not each.serves_a_person()]
                oldest = min(free, key=lambda each: (each.is_known(), each.since), default=None)
                if oldest is None:
                    break
                self.connections.discard(oldest)
                oldest.transport.abort()  # what it has not read yet is no reason to wait

        def is_busy(self) -> bool:
            """Whether a request is being answered."""
            return self.cycle is not None and not self.cycle.response_complete

        def serves_a_person(self) -> bool:
            """Whether that request came from a person."""
            return self.is_known() and self.is_busy()

        def is_known(self) -> bool:
            """Whether a request of a person came by it."""
            self._known = self._known or bool(self.scope and self.scope.get("person"))
            return self._known

        def connection_lost(self, exc: Exception | None) -> None:
            self._unwatch()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            self.is_known()  # of the last request: the next one has a scope of its own
            super().data_received(data)
            if self.is_busy():
                self._unwatch()
            elif self._late is None:  # the beginning of the next request; the rest must follow
                self._watch()

        def _watch(self) -> None:
            self._late = self.loop.call_later(HEADER_SECONDS, self.transport.close)

        def send_400_response(self, msg: str) -> None:
            is_long = getattr(sys.exception(), "error_status_hint", 400) == 431  # h11 read no end of the header
            super().send_400_response(TOO_LONG if is_long else MALFORMED)

        def _unwatch(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

    class Server(uvicorn.Server):
        """Ends the streams of open pages when it is to end itself, and waits for nobody to begin with TLS."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup([])
            make = partial(Connection, self.config, self.server_state, self.lifespan.state)
            tls, loop = self.config.ssl, asyncio.get_running_loop()
            within = HEADER_SECONDS if tls else None
            for sock in sockets or ():
                served = loop.create_server(make, sock=sock, backlog=BACKLOG, ssl=tls, ssl_handshake_timeout=within)
                self.servers.append(await served)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            for workspace in set(gate.app.state.workspaces.values()):
                workspace.hub.close()
            super().handle_exit(sig, frame)
            self._captured_signals.clear()  # it ends on request: this is no failure

    config = uvicorn.Config(
        gate,
        http=Connection,
        ws="none",
        log_config=None,  # its own would close the handlers of everybody else in this process
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
        limit_concurrency=CONNECTIONS + 1,
        h11_max_incomplete_event_size=HEADER_BYTES,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    return Server(config)


def _check_certificate(certificate: Path, key: Path | None) -> None:
    for file in (certificate, key):
        if file is not None and not file.is_file():
            raise UsageError(f'no such file: "{file}"', hint=HINT)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = getattr(error, "reason", None) or error.args[-1]
        raise UsageError(
            f"cannot use {certificate}{f' and {key}' if key else ''} for TLS: {str(why).lower().replace('_', ' ')}",
            hint="name PEM files without a password, with --certificate FILE and --key FILE",
        ) from None


def _listen(settings: StudioSettings, *, insists: bool) -> socket.socket:
    last: OSError | None = None
    for port in range(settings.port, settings.port + (1 if insists or not settings.port else TRIED)):
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        try:
            # With TCP named, asyncio sends data immediately; without, the body of each answer waits 40 ms
            listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        except OSError as error:
            last = error
            break
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, port))
            listener.listen(BACKLOG)
        except (OSError, OverflowError, UnicodeError) as error:
            listener.close()
            last = error if isinstance(error, OSError) else OSError(0, "no such address")
            if last.errno != errno.EADDRINUSE:
                break
        else:
            return listener
    taken = last is not None and last.errno == errno.EADDRINUSE
    raise UsageError(
        f"cannot listen on {settings.host}:{settings.port}: {last.strerror if last and last.strerror else 'unknown'}",
        hint="choose another port with --port" if taken else f"leave --host at {LOOPBACK[0]}",
    )
