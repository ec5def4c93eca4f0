"""The application: its routes, behind the gate."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from cutaway.checks import wrong_part
from cutaway.errors import CutawayError, UnknownNameError, UsageError, printable
from cutaway.jobs import JobManager

from .gate import Gate
from .routes import ROUTERS, unknown_page
from .settings import StudioSettings
from .workspace import Workspace


def create_app(settings: StudioSettings) -> Gate:
    """Make the application of a studio, an ASGI application whose ``app`` is the FastAPI one behind the gate.

    Args:
        settings: Its address and its people.
    """
    manager = JobManager(parallel=settings.parallel)
    workspaces = _workspaces(settings, manager)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        for workspace in set(workspaces.values()):
            workspace.start()
        manager.start()
        yield
        manager.close()
        for workspace in set(workspaces.values()):
            workspace.close()

    app = FastAPI(
        title="cutaway studio",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.workspaces = workspaces
    app.state.manager = manager
    for router in ROUTERS:
        app.include_router(router)
    for kind, handler in _HANDLERS:
        app.add_exception_handler(kind, handler)
    return Gate(app, settings)


def _workspaces(settings: StudioSettings, manager: JobManager) -> dict[str, Workspace]:
    """The workspace of each person; people who see the same folder share one."""
    folders: dict[Path, Workspace] = {}
    for person in settings.people:
        if person.runs not in folders:
            folders[person.runs] = Workspace(person.runs, manager)
    return {person.name: folders[person.runs] for person in settings.people}


def _own_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, CutawayError)
    status = 404 if isinstance(error, UnknownNameError) else 400 if isinstance(error, UsageError) else 409
    parts = {"rule": printable(error.rule), "got": printable(error.got), "next": printable(error.hint)}
    return JSONResponse({"error": printable(str(error)), **parts}, status)


def _wrong_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    said = UsageError(f"wrong request: {wrong_part(error.errors()[0], skip=1)}", hint="load the page again")
    return JSONResponse({"error": str(said)}, 422)


def _not_answered(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return unknown_page(request)
    return PlainTextResponse(f"{error.detail}\n", error.status_code, error.headers)


def _unexpected(_: Request, error: Exception) -> Response:
    return PlainTextResponse(printable(f"unexpected {type(error).__name__}: {error}") + "\n", 500)


_HANDLERS: tuple[tuple[type[Exception], Callable[[Request, Exception], Response]], ...] = (
    (CutawayError, _own_error),
    (RequestValidationError, _wrong_request),
    (HTTPException, _not_answered),
    (Exception, _unexpected),
)
