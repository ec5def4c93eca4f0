"""The command studio."""

import os
import sys
import threading
import webbrowser
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.errors import UsageError, os_errors
from cutaway.log import survive

from .output import has_display, say

if TYPE_CHECKING:
    from cutaway.studio import StudioSettings


def studio(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Folder of runs; made if it is not there.")] = "runs",
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            metavar="FOLDER",
            help="Folder to offer data from. Default: the current folder; none with --people or --students.",
        ),
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Default: 8765, or the next free one.")] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    new_links: Annotated[bool, typer.Option("--new-links", help="Make new links; the old ones stop working.")] = False,
    people: Annotated[str | None, typer.Option(metavar="FILE", help="Names, one per line: each gets a link.")] = None,
    students: Annotated[int | None, typer.Option(help="Create links for N students, without naming them.")] = None,
    own_folders: Annotated[
        bool,
        typer.Option(
            "--own-folders",
            help="Give each person their own runs folder, in DIR/people. Without it they can only view your runs.",
        ),
    ] = False,
    links: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write their links to a file, not to the screen.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    allow_remote: Annotated[bool, typer.Option("--allow-remote", help="Let other machines connect.")] = False,
    certificate: Annotated[str | None, typer.Option(metavar="FILE", help="Certificate for TLS, in PEM.")] = None,
    key: Annotated[str | None, typer.Option(metavar="FILE", help="Key of the certificate.")] = None,
    behind: Annotated[
        str, typer.Option(metavar="URL", help="Public https:// URL, if a reverse proxy is in front.")
    ] = "",
    parallel: Annotated[
        int | None, typer.Option(min=1, max=64, help="Simultaneous trainings. Default: one per 4 CPUs.")
    ] = None,
) -> None:
    """Open a folder of runs in a browser: train, look inside, correct labels, compare."""
    from cutaway.studio import StudioSettings, make_people, serve

    protected = bool(certificate) or behind.lower().startswith("https:")
    _check_reach(host, allow_remote=allow_remote, protected=protected, key_alone=bool(key and not certificate))
    names = _names(people, students, own_folders=own_folders, links=links)
    runs = _runs_folder(folder)
    places = _data_folders(data, links=links, alone=not names)
    settings = StudioSettings(
        people=make_people(runs, names, own_folders=own_folders, renew=new_links),
        data=places,
        host=host,
        port=8765 if port is None else port,
        behind=behind,
        parallel=parallel,
        tls=certificate is not None,
    )

    def started(settings: "StudioSettings") -> None:
        _say_links(settings, links=links)
        if open_browser and has_display():
            _open_browser(settings.link(settings.people[0]))

    serve(
        settings,
        insists=port is not None,
        certificate=None if certificate is None else Path(certificate),
        key=None if key is None else Path(key),
        on_start=started,
    )
    say("\nThe studio has ended. Trainings that it started continue: cutaway runs")


def _check_reach(host: str, *, allow_remote: bool, protected: bool, key_alone: bool) -> None:
    from cutaway.studio import LOOPBACK

    if key_alone:
        raise UsageError("--key needs --certificate, too", hint="name the certificate with --certificate FILE")
    if host not in LOOPBACK and not (allow_remote and protected):
        raise UsageError(
            f"with --host {host} other machines can reach the studio: anyone who can read the "
            "traffic could take the link and use it to train and delete",
            hint="leave --host out and use an SSH tunnel, or pass --allow-remote and --certificate or --behind https://...",
        )


def _names(people: str | None, students: int | None, *, own_folders: bool, links: str | None) -> list[str]:
    """The names of the people who get a link, without the one who starts the studio."""
    from cutaway.studio import read_names
    from cutaway.studio import students as student_names

    if people is not None and students is not None:
        raise UsageError("--people and --students cannot be used together", hint="leave one out")
    if people is None and students is None:
        for name, given in (("--own-folders", own_folders), ("--links", links is not None)):
            if given:
                raise UsageError(f"{name} needs --people or --students")
        return []
    return student_names(students) if students is not None else read_names(Path(people or ""))


def _runs_folder(folder: str) -> Path:
    runs = Path(folder).absolute()
    with os_errors(f"cannot use the folder {folder}", hint="name another folder", kind=UsageError):
        runs.mkdir(parents=True, exist_ok=True)
        os.listdir(runs)
    return runs


def _data_folders(folders: list[str] | None, *, links: str | None, alone: bool) -> tuple[Path, ...]:
    """Below which data may be chosen: the current one where nobody else comes in, who could read all of its tables."""
    for folder in folders or ():
        if not Path(folder).is_dir():
            raise UsageError(f'no such folder: --data "{folder}"')
        if links is not None and Path(links).resolve().is_relative_to(Path(folder).resolve()):
            raise UsageError(
                f'--links "{links}" is below --data "{folder}", where students could read it and use any name',
                hint="name a file in another folder",
            )
    return tuple(Path(folder).absolute() for folder in folders or (["."] if alone else []))


def _say_links(settings: "StudioSettings", *, links: str | None) -> None:
    """Print or write the links, which let people in."""
    from cutaway.studio import LOG

    first, *others = settings.people
    rows = [{"Name": person.name, "Link": settings.link(person)} for person in others]
    if links is not None:
        _write_links(Path(links), rows)
    say(f"cutaway studio of {first.runs}\n\n  {settings.link(first)}\n")
    if links is not None:
        say(f"Links of {len(rows)} people: {links}\n")
    elif rows:  # no table: its cells would be broken on a narrow screen, and links could not be copied
        width = max(len(row["Name"]) for row in rows)
        say("\n".join(f"  {row['Name']:<{width}}  {row['Link']}" for row in rows) + "\n")
    say("Anyone with a link can come in. Ctrl-C ends the studio; trainings continue.")
    say(f"Log: {first.runs / LOG}")
    sys.stdout.flush()


def _write_links(file: Path, rows: list[dict[str, str]]) -> None:
    """Write links into a file that only its owner can read."""
    from cutaway.data import csv_line
    from cutaway.runs import write_output

    text = "".join(csv_line(row) for row in (("Name", "Link"), *(tuple(row.values()) for row in rows)))
    write_output(file, text.encode(), mode=0o600)


def _open_browser(link: str) -> None:
    """Open a link through a file that only this user can read: the arguments of a program can be read by everybody."""
    from cutaway.cache import private_folder
    from cutaway.runs import write_atomic

    with survive(__name__, "opening the studio in a browser", OSError):  # the link is printed
        file = private_folder("studio") / "open.html"
        page = f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={escape(link)}">'
        write_atomic(file, page.encode(), mode=0o600)
        threading.Thread(target=webbrowser.open, args=(file.as_uri(),), daemon=True).start()
