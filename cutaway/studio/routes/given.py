"""Dependencies of routes: the person behind a request, and their workspace."""

from typing import Annotated

from fastapi import Depends, Path, Request

from cutaway.errors import UsageError
from cutaway.jobs import JobManager
from cutaway.studio.references import DataRoots
from cutaway.studio.settings import Person, StudioSettings
from cutaway.studio.workspace import Workspace


def _person(request: Request) -> Person:
    return request.scope["person"]


def _settings(request: Request) -> StudioSettings:
    return request.app.state.settings


def _workspace(request: Request) -> Workspace:
    return request.app.state.workspaces[request.scope["person"].name]


def _manager(request: Request) -> JobManager:
    return request.app.state.manager


def _places(request: Request) -> DataRoots:
    own, settings = _workspace(request).folder, _settings(request)
    return DataRoots(own, settings.data, tuple({person.runs for person in settings.people if person.runs != own}))


def _others(request: Request) -> tuple[Person, ...]:
    """Everybody but the studio's owner, who alone may ask."""
    person = _person(request)
    if person.name:
        raise UsageError(f'"{person.name}" may not see the class', hint="ask the teacher")
    return _settings(request).people[1:]


GivenClass = Annotated[tuple[Person, ...], Depends(_others)]
"""Dependency of routes for the studio's owner: everybody else."""

GivenManager = Annotated[JobManager, Depends(_manager)]
GivenPerson = Annotated[Person, Depends(_person)]
GivenRoots = Annotated[DataRoots, Depends(_places)]
GivenSettings = Annotated[StudioSettings, Depends(_settings)]
GivenWorkspace = Annotated[Workspace, Depends(_workspace)]
RunId = Annotated[str, Path(max_length=255, description="Name of the run's folder.")]
