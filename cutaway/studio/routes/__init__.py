"""The routes of the studio, one file for each thing that a person works with."""

from . import computing, data, events, labels, live, pages, runs, trainings

ROUTERS = (
    *(events.router, runs.router, live.router, trainings.router, data.router),
    *(computing.router, labels.router, pages.router),
)
"""All routes; those of the pages come last."""
