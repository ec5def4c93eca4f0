"""The command studio."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from cutaway.errors import UsageError

from .output import say


def studio(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Folder of runs; made if it is not there.")] = "runs",
    data: Annotated[
        list[str] | None, typer.Option("--data", metavar="FOLDER", help="Folder below which data may be chosen.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Default: 8765, or the next free one.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    allow_remote: Annotated[bool, typer.Option("--allow-remote", help="Let other machines connect.")] = False,
    certificate: Annotated[str | None, typer.Option(metavar="FILE", help="Certificate for TLS.")] = None,
    key: Annotated[str | None, typer.Option(metavar="FILE", help="Key of the certificate.")] = None,
    behind: Annotated[str, typer.Option(metavar="URL", help="Address of a proxy through which people come.")] = "",
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
) -> None:
    """Open a folder of runs in a browser: train, look inside, correct labels, compare."""
    from cutaway.studio import LOOPBACK, Person, StudioSettings, serve

    if host not in LOOPBACK and not (allow_remote and (certificate or behind)):
        raise UsageError(
            "a studio that other machines can reach needs --allow-remote, and --certificate or --behind: whoever reads "
            "along on the way could take the token, and with it train and delete",
            got=f"--host {host}",
            hint="leave --host out, and reach it through an SSH tunnel",
        )
    runs = Path(folder).absolute()
    runs.mkdir(parents=True, exist_ok=True)
    settings = StudioSettings(
        people=(Person("", runs),),
        data=tuple(Path(each).absolute() for each in data or ["."]),
        host=host,
        port=8765 if port is None else port,
        behind=behind,
        tls=certificate is not None,
    )

    def started(settings: StudioSettings) -> None:
        link = settings.link(settings.people[0])
        say(f"cutaway studio of {runs}\n\n  {link}\n\nCtrl-C ends it; trainings go on.")
        if open_browser:
            webbrowser.open(link)

    serve(
        settings,
        insists=port is not None,
        certificate=None if certificate is None else Path(certificate),
        key=None if key is None else Path(key),
        on_start=started,
    )
