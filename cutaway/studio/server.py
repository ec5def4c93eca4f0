"""Listens until it is ended."""

import asyncio
import errno
import logging
import signal
import socket
import ssl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
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
"""Maximum number of connections."""

HINT = "name them with --certificate FILE and --key FILE"

HEADER_BYTES = 65_536
HEADER_SECONDS = 10.0
"""A connection that has sent no whole request after so long is closed."""


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
    listener = _listen(settings, insists=insists)
    try:
        settings = replace(settings, port=listener.getsockname()[1])
        server = _make_server(settings, certificate=certificate, key=key)
        with logged_into(settings.people[0].runs), _ended_by_signals(server):
            on_start(settings)  # new connections wait until it accepts, in a moment
            server.run(sockets=[listener])
    finally:
        listener.close()


@contextmanager
def _ended_by_signals(server: "uvicorn.Server") -> Generator[None]:
    """Ctrl-C and SIGTERM end the server from now on: it takes them itself only once it runs."""
    before = {number: signal.signal(number, server.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_fault(record: logging.LogRecord) -> bool:
    """Whether to print a record of uvicorn: Ctrl-C is meant to cut requests off."""
    return not str(record.msg).startswith("Cancel %s running task")


def _make_server(settings: StudioSettings, *, certificate: Path | None, key: Path | None) -> "uvicorn.Server":
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol

    from .app import create_app

    gate = create_app(settings)

    logging.getLogger("uvicorn.error").addFilter(_is_fault)

    class Connection(H11Protocol):
        """A connection that must send a whole request soon: uvicorn itself would wait for the first one for ever."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._late: asyncio.TimerHandle | None = None
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._unwatch()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._unwatch()
            elif self._late is None:  # the beginning of the next request; the rest must follow
                self._watch()

        def _watch(self) -> None:
            self._late = self.loop.call_later(HEADER_SECONDS, self.transport.close)

        def _unwatch(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

    class Server(uvicorn.Server):
        """Ends the streams of open pages when it is to end itself: it would wait for them."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            for workspace in set(gate.app.state.workspaces.values()):
                workspace.hub.close()
            super().handle_exit(sig, frame)
            self._captured_signals.clear()  # it was asked to end: this is no failure

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
        limit_concurrency=CONNECTIONS,
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
            listener.listen(256)
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
