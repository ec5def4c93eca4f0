"""The studio: a local web server for a folder of runs, and the page on which a person works with them.

In comes a `StudioSettings`; `serve` listens until it is ended. The server itself computes nothing: trainings are
processes of their own, which need nobody, and what a page wants to see and is not there yet is computed by a worker
process. May call `cutaway.api` and every room below it; only this room knows FastAPI and uvicorn.
"""

from .people import make_people, read_names, students
from .server import serve
from .settings import LOOPBACK, Person, StudioSettings

__all__ = ["LOOPBACK", "Person", "StudioSettings", "make_people", "read_names", "serve", "students"]
