"""Listens until it is ended."""

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cutaway.errors import UsageError

from .settings import LOOPBACK, StudioSettings

TRIED = 20
"""Ports that are tried, from the one that was asked for, where nobody insisted on it."""


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
        settings: Where it listens and who may come in.
        insists: Whether only this port will do; otherwise the next one that is free is taken.
        certificate: A file with a certificate, for TLS.
        key: A file with its key.
        on_start: Called with the settings, the port among them, once it listens.

    Raises:
        UsageError: No port is free, or the address is not of this machine.
    """
    import uvicorn

    from .app import create_app

    listener = _listen(settings, insists=insists)
    settings = replace(settings, port=listener.getsockname()[1])
    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
        limit_concurrency=512,
        h11_max_incomplete_event_size=65_536,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    server = uvicorn.Server(config)
    on_start(settings)
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()


def _listen(settings: StudioSettings, *, insists: bool) -> socket.socket:
    last: OSError | None = None
    for port in range(settings.port, settings.port + (1 if insists or not settings.port else TRIED)):
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, port))
            listener.listen(256)
        except OSError as error:
            listener.close()
            last = error
        else:
            return listener
    raise UsageError(
        "the studio listens on a port of this machine that is free",
        got=f"{last.strerror if last else 'none'}: {settings.host}:{settings.port}",
        hint=f"choose another one with --port, and leave --host at {LOOPBACK[0]}",
    )
