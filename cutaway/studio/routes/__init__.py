"""The routes of the studio, one file for each thing that a person works with."""

from . import data, events, labels, live, pages, runs, trainings, work

ROUTERS = (
    *(events.router, runs.router, live.router, trainings.router, data.router),
    *(work.router, labels.router, pages.router),
)
"""All routes; those of the pages come last."""
