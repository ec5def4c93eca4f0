"""The studio: a local web server for a folder of runs, and its page.

In comes a `StudioSettings`; `serve` listens until it is ended. The server itself computes nothing: what takes long is a
job, which `cutaway.jobs` runs in another process. May call `cutaway.jobs` and every package below it; only this package
knows FastAPI and uvicorn, which are loaded with the first name that needs them.
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

__getattr__ = lazy_getattr(__name__, _MODULES)
