"""The studio: a local web server for a folder of runs, and the page on which a person works with them.

In comes a `StudioSettings`; `serve` listens until it is ended, and `create_app` makes the application alone. The server
itself computes nothing: trainings are processes of their own, which need nobody, and what a page wants to see and is
not there yet is computed by a worker process. May call `cutaway.api` and every room below it; only this room knows
FastAPI and uvicorn.
"""

from .app import create_app
from .server import serve
from .settings import LOOPBACK, Person, StudioSettings

__all__ = ["LOOPBACK", "Person", "StudioSettings", "create_app", "serve"]
