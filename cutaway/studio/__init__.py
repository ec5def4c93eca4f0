"""The studio: a local web server for a folder of runs, and the page on which a person works with them.

In comes a `StudioSettings`; `serve` listens until it is ended. The server itself computes nothing: trainings are
processes of their own, which need nobody, and what a page wants to see and is not there yet is computed by a worker
process. May call `cutaway.api` and every room below it; only this room knows FastAPI and uvicorn, which are loaded with
the first name that needs them: the processes of trainings do without.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

if TYPE_CHECKING:
    from .log_file import LOG
    from .people import make_people, read_names, students
    from .server import serve
    from .settings import LOOPBACK, Person, StudioSettings

_MODULES = {
    "LOG": "cutaway.studio.log_file",
    "LOOPBACK": "cutaway.studio.settings",
    "Person": "cutaway.studio.settings",
    "StudioSettings": "cutaway.studio.settings",
    "make_people": "cutaway.studio.people",
    "read_names": "cutaway.studio.people",
    "serve": "cutaway.studio.server",
    "students": "cutaway.studio.people",
}

__all__ = ["LOG", "LOOPBACK", "Person", "StudioSettings", "make_people", "read_names", "serve", "students"]

__getattr__ = lazy_getattr(__name__, _MODULES)
